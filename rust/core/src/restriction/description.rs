//! What there is to tell about one entry of the list beyond its line there. It is told when somebody asks: a list of
//! thousands is read for its lines.

use time::OffsetDateTime;

use super::decision::{Case, Decision};
use super::{EntityType, Known, TraceWindow};
use crate::reason::Reason;

/// An entry in full, made from what an object of the list tells of it: nobody is asked.
#[derive(Debug, Clone)]
pub struct Description {
    /// The service's reason, with its figures.
    pub reason: Reason,
    /// The mail around the block, as the message trace would be asked for it; nothing when it is out of the trace's
    /// reach or nobody knows when the block was.
    pub trace: Option<TraceWindow>,
    /// What to do about it.
    pub decision: Decision,
}

impl Description {
    /// The entry as it looked at the moment `listed_at`, when it was read: the decision is that of the list.
    #[must_use]
    pub fn of(entity_type: EntityType, known: &Known, listed_at: OffsetDateTime) -> Self {
        let reason = Reason::parse(known.reason.as_str());
        let case = Case::of(entity_type, &reason, known);
        Self {
            trace: known.since.and_then(|since| TraceWindow::around(since, listed_at)),
            decision: Decision::of(&case, &known.circumstances, listed_at),
            reason,
        }
    }

    /// What to do and why, with the figures of this case.
    #[must_use]
    pub fn advice(&self) -> String {
        self.decision.advice(&self.reason.summary())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reason::BlockType;
    use crate::restriction::{Basis, NextStep};
    use time::macros::datetime;

    const LISTED_AT: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn known(reason: &str) -> Known {
        Known {
            reason: reason.into(),
            since: Some(datetime!(2026-11-23 02:06 UTC)),
            temporary_block: Some(true),
            expiration: Some(datetime!(2026-11-30 02:06 UTC)),
            ..Known::default()
        }
    }

    #[test]
    fn it_is_decided_as_in_the_list() {
        let limit = Description::of(EntityType::Mailbox, &known("ExceedingLimitType=External"), LISTED_AT);
        assert_eq!((limit.reason.block_type, limit.decision.next_step()), (BlockType::PolicyLimit, NextStep::Wait));
        let until = limit.decision.restricted_until().map(|until| (until.at, until.basis));
        assert_eq!(until, Some((datetime!(2026-11-24 00:00 UTC), Basis::Assumed)));
        assert!(limit.advice().starts_with("Over the outbound spam policy's limit (External). It seems to be a block"));

        let connector = Description::of(EntityType::Connector, &known("ExceedingLimitType=External"), LISTED_AT);
        assert_eq!(connector.decision.next_step(), NextStep::CheckConnector);
        assert_eq!(connector.decision.restricted_until().map(|until| until.basis), Some(Basis::Service));
    }

    #[test]
    fn the_mail_to_look_at_ends_where_the_list_was_read() {
        let fresh = Known { since: Some(datetime!(2026-11-23 07:50 UTC)), ..known("") };
        let window = Description::of(EntityType::Mailbox, &fresh, LISTED_AT).trace.unwrap();
        assert_eq!((window.start, window.end), (datetime!(2026-11-21 07:50 UTC), LISTED_AT));
        let undated = Known { since: None, ..known("") };
        assert_eq!(Description::of(EntityType::Mailbox, &undated, LISTED_AT).trace, None);
    }
}
