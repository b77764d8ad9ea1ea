//! The token endpoint's refusals: OAuth errors with the numbers and words of Microsoft Entra ID.

use hyper::StatusCode;
use serde_json::json;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::reply::{self, Reply};

const TIMESTAMP: &[FormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");

/// How times stand inside messages.
const MESSAGE_TIME: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// (?) The directory has a number for assertions it cannot read; that this is the one is not documented.
const MALFORMED_ASSERTION: u32 = 50_027;
/// (?) The directory is not known to refuse a repeated assertion; the number is that of assertions that are invalid
/// for one of several reasons.
const REPEATED_ASSERTION: u32 = 50_013;
/// (?)
const UNSUPPORTED_ALGORITHM: u32 = 5_002_738;
/// (?) These are documented by their errors, not by their numbers.
const SLOW_DOWN: u32 = 70_024;
const UNKNOWN_CODE: u32 = 70_000;
/// (?)
const NO_THUMBPRINT: u32 = 5_002_723;

/// Why no token was given out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    error: &'static str,
    pub(crate) code: u32,
    message: String,
}

impl Refusal {
    fn bad(error: &'static str, code: u32, message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error, code, message }
    }

    fn invalid_client(code: u32, message: String) -> Self {
        Self { status: StatusCode::UNAUTHORIZED, error: "invalid_client", code, message }
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        let message = format!("The request body must contain the following parameter: '{parameter}'.");
        Self::bad("invalid_request", 900_144, message)
    }

    pub(crate) fn unsupported_grant(grant_type: &str) -> Self {
        let message = format!("The app requested an unsupported grant type '{grant_type}'.");
        Self::bad("unsupported_grant_type", 70_003, message)
    }

    pub(crate) fn unknown_tenant(name: &str) -> Self {
        let message = format!(
            "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the \
             correct cloud. Check with your subscription administrator, this may happen if there are no active \
             subscriptions for the tenant."
        );
        Self::bad("invalid_request", 90_002, message)
    }

    pub(crate) fn unknown_app(id: &str, company: &str) -> Self {
        let message = format!(
            "Application with identifier '{id}' was not found in the directory '{company}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in \
             the tenant. You may have sent your authentication request to the wrong tenant."
        );
        Self::bad("unauthorized_client", 700_016, message)
    }

    pub(crate) fn no_credential() -> Self {
        let message = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' \
                       grant type.";
        Self::invalid_client(7_000_216, message.into())
    }

