//! Access tokens: fetched, kept, renewed before they expire, one renewal at a time.

use std::fmt;
use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use reqwest::Client;
use restricted_sender_clock::Clock;
use serde::Deserialize;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use super::cloud::Cloud;
use super::transport::{self, Response};
use crate::error::{Code, Error, Result};

/// Text that nobody sees: no `Debug`, no `Display`, wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// How the connection proves who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An app and its client secret.
    ClientSecret {
        /// Application id.
        app_id: String,
        /// The secret's value.
        secret: Secret,
    },
    /// A token that the admin obtained elsewhere; it cannot be renewed.
    AccessToken(Secret),
}

/// A token, and what can be read from it.
#[derive(Debug, Clone)]
pub struct Token {
    pub bearer: Secret,
    /// Nothing where the token does not tell.
    pub expires: Option<OffsetDateTime>,
    /// The organization's id (claim `tid`).
    pub tenant_id: Option<String>,
}

/// The tokens of one connection.
#[derive(Debug)]
pub struct Tokens {
    http: Client,
    cloud: Cloud,
    organization: String,
    credential: Credential,
    clock: Clock,
    current: Mutex<Option<Token>>,
}

/// A token is renewed this long before it expires, so that none expires on its way.
const EARLY: Duration = Duration::from_secs(5 * 60);

impl Tokens {
    pub fn new(http: Client, cloud: Cloud, organization: String, credential: Credential, clock: Clock) -> Self {
        Self { http, cloud, organization, credential, clock, current: Mutex::default() }
    }

    /// A token that is good for now.
    pub async fn current(&self) -> Result<Token> {
        match &self.credential {
            Credential::AccessToken(bearer) => self.given(bearer),
            Credential::ClientSecret { app_id, secret } => {
                let mut current = self.current.lock().await;
                if let Some(token) = current.as_ref() {
                    if token.expires.is_none_or(|expires| self.clock.now() + EARLY < expires) {
                        return Ok(token.clone());
                    }
                }
                let token = self.obtain(app_id, secret).await?;
                *current = Some(token.clone());
                Ok(token)
            }
        }
    }

    /// After the service refused `refused`: a new token, or nothing when there is no newer one to be had.
    pub async fn after_refusal(&self, refused: &Token) -> Result<Option<Token>> {
        if matches!(self.credential, Credential::AccessToken(_)) {
            return Ok(None);
        }
        {
            let mut current = self.current.lock().await;
            // Somebody else may have renewed it while our request was under way.
            if current.as_ref().is_some_and(|token| token.bearer.reveal() == refused.bearer.reveal()) {
                *current = None;
            }
        }
        self.current().await.map(Some)
    }

    /// When the token in hand expires.
    pub async fn expires(&self) -> Option<OffsetDateTime> {
        match &self.credential {
            Credential::AccessToken(bearer) => self.given(bearer).ok()?.expires,
            Credential::ClientSecret { .. } => self.current.lock().await.as_ref()?.expires,
        }
    }

    /// Whether the connection proves itself as an app rather than as a person.
    pub fn is_app_only(&self) -> bool {
        matches!(self.credential, Credential::ClientSecret { .. })
    }

    /// The admin's own token, until it expires.
    fn given(&self, bearer: &Secret) -> Result<Token> {
        let claims = Claims::of(bearer);
        let expires = claims.exp.and_then(|exp| OffsetDateTime::from_unix_timestamp(exp).ok());
        if expires.is_some_and(|expires| expires <= self.clock.now()) {
            let message = format!("The access token for {} has expired.", self.organization);
            return Err(Error::new(Code::TokenExpired, message).about(&self.organization));
        }
        Ok(Token { bearer: bearer.clone(), expires, tenant_id: claims.tid })
    }

    async fn obtain(&self, app_id: &str, secret: &Secret) -> Result<Token> {
        let fields = [
            ("client_id", app_id),
            ("scope", &self.cloud.scope()),
            ("client_secret", secret.reveal()),
            ("grant_type", "client_credentials"),
        ];
        let url = format!("{}/{}/oauth2/v2.0/token", self.cloud.login, escape(&self.organization));
        let response = transport::send(self.http.post(url).form(&fields), &self.cloud.login).await?;
        self.read(&response)
    }

