//! The control plane under `/sandbox/`: what a trainer or a test does to the tenant from outside. Described in the
//! crate's README. No sign-in: it answers this machine only, and not web pages that happen to run on it.

mod account;
mod audit;
mod certificate;
mod delivery_report;
mod group;
mod permission;
mod policy;
mod restriction;
mod sign_in;
mod submission;
mod traffic;

use std::time::Duration;

use hyper::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use url::form_urlencoded;

use crate::fault::Order;
use crate::reply::{self, Reply};
use crate::row::wire_time;
use crate::tenant::Tenant;

/// The furthest the clock moves in one step: ten years, in seconds.
const LONGEST_STEP: f64 = 10.0 * 365.0 * 86_400.0;

/// Everything under `/sandbox/`.
const WHAT_THERE_IS: [&str; 23] = [
    "requests",
    "clock",
    "apps",
    "certificates",
    "managed-identity",
    "device-codes",
    "authorizations",
    "federated-tokens",
    "settings",
    "restrictions",
    "releases",
    "unblocks",
    "audit-records",
    "outbound-policies",
    "permissions",
    "accounts",
    "groups",
    "submissions",
    "alerts",
    "traffic",
    "trace",
    "delivery-reports",
    "faults",
];

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

/// A refusal: its status and what to do about it.
type Refused = (StatusCode, String);

pub(crate) fn answer(tenant: &Tenant, request: &Request<'_>) -> Reply {
    admit(tenant, request).unwrap_or_else(|(status, what_to_do)| reply::json(status, &json!({"error": what_to_do})))
}

fn admit(tenant: &Tenant, request: &Request<'_>) -> Result<Reply, Refused> {
    // A page from elsewhere can reach loopback through the browser, by a name that resolves to it (told by Host) or
    // across origins (told by Origin, which tools do not send).
    if !request.is_for_loopback || request.headers.contains_key("origin") {
        let what_to_do = "call the control plane by localhost, 127.0.0.1 or [::1], and not from a web page";
        return Err((StatusCode::FORBIDDEN, what_to_do.into()));
    }
    act(tenant, request.method.as_str(), request.what, request.query, request.body)
}

/// Does what a trainer asks, by whatever way it came.
pub(crate) fn act(tenant: &Tenant, method: &str, what: &str, query: &str, body: &[u8]) -> Result<Reply, Refused> {
    match (what, method) {
        ("requests", "GET") => requests(tenant, query),
        ("clock", "GET") => Ok(now(tenant.now())),
        ("clock", "POST") => advance(tenant, body),
        ("apps", "GET") => Ok(reply::json(StatusCode::OK, &tenant.apps)),
        ("certificates", "POST") => certificate::register(tenant, body),
        ("certificates", "DELETE") => certificate::deregister(tenant, body),
        ("managed-identity", "GET") => Ok(sign_in::managed_identity(tenant)),
        ("managed-identity", "POST") => sign_in::set_key_file(tenant, body),
        ("device-codes", "GET") => Ok(sign_in::device_codes(tenant)),
        ("device-codes", "POST") => sign_in::enter_device_code(tenant, body),
        ("device-codes", "DELETE") => {
            tenant.device_codes().end_sign_ins();
            Ok(reply::empty(StatusCode::NO_CONTENT))
        }
        ("authorizations", "POST") => sign_in::answer_authorization(tenant, body),
        ("federated-tokens", "POST") => sign_in::trust(tenant, body),
        ("settings", "GET") => Ok(reply::json(StatusCode::OK, &*tenant.settings())),
        ("settings", "POST") => change_settings(tenant, body),
        ("restrictions", "POST") => restriction::restrict(tenant, body),
        ("restrictions", "DELETE") => restriction::lift(tenant, body),
        ("releases", "POST") => restriction::plan_release(tenant, body),
        ("releases", "DELETE") => restriction::forget_plan(tenant, body),
        ("unblocks", "POST") => restriction::count_unblocks(tenant, body),
        ("audit-records", "POST") => audit::add_records(tenant, body),
        ("outbound-policies", "POST") => policy::change(tenant, body),
        ("permissions", "GET") => Ok(permission::list(tenant)),
        ("permissions", "POST") => permission::change(tenant, body),
        ("accounts", "GET") => Ok(account::list(tenant)),
        (what, "GET") if what.starts_with("accounts/") => account::show(tenant, what.trim_start_matches("accounts/")),
        (what, "POST") if what.starts_with("accounts/") => {
            account::choose_password(tenant, what.trim_start_matches("accounts/"), body)
        }
        ("groups", "POST") => group::change(tenant, body),
        ("submissions", "POST") => submission::submit(tenant, body),
        ("traffic", "POST") => traffic::fill(tenant, body),
        ("trace", "GET") => traffic::export(tenant, query),
        ("alerts", "GET") => Ok(submission::alerts(tenant)),
        ("delivery-reports", "GET") => Ok(delivery_report::list(tenant)),
        (what, "GET") if what.starts_with("delivery-reports/") => {
            delivery_report::show(tenant, what.trim_start_matches("delivery-reports/"), query)
        }
        ("faults", "POST") => order_fault(tenant, body),
        ("faults", "DELETE") => {
            tenant.faults().clear();
            Ok(reply::empty(StatusCode::NO_CONTENT))
        }
        (what, method) if WHAT_THERE_IS.contains(&what) => {
            Err((StatusCode::METHOD_NOT_ALLOWED, format!("{method} does nothing here; see the README")))
        }
        _ => {
            let all = WHAT_THERE_IS.join(", ");
            Err((StatusCode::NOT_FOUND, format!("under /sandbox/ there are {all}; see the README")))
        }
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

fn bad(what_to_do: String) -> Refused {
    (StatusCode::BAD_REQUEST, what_to_do)
}
