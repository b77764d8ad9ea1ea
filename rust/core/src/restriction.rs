//! Restricted entities: mailboxes and connectors that Microsoft 365 keeps from sending. List them, ask about one,
//! unblock them.

mod circumstances;
mod confirmation;
mod decision;
mod description;
mod get;
mod identity;
mod list;
mod outcome;
mod past;
mod pattern;
mod proof;
mod recorded;
mod requests;
mod sightings;
mod state;
mod target;
mod trace_window;
mod unblock;
mod wait;
mod waiting;

use std::sync::Arc;

pub use restricted_sender_limits::Action;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

pub use decision::{Basis, Case, Circumstances, Decision, NextStep, Policy, UnblockHistory, Until};
pub use description::Description;
pub use get::{get, read, Query};
pub use outcome::{Outcome, UnblockResult};
pub use proof::{Proof, Proven, TestMessage};
pub(crate) use recorded::{Deed, Recorder};
pub(crate) use requests::Requests;
pub use state::{test, SenderState, State};
pub use target::{Known, Target};
pub use trace_window::TraceWindow;
pub use unblock::{unblock, UnblockOptions};
pub use wait::{wait, WaitOptions};

pub(crate) use identity::Addresses;
pub(crate) use list::{same, Finding, List};
pub(crate) use pattern::Pattern;
pub(crate) use target::{check_address, Named};

use crate::connection::Origin;
use crate::evidence::Verdict;
use crate::exchange::{Record, Value};
use crate::reason::{BlockType, Reason};

/// What kind of entity is restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityType {
    /// A sender, listed by an address: a mailbox's user principal name, any other sender's SMTP address.
    Mailbox,
    /// A mail connector, listed by its id.
    Connector,
}

impl EntityType {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mailbox => "Mailbox",
            Self::Connector => "Connector",
        }
    }

    /// The class of a restriction of such an entity that has this reason.
    #[must_use]
    pub fn block_type(self, reason: &Reason) -> BlockType {
        match self {
            Self::Mailbox => reason.block_type,
            Self::Connector => BlockType::Connector,
        }
    }

    /// The type of that name, without regard to case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::Mailbox, Self::Connector].into_iter().find(|kind| kind.name().eq_ignore_ascii_case(name))
    }
}

/// What the service lists an entity by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// An address; compared without regard to case.
    Sender(String),
    /// A connector's id.
    Connector(Uuid),
}

impl Key {
    /// Which kind of entity it names.
    #[must_use]
    pub fn entity_type(&self) -> EntityType {
        match self {
            Self::Sender(_) => EntityType::Mailbox,
            Self::Connector(_) => EntityType::Connector,
        }
    }

    /// The address, if it is one.
    #[must_use]
    pub fn sender_address(&self) -> Option<&str> {
        match self {
            Self::Sender(address) => Some(address),
            Self::Connector(_) => None,
        }
    }

    /// The class of a restriction that has this key and that reason.
    #[must_use]
    pub fn block_type(&self, reason: &Reason) -> BlockType {
        self.entity_type().block_type(reason)
    }

    /// The connector's id, if it is one.
    #[must_use]
    pub fn connector_id(&self) -> Option<String> {
        match self {
            Self::Sender(_) => None,
            Self::Connector(id) => Some(id.to_string()),
        }
    }

    /// The key as a text that is the same for all that name the same entry.
    pub(crate) fn folded(&self) -> String {
        self.to_string().to_ascii_lowercase()
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sender(address) => f.write_str(address),
            Self::Connector(id) => id.fmt(f),
        }
    }
}

/// An entry of the organization's list of restricted entities: all that the service says, and what it means.
#[derive(Debug, Clone)]
pub struct Restriction {
    /// What the service lists it by.
    pub key: Key,
    /// The service's reason, with its text as it came.
    pub reason: Reason,
    /// `CreatedDatetime` of a sender, `CreatedTime` of a connector.
    pub created: Option<OffsetDateTime>,
    /// `ChangedDatetime` of a sender.
    pub changed: Option<OffsetDateTime>,
    /// `TemporaryBlock` of a sender.
    pub temporary_block: Option<bool>,
    /// `ConnectorName` of a connector.
    pub connector_name: Option<String>,
    /// `ExpirationTime` of a connector.
    pub expiration: Option<OffsetDateTime>,
    /// The class of the reason.
    pub block_type: BlockType,
    /// One line that says why.
    pub summary: String,
    /// The primary SMTP address of who is listed, where the directory was asked.
    pub primary_smtp_address: Option<String>,
    /// What to do about it, as decided when it was read.
    pub decision: Decision,
    /// What the decision rests on besides the list, where anything is known.
    pub circumstances: Option<Box<Circumstances>>,
    /// When it was read, by the connection's clock.
    pub listed_at: OffsetDateTime,
    /// Where it comes from.
    pub origin: Arc<Origin>,
    /// The organization's id, where the entry itself names one.
    pub tenant_id: Option<String>,
    /// Whatever else the service said, under its own names.
    pub others: Vec<(String, Value)>,
}