    pub(crate) fn wrong_secret(app: Uuid) -> Self {
        let message = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
             not the client secret ID, for a secret added to app '{app}'."
        );
        Self::invalid_client(7_000_215, message)
    }

    pub(crate) fn expired_secret(app: Uuid) -> Self {
        let message = format!(
            "The provided client secret keys for app '{app}' are expired. Create new keys for your app, or consider \
             using certificate credentials for added security."
        );
        Self::invalid_client(7_000_222, message)
    }

    pub(crate) fn not_default(scope: &str) -> Self {
        let message = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        Self::bad("invalid_scope", 1_002_012, message)
    }

    pub(crate) fn unknown_resource(resource: &str, company: &str) -> Self {
        let message = format!(
            "The resource principal named {resource} was not found in the tenant named {company}. This can happen if \
             the application has not been installed by the administrator of the tenant or consented to by any user \
             in the tenant. You might have sent your authentication request to the wrong tenant."
        );
        Self::bad("invalid_resource", 500_011, message)
    }

    /// (?) The directory's words for an assertion of another type are not known.
    pub(crate) fn unknown_assertion_type(kind: &str) -> Self {
        Self::bad("invalid_request", MALFORMED_ASSERTION, format!("The client assertion type '{kind}' is unknown."))
    }

    pub(crate) fn malformed_assertion(why: &str) -> Self {
        Self::bad("invalid_request", MALFORMED_ASSERTION, format!("JWT token is invalid or malformed. {why}"))
    }

    pub(crate) fn unsupported_algorithm(algorithm: &str) -> Self {
        let message = format!(
            "Invalid JWT token. '{algorithm}' is not a supported signature algorithm. Supported signing algorithms \
             are: 'RS256, PS256'."
        );
        Self::invalid_client(UNSUPPORTED_ALGORITHM, message)
    }

    pub(crate) fn no_thumbprint() -> Self {
        let message = "Invalid JWT token. No certificate SHA-1 thumbprint, certificate SHA-256 thumbprint, nor keyId \
                       specified in token header.";
        Self::invalid_client(NO_THUMBPRINT, message.into())
    }

    pub(crate) fn unknown_certificate(thumbprint: &str, app: Uuid) -> Self {
        let message = format!(
            "The certificate with identifier used to sign the client assertion is not registered on application. \
             [Reason - The key was not found., Thumbprint of key used by client: '{thumbprint}', Configure the \
             certificate for application '{app}'.]"
        );
        Self::invalid_client(700_027, message)
    }

    pub(crate) fn expired_certificate(thumbprint: &str, [start, end]: [OffsetDateTime; 2]) -> Self {
        let message = format!(
            "Client assertion failed signature validation. [Reason - The key used is expired., Thumbprint of key \
             used by client: '{thumbprint}', Found key 'Start={}, End={}']",
            written(start),
            written(end)
        );
        Self::invalid_client(700_027, message)
    }

    pub(crate) fn wrong_signature(thumbprint: &str) -> Self {
        let message = format!(
            "Client assertion contains an invalid signature. [Reason - The provided signature value did not match \
             the expected signature value., Thumbprint of key used by client: '{thumbprint}']"
        );
        Self::invalid_client(700_027, message)
    }

    pub(crate) fn wrong_issuer(claim: &str) -> Self {
        let message = format!(
            "Client assertion application identifier doesn't match 'client_id' parameter. Review the claim '{claim}'."
        );
        Self::invalid_client(700_021, message)
    }

    pub(crate) fn wrong_audience(expected: &str) -> Self {
        let message =
            format!("Client assertion audience claim does not match Realm issuer. The audience must be '{expected}'.");
        Self::invalid_client(700_023, message)
    }

    /// `from` and `until` are as the assertion has them; missing ones stand as `none`.
    pub(crate) fn out_of_time(
        now: OffsetDateTime,
        from: Option<OffsetDateTime>,
        until: Option<OffsetDateTime>,
    ) -> Self {
        let claim = |time: Option<OffsetDateTime>| time.map_or_else(|| "none".to_owned(), written);
        let message = format!(
            "Client assertion is not within its valid time range. Current time: {}, assertion valid from {}, expiry \
             time of assertion {}.",
            written(now),
            claim(from),
            claim(until)
        );
        Self::invalid_client(700_024, message)
    }

    pub(crate) fn repeated_assertion() -> Self {
        let message = "The client assertion was used before; its 'jti' must be another one every time.";
        Self::invalid_client(REPEATED_ASSERTION, message.into())
    }

    pub(crate) fn authorization_pending() -> Self {
        let message = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
        Self::bad("authorization_pending", 70_016, message.into())
    }

    pub(crate) fn slow_down() -> Self {
        Self::bad("slow_down", SLOW_DOWN, "Polling too often. Wait longer between requests.".into())
    }

    pub(crate) fn authorization_declined() -> Self {
        Self::bad("authorization_declined", 70_018, "The end user denied the authorization request.".into())
    }

    pub(crate) fn expired_device_code() -> Self {
        Self::bad("expired_token", 70_019, "Verification code expired.".into())
    }

    pub(crate) fn unknown_device_code() -> Self {
        Self::bad("bad_verification_code", UNKNOWN_CODE, "The provided device code is not valid.".into())
    }

    /// The redirect address of a sign-in in a browser is none that the app may have.
    pub(crate) fn wrong_redirect(address: &str, app: Uuid) -> Self {
        let message = format!(
            "The redirect URI '{address}' specified in the request does not match the redirect URIs configured for the \
             application '{app}'. Make sure the redirect URI sent in the request matches one added to your application."
        );
        Self::bad("invalid_request", 50_011, message)
    }

    pub(crate) fn unsupported_response_type(response_type: &str) -> Self {
        let message = format!("The response type '{response_type}' is not supported for this application.");
        Self::bad("unsupported_response_type", 700_054, message)
    }

    /// (?) The words for a proof key that is missing or of the kind "plain" are ours: the directory takes both.
    pub(crate) fn no_proof_key() -> Self {
        Self::bad("invalid_request", 9_002_325, "Proof Key for Code Exchange (S256) is required here.".into())
    }

    pub(crate) fn declined() -> Self {
        Self::bad("access_denied", 65_004, "User declined to consent to access the app.".into())
    }

    pub(crate) fn unknown_authorization_code() -> Self {
        Self::bad(
            "invalid_grant",
            UNKNOWN_CODE,
            "The provided value for the input parameter 'code' is not valid.".into(),
        )
    }

    pub(crate) fn used_authorization_code() -> Self {
        let message = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an \
                       existing refresh token.";
        Self::bad("invalid_grant", 54_005, message.into())
    }

    pub(crate) fn expired_authorization_code() -> Self {
        let message = "The provided authorization code or refresh token has expired due to inactivity.";
        Self::bad("invalid_grant", 70_008, message.into())
    }

    pub(crate) fn other_redirect() -> Self {
        let message = "Reply address is different from the one that was used to acquire the authorization code.";
        Self::bad("invalid_grant", 500_112, message.into())
    }

    pub(crate) fn wrong_verifier() -> Self {
        let message = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
        Self::bad("invalid_grant", 501_481, message.into())
    }

    pub(crate) fn expired_refresh_token() -> Self {
        let message = "The refresh token has expired due to inactivity.";
        Self::bad("invalid_grant", 700_082, message.into())
    }

    /// As a redirect carries it: `error` and `error_description`.
    pub(crate) fn in_redirect(&self) -> [(&'static str, String); 2] {
        [("error", self.error.to_owned()), ("error_description", format!("AADSTS{}: {}", self.code, self.message))]
    }

    pub(crate) fn reply(&self, now: OffsetDateTime, correlation_id: Option<&str>) -> Reply {
        let Self { status, error, code, message } = self;
        let trace = Uuid::new_v4().to_string();
        let correlation =
            correlation_id.and_then(|id| Uuid::try_parse(id).ok()).unwrap_or_else(Uuid::new_v4).to_string();
        let timestamp = now.format(TIMESTAMP).unwrap_or_default();
        let description = format!(
            "AADSTS{code}: {message}\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: {timestamp}"
        );
        let body = json!({
            "error": error,
            "error_description": description,
            "error_codes": [code],
            "timestamp": timestamp,
            "trace_id": trace,
            "correlation_id": correlation,
        });
        reply::json(*status, &body)
    }
}

fn written(time: OffsetDateTime) -> String {
    time.format(MESSAGE_TIME).unwrap_or_default()
}
