//! What decides about an entry besides its line in the list: outbound spam policies, and the unblocks that this
//! organization's journal knows of, whichever process asked for them.

use crate::tenant::{address, run, Said, Tenant};
use restricted_sender_core::connection::Connection;
use restricted_sender_core::restriction::{
    get, unblock, Action, Basis, Known, NextStep, Outcome, Query, Restriction, Target, UnblockOptions,
};
use restricted_sender_sandbox::Scenario;
use serde_json::json;
use time::Duration;

const ADELE: &str = "adele.vance@contoso.com";
const MEGAN: &str = "megan.bowen@contoso.onmicrosoft.com";
const ISAIAH: &str = "isaiah.langer@contoso.com";
const REMOVE: &str = "Remove-BlockedSenderAddress";
const POLICIES: &str = "Get-HostedOutboundSpamFilterPolicy";
const LIMIT: &str = "EmailSendingLimitExceeded;ExceedingLimitType=External";

async fn entry(connection: &Connection, sender: &str) -> (Restriction, Said) {
    let (mut said, result) = run!(vec![address(sender)], host => get(connection, Query::Named, &host));
    result.unwrap();
    assert_eq!(said.entries.len(), 1, "{:?}", said.failed);
    (said.entries.remove(0), said)
}

async fn all(tenant: &Tenant) -> Said {
    let (said, result) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
    result.unwrap();
    said
}

async fn unblocked(connection: &Connection, target: Target) -> Said {
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let (said, result) = run!(vec![target], host => unblock(connection, &options, &host));
    result.unwrap();
    said
}

/// Restricts somebody now, over a limit of the outbound spam policy.
fn over_a_limit(tenant: &Tenant, sender: &str) {
    let body = json!({ "senderAddress": sender, "reason": LIMIT, "temporaryBlock": true });
    tenant.sandbox.control("POST", "restrictions", &body).unwrap();
}

#[tokio::test]
async fn the_policy_says_how_a_block_by_it_ends() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let midnight = tenant.sandbox.clock().now().date().next_day().unwrap().midnight().assume_utc();
    for (sender, policy, action, until) in [
        ("diego.siciliani@contoso.com", "Default", Action::BlockUserForToday, Some(midnight)),
        // Listed by how she signs in, though the rule names her other address: it cannot be told which she wrote from.
        (MEGAN, "", Action::BlockUser, None),
        ("scanner@print.contoso.com", "Devices", Action::Alert, None),
        ("plotter@print.contoso.com", "Default", Action::BlockUserForToday, Some(midnight)),
    ] {
        over_a_limit(&tenant, sender);
        let (entry, said) = entry(&tenant.connection, sender).await;
        let known = entry.policy().map(|known| (known.name.as_deref().unwrap_or_default(), known.action));
        assert_eq!(known, (!policy.is_empty()).then_some((policy, action)), "{sender}");
        let basis = if policy.is_empty() { Basis::Assumed } else { Basis::Policy };
        let expected = until.or(policy.is_empty().then_some(midnight)).map(|at| (at, basis));
        assert_eq!(entry.decision.restricted_until().map(|until| (until.at, until.basis)), expected, "{sender}");
        assert!(said.warnings.is_empty() && said.failed.is_empty(), "{:?}", said.warnings);
    }
}

#[tokio::test]
async fn a_policy_for_the_members_of_a_group_is_told_where_the_group_can_be_read() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let grady = "grady.archie@contoso.com";
    over_a_limit(&tenant, grady);
    let (entry_of_a_member, _) = entry(&tenant.connection, grady).await;
    assert_eq!(entry_of_a_member.policy().and_then(|policy| policy.name.as_deref()), Some("Projects"));

    tenant.forbid("Get-UnifiedGroupLinks").await;
    // Whoever is no member has another action: what a member may have is no answer then.
    let change = json!({"name": "Projects", "actionWhenThresholdReached": "BlockUser"});
    tenant.sandbox.control("POST", "outbound-policies", &change).unwrap();
    let (untold, said) = entry(&tenant.connection, grady).await;
    assert_eq!(untold.policy(), None);
    let told = |line: &String| line.contains("could not be told") && line.contains("project.falcon@contoso.com");
    assert_eq!(said.details.iter().filter(|line| told(line)).count(), 1, "{:?}", said.details);
    assert!(said.warnings.is_empty(), "{:?}", said.warnings);
}

