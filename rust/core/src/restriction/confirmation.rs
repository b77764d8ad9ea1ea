//! The question before an unblock: which organization, which entity, why it is blocked, what Microsoft recommends
//! first. Written so that nobody unblocks a compromised account, or in the wrong tenant, by habit.

use time::macros::format_description;
use time::OffsetDateTime;

use super::{EntityType, Key};
use crate::connection::Connection;
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
    let advice = match subject.key {
        Key::Sender(_) => mailbox_advice(connection),
        Key::Connector(_) => CONNECTOR_ADVICE.to_owned(),
    };
    Confirmation {
        caption: format!("Unblock a restricted {what} in {organization}"),
        description: format!("Unblock the {what} {name} in {organization}. Why it is blocked: {}", subject.summary),
        question: format!(
            "Organization: {organization}\n\
             Entity:       {name}{listed}{since}\n\
             Why:          {}\n\
             {advice}\n\
             Unblock this {what}?",
            subject.summary
        ),
    }
}

fn mailbox_advice(connection: &Connection) -> String {
    let cloud = connection.exchange().cloud();
    format!(
        "Microsoft recommends before the unblock:\n\
         1. Turn on multi-factor authentication: {}\n\
         2. Change the password: {}",
        cloud.multi_factor_authentication, cloud.password
    )
}

const CONNECTOR_ADVICE: &str = "Check before the unblock:\n\
     1. Who changed the connector last, and whether they should have\n\
     2. Its certificate or source addresses: are all of them yours?\n\
     3. What was relayed through it (message trace)";

fn minute(moment: OffsetDateTime) -> Option<String> {
    moment.to_offset(time::UtcOffset::UTC).format(format_description!("[year]-[month]-[day] [hour]:[minute] UTC")).ok()
}
