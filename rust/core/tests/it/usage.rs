//! What a sender has used of the limits, by the message trace: with all addresses, and within the quota.

use crate::tenant::{address, live_trace, run, Said, Tenant};
use restricted_sender_core::error::Result;
use restricted_sender_core::limits::{get, Options};
use restricted_sender_core::restriction::Target;
use restricted_sender_core::sending::{measure, Remaining};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};
use time::Duration;

const TRACE: &str = "Get-MessageTraceV2";
const LEE: &str = "lee.gu@contoso.com";
const MEGAN: &str = "megan.bowen@contoso.com";
const MEGAN_SIGNS_IN_AS: &str = "megan.bowen@contoso.onmicrosoft.com";

async fn asked(tenant: &Tenant, include_usage: bool, targets: Vec<Target>) -> (Said, Result<()>) {
    let options = Options { include_usage, ..Options::default() };
    run!(targets, host => get(&tenant.connection, &options, &host))
}

/// Sends to so many customers.
fn send(tenant: &Tenant, user: &str, from: &str, recipients: u32) {
    let recipients: Vec<_> = (0..recipients).map(|number| format!("customer{number}@fabrikam.example")).collect();
    let message = json!({"authenticatedUser": user, "from": from, "recipients": recipients});
    tenant.order("submissions", &message);
}

#[tokio::test]
async fn all_addresses_of_a_person_are_counted_together() {
    let tenant = Tenant::new(Scenario::Empty).await;
    send(&tenant, MEGAN_SIGNS_IN_AS, MEGAN, 100);
    send(&tenant, MEGAN_SIGNS_IN_AS, MEGAN_SIGNS_IN_AS, 20);
    send(&tenant, LEE, LEE, 7);
    tenant.pass(1).await;
    let targets = vec![address(MEGAN), address(LEE), address("diego.siciliani@contoso.com")];
    let (said, result) = asked(&tenant, true, targets).await;
    result.unwrap();
    let used: Vec<_> =
        said.limits.iter().map(|row| row.usage.unwrap()).map(|usage| usage.used.external_this_hour).collect();
    assert_eq!((used, said.warnings.len()), (vec![120, 7, 0], 0));
    let usage = said.limits[0].usage.unwrap();
    // Executives: 400 external recipients in an hour, and 800 recipients on a day.
    assert_eq!(usage.remaining.map(|left| left.external), Some(280));
    assert_eq!((usage.tripped, usage.restricted, usage.at), (None, None, tenant.now()));
    assert_eq!(said.limits[2].usage.unwrap().remaining, Some(Remaining { internal: 1000, external: 500 }));
}

#[tokio::test]
async fn what_trips_a_limit_is_seen_as_the_tenant_sees_it() {
    let tenant = Tenant::new(Scenario::Empty).await;
    for recipients in [300, 150] {
        send(&tenant, MEGAN_SIGNS_IN_AS, MEGAN, recipients);
        tenant.pass(60).await;
    }
    let (said, result) = asked(&tenant, true, vec![address(MEGAN)]).await;
    result.unwrap();
    let usage = said.limits[0].usage.unwrap();
    assert_eq!(usage.tripped.map(|tripped| tripped.limit.name()), Some("ExternalPerHour"));
    assert_eq!(usage.restricted.map(|(limit, _)| limit.name()), Some("ExternalPerHour"));
    assert_eq!(usage.can_send_again_at(), None, "her policy blocks until somebody unblocks");
    assert_eq!(usage.remaining, Some(Remaining { internal: 0, external: 0 }));
}

#[tokio::test]
async fn what_cannot_be_read_is_not_known_and_never_nothing() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let from = Target { from: Some(MEGAN.into()), ..Target::default() };
    let (said, result) = asked(&tenant, true, vec![from, address("ann@fabrikam.example")]).await;
    result.unwrap();
    assert!(said.limits.iter().all(|row| row.usage.is_none()));
    assert!(said.limits[0].warnings.last().unwrap().contains("-SenderAddress"), "{:?}", said.limits[0].warnings);
    assert!(said.limits[1].warnings.last().unwrap().contains("is of a domain of"), "{:?}", said.limits[1].warnings);

    for (cmdlet, requests) in [(TRACE, 0), ("Get-AcceptedDomain", 0), ("Get-Recipient", 0)] {
        tenant.forbid(cmdlet).await;
        let before = tenant.seen(TRACE).await;
        let (said, result) = asked(&tenant, true, vec![address(LEE), address(MEGAN)]).await;
        result.unwrap();
        for row in &said.limits {
            assert_eq!(row.usage, None, "{cmdlet}");
            let warning = row.warnings.last().unwrap();
            assert!(warning.starts_with("How much is used is not known. "), "{cmdlet}: {warning}");
            assert!(said.warnings.contains(warning));
        }
        // Whoever may not ask for one sender may not for the next.
        assert!(tenant.seen(TRACE).await <= before + 1 + requests, "{cmdlet}");
        tenant.allow(cmdlet).await;
    }
    // Where the policy is not known, what is left is not known either.
    tenant.forbid("Get-UnifiedGroupLinks").await;
    let (said, result) = asked(&tenant, true, vec![address("grady.archie@contoso.com")]).await;
    result.unwrap();
    let usage = said.limits[0].usage.unwrap();
    assert_eq!((usage.used.recipients_today, usage.remaining), (0, None));
    assert!(said.limits[0].warnings.last().unwrap().starts_with("How much is left is not known"));
}

