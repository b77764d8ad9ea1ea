//! The senders that a plot shows: few enough to look at, those who matter most.

use std::cmp::Reverse;

use super::course::Line;
use super::sender::Sending;

/// How many a plot shows.
pub const MOST: usize = 12;

/// Those who tripped a limit first, then who wrote to the most recipients.
#[derive(Debug, Default)]
pub struct Shown(Vec<One>);

/// One of them.
#[derive(Debug)]
pub struct One {
    rank: Rank,
    /// The address.
    pub sender: String,
    /// What the windows held over time.
    pub lines: Vec<Line>,
}

/// The higher, the earlier it is shown.
type Rank = (bool, u64, Reverse<String>);

impl Shown {
    /// Takes a sender in who matters more than another, or for whom there is room; only then `lines` are made.
    pub fn consider(&mut self, sending: &Sending, lines: impl FnOnce() -> Vec<Line>) {
        let rank = (sending.tripped.is_some(), sending.internal + sending.external, Reverse(sending.sender.clone()));
        let place = self.0.partition_point(|one| one.rank > rank);
        if place < MOST {
            self.0.insert(place, One { rank, sender: sending.sender.clone(), lines: lines() });
            self.0.truncate(MOST);
        }
    }

    /// How many they are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Those of both who matter most.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self.0.sort_unstable_by(|one, other| other.rank.cmp(&one.rank));
        self.0.truncate(MOST);
        self
    }

    /// In the order in which they are shown.
    pub fn all(self) -> Vec<One> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use restricted_sender_limits::{Recipients, Second, ServiceLimits, Settings};

    use super::*;
    use crate::sending::message::Message;
    use crate::sending::sender::Measure;

    fn sending(sender: &str, external: u32) -> Sending {
        let measure = Measure {
            policy: None,
            service: ServiceLimits { recipient_rate: 1000, ..ServiceLimits::trial() },
            settings: Settings::default(),
            at: Second::of_unix_time(100),
        };
        let recipients = Recipients { internal: 0, external, expanded_external: external };
        let message =
            Message { at: Second::of_unix_time(50), id: 1, recipients, may_be_members: Recipients::default() };
        measure.of(sender.to_owned(), &[message]).unwrap()
    }

    fn shown(all: &[(&str, u32)]) -> Shown {
        let mut shown = Shown::default();
        all.iter().for_each(|(sender, external)| shown.consider(&sending(sender, *external), Vec::new));
        shown
    }

    #[test]
    fn whoever_tripped_a_limit_comes_first_then_the_busiest() {
        let mut one = shown(&[("b", 5), ("tripped", 1000), ("a", 5)]);
        // Most of it was sent on other days.
        one.consider(&Sending { internal: 5000, ..sending("c", 7) }, Vec::new);
        let names: Vec<_> = one.and(shown(&[("d", 6)])).all().into_iter().map(|one| one.sender).collect();
        assert_eq!(names, ["tripped", "c", "d", "a", "b"]);
    }

    #[test]
    fn of_many_a_few_are_kept_and_no_lines_are_made_in_vain() {
        let mut shown = shown(&[("x", 500); MOST]);
        shown.consider(&sending("less", 499), || panic!("it is not shown"));
        shown.consider(&sending("more", 501), Vec::new);
        assert_eq!((shown.0.len(), shown.0[0].sender.as_str()), (MOST, "more"));
    }
}
