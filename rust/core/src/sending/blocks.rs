//! What is known of the blocks of a sender in some time: by the list of restricted entities, the journal and the audit log.

use std::ops::RangeInclusive;

use time::{Duration, OffsetDateTime};

use super::plot::{Event, Mark};
use crate::history::timeline::Restricted;

/// A block, and whether the list still has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Its beginning, its unblock and its end, as far as they are known.
    pub restricted: Restricted,
    /// Whether the list has it now.
    pub is_listed: bool,
}

/// A listing that the list tells and one that is told elsewhere are the same when they are so close.
const SAME_LISTING: Duration = Duration::hours(1);

/// The blocks that reach into some time: those that are told, and the one of the list, which may be among them. `listed`
/// is since when the list has the sender, where it has.
pub fn blocks(
    told: Vec<Restricted>,
    listed: Option<OffsetDateTime>,
    within: &RangeInclusive<OffsetDateTime>,
) -> Vec<Block> {
    let mut blocks: Vec<_> = told.into_iter().map(|restricted| Block { restricted, is_listed: false }).collect();
    if let Some(listed) = listed.filter(|listed| listed <= within.end()) {
        let is_it = |block: &&mut Block| match block.restricted.listed {
            Some(told) => (told - listed).abs() <= SAME_LISTING,
            // Of an unblock alone it is not known what it was of; the one of the list began before it.
            None => block.restricted.released.is_none() && block.restricted.requested.is_some_and(|at| at >= listed),
        };
        match blocks.iter_mut().rev().find(is_it) {
            Some(block) => {
                block.restricted.listed.get_or_insert(listed);
                block.is_listed = block.restricted.released.is_none();
            }
            None => {
                let restricted =
                    Restricted { listed: Some(listed), requested: None, unblocked_by: None, released: None };
                blocks.push(Block { restricted, is_listed: true });
            }
        }
    }
    blocks.retain(|block| block.reaches(within));
    blocks
}

impl Block {
    fn reaches(&self, within: &RangeInclusive<OffsetDateTime>) -> bool {
        let Restricted { listed, requested, released, .. } = &self.restricted;
        let is_within = |moment: &OffsetDateTime| within.contains(moment);
        let around = listed.is_some_and(|listed| listed < *within.start())
            && (self.is_listed || released.is_some_and(|released| released > *within.end()));
        around || [listed, requested, released].into_iter().flatten().any(is_within)
    }

    /// What happened, as marks.
    pub fn marks(&self) -> impl Iterator<Item = Mark> + '_ {
        let Restricted { listed, requested, released, unblocked_by } = &self.restricted;
        let by = || unblocked_by.as_ref().map(|person| format!("by {person}"));
        let mark = |event, moment: &Option<OffsetDateTime>, detail| {
            moment.map(|moment| Mark { event, at: moment.into(), detail })
        };
        [
            mark(Event::Blocked, listed, None),
            mark(Event::Unblocked, requested, by()),
            mark(Event::Released, released, None),
        ]
        .into_iter()
        .flatten()
    }

    /// When the sender was in the list, for as long as that is known; `last` is the last moment that is shown.
    pub fn time(&self, last: OffsetDateTime) -> Option<(OffsetDateTime, OffsetDateTime)> {
        let until = self.restricted.released.or(self.is_listed.then_some(last))?;
        self.restricted.listed.filter(|listed| *listed < until).map(|listed| (listed, until))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-11-27 00:00 UTC);

    fn within() -> RangeInclusive<OffsetDateTime> {
        START..=at(24)
    }

    fn at(hours: i64) -> OffsetDateTime {
        START + Duration::hours(hours)
    }

    fn told(listed: Option<i64>, requested: Option<i64>, released: Option<i64>) -> Restricted {
        let unblocked_by = requested.map(|_| "adele@contoso.com".to_owned());
        Restricted { listed: listed.map(at), requested: requested.map(at), unblocked_by, released: released.map(at) }
    }

    fn times(blocks: &[Block]) -> Vec<Option<(OffsetDateTime, OffsetDateTime)>> {
        blocks.iter().map(|block| block.time(at(24))).collect()
    }

    #[test]
    fn a_block_has_its_unblock_and_its_release() {
        let blocks = blocks(vec![told(Some(1), Some(2), Some(3))], None, &within());
        let marks: Vec<_> = blocks[0].marks().map(|mark| (mark.event, mark.at.into(), mark.detail)).collect();
        let by = Some("by adele@contoso.com".to_owned());
        let expected: [(Event, OffsetDateTime, Option<String>); 3] =
            [(Event::Blocked, at(1), None), (Event::Unblocked, at(2), by), (Event::Released, at(3), None)];
        assert_eq!(marks, expected);
        assert_eq!(times(&blocks), [Some((at(1), at(3)))]);
    }

    #[test]
    fn the_list_tells_what_goes_on_and_is_told_once() {
        let same = blocks(vec![told(Some(1), Some(2), None)], Some(at(1) + Duration::minutes(59)), &within());
        assert_eq!((times(&same), same.len()), (vec![Some((at(1), at(24)))], 1));
        let begun_unseen = blocks(vec![told(None, Some(2), None)], Some(at(-5)), &within());
        assert_eq!(times(&begun_unseen), [Some((at(-5), at(24)))]);
        let again = blocks(vec![told(Some(1), Some(2), Some(3))], Some(at(9)), &within());
        assert_eq!(times(&again), [Some((at(1), at(3))), Some((at(9), at(24)))]);
    }

    #[test]
    fn an_end_that_nobody_tells_is_not_made_up() {
        let blocks = blocks(vec![told(Some(1), None, None)], None, &within());
        assert_eq!((times(&blocks), blocks[0].marks().count()), (vec![None], 1));
    }

    #[test]
    fn what_does_not_reach_into_the_time_is_not_shown() {
        let of = |told, listed| blocks(vec![told], listed, &within()).len();
        assert_eq!(of(told(Some(-9), Some(-8), Some(-7)), None), 0);
        assert_eq!(of(told(Some(-9), None, Some(1)), None), 1);
        assert_eq!(of(told(Some(-9), None, Some(30)), None), 1, "it lasted all the time");
        assert_eq!(of(told(Some(-9), None, None), None), 0, "nobody knows until when");
        assert_eq!(of(told(Some(-9), None, None), Some(at(-9))), 1);
        assert_eq!(of(told(Some(-9), None, Some(-7)), Some(at(25))), 0);
    }
}
