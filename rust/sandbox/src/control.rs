//! The control plane under `/sandbox/`: what a trainer or a test does to the tenant from outside. Described in the
//! crate's README. No sign-in: it answers this machine only, and not web pages that happen to run on it.

use std::time::Duration;

use hyper::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use url::form_urlencoded;
use uuid::Uuid;

use crate::app_certificate::AppCertificate;
use crate::fault::Order;
use crate::reply::{self, Reply};
use crate::restriction::{Entity, NotRestricted, Restriction, Subject};
use crate::row::wire_time;
use crate::tenant::Tenant;

/// The furthest the clock moves in one step: ten years, in seconds.
const LONGEST_STEP: f64 = 10.0 * 365.0 * 86_400.0;

/// A request to the control plane.
pub(crate) struct Request<'a> {
    pub(crate) method: &'a Method,
    /// What follows `/sandbox/`.
    pub(crate) what: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// Whether the client asked for this machine by a loopback name.
    pub(crate) is_for_loopback: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: f64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    sender_address: Option<String>,
    connector_id: Option<String>,
    connector_name: Option<String>,
    reason: Option<String>,
    temporary_block: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Registration {
    app_id: String,
    certificate: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Deregistration {
    app_id: String,
    thumbprint: String,
}

/// A refusal: its status and what to do about it.
type Refused = (StatusCode, String);

pub(crate) fn answer(tenant: &Tenant, request: &Request<'_>) -> Reply {
    act(tenant, request).unwrap_or_else(|(status, what_to_do)| reply::json(status, &json!({"error": what_to_do})))
}

fn act(tenant: &Tenant, request: &Request<'_>) -> Result<Reply, Refused> {
    // A page from elsewhere can reach loopback through the browser, by a name that resolves to it (told by Host) or
    // across origins (told by Origin, which tools do not send).
    if !request.is_for_loopback || request.headers.contains_key("origin") {
        let what_to_do = "call the control plane by localhost, 127.0.0.1 or [::1], and not from a web page";
        return Err((StatusCode::FORBIDDEN, what_to_do.into()));
    }
    match (request.what, request.method.as_str()) {
        ("requests", "GET") => requests(tenant, request.query),
        ("clock", "GET") => Ok(now(tenant.now())),
        ("clock", "POST") => advance(tenant, request.body),
        ("apps", "GET") => Ok(reply::json(StatusCode::OK, &tenant.apps)),
        ("restrictions", "POST") => restrict(tenant, request.body),
        ("restrictions", "DELETE") => lift(tenant, request.body),
        ("faults", "POST") => order_fault(tenant, request.body),
        ("faults", "DELETE") => {
            tenant.faults().clear();
            Ok(reply::empty(StatusCode::NO_CONTENT))
        }
        ("certificates", "POST") => register(tenant, request.body),
        ("certificates", "DELETE") => deregister(tenant, request.body),
        ("settings", "GET") => Ok(reply::json(StatusCode::OK, &*tenant.settings())),
        ("settings", "POST") => change_settings(tenant, request.body),
        ("requests" | "clock" | "settings" | "apps" | "certificates" | "restrictions" | "faults", method) => {
            Err((StatusCode::METHOD_NOT_ALLOWED, format!("{method} does nothing here; see the README")))
        }
        _ => Err((
            StatusCode::NOT_FOUND,
            "there are /sandbox/requests, clock, apps, certificates, settings, restrictions and faults; see the README"
                .into(),
        )),
    }
}

fn requests(tenant: &Tenant, query: &str) -> Result<Reply, Refused> {
    let after = match form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "after") {
        None => 0,
        Some((_, number)) => {
            number.parse().map_err(|_| bad(format!("after={number} is not a number; give that of a request")))?
        }
    };
    Ok(reply::json(StatusCode::OK, &tenant.requests().after(after)))
}

