use restricted_sender_limits::Hour;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::sending::course::Step;

const MIDNIGHT: OffsetDateTime = datetime!(2026-11-28 00:00 UTC);

fn at(minutes: i64) -> Second {
    (MIDNIGHT + Duration::minutes(minutes)).into()
}

fn line(limit: Limit, most: u32, steps: &[(i64, u64)]) -> Line {
    let steps = steps.iter().map(|(minutes, count)| Step { at: at(*minutes), count: *count }).collect();
    Line { limit, most: Some(most), hour: Hour::Rolling, tripped: None, steps }
}

fn mark(event: Event, minutes: i64) -> Mark {
    Mark { event, at: at(minutes), detail: None }
}

fn panel(lines: Vec<Line>, marks: Vec<Mark>) -> Panel {
    Panel { heading: "ceo@contoso.com".into(), about: "About.".into(), lines, marks, blocked: Vec::new() }
}

/// A day, from midnight to midnight.
fn plot(panels: Vec<Panel>) -> Plot {
    Plot { about: "contoso.com".into(), from: at(0), at: at(1440), panels, notes: vec!["A note.".into()] }
}

/// A day on which 5,000 recipients at noon and 6,000 an hour later tripped the limit, with what came of it.
fn story() -> Plot {
    let line = line(Limit::RecipientRate, 10_000, &[(720, 5000), (780, 11_000)]);
    let line = Line { tripped: Some(at(780)), ..line };
    let mut marks = vec![
        mark(Event::Released, 795),
        mark(Event::Tripped(Limit::RecipientRate), 780),
        mark(Event::Blocked, 781),
        mark(Event::CanSendAgain, 1440),
    ];
    marks.push(Mark { detail: Some("by adele@contoso.com".into()), ..mark(Event::Unblocked, 785) });
    let blocked = vec![(at(781), at(795))];
    plot(vec![Panel { blocked, ..panel(vec![line], marks) }])
}

/// The elements in the order of their ends, each as its tag and the text right after that; checks that they are nested.
fn elements(svg: &str) -> Vec<(String, String)> {
    let (mut open, mut elements) = (Vec::new(), Vec::new());
    for part in svg.split('<').skip(1) {
        let (tag, text) = part.split_once('>').expect("every tag ends");
        assert!(!text.contains('>') || open.last() == Some(&"style"), "a bare > in {text}");
        for entity in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;", "quot;", "#39;"].iter().any(|known| entity.starts_with(known)), "&{entity}");
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if !tag.ends_with('/') {
            open.push(tag.split_whitespace().next().unwrap());
        }
        elements.push((tag.to_owned(), text.to_owned()));
    }
    assert!(open.is_empty(), "{open:?} do not end");
    elements
}

fn number(tag: &str, name: &str) -> f64 {
    let (_, rest) = tag.split_once(&format!(" {name}=\"")).unwrap_or_else(|| panic!("no {name} in {tag}"));
    rest.split('"').next().unwrap().parse().unwrap()
}

fn of_class<'a>(elements: &'a [(String, String)], class: &str) -> Vec<&'a (String, String)> {
    elements.iter().filter(|(tag, _)| tag.contains(&format!("class=\"{class}\""))).collect()
}

#[test]
fn a_count_stands_at_its_time_and_height() {
    let svg = story().svg();
    let elements = elements(&svg);
    let chart = of_class(&elements, "chart")[0];
    let (top, height) = (number(&chart.0, "y"), number(&chart.0, "height"));
    // The scale reaches a tenth beyond the peak of 11,000.
    let y = |count: f64| top + height * (1.0 - count / 12_100.0);
    let course = &of_class(&elements, "line")[0].0;
    // Noon is the middle of 960 units right of 80; an hour is 40.
    let expected = format!("M80.0 {:.1}H560.0V{:.1}H600.0V{:.1}H1040.0", y(0.0), y(5000.0), y(11_000.0));
    assert!(course.contains(&expected), "{course} is not {expected}");
    let limit = &of_class(&elements, "limit")[0].0;
    assert!(limit.contains(&format!("M80.0 {:.1}H1040.0", y(10_000.0))), "{limit}");
    let blocked = &of_class(&elements, "blocked")[0].0;
    assert_eq!((number(blocked, "x"), number(blocked, "width")), (600.7, 9.3));
    // The message that tripped the limit stands on the line, besides the head of its own line.
    let heads = of_class(&elements, "shape");
    assert!(heads.iter().any(|(tag, _)| tag.contains(&format!("M593.0 {:.1}L600.0", y(11_000.0)))), "{heads:?}");
}

#[test]
fn every_mark_says_what_and_when() {
    let svg = story().svg();
    let elements = elements(&svg);
    let titles: Vec<_> = elements.iter().filter(|(tag, _)| tag == "title").map(|(_, text)| text.as_str()).collect();
    let marks: Vec<_> = titles.iter().filter(|title| title.contains(": ")).copied().collect();
    assert_eq!(
        marks,
        [
            "Limit tripped: 2026-11-28 13:00 UTC",
            "Blocked: 2026-11-28 13:01 UTC",
            "Unblocked: 2026-11-28 13:05 UTC, by adele@contoso.com",
            "Released: 2026-11-28 13:15 UTC",
            "Can send again: 2026-11-29 00:00 UTC",
            "First to trip this limit: 28 Nov 13:00",
        ]
    );
    let description = &elements.iter().find(|(tag, _)| tag.starts_with("desc")).unwrap().1;
    for words in [
        "Unblocked: 2026-11-28 13:05 UTC, by adele",
        "11,000 at most, 28 Nov 13:00; limit 10,000, tripped 28 Nov 13:00",
        "A note.",
    ] {
        assert!(description.contains(words), "{description}");
    }
    assert!(elements.iter().any(|(_, text)| text == "28 Nov 13:15"));
    assert!(elements[0].0.contains("role=\"img\""));
}

