//! The moments that the checks compare with.

use time::{Duration, OffsetDateTime};

use super::SinceBasis;
use crate::error::{Code, Error, Result};

/// What was changed so long before the block counts as new: intruders prepare. Microsoft's investigation guidance names no
/// number; a week covers the usual days between a stolen password and the spam, and little of what admins do.
pub const BASELINE: Duration = Duration::days(7);

/// How long ago the block is assumed to be where nobody tells: the sender is not listed and the admin named no moment.
pub const ASSUMED: Duration = Duration::days(7);

/// How late a record of the audit log may arrive, so that what has none yet may still be new.
pub const LATENESS: Duration = crate::history::search::LATENESS;

/// The moments of one report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// The block.
    pub since: OffsetDateTime,
    /// Where that moment comes from.
    pub basis: SinceBasis,
    /// From here on a change is new.
    pub baseline: OffsetDateTime,
    /// Now.
    pub now: OffsetDateTime,
}

impl Frame {
    /// `given` is the admin's moment, `listed` that of the list.
    pub fn of(given: Option<OffsetDateTime>, listed: Option<OffsetDateTime>, now: OffsetDateTime) -> Self {
        let (since, basis) = match (given, listed) {
            (Some(given), _) => (given, SinceBasis::Given),
            (None, Some(listed)) => (listed, SinceBasis::Listed),
            (None, None) => (now.saturating_sub(ASSUMED), SinceBasis::Assumed),
        };
        Self { since, basis, baseline: since.saturating_sub(BASELINE), now }
    }

    /// Refuses a block that is still to come, which is a slip of the pen: nothing could be compared with it.
    ///
    /// # Errors
    /// [`Code::InvalidDateRange`] where the admin's moment lies in the future.
    pub fn must_have_come(given: Option<OffsetDateTime>, now: OffsetDateTime) -> Result<()> {
        match given.filter(|given| *given > now).and_then(crate::restriction::minute) {
            Some(given) => Err(Error::new(Code::InvalidDateRange, format!("-Since {given} lies in the future."))),
            None => Ok(()),
        }
    }

    /// Whether something that was changed then counts as new.
    pub fn is_new(&self, at: OffsetDateTime) -> bool {
        at >= self.baseline
    }

    /// Whether a change that the audit log has no record of may still be new: its record may be on its way.
    pub fn may_lack_records(&self) -> bool {
        self.now < self.since.saturating_add(LATENESS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_admin_knows_best_and_the_list_better_than_nobody() {
        let (given, listed, now) =
            (datetime!(2026-11-20 08:00 UTC), datetime!(2026-11-22 08:00 UTC), datetime!(2026-11-23 08:00 UTC));
        let since = |given, listed| {
            let frame = Frame::of(given, listed, now);
            (frame.since, frame.basis)
        };
        assert_eq!(since(Some(given), Some(listed)), (given, SinceBasis::Given));
        assert_eq!(since(None, Some(listed)), (listed, SinceBasis::Listed));
        assert_eq!(since(None, None), (now - ASSUMED, SinceBasis::Assumed));
    }

    #[test]
    fn a_block_that_is_still_to_come_is_refused() {
        let now = datetime!(2026-11-23 08:00 UTC);
        assert!(Frame::must_have_come(None, now).is_ok() && Frame::must_have_come(Some(now), now).is_ok());
        let error = Frame::must_have_come(Some(datetime!(2030-01-01 08:00 UTC)), now).unwrap_err();
        assert_eq!(error.code(), Code::InvalidDateRange);
        assert!(error.message.contains("2030-01-01"), "{error}");
    }

    #[test]
    fn a_week_before_the_block_is_new() {
        let frame = Frame::of(None, Some(datetime!(2026-11-22 08:00 UTC)), datetime!(2026-11-23 08:00 UTC));
        assert!(frame.is_new(datetime!(2026-11-15 08:00 UTC)));
        assert!(!frame.is_new(datetime!(2026-11-15 07:59 UTC)));
        assert!(!frame.may_lack_records());
        assert!(Frame { now: datetime!(2026-11-23 07:59 UTC), ..frame }.may_lack_records());
    }
}
