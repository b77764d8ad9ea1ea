//! Delivery reports ("bounces") from files and texts, without a connection. What a report says is read by
//! `restricted-sender-ndr`; this is the file work: folders of any size, several files at a time, in order.

mod codes;
mod job;
mod read;
mod source;

use std::sync::Arc;

pub use codes::codes;
pub use read::read;
pub use restricted_sender_ndr::{Class, Known, Report};
pub use source::{Source, Text};

use crate::restriction::EntityType;

/// A row of the table of codes.
pub type NonDeliveryCode = &'static restricted_sender_ndr::code::table::Row;

/// What one report says about one recipient.
#[derive(Debug, Clone)]
pub struct NonDeliveryReport {
    /// What it says.
    pub report: Report,
    /// The file that it is from; nothing where a text was given.
    pub source: Option<Arc<str>>,
}

impl NonDeliveryReport {
    /// What kind of entity is restricted, where one is: a report about a connector must never unblock the sender that it
    /// names, too.
    #[must_use]
    pub fn entity_type(&self) -> Option<EntityType> {
        match self.report.class() {
            Class::RestrictedSender => Some(EntityType::Mailbox),
            Class::RestrictedConnector => Some(EntityType::Connector),
            _ => None,
        }
    }
}