fn advance(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let Advance { advance_seconds } = read(body, r#"{"advanceSeconds": 3600}"#)?;
    if !(0.0..=LONGEST_STEP).contains(&advance_seconds) {
        return Err(bad(format!("advanceSeconds must lie between 0 and {LONGEST_STEP}; time does not run back")));
    }
    let step = Duration::try_from_secs_f64(advance_seconds).map_err(|error| bad(error.to_string()))?;
    let time = tenant.clock.advance(step).map_err(|real_time| bad(real_time.to_string()))?;
    Ok(now(time))
}

fn now(time: OffsetDateTime) -> Reply {
    reply::json(StatusCode::OK, &json!({"now": wire_time(time)}))
}

fn restrict(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let example = r#"{"senderAddress": "ann@contoso.com", "reason": "..."} or
        {"connectorId": "GUID", "connectorName": "...", "reason": "..."}"#;
    let wanted: Wanted = read(body, example)?;
    let subject = match (wanted.sender_address, wanted.connector_id, wanted.connector_name) {
        (Some(address), None, None) if address.contains('@') => {
            Subject::Sender { address, temporary: wanted.temporary_block.unwrap_or_default() }
        }
        (None, Some(id), name) => Subject::Connector { id: guid(&id)?, name: name.unwrap_or_default(), expires: None },
        _ => return Err(bad(format!("give either a sender's address or a connector: {example}"))),
    };
    let now = tenant.now();
    let reason = wanted.reason.unwrap_or_default();
    let restriction = Restriction { subject, reason, created: now, changed: now };
    match tenant.restrictions().restrict(restriction, now) {
        Ok(()) => Ok(reply::empty(StatusCode::CREATED)),
        Err(NotRestricted::AlreadyListed) => {
            Err(bad("it is restricted already; DELETE /sandbox/restrictions takes it off".into()))
        }
        Err(NotRestricted::ListFull) => Err(bad("the list is full; take some off first".into())),
    }
}

fn lift(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let example = r#"{"senderAddress": "ann@contoso.com"} or {"connectorId": "GUID"}"#;
    let wanted: Wanted = read(body, example)?;
    let entity = match (wanted.sender_address, wanted.connector_id) {
        (Some(address), None) => Entity::sender(&address),
        (None, Some(id)) => Entity::Connector(guid(&id)?),
        _ => return Err(bad(format!("give either a sender's address or a connector: {example}"))),
    };
    let gone = tenant.restrictions().remove(&entity);
    gone.map_err(|_| (StatusCode::NOT_FOUND, "it is not restricted; nothing to take off".into()))?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

fn register(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let example = r#"{"appId": "GUID", "certificate": "-----BEGIN CERTIFICATE-----..."}"#;
    let Registration { app_id, certificate } = read(body, example)?;
    let app = app(tenant, &app_id)?;
    let certificate = AppCertificate::from_pem(&certificate)
        .map_err(|why| bad(format!("the certificate cannot be registered: {why}; give one in PEM")))?;
    let thumbprint = certificate.thumbprint();
    tenant.app_certificates().add(app, certificate).map_err(bad)?;
    Ok(reply::json(StatusCode::CREATED, &json!({"thumbprint": thumbprint})))
}

fn deregister(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let Deregistration { app_id, thumbprint } = read(body, r#"{"appId": "GUID", "thumbprint": "40 digits"}"#)?;
    if tenant.app_certificates().remove(app(tenant, &app_id)?, &thumbprint) {
        Ok(reply::empty(StatusCode::NO_CONTENT))
    } else {
        Err((StatusCode::NOT_FOUND, "the app has no certificate with this thumbprint; nothing to remove".into()))
    }
}

/// The identifier of an app that exists.
fn app(tenant: &Tenant, id: &str) -> Result<Uuid, Refused> {
    let known = Uuid::try_parse(id).ok().filter(|id| tenant.apps.iter().any(|app| app.id == *id));
    known.ok_or_else(|| bad(format!("there is no app '{id}'; GET /sandbox/apps shows them")))
}

fn change_settings(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let change = read(body, r#"{"emptyValue": "missing", "assertionReuse": true}"#)?;
    let mut settings = tenant.settings();
    settings.change(change);
    Ok(reply::json(StatusCode::OK, &*settings))
}

fn order_fault(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let example = r#"{"match": "Get-Recipient", "times": 1, "fault": {"kind": "status", "status": 503}}"#;
    let order: Order = read(body, example)?;
    tenant.faults().order(order).map_err(bad)?;
    Ok(reply::empty(StatusCode::CREATED))
}

fn read<T: DeserializeOwned>(body: &[u8], example: &str) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| bad(format!("{error}; send JSON such as {example}")))
}

fn guid(text: &str) -> Result<Uuid, Refused> {
    Uuid::try_parse(text).map_err(|_| bad(format!("connectorId '{text}' is not a GUID; give one")))
}

fn bad(what_to_do: String) -> Refused {
    (StatusCode::BAD_REQUEST, what_to_do)
}
