//! `Get-RestrictedSenderHistory`.

use std::path::PathBuf;

use restricted_sender_core::error::Result;
use restricted_sender_core::history::{from_files, journal, Files, Query};
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
        // Exports of the audit log.
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

async fn get(Start { mut parameters, host, .. }: Start) -> Result<()> {
    let query = query(&mut parameters)?;
    let chosen = parameters.text("JournalPath").map(PathBuf::from);
    let files = Files {
        exports: parameters.texts("Path").into_iter().map(PathBuf::from).collect(),
        journal_expected: parameters.flag("JournalExpected"),
        // An account without a home has no journal.
        journals: chosen.or_else(|| journal::root(None, |name| std::env::var_os(name)).ok()),
    };
    from_files(files, query, &host).await
}

fn query(parameters: &mut Fields) -> Result<Query> {
    let senders = parameters.texts("SenderAddress").into_iter();
    let connectors = parameters.texts("ConnectorId").into_iter();
    let targets = senders
        .map(|address| Target { sender_address: Some(address), ..Target::default() })
        .chain(connectors.map(|id| Target { connector_id: Some(id), ..Target::default() }));
    let start = parameters.moment("StartDate").unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let end = parameters.moment("EndDate").unwrap_or(FAR);
    Ok(Query {
        named: targets.zip(1..).map(|(target, number)| target.named(number)).collect::<Result<_>>()?,
        within: start..=end,
        summary: parameters.flag("Summary"),
    })
}

/// Later than anything that has happened.
const FAR: OffsetDateTime = time::macros::datetime!(9999-12-31 00:00 UTC);
