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

/// Where somebody who has no business there came from, as restrictions tell of it.
const FOREIGN_ADDRESS: &str = "203.0.113.45";

/// How late what the story tells of can be found: soon, so that it is all there when the tenant opens.
const TOLD_LATENESS: Duration = Duration::minutes(5);

/// Makes the identifiers of records that the story tells of their own.
const TOLD: u64 = u64::from_be_bytes(*b"told-of-");

/// Which part of the service a record comes from; the number is that of its `AuditLogRecordType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordType {
    ExchangeAdmin = 1,
    AzureActiveDirectory = 8,
    AzureActiveDirectoryStsLogon = 15,
    HygieneEvent = 51,
}

impl RecordType {
    pub(crate) const ALL: [Self; 4] =
        [Self::ExchangeAdmin, Self::AzureActiveDirectory, Self::AzureActiveDirectoryStsLogon, Self::HygieneEvent];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ExchangeAdmin => "ExchangeAdmin",
            Self::AzureActiveDirectory => "AzureActiveDirectory",
            Self::AzureActiveDirectoryStsLogon => "AzureActiveDirectoryStsLogon",
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

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    App(Uuid),
    /// By user principal name.
    Person(String),
    /// Somebody else who signed in as this person.
    Intruder(String),
}

impl Actor {
    /// The `UserId` of what it did; how apps are named there is an assumption (?).
    fn user_id(&self) -> String {
        match self {
            Self::App(id) => format!("ServicePrincipal_{id}"),
            Self::Person(name) | Self::Intruder(name) => name.clone(),
        }
    }

    /// The `UserType`: 2 is an administrator, 5 an application.
    fn user_type(&self) -> u8 {
        match self {
            Self::Person(_) => 2,
            // A regular user.
            Self::Intruder(_) => 0,
            Self::App(_) => 5,
        }
    }

    fn address(&self) -> &'static str {
        match self {
            Self::App(_) | Self::Person(_) => ADMIN_ADDRESS,
            Self::Intruder(_) => FOREIGN_ADDRESS,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Occurrence {
    Hygiene {
        event: Event,
        entity: String,
        reason: String,
    },
    // That an admin's unblock stands there, under the name of its cmdlet, is an assumption (?).
    /// Somebody ran a cmdlet that changed something; the first parameter names what.
    Command {
        cmdlet: &'static str,
        parameters: Vec<(&'static str, String)>,
        actor: Actor,
    },
    /// Somebody changed something about a person in the directory; each change is its property and the new value.
    Directory {
        operation: &'static str,
        target: String,
        changes: Vec<(&'static str, String)>,
        actor: Actor,
    },
    SignIn {
        actor: Actor,
    },
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
            Occurrence::Directory { .. } => RecordType::AzureActiveDirectory,
            Occurrence::SignIn { .. } => RecordType::AzureActiveDirectoryStsLogon,
        }
    }

    pub(crate) fn operation(&self) -> &'static str {
        match self.occurrence {
            Occurrence::Hygiene { .. } => "HygieneTenantEvents",
            Occurrence::Command { cmdlet, .. } => cmdlet,
            Occurrence::Directory { operation, .. } => operation,
            Occurrence::SignIn { .. } => "UserLoggedIn",
        }
    }

    /// Who did it; for hygiene events whom it happened to (?).
    pub(crate) fn user_id(&self) -> String {
        match &self.occurrence {
            Occurrence::Hygiene { entity, .. } => entity.clone(),
            Occurrence::Command { actor, .. } | Occurrence::Directory { actor, .. } | Occurrence::SignIn { actor } => {
                actor.user_id()
            }
        }
    }

    /// What an admin changed.
    pub(crate) fn object_id(&self) -> Option<&str> {
        match &self.occurrence {
            Occurrence::Hygiene { .. } | Occurrence::SignIn { .. } => None,
            Occurrence::Directory { target, .. } => Some(target),
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
            "Workload": match self.record_type() {
                RecordType::ExchangeAdmin | RecordType::HygieneEvent => "Exchange",
                RecordType::AzureActiveDirectory | RecordType::AzureActiveDirectoryStsLogon => "AzureActiveDirectory",
            },
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
                "ClientIP": actor.address(),
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
            Occurrence::Directory { target, changes, actor, .. } => json!({
                "ActorIpAddress": actor.address(),
                "ClientIP": actor.address(),
                "ModifiedProperties": changes
                    .iter()
                    .map(|(name, value)| json!({"Name": name, "NewValue": value, "OldValue": ""}))
                    .collect::<Vec<_>>(),
                "ObjectId": target,
                "ResultStatus": "Success",
                "Target": [{"ID": target, "Type": 5}],
                "UserKey": actor.user_id(),
                "UserType": actor.user_type(),
            }),
            Occurrence::SignIn { actor } => json!({
                "ActorIpAddress": actor.address(),
                "ClientIP": actor.address(),
                "ObjectId": "00000002-0000-0ff1-ce00-000000000000",
                "ResultStatus": "Success",
                "UserKey": actor.user_id(),
                "UserType": 0,
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
