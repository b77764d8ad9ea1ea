//! What all requests to the admin endpoint have in common: who asks, and what every reply carries.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use hyper::header::{HeaderName, ALLOW, COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use hyper::{HeaderMap, Method, StatusCode};
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::reply::{self, Reply};
use crate::role::{Access, Caller};
use crate::tenant::Tenant;
use crate::token::NotAccepted;

/// How many NUL bytes the service answers instead of a reason when somebody may not call something.
const NUL_BYTES: usize = 512;

/// The cookie that leads a client back to the server it began with. Nothing here depends on it.
const ROUTING_COOKIE: &str = "exchangecookie";

/// A request to the admin endpoint, beside its body.
pub(crate) struct Request<'a> {
    /// Scheme, host and port the client used, without a trailing slash.
    pub(crate) base: &'a str,
    /// As in the path, whatever its case.
    pub(crate) version: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) query: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// What a token that opens it must be for: one of these.
    pub(crate) resources: &'a [String],
}

impl Request<'_> {
    /// Who calls and what it may do, or the reply to one who may do nothing.
    pub(crate) fn sign_in(&self, tenant: &Tenant) -> Result<Caller, Box<Reply>> {
        let unauthorized = |error| Err(Box::new(unauthorized(self.base, error)));
        let Some(token) = reply::bearer(self.headers) else { return unauthorized("") };
        let challenges = tenant.settings().claims_challenge;
        let accepted = tenant.tokens().check(token, self.resources, tenant.now(), challenges);
        match accepted {
            Err(NotAccepted::Unknown | NotAccepted::OtherAudience) => unauthorized(", error=\"invalid_token\""),
            Err(NotAccepted::Expired) => {
                unauthorized(", error=\"invalid_token\", error_description=\"The access token has expired.\"")
            }
            Err(NotAccepted::InsufficientClaims) => unauthorized(&challenge(tenant.now())),
            Err(NotAccepted::NoGrant) => unauthorized(""),
            Ok(Caller { access: Access::NoDirectoryRole, .. }) => Err(Box::new(forbidden())),
            // A token of this tenant says nothing in another one.
            Ok(_) if !tenant.is_called(self.tenant) => Err(Box::new(forbidden())),
            Ok(caller) => Ok(caller),
        }
    }

    /// As [`sign_in`](Self::sign_in), where a JSON body must be posted to the beta endpoint.
    pub(crate) fn sign_in_to_post(&self, tenant: &Tenant) -> Result<Caller, Box<Reply>> {
        if !self.version.eq_ignore_ascii_case("beta") || self.method != Method::POST {
            return Err(Box::new(wrong_method("POST")));
        }
        let caller = self.sign_in(tenant)?;
        if reply::is_type(self.headers, "application/json") {
            Ok(caller)
        } else {
            Err(Box::new(reply::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE)))
        }
    }

    /// Adds the headers that every reply of the admin endpoint carries.
    pub(crate) fn dress(&self, mut reply: Reply) -> Reply {
        reply::set(&mut reply, HeaderName::from_static("request-id"), &Uuid::new_v4().to_string());
        reply::set(&mut reply, HeaderName::from_static("x-calculatedbetarget"), "mailbox01.contoso.onmicrosoft.com");
        if !has_cookie(self.headers, ROUTING_COOKIE) {
            // A cookie for secure connections only would never come back over plain HTTP.
            let secure = if self.base.starts_with("https:") { "; secure" } else { "" };
            let cookie = format!("{ROUTING_COOKIE}={}; path=/; HttpOnly{secure}", Uuid::new_v4().simple());
            reply::set(&mut reply, SET_COOKIE, &cookie);
        }
        reply
    }
}

pub(crate) fn has_cookie(headers: &HeaderMap, name: &str) -> bool {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|cookie| cookie.split_once('='))
        .any(|(key, _)| key.trim() == name)
}

pub(crate) fn wrong_method(allowed: &str) -> Reply {
    let mut reply = reply::empty(StatusCode::METHOD_NOT_ALLOWED);
    reply::set(&mut reply, ALLOW, allowed);
    reply
}

/// What the next token must say: that it was given out after this moment.
pub(crate) fn challenge(now: OffsetDateTime) -> String {
    let since = now.unix_timestamp().to_string();
    let claims = json!({"access_token": {"nbf": {"essential": true, "value": since}}}).to_string();
    format!(", error=\"insufficient_claims\", claims=\"{}\"", STANDARD.encode(claims))
}

fn unauthorized(base: &str, error: &str) -> Reply {
    let mut reply = reply::empty(StatusCode::UNAUTHORIZED);
    let challenge = format!("Bearer realm=\"\", authorization_uri=\"{base}/common/oauth2/authorize\"{error}");
    reply::set(&mut reply, WWW_AUTHENTICATE, &challenge);
    reply
}

/// What somebody gets who may not call something, or calls something nobody has ever heard of.
pub(crate) fn forbidden() -> Reply {
    let mut reply = Reply::new(vec![0; NUL_BYTES].into());
    *reply.status_mut() = StatusCode::FORBIDDEN;
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies() {
        let mut headers = HeaderMap::new();
        assert!(!has_cookie(&headers, "a"));
        headers.append(COOKIE, "b=1; aa=2;a".parse().unwrap());
        assert!(!has_cookie(&headers, "a"));
        headers.append(COOKIE, "c=1; a=".parse().unwrap());
        assert!(has_cookie(&headers, "a"));
    }
}
