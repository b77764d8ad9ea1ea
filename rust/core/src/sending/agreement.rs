//! Whether what was counted agrees with the list of restricted entities.

use std::collections::HashMap;

use restricted_sender_limits::{Limit, ServiceLimits};
use time::OffsetDateTime;

use super::sender::Sending;
use crate::connection::Connection;
use crate::error::Result;
use crate::host::Host;
use crate::reason::BlockType;
use crate::restriction::{EntityType, List, Restriction};

/// The senders that are listed, in lower case.
#[derive(Debug)]
pub struct Listed(HashMap<String, Entry>);

#[derive(Debug)]
struct Entry {
    /// The class of its reason.
    block_type: BlockType,
    /// The limit that the reason names, in lower case.
    limit_type: Option<String>,
    since: Option<OffsetDateTime>,
}

/// What the list says of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The class of the reason that it is listed for; nothing where it is not listed.
    pub block_type: Option<BlockType>,
    /// Whether the trace tells the same; nothing where it cannot: what makes mail spam is not in a trace.
    pub agrees: Option<bool>,
}

impl Listed {
    /// Asks for the list.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    pub async fn read(connection: &Connection, host: &Host) -> Result<Self> {
        let mut list = List::new(connection, host);
        let entries = list.entries(EntityType::Mailbox).await?;
        let read = |entry: &Restriction| {
            let address = entry.key.sender_address()?.to_lowercase();
            let limit_type = entry.reason.limit_type.as_ref().map(|limit| limit.to_lowercase());
            Some((address, Entry { block_type: entry.block_type, limit_type, since: entry.created }))
        };
        Ok(Self(entries.iter().filter_map(read).collect()))
    }

    /// Since when an address is listed, as far as the list says it.
    pub fn since(&self, address: &str) -> Option<OffsetDateTime> {
        self.0.get(&address.to_lowercase())?.since
    }

    /// What it says of a sender, who may be listed by any of their addresses.
    pub fn of(&self, sending: &Sending, addresses: &[String], service: &ServiceLimits) -> Agreement {
        let listed = || addresses.iter().find_map(|address| self.0.get(&address.to_lowercase()));
        let Some(Entry { block_type, limit_type, .. }) = self.0.get(&sending.sender).or_else(listed) else {
            // Whoever was blocked may have been unblocked since; who only alerts is never listed.
            return Agreement { block_type: None, agrees: None };
        };
        let tripped = sending.tripped.map(|tripped| tripped.limit);
        let agrees = match block_type {
            // Who is over a limit of the policy already trips no other.
            BlockType::RecipientRate => Some(sending.peaks.recipients_per_24_hours.count >= service.recipient_rate),
            BlockType::PolicyLimit => Some(match (tripped, limit_type.as_deref()) {
                (Some(Limit::ExternalPerHour), limit) => limit.is_none_or(|limit| limit.contains("external")),
                (Some(Limit::InternalPerHour), limit) => limit.is_none_or(|limit| limit.contains("internal")),
                (Some(Limit::RecipientsPerDay), _) => true,
                _ => false,
            }),
            BlockType::Spam | BlockType::Connector | BlockType::Unknown => None,
        };
        Agreement { block_type: Some(*block_type), agrees }
    }
}
