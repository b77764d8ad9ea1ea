//! The unified audit log: what was restricted and what left the list, and what admins did about it. Pure: takes the
//! time as an argument.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{json, Map, Value};
use sha2::{Digest, Sha256};
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};
use uuid::Uuid;

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

/// What wrote the hygiene events, in its own words (?).
const HYGIENE_SERVICE: &str = "OBP2SenderRepService";

/// Where admins' commands came from: an address of a network reserved for documentation.
const ADMIN_ADDRESS: &str = "198.51.100.24";

const AUDIT_TIME: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// Which part of the service a record comes from; the number is that of its `AuditLogRecordType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordType {
    ExchangeAdmin = 1,
    HygieneEvent = 51,
}

impl RecordType {
    pub(crate) const ALL: [Self; 2] = [Self::ExchangeAdmin, Self::HygieneEvent];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ExchangeAdmin => "ExchangeAdmin",
            Self::HygieneEvent => "HygieneEvent",
        }
    }
}

/// What happened to an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Listed,
    Delisted,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Listed => "Listed",
            Self::Delisted => "Delisted",
        }
    }

    /// The service numbers its events; the numbers are ours (?).
    fn id(self) -> u8 {
        match self {
            Self::Listed => 1,
            Self::Delisted => 2,
        }
    }
}

/// Who ran a cmdlet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    App(Uuid),
    /// By user principal name.
    Person(String),
}

impl Actor {
    /// The `UserId` of what it did; how apps are named there is an assumption (?).
    fn user_id(&self) -> String {
        match self {
            Self::App(id) => format!("ServicePrincipal_{id}"),
            Self::Person(name) => name.clone(),
        }
    }

    /// The `UserType`: 2 is an administrator, 5 an application.
    fn user_type(&self) -> u8 {
        match self {
            Self::Person(_) => 2,
            Self::App(_) => 5,
        }
    }
}

#[derive(Clone, Debug)]
enum Occurrence {
    Hygiene { event: Event, entity: String, reason: String },
    // That an admin's unblock stands there, under the name of its cmdlet, is an assumption (?).
    Command { cmdlet: &'static str, parameters: Vec<(&'static str, String)>, actor: Actor },
}

/// One record.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: Uuid,
    /// To the second, as records show it.
    pub(crate) at: OffsetDateTime,
    usual_lateness: Duration,
    occurrence: Occurrence,
}

impl Record {
    pub(crate) fn record_type(&self) -> RecordType {
        match self.occurrence {
            Occurrence::Hygiene { .. } => RecordType::HygieneEvent,
            Occurrence::Command { .. } => RecordType::ExchangeAdmin,
        }
    }

    pub(crate) fn operation(&self) -> &'static str {
        match self.occurrence {
            Occurrence::Hygiene { .. } => "HygieneTenantEvents",
            Occurrence::Command { cmdlet, .. } => cmdlet,
        }
    }

    /// Who did it; for hygiene events whom it happened to (?).
    pub(crate) fn user_id(&self) -> String {
        match &self.occurrence {
            Occurrence::Hygiene { entity, .. } => entity.clone(),
            Occurrence::Command { actor, .. } => actor.user_id(),
        }
    }

    /// What an admin changed.
    pub(crate) fn object_id(&self) -> Option<&str> {
        match &self.occurrence {
            Occurrence::Hygiene { .. } => None,
            Occurrence::Command { parameters, .. } => parameters.first().map(|(_, value)| value.as_str()),
        }
    }

    /// The property AuditData: JSON text, members in no particular order.
    pub(crate) fn audit_data(&self, organization: &Organization) -> String {
        let mut data = json!({
            "CreationTime": self.at.format(AUDIT_TIME).unwrap_or_default(),
            "Id": self.id.to_string(),
            "Operation": self.operation(),
            "OrganizationId": organization.id.to_string(),
            "RecordType": self.record_type() as u8,
            "UserId": self.user_id(),
            "Version": 1,
            "Workload": "Exchange",
        });
        if let Value::Object(members) = &mut data {
            members.extend(self.own_members(organization));
        }
        data.to_string()
    }

    fn own_members(&self, organization: &Organization) -> Map<String, Value> {
        let members = match &self.occurrence {
            Occurrence::Hygiene { event, entity, reason } => json!({
                "Audit": HYGIENE_SERVICE,
                "Event": event.name(),
                "EventId": event.id(),
                "EventValue": entity,
                "Reason": reason,
                "ResultStatus": "Succeeded",
                "UserKey": HYGIENE_SERVICE,
                "UserType": 4,
            }),
            Occurrence::Command { parameters, actor, .. } => json!({
                "AppId": if let Actor::App(id) = actor { id.to_string() } else { String::new() },
                "ClientIP": ADMIN_ADDRESS,
                "ExternalAccess": false,
                "ObjectId": self.object_id(),
                "OrganizationName": organization.name,
                "Parameters": parameters
                    .iter()
                    .map(|(name, value)| json!({"Name": name, "Value": value}))
                    .collect::<Vec<_>>(),
                "ResultStatus": "True",
                "UserKey": actor.user_id(),
                "UserType": actor.user_type(),
            }),
        };
        if let Value::Object(members) = members {
            members
        } else {
            Map::new()
        }
    }
}

/// Whose log it is.
#[derive(Clone, Debug)]
pub(crate) struct Organization {
    pub(crate) id: Uuid,
    pub(crate) name: String,
}

/// The records, in no particular order.
#[derive(Debug, Default)]
pub(crate) struct AuditLog {
    seed: u64,
    records: VecDeque<Arc<Record>>,
    last_number: u64,
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

    fn add(&mut self, at: OffsetDateTime, occurrence: Occurrence) {
        if self.records.len() >= MOST_RECORDS {
            self.records.pop_front();
        }
        let turn = usize::try_from(self.last_number).unwrap_or_default() % LATENESS.len();
        let usual_lateness = LATENESS.get(turn).copied().unwrap_or_default();
        self.last_number += 1;
        let at = at.to_offset(UtcOffset::UTC).replace_nanosecond(0).unwrap_or(at);
        let id = identifier(self.seed, self.last_number);
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
