//! `users/{id | userPrincipalName}`.

use serde_json::{json, Map, Value};
use uuid::Uuid;

use super::properties::selected;
use super::refusal::Refusal;
use super::Request;
use crate::directory::Recipient;
use crate::tenant::Tenant;

/// What is shown of a user where nothing is selected.
const USUAL: [&str; 4] = ["displayName", "id", "mail", "userPrincipalName"];

pub(super) fn read(tenant: &Tenant, request: &Request<'_>, id: &str) -> Result<Value, Refusal> {
    let user = find(tenant, id)?;
    let all = json!({
        "id": user.object_id.to_string(),
        "displayName": user.display_name,
        "mail": user.primary_address,
        "userPrincipalName": user.upn,
    });
    let shown = selected(all.as_object().unwrap_or(&Map::new()), request.query, &USUAL, "user")?;
    let mut body = Map::new();
    let select = if request.query.is_empty() { "" } else { "(selected)" };
    let context = format!("{}/graph/v1.0/$metadata#users{select}/$entity", request.base);
    body.insert("@odata.context".into(), context.into());
    body.extend(shown);
    Ok(body.into())
}

/// By identifier or user principal name; other addresses mean nothing to Graph.
fn find<'a>(tenant: &'a Tenant, id: &str) -> Result<&'a Recipient, Refusal> {
    let is_it = |user: &&Recipient| {
        user.upn
            .as_ref()
            .is_some_and(|upn| upn.eq_ignore_ascii_case(id) || Uuid::try_parse(id).is_ok_and(|id| id == user.object_id))
    };
    tenant.directory.recipients().iter().find(is_it).ok_or_else(|| Refusal::NotFound(id.to_owned()))
}
