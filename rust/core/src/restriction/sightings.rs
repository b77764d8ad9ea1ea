//! What several looks at the list say together of one entity. A single look proves little: while an entry is leaving,
//! some of the service's copies of the list still have it and others do not.

use time::{Duration, OffsetDateTime};

use super::Outcome;

/// How many looks in a row must miss an entry before it counts as gone.
const AGREEING_LOOKS: u32 = 3;

/// How far apart the looks are that are to agree.
pub const LOOK_AGAIN: Duration = Duration::seconds(30);

/// How long the looks that agree must last, from the first to the last of them.
const AGREEMENT: Duration = Duration::seconds(60);

/// How far our clock may be from the service's.
pub const CLOCK_DIFFERENCE: Duration = Duration::minutes(5);

/// The looks at one entity so far.
#[derive(Debug, Clone, Default)]
pub struct Sightings {
    /// When the unblock was sent, where that is known.
    pub requested_at: Option<OffsetDateTime>,
    since: Option<OffsetDateTime>,
    /// How many looks showed it.
    pub listed: u32,
    /// How many looks missed it.
    pub missed: u32,
    /// How many looks failed.
    pub failed: u32,
    missed_in_a_row: u32,
    missing_since: Option<OffsetDateTime>,
    gone_since: Option<OffsetDateTime>,
}

impl Sightings {
    /// No looks yet. The unblock was sent at `requested_at`, and the entry that is waited for is listed since `since`,
    /// where that is known.
    pub fn of(requested_at: Option<OffsetDateTime>, since: Option<OffsetDateTime>) -> Self {
        Self { requested_at, since, ..Self::default() }
    }

    /// A look showed it, listed since `created`. Says [`Outcome::Returned`] when that is a newer restriction than the one
    /// that is waited for.
    pub fn see(&mut self, created: Option<OffsetDateTime>) -> Option<Outcome> {
        self.listed += 1;
        if self.is_newer(created) {
            return Some(Outcome::Returned);
        }
        self.since = self.since.or(created);
        self.missed_in_a_row = 0;
        self.missing_since = None;
        None
    }

    /// A look at the moment `now` missed it. When enough looks agree, says that it was [`Outcome::Released`] or, if
    /// nothing says that it ever was there, [`Outcome::NotListed`].
    pub fn miss(&mut self, now: OffsetDateTime) -> Option<Outcome> {
        self.missed += 1;
        self.missed_in_a_row += 1;
        let first = *self.missing_since.get_or_insert(now);
        if self.missed_in_a_row < AGREEING_LOOKS || now - first < AGREEMENT {
            return None;
        }
        self.gone_since.get_or_insert(first);
        self.gone()
    }

    /// A look failed, which says nothing.
    pub fn fail(&mut self) {
        self.failed += 1;
    }

    /// What there is to say when nobody waits any longer.
    pub fn at_the_end(&self) -> Outcome {
        if let Some(gone) = self.gone() {
            return gone;
        }
        match (self.listed + self.missed, self.missing_since) {
            (0, _) => Outcome::Failed,
            (_, None) => Outcome::StillListed,
            (_, Some(_)) if self.was_there() => Outcome::Removing,
            (_, Some(_)) => Outcome::NotListed,
        }
    }

    /// Whether it was missed, but not yet by enough looks.
    pub fn is_vanishing(&self) -> bool {
        self.missing_since.is_some() && self.gone_since.is_none()
    }

    /// Since when the entry is listed that is waited for, where that is known.
    pub fn listed_since(&self) -> Option<OffsetDateTime> {
        self.since
    }

    /// What there is to say once it is gone: whether it had been there.
    pub fn gone(&self) -> Option<Outcome> {
        self.gone_since.map(|_| if self.was_there() { Outcome::Released } else { Outcome::NotListed })
    }

    /// When the first of the looks was that agree that it is gone.
    pub fn gone_since(&self) -> Option<OffsetDateTime> {
        self.gone_since
    }

    fn was_there(&self) -> bool {
        self.requested_at.is_some() || self.listed > 0
    }

