//! The unified audit log: what was restricted and what left the list, and what admins did about it. Pure: takes the
//! time as an argument.

mod record;

use std::collections::VecDeque;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::Uuid;

pub(crate) use record::{Actor, Event, Occurrence, Organization, Record, RecordType};

/// How long the log keeps a record.
pub(crate) const RETENTION: Duration = Duration::days(180);

/// How much later than it happened an event can be found, one after the other: documented is only "up to a day".
const LATENESS: [Duration; 6] = [
    Duration::minutes(20),
    Duration::minutes(5),
    Duration::hours(6),
    Duration::minutes(45),
    Duration::minutes(90),
    Duration::hours(24),
];

/// How many records the log can hold, so that the control plane cannot fill the memory; the oldest go first.
const MOST_RECORDS: usize = 250_000;

/// How late what the story tells of can be found: soon, so that it is all there when the tenant opens.
const TOLD_LATENESS: Duration = Duration::minutes(5);

/// Makes the identifiers of records that the story tells of their own.
const TOLD: u64 = u64::from_be_bytes(*b"told-of-");

/// The records, in no particular order.
#[derive(Debug, Default)]
pub(crate) struct AuditLog {
    seed: u64,
    records: VecDeque<Arc<Record>>,
    last_number: u64,
    /// How many records the story has told of.
    told: u64,
}

impl AuditLog {
    /// An empty log; `seed` decides the identifiers of its records.
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Something happened to an entity at this time, which may be long ago.
    pub(crate) fn hygiene(&mut self, at: OffsetDateTime, event: Event, entity: String, reason: &str) {
        self.add(at, Occurrence::Hygiene { event, entity, reason: reason.to_owned() });
    }

    /// Somebody ran a cmdlet that changed something; the first parameter names what.
    pub(crate) fn command(
        &mut self,
        at: OffsetDateTime,
        cmdlet: &'static str,
        parameters: Vec<(&'static str, String)>,
        actor: Actor,
    ) {
        self.add(at, Occurrence::Command { cmdlet, parameters, actor });
    }

    /// Somebody changed something about a person in the directory.
    pub(crate) fn directory(
        &mut self,
        at: OffsetDateTime,
        operation: &'static str,
        target: &str,
        changes: Vec<(&'static str, String)>,
        actor: Actor,
    ) {
        self.add(at, Occurrence::Directory { operation, target: target.to_owned(), changes, actor });
    }

    /// What had happened when the tenant opened. It leaves the turns of what happens later as they are.
    pub(crate) fn tell(&mut self, at: OffsetDateTime, occurrence: Occurrence) {
        self.told += 1;
        let id = identifier(self.seed ^ TOLD, self.told);
        self.push(id, at, TOLD_LATENESS, occurrence);
    }

    fn add(&mut self, at: OffsetDateTime, occurrence: Occurrence) {
        let turn = usize::try_from(self.last_number).unwrap_or_default() % LATENESS.len();
        let usual_lateness = LATENESS.get(turn).copied().unwrap_or_default();
        self.last_number += 1;
        self.push(identifier(self.seed, self.last_number), at, usual_lateness, occurrence);
    }

    fn push(&mut self, id: Uuid, at: OffsetDateTime, usual_lateness: Duration, occurrence: Occurrence) {
        if self.records.len() >= MOST_RECORDS {
            self.records.pop_front();
        }
        let at = at.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(at);
        self.records.push_back(Arc::new(Record { id, at, usual_lateness, occurrence }));
    }

    /// What can be found now: what the log still keeps and what has arrived, `lateness` after it happened or, without
    /// one, as late as it usually does.
    pub(crate) fn arrived(
        &self,
        lateness: Option<Duration>,
        now: OffsetDateTime,
    ) -> impl Iterator<Item = &Arc<Record>> {
        let oldest = now.saturating_sub(RETENTION);
        self.records.iter().filter(move |record| {
            let arrives = record.at.saturating_add(lateness.unwrap_or(record.usual_lateness));
            record.at >= oldest && arrives <= now
        })
    }
}

/// The same identifier for the same record of the same story.
fn identifier(seed: u64, number: u64) -> Uuid {
    let digest = Sha256::new().chain_update(seed.to_be_bytes()).chain_update(number.to_be_bytes()).finalize();
    let bytes = digest.first_chunk::<16>().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00:00.75 UTC);

    fn log(records: usize) -> AuditLog {
        let mut log = AuditLog::new(1);
        for _ in 0..records {
            log.hygiene(START, Event::Listed, "ann@contoso.com".into(), "test");
        }
        log
    }

    #[test]
    fn records_arrive_late_and_within_a_day() {
        let log = log(12);
        let found = |after: Duration| log.arrived(None, START + after).count();
        assert_eq!(found(Duration::ZERO), 0);
        assert_eq!(found(Duration::minutes(5)), 2);
        assert_eq!(found(Duration::hours(24) - Duration::SECOND), 10);
        assert_eq!(found(Duration::hours(24)), 12);
        assert_eq!(log.arrived(Some(Duration::ZERO), START).count(), 12);
        assert_eq!(log.arrived(Some(Duration::days(2)), START + Duration::days(1)).count(), 0);
    }

    #[test]
    fn records_are_kept_for_half_a_year() {
        let log = log(1);
        assert_eq!(log.arrived(None, START + RETENTION - Duration::SECOND).count(), 1);
        assert_eq!(log.arrived(None, START + RETENTION).count(), 0);
    }

    #[test]
    fn the_oldest_go_when_the_log_is_full() {
        let log = log(MOST_RECORDS + 3);
        assert_eq!(log.records.len(), MOST_RECORDS);
        assert_eq!(log.records[0].id, identifier(1, 4));
    }

    #[test]
    fn identifiers_come_from_the_seed() {
        assert_eq!(identifier(1, 1), identifier(1, 1));
        assert_ne!(identifier(1, 1), identifier(2, 1));
        assert_ne!(identifier(1, 1), identifier(1, 2));
    }

    #[test]
    fn times_are_whole_seconds() {
        assert_eq!(log(1).records[0].at, datetime!(2026-11-23 08:00 UTC));
    }
}
