//! How often an entity was unblocked. The service allows a number of unblocks that it does not publish, and then
//! refuses; whoever has reached it needs Microsoft Support.

use std::fmt;

use time::{Duration, OffsetDateTime};

use super::audit::Audited;
use super::journal::What;
use super::timeline::{Entity, Failure, Happened, History, Moment};
use crate::restriction::{minute, Key};

/// What the audit log was read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// From when on every record is here that the service had.
    pub from: OffsetDateTime,
    /// Until when; records arrive up to a day late.
    pub until: OffsetDateTime,
}

/// How often an entity was unblocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unblocks {
    /// Which entity.
    pub key: Key,
    /// When, oldest first.
    pub times: Vec<OffsetDateTime>,
    /// Whether there may have been more: other machines have journals of their own, and the audit log was not read,
    /// or not for the whole time, or is not seen to tell of unblocks, or does not tell of those in the journal.
    pub at_least: bool,
}

/// The last unblock of an entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastUnblock {
    /// When the service took it; of one whose reply was lost, or is not there yet, when it was sent.
    pub at: OffsetDateTime,
    /// Whether the service is known to have taken it.
    pub taken: bool,
    /// The service's id of the request, where the journal has it.
    pub request_id: Option<String>,
}

/// An unblock that the service refused because there had been too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Of which entity.
    pub key: Key,
    /// When.
    pub time: OffsetDateTime,
    /// How many unblocks of that entity are known to have gone before.
    pub after: usize,
}

/// An unblock that the journal and the audit log tell is the same when they are so close: the one has the time of its
/// machine, the other the service's.
const SAME_UNBLOCK: Duration = Duration::minutes(5);

impl Unblocks {
    /// What to tell before the next unblock, when it would be about the one at which the service refused last time.
    #[must_use]
    pub fn warning(&self, last: Option<&Refusal>) -> Option<String> {
        let last = last.filter(|last| last.after > 0 && self.times.len() >= last.after)?;
        Some(format!(
            "{} was {self}. The service refused to unblock {} on {}, after it had been unblocked {}: it may refuse now, and then only Microsoft Support can help.",
            self.key,
            last.key,
            minute(last.time).unwrap_or_default(),
            times(last.after)
        ))
    }
}

/// `unblocked at least 3 times (2026-11-02 08:00 UTC, ...)`.
impl fmt::Display for Unblocks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.times.len();
        match (known, self.at_least) {
            (0, true) => return f.write_str("not unblocked as far as is known"),
            (0, false) => return f.write_str("not unblocked"),
            (_, true) => write!(f, "unblocked at least {}", times(known))?,
            (_, false) => write!(f, "unblocked {}", times(known))?,
        }
        // The latest are what a ticket needs.
        let shown: Vec<_> = self.times.iter().rev().take(SHOWN).rev().filter_map(|time| minute(*time)).collect();
        let earlier = if known > SHOWN { "..., " } else { "" };
        write!(f, " ({earlier}{})", shown.join(", "))
    }
}

const SHOWN: usize = 10;

fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

impl History {
    /// How often the entity was unblocked from `since` until `now`. `audit` tells for what time the audit log was
    /// read without a record that could not be used.
    #[must_use]
    pub fn unblocks(&self, key: &Key, since: OffsetDateTime, now: OffsetDateTime, audit: Option<Coverage>) -> Unblocks {
        let covered = audit.is_some_and(|audit| audit.from <= since && audit.until >= now) && self.tells_unblocks;
        let found = self.entities.get(&key.folded()).map(|entity| Counted::of(entity, since, now)).unwrap_or_default();
        Unblocks { key: key.clone(), times: found.times, at_least: !covered || found.doubtful }
    }

