//! The token endpoint of Microsoft Entra: what is asked of it, and what its refusals mean.

use reqwest::Client;
use serde::de::DeserializeOwned;
use serde::Deserialize;

use super::Secret;
use crate::error::{Code, Error, Result};
use crate::exchange::escape;
use crate::exchange::transport::{self, Response};
use crate::exchange::ANY_ORGANIZATION;

/// The token endpoint of one organization.
#[derive(Debug, Clone)]
pub struct TokenEndpoint {
    pub http: Client,
    /// Base of the address, without a final slash.
    pub login: String,
    pub organization: String,
}

/// A token, as it was given.
#[derive(Deserialize)]
pub struct Granted {
    pub access_token: Secret,
    /// In seconds.
    pub expires_in: u64,
    /// Only for people.
    pub refresh_token: Option<Secret>,
}

/// Why there is no token.
#[derive(Deserialize)]
pub struct Refusal {
    pub error: String,
    #[serde(default)]
    error_description: String,
    #[serde(default)]
    error_codes: Vec<u32>,
    trace_id: Option<String>,
    #[serde(skip)]
    status: Option<u16>,
}

impl Refusal {
    /// A refusal that a browser brought: `error` and `error_description` of the redirect, whose text begins with its
    /// number.
    pub fn brought(error: String, error_description: String) -> Self {
        let number = error_description.strip_prefix("AADSTS").and_then(|rest| rest.split(':').next()?.parse().ok());
        Self { error, error_description, error_codes: number.into_iter().collect(), trace_id: None, status: None }
    }
}

impl TokenEndpoint {
    /// The address that gives tokens.
    pub fn address(&self) -> String {
        self.address_of("token")
    }

    /// One of its addresses.
    pub fn address_of(&self, what: &str) -> String {
        format!("{}/{}/oauth2/v2.0/{what}", self.login, escape(&self.organization))
    }

    /// Asks for a token.
    ///
    /// # Errors
    /// What the endpoint refused, or what kept it from answering.
    pub async fn ask(&self, fields: &[(&str, &str)]) -> Result<Granted> {
        self.post("token", fields).await?.map_err(|refusal| self.refused(refusal))
    }

    /// Asks one of its addresses; the inner error is a refusal.
    pub async fn post<T: DeserializeOwned>(&self, what: &str, fields: &[(&str, &str)]) -> Result<Result<T, Refusal>> {
        let response = transport::send(self.http.post(self.address_of(what)).form(fields), &self.login).await?;
        let status = response.status;
        if matches!(status, 408 | 429 | 500..) {
            return Err(self.busy(&response));
        }
        let unreadable = |_| self.unreadable(&response, Code::ResponseUnreadable);
        if status != 200 {
            let refusal: Refusal = serde_json::from_slice(&response.body).map_err(unreadable)?;
            return Ok(Err(Refusal { status: Some(status), ..refusal }));
        }
        serde_json::from_slice(&response.body)
            .map(Ok)
            .map_err(|error: serde_json::Error| self.unreadable(&response, transport::garbled(&error)))
    }

    /// The organization in a message.
    fn shown(&self) -> &str {
        if self.organization == ANY_ORGANIZATION {
            "your organization"
        } else {
            &self.organization
        }
    }

    /// An error about the organization, where one was named.
    pub fn failed(&self, code: Code, message: impl FnOnce(&str) -> String) -> Error {
        let error = Error::new(code, message(self.shown()));
        if self.organization == ANY_ORGANIZATION {
            error
        } else {
            error.about(&self.organization)
        }
    }

    fn unreadable(&self, response: &Response, code: Code) -> Error {
        let (login, status) = (&self.login, response.status);
        let what = match code {
            Code::ConnectionLost => "a reply that ends in its midst instead of",
            _ => "something else than",
        };
        let message = |organization: &str| format!("{login} sent {what} a token for {organization} (HTTP {status}).");
        self.failed(code, message).with(|details| {
            details.http_status = Some(status);
            details.request_id = response.request_id();
        })
    }

    fn busy(&self, response: &Response) -> Error {
        let status = response.status;
        let code = if status == 429 { Code::Throttled } else { Code::ServiceUnavailable };
        let message = |_: &str| format!("{} could not give a token (HTTP {status}).", self.login);
        self.failed(code, message).with(|details| {
            details.http_status = Some(status);
            details.request_id = response.request_id();
            details.retry_after_sec = response.retry_after_sec();
        })
    }

    pub fn refused(&self, refusal: Refusal) -> Error {
        let aadsts = refusal.error_codes.first().copied();
        let (code, what) = meaning(aadsts, &refusal.error, self.shown());
        // The first line says it; the rest are the ids of the request.
        let said = refusal.error_description.lines().next().map(|line| format!(" The service says: {line}"));
        self.failed(code, |_| format!("{what}{}", said.unwrap_or_default())).with(|details| {
            details.http_status = refusal.status;
            details.aadsts = aadsts;
            details.request_id = refusal.trace_id;
        })
    }
}

/// The number of a certificate that the app does not have, or not yet.
pub const CERTIFICATE_UNKNOWN: u32 = 700_027;

/// What a refusal means, by its number.
fn meaning(aadsts: Option<u32>, error: &str, organization: &str) -> (Code, String) {
    match aadsts {
        Some(7_000_215) => (Code::WrongSecret, format!("The client secret for {organization} is wrong.")),
        Some(7_000_222) => (Code::SecretExpired, format!("The client secret for {organization} has expired.")),
        Some(700_016) => (Code::AppNotFound, format!("{organization} has no such app.")),
        Some(90_002) => (Code::TenantNotFound, format!("There is no organization {organization} in this cloud.")),
        Some(CERTIFICATE_UNKNOWN) => (
            Code::CertificateRefused,
            format!("The app's registration for {organization} does not have this certificate."),
        ),
        Some(700_024) => (
            Code::TokenRefused,
            format!("No token for {organization}: this machine's clock and the service's are minutes apart."),
        ),
        Some(65_001) => (Code::ConsentMissing, format!("Nobody has consented to this app in {organization}.")),
        Some(53_003 | 50_076 | 50_079 | 50_105 | 53_000 | 530_003) => {
            (Code::ConditionalAccess, format!("A policy of {organization} does not let this sign-in through."))
        }
        Some(50_020 | 50_177 | 50_034) => {
            (Code::TokenRefused, format!("The account does not belong to {organization}, nor is it a guest there."))
        }
        _ => (Code::TokenRefused, format!("No token for {organization}: {error}.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_meanings_and_others_keep_the_error() {
        let meaning = |aadsts| meaning(Some(aadsts), "invalid_grant", "contoso.com");
        assert_eq!(meaning(700_027).0, Code::CertificateRefused);
        assert_eq!(meaning(65_001).0, Code::ConsentMissing);
        assert_eq!(meaning(53_003).0, Code::ConditionalAccess);
        assert_eq!(meaning(1).0, Code::TokenRefused);
        assert!(meaning(1).1.contains("invalid_grant"));
    }
}
