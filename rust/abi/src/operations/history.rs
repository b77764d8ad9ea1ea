//! `Get-RestrictedSenderHistory`.

use std::path::PathBuf;

use restricted_sender_core::error::Result;
use restricted_sender_core::history::{asked, from_files, from_service, in_order, journal, Files, JournalPlace, Query};
use restricted_sender_core::restriction::Target;
use time::OffsetDateTime;

use super::{Spec, Start};
use crate::cell::RsCellType;
use crate::fields::Fields;

pub const GET: Spec = Spec {
    name: "get-restricted-sender-history",
    parameters: &[
        ("SenderAddress", RsCellType::List),
        ("ConnectorId", RsCellType::List),
        ("StartDate", RsCellType::Ticks),
        ("EndDate", RsCellType::Ticks),
        ("Summary", RsCellType::Bool),
        // Exports of the audit log; without any, the service is asked, where there is a connection.
        ("Path", RsCellType::List),
        // A folder of journals; without it, the place where journals are kept.
        ("JournalPath", RsCellType::Text),
        // Whether it is an error that there is no journal.
        ("JournalExpected", RsCellType::Bool),
    ],
    input: &[],
    needs_connection: false,
    start: |start| Box::pin(get(start)),
};

/// Without exports, an organization that is connected is asked itself.
async fn get(Start { session, mut parameters, host }: Start) -> Result<()> {
    let exports: Vec<_> = parameters.texts("Path").into_iter().map(PathBuf::from).collect();
    let connected = session.connected().ok().filter(|_| exports.is_empty());
    let query = query(&mut parameters, connected.as_ref().map(|connected| connected.connection.now()))?;
    let chosen = parameters.text("JournalPath").map(PathBuf::from);
    let expected = parameters.flag("JournalExpected");
    if let Some(connected) = connected {
        return from_service(&connected.connection, JournalPlace { chosen, expected }, query, &host).await;
    }
    let files = Files {
        exports,
        journal_expected: expected,
        // An account without a home has no journal.
        journals: chosen.or_else(|| journal::root(None, |name| std::env::var_os(name)).ok()),
    };
    from_files(files, query, &host).await
}

/// `now` is that of the service, where one is asked.
fn query(parameters: &mut Fields, now: Option<OffsetDateTime>) -> Result<Query> {
    let senders = parameters.texts("SenderAddress").into_iter();
    let connectors = parameters.texts("ConnectorId").into_iter();
    let targets = senders
        .map(|address| Target { sender_address: Some(address), ..Target::default() })
        .chain(connectors.map(|id| Target { connector_id: Some(id), ..Target::default() }));
    let (start, end) = (parameters.moment("StartDate"), parameters.moment("EndDate"));
    let within = match now {
        Some(now) => asked(start, end, now),
        None => in_order(start.unwrap_or(OffsetDateTime::UNIX_EPOCH), end.unwrap_or(FAR)),
    };
    Ok(Query {
        named: targets.zip(1..).map(|(target, number)| target.named(number)).collect::<Result<_>>()?,
        within: within?,
        summary: parameters.flag("Summary"),
    })
}

/// Later than anything that has happened.
const FAR: OffsetDateTime = time::macros::datetime!(9999-12-31 00:00 UTC);
