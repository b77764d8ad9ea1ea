//! `users/{id | userPrincipalName}/oauth2PermissionGrants`: what somebody lets applications do in their name; and
//! `servicePrincipals/{id}`: the applications.

use serde_json::{json, Map, Value};
use uuid::Uuid;

use super::listing::page;
use super::properties::{members, selected, written};
use super::refusal::Refusal;
use super::user::with;
use super::{entity, Request};
use crate::account::ServicePrincipal;
use crate::tenant::Tenant;

pub(super) fn list(tenant: &Tenant, request: &Request<'_>, id: &str) -> Result<Value, Refusal> {
    let (user, consents) = with(tenant, id, |account| (account.id, account.consents.clone()))?;
    let objects = consents.into_iter().map(|consent| {
        members(json!({
            "clientId": consent.client.id.to_string(),
            "consentType": "Principal",
            "id": consent.id,
            "principalId": user.to_string(),
            "resourceId": consent.resource.id.to_string(),
            "scope": consent.scope,
        }))
    });
    let shown: Result<Vec<_>, _> =
        objects.map(|object| selected(object, request.query, |_| true, "oAuth2PermissionGrant")).collect();
    page(tenant, request, "oauth2PermissionGrants", shown?)
}

pub(super) fn service_principal(tenant: &Tenant, request: &Request<'_>, id: &str) -> Result<Value, Refusal> {
    let wanted = Uuid::try_parse(id).ok();
    let accounts = tenant.accounts();
    let found = accounts.service_principals.iter().find(|known| Some(known.id) == wanted);
    let found = found.ok_or_else(|| Refusal::NotFound(id.to_owned()))?;
    let shown = selected(object(found), request.query, |_| true, "servicePrincipal")?;
    Ok(entity(request, "servicePrincipals", shown))
}

fn object(app: &ServicePrincipal) -> Map<String, Value> {
    members(json!({
        "id": app.id.to_string(),
        "accountEnabled": true,
        "appDisplayName": app.name,
        "appId": app.app_id.to_string(),
        "appOwnerOrganizationId": app.owner.to_string(),
        "createdDateTime": written(app.created),
        "displayName": app.name,
        "homepage": null,
        "replyUrls": [],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"],
        // Nobody's name has been verified.
        "verifiedPublisher": {"displayName": null, "verifiedPublisherId": null, "addedDateTime": null},
    }))
}
