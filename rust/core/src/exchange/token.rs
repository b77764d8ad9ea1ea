//! Access tokens: kept, and renewed before they expire, one renewal at a time.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use reqwest::Client;
use restricted_sender_clock::Clock;
use serde::Deserialize;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::sync::{watch, Mutex};

use super::cloud::Cloud;
use super::role;
use super::secret::Secret;
use super::sign_in::{
    external_token, renew_sign_in, sign_in_on_a_device, wanted_claims, Credential, Granted, TokenEndpoint,
    CERTIFICATE_UNKNOWN,
};
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// A token, and what can be read from it.
#[derive(Debug, Clone)]
pub struct Token {
    pub bearer: Secret,
    /// Nothing where the token does not tell.
    pub expires: Option<OffsetDateTime>,
    /// The organization's id (claim `tid`).
    pub tenant_id: Option<String>,
    /// The person it is for (claim `upn`).
    pub user: Option<String>,
    /// The [names](role::named) of the roles that it tells of.
    pub roles: Vec<String>,
}

/// The tokens of one connection for one audience.
#[derive(Debug)]
pub struct Tokens {
    endpoint: TokenEndpoint,
    scope: String,
    /// What tokens are for, as managed identities name it.
    resource: String,
    credential: Credential,
    clock: Clock,
    current: watch::Sender<Option<Token>>,
    /// Whoever asks for a token holds this. Nobody talks to a host meanwhile: a host may be busy with another operation,
    /// which waits for the very token.
    /// All audiences share it, since they share what renews the token of a person, which each renewal may replace.
    renewing: Arc<Mutex<()>>,
    /// What renews the token of a person, for whichever audience.
    refresh: Arc<std::sync::Mutex<Option<Secret>>>,
    /// What the service wants the next token of a person to say.
    challenge: std::sync::Mutex<Option<Value>>,
}

/// A token is renewed this long before it expires, so that none expires on its way.
const EARLY: Duration = Duration::from_secs(5 * 60);

/// How often, and after how long, a certificate is tried again that the directory does not know yet.
const TRIES_OF_A_NEW_CERTIFICATE: u32 = 3;
const PAUSE_OF_A_NEW_CERTIFICATE: Duration = Duration::from_secs(10);

impl Tokens {
    pub fn new(http: Client, cloud: &Cloud, organization: String, credential: Credential, clock: Clock) -> Self {
        let endpoint = TokenEndpoint { http, login: cloud.login.clone(), organization };
        let (current, renewing) = (watch::Sender::new(None), Arc::default());
        let (scope, resource) = (cloud.scope(), cloud.exchange.clone());
        let (refresh, challenge) = (Arc::default(), std::sync::Mutex::default());
        Self { endpoint, scope, resource, credential, clock, current, renewing, refresh, challenge }
    }

    /// Tokens by the same sign-in for another audience; nothing where the sign-in is a single token.
    pub fn also_for(&self, resource: &str) -> Option<Self> {
        let credential = match &self.credential {
            Credential::AccessToken(_) => return None,
            other => other.clone(),
        };
        Some(Self {
            endpoint: self.endpoint.clone(),
            scope: format!("{resource}/.default"),
            resource: resource.to_owned(),
            credential,
            clock: self.clock.clone(),
            current: watch::Sender::new(None),
            renewing: Arc::clone(&self.renewing),
            refresh: Arc::clone(&self.refresh),
            challenge: std::sync::Mutex::default(),
        })
    }

    /// Takes the organization that the person who signed in belongs to, where none was named.
    pub fn settle(&mut self, organization: &str) {
        organization.clone_into(&mut self.endpoint.organization);
    }

    /// A token that is good for now. `host` is asked to sign where that is needed.
    pub async fn current(&self, host: &Host) -> Result<Token> {
        if let Credential::AccessToken(bearer) = &self.credential {
            return self.given(bearer);
        }
        match self.in_hand() {
            Some(token) => Ok(token),
            None => self.renew(host).await,
        }
    }

