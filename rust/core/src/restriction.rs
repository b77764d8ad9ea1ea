//! Restricted entities: mailboxes and connectors that Microsoft 365 keeps from sending. List them, ask about one,
//! unblock them.

mod confirmation;
mod get;
mod identity;
mod list;
mod pattern;
mod state;
mod target;
mod unblock;

use std::sync::Arc;

use time::OffsetDateTime;
use uuid::Uuid;

pub use get::{get, read, Query};
pub use state::{test, SenderState, State};
pub use target::{Known, Target};
pub use unblock::{unblock, Outcome, UnblockOptions, UnblockResult};

use crate::connection::Origin;
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

    /// The connector's id, if it is one.
    #[must_use]
    pub fn connector_id(&self) -> Option<String> {
        match self {
            Self::Sender(_) => None,
            Self::Connector(id) => Some(id.to_string()),
        }
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
    /// The service's reason, as it came; empty when it gives none.
    pub reason: String,
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
    /// Where it comes from.
    pub origin: Arc<Origin>,
    /// The organization's id, where the entry itself names one.
    pub tenant_id: Option<String>,
    /// Whatever else the service said, under its own names.
    pub others: Vec<(String, Value)>,
}

impl Restriction {
    /// Reads a row of `Get-BlockedSenderAddress`; `None` when it has no address.
    fn of_sender(mut record: Record, origin: &Arc<Origin>) -> Option<Self> {
        let key = Key::Sender(record.take_text("SenderAddress")?);
        let created = record.take_date("CreatedDatetime");
        Some(Self::read(key, created, record, origin))
    }

    /// Reads a row of `Get-BlockedConnector`; `None` when it has no id.
    fn of_connector(mut record: Record, origin: &Arc<Origin>) -> Option<Self> {
        let key = Key::Connector(Uuid::parse_str(&record.take_text("ConnectorId")?).ok()?);
        let created = record.take_date("CreatedTime");
        Some(Self::read(key, created, record, origin))
    }

    fn read(key: Key, created: Option<OffsetDateTime>, mut record: Record, origin: &Arc<Origin>) -> Self {
        let text = record.take_text("Reason").unwrap_or_default();
        let reason = Reason::parse(&text);
        Self {
            block_type: match key {
                Key::Sender(_) => reason.block_type(),
                Key::Connector(_) => BlockType::Connector,
            },
            summary: reason.summary(),
            key,
            created,
            changed: record.take_date("ChangedDatetime"),
            temporary_block: record.take_bool("TemporaryBlock"),
            connector_name: record.take_text("ConnectorName"),
            expiration: record.take_date("ExpirationTime"),
            tenant_id: record.take_text("TenantId"),
            reason: text,
            origin: origin.clone(),
            others: record.rest(),
        }
    }
}
