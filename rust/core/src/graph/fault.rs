//! What a refusal of Microsoft Graph means.

use serde::Deserialize;

use super::Resource;
use crate::error::{Code, Error};
use crate::exchange::Response;

/// The body of a refusal.
#[derive(Default, Deserialize)]
struct Refusal {
    error: Said,
}

#[derive(Default, Deserialize)]
struct Said {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// How Graph says that an object does not exist; a wrong path is another error. Assumption (?): the services behind Graph
/// each have their own name for it, and no list of them is published.
const NOT_FOUND: [&str; 5] =
    ["Request_ResourceNotFound", "ResourceNotFound", "NotFound", "itemNotFound", "ErrorItemNotFound"];

/// Whether Graph said that the object does not exist.
#[must_use]
pub fn is_not_found(error: &Error) -> bool {
    error.code() == Code::AccountNotFound
}

/// The error of a reply that has a failing status.
pub fn of_reply(resource: &Resource, organization: &str, response: &Response) -> Error {
    let status = response.status;
    let Said { code: name, message: said } =
        serde_json::from_slice::<Refusal>(&response.body).unwrap_or_default().error;
    let code = classify(status, &name, response);
    let what = resource.what;
    let permission = resource.permission;
    let said = if said.is_empty() { String::new() } else { format!(" The service says: {}", said.trim()) };
    let message = match code {
        Code::TokenExpired => format!("The access token of Microsoft Graph for {organization} has expired."),
        Code::NotAuthorized => {
            format!("Microsoft Graph did not accept the token for {organization} (HTTP {status}).{said}")
        }
        Code::NoGraphPermission => format!(
            "{what} of {organization} could not be read or changed: this account or app lacks the permission \
             {permission} of Microsoft Graph (HTTP {status}).{said}"
        ),
        Code::AccountNotFound => format!("{what}: {organization} has no such object (HTTP {status}).{said}"),
        Code::ProxyRefused => format!("The proxy before Microsoft Graph wants a sign-in (HTTP {status})."),
        Code::Throttled => {
            let wait = response.retry_after_sec().map(|sec| format!(" for {sec} seconds")).unwrap_or_default();
            format!("Microsoft Graph asks to slow down{wait} (HTTP {status}).{said}")
        }
        Code::ServiceUnavailable => {
            format!("Microsoft Graph could not answer for {organization} (HTTP {status}).{said}")
        }
        Code::ResponseUnreadable => {
            format!("{what} for {organization} got a reply that Microsoft Graph does not send (HTTP {status}).")
        }
        _ => format!("{what} failed in {organization} (HTTP {status}).{said}"),
    };
    Error::new(code, message).with(|details| {
        details.http_status = Some(status);
        details.exception_type = Some(name).filter(|name| !name.is_empty() && status < 500);
        details.request_id = response.request_id();
        details.retry_after_sec = response.retry_after_sec();
    })
}

fn classify(status: u16, name: &str, response: &Response) -> Code {
    let is_graph = !name.is_empty();
    match status {
        401 if response.challenge().is_some_and(|text| text.contains("expired")) => Code::TokenExpired,
        401 => Code::NotAuthorized,
        // Others than Graph refuse, too; whatever they mean, it is no permission of it.
        403 if is_graph => Code::NoGraphPermission,
        404 if NOT_FOUND.contains(&name) => Code::AccountNotFound,
        407 => Code::ProxyRefused,
        429 => Code::Throttled,
        408 | 500..=599 => Code::ServiceUnavailable,
        _ if !is_graph => Code::ResponseUnreadable,
        _ => Code::GraphFailed,
    }
}
