//! Security & Compliance: an endpoint of its own, with tokens and cmdlets of its own.
//!
//! Whoever comes to it first is sent on to where it really is, with a cookie that they have to bring there. The service
//! does that by other host names; here it is another name of this machine, behind the same path.

use hyper::header::{LOCATION, SET_COOKIE};
use hyper::http::uri::PathAndQuery;
use hyper::{StatusCode, Uri};
use url::Url;
use uuid::Uuid;

use crate::admin::{has_cookie, Request};
use crate::alert::{AlertPolicy, POLICIES};
use crate::cmdlets::{everywhere, Cmdlet, Invocation, Output};
use crate::device_code::public_client;
use crate::invoke::{self, Asked};
use crate::parameter::{optional, Kind};
use crate::refusal::Refusal;
use crate::reply::{self, Reply};
use crate::role::Caller;
use crate::row::{Row, Value};
use crate::settings::Settings;
use crate::tenant::Tenant;

/// Where it is, behind every base.
pub(crate) const PATH: &str = "/compliance";

/// What leads a client on; without it nobody is served.
const COOKIE: &str = "compliancesession";

/// The mailbox that stands for an organization.
const ORGANIZATION_MAILBOX: &str = "SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}";

static CMDLETS: [Cmdlet; 2] = [
    Cmdlet {
        name: "Get-ProtectionAlert",
        output_type: "Microsoft.Office.CompliancePolicy.PolicyConfiguration.PsProtectionAlert",
        parameters: &[optional("Identity", Kind::Text)],
        run: get_protection_alert,
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-AdminAuditLogConfig",
        output_type: "Microsoft.Exchange.Data.Directory.SystemConfiguration.AdminAuditLogConfig",
        parameters: &[],
        run: get_audit_config,
        exists: everywhere,
    },
];

/// Answers a request for `uri`; `base` is where the client was, `request` knows the path below it, too.
pub(crate) fn answer(tenant: &Tenant, base: &str, request: &Request<'_>, uri: &Uri, asked: &Asked) -> Reply {
    match really(base) {
        Some(really) if really != base || !has_cookie(request.headers, COOKIE) => send_on(&really, uri),
        _ => request.dress(match request.sign_in_to_post(tenant) {
            Err(reply) => *reply,
            Ok(caller) => match check_anchor(tenant, request, &caller) {
                Err(refusal) => refusal.reply(),
                Ok(()) => invoke::call(tenant, request, caller, asked, named),
            },
        }),
    }
}

/// Where it really is: not at the name that the invitation has, but at another one of this machine.
fn really(base: &str) -> Option<String> {
    let mut really = Url::parse(base).ok()?;
    let host = if really.scheme() == "https" { "127.0.0.1" } else { "localhost" };
    really.set_host(Some(host)).ok()?;
    Some(really.origin().ascii_serialization())
}

fn send_on(really: &str, uri: &Uri) -> Reply {
    let mut reply = reply::empty(StatusCode::FOUND);
    // Over HTTP/2 it has the host in it, too.
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    reply::set(&mut reply, LOCATION, &format!("{really}{path}"));
    reply::set(&mut reply, SET_COOKIE, &format!("{COOKIE}={}; path={PATH}; HttpOnly", Uuid::new_v4().simple()));
    reply
}

/// An app names the organization by its initial domain (a GUID routes nowhere), a person themselves.
fn check_anchor(tenant: &Tenant, request: &Request<'_>, caller: &Caller) -> Result<(), Refusal> {
    let anchor = reply::header(request.headers, "x-anchormailbox").unwrap_or_default();
    let expected = format!("UPN:{ORGANIZATION_MAILBOX}@{}", tenant.organization);
    let is_person = public_client(&caller.app.to_string()).is_some();
    let domain = anchor.rsplit_once('@').map(|(_, domain)| domain).unwrap_or_default();
    let is_of_a_person = is_person && tenant.is_called(domain) && Uuid::try_parse(domain).is_err();
    if is_of_a_person || anchor.eq_ignore_ascii_case(&expected) {
        return Ok(());
    }
    Err(Refusal::bad_anchor(anchor, &expected))
}

fn named(name: &str, _: &Settings) -> Option<&'static Cmdlet> {
    CMDLETS.iter().find(|cmdlet| cmdlet.name.eq_ignore_ascii_case(name))
}

fn get_protection_alert(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let wanted = invocation.arguments.text("Identity");
    let is_wanted = |alert: &&AlertPolicy| {
        wanted.is_none_or(|name| {
            name.eq_ignore_ascii_case(alert.name) || name.eq_ignore_ascii_case(&alert.id.to_string())
        })
    };
    let rows: Vec<_> = (1..).zip(POLICIES.iter().filter(is_wanted).map(|alert| alert_row(alert, tenant))).collect();
    match wanted {
        Some(name) if rows.is_empty() => Err(Refusal::not_found(name)),
        _ => Ok(Output::rows(rows)),
    }
}

fn alert_row(alert: &AlertPolicy, tenant: &Tenant) -> Row {
    Row(vec![
        ("Name", alert.name.into()),
        ("Identity", alert.name.into()),
        ("ImmutableId", Value::Guid(alert.id)),
        ("Operation", Value::Texts(vec![alert.operation.to_owned()])),
        ("Category", "ThreatManagement".into()),
        ("Severity", alert.severity.into()),
        ("Disabled", Value::Bool(false)),
        ("NotificationEnabled", Value::Bool(true)),
        ("NotifyUser", Value::Texts(vec!["TenantAdmins".to_owned()])),
        ("NotifyUserThrottleThreshold", Value::Null),
        ("NotifyUserThrottleWindow", Value::Null),
        ("IsSystemRule", Value::Bool(true)),
        ("AlertOverrideChangedUtc", Value::Null),
        ("WhenChangedUTC", Value::Time(tenant.founded)),
    ])
}

/// Here it says False whatever is so: the truth is on Exchange Online.
fn get_audit_config(_: &Tenant, _: &Invocation<'_>) -> Result<Output, Refusal> {
    let row = Row(vec![
        ("Name", "Admin Audit Log Settings".into()),
        ("AdminAuditLogEnabled", Value::Bool(true)),
        ("UnifiedAuditLogIngestionEnabled", Value::Bool(false)),
    ]);
    Ok(Output::rows(vec![(1, row)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_at_another_name_than_the_invitation_says() {
        assert_eq!(really("https://localhost:8443").as_deref(), Some("https://127.0.0.1:8443"));
        assert_eq!(really("http://127.0.0.1:8080").as_deref(), Some("http://localhost:8080"));
        assert_eq!(really("https://[::1]:8443").as_deref(), Some("https://127.0.0.1:8443"));
    }
}
