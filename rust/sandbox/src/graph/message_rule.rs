//! `users/{id | userPrincipalName}/mailFolders/inbox/messageRules`: inbox rules, except those that are hidden.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use serde_json::{json, Map, Value};

use super::listing::page;
use super::properties::{members, selected};
use super::refusal::Refusal;
use super::user::with;
use super::Request;
use crate::mailbox::InboxRule;
use crate::tenant::Tenant;

pub(super) fn list(tenant: &Tenant, request: &Request<'_>, id: &str) -> Result<Value, Refusal> {
    let (user, rules, mail) =
        with(tenant, id, |account| (account.id, account.mailbox.rules.clone(), account.mail.is_some()))?;
    if !mail || !tenant.settings().mailboxes {
        return Err(Refusal::NoMailbox);
    }
    let objects = rules.iter().filter(|rule| !rule.hidden).zip(1..).map(|(rule, sequence)| object(rule, sequence));
    let shown: Result<Vec<_>, _> =
        objects.map(|object| selected(object, request.query, |_| true, "messageRule")).collect();
    page(tenant, request, &format!("users('{user}')/mailFolders('inbox')/messageRules"), shown?)
}

/// Conditions and actions that a rule does not have are left out.
fn object(rule: &InboxRule, sequence: u32) -> Map<String, Value> {
    let people = |addresses: &[&str]| -> Vec<Value> {
        addresses.iter().map(|address| json!({"emailAddress": {"name": address, "address": address}})).collect()
    };
    let mut conditions = Map::new();
    if !rule.from.is_empty() {
        conditions.insert("fromAddresses".into(), people(rule.from).into());
    }
    for (name, words) in
        [("subjectContains", rule.subject_contains), ("bodyOrSubjectContains", rule.subject_or_body_contains)]
    {
        if !words.is_empty() {
            conditions.insert(name.into(), json!(words));
        }
    }
    let mut actions = Map::new();
    for (name, is_set) in
        [("delete", rule.delete), ("markAsRead", rule.mark_as_read), ("stopProcessingRules", rule.stop)]
    {
        if is_set {
            actions.insert(name.into(), true.into());
        }
    }
    for (name, addresses) in [("forwardTo", rule.forward_to), ("redirectTo", rule.redirect_to)] {
        if !addresses.is_empty() {
            actions.insert(name.into(), people(addresses).into());
        }
    }
    if let Some(folder) = rule.move_to {
        // Folders are named by identifiers that mean nothing to anybody.
        actions.insert("moveToFolder".into(), STANDARD.encode(folder).into());
    }
    members(json!({
        "id": STANDARD.encode(rule.id.to_be_bytes()),
        "displayName": rule.name,
        "sequence": sequence,
        "isEnabled": rule.enabled,
        "hasError": false,
        "isReadOnly": false,
        "conditions": conditions,
        "actions": actions,
    }))
}
