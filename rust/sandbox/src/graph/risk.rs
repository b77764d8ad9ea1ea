//! `identityProtection/riskyUsers/{id}`: only by identifier, and only those who have ever looked risky.

use serde_json::{json, Value};
use uuid::Uuid;

use super::properties::{members, selected, written};
use super::refusal::Refusal;
use super::user::with;
use super::{entity, Request};
use crate::tenant::Tenant;

pub(super) fn read(tenant: &Tenant, request: &Request<'_>, id: &str) -> Result<Value, Refusal> {
    let nobody = || Refusal::NotFound(id.to_owned());
    Uuid::try_parse(id).map_err(|_| nobody())?;
    let (user, name, upn, risk) =
        with(tenant, id, |account| (account.id, account.display_name.clone(), account.upn.clone(), account.risk))?;
    let risk = risk.ok_or_else(nobody)?;
    let all = members(json!({
        "id": user.to_string(),
        "isDeleted": false,
        "isProcessing": false,
        "riskDetail": risk.detail,
        "riskLastUpdatedDateTime": written(risk.updated),
        "riskLevel": risk.level,
        "riskState": risk.state,
        "userDisplayName": name,
        "userPrincipalName": upn,
    }));
    Ok(entity(request, "identityProtection/riskyUsers", selected(all, request.query, |_| true, "riskyUser")?))
}
