//! Which mail to look at to understand a block: the dates that `Get-MessageTraceV2` binds from an entry of the list.

use time::{Duration, OffsetDateTime};

use super::utc;

/// The mail around a block, in UTC.
///
/// It fits into one query of `Get-MessageTraceV2`, which takes at most 10 days of the last 90
/// (Microsoft Learn, Get-MessageTraceV2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceWindow {
    /// `StartDate`.
    pub start: OffsetDateTime,
    /// `EndDate`; later than the start and not later than now.
    pub end: OffsetDateTime,
}

// The limits look back 24 hours: two days show what exceeded them beside the day before.
const BEFORE: Duration = Duration::days(2);

// What was on its way at the moment of the block, and the first messages that were refused.
const AFTER: Duration = Duration::hours(1);

// 90 days, less an hour in which the object may wait for its query.
const REACH: Duration = Duration::hours(90 * 24 - 1);

impl TraceWindow {
    /// The mail around a block of the moment `since`, as the trace can show it `now`; nothing when that is out of its
    /// reach.
    #[must_use]
    pub fn around(since: OffsetDateTime, now: OffsetDateTime) -> Option<Self> {
        let since = utc(since)?;
        let start = since.saturating_sub(BEFORE).max(now.saturating_sub(REACH));
        let end = since.saturating_add(AFTER).min(now);
        (start < end).then_some(Self { start, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    #[test]
    fn two_days_before_the_block_and_an_hour_after() {
        let window = TraceWindow::around(datetime!(2026-11-20 12:30 +2), NOW).unwrap();
        assert_eq!(window.start.offset(), time::UtcOffset::UTC);
        assert_eq!((window.start, window.end), (datetime!(2026-11-18 10:30 UTC), datetime!(2026-11-20 11:30 UTC)));
    }

    #[test]
    fn never_the_future_and_never_beyond_the_reach_of_the_trace() {
        let fresh = TraceWindow::around(datetime!(2026-11-23 07:50 UTC), NOW).unwrap();
        assert_eq!((fresh.start, fresh.end), (datetime!(2026-11-21 07:50 UTC), NOW));
        let old = TraceWindow::around(datetime!(2026-08-26 08:00 UTC), NOW).unwrap();
        assert_eq!((old.start, old.end), (datetime!(2026-08-25 09:00 UTC), datetime!(2026-08-26 09:00 UTC)));
        assert_eq!(TraceWindow::around(datetime!(2026-08-25 08:00 UTC), NOW), None);
        assert_eq!(TraceWindow::around(datetime!(0001-01-01 00:00 UTC), NOW), None);
        assert_eq!(TraceWindow::around(datetime!(9999-12-31 23:59 -1), NOW), None);
    }

    proptest! {
        #[test]
        fn one_query_can_always_take_it(ago in -400_000_i64..20_000_000) {
            if let Some(window) = TraceWindow::around(NOW - Duration::seconds(ago), NOW) {
                prop_assert!(window.start < window.end && window.end <= NOW);
                prop_assert!(window.end - window.start <= Duration::days(10));
                prop_assert!(NOW - window.start < Duration::days(90));
            }
        }
    }
}
