//! Which messages are judged spam, and how many of them a sender gets away with. The service's own judgement and
//! thresholds are not published, so these are made up (?): spam is what the story's intruders write, and whatever has
//! the agreed test text in it; how much of it is too much comes from the seed.

use std::collections::VecDeque;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use time::OffsetDateTime;

/// The text that mail filters agree to take for spam (Generic Test for Unsolicited Bulk Email).
const TEST_TEXT: &str = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";

/// What the story's intruders write about.
const SUBJECTS: [&str; 3] =
    ["Your invoice is overdue", "A document was shared with you", "Your parcel could not be delivered"];

/// Makes the thresholds their own numbers, so that the rest stays as it was told.
const NUMBERS: u64 = u64::from_be_bytes(*b"spamming");

/// The last 24 hours, in minutes.
const WINDOW: i64 = 24 * 60;

/// Whether a subject or a part of a message's text gives it away.
pub(crate) fn is_spam(text: &str) -> bool {
    text.contains(TEST_TEXT) || SUBJECTS.iter().any(|subject| text.contains(subject))
}

/// How much spam restricts its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpamLimit {
    messages: u32,
    /// Of all that the sender has sent.
    percent: u32,
    /// What restrictions name as the filter's verdict (`AS`).
    pub(super) score: u8,
}

/// What somebody has sent in 24 hours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SpamFigures {
    pub(super) mail: u32,
    pub(super) spam: u32,
    /// Since they were last taken off the list.
    fresh_spam: u32,
}

/// Messages of the last 24 hours, by minutes: at most 1440 of them.
#[derive(Debug, Default)]
pub(super) struct SpamHistory(VecDeque<Minute>);

#[derive(Clone, Copy, Debug)]
struct Minute {
    number: i64,
    mail: u32,
    spam: u32,
}

impl SpamLimit {
    pub(super) fn of_seed(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed ^ NUMBERS);
        Self { messages: random.gen_range(12..25), percent: random.gen_range(30..50), score: random.gen_range(5..10) }
    }

    pub(super) fn is_reached_by(&self, figures: &SpamFigures) -> bool {
        figures.fresh_spam >= self.messages && figures.percent() >= self.percent
    }

    /// Whether this message was the one that makes a sender suspicious.
    pub(super) fn is_near(&self, figures: &SpamFigures) -> bool {
        figures.fresh_spam == self.messages / 2
    }
}

impl SpamFigures {
    pub(super) fn percent(&self) -> u32 {
        u32::try_from(u64::from(self.spam) * 100 / u64::from(self.mail.max(1))).unwrap_or(100)
    }
}

impl SpamHistory {
    pub(super) fn count(&mut self, at: OffsetDateTime, is_spam: bool) {
        let number = minute_of(at);
        while self.0.front().is_some_and(|minute| minute.number <= number - WINDOW) {
            self.0.pop_front();
        }
        let spam = u32::from(is_spam);
        match self.0.back_mut() {
            Some(last) if last.number >= number => {
                last.mail = last.mail.saturating_add(1);
                last.spam = last.spam.saturating_add(spam);
            }
            _ => self.0.push_back(Minute { number, mail: 1, spam }),
        }
    }

    pub(super) fn figures(&self, now: OffsetDateTime, released: Option<OffsetDateTime>) -> SpamFigures {
        let oldest = minute_of(now) - WINDOW;
        let fresh = released.map_or(i64::MIN, minute_of);
        let minutes = self.0.iter().filter(|minute| minute.number > oldest);
        minutes.fold(SpamFigures::default(), |sum, minute| SpamFigures {
            mail: sum.mail.saturating_add(minute.mail),
            spam: sum.spam.saturating_add(minute.spam),
            fresh_spam: sum.fresh_spam.saturating_add(if minute.number >= fresh { minute.spam } else { 0 }),
        })
    }
}

fn minute_of(time: OffsetDateTime) -> i64 {
    time.unix_timestamp().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use time::Duration;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    #[test]
    fn a_day_is_counted_and_no_more() {
        let mut history = SpamHistory::default();
        history.count(START, true);
        history.count(START, false);
        history.count(START + Duration::hours(23), true);
        let figures = |after: Duration, released| history.figures(START + after, released);
        let all = figures(Duration::hours(23), None);
        assert_eq!((all.mail, all.spam, all.percent(), all.fresh_spam), (3, 2, 66, 2));
        let since = figures(Duration::hours(23), Some(START + Duration::MINUTE));
        assert_eq!(
            (since.spam, since.fresh_spam),
            (2, 1),
            "figures are of the day, the threshold is since the release"
        );
        assert_eq!(figures(Duration::hours(24), None).mail, 1);
        for minute in 0..5000 {
            history.count(START + Duration::minutes(minute), false);
        }
        assert_eq!(history.0.len(), 1440);
    }

    #[test]
    fn the_seed_decides_how_much_is_too_much() {
        let limit = SpamLimit::of_seed(1);
        assert_eq!(limit, SpamLimit::of_seed(1));
        assert!((0..20).any(|seed| SpamLimit::of_seed(seed) != limit));
        let figures = |mail, spam| SpamFigures { mail, spam, fresh_spam: spam };
        assert!(limit.is_reached_by(&figures(limit.messages, limit.messages)));
        assert!(!limit.is_reached_by(&figures(limit.messages, limit.messages - 1)));
        assert!(!limit.is_reached_by(&figures(1000, limit.messages)), "a little among much");
    }

    #[test]
    fn the_test_text_is_spam_wherever_it_stands() {
        assert!(is_spam(&format!("Hello\r\n{TEST_TEXT}\r\n")) && is_spam("Re: Your invoice is overdue"));
        assert!(!is_spam("Minutes of our meeting"));
    }
}
