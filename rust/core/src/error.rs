//! The one error type. It tells the admin what happened and what to do, and a script which case it is.

mod code;

use std::fmt;

pub use code::{Code, Kind};

/// What went wrong, in one piece that can cross every border of the product.
///
/// `Display` is the message for the admin; it never holds a secret.
#[derive(Debug, Clone)]
pub struct Error(Box<Details>);

/// The parts of an [`Error`]; all but code and message are there only where the failure had them.
#[derive(Debug, Clone)]
pub struct Details {
    /// The stable code that scripts compare with.
    pub code: Code,
    /// What happened, with the names of this case.
    pub message: String,
    /// The address, connector or organization that it is about.
    pub target: Option<String>,
    /// HTTP status of the reply that said so.
    pub http_status: Option<u16>,
    /// Exchange's own exception type, for example `Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException`.
    pub exception_type: Option<String>,
    /// The number after `AADSTS` in a token endpoint's answer.
    pub aadsts: Option<u32>,
    /// The service's id of the failed request, for a support ticket.
    pub request_id: Option<String>,
    /// Seconds after which the service asked to come again.
    pub retry_after_sec: Option<u64>,
    /// How often it was tried, where it could have been tried again and was given up.
    pub tries: Option<u32>,
    /// What lay beneath, outermost first.
    pub causes: Vec<String>,
}

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this code that says what happened.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            target: None,
            http_status: None,
            exception_type: None,
            aadsts: None,
            request_id: None,
            retry_after_sec: None,
            tries: None,
            causes: Vec::new(),
        }))
    }

    /// The error of an operation that was cancelled, or whose caller has gone.
    #[must_use]
    pub fn cancelled() -> Self {
        Self::new(Code::Cancelled, "The operation was cancelled.")
    }

    /// Names what the error is about, unless something closer to it already did.
    #[must_use]
    pub fn about(mut self, target: impl Into<String>) -> Self {
        self.0.target.get_or_insert_with(|| target.into());
        self
    }

    /// Adds the messages of `error` and of everything beneath it.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            if self.0.causes.last() != Some(&text) {
                self.0.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Makes `self` an error of another code whose cause is `cause`, keeping what the service said about it.
    #[must_use]
    pub fn because_of(mut self, cause: &Error) -> Self {
        let beneath = &cause.0;
        self.0.http_status = beneath.http_status;
        self.0.exception_type.clone_from(&beneath.exception_type);
        self.0.aadsts = beneath.aadsts;
        self.0.request_id.clone_from(&beneath.request_id);
        self.0.causes.push(format!("{}: {}", beneath.code, beneath.message));
        self.0.causes.extend(beneath.causes.iter().cloned());
        self
    }

    /// Fills in the parts that came with the service's reply.
    #[must_use]
    pub fn with(mut self, fill: impl FnOnce(&mut Details)) -> Self {
        fill(&mut self.0);
        self
    }

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }
}

impl std::ops::Deref for Error {
    type Target = Details;

    fn deref(&self) -> &Details {
        &self.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_keeps_what_the_service_said() {
        let lost = Error::new(Code::ConnectionLost, "the reply was cut off").with(|details| {
            details.http_status = Some(200);
            details.request_id = Some("r-1".into());
        });
        let error = Error::new(Code::OutcomeUnknown, "nobody knows").because_of(&lost).about("a@b").about("later");
        assert_eq!(error.http_status, Some(200));
        assert_eq!(error.request_id.as_deref(), Some("r-1"));
        assert_eq!(error.causes, ["RS3005: the reply was cut off"]);
        assert_eq!(error.target.as_deref(), Some("a@b"));
    }
}
