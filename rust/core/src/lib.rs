//! Everything RestrictedSender knows and does about Microsoft 365's restricted entities: who is blocked from sending
//! and why, how to lift it, and what could not be told.
//!
//! One folder or file per thing an admin would name. Data flows one way: an operation ([`restriction`]) asks
//! [`exchange`], which speaks HTTPS; rows come back through the [`host::Host`]. Nothing here knows PowerShell or C.
#![forbid(unsafe_code)]

pub mod connection;
mod csv_header;
pub mod domains;
mod encoding;
pub mod error;
pub mod evidence;
pub mod exchange;
mod file_work;
pub mod graph;
pub mod history;
pub mod host;
pub mod limits;
pub mod reason;
pub mod report;
pub mod restriction;
pub mod sending;
mod submission;
mod trace;

pub use restricted_sender_clock::Clock;
