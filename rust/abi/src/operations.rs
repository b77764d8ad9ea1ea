//! The table of operations: what each is called, what it takes, and what of the core it runs.

mod connect;
mod describe;
mod error_code;
mod get;
mod history;
mod journal;
mod measure;
mod panic;
mod protect_account;
mod read_reply;
mod report;
mod sending_limit;
mod test;
mod test_account;
mod unblock;
mod wait;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use restricted_sender_core::error::Result;
use restricted_sender_core::evidence::Verdict;
use restricted_sender_core::host::{Host, Input};
use restricted_sender_core::restriction::{Action, Circumstances, EntityType, Known, Policy, Target, UnblockHistory};

use crate::border::misuse;
use crate::cell::RsCellType;
use crate::fields::{Field, Fields};
use crate::session::Session;

/// An operation that can be prepared.
pub struct Spec {
    /// Its name: the cmdlet's in lower case, where a cmdlet starts it.
    pub name: &'static str,
    /// What can be bound before the start.
    pub parameters: &'static [Field],
    /// What an item of its input has; empty for operations without input.
    pub input: &'static [Field],
    /// Whether it works on a connection.
    pub needs_connection: bool,
    /// The work.
    pub start: fn(Start) -> Work,
}

/// What the work begins with.
pub struct Start {
    pub session: Arc<Session>,
    pub parameters: Fields,
    pub host: Host,
}

/// The work, to be run as a task.
pub type Work = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

const ALL: &[&Spec] = &[
    &connect::CONNECT,
    &connect::STATUS,
    &connect::CHECK,
    &get::GET,
    &describe::DESCRIBE,
    &test::TEST,
    &test_account::TEST,
    &protect_account::PROTECT,
    &unblock::UNBLOCK,
    &wait::WAIT,
    &history::GET,
    &sending_limit::GET,
    &journal::TEST,
    &measure::MEASURE,
    &error_code::GET,
    &report::CONVERT,
    &report::CODES,
    &read_reply::READ,
    &panic::PANIC,
];

/// The operation of that name.
pub fn find(name: &str) -> Option<&'static Spec> {
    ALL.iter().copied().find(|spec| spec.name == name)
}

/// The entity type that is bound.
///
/// # Errors
/// [`Misuse`](restricted_sender_core::error::Code::Misuse) for a name of none.
fn entity_type(parameters: &mut Fields) -> Result<Option<EntityType>> {
    let Some(name) = parameters.text("EntityType") else { return Ok(None) };
    let unknown = || misuse(&format!("there is no entity type '{name}'; there are Mailbox and Connector"));
    EntityType::named(&name).map(Some).ok_or_else(unknown)
}

/// What names an entity, for every operation that takes such input.
const TARGET: &[Field] = &[
    ("SenderAddress", RsCellType::Text),
    ("ConnectorId", RsCellType::Text),
    ("EntityType", RsCellType::Text),
    ("TenantId", RsCellType::Text),
    // An object of the list itself: its key needs no looking up.
    ("Listed", RsCellType::Bool),
    ("Reason", RsCellType::Text),
    ("RestrictedSince", RsCellType::Ticks),
    ("ConnectorName", RsCellType::Text),
    ("TemporaryBlock", RsCellType::Bool),
    ("ExpirationTime", RsCellType::Ticks),
    ("OutboundPolicy", RsCellType::Text),
    ("ActionWhenThresholdReached", RsCellType::Text),
    ("PolicyChanged", RsCellType::Ticks),
    ("UnblockRequestedAt", RsCellType::Ticks),
    ("UnblockCount", RsCellType::Int64),
    ("UnblockRefused", RsCellType::Bool),
    ("Evidence", RsCellType::Text),
    // An unblock that was sent earlier.
    ("RequestedAt", RsCellType::Ticks),
    // The From address of a message.
    ("From", RsCellType::Text),
];

/// A text, for every operation that takes such input.
const TEXT: &[Field] = &[("Text", RsCellType::Text)];

/// What an item of the input of an operation is.
pub fn input(spec: &Spec, item: &mut Fields) -> Input {
    match spec.input {
        [(name, _)] if spec.input == TEXT => Input::Text(item.text(name).unwrap_or_default()),
        _ => Input::Target(target(item)),
    }
}

/// What an item of input names.
fn target(item: &mut Fields) -> Target {
    let known = item.flag("Listed").then(|| known(item));
    Target {
        sender_address: item.text("SenderAddress"),
        connector_id: item.text("ConnectorId"),
        // An object of somebody else's may mean other things by it.
        entity_type: item.text("EntityType").and_then(|name| EntityType::named(&name)),
        tenant_id: item.text("TenantId"),
        known,
        requested_at: item.moment("RequestedAt"),
        from: item.text("From"),
    }
}

/// What an object of the list tells of its entry.
fn known(item: &mut Fields) -> Known {
    Known {
        reason: item.text("Reason").unwrap_or_default(),
        since: item.moment("RestrictedSince"),
        connector_name: item.text("ConnectorName"),
        temporary_block: item.truth("TemporaryBlock"),
        expiration: item.moment("ExpirationTime"),
        circumstances: circumstances(item),
    }
}

/// What was known besides the list when the object was read.
fn circumstances(item: &mut Fields) -> Circumstances {
    let action = item.text("ActionWhenThresholdReached").and_then(|action| Action::named(&action));
    let (name, changed) = (item.text("OutboundPolicy"), item.moment("PolicyChanged"));
    let policy = action.zip(changed).map(|(action, changed)| Policy { name, action, changed });
    let count = item.int("UnblockCount").and_then(|count| u32::try_from(count).ok());
    let (requested_at, refused) = (item.moment("UnblockRequestedAt"), item.flag("UnblockRefused"));
    let unblocks = count.map(|count| UnblockHistory { requested_at, count, refused });
    let evidence = item.text("Evidence").and_then(|evidence| Verdict::named(&evidence));
    Circumstances { policy, unblocks, evidence }
}
