//! Exchange Online as the product sees it: run a cmdlet, get typed records or an error that says what to do.
//!
//! Two ways lead there: the admin REST endpoint that the official PowerShell module speaks, and the [session](session)
//! that an admin has opened with that module.

pub mod cloud;
mod cmdlet;
mod fault;
mod invoke;
mod probe;
mod reply;
mod retry;
pub mod session;
mod token;
mod traffic;
mod transport;
mod value;
mod way;

pub use cmdlet::{Changed, Cmdlet};
pub use fault::{is_ambiguous, is_not_found, is_unblock_limit};
pub use invoke::Service;
pub use reply::records;
pub use token::{Credential, Secret};
pub use transport::{is_near, is_this_machine, parse_endpoint, Deadlines, Proxies};
pub(crate) use value::parse_date;
pub use value::{Record, Value};
pub use way::{Exchange, Pages, Way};
