//! Why Graph refused, and the error that says so.

use hyper::StatusCode;
use serde_json::json;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::reply::{self, Reply};

/// How Graph writes the time inside an error: UTC, and it does not say so.
const ERROR_TIME: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `challenge` goes on the end of `WWW-Authenticate`.
    NotSignedIn {
        message: &'static str,
        challenge: String,
    },
    /// The token is good, but not for this.
    NotGranted,
    /// No object with this identifier.
    NotFound(String),
    NoSuchSegment(String),
    /// A property that the type does not have.
    NoSuchProperty {
        property: String,
        of: &'static str,
    },
    WrongMethod(String),
    /// A value, a body or an option that makes no sense, in words.
    Bad(String),
    /// The on-premises directory is the master of what was to be changed.
    Synchronized,
    /// There is a user, but no mailbox here.
    NoMailbox,
}

impl Refusal {
    pub(super) fn not_signed_in(message: &'static str) -> Self {
        Self::NotSignedIn { message, challenge: String::new() }
    }

    fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NotSignedIn { .. } => (StatusCode::UNAUTHORIZED, "InvalidAuthenticationToken"),
            Self::NotGranted => (StatusCode::FORBIDDEN, "Authorization_RequestDenied"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "Request_ResourceNotFound"),
            Self::NoSuchSegment(_) | Self::NoSuchProperty { .. } => (StatusCode::BAD_REQUEST, "BadRequest"),
            Self::WrongMethod(_) => (StatusCode::METHOD_NOT_ALLOWED, "Request_BadRequest"),
            Self::Bad(_) | Self::Synchronized => (StatusCode::BAD_REQUEST, "Request_BadRequest"),
            Self::NoMailbox => (StatusCode::NOT_FOUND, "MailboxNotEnabledForRESTAPI"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::NotSignedIn { message, .. } => (*message).to_owned(),
            Self::NotGranted => "Insufficient privileges to complete the operation.".to_owned(),
            Self::NotFound(id) => format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            ),
            Self::NoSuchSegment(segment) => format!("Resource not found for the segment '{segment}'."),
            Self::NoSuchProperty { property, of } => format!(
                "Parsing OData Select and Expand failed: Could not find a property named '{property}' on type \
                 'microsoft.graph.{of}'."
            ),
            Self::Bad(why) => why.clone(),
            Self::Synchronized => "Unable to update the specified properties for on-premises mastered Directory Sync \
                objects or objects currently undergoing migration."
                .to_owned(),
            Self::NoMailbox => "The mailbox is either inactive, soft-deleted, or is hosted on-premise.".to_owned(),
            Self::WrongMethod(method) => {
                format!("Specified HTTP method is not allowed for the request target: {method}.")
            }
        }
    }

    /// `id` and `client_id` are those of the request.
    pub(super) fn reply(&self, now: OffsetDateTime, id: &str, client_id: &str) -> Reply {
        let (status, code) = self.code();
        let date = now.to_offset(UtcOffset::UTC).format(ERROR_TIME).unwrap_or_default();
        let body = json!({"error": {
            "code": code,
            "message": self.message(),
            "innerError": {"date": date, "request-id": id, "client-request-id": client_id},
        }});
        reply::json(status, &body)
    }
}
