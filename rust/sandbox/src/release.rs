//! How an unblocked entity leaves the list: when, whether reads miss it meanwhile, and whether it comes back.

use time::Duration;

/// How long an unblocked mailbox stays listed. Documented is only "usually within 1 hour" (older texts: 30 minutes).
pub(crate) const MAILBOX_RELEASE_DELAY: Duration = Duration::minutes(30);

/// How long an unblocked connector stays listed. Documented is only "up to 1 hour".
pub(crate) const CONNECTOR_RELEASE_DELAY: Duration = Duration::minutes(45);

/// How the releases of one entity go. The default is how they usually go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Release {
    /// How long it stays listed after its unblock; `None` is the usual delay of its kind.
    pub(crate) after: Option<Duration>,
    /// How long after it left it is restricted again.
    pub(crate) returns_after: Option<Duration>,
    /// How many reads in a row miss it while it is leaving, before one shows it again, and so on.
    pub(crate) missed_reads: u32,
}

/// An entry on its way off the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaving {
    pub(crate) release: Release,
    missed: u32,
}

impl Leaving {
    pub(crate) fn new(release: Release) -> Self {
        Self { release, missed: 0 }
    }

    /// Somebody reads the list: whether that read misses the entry.
    pub(crate) fn miss(&mut self) -> bool {
        let misses = self.missed < self.release.missed_reads;
        self.missed = if misses { self.missed + 1 } else { 0 };
        misses
    }

    /// Whether the last read missed it. Further pages of an answer agree with its first.
    pub(crate) fn is_missed(&self) -> bool {
        self.missed > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_miss_it_as_often_as_planned_and_then_one_shows_it() {
        for (missed_reads, expected) in [(0, [false; 6]), (1, [true, false, true, false, true, false])] {
            let mut leaving = Leaving::new(Release { missed_reads, ..Release::default() });
            assert_eq!([(); 6].map(|()| leaving.miss()), expected);
        }
        let mut leaving = Leaving::new(Release { missed_reads: 2, ..Release::default() });
        assert_eq!([(); 6].map(|()| leaving.miss()), [true, true, false, true, true, false]);
    }

    #[test]
    fn further_pages_agree_with_the_first() {
        let mut leaving = Leaving::new(Release { missed_reads: 1, ..Release::default() });
        assert!(!leaving.is_missed());
        for _ in 0..3 {
            assert_eq!(leaving.miss(), leaving.is_missed());
        }
    }
}
