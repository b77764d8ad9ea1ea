//! What the organization takes away from everybody, and who is there: permissions of Graph, cmdlets, and accounts.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{bad, read, Refused};
use crate::cmdlets::Cmdlet;
use crate::permission::Permission;
use crate::reply::{self, Reply};
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    restore: Vec<String>,
}

/// `POST /sandbox/permissions`: all of it, or nothing.
pub(super) fn change(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let change: Change = read(body, r#"{"remove": ["User.Read.All", "Get-InboxRule"], "restore": []}"#)?;
    let remove = known(tenant, &change.remove)?;
    let restore = known(tenant, &change.restore)?;
    let mut permissions = tenant.permissions();
    remove.into_iter().for_each(|name| permissions.take_away(name));
    restore.into_iter().for_each(|name| permissions.give_back(name));
    drop(permissions);
    Ok(list(tenant))
}

/// `GET /sandbox/permissions`
pub(super) fn list(tenant: &Tenant) -> Reply {
    let names = names(tenant);
    let permissions = tenant.permissions();
    let (granted, removed): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| permissions.allow(name));
    reply::json(StatusCode::OK, &json!({"granted": granted, "removed": removed}))
}

/// All that can be taken away.
fn names(tenant: &Tenant) -> Vec<&'static str> {
    let settings = *tenant.settings();
    let cmdlets = Cmdlet::all_in(&settings).map(|cmdlet| cmdlet.name);
    Permission::ALL.iter().map(|permission| permission.name()).chain(cmdlets).collect()
}

/// The names as the tenant writes them; a test that takes away what nobody has would prove nothing.
fn known(tenant: &Tenant, wanted: &[String]) -> Result<Vec<&'static str>, Refused> {
    let all = names(tenant);
    wanted
        .iter()
        .map(|wanted| {
            let found = all.iter().copied().find(|name| name.eq_ignore_ascii_case(wanted));
            found.ok_or_else(|| bad(format!("there is no permission or cmdlet {wanted}; GET /sandbox/permissions")))
        })
        .collect()
}
