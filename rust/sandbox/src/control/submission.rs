//! Mail handed over without an SMTP client, and the alerts that sending has raised.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{json, Value};
use uuid::Uuid;

use super::{bad, read, Refused};
use crate::outgoing::{self, is_spam, Submission, Submitter, Verdict};
use crate::reply::{self, Reply};
use crate::row::wire_time;
use crate::tenant::Tenant;

/// Where mail comes from that does not say.
const OFFICE: &str = "198.51.100.24";

/// How large a message is that does not say, in bytes.
const USUAL_SIZE: u32 = 18_000;

/// The longest line of a message without its end, in bytes (RFC 5322).
const LONGEST_SUBJECT: usize = 998;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    authenticated_user: Option<String>,
    connector: Option<String>,
    from: Option<String>,
    recipients: Vec<String>,
    #[serde(default)]
    subject: String,
    client_address: Option<String>,
    size: Option<u32>,
    spam: Option<bool>,
}

/// `POST /sandbox/submissions`
pub(super) fn submit(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let example = r#"{"authenticatedUser": "lee.gu@contoso.com", "recipients": ["ann@fabrikam.example"]}"#;
    let wanted: Wanted = read(body, example)?;
    let by = submitter(tenant, &wanted)?;
    let own = match &by {
        Submitter::User(user) => tenant.directory.find(user).map(|found| found.primary_address.clone()),
        Submitter::Connector(_) => None,
    };
    let from = wanted.from.or(own).ok_or_else(|| bad(format!("say whom it is from: {example}")))?;
    if let Some(wrong) = [&from].into_iter().chain(&wanted.recipients).find(|address| !is_address(address)) {
        return Err(bad(format!("'{wrong}' is not an address")));
    }
    if wanted.recipients.is_empty() || wanted.subject.len() > LONGEST_SUBJECT {
        return Err(bad(format!("give a recipient, and a subject of at most {LONGEST_SUBJECT} bytes: {example}")));
    }
    let verdict = outgoing::submit(
        tenant,
        &Submission {
            by: &by,
            from: &from,
            recipients: &wanted.recipients,
            subject: &wanted.subject,
            message_id: None,
            client_address: wanted.client_address.as_deref().unwrap_or(OFFICE),
            size: wanted.size.unwrap_or(USUAL_SIZE),
            is_spam: wanted.spam.unwrap_or_else(|| is_spam(&wanted.subject)),
            header: None,
        },
    );
    Ok(reply::json(StatusCode::OK, &told(&verdict)))
}

fn is_address(text: &str) -> bool {
    text.contains('@') && !text.contains(|letter: char| letter.is_whitespace() || letter.is_control())
}

fn submitter(tenant: &Tenant, wanted: &Wanted) -> Result<Submitter, Refused> {
    match (&wanted.authenticated_user, &wanted.connector) {
        (Some(user), None) => {
            let accounts = tenant.accounts();
            let account = accounts.find(user);
            let account = account.ok_or_else(|| bad(format!("nobody has the user principal name {user}")))?;
            Ok(Submitter::User(account.upn.clone()))
        }
        (None, Some(name)) => {
            let id = Uuid::try_parse(name).ok();
            let mut all = tenant.mail_flow.inbound.iter();
            let found = all.find(|one| id == Some(one.guid) || one.name.eq_ignore_ascii_case(name));
            let found = found.ok_or_else(|| bad(format!("there is no inbound connector '{name}'")))?;
            Ok(Submitter::Connector(found.guid))
        }
        _ => Err(bad("give either an authenticatedUser or a connector".to_owned())),
    }
}

fn told(verdict: &Verdict) -> Value {
    match verdict {
        Verdict::Accepted { trace_id } => {
            json!({"outcome": "accepted", "messageTraceId": trace_id.to_string(), "reply": "250 2.0.0 OK"})
        }
        Verdict::Delayed { until } => json!({"outcome": "delayed", "until": wire_time(*until)}),
        Verdict::Refused(refused) => {
            json!({"outcome": "refused", "status": refused.status, "reply": refused.to_string()})
        }
    }
}

/// `GET /sandbox/alerts`
pub(super) fn alerts(tenant: &Tenant) -> Reply {
    let outgoing = tenant.outgoing();
    let told = outgoing.alerts.arrived(tenant.now()).map(|alert| {
        json!({
            "time": wire_time(alert.at),
            "name": alert.policy.name,
            "immutableId": alert.policy.id.to_string(),
            "operation": alert.policy.operation,
            "severity": alert.policy.severity,
            "entity": alert.entity,
        })
    });
    reply::json(StatusCode::OK, &told.collect::<Vec<_>>())
}
