//! The C ABI of RestrictedSender, shaped like SQLite's prepare / bind / step / column / close.
//!
//! - A *session* holds the connection to one organization. An *operation* is one piece of work on it: prepared by
//!   name, parameters bound by name and type, started, stepped until it is done. An *error* is an object, too.
//! - Handles are numbers with a generation: a stale, closed, foreign or made-up one is an error, never undefined
//!   behaviour. They may be closed in any order; an operation keeps what it needs of its session alive.
//! - Every function returns an [`RsStatus`]. `RS_STATUS_FAILED` comes with an error handle in the last argument (which
//!   may be null for callers that do not care). Outputs are written only on success.
//! - Text goes in as pointer and length in UTF-8 and comes out by pointer, valid until the next step or close. Rows
//!   come in blocks: what an operation found at once is read at once.
//! - No function prints, unwinds, installs handlers or changes anything of the process.
//!
//! The only unsafe code of the product is in this crate, in `block.rs`, `border.rs`, `runtime.rs` and the functions of `exports`.

mod block;
mod border;
mod cell;
mod exports;
mod fields;
mod handle;
mod operation;
mod operations;
mod panics;
mod row;
mod runtime;
mod session;
mod status;

pub use cell::{RsCell, RsCellType, RsValue};
pub use row::RsRowType;
pub use status::RsStatus;
