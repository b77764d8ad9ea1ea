//! Time as limits see it.

use time::OffsetDateTime;

/// A second, in UTC: limits count in seconds, not in less. It reaches from 1970 to 2106; what lies outside counts as
/// the first or the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Second(pub(crate) u32);

pub(crate) const MINUTE: u32 = 60;
pub(crate) const HOUR: u32 = 60 * MINUTE;
pub(crate) const DAY: u32 = 24 * HOUR;

impl Second {
    /// So many seconds after the beginning of 1970, UTC.
    #[must_use]
    pub fn of_unix_time(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Seconds since the beginning of 1970, UTC.
    #[must_use]
    pub fn unix_time(self) -> u32 {
        self.0
    }

    /// Midnight UTC after this second.
    #[must_use]
    pub fn next_day(self) -> Self {
        Self(self.day_begins().0.saturating_add(DAY))
    }

    pub(crate) fn day_begins(self) -> Self {
        Self(self.0 - self.0 % DAY)
    }

    pub(crate) fn hour_begins(self) -> Self {
        Self(self.0 - self.0 % HOUR)
    }

    /// The first second of a window of `length` seconds that ends with this one.
    pub(crate) fn window_begins(self, length: u32) -> Self {
        Self(self.0.saturating_sub(length - 1))
    }
}

impl From<OffsetDateTime> for Second {
    fn from(moment: OffsetDateTime) -> Self {
        Self(u32::try_from(moment.unix_timestamp().max(0)).unwrap_or(u32::MAX))
    }
}

impl From<Second> for OffsetDateTime {
    fn from(second: Second) -> Self {
        Self::UNIX_EPOCH + time::Duration::seconds(i64::from(second.0))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn days_and_hours_are_those_of_utc() {
        let second = Second::from(datetime!(2026-11-28 01:30:59.9 +02:00));
        assert_eq!(OffsetDateTime::from(second), datetime!(2026-11-27 23:30:59 UTC));
        assert_eq!(OffsetDateTime::from(second.next_day()), datetime!(2026-11-28 00:00 UTC));
        assert_eq!(OffsetDateTime::from(second.hour_begins()), datetime!(2026-11-27 23:00 UTC));
        assert_eq!(OffsetDateTime::from(second.window_begins(HOUR)), datetime!(2026-11-27 22:31 UTC));
        assert_eq!(second.next_day().next_day().day_begins(), second.next_day().next_day());
    }

    #[test]
    fn what_lies_outside_counts_as_the_first_or_the_last() {
        assert_eq!(Second::from(datetime!(1969-12-31 00:00 UTC)), Second(0));
        assert_eq!(Second::from(datetime!(2200-01-01 00:00 UTC)), Second(u32::MAX));
    }
}
