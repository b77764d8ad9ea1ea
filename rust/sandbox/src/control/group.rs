//! Who is in which group.

use hyper::StatusCode;
use serde::Deserialize;

use super::{bad, read, Refused};
use crate::directory::Recipient;
use crate::reply::{self, Reply};
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    group: String,
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

/// `POST /sandbox/groups`: all of it, unless the group is full, or nothing.
pub(super) fn change(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let change: Change = read(body, r#"{"group": "marketing@contoso.com", "add": ["lee.gu@contoso.com"]}"#)?;
    let group = known(tenant, &change.group)?;
    let add = all_known(tenant, &change.add)?;
    let remove = all_known(tenant, &change.remove)?;
    let mut groups = tenant.groups();
    for member in add {
        groups.add(group, member).map_err(bad)?;
    }
    for member in remove {
        groups.remove(group, member);
    }
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

fn all_known<'a>(tenant: &'a Tenant, names: &[String]) -> Result<Vec<&'a Recipient>, Refused> {
    names.iter().map(|name| known(tenant, name)).collect()
}

fn known<'a>(tenant: &'a Tenant, name: &str) -> Result<&'a Recipient, Refused> {
    let found = tenant.directory.find(name);
    found.ok_or_else(|| bad(format!("there is no recipient '{name}'; Get-Recipient shows all of them")))
}
