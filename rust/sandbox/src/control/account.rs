//! People as they are now, whatever was done to them.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{json, Value};
use url::form_urlencoded;

use super::{bad, read, Refused};
use crate::account::{is_complex, Account};
use crate::audit::Actor;
use crate::reply::{self, Reply};
use crate::row::wire_time;
use crate::tenant::Tenant;

/// `GET /sandbox/accounts`: the user principal names.
pub(super) fn list(tenant: &Tenant) -> Reply {
    let accounts = tenant.accounts();
    let names: Vec<&str> = accounts.all().iter().map(|account| account.upn.as_str()).collect();
    reply::json(StatusCode::OK, &names)
}

/// `GET /sandbox/accounts/{upn}`
pub(super) fn show(tenant: &Tenant, name: &str) -> Result<Reply, Refused> {
    let name = decoded(name);
    let accounts = tenant.accounts();
    let account = accounts.find(&name).ok_or_else(|| nobody(&name))?;
    let first_password = account.password.is_none().then(|| accounts.first_password(account));
    Ok(reply::json(StatusCode::OK, &state(account, first_password)))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Chosen {
    password: String,
}

/// `POST /sandbox/accounts/{upn}`: the person signs in and chooses a password, as they must after an admin has set one.
pub(super) fn choose_password(tenant: &Tenant, name: &str, body: &[u8]) -> Result<Reply, Refused> {
    let Chosen { password } = read(body, r#"{"password": "…"}"#)?;
    if !is_complex(&password) {
        return Err(bad("the directory does not take that password: it is too simple".into()));
    }
    let (name, now) = (decoded(name), tenant.clock.now());
    let upn = {
        let mut accounts = tenant.accounts();
        let account = accounts.find_mut(&name).ok_or_else(|| nobody(&name))?;
        account.set_password(&password, false, now);
        account.upn.clone()
    };
    let actor = Actor::Person(upn.clone());
    tenant.restrictions().audit(now).directory(now, "Change user password.", &upn, Vec::new(), actor);
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

fn decoded(name: &str) -> String {
    let escaped = name.replace('+', "%2B");
    form_urlencoded::parse(escaped.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

fn nobody(name: &str) -> Refused {
    (StatusCode::NOT_FOUND, format!("nobody has the user principal name {name}"))
}

/// `first_password` is the one to sign in to SMTP with, until another one is set.
fn state(account: &Account, first_password: Option<String>) -> Value {
    let mailbox = &account.mailbox;
    let rules: Vec<Value> = mailbox
        .rules
        .iter()
        .map(|rule| json!({"name": rule.name, "ruleIdentity": rule.id, "enabled": rule.enabled, "hidden": rule.hidden}))
        .collect();
    json!({
        "id": account.id.to_string(),
        "userPrincipalName": account.upn,
        "accountEnabled": account.enabled,
        "onPremisesSyncEnabled": account.synchronized,
        "lastPasswordChangeDateTime": wire_time(account.password_changed),
        "signInSessionsValidFromDateTime": wire_time(account.sessions_valid_from),
        "password": first_password,
        "passwordSha256": account.password.as_ref().map(|password| &password.digest),
        "forceChangePasswordNextSignIn": account.password.as_ref().map(|password| password.must_change),
        "forwardingSmtpAddress": mailbox.forwarding_address,
        "forwardingAddress": mailbox.forwarding_recipient,
        "deliverToMailboxAndForward": mailbox.deliver_and_forward,
        "inboxRules": rules,
    })
}
