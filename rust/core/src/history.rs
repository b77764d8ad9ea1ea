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
pub(crate) use online::of_some;
pub use online::{asked, from_service, in_order, JournalPlace};
pub use summary::Summary;
pub use timeline::HistoryEvent;
pub use verification::test_journals;

#[cfg(test)]
mod tests;