#[tokio::test]
async fn a_policy_that_was_changed_since_says_nothing_of_the_end() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let said = all(&tenant).await;
    let news = said.entries.iter().find(|entry| entry.key.to_string() == "news@contoso.com").unwrap();
    assert!(news.policy().is_some_and(|policy| Some(policy.changed) > news.created));
    assert_eq!((news.decision.restricted_until(), news.decision.next_step()), (None, NextStep::FixSenderThenUnblock));
    assert!(news.decision.recommendation().contains("changed after the block"));
    assert_eq!(tenant.seen(POLICIES).await, 1, "once for all of them");
    assert!(said.entries.iter().filter(|entry| entry.block_type.name() != "PolicyLimit").all(|e| e.policy().is_none()));
}

#[tokio::test]
async fn policies_that_cannot_be_read_are_no_answer_and_hide_no_entry() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault(POLICIES, 1, json!({"kind": "status", "status": 403, "body": "\0\0\0"})).await;
    let said = all(&tenant).await;
    assert_eq!(said.entries.len(), 11);
    assert!(said.entries.iter().all(|entry| entry.policy().is_none()));
    assert_eq!(said.warnings.len(), 1, "{:?}", said.warnings);
    assert!(said.warnings[0].contains("policies of contoso.onmicrosoft.com could not"), "{}", said.warnings[0]);
}

#[tokio::test]
async fn a_long_list_does_not_ask_the_directory_for_everybody() {
    let tenant = Tenant::new(Scenario::Large).await;
    let said = all(&tenant).await;
    // Beside ten senders, two groups; one of them is dynamic and has no list of members.
    assert_eq!((said.entries.len(), tenant.seen("Get-Recipient").await), (10_200, 10 + 2));
    assert_eq!(tenant.seen("Get-UnifiedGroupLinks").await, 1);
    assert_eq!(said.details.iter().filter(|line| line.contains("name another")).count(), 1, "{:?}", said.details);
}

#[tokio::test]
async fn an_unblock_by_another_process_is_known_and_not_repeated() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.sandbox.control("POST", "releases", &json!({"senderAddress": ADELE, "afterSeconds": 90_000})).unwrap();
    let (before, _) = entry(&tenant.connection, ADELE).await;
    assert!(before.unblocks().is_none() && before.decision.expected_by().is_none());

    let requested = tenant.sandbox.clock().now();
    unblocked(&tenant.connection, address(ADELE)).await;
    let other = Tenant::beside(&tenant).await;
    let (leaving, _) = entry(&other, ADELE).await;
    assert_eq!(leaving.decision.next_step(), NextStep::Wait);
    assert_eq!(leaving.decision.expected_by(), Some(requested + Duration::hours(1)));
    assert_eq!(leaving.decision.overdue(), Some(false));

    let known = Known { reason: before.reason.text.clone(), since: before.created, ..Known::default() };
    for target in [address(ADELE), Target { known: Some(known), ..address(ADELE) }] {
        let said = unblocked(&other, target).await;
        assert_eq!((said.unblocks[0].outcome, said.unblocks[0].requested_at), (Outcome::Removing, Some(requested)));
        assert!(said.unblocks[0].request_id.is_some() && said.questions.is_empty());
        assert!(said.warnings[0].contains("is on its way"), "{:?}", said.warnings);
    }
    assert_eq!(tenant.seen(REMOVE).await, 1);

    tenant.pass(24 * 3600 + 60).await;
    let (overdue, _) = entry(&other, ADELE).await;
    assert_eq!((overdue.decision.next_step(), overdue.decision.overdue()), (NextStep::ContactSupport, Some(true)));
}