    /// After the service refused `refused`: a new token, or nothing when there is no newer one to be had. `challenge` is
    /// the service's `WWW-Authenticate`, which may want more of a person's token.
    pub async fn after_refusal(&self, refused: &Token, challenge: Option<&str>, host: &Host) -> Result<Option<Token>> {
        if matches!(self.credential, Credential::AccessToken(_)) {
            return Ok(None);
        }
        if let (true, Some(claims)) = (self.credential.is_person(), challenge.and_then(wanted_claims)) {
            *self.challenge.lock().unwrap_or_else(PoisonError::into_inner) = Some(claims);
        }
        // Somebody else may have renewed it while our request was under way.
        self.current.send_if_modified(|current| {
            let is_that = current.as_ref().is_some_and(|token| token.bearer.reveal() == refused.bearer.reveal());
            if is_that {
                *current = None;
            }
            is_that
        });
        self.current(host).await.map(Some)
    }

    /// The token in hand, whether it is still good or not.
    pub fn last(&self) -> Option<Token> {
        match &self.credential {
            Credential::AccessToken(bearer) => self.given(bearer).ok(),
            _ => self.current.borrow().clone(),
        }
    }

    /// Whether the connection proves itself as an app rather than as a person.
    pub fn is_app_only(&self) -> bool {
        self.credential.is_app_only()
    }

    /// The token that was obtained last, while it is good.
    fn in_hand(&self) -> Option<Token> {
        self.current.borrow().as_ref().filter(|token| self.is_good(token)).cloned()
    }

    fn is_good(&self, token: &Token) -> bool {
        token.expires.is_none_or(|expires| self.clock.now() + EARLY < expires)
    }

    /// The admin's own token, until it expires.
    fn given(&self, bearer: &Secret) -> Result<Token> {
        let organization = &self.endpoint.organization;
        let token = Token::read(bearer.clone(), None);
        if token.expires.is_some_and(|expires| expires <= self.clock.now()) {
            let message = format!("The access token for {organization} has expired.");
            return Err(Error::new(Code::TokenExpired, message).about(organization));
        }
        Ok(token)
    }

    async fn renew(&self, host: &Host) -> Result<Token> {
        let mut tries = 1;
        loop {
            let failure = match self.renew_once(host).await {
                Ok(token) => return Ok(token),
                Err(failure) => failure,
            };
            if tries > TRIES_OF_A_NEW_CERTIFICATE || !self.may_become_known(&failure) {
                return Err(failure);
            }
            tries += 1;
            host.detail(format!("{failure} It is new, so it is tried again.")).await?;
            self.clock.nap(PAUSE_OF_A_NEW_CERTIFICATE).await;
        }
    }

    /// Whether the directory refused a certificate that it may have learnt of a moment later.
    fn may_become_known(&self, failure: &Error) -> bool {
        failure.aadsts == Some(CERTIFICATE_UNKNOWN)
            && matches!(&self.credential, Credential::Certificate { certificate, .. }
                if certificate.is_new(self.clock.now()))
    }

    /// Gets a proof of who we are, then asks for a token with it, unless another operation got one meanwhile.
    ///
    /// Every operation asks its own host for the proof and the first that has one goes ahead: in a pipeline one thread
    /// serves several operations in turn, so an operation that waited for another one's host could wait for ever.
    async fn renew_once(&self, host: &Host) -> Result<Token> {
        let proof = tokio::select! {
            biased;
            token = self.renewed_by_another() => return Ok(token),
            proof = self.proof(host) => proof?,
        };
        let token = {
            let _one_at_a_time = self.renewing.lock().await;
            if let Some(token) = self.in_hand() {
                return Ok(token);
            }
            let token = self.obtain(proof).await?;
            self.current.send_replace(Some(token.clone()));
            token
        };
        host.detail(format!("New token for {}.", self.endpoint.organization)).await?;
        Ok(token)
    }

    async fn obtain(&self, proof: Proof) -> Result<Token> {
        let refresh = self.refresh.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let granted = match (proof, &self.credential, refresh) {
            (Proof::Granted(granted), ..) => granted,
            (_, Credential::ManagedIdentity(identity), _) => {
                let organization = &self.endpoint.organization;
                let token = identity.token(&self.endpoint.http, &self.resource, &self.clock).await;
                return token.map_err(|error| error.about(organization));
            }
            (_, credential, Some(refresh)) if credential.is_person() => {
                let challenge = self.challenge.lock().unwrap_or_else(PoisonError::into_inner).take();
                renew_sign_in(&self.endpoint, &self.scope, &refresh, challenge).await?
            }
            (proof, ..) => self.endpoint.ask(&self.request(&proof)).await?,
        };
        if granted.refresh_token.is_some() {
            *self.refresh.lock().unwrap_or_else(PoisonError::into_inner) = granted.refresh_token;
        }
        let expires = self.clock.now() + Duration::from_secs(granted.expires_in);
        Ok(Token::read(granted.access_token, Some(expires)))
    }

