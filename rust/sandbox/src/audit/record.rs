//! One record of the audit log: what happened, who did it, and how that is written down.

use serde_json::{json, Map, Value};
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// What wrote the hygiene events, in its own words (?).
const HYGIENE_SERVICE: &str = "OBP2SenderRepService";

/// Where admins' commands came from: an address of a network reserved for documentation.
const ADMIN_ADDRESS: &str = "198.51.100.24";

const AUDIT_TIME: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// Where somebody who has no business there came from, as restrictions tell of it.
const FOREIGN_ADDRESS: &str = "203.0.113.45";

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
    pub(super) usual_lateness: Duration,
    pub(super) occurrence: Occurrence,
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