#[tokio::test]
async fn one_that_the_service_refuses_to_unblock_is_a_case_for_support() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let said = unblocked(&tenant.connection, address(ISAIAH)).await;
    assert_eq!(said.failed.len(), 1, "{:?}", said.unblocks);
    let message = said.failed[0].to_string();
    assert!(message.contains("unblocked at least 3 times"), "others did, as the audit log tells: {message}");
    let other = Tenant::beside(&tenant).await;
    let (refused, _) = entry(&other, ISAIAH).await;
    assert_eq!(refused.decision.next_step(), NextStep::ContactSupport);
    assert!(refused.unblocks().is_some_and(|unblocks| unblocks.refused));
    assert!(refused.decision.recommendation().contains("refuses a further unblock"));
}

#[tokio::test]
async fn without_the_audit_log_the_unblock_goes_on_and_knows_less() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault("Search-UnifiedAuditLog", 1, json!({"kind": "status", "status": 403, "body": "\0\0\0"})).await;
    let said = unblocked(&tenant.connection, address(ISAIAH)).await;
    let message = said.failed[0].to_string();
    assert!(!message.contains("at least 3 times") && message.contains("Support"), "{message}");
    assert!(said.details.iter().any(|line| line.contains("others have unblocked is not known")), "{:?}", said.details);
    assert!(said.warnings.is_empty(), "{:?}", said.warnings);
}

#[tokio::test]
async fn an_unblock_whose_answer_nobody_has_is_not_sent_again_for_the_usual_hour() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault(REMOVE, 1, json!({"kind": "drop"})).await;
    let said = unblocked(&tenant.connection, address(ADELE)).await;
    assert_eq!(said.unblocks[0].outcome, Outcome::Failed, "{:?}", said.warnings);
    let other = Tenant::beside(&tenant).await;
    for connection in [&tenant.connection, &other] {
        let said = unblocked(connection, address(ADELE)).await;
        assert_eq!(said.unblocks[0].outcome, Outcome::Removing);
        assert!(said.questions.is_empty() && said.warnings[0].contains("is not known"), "{:?}", said.warnings);
    }
    assert_eq!(tenant.seen(REMOVE).await, 1);
    assert_eq!(entry(&other, ADELE).await.0.decision.expected_by(), None, "nobody knows that any is on its way");

    tenant.pass(3600).await;
    let said = unblocked(&other, address(ADELE)).await;
    assert!(said.warnings.is_empty() && said.failed.is_empty(), "{:?}", said.warnings);
    assert_eq!(tenant.seen(REMOVE).await, 2);
}

#[tokio::test]
async fn one_that_was_refused_may_be_sent_again_at_once() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault(REMOVE, 1, json!({"kind": "status", "status": 403, "body": "\0\0\0"})).await;
    assert_eq!(unblocked(&tenant.connection, address(ADELE)).await.failed.len(), 1);
    let said = unblocked(&tenant.connection, address(ADELE)).await;
    assert!(said.warnings.is_empty() && said.failed.is_empty(), "{:?}", said.warnings);
    assert_eq!(tenant.seen(REMOVE).await, 2);
}

#[tokio::test]
async fn the_unblock_of_a_colleague_elsewhere_is_known_from_the_audit_log() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.sandbox.control("POST", "releases", &json!({"senderAddress": ADELE, "afterSeconds": 90_000})).unwrap();
    unblocked(&tenant.connection, address(ADELE)).await;
    // On a machine of one's own there is no journal of it.
    let journals = tempfile::tempdir().unwrap();
    let elsewhere = Tenant::elsewhere(&tenant, &journals).await;
    tenant.pass(12 * 3600).await;
    let said = unblocked(&elsewhere, address(ADELE)).await;
    assert!(said.warnings.iter().any(|warning| warning.contains("is on its way")), "{:?}", said.warnings);
    assert_eq!(tenant.seen(REMOVE).await, 1);
}
