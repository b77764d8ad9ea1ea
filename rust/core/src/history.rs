//! What happened before: the [`journal`] of this module's own unblocks.

pub mod journal;
