//! What Exchange tells of the organization's mail flow, and of who changed what.

use std::net::IpAddr;

use serde_json::Value as Json;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{date, text};
use crate::exchange::Record;

/// A mail flow rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportRule {
    pub name: String,
    pub enabled: bool,
    pub changed: Option<OffsetDateTime>,
    /// What it does with the mail that takes it elsewhere.
    pub diverts: Vec<String>,
}

impl TransportRule {
    pub fn read(mut row: Record) -> Self {
        let mut diverts = Vec::new();
        for action in [
            "RedirectMessageTo",
            "BlindCopyTo",
            "CopyTo",
            "AddToRecipients",
            "RouteMessageOutboundConnector",
            "DeleteMessage",
            "Quarantine",
        ] {
            let to: Vec<_> = row
                .take_texts(action)
                .into_iter()
                .filter(|to| !to.is_empty() && !to.eq_ignore_ascii_case("false"))
                .collect();
            if !to.is_empty() {
                diverts.push(format!("{action} {}", to.join(", ")));
            }
        }
        Self {
            name: ["Name", "Identity"].iter().find_map(|id| row.take_text(id)).unwrap_or_default(),
            enabled: !row.take_text("State").is_some_and(|state| state.eq_ignore_ascii_case("Disabled")),
            changed: row.take_date("WhenChanged"),
            diverts,
        }
    }
}

/// A connector.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connector {
    pub id: Option<Uuid>,
    pub name: String,
    pub inbound: bool,
    pub enabled: bool,
    pub on_premises: bool,
    pub changed: Option<OffsetDateTime>,
    /// The name that the certificate of who sends must have.
    pub certificate: Option<String>,
    pub restricts_to_certificate: bool,
    pub restricts_to_addresses: bool,
    pub addresses: Vec<String>,
    pub sender_domains: Vec<String>,
}

impl Connector {
    pub fn read(mut row: Record, inbound: bool) -> Self {
        let id = ["Guid", "ConnectorId", "ExchangeObjectId", "Id"].iter().find_map(|id| row.take_text(id));
        let kind = row.take_text("ConnectorType").unwrap_or_default();
        Self {
            id: id.and_then(|id| Uuid::parse_str(&id).ok()),
            name: ["Name", "Identity"].iter().find_map(|id| row.take_text(id)).unwrap_or_default(),
            inbound,
            enabled: row.take_bool("Enabled").unwrap_or(true),
            on_premises: kind.eq_ignore_ascii_case("OnPremises"),
            changed: row.take_date("WhenChangedUTC").or_else(|| row.take_date("WhenChanged")),
            certificate: row.take_text("TlsSenderCertificateName"),
            restricts_to_certificate: row.take_bool("RestrictDomainsToCertificate") == Some(true)
                || row.take_bool("RequireTls") == Some(true),
            restricts_to_addresses: row.take_bool("RestrictDomainsToIPAddresses") == Some(true),
            addresses: row.take_texts("SenderIPAddresses"),
            sender_domains: row.take_texts("SenderDomains"),
        }
    }
}

/// A message that was sent, to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub at: Option<OffsetDateTime>,
    pub sender: String,
    pub subject: String,
    pub from: Option<IpAddr>,
}

impl Sent {
    pub fn read(mut row: Record) -> Self {
        Self {
            at: row.take_date("Received"),
            sender: row.take_text("SenderAddress").unwrap_or_default(),
            subject: row.take_text("Subject").unwrap_or_default(),
            from: row.take_text("FromIP").and_then(|address| address.parse().ok()),
        }
    }
}

/// Who changed what, as the audit log tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub at: OffsetDateTime,
    pub operation: String,
    pub who: String,
    /// The whole record in lower case: each workload has members of its own for what was changed.
    pub record: String,
}

impl Change {
    /// Nothing for a record without a time.
    pub fn read(mut row: Record) -> Option<Self> {
        let record = row.take_text("AuditData").unwrap_or_default();
        let data: Json = serde_json::from_str(&record).unwrap_or_default();
        Some(Self {
            at: row.take_date("CreationDate").or_else(|| date(&data, "CreationTime"))?,
            operation: text(&data, "Operation").or_else(|| row.take_text("Operations")).unwrap_or_default(),
            who: text(&data, "UserId").or_else(|| row.take_text("UserIds")).unwrap_or_default(),
            record: record.to_lowercase(),
        })
    }

    /// Whether it is about something that has one of these names.
    pub fn mentions<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> bool {
        names.into_iter().any(|name| {
            // JSON doubles backslashes.
            let name = name.to_lowercase().replace('\\', "\\\\");
            !name.is_empty() && self.record.contains(&name)
        })
    }
}
