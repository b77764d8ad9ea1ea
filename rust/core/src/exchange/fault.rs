//! What a failed request means. Every way to fail on the wire becomes one of our error codes here.

use std::error::Error as StdError;
use std::io;

use super::reply::ErrorBody;
use super::transport::Response;
use crate::error::{Code, Error};

/// The error of a request that got no complete reply. `host` is whom we asked.
pub fn of_transport(error: &reqwest::Error, host: &str) -> Error {
    let (code, message) = if error.is_timeout() {
        (Code::Timeout, format!("{host} did not answer in time"))
    } else if beneath::<rustls::Error>(error).is_some() {
        (Code::TlsFailure, format!("No trusted encrypted connection to {host}"))
    } else if error.is_connect() {
        if wants_proxy_sign_in(error) {
            (Code::ProxyRefused, format!("The proxy before {host} wants a sign-in (HTTP 407)"))
        } else if is_resolution(error) {
            (Code::HostNotFound, format!("The host name of {host} could not be resolved"))
        } else {
            (Code::HostUnreachable, format!("{host} could not be reached"))
        }
    } else {
        (Code::ConnectionLost, format!("The connection to {host} broke before the reply was complete"))
    };
    // reqwest's own text would repeat the whole address; the innermost one is what an admin can look up.
    let causes: Vec<_> = chain(error).skip(1).map(ToString::to_string).collect();
    let innermost = causes.last().map(|cause| format!(": {cause}")).unwrap_or_default();
    Error::new(code, format!("{message}{innermost}.")).with(|details| details.causes = causes)
}

/// The error of a reply that has a failing status, or an `error` in spite of a good one.
pub fn of_reply(cmdlet: &str, organization: &str, response: &Response, body: Option<ErrorBody>) -> Error {
    let status = response.status;
    let (said, exception) = body.map(ErrorBody::explanation).unwrap_or_default();
    let exception = exception.or_else(|| response.header("x-ExceptionType"));
    let code = classify(status, said.as_deref(), exception.as_deref(), response);
    let said = said.map(|text| format!(" The service says: {}", text.trim())).unwrap_or_default();
    let message = match code {
        Code::TokenExpired => format!("The access token for {organization} has expired."),
        Code::NotAuthorized => format!("Exchange did not accept the token for {organization} (HTTP {status}).{said}"),
        Code::NoRole => format!("This account or app may not run {cmdlet} in {organization} (HTTP {status}).{said}"),
        Code::ProxyRefused => format!("The proxy before Exchange wants a sign-in (HTTP {status})."),
        Code::Throttled => {
            let wait = response.retry_after_sec().map(|sec| format!(" for {sec} seconds")).unwrap_or_default();
            format!("The service asks to slow down{wait} (HTTP {status}).{said}")
        }
        Code::ServiceUnavailable => {
            format!("The service could not answer {cmdlet} for {organization} (HTTP {status}).{said}")
        }
        Code::PageExpired => format!("The list of {organization} could not be read to its end.{said}"),
        Code::ResponseUnreadable => {
            format!("{cmdlet} for {organization} got a reply that Exchange does not send (HTTP {status}).")
        }
        _ => format!("{cmdlet} failed in {organization} (HTTP {status}).{said}"),
    };
    Error::new(code, message).with(|details| {
        details.http_status = Some(status);
        details.exception_type = exception;
        details.request_id = response.request_id();
        details.retry_after_sec = response.retry_after_sec();
    })
}

fn classify(status: u16, said: Option<&str>, exception: Option<&str>, response: &Response) -> Code {
    let said = said.unwrap_or_default();
    let exception = exception.unwrap_or_default();
    if response.text().contains(CONCURRENCY_LIMIT) {
        return Code::Throttled;
    }
    if of_exception(exception) == Code::ServiceUnavailable {
        return Code::ServiceUnavailable;
    }
    match status {
        // Exchange and the gateways before it say it in `error` or in `error_description`, never in a code of its own.
        401 if response.challenge().is_some_and(|text| text.contains("expired")) => Code::TokenExpired,
        401 => Code::NotAuthorized,
        403 => Code::NoRole,
        407 => Code::ProxyRefused,
        429 => Code::Throttled,
        408 | 500..=599 => Code::ServiceUnavailable,
        400 if said.contains("Expired or Invalid pagination request") => Code::PageExpired,
        300..=399 => Code::ResponseUnreadable,
        404 if said.is_empty() => Code::ResponseUnreadable,
        _ => Code::CmdletFailed,
    }
}

/// What an exception of the service means that did not come as a reply of ours.
pub fn of_exception(exception: &str) -> Code {
    if TRANSIENT.iter().any(|name| exception.contains(name)) {
        return Code::ServiceUnavailable;
    }
    Code::CmdletFailed
}

/// The text, in any status, of a tenant that has too many requests at once.
const CONCURRENCY_LIMIT: &str = "maximum number of concurrent requests";

/// Exceptions that pass by themselves, whatever their status.
const TRANSIENT: [&str; 4] =
    ["ServerBusyException", "TransientException", "BackendCommunicationException", "CmdletProxyNotAvailableFailure"];

/// Whether Exchange said that the object does not exist.
pub fn is_not_found(error: &Error) -> bool {
    error.code() == Code::CmdletFailed
        && error.exception_type.as_deref().is_some_and(|name| name.contains("ManagementObjectNotFoundException"))
}

/// Whether Exchange refused an unblock because the entity was unblocked too often. Assumption (?): the number and the
/// text are not published; documented is only that an error says so and sends the admin to Microsoft Support.
pub fn is_unblock_limit(error: &Error) -> bool {
    let message = error.message.to_lowercase();
    error.code() == Code::CmdletFailed
        && message.contains("support")
        && ["exceeded", "limit", "number of times"].iter().any(|word| message.contains(word))
}

/// Whether the request may have taken effect although it failed.
pub fn is_ambiguous(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::Timeout
            | Code::ConnectionLost
            | Code::ResponseTooLarge
            | Code::ResponseUnreadable
            | Code::ServiceUnavailable
    )
}

fn wants_proxy_sign_in(error: &(dyn StdError + 'static)) -> bool {
    // The tunnel's error is private, and its text differs: "proxy authentication required" or, in newer versions,
    // "tunnel error: proxy authorization required".
    chain(error).any(|error| error.to_string().contains("proxy auth"))
}

fn is_resolution(error: &(dyn StdError + 'static)) -> bool {
    // hyper-util's connector keeps its errors private; their texts are all there is. The second is for names that no
    // lookup could find, such as one with an empty part.
    chain(error).any(|error| {
        let text = error.to_string();
        text.starts_with("dns error") || text == "invalid dns name"
    })
}

fn chain<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| under(*error))
}

fn under<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        // An io::Error hides the error it wraps behind its own `source`.
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn beneath<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    chain(error).find_map(|error| error.downcast_ref::<T>())
}
