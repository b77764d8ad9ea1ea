//! `users/{id | userPrincipalName}`.

use serde_json::{json, Map, Value};

use super::properties::{members, option, selected, written};
use super::refusal::Refusal;
use super::{entity, Request};
use crate::account::Account;
use crate::tenant::Tenant;

/// What is shown of a user where nothing is selected. The rest must be asked for.
const USUAL: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

pub(super) fn read(tenant: &Tenant, request: &Request<'_>, id: &str) -> Result<Value, Refusal> {
    let all = with(tenant, id, properties)?;
    let shown = selected(all, request.query, |name| USUAL.contains(&name), "user")?;
    let selection = option(request.query, "$select").map(|names| format!("({names})")).unwrap_or_default();
    Ok(entity(request, &format!("users{selection}"), shown))
}

/// Looks at a user.
pub(super) fn with<T>(tenant: &Tenant, id: &str, look: impl FnOnce(&Account) -> T) -> Result<T, Refusal> {
    tenant.accounts().find(id).map(look).ok_or_else(|| Refusal::NotFound(id.to_owned()))
}

fn properties(user: &Account) -> Map<String, Value> {
    let (given, family) = user.display_name.split_once(' ').unwrap_or((&user.display_name, ""));
    members(json!({
        "id": user.id.to_string(),
        "displayName": user.display_name,
        "givenName": given,
        "surname": family,
        "mail": user.mail,
        "mailNickname": user.upn.split('@').next(),
        "userPrincipalName": user.upn,
        "userType": "Member",
        "accountEnabled": user.enabled,
        "businessPhones": [],
        "jobTitle": null,
        "mobilePhone": null,
        "officeLocation": null,
        "preferredLanguage": null,
        "createdDateTime": written(user.created),
        "lastPasswordChangeDateTime": written(user.password_changed),
        "signInSessionsValidFromDateTime": written(user.sessions_valid_from),
        // Those that were never synchronized have no value, not false.
        "onPremisesSyncEnabled": user.synchronized.then_some(true),
    }))
}