    /// Whether an entry listed since `created` is another than the one that is waited for. What is gone may be shown
    /// again by a copy of the list that lags behind: where the entry says since when it is listed, that decides.
    fn is_newer(&self, created: Option<OffsetDateTime>) -> bool {
        let Some(created) = created else { return self.gone_since.is_some() };
        if self.since.is_some_and(|since| created <= since) {
            return false;
        }
        let after = match (self.since, self.gone_since) {
            (Some(_), _) => -CLOCK_DIFFERENCE,
            (None, Some(_)) => Duration::ZERO,
            (None, None) => CLOCK_DIFFERENCE,
        };
        match self.requested_at {
            Some(requested) => created > requested.saturating_add(after),
            None => self.gone_since.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const SINCE: OffsetDateTime = datetime!(2026-11-23 02:00 UTC);
    const REQUESTED: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn requested() -> Sightings {
        Sightings::of(Some(REQUESTED), Some(SINCE))
    }

    fn at(seconds: i64) -> OffsetDateTime {
        REQUESTED + Duration::seconds(seconds)
    }

    #[test]
    fn three_looks_a_minute_apart_agree_that_it_is_gone_since_the_first() {
        let mut sightings = requested();
        assert_eq!(sightings.see(Some(SINCE)), None);
        assert_eq!(sightings.miss(at(30)), None);
        assert_eq!(sightings.miss(at(60)), None);
        assert_eq!((sightings.is_vanishing(), sightings.gone_since()), (true, None));
        assert_eq!(sightings.miss(at(90)), Some(Outcome::Released));
        assert_eq!((sightings.is_vanishing(), sightings.gone_since()), (false, Some(at(30))));
    }

    #[test]
    fn looks_in_quick_succession_do_not_agree_and_neither_do_two() {
        let mut sightings = requested();
        assert!((0..50).all(|second| sightings.miss(at(second)).is_none()));
        let mut sightings = requested();
        assert_eq!((sightings.miss(at(0)), sightings.see(Some(SINCE))), (None, None));
        assert_eq!(
            (sightings.miss(at(30)), sightings.miss(at(3600))),
            (None, None),
            "the first was before it was seen"
        );
    }

    #[test]
    fn one_that_comes_and_goes_is_neither_released_nor_returned() {
        let mut sightings = requested();
        for round in 0..100 {
            assert_eq!(sightings.miss(at(round * 90)), None);
            assert_eq!(sightings.miss(at(round * 90 + 30)), None);
            assert_eq!(sightings.see(Some(SINCE)), None);
        }
        assert_eq!(sightings.at_the_end(), Outcome::StillListed);
    }

    #[test]
    fn what_failed_counts_as_neither() {
        let mut sightings = requested();
        sightings.fail();
        assert_eq!(sightings.at_the_end(), Outcome::Failed);
        sightings.miss(at(0));
        sightings.fail();
        sightings.miss(at(60));
        sightings.fail();
        assert_eq!(sightings.at_the_end(), Outcome::Removing, "two looks are too few");
        assert_eq!(sightings.miss(at(90)), Some(Outcome::Released), "failures do not break a row");
    }

    #[test]
    fn nobody_has_left_who_never_was_there() {
        let mut sightings = Sightings::default();
        sightings.miss(at(0));
        assert_eq!(sightings.at_the_end(), Outcome::NotListed);
        sightings.miss(at(30));
        assert_eq!(sightings.miss(at(60)), Some(Outcome::NotListed));
        let mut sightings = Sightings::default();
        sightings.see(Some(SINCE));
        sightings.miss(at(0));
        sightings.miss(at(30));
        assert_eq!(sightings.miss(at(60)), Some(Outcome::Released), "it was there, whoever unblocked it");
    }

    #[test]
    fn a_newer_restriction_has_returned() {
        assert_eq!(requested().see(Some(at(600))), Some(Outcome::Returned));
        let by_csv = || Sightings::of(Some(REQUESTED), None);
        assert_eq!(by_csv().see(Some(at(600))), Some(Outcome::Returned));
        assert_eq!(by_csv().see(Some(at(200))), None, "the clocks may differ by that");
        assert_eq!(requested().see(Some(SINCE)), None);
        assert_eq!(requested().see(None), None, "nobody knows since when");
    }

    #[test]
    fn after_it_was_gone_only_the_old_entry_is_no_return() {
        let gone = |mut sightings: Sightings| {
            for look in 0..3 {
                sightings.miss(at(look * 30));
            }
            sightings
        };
        assert_eq!(gone(requested()).see(Some(SINCE)), None, "a copy of the list lags behind");
        assert_eq!(gone(requested()).see(None), Some(Outcome::Returned));
        assert_eq!(gone(Sightings::default()).see(Some(at(0))), Some(Outcome::Returned));
    }
}
