//! Microsoft Graph v1.0, as far as it tells whether an account is safe: who may call, what is called, and the answer.

mod account;
mod consent;
mod listing;
mod membership;
mod message_rule;
mod method;
mod properties;
mod refusal;
mod risk;
mod user;

use hyper::header::{HeaderName, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value};
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
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// What a path asks for; users by identifier or user principal name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    User(String),
    UpdateUser(String),
    RevokeSessions(String),
    Methods(String),
    /// Of one type only, where the path says so.
    MemberOf(String, Option<String>),
    Consents(String),
    MessageRules(String),
    RiskyUser(String),
    ServicePrincipal(String),
    /// There is no such thing here: the segment that nobody knows.
    Unknown(String),
}

impl Call {
    /// Reads the segments after `/graph/`; names are compared without case.
    pub(crate) fn of(method: &Method, segments: &[&str]) -> Self {
        let segments: Vec<String> = segments.iter().map(|segment| decoded(segment)).collect();
        let lower: Vec<String> = segments.iter().map(|segment| segment.to_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let id = || segments.get(2).cloned().unwrap_or_default();
        match lower.as_slice() {
            ["v1.0", "users", _] if method == Method::PATCH => Self::UpdateUser(id()),
            ["v1.0", "users", _] => Self::User(id()),
            ["v1.0", "users", _, "revokesigninsessions" | "microsoft.graph.revokesigninsessions"] => {
                Self::RevokeSessions(id())
            }
            ["v1.0", "users", _, "authentication", "methods"] => Self::Methods(id()),
            ["v1.0", "users", _, "transitivememberof"] => Self::MemberOf(id(), None),
            ["v1.0", "users", _, "transitivememberof", kind @ ("microsoft.graph.group" | "microsoft.graph.directoryrole")] => {
                Self::MemberOf(id(), Some((*kind).to_owned()))
            }
            ["v1.0", "users", _, "oauth2permissiongrants"] => Self::Consents(id()),
            ["v1.0", "users", _, "mailfolders", "inbox", "messagerules"] => Self::MessageRules(id()),
            ["v1.0", "identityprotection", "riskyusers", _] => {
                Self::RiskyUser(segments.get(3).cloned().unwrap_or_default())
            }
            ["v1.0", "serviceprincipals", _] => Self::ServicePrincipal(id()),
            _ => Self::Unknown(segments.last().cloned().unwrap_or_default()),
        }
    }

    /// What faults call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::User(_) => "graph/users",
            Self::UpdateUser(_) => "graph/updateUser",
            Self::RevokeSessions(_) => "graph/revokeSignInSessions",
            Self::Methods(_) => "graph/methods",
            Self::MemberOf(..) => "graph/transitiveMemberOf",
            Self::Consents(_) => "graph/oauth2PermissionGrants",
            Self::MessageRules(_) => "graph/messageRules",
            Self::RiskyUser(_) => "graph/riskyUsers",
            Self::ServicePrincipal(_) => "graph/servicePrincipals",
            Self::Unknown(_) => "graph",
        }
    }

    /// Whom it is about, by the name in the path.
    pub(crate) fn about(&self) -> Option<&str> {
        match self {
            Self::User(id)
            | Self::UpdateUser(id)
            | Self::RevokeSessions(id)
            | Self::Methods(id)
            | Self::MemberOf(id, _)
            | Self::Consents(id)
            | Self::MessageRules(id)
            | Self::RiskyUser(id) => Some(id),
            Self::ServicePrincipal(_) | Self::Unknown(_) => None,
        }
    }

    /// How it must be called, and what it takes; an update says by its body what it takes.
    fn demands(&self) -> (Method, Option<Permission>) {
        match self {
            Self::User(_) => (Method::GET, Some(Permission::ReadUsers)),
            Self::UpdateUser(_) => (Method::PATCH, None),
            Self::RevokeSessions(_) => (Method::POST, Some(Permission::RevokeSessions)),
            Self::Methods(_) => (Method::GET, Some(Permission::ReadAuthenticationMethods)),
            Self::MemberOf(..) | Self::Consents(_) | Self::ServicePrincipal(_) => {
                (Method::GET, Some(Permission::ReadDirectory))
            }
            Self::MessageRules(_) => (Method::GET, Some(Permission::ReadMailboxSettings)),
            Self::RiskyUser(_) => (Method::GET, Some(Permission::ReadRiskyUsers)),
            Self::Unknown(_) => (Method::GET, None),
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
    if let Call::Unknown(segment) = call {
        return Err(Refusal::NoSuchSegment(segment.clone()));
    }
    let (method, permission) = call.demands();
    if *request.method != method {
        return Err(Refusal::WrongMethod(request.method.to_string()));
    }
    permission.map_or(Ok(()), |permission| caller.needs(permission))?;
    let body = match call {
        Call::User(id) => user::read(tenant, request, id)?,
        Call::UpdateUser(id) => return account::update(tenant, request, &caller, id),
        Call::RevokeSessions(id) => account::revoke_sessions(tenant, request, &caller, id)?,
        Call::Methods(id) => method::list(tenant, request, id)?,
        Call::MemberOf(id, kind) => membership::list(tenant, request, id, kind.as_deref())?,
        Call::Consents(id) => consent::list(tenant, request, id)?,
        Call::MessageRules(id) => message_rule::list(tenant, request, id)?,
        Call::RiskyUser(id) => risk::read(tenant, request, id)?,
        Call::ServicePrincipal(id) => consent::service_principal(tenant, request, id)?,
        Call::Unknown(segment) => return Err(Refusal::NoSuchSegment(segment.clone())),
    };
    Ok(reply::json(StatusCode::OK, &body))
}

/// The URL that says what an answer is made of.
fn context(request: &Request<'_>, of: &str) -> Value {
    format!("{}/graph/v1.0/$metadata#{of}", request.base).into()
}

/// The body of an answer with one object in it.
fn entity(request: &Request<'_>, of: &str, shown: Map<String, Value>) -> Value {
    let mut body = Map::new();
    body.insert("@odata.context".into(), context(request, &format!("{of}/$entity")));
    body.extend(shown);
    body.into()
}

/// Who calls, and what it was granted.
struct Caller {
    app: Uuid,
    granted: Vec<Permission>,
}

impl Caller {
    fn of(tenant: &Tenant, headers: &HeaderMap) -> Result<Self, Refusal> {
        let token = reply::bearer(headers).filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Refusal::not_signed_in("Access token is empty."))?;
        let challenges = tenant.settings().claims_challenge;
        let found = tenant.tokens().check_graph(token, &tenant.graph_resources, tenant.now(), challenges);
        let (app, granted) = found.map_err(|why| refuse(why, tenant))?;
        Ok(Self { app, granted: tenant.permissions().left(granted) })
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
        let call = |path: &str| Call::of(&Method::GET, &path.split('/').collect::<Vec<_>>());
        for user in ["v1.0/users/o'brien@contoso.com", "V1.0/Users/o%27brien%40contoso.com"] {
            assert_eq!(call(user), Call::User("o'brien@contoso.com".into()));
        }
        assert_eq!(call("v1.0/users/a+b%26c=d%"), Call::User("a+b&c=d%".into()));
        assert_eq!(call("v1.0/identityProtection/RiskyUsers/x"), Call::RiskyUser("x".into()));
        let roles = Call::MemberOf("x".into(), Some("microsoft.graph.directoryrole".into()));
        assert_eq!(call("v1.0/users/x/transitiveMemberOf/microsoft.graph.directoryRole"), roles);
        assert_eq!(Call::of(&Method::PATCH, &["v1.0", "users", "x"]), Call::UpdateUser("x".into()));
        for unknown in [
            "v1.0/users/x/mailFolders/archive/messageRules",
            "",
            "v1.0",
            "v1.0/users",
            "beta/users/x",
            "v1.0/users/x/unheardof",
        ] {
            assert!(matches!(call(unknown), Call::Unknown(_)), "{unknown}");
        }
    }
}