#[test]
fn labels_do_not_touch_each_other_or_leave_the_page() {
    let svg = story().svg();
    let elements = elements(&svg);
    let strong: Vec<_> = elements.iter().filter(|(tag, _)| tag.starts_with("text class=\"strong\" x")).collect();
    assert_eq!(strong.len(), 5, "{strong:?}");
    let boxes: Vec<_> = strong
        .iter()
        .map(|(tag, text)| {
            let (x, y) = (number(tag, "x"), number(tag, "y"));
            let wide = text::width(text, 12.0).max(text::width("28 Nov 13:15", 12.0));
            (x, x + wide, y - 12.0, y + 18.0)
        })
        .collect();
    for (number, one) in boxes.iter().enumerate() {
        assert!(one.1 <= chart::PAGE, "{one:?} leaves the page");
        for other in &boxes[number + 1..] {
            let apart = one.1 <= other.0 || other.1 <= one.0 || one.3 <= other.2 || other.3 <= one.2;
            assert!(apart, "{one:?} touches {other:?}");
        }
    }
}

#[test]
fn marks_beyond_what_was_measured_widen_the_time_and_nothing_is_told_of_it() {
    let mut plot = story();
    plot.at = at(780);
    let svg = plot.svg();
    let elements = elements(&svg);
    assert!(of_class(&elements, "line")[0].0.ends_with("H600.0\"/"), "the line ends with what is known");
    let later = &of_class(&elements, "later")[0].0;
    assert_eq!((number(later, "x"), number(later, "width")), (600.0, 440.0));
    let notes: Vec<_> = of_class(&elements, "quiet").into_iter().map(|(_, text)| text.as_str()).collect();
    assert!(notes.contains(&"Grey: after 2026-11-28 13:00 UTC, until when it was measured."), "{notes:?}");
    assert!(notes.contains(&"Hatched: in the list of restricted entities."), "{notes:?}");
}

#[test]
fn a_limit_far_beyond_what_was_sent_is_named_and_not_drawn() {
    let svg = plot(vec![panel(vec![line(Limit::RecipientRate, 10_000, &[(720, 12)])], Vec::new())]).svg();
    let elements = elements(&svg);
    assert!(of_class(&elements, "limit").is_empty());
    assert_eq!(of_class(&elements, "end strong")[0].1, "\u{2191} Limit 10,000");
}

#[test]
fn a_time_in_which_nothing_was_sent_is_a_picture_that_says_so() {
    let svg = plot(Vec::new()).svg();
    let elements = elements(&svg);
    assert!(elements.iter().any(|(_, text)| text == "Nothing was sent in this time."));
    assert!(of_class(&elements, "chart").is_empty());
    // A limit per hour may stand at nothing, while others do not.
    let svg = plot(vec![panel(vec![line(Limit::ExternalPerHour, 500, &[])], Vec::new())]).svg();
    assert!(svg.contains("External recipients in 60 minutes: none; limit 500"));
}

#[test]
fn whatever_an_address_holds_is_shown_and_nothing_runs() {
    let hostile = "\"</text><script>alert(1)</script>\0\u{202E}&'@contoso.com";
    let mut plot = story();
    plot.panels[0].heading = hostile.into();
    plot.panels[0].marks[4].detail = Some(format!("by {hostile}"));
    plot.about = hostile.into();
    plot.notes = vec![hostile.into(), "x".repeat(2000)];
    let svg = plot.svg();
    let elements = elements(&svg);
    assert!(elements.iter().all(|(tag, _)| !tag.starts_with("script")));
    assert!(svg.contains("&lt;script&gt;") && !svg.contains('\0') && !svg.contains('\u{202E}'));
}

#[test]
fn many_marks_in_a_moment_are_drawn_and_what_has_no_label_is_counted() {
    let marks = (0..20).map(|number| mark(Event::Blocked, 700 + number)).collect();
    let svg = plot(vec![panel(vec![line(Limit::RecipientRate, 10_000, &[(720, 1)])], marks)]).svg();
    let elements = elements(&svg);
    assert_eq!(of_class(&elements, "mark began").len(), 20);
    assert!(elements.iter().any(|(_, text)| text == "14 marks have no label: too close to others."));
}

#[test]
fn nothing_in_it_asks_for_anything_else() {
    let svg = story().svg();
    let without_namespace = svg.replacen("http://www.w3.org/2000/svg", "", 1);
    for foreign in ["http", "href", "@import", "url(h", "<script", "<image", "<foreignObject"] {
        assert!(!without_namespace.contains(foreign), "{foreign}");
    }
    for rule in ["@media screen and (prefers-color-scheme: dark)", "@media print"] {
        assert!(svg.contains(rule));
    }
}