    fn read(&self, response: &Response) -> Result<Token> {
        let unreadable = || {
            let message = format!(
                "{} sent something else than a token for {} (HTTP {}).",
                self.cloud.login, self.organization, response.status
            );
            Error::new(Code::ResponseUnreadable, message).about(&self.organization).with(|details| {
                details.http_status = Some(response.status);
                details.request_id = response.request_id();
            })
        };
        if matches!(response.status, 408 | 429 | 500..) {
            let code = if response.status == 429 { Code::Throttled } else { Code::ServiceUnavailable };
            let message = format!("{} could not give a token (HTTP {}).", self.cloud.login, response.status);
            return Err(Error::new(code, message).about(&self.organization).with(|details| {
                details.http_status = Some(response.status);
                details.request_id = response.request_id();
                details.retry_after_sec = response.retry_after_sec();
            }));
        }
        if response.status != 200 {
            let refusal: Refusal = serde_json::from_slice(&response.body).map_err(|_| unreadable())?;
            return Err(self.refused(response, refusal));
        }
        let granted: Granted = serde_json::from_slice(&response.body).map_err(|_| unreadable())?;
        let bearer = Secret::new(granted.access_token);
        let tenant_id = Claims::of(&bearer).tid;
        Ok(Token { bearer, expires: Some(self.clock.now() + Duration::from_secs(granted.expires_in)), tenant_id })
    }

    fn refused(&self, response: &Response, refusal: Refusal) -> Error {
        let aadsts = refusal.error_codes.first().copied();
        let organization = &self.organization;
        let (code, what) = match aadsts {
            Some(7_000_215) => (Code::WrongSecret, format!("The client secret for {organization} is wrong.")),
            Some(7_000_222) => (Code::SecretExpired, format!("The client secret for {organization} has expired.")),
            Some(700_016) => (Code::AppNotFound, format!("{organization} has no such app.")),
            Some(90_002) => (Code::TenantNotFound, format!("There is no organization {organization} in this cloud.")),
            _ => (Code::TokenRefused, format!("No token for {organization}: {}.", refusal.error)),
        };
        // The first line says it; the rest are the ids of the request.
        let said = refusal.error_description.lines().next().map(|line| format!(" The service says: {line}"));
        Error::new(code, format!("{what}{}", said.unwrap_or_default())).about(organization).with(|details| {
            details.http_status = Some(response.status);
            details.aadsts = aadsts;
            details.request_id = refusal.trace_id;
        })
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    trace_id: Option<String>,
}

/// The claims that we read; a token that is no JWT has none. They inform, they prove nothing.
#[derive(Deserialize, Default)]
struct Claims {
    tid: Option<String>,
    exp: Option<i64>,
}

impl Claims {
    fn of(token: &Secret) -> Self {
        token
            .reveal()
            .split('.')
            .nth(1)
            .and_then(|payload| URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok())
            .and_then(|json| serde_json::from_slice(&json).ok())
            .unwrap_or_default()
    }
}

/// A name as one segment of a path: whatever the admin typed, it stays one segment.
pub(super) fn escape(segment: &str) -> String {
    url::form_urlencoded::byte_serialize(segment.as_bytes()).collect::<String>().replace('+', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let credential =
            Credential::ClientSecret { app_id: "app".into(), secret: Secret::new("correct horse".to_owned()) };
        assert!(!format!("{credential:?}").contains("horse"));
    }

    #[test]
    fn claims_of_what_is_no_jwt_are_empty() {
        for token in ["", "a.b.c", "....", "opaque"] {
            assert!(Claims::of(&Secret::new(token.to_owned())).tid.is_none());
        }
        let payload = URL_SAFE_NO_PAD.encode(r#"{"tid":"t-1","exp":5,"aud":"x"}"#);
        let claims = Claims::of(&Secret::new(format!("h.{payload}.s")));
        assert_eq!((claims.tid.as_deref(), claims.exp), (Some("t-1"), Some(5)));
    }

    #[test]
    fn an_organization_stays_one_segment() {
        assert_eq!(escape("contoso.com/../x?y z"), "contoso.com%2F..%2Fx%3Fy%20z");
    }
}
