//! Exchange Online as the product sees it: run a cmdlet, get typed records or an error that says what to do.
//!
//! Wire facts: the admin REST endpoint that the official PowerShell module speaks.

pub mod cloud;
mod fault;
mod invoke;
mod reply;
mod retry;
mod token;
mod traffic;
mod transport;
mod value;

pub use fault::{is_ambiguous, is_not_found, is_unblock_limit};
pub use invoke::{Changed, Cmdlet, Exchange, Pages, Service};
pub use reply::records;
pub use token::{Credential, Secret};
pub use transport::{is_near, is_this_machine, parse_endpoint, Deadlines, Proxies};
pub(crate) use value::parse_date;
pub use value::{Record, Value};