#[tokio::test]
async fn the_trace_is_asked_only_where_usage_is_wanted() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let (said, result) = asked(&tenant, false, vec![address(LEE)]).await;
    result.unwrap();
    assert_eq!((said.limits[0].usage, tenant.seen(TRACE).await, tenant.seen("Get-AcceptedDomain").await), (None, 0, 0));
    let (said, result) = run!(vec![], host => get(
        &tenant.connection,
        &Options { everything: true, include_usage: true, ..Options::default() },
        &host
    ));
    result.unwrap();
    assert!(said.warnings[0].starts_with("No usage is shown"), "{:?}", said.warnings);
    assert_eq!(tenant.seen(TRACE).await, 0);
}

#[tokio::test]
async fn more_than_a_hundred_senders_wait_for_the_quota_and_are_told_until_when() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let senders: Vec<_> = (0..101).map(|number| address(&format!("copier{number}@print.contoso.com"))).collect();
    let began = tenant.now();
    let (said, result) = asked(&tenant, true, senders[..100].to_vec()).await;
    result.unwrap();
    assert_eq!((tenant.now(), tenant.seen(TRACE).await), (began, 100));
    assert!(said.limits.iter().all(|row| row.usage.is_some()));

    // Another operation knows nothing of that: the service says so.
    let (said, result) = asked(&tenant, true, senders[..1].to_vec()).await;
    result.unwrap();
    assert!(said.limits[0].usage.is_some());
    assert_eq!((tenant.now() - began, tenant.answered(TRACE, 429).await), (Duration::minutes(5), 1));

    tenant.pass(300).await;
    let began = tenant.now();
    let (said, result) = asked(&tenant, true, senders).await;
    result.unwrap();
    assert!(said.limits.iter().all(|row| row.usage.is_some()));
    assert_eq!((tenant.now() - began, tenant.answered(TRACE, 429).await), (Duration::minutes(5), 1));
    let waits: Vec<_> = said.progress.iter().filter(|one| one.status.starts_with("Waiting until ")).collect();
    let until = began + Duration::minutes(5);
    let clock = format!("{:02}:{:02}:{:02} UTC", until.hour(), until.minute(), until.second());
    assert!(waits.len() == 1 && waits[0].status.contains(&clock), "{clock}: {waits:?}");
}

async fn policy_of(tenant: &Tenant, sender: &str) -> (Option<String>, bool) {
    let options = live_trace(None, None);
    let (said, result) = run!(vec![], host => measure(Some(&tenant.connection), options, &host));
    result.unwrap();
    let row = said.measured.iter().find(|row| row.sending.sender == sender).unwrap();
    (row.policy.clone(), row.listed.is_some_and(|listed| listed.block_type.is_some()))
}

#[tokio::test]
async fn a_sender_in_the_trace_is_known_by_all_addresses() {
    let tenant = Tenant::new(Scenario::Empty).await;
    // The group lists her by her primary address.
    tenant.order("groups", &json!({"group": "project.falcon@contoso.com", "add": [MEGAN]}));
    send(&tenant, MEGAN_SIGNS_IN_AS, MEGAN_SIGNS_IN_AS, 1);
    send(&tenant, MEGAN_SIGNS_IN_AS, MEGAN, 1);
    tenant.pass(1).await;
    assert_eq!(policy_of(&tenant, MEGAN_SIGNS_IN_AS).await, (Some("Projects".into()), false));
    assert_eq!(policy_of(&tenant, MEGAN).await, (Some("Executives".into()), false));
    let reason = "EmailSendingLimitExceeded;ExceedingLimitType=External";
    let body: Value = json!({"senderAddress": MEGAN_SIGNS_IN_AS, "reason": reason});
    tenant.order("restrictions", &body);
    assert_eq!(policy_of(&tenant, MEGAN).await, (Some("Executives".into()), true));
    // Who she is cannot be read: which policy is not known then, and nothing is guessed.
    tenant.forbid("Get-Recipient").await;
    assert_eq!(policy_of(&tenant, MEGAN_SIGNS_IN_AS).await.0, None);
}
