//! What happened before: the [`journal`] of this module's own unblocks, and the service's [audit log](audit), [searched](search) or in
//! files that it was [exported](export) to. [`timeline`] puts the two together.

pub mod audit;
pub mod budget;
pub mod export;
mod get;
pub mod journal;
pub mod offline;
mod online;
pub mod rhythm;
pub mod search;
pub mod summary;
pub mod timeline;
mod verification;

pub use get::{from_files, Files, Query, Scope, Told};
pub use online::{asked, from_service, in_order, JournalPlace};
pub use summary::Summary;
pub use timeline::HistoryEvent;
pub use verification::test_journals;

use crate::error::{Code, Error, Result};

/// Does file work on a thread of its own: it may wait for a disk, and the other operations must not.
pub(crate) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| stopped(&error))
}

/// A thread that reads files failed in a way that nobody foresaw.
pub(crate) fn stopped(error: &tokio::task::JoinError) -> Error {
    Error::new(Code::Panic, "A thread that reads files stopped.").caused_by(error)
}

#[cfg(test)]
mod tests;
