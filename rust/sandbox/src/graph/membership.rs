//! `users/{id | userPrincipalName}/transitiveMemberOf`: the groups and roles somebody belongs to.

use serde_json::{json, Map, Value};

use super::listing::page;
use super::properties::{members, selected};
use super::refusal::Refusal;
use super::user::with;
use super::Request;
use crate::account::{Membership, MembershipKind};
use crate::tenant::Tenant;

pub(super) fn list(tenant: &Tenant, request: &Request<'_>, id: &str, kind: Option<&str>) -> Result<Value, Refusal> {
    let all = with(tenant, id, |account| account.member_of.clone())?;
    let wanted = all.iter().filter(|membership| kind.is_none_or(|kind| kind.eq_ignore_ascii_case(type_of(membership))));
    let shown: Result<Vec<_>, _> =
        wanted.map(|membership| selected(object(membership), request.query, |_| true, "directoryObject")).collect();
    page(tenant, request, "directoryObjects", shown?)
}

fn type_of(membership: &Membership) -> &'static str {
    match membership.kind {
        MembershipKind::Group => "microsoft.graph.group",
        MembershipKind::Role { .. } => "microsoft.graph.directoryRole",
    }
}

fn object(membership: &Membership) -> Map<String, Value> {
    let template = match membership.kind {
        MembershipKind::Group => None,
        MembershipKind::Role { template } => Some(template.to_string()),
    };
    members(json!({
        "@odata.type": format!("#{}", type_of(membership)),
        "id": membership.id.to_string(),
        "displayName": membership.name,
        "description": null,
        "roleTemplateId": template,
    }))
}