impl Restriction {
    /// Reads a row of `Get-BlockedSenderAddress`; `None` when it has no address.
    fn of_sender(mut record: Record, origin: &Arc<Origin>, now: OffsetDateTime) -> Option<Self> {
        let key = Key::Sender(record.take_text("SenderAddress")?);
        let created = record.take_date("CreatedDatetime");
        Some(Self::read(key, created, record, origin, now))
    }

    /// Reads a row of `Get-BlockedConnector`; `None` when it has no id.
    fn of_connector(mut record: Record, origin: &Arc<Origin>, now: OffsetDateTime) -> Option<Self> {
        let key = Key::Connector(Uuid::parse_str(&record.take_text("ConnectorId")?).ok()?);
        let created = record.take_date("CreatedTime");
        Some(Self::read(key, created, record, origin, now))
    }

    fn read(
        key: Key,
        created: Option<OffsetDateTime>,
        mut record: Record,
        origin: &Arc<Origin>,
        now: OffsetDateTime,
    ) -> Self {
        let reason = Reason::parse(record.take_text("Reason").unwrap_or_default());
        let case = Case {
            block_type: key.block_type(&reason),
            since: created,
            temporary_block: record.take_bool("TemporaryBlock"),
            expiration: record.take_date("ExpirationTime"),
        };
        Self {
            block_type: case.block_type,
            summary: reason.summary(),
            primary_smtp_address: None,
            decision: Decision::of(&case, &Circumstances::default(), now),
            circumstances: None,
            listed_at: now,
            key,
            reason,
            created,
            changed: record.take_date("ChangedDatetime"),
            temporary_block: case.temporary_block,
            connector_name: record.take_text("ConnectorName"),
            expiration: case.expiration,
            tenant_id: record.take_text("TenantId"),
            origin: Arc::clone(origin),
            others: record.rest(),
        }
    }

    /// Its key, and what an object of the list tells of it.
    pub(crate) fn into_known(self) -> (Key, Known) {
        let known = Known {
            reason: self.reason.text,
            since: self.created,
            connector_name: self.connector_name,
            temporary_block: self.temporary_block,
            expiration: self.expiration,
            circumstances: self.circumstances.map(|known| *known).unwrap_or_default(),
        };
        (self.key, known)
    }

    /// What [`Decision::of`] needs to know of it, to decide again when more has become known.
    #[must_use]
    pub fn case(&self) -> Case {
        Case {
            block_type: self.block_type,
            since: self.created,
            temporary_block: self.temporary_block,
            expiration: self.expiration,
        }
    }

    /// The outbound spam policy that applies, where it is known and has blocked.
    #[must_use]
    pub fn policy(&self) -> Option<&Policy> {
        self.circumstances.as_ref()?.policy.as_ref()
    }

    /// What the checks of it have said, where they were made over this connection.
    #[must_use]
    pub fn evidence(&self) -> Option<Verdict> {
        self.circumstances.as_ref()?.evidence
    }

    /// The unblocks so far, where any is known.
    #[must_use]
    pub fn unblocks(&self) -> Option<&UnblockHistory> {
        self.circumstances.as_ref()?.unblocks.as_ref()
    }

    /// Where multi-factor authentication is set up, if it is a sender.
    #[must_use]
    pub fn mfa_url(&self) -> Option<&str> {
        self.key.sender_address().map(|_| self.origin.portals.multi_factor_authentication.as_str())
    }

    /// Where the password is reset, if it is a sender.
    #[must_use]
    pub fn password_url(&self) -> Option<&str> {
        self.key.sender_address().map(|_| self.origin.portals.password.as_str())
    }
}

/// A moment in UTC; nothing at the very ends of the calendar, which stand for no moment anyway.
fn utc(moment: OffsetDateTime) -> Option<OffsetDateTime> {
    moment.checked_to_offset(UtcOffset::UTC)
}

/// A moment as the admin reads it.
pub(crate) fn minute(moment: OffsetDateTime) -> Option<String> {
    utc(moment)?.format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC")).ok()
}

/// A moment as Microsoft Support reads it.
pub(crate) fn second(moment: OffsetDateTime) -> Option<String> {
    utc(moment)?.format(format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC")).ok()
}