    async fn renewed_by_another(&self) -> Token {
        let mut current = self.current.subscribe();
        let is_good = |token: &Option<Token>| token.as_ref().is_some_and(|token| self.is_good(token));
        // It ends only with `self`, so that it does not end while we wait.
        match current.wait_for(is_good).await.map(|token| token.clone()) {
            Ok(Some(token)) => token,
            _ => std::future::pending().await,
        }
    }

    /// What a request needs beside what we hold: from the host, from a file, from a person.
    async fn proof(&self, host: &Host) -> Result<Proof> {
        let about = |error: Error| error.about(&self.endpoint.organization);
        match &self.credential {
            Credential::Certificate { app_id, certificate } => {
                let audience = self.endpoint.address();
                let assertion = certificate.assertion(host, app_id, &audience, self.clock.now()).await;
                assertion.map(Proof::Assertion).map_err(about)
            }
            Credential::Federated { token_file, .. } => {
                external_token(token_file).await.map(Proof::Assertion).map_err(about)
            }
            person if person.is_person() && self.has_signed_in() => Ok(Proof::Held),
            Credential::Device => {
                sign_in_on_a_device(&self.endpoint, &self.scope, host, &self.clock).await.map(Proof::Granted)
            }
            Credential::Browser(browser) => {
                browser.sign_in(&self.endpoint, &self.scope, host, &self.clock).await.map(Proof::Granted)
            }
            _ => Ok(Proof::Held),
        }
    }

    /// Whether a person has signed in here, so that the sign-in can be renewed.
    fn has_signed_in(&self) -> bool {
        self.refresh.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The fields of an app's request for a token.
    fn request<'a>(&'a self, proof: &'a Proof) -> Vec<(&'static str, &'a str)> {
        let mut fields = vec![("scope", self.scope.as_str()), ("grant_type", "client_credentials")];
        match &self.credential {
            Credential::ClientSecret { app_id, secret } => {
                fields.extend([("client_id", app_id.as_str()), ("client_secret", secret.reveal())]);
            }
            Credential::Certificate { app_id, .. } | Credential::Federated { app_id, .. } => {
                fields.extend([("client_id", app_id.as_str()), ("client_assertion_type", ASSERTION_TYPE)]);
            }
            // These ask in other ways.
            Credential::ManagedIdentity(_)
            | Credential::Device
            | Credential::Browser(_)
            | Credential::AccessToken(_) => {}
        }
        if let Proof::Assertion(assertion) = proof {
            fields.push(("client_assertion", assertion.reveal()));
        }
        fields
    }
}

/// What goes with a request for a token.
enum Proof {
    /// Nothing that we did not hold before.
    Held,
    /// A statement about the app, signed by its key or by another identity provider.
    Assertion(Secret),
    /// The token itself, since a person signed in.
    Granted(Granted),
}

/// The kind of all assertions (RFC 7523).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Token {
    /// A token whose claims tell what else is to be known of it.
    pub(super) fn read(bearer: Secret, expires: Option<OffsetDateTime>) -> Self {
        let claims = Claims::of(&bearer);
        let exp = || claims.exp.and_then(|exp| OffsetDateTime::from_unix_timestamp(exp).ok());
        let (expires, roles) = (expires.or_else(exp), role::named(claims.roles, &claims.wids));
        Self { expires, tenant_id: claims.tid, user: claims.upn, roles, bearer }
    }
}

/// The claims that we read; a token that is no JWT has none. They inform, they prove nothing.
#[derive(Deserialize, Default)]
struct Claims {
    tid: Option<String>,
    upn: Option<String>,
    exp: Option<i64>,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    wids: Vec<String>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_of_what_is_no_jwt_are_empty() {
        for token in ["", "a.b.c", "....", "opaque"] {
            assert!(Claims::of(&Secret::new(token.to_owned())).tid.is_none());
        }
        let payload = URL_SAFE_NO_PAD.encode(r#"{"tid":"t-1","exp":5,"aud":"x"}"#);
        let claims = Claims::of(&Secret::new(format!("h.{payload}.s")));
        assert_eq!((claims.tid.as_deref(), claims.exp), (Some("t-1"), Some(5)));
    }
}
