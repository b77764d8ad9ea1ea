//! Draws panel after panel from the top of the page down.

use std::fmt::Write;

use restricted_sender_limits::Second;

use super::axis::{CountAxis, TimeAxis};
use super::lanes::{lanes, Label, LANES};
use super::text::{cut, escaped, grouped, moment, plural, width, wrapped};
use super::{window, Event, Mark, Panel};
use crate::sending::course::Line;

/// How wide the page is, in its own units: pixels, where it is not scaled.
pub const PAGE: f64 = 1200.0;
/// Where charts begin.
pub const LEFT: f64 = 80.0;
/// How wide charts are: labels stand right of them, as marks at their end have theirs.
pub const WIDTH: f64 = PAGE - LEFT - 160.0;

const RIGHT: f64 = LEFT + WIDTH;
const MARGIN: f64 = 24.0;

/// The first chart is the one that matters most.
const FIRST_CHART: f64 = 180.0;
const OTHER_CHART: f64 = 96.0;

/// The height of a lane of labels, of two lines each.
const LANE: f64 = 32.0;
const MARK_TEXT: f64 = 12.0;
/// From a mark to its text.
const BESIDE: f64 = 10.0;

/// How many characters fit into a line of the page.
const LINE: usize = 150;

/// The caption of a chart.
pub fn caption(line: &Line) -> String {
    let peak = match line.peak() {
        Some(peak) => format!("{} at most, {}", grouped(peak.count), moment(peak.at)),
        None => "none".to_owned(),
    };
    let limit = match line.most {
        Some(most) => format!("limit {}", grouped(u64::from(most))),
        None => "limit not known".to_owned(),
    };
    let tripped = line.tripped.map(|at| format!(", tripped {}", moment(at))).unwrap_or_default();
    format!("{}: {peak}; {limit}{tripped}", window(line))
}

/// What is drawn so far.
pub struct Canvas {
    svg: String,
    /// How far down it reaches.
    y: f64,
    time: TimeAxis,
    at: Second,
}

/// Where a chart stands.
#[derive(Clone, Copy)]
struct Place {
    caption: f64,

    counts: CountAxis,
}

macro_rules! draw {
    ($canvas:ident, $($what:tt)+) => {{
        // Writing to a string does not fail.
        let _ = writeln!($canvas.svg, $($what)+);
    }};
}

impl Canvas {
    pub fn new(time: TimeAxis, at: Second) -> Self {
        let mut canvas = Self { svg: String::new(), y: MARGIN, time, at };
        draw!(canvas, "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>");
        canvas
    }

    /// The page and its height.
    pub fn finish(self) -> (String, f64) {
        (self.svg, self.y + MARGIN)
    }

