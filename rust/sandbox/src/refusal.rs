//! Why a cmdlet call was refused, and the error envelope that says so.

use hyper::header::{HeaderName, RETRY_AFTER};
use hyper::StatusCode;
use serde_json::json;
use time::Duration;

use crate::reply::{self, Reply};

const NOT_FOUND: &str = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectNotFoundException";
const AMBIGUOUS: &str = "Microsoft.Exchange.Configuration.Tasks.AmbiguousParameterSetException";
const BINDING: &str = "Microsoft.Exchange.Configuration.Tasks.ParameterBindingException";
const TRANSFORMATION: &str = "Microsoft.Exchange.Configuration.Tasks.ParameterTransformationException";
const ARGUMENT: &str = "System.ArgumentException";
const AMBIGUOUS_IDENTITY: &str = "Microsoft.Exchange.Configuration.Tasks.ManagementObjectAmbiguousException";
const EXISTS: &str = "Microsoft.Exchange.Data.Directory.ADObjectAlreadyExistsException";
const THROTTLED: &str = "Microsoft.Exchange.Data.Storage.TooManyRequestsException";
const ODATA: &str = "Microsoft.Exchange.Admin.OData.Core.ODataServiceException";
/// (?) The service's own name and words for an exceeded unblock budget are not published.
const BUDGET: &str = "Microsoft.Exchange.Management.Tasks.UnblockLimitExceededException";

/// The server that objects are missing on.
const DOMAIN_CONTROLLER: &str = "dc01.contoso.onmicrosoft.com";

#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    /// The service numbers the places its errors come from; tools show it.
    id: &'static str,
    exception: &'static str,
    pub(crate) message: String,
    /// When it may be worth asking again.
    retry_after: Option<Duration>,
}

impl Refusal {
    fn bad(id: &'static str, exception: &'static str, message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "BadRequest", id, exception, message, retry_after: None }
    }

    pub(crate) fn not_found(object: &str) -> Self {
        let message = format!(
            "The operation couldn't be performed because object '{object}' couldn't be found on '{DOMAIN_CONTROLLER}'."
        );
        let refusal = Self::bad("Ex6F9304", NOT_FOUND, message);
        Self { status: StatusCode::NOT_FOUND, code: "NotFound", ..refusal }
    }

    pub(crate) fn budget_exceeded(object: &str) -> Self {
        Self::bad(
            "Ex2B77D1",
            BUDGET,
            format!(
                "The number of times the sender '{object}' can be unblocked has been exceeded. \
                 Contact Microsoft Support to unblock it."
            ),
        )
    }

    pub(crate) fn unknown_parameter(name: &str) -> Self {
        Self::bad(
            "Ex1A2C40",
            AMBIGUOUS,
            format!(
                "Parameter set cannot be resolved using the specified named parameters. \
                 A parameter cannot be found that matches parameter name '{name}'."
            ),
        )
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::bad(
            "Ex90E5C7",
            BINDING,
            format!("Cannot process command because of one or more missing mandatory parameters: {name}."),
        )
    }

    pub(crate) fn repeated_parameter(name: &str) -> Self {
        Self::bad(
            "Ex90E5C8",
            BINDING,
            format!("Cannot bind parameter because parameter '{name}' is specified more than once."),
        )
    }

    pub(crate) fn bad_value(parameter: &str, value: &str, kind: &str, error: &str) -> Self {
        Self::bad(
            "ExF04B6A",
            TRANSFORMATION,
            format!(
                "Cannot process argument transformation on parameter '{parameter}'. \
                 Cannot convert value \"{value}\" to type \"{kind}\". Error: \"{error}\""
            ),
        )
    }

    /// The words are ours (?).
    pub(crate) fn bad_window() -> Self {
        let message = "The start date must be earlier than the end date.";
        Self::bad("Ex4A60F2", ARGUMENT, message.into())
    }

    /// The words are ours (?).
    pub(crate) fn bad_trace_window() -> Self {
        let message = "A message trace covers up to 10 days, and goes back 90 days.";
        Self::bad("Ex4A60F4", ARGUMENT, message.into())
    }

    /// That there is a quota is documented; how the service says so is not (?).
    pub(crate) fn too_many_traces(wait: Duration) -> Self {
        let message = "The maximum number of message trace requests in 5 minutes has been exceeded. Try again later.";
        let refusal = Self::bad("Ex83D2A7", THROTTLED, message.into());
        Self { status: StatusCode::TOO_MANY_REQUESTS, code: "TooManyRequests", retry_after: Some(wait), ..refusal }
    }

    /// The words are ours (?).
    pub(crate) fn other_session(session: &str) -> Self {
        let message = format!("The session '{session}' was begun with other parameters. Use another session ID.");
        Self::bad("Ex4A60F3", ARGUMENT, message)
    }

    pub(crate) fn already_exists(object: &str) -> Self {
        Self::bad("Ex6F9305", EXISTS, format!("The object '{object}' already exists. Use another name."))
    }

    /// What a policy or a rule for outgoing mail cannot be. The words are ours (?).
    pub(crate) fn bad_rule(message: String) -> Self {
        Self::bad("Ex4A60F5", ARGUMENT, message)
    }

    /// The words are ours (?).
    pub(crate) fn ambiguous_rule(identity: &str) -> Self {
        let message = format!("The operation couldn't be performed because '{identity}' matches multiple entries.");
        Self::bad("Ex1F8C52", AMBIGUOUS_IDENTITY, message)
    }

    pub(crate) fn bad_page() -> Self {
        Self::bad("Ex3D51B0", ODATA, "Expired or Invalid pagination request".into())
    }

    pub(crate) fn bad_body(why: &str) -> Self {
        Self::bad("Ex5C0A19", ODATA, format!("The request body is not valid: {why}"))
    }

    /// The words are ours (?).
    pub(crate) fn bad_anchor(anchor: &str, expected: &str) -> Self {
        let message = format!("The anchor mailbox '{anchor}' cannot be routed; expected '{expected}'.");
        Self::bad("Ex8E21D4", ARGUMENT, message)
    }

    pub(crate) fn too_many_items(count: usize, most: usize) -> Self {
        let message = format!("The batch holds {count} requests; the maximum number of requests in a batch is {most}.");
        Self::bad("Ex71B3E8", ODATA, message)
    }

    pub(crate) fn reply(&self) -> Reply {
        let Self { status, code, id, exception, message, retry_after } = self;
        let body = json!({"error": {
            "code": code,
            "message": "Error executing cmdlet",
            "details": [{"code": "Context", "target": "", "message": format!("{id}|{exception}|{message}")}],
            "innererror": {
                "message": "Error executing cmdlet",
                "type": ODATA,
                "stacktrace": "",
                "internalexception": {"message": message, "type": exception, "stacktrace": ""},
            },
        }});
        let mut reply = reply::json(*status, &body);
        if let Some(wait) = retry_after {
            // Whole seconds, and not too few.
            let seconds = wait.whole_seconds() + i64::from(wait.subsec_nanoseconds() > 0);
            reply::set(&mut reply, RETRY_AFTER, &seconds.to_string());
        }
        let short = exception.rsplit('.').next().unwrap_or(exception);
        reply::set(&mut reply, HeaderName::from_static("x-exceptiontype"), short);
        reply
    }
}
