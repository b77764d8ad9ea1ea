//! What happened before: the [`journal`] of this module's own unblocks, and the service's [audit log](audit) in files
//! that it was [exported](export) to. [`timeline`] puts the two together.

pub mod audit;
pub mod budget;
pub mod export;
pub mod journal;
pub mod offline;
pub mod rhythm;
pub mod summary;
pub mod timeline;

#[cfg(test)]
mod tests;
