//! The question before an unblock: which organization, which entity, why it is blocked, what to do about it, what
//! Microsoft recommends first. Written so that nobody unblocks a compromised account, or in the wrong tenant, by
//! habit.

use time::OffsetDateTime;

use super::{minute, Decision, EntityType, Key};
use crate::connection::Connection;
use crate::evidence::Remembered;
use crate::history::budget::Unblocks;
use crate::host::Confirmation;

/// What is about to be unblocked.
#[derive(Debug)]
pub struct Subject<'a> {
    pub key: &'a Key,
    /// What the admin typed, where the entry is listed by another key.
    pub named: Option<&'a str>,
    pub summary: &'a str,
    pub since: Option<OffsetDateTime>,
    pub connector_name: Option<&'a str>,
    pub decision: &'a Decision,
    /// How often it was unblocked before.
    pub unblocks: &'a Unblocks,
    /// What the evidence says, where it was looked for lately.
    pub evidence: Option<&'a Remembered>,
    /// Why it is unblocked in spite of that.
    pub override_reason: Option<&'a str>,
}

/// The question for `subject`.
pub fn ask(connection: &Connection, subject: &Subject<'_>) -> Confirmation {
    let organization = connection.title();
    let what = match subject.key.entity_type() {
        EntityType::Mailbox => "sender",
        EntityType::Connector => "connector",
    };
    let mut name = subject.key.to_string();
    if let Some(connector) = subject.connector_name {
        name = format!("{connector} ({name})");
    }
    let listed = subject.named.map(|named| format!(" (listed so; {named} is the same person)")).unwrap_or_default();
    let since = subject.since.and_then(minute).map(|since| format!(", restricted since {since}")).unwrap_or_default();
    let before = match subject.unblocks.times.is_empty() {
        true => String::new(),
        false => format!("Before:       {}\n", subject.unblocks),
    };
    let evidence = subject.evidence.map(told).unwrap_or_default();
    let spite = subject.override_reason.map(|reason| format!("Override:     {reason}\n")).unwrap_or_default();
    let checks = match subject.key {
        Key::Sender(_) => sender_checks(connection),
        Key::Connector(_) => CONNECTOR_CHECKS.to_owned(),
    };
    Confirmation {
        caption: format!("Unblock a restricted {what} in {organization}"),
        description: format!("Unblock the {what} {name} in {organization}. Why it is blocked: {}", subject.summary),
        question: format!(
            "Organization: {organization}\n\
             Entity:       {name}{listed}{since}\n\
             Why:          {}\n\
             Advice:       {}\n\
             {before}{evidence}{spite}{checks}\n\
             Unblock this {what}?",
            subject.summary,
            subject.decision.recommendation()
        ),
    }
}

/// The verdict, and when it was found.
fn told(evidence: &Remembered) -> String {
    let at = minute(evidence.at).map(|at| format!(" ({at})")).unwrap_or_default();
    format!("Evidence:     {}{at}. {}\n", evidence.verdict.name(), evidence.summary)
}

fn sender_checks(connection: &Connection) -> String {
    let portals = &connection.cloud().portals;
    format!(
        "Microsoft recommends before the unblock:\n\
         1. Turn on multi-factor authentication: {}\n\
         2. Change the password: {}",
        portals.multi_factor_authentication, portals.password
    )
}

const CONNECTOR_CHECKS: &str = "Check before the unblock:\n\
     1. Who changed the connector last, and whether they should have\n\
     2. Its certificate or source addresses: are all of them yours?\n\
     3. What was relayed through it (message trace)";
