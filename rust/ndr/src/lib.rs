//! Delivery reports ("bounces") read: one [`Report`] for each recipient that a message failed for, with what was
//! refused, by whom, and who can lift it.
//!
//! It is a crate of its own because whoever reads reports and whoever sends them (the sandbox tenant) must mean the same
//! by a code. It reads bytes and knows nothing of files, PowerShell or Exchange Online's cmdlets.
//!
//! [`read`] takes whatever an admin has at hand: a message, an mbox file, a reply of a server, the status of a recipient
//! in a tracking log, a text that was copied from a report. It streams: attachments pass by, and what is kept of a
//! message is bounded (see [`message`]). The [table of codes](code::table) says what each code means; [`classify()`]
//! decides which row a refusal belongs to. The facts are those of Microsoft Learn, "Email non-delivery reports and SMTP
//! errors in Exchange Online", and of RFC 3461 to 3464.
#![forbid(unsafe_code)]

mod address;
pub mod classify;
pub mod code;
mod direction;
mod forward_text;
mod headers;
mod lines;
pub mod message;
mod name;
mod quotation;
mod read;
mod reading;
mod report;
mod server;
mod smtp_reply;
mod status_block;
mod text;
mod tracking;

pub use classify::{classify, Classified, Confidence};
pub use code::{Class, EnhancedStatus, LiftedBy, NextStep};
pub use direction::Direction;
pub use read::{read, Known};
pub use report::Report;
pub use smtp_reply::Reply;
