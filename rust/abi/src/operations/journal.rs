//! `Test-RestrictedSenderJournal`.

use std::path::PathBuf;

use restricted_sender_core::error::Result;
use restricted_sender_core::history::{journal, test_journals};

use super::{Spec, Start};
use crate::cell::RsCellType;

pub const TEST: Spec = Spec {
    name: "test-restricted-sender-journal",
    // Without a path, the place where journals are kept.
    parameters: &[("Path", RsCellType::List)],
    input: &[],
    needs_connection: false,
    start: |start| Box::pin(test(start)),
};

async fn test(Start { mut parameters, host, .. }: Start) -> Result<()> {
    let mut places: Vec<_> = parameters.texts("Path").into_iter().map(PathBuf::from).collect();
    if places.is_empty() {
        places.push(journal::root(None, |name| std::env::var_os(name))?);
    }
    test_journals(places, &host).await
}
