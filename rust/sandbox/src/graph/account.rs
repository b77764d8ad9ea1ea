//! Changes to a user: sign-in blocked or let in again, another password, sessions ended.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{json, Value};
use time::OffsetDateTime;

use super::properties::written;
use super::refusal::Refusal;
use super::{context, Caller, Request};
use crate::account::{is_complex, Account};
use crate::audit::Actor;
use crate::permission::Permission;
use crate::reply::{self, Reply};
use crate::tenant::Tenant;

/// `PATCH users/{id}`: what it may change here. No `Debug`, for the password's sake.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Change {
    account_enabled: Option<bool>,
    password_profile: Option<PasswordProfile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PasswordProfile {
    password: Option<String>,
    force_change_password_next_sign_in: Option<bool>,
    force_change_password_next_sign_in_with_mfa: Option<bool>,
}

impl PasswordProfile {
    fn must_change(&self) -> bool {
        // Where nothing is said, it must be changed.
        self.force_change_password_next_sign_in.unwrap_or(true)
            || self.force_change_password_next_sign_in_with_mfa.unwrap_or(false)
    }
}

/// All of the change is made, or nothing.
pub(super) fn update(tenant: &Tenant, request: &Request<'_>, caller: &Caller, id: &str) -> Result<Reply, Refusal> {
    // What is wrong with a body is not repeated: there may be a password in it.
    let change: Change = serde_json::from_slice(request.body).map_err(|_| {
        Refusal::Bad("Invalid value specified for property of resource 'User', or no such property.".into())
    })?;
    if change.account_enabled.is_some() {
        caller.needs(Permission::EnableDisableAccounts)?;
    }
    if change.password_profile.is_some() {
        caller.needs(Permission::WritePasswords)?;
    }
    let now = tenant.now();
    let (upn, done) = {
        let mut accounts = tenant.accounts();
        let account = accounts.find_mut(id).ok_or_else(|| Refusal::NotFound(id.to_owned()))?;
        (account.upn.clone(), change.make(account, now)?)
    };
    if done.iter().any(|(operation, _)| *operation == RESET) {
        tenant.device_codes().end_sign_ins_of(&upn);
    }
    for (operation, changes) in done {
        let actor = Actor::App(caller.app);
        tenant.restrictions().audit(now).directory(now, operation, &upn, changes, actor);
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

const RESET: &str = "Reset user password.";

/// What the audit log says of a change: the operation, and the properties it changed.
type Done = (&'static str, Vec<(&'static str, String)>);

impl Change {
    fn make(self, account: &mut Account, now: OffsetDateTime) -> Result<Vec<Done>, Refusal> {
        let mut done = Vec::new();
        if let Some(profile) = self.password_profile {
            if account.synchronized {
                return Err(Refusal::Synchronized);
            }
            let must_change = profile.must_change();
            match &profile.password {
                Some(password) if !is_complex(password) => {
                    return Err(Refusal::Bad(
                        "The specified password does not comply with password complexity requirements. Please \
                         provide a different password."
                            .into(),
                    ));
                }
                Some(password) => account.set_password(password, must_change, now),
                None => return Err(Refusal::Bad("Property passwordProfile.password value is required.".into())),
            }
            done.push((RESET, vec![("ForceChangePassword", must_change.to_string())]));
        }
        if let Some(enabled) = self.account_enabled {
            account.enabled = enabled;
            let operation = if enabled { "Enable account." } else { "Disable account." };
            done.push((operation, vec![("AccountEnabled", enabled.to_string())]));
        }
        Ok(done)
    }
}

/// `POST users/{id}/revokeSignInSessions`.
pub(super) fn revoke_sessions(
    tenant: &Tenant,
    request: &Request<'_>,
    caller: &Caller,
    id: &str,
) -> Result<Value, Refusal> {
    let now = tenant.now();
    let upn = {
        let mut accounts = tenant.accounts();
        let account = accounts.find_mut(id).ok_or_else(|| Refusal::NotFound(id.to_owned()))?;
        account.sessions_valid_from = now;
        account.upn.clone()
    };
    tenant.device_codes().end_sign_ins_of(&upn);
    let changes = vec![("StsRefreshTokensValidFrom", written(now).as_str().unwrap_or_default().to_owned())];
    let operation = "Update StsRefreshTokenValidFrom Timestamp.";
    tenant.restrictions().audit(now).directory(now, operation, &upn, changes, Actor::App(caller.app));
    Ok(json!({"@odata.context": context(request, "Edm.Boolean"), "value": true}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_password_must_be_changed_unless_said_otherwise() {
        for (text, must_change) in [
            (r#"{"password":"x"}"#, true),
            (r#"{"forceChangePasswordNextSignIn":false}"#, false),
            (r#"{"forceChangePasswordNextSignIn":false,"forceChangePasswordNextSignInWithMfa":true}"#, true),
        ] {
            let profile: PasswordProfile = serde_json::from_str(text).unwrap();
            assert_eq!(profile.must_change(), must_change, "{text}");
        }
    }
}