    fn text(&mut self, class: &str, x: f64, text: &str) {
        draw!(self, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>", self.y, escaped(text));
    }

    pub fn heading(&mut self, title: &str, below: &str) {
        self.y += 18.0;
        self.text("title", MARGIN, title);
        self.y += 24.0;
        self.text("quiet", MARGIN, below);
        self.y += 8.0;
    }

    /// A sentence instead of a panel.
    pub fn remark(&mut self, sentence: &str) {
        self.y += 40.0;
        self.text("name", MARGIN, sentence);
        self.y += 16.0;
    }

    pub fn notes(&mut self, notes: &[String]) {
        self.y += 12.0;
        for line in notes.iter().flat_map(|note| wrapped(note, LINE)) {
            self.y += 19.0;
            self.text("quiet", MARGIN, &line);
        }
    }

    pub fn panel(&mut self, panel: &Panel) {
        draw!(self, "<g class=\"panel\">");
        self.y += 38.0;
        draw!(
            self,
            "<text class=\"name\" x=\"{MARGIN:.1}\" y=\"{:.1}\"><title>{}</title>{}</text>",
            self.y,
            escaped(&cut(&panel.heading, 1000)),
            escaped(&cut(&panel.heading, 90))
        );
        for line in wrapped(&panel.about, LINE) {
            self.y += 20.0;
            self.text("quiet", MARGIN, &cut(&line, LINE));
        }
        self.y += 14.0;
        let marks = panel.in_order();
        let labels: Vec<_> = marks.iter().map(|mark| self.label(mark)).collect();
        let lanes = lanes(&labels);
        let (strip, deepest) = (self.y, lanes.iter().flatten().max().map_or(0, |lane| lane + 1));
        let crowded = lanes.iter().filter(|lane| lane.is_none()).count();
        #[allow(clippy::cast_precision_loss, reason = "there are few lanes")]
        let lane_top = |lane: Option<usize>| strip + LANE * lane.unwrap_or(LANES - 1) as f64;
        self.y = lane_top(Some(deepest));
        let mut places = Vec::new();
        for (number, line) in panel.lines.iter().enumerate() {
            let height = if number == 0 { FIRST_CHART } else { OTHER_CHART };
            places.push(self.chart(line, &panel.blocked, height));
        }
        self.time_labels();
        for ((mark, label), lane) in marks.iter().zip(&labels).zip(&lanes) {
            self.mark(mark, label, lane_top(*lane), lane.is_some());
        }
        for (line, place) in panel.lines.iter().zip(&places) {
            self.tripping_message(line, place);
        }
        // Last, so that lines of marks go behind.
        for (line, place) in panel.lines.iter().zip(&places) {
            draw!(
                self,
                "<text class=\"caption\" x=\"{LEFT:.1}\" y=\"{:.1}\">{}</text>",
                place.caption,
                escaped(&caption(line))
            );
        }
        if crowded > 0 {
            self.y += 20.0;
            let marks = plural(crowded as u64, "mark has", "marks have");
            self.text("quiet", LEFT, &format!("{marks} no label: too close to others."));
        }
        draw!(self, "</g>");
    }

    fn label(&self, mark: &Mark) -> Label {
        let x = self.time.x(mark.at);
        let widest = width(mark.event.name(), MARK_TEXT).max(width(&moment(mark.at), MARK_TEXT));
        Label { x, end: x + BESIDE + widest }
    }

    fn chart(&mut self, line: &Line, blocked: &[(Second, Second)], height: f64) -> Place {
        self.y += 22.0;
        let (caption, top, bottom) = (self.y, self.y + 8.0, self.y + 8.0 + height);
        let peak = line.peak().map_or(0, |peak| peak.count);
        let counts = CountAxis::new(peak, line.most, bottom, height);
        draw!(
            self,
            "<rect class=\"chart\" x=\"{LEFT:.1}\" y=\"{top:.1}\" width=\"{WIDTH:.1}\" height=\"{height:.1}\"/>"
        );
        for tick in self.time.ticks() {
            draw!(self, "<path class=\"grid\" d=\"M{:.1} {top:.1}V{bottom:.1}\"/>", self.time.x(tick.at));
        }
        for count in counts.ticks() {
            let y = counts.y(count);
            draw!(self, "<path class=\"grid\" d=\"M{LEFT:.1} {y:.1}H{RIGHT:.1}\"/>");
            draw!(
                self,
                "<text class=\"quiet\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                LEFT - 8.0,
                y + 4.5,
                grouped(count)
            );
        }
        let known = self.time.x(self.at);
        if self.at < self.time.until() {
            self.band("later", known, RIGHT, top, height);
        }
        for (from, until) in blocked {
            let (left, right) = (self.time.x(*from), self.time.x(*until));
            self.band("blocked", left, right, top, height);
            draw!(
                self,
                "<rect fill=\"url(#rs-hatch)\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
                (right - left).max(0.0)
            );
        }
        let course = self.course(line, &counts, known);
        draw!(self, "<path class=\"area\" d=\"{course}V{bottom:.1}H{LEFT:.1}Z\"/>");
        draw!(self, "<path class=\"line\" d=\"{course}\"/>");
        draw!(self, "<path class=\"base\" d=\"M{LEFT:.1} {bottom:.1}H{RIGHT:.1}\"/>");
        if let Some(most) = line.most.map(u64::from) {
            let reached = counts.reaches(most);
            let y = counts.y(most);
            let label = if reached {
                draw!(self, "<path class=\"limit\" d=\"M{LEFT:.1} {y:.1}H{RIGHT:.1}\"/>");
                format!("Limit {}", grouped(most))
            } else {
                format!("\u{2191} Limit {}", grouped(most))
            };
            draw!(
                self,
                "<text class=\"end strong\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                RIGHT + 8.0,
                y + 4.5,
                escaped(&label)
            );
        }
        self.y = bottom;
        Place { caption, counts }
    }

    fn band(&mut self, class: &str, left: f64, right: f64, top: f64, height: f64) {
        let width = (right - left).max(0.0);
        draw!(
            self,
            "<rect class=\"{class}\" x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
        );
    }

    /// The line as a path, from the beginning of the chart to the moment until which it is known.
    fn course(&self, line: &Line, counts: &CountAxis, known: f64) -> String {
        let mut path = format!("M{LEFT:.1} {:.1}", counts.y(0));
        for step in &line.steps {
            let _ = write!(path, "H{:.1}V{:.1}", self.time.x(step.at), counts.y(step.count));
        }
        let _ = write!(path, "H{known:.1}");
        path
    }

    fn time_labels(&mut self) {
        self.y += 18.0;
        let mut last_day = f64::NEG_INFINITY;
        for tick in self.time.ticks() {
            let x = self.time.x(tick.at);
            let mut below = self.y;
            if let Some(hour) = &tick.hour {
                draw!(self, "<text class=\"quiet\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{below:.1}\">{hour}</text>");
                below += 17.0;
            }
            if let Some(day) = tick.day.filter(|_| x - last_day > 50.0) {
                draw!(
                    self,
                    "<text class=\"strong\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{below:.1}\">{}</text>",
                    escaped(&day)
                );
                last_day = x;
            }
        }
        draw!(
            self,
            "<text class=\"quiet\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">UTC</text>",
            LEFT - 36.0,
            self.y
        );
        self.y += 20.0;
    }

    fn mark(&mut self, mark: &Mark, label: &Label, top: f64, has_text: bool) {
        // The line ends with the last chart: 38 is what the labels of the axis take.
        let (x, bottom) = (label.x, self.y - 38.0);
        let (class, shape) = match mark.event {
            Event::Tripped(_) => ("tripped", diamond(x, top + 9.0)),
            Event::Blocked => ("began", square(x, top + 9.0)),
            Event::Unblocked => ("unblocked", triangle(x, top + 9.0)),
            Event::Released => ("released", circle(x, top + 9.0)),
            Event::CanSendAgain => ("again", circle(x, top + 9.0)),
        };
        draw!(self, "<g class=\"mark {class}\"><title>{}</title>", escaped(&mark.words()));
        draw!(self, "<path d=\"M{x:.1} {:.1}V{bottom:.1}\"/>", top + 9.0);
        draw!(self, "<path class=\"shape\" d=\"{shape}\"/>");
        if has_text {
            let beside = x + BESIDE;
            draw!(
                self,
                "<text class=\"strong\" x=\"{beside:.1}\" y=\"{:.1}\">{}</text>",
                top + 13.0,
                mark.event.name()
            );
            draw!(self, "<text x=\"{beside:.1}\" y=\"{:.1}\">{}</text>", top + 27.0, moment(mark.at));
        }
        draw!(self, "</g>");
    }

    /// The message that tripped the limit first, on the line.
    fn tripping_message(&mut self, line: &Line, place: &Place) {
        let (Some(at), Some(most)) = (line.tripped, line.most) else { return };
        // What the line was reduced to may have another count there.
        let y = place.counts.y(line.count_at(at).max(u64::from(most)));
        let (shape, when) = (diamond(self.time.x(at), y), moment(at));
        draw!(
            self,
            "<g class=\"mark tripped\"><title>First to trip this limit: {when}</title><path class=\"shape\" \
             d=\"{shape}\"/></g>"
        );
    }
}

fn diamond(x: f64, y: f64) -> String {
    format!("M{:.1} {y:.1}L{x:.1} {:.1}L{:.1} {y:.1}L{x:.1} {:.1}Z", x - 7.0, y - 7.0, x + 7.0, y + 7.0)
}

fn square(x: f64, y: f64) -> String {
    format!("M{:.1} {:.1}h11v11h-11Z", x - 5.5, y - 5.5)
}

fn triangle(x: f64, y: f64) -> String {
    format!("M{x:.1} {:.1}l6.5 12h-13Z", y - 6.5)
}

fn circle(x: f64, y: f64) -> String {
    format!("M{:.1} {y:.1}a6 6 0 1 0 12 0a6 6 0 1 0 -12 0Z", x - 6.0)
}
