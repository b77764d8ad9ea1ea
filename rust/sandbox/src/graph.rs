//! Microsoft Graph v1.0, as far as it tells whether an account is safe: who may call, what is called, and the answer.

mod properties;
mod refusal;
mod user;

use hyper::header::{HeaderName, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use url::form_urlencoded;
use uuid::Uuid;

use crate::admin;
use crate::permission::Permission;
use crate::reply::{self, Reply};
use crate::tenant::Tenant;
use crate::token::NotAccepted;

use refusal::Refusal;

/// A request to Graph.
pub(crate) struct Request<'a> {
    /// Scheme, host and port the client used, without a trailing slash.
    pub(crate) base: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

/// What a path asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    User(String),
    /// There is no such thing here: the segment that nobody knows.
    Unknown(String),
}

impl Call {
    /// Reads the segments after `/graph/`; names are compared without case.
    pub(crate) fn of(segments: &[&str]) -> Self {
        let segments: Vec<String> = segments.iter().map(|segment| decoded(segment)).collect();
        let lower: Vec<String> = segments.iter().map(|segment| segment.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let id = || segments.get(2).cloned().unwrap_or_default();
        match lower.as_slice() {
            ["v1.0", "users", _] => Self::User(id()),
            _ => Self::Unknown(segments.last().cloned().unwrap_or_default()),
        }
    }

    /// What faults call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::User(_) => "graph/users",
            Self::Unknown(_) => "graph",
        }
    }

    /// Whom it is about, by the name in the path.
    pub(crate) fn about(&self) -> Option<&str> {
        match self {
            Self::User(id) => Some(id),
            Self::Unknown(_) => None,
        }
    }
}

/// Answers a request, headers and all.
pub(crate) fn answer(tenant: &Tenant, request: &Request<'_>, call: &Call) -> Reply {
    let id = Uuid::new_v4().to_string();
    let client_id = reply::header(request.headers, "client-request-id").unwrap_or(&id).to_owned();
    let mut reply = act(tenant, request, call).unwrap_or_else(|refusal| {
        let mut reply = refusal.reply(tenant.now(), &id, &client_id);
        if let Refusal::NotSignedIn { challenge, .. } = &refusal {
            let authorization = format!("{}/common/oauth2/authorize", request.base);
            let challenge = format!("Bearer realm=\"\", authorization_uri=\"{authorization}\"{challenge}");
            reply::set(&mut reply, WWW_AUTHENTICATE, &challenge);
        }
        reply
    });
    reply::set(&mut reply, HeaderName::from_static("request-id"), &id);
    reply::set(&mut reply, HeaderName::from_static("client-request-id"), &client_id);
    reply
}

fn act(tenant: &Tenant, request: &Request<'_>, call: &Call) -> Result<Reply, Refusal> {
    let caller = Caller::of(tenant, request.headers)?;
    match (call, request.method) {
        (Call::User(id), &Method::GET) => {
            caller.needs(Permission::ReadUsers)?;
            user::read(tenant, request, id).map(|body| found(&body))
        }
        (Call::Unknown(segment), _) => Err(Refusal::NoSuchSegment(segment.clone())),
        _ => Err(Refusal::WrongMethod(request.method.to_string())),
    }
}

fn found(body: &Value) -> Reply {
    reply::json(StatusCode::OK, body)
}

/// Who calls, and what it was granted.
struct Caller {
    granted: &'static [Permission],
}

impl Caller {
    fn of(tenant: &Tenant, headers: &HeaderMap) -> Result<Self, Refusal> {
        let token = reply::bearer(headers).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Refusal::not_signed_in("Access token is empty."))?;
        let challenges = tenant.settings().claims_challenge;
        let (_, granted) = tenant
            .tokens()
            .check_graph(token, &tenant.graph_resources, tenant.now(), challenges)
            .map_err(|why| refuse(why, tenant))?;
        Ok(Self { granted })
    }

    fn needs(&self, permission: Permission) -> Result<(), Refusal> {
        if self.granted.contains(&permission) {
            Ok(())
        } else {
            Err(Refusal::NotGranted)
        }
    }
}

fn refuse(why: NotAccepted, tenant: &Tenant) -> Refusal {
    match why {
        NotAccepted::Expired => Refusal::not_signed_in("Lifetime validation failed, the token is expired."),
        NotAccepted::OtherAudience => Refusal::not_signed_in("Access token validation failure. Invalid audience."),
        NotAccepted::InsufficientClaims => Refusal::NotSignedIn {
            message: "Continuous access evaluation resulted in challenge with result: InteractionRequired.",
            challenge: admin::challenge(tenant.now()),
        },
        NotAccepted::Unknown | NotAccepted::NoGrant => {
            Refusal::not_signed_in("Access token validation failure. Invalid signature.")
        }
    }
}

/// A path segment without its escapes.
fn decoded(segment: &str) -> String {
    // A form escapes as a path does, but has three more characters of its own.
    let segment = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(segment.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let call = |path: &str| Call::of(&path.split('/').collect::<Vec<_>>());
        for user in ["v1.0/users/o'brien@contoso.com", "V1.0/Users/o%27brien%40contoso.com"] {
            assert_eq!(call(user), Call::User("o'brien@contoso.com".into()));
        }
        assert_eq!(call("v1.0/users/a+b%26c=d%"), Call::User("a+b&c=d%".into()));
        for unknown in ["", "v1.0", "v1.0/users", "beta/users/x", "v1.0/users/x/unheardof"] {
            assert!(matches!(call(unknown), Call::Unknown(_)), "{unknown}");
        }
    }
}