    /// The last unblock of this entity: one that the service took, as the journal or the audit log tells, or a later one
    /// of which nobody knows whether it did.
    #[must_use]
    pub fn last_unblock(&self, key: &Key) -> Option<LastUnblock> {
        let entity = self.entities.get(&key.folded())?;
        let last = entity.moments.iter().rev().find_map(|moment| {
            let taken = match (moment.happened, moment.failure) {
                (Happened::Journal(What::Answered) | Happened::Audit(Audited::Unblocked), _) => true,
                (Happened::Journal(What::Requested), _) | (_, Some(Failure::Unknown)) => false,
                // It failed for certain, or this one ended.
                (Happened::Journal(What::Failed | What::Released | What::Proven), _)
                | (Happened::Audit(Audited::Delisted), _) => {
                    return Some(None);
                }
                (Happened::Journal(_) | Happened::Audit(Audited::Listed), _) => return None,
            };
            Some(Some((moment.time, taken)))
        });
        let (at, taken) = last??;
        let answer = entity.last_answer.clone().filter(|(answered, _)| taken && is_same(*answered, at));
        let (at, request_id) = answer.unwrap_or((at, None));
        Some(LastUnblock { at, taken, request_id })
    }

    /// Whether the service has refused the last unblock of this entity since `since`, because there had been too many.
    #[must_use]
    pub fn is_refused(&self, key: &Key, since: OffsetDateTime) -> bool {
        let Some(entity) = self.entities.get(&key.folded()) else { return false };
        let decides = |moment: &&Moment| {
            moment.failure == Some(Failure::LimitReached) || moment.happened == Happened::Journal(What::Answered)
        };
        let last = entity.moments.iter().rev().find(decides);
        last.is_some_and(|moment| moment.failure.is_some() && moment.time >= since)
    }

    /// The last unblock of anybody that the service refused because there had been too many.
    #[must_use]
    pub fn last_refusal(&self) -> Option<Refusal> {
        let refused = |entity: &Entity| {
            let last = entity.moments.iter().rev().find(|moment| moment.failure == Some(Failure::LimitReached))?.time;
            Some((last, entity.key.clone()))
        };
        let (time, key) = self.entities.values().filter_map(refused).max_by_key(|(time, _)| *time)?;
        let entity = self.entities.get(&key.folded())?;
        let before = Counted::of(entity, OffsetDateTime::UNIX_EPOCH, time);
        Some(Refusal { key, time, after: before.times.len() })
    }
}

/// The unblocks of an entity that the service took.
#[derive(Default)]
struct Counted {
    times: Vec<OffsetDateTime>,
    doubtful: bool,
}

impl Counted {
    fn of(entity: &Entity, since: OffsetDateTime, now: OffsetDateTime) -> Self {
        let within = |wanted: &dyn Fn(Happened, Option<Failure>) -> bool| -> Vec<OffsetDateTime> {
            let moments = entity.moments.iter().filter(|moment| wanted(moment.happened, moment.failure));
            moments.map(|moment| moment.time).filter(|time| (since..=now).contains(time)).collect()
        };
        let mut audited = within(&|happened, _| happened == Happened::Audit(Audited::Unblocked));
        let mut times = within(&|happened, _| happened == Happened::Journal(What::Answered));
        let unknown = within(&|_, failure| failure == Some(Failure::Unknown));
        // The audit log should have what the journal has. Where it has not, it lacks those of others as well.
        let missing = times.iter().filter(|time| !take_same(&mut audited, **time)).count();
        // One whose reply was lost counts where the audit log has it, and may count where it has not.
        let open = unknown.into_iter().filter(|time| !audited.iter().any(|other| is_same(*other, *time))).count();
        times.extend(audited);
        times.sort_unstable();
        Self { times, doubtful: missing + open > 0 }
    }
}

fn is_same(one: OffsetDateTime, other: OffsetDateTime) -> bool {
    (one - other).abs() <= SAME_UNBLOCK
}

/// Takes the first time out that is as good as `time`, if there is one.
fn take_same(times: &mut Vec<OffsetDateTime>, time: OffsetDateTime) -> bool {
    let found = times.iter().position(|other| is_same(*other, time));
    found.is_some_and(|at| {
        times.remove(at);
        true
    })
}
