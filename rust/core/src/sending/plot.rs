//! The picture of what was sent against the limits, as SVG: a panel for each sender, and in it a chart for each window
//! that a limit counts. Pure: figures in, text out.
//!
//! It is read by whoever has it before them, in light and dark, on paper, without colours and aloud: every mark has a
//! shape, a pattern and words of its own, and the description tells all of it.

mod axis;
mod chart;
mod file;
mod lanes;
mod style;
mod text;

use std::fmt::Write;

use restricted_sender_limits::{Limit, Second};

use super::course::Line;
use axis::TimeAxis;
use chart::Canvas;

pub use file::PlotFile;
pub use text::{dated, plural};

/// A picture.
#[derive(Debug)]
pub struct Plot {
    /// Whose it is, for the line below the heading.
    pub about: String,
    /// What it begins with.
    pub from: Second,
    /// Until when what was sent is known.
    pub at: Second,
    /// One below the other.
    pub panels: Vec<Panel>,
    /// What must be known to read it right: sentences.
    pub notes: Vec<String>,
}

/// What is shown of one sender, or of the organization.
#[derive(Debug)]
pub struct Panel {
    /// Whom it is about.
    pub heading: String,
    /// What is to be said of them.
    pub about: String,
    /// A chart for each.
    pub lines: Vec<Line>,
    /// What happened, in any order.
    pub marks: Vec<Mark>,
    /// When the sender was in the list of restricted entities.
    pub blocked: Vec<(Second, Second)>,
}

/// Something that happened at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// What.
    pub event: Event,
    /// When.
    pub at: Second,
    /// What else is known of it.
    pub detail: Option<String>,
}

/// What can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A message tripped a limit.
    Tripped(Limit),
    /// The service restricted the sender.
    Blocked,
    /// An admin asked for the unblock.
    Unblocked,
    /// The sender left the list.
    Released,
    /// By what was counted, mail goes out again.
    CanSendAgain,
}

impl Event {
    /// What it says beside the mark.
    fn name(self) -> &'static str {
        match self {
            Self::Tripped(_) => "Limit tripped",
            Self::Blocked => "Blocked",
            Self::Unblocked => "Unblocked",
            Self::Released => "Released",
            Self::CanSendAgain => "Can send again",
        }
    }
}

/// What the window of a line is called.
fn window(line: &Line) -> &'static str {
    use restricted_sender_limits::Hour::{Clock, Rolling};
    match (line.limit, line.hour) {
        (Limit::RecipientsPerDay, _) => "Recipients on the day, from midnight UTC",
        (Limit::ExternalPerHour, Rolling) => "External recipients in 60 minutes",
        (Limit::ExternalPerHour, Clock) => "External recipients in the hour, from the full hour",
        (Limit::InternalPerHour, Rolling) => "Internal recipients in 60 minutes",
        (Limit::InternalPerHour, Clock) => "Internal recipients in the hour, from the full hour",
        (Limit::TenantExternal, _) => "External recipients in 24 hours, groups expanded",
        (Limit::InitialDomain, _) => "External recipients of mail from the onmicrosoft.com domain in 24 hours",
        _ => "Recipients in 24 hours",
    }
}

const TITLE: &str = "What was sent, against the limits";

impl Plot {
    /// The picture as a file has it. Its size does not depend on how much was sent.
    #[must_use]
    pub fn svg(&self) -> String {
        let ends = self.panels.iter().flat_map(|panel| {
            let marks = panel.marks.iter().map(|mark| mark.at);
            marks.chain(panel.blocked.iter().map(|(_, until)| *until))
        });
        let until = ends.fold(self.at, Second::max);
        let axis = TimeAxis::new(self.from, until, chart::LEFT, chart::WIDTH);
        let mut canvas = Canvas::new(axis, self.at);
        canvas.heading(TITLE, &self.span(until));
        if self.panels.is_empty() {
            canvas.remark("Nothing was sent in this time.");
        }
        for panel in &self.panels {
            canvas.panel(panel);
        }
        canvas.notes(&self.all_notes(until));
        let (body, height) = canvas.finish();
        let mut svg = String::with_capacity(body.len() + 4096);
        let described = text::escaped(&self.description(until));
        // Writing to a string does not fail.
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"rs-plot\" role=\"img\" \
             aria-labelledby=\"rs-title rs-description\" viewBox=\"0 0 {width} {height:.0}\" width=\"{width}\" \
             height=\"{height:.0}\">\n<title id=\"rs-title\">{TITLE}</title>\n<desc id=\"rs-description\">{described}\
             </desc>\n{style}\n{body}</svg>\n",
            width = chart::PAGE,
            style = style::STYLE,
        );
        svg
    }

    /// What must be known to read it right, also of what the picture itself adds.
    fn all_notes(&self, until: Second) -> Vec<String> {
        let mut notes = Vec::new();
        if self.panels.iter().any(|panel| !panel.blocked.is_empty()) {
            notes.push("Hatched: in the list of restricted entities.".to_owned());
        }
        if self.at < until && !self.panels.is_empty() {
            notes.push(format!("Grey: after {}, until when it was measured.", text::dated(self.at)));
        }
        notes.extend(self.notes.iter().cloned());
        notes
    }

    fn span(&self, until: Second) -> String {
        let about = text::cut(&self.about, 80);
        // Of a trace without any usable line no time is known.
        if self.at == Second::default() {
            return about;
        }
        format!("{about}: {} to {}", text::dated(self.from), text::dated(until))
    }

    /// All of it in words.
    fn description(&self, until: Second) -> String {
        let mut words = format!("{}.", self.span(until));
        let mut say = |sentence: &str| {
            words.push(' ');
            words.push_str(sentence);
        };
        if self.panels.is_empty() {
            say("Nothing was sent in this time.");
        }
        for panel in &self.panels {
            say(&format!("{}: {}", panel.heading, panel.about));
            for line in &panel.lines {
                say(&format!("{}.", chart::caption(line)));
            }
            for mark in panel.in_order() {
                say(&format!("{}.", mark.words()));
            }
        }
        self.all_notes(until).iter().for_each(|note| say(note));
        words
    }
}

impl Panel {
    /// The marks as they happened.
    fn in_order(&self) -> Vec<&Mark> {
        let mut marks: Vec<_> = self.marks.iter().collect();
        marks.sort_by_key(|mark| mark.at);
        marks
    }
}

impl Mark {
    /// All that is known of it.
    fn words(&self) -> String {
        let detail = self.detail.as_ref().map(|detail| format!(", {detail}")).unwrap_or_default();
        format!("{}: {}{detail}", self.event.name(), text::dated(self.at))
    }
}

#[cfg(test)]
mod tests;
