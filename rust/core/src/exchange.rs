//! Exchange Online as the product sees it: run a cmdlet, get typed records or an error that says what to do.
//!
//! Two ways lead there: the admin REST endpoint that the official PowerShell module speaks, and the [session](session)
//! that an admin has opened with that module.

mod audience;
mod batch;
pub mod cloud;
mod cmdlet;
mod compliance;
mod cookies;
mod fault;
mod invoke;
mod probe;
mod redirect;
mod reply;
mod retry;
mod role;
mod secret;
pub mod session;
mod sign_in;
mod token;
mod traffic;
mod transport;
mod value;
mod way;

pub(crate) use audience::{Asking, Errand};
pub use cmdlet::{Changed, Cmdlet};
pub use compliance::Compliance;
pub use fault::{is_ambiguous, is_not_found, is_unblock_limit};
pub use invoke::Service;
pub(crate) use invoke::{is_initial_domain, ANY_ORGANIZATION};
pub use reply::records;
pub use secret::Secret;
pub use sign_in::{of_environment, Algorithm, Browser, Certificate, Credential, ManagedIdentity};
pub(crate) use transport::{garbled, Response};
pub use transport::{is_near, is_this_machine, parse_endpoint, Deadlines, Proxies};
pub(crate) use value::parse_date;
pub use value::{Record, Value};
pub use way::{Exchange, Pages, Way};

/// A name as one segment of a path: whatever the admin typed, it stays one segment.
pub(crate) fn escape(segment: &str) -> String {
    url::form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organization_stays_one_segment() {
        assert_eq!(escape("contoso.com/../x?y z"), "contoso.com%2F..%2Fx%3Fy%20z");
    }
}
