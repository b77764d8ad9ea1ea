//! Waiting for unblocks, on a clock that stands still and jumps ahead while everybody waits: days pass at once, and
//! every time that is compared here is exact.

use crate::tenant::{address, run, Said, Tenant};
use restricted_sender_core::error::Code;
use restricted_sender_core::restriction::{
    get, unblock, wait, Known, Outcome, Proof, Query, Target, UnblockOptions, UnblockResult, WaitOptions,
};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};
use time::{Duration, OffsetDateTime};

const ADELE: &str = "adele.vance@contoso.com";
const MEGAN: &str = "megan.bowen@contoso.onmicrosoft.com";
const REMOVE: &str = "Remove-BlockedSenderAddress";
const LIST: &str = "Get-BlockedSenderAddress";

/// How long the practice tenant takes to release a mailbox.
const RELEASE: Duration = Duration::minutes(30);

fn hours(hours: i64) -> WaitOptions {
    WaitOptions { timeout: Duration::hours(hours), ..WaitOptions::default() }
}

fn waiting(options: WaitOptions) -> UnblockOptions {
    UnblockOptions { wait: Some(options), ..UnblockOptions::default() }
}

async fn unblock_with(tenant: &Tenant, options: UnblockOptions, targets: Vec<Target>) -> Said {
    let (said, result) = run!(targets, host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    said
}

async fn wait_with(tenant: &Tenant, options: WaitOptions, targets: Vec<Target>) -> Said {
    let (said, result) = run!(targets, host => wait(&tenant.connection, &options, &Proof::List, &host));
    result.unwrap();
    said
}

fn one(said: &Said) -> &UnblockResult {
    assert_eq!(said.unblocks.len(), 1, "{:?}", said.unblocks);
    &said.unblocks[0]
}

fn requested(target: Target, requested_at: Option<OffsetDateTime>) -> Target {
    Target { requested_at, ..target }
}

#[tokio::test]
async fn a_release_is_certain_after_three_looks_and_dated_by_the_first() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let began = tenant.now();
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![address("ceo@contoso.com")]).await;
    let result = one(&said);
    assert_eq!((result.outcome, result.requested_at), (Outcome::Released, Some(began)));
    assert_eq!((result.sender_address.as_deref(), result.named.as_deref()), (Some(MEGAN), Some("ceo@contoso.com")));
    let released = result.released_at.unwrap();
    assert!(released >= began + RELEASE && released <= began + RELEASE + Duration::minutes(10), "{released}");
    assert_eq!(result.elapsed, Some(released - began));
    assert_eq!(tenant.now(), released + Duration::minutes(1), "it waited for no more than the looks that agree");
    assert_eq!(tenant.seen(REMOVE).await, 1);
    assert_eq!(tenant.seen("Get-BlockedConnector").await, 0, "nobody waits for a connector");
    assert!(said.failed.is_empty() && said.warnings.is_empty(), "{:?}", said.warnings);

    let text = result.support_text();
    let request = result.request_id.as_deref().unwrap();
    for part in ["contoso.onmicrosoft.com", "practice tenant", MEGAN, "named as ceo@contoso.com", request, "Released"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(text.contains("OutboundSpamLast24Hours") && text.contains("Not listed since"), "{text}");
    assert!(said.progress.iter().all(|progress| progress.percent.is_some_and(|percent| percent < 100)));
    assert!(said.progress.is_sorted_by_key(|progress| progress.percent));
    assert!(said.progress.last().unwrap().status.contains("0 of 1 done after 0:"), "{:?}", said.progress.last());
}

#[tokio::test]
async fn a_release_after_25_hours_is_waited_for_with_fewer_and_fewer_looks() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.order("releases", &json!({"senderAddress": ADELE, "afterSeconds": 25 * 3600}));
    let began = tenant.now();
    let said = unblock_with(&tenant, waiting(hours(26)), vec![address(ADELE)]).await;
    let result = one(&said);
    assert_eq!(result.outcome, Outcome::Released);
    let elapsed = result.elapsed.unwrap();
    assert!(elapsed >= Duration::hours(25) && elapsed <= Duration::hours(25) + Duration::minutes(10), "{elapsed}");
    assert!(tenant.now() <= began + Duration::hours(26));
    assert_eq!(tenant.seen(REMOVE).await, 1);
    let looks = tenant.seen(LIST).await;
    assert!((150..=170).contains(&looks), "every ten minutes and a few more in the beginning: {looks}");
}

#[tokio::test]
async fn what_is_not_released_in_time_is_still_listed_and_nobody_looks_past_the_deadline() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.order("releases", &json!({"senderAddress": ADELE, "afterSeconds": 3601}));
    let began = tenant.now();
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![address(ADELE)]).await;
    let result = one(&said);
    assert_eq!((result.outcome, result.released_at), (Outcome::StillListed, None));
    assert_eq!((result.elapsed, tenant.now()), (Some(Duration::hours(1)), began + Duration::hours(1)));
    assert!(said.failed.is_empty() && said.warnings.is_empty(), "an hour is usual: {:?}", said.warnings);

    // Somebody else waits on: by the outcome, as from a file.
    let target = requested(address(ADELE), result.requested_at);
    let said = wait_with(&tenant, WaitOptions::default(), vec![target]).await;
    let result = one(&said);
    assert_eq!((result.outcome, result.requested_at), (Outcome::Released, Some(began)));
    assert_eq!(result.elapsed, result.released_at.map(|released| released - began));
    assert_eq!(tenant.seen(REMOVE).await, 1);
}

#[tokio::test]
async fn what_is_listed_after_a_day_is_a_case_for_support() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.order("releases", &json!({"senderAddress": ADELE, "afterSeconds": 48 * 3600}));
    let said = unblock_with(&tenant, waiting(hours(25)), vec![address(ADELE)]).await;
    assert_eq!(one(&said).outcome, Outcome::StillListed);
    assert!(said.warnings.iter().any(|warning| warning.contains("Microsoft Support")), "{:?}", said.warnings);
    // After that day, an admin who unblocks again means it.
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    unblock_with(&tenant, options, vec![address(ADELE)]).await;
    assert_eq!(tenant.seen(REMOVE).await, 2);
}

#[tokio::test]
async fn one_that_returns_ten_minutes_after_its_release_has_returned() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.order("releases", &json!({"senderAddress": ADELE, "returnsAfterSeconds": 600}));
    tenant.order("releases", &json!({"senderAddress": MEGAN, "afterSeconds": 7200}));
    let began = tenant.now();
    let said = unblock_with(&tenant, waiting(hours(3)), vec![address(ADELE), address(MEGAN)]).await;
    let outcomes: Vec<_> =
        said.unblocks.iter().map(|result| (result.sender_address.as_deref(), result.outcome)).collect();
    assert_eq!(outcomes, [(Some(ADELE), Outcome::Released), (Some(MEGAN), Outcome::Released)]);
    let again: Vec<_> = said.warnings.iter().filter(|warning| warning.contains("restricted again")).collect();
    assert_eq!(again.len(), 1, "the wait for the other saw it come back, and said so once: {:?}", said.warnings);
    assert!(again[0].contains(ADELE));

    // Whoever asks later gets it as the outcome, at the first look.
    let target = requested(address(ADELE), Some(began));
    let now = tenant.now();
    let said = wait_with(&tenant, WaitOptions::default(), vec![target]).await;
    assert_eq!((one(&said).outcome, tenant.now()), (Outcome::Returned, now));
    assert!(said.warnings[0].contains("restricted again"), "{:?}", said.warnings);

    // The restriction is a newer one: its unblock is not on its way.
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let said = unblock_with(&tenant, options, vec![address(ADELE)]).await;
    assert_eq!((one(&said).outcome, one(&said).requested_at), (Outcome::Removing, Some(now)));
    assert_eq!(tenant.seen(REMOVE).await, 3);
}

#[tokio::test]
async fn a_lost_reply_is_waited_for_and_never_sent_again() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault(REMOVE, 1, json!({"kind": "lose-reply"})).await;
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![address(ADELE), address(ADELE)]).await;
    assert_eq!(one(&said).outcome, Outcome::Released);
    assert!(said.warnings.iter().any(|text| text.contains("was lost") && text.contains("the wait tells")));
    assert!(said.failed.is_empty(), "{:?}", said.failed);
    assert!(one(&said).support_text().contains("The reply was lost; it is still listed."));
    assert_eq!(tenant.seen(REMOVE).await, 1);

    // One that never arrived: nobody calls it done, and nothing is repeated.
    tenant.fault(REMOVE, 1, json!({"kind": "drop"})).await;
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![address(MEGAN), address(MEGAN)]).await;
    assert_eq!(one(&said).outcome, Outcome::StillListed);
    assert_eq!(tenant.seen(REMOVE).await, 2);
    // It may be tried again later: nobody knows of a request that was taken.
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![address(MEGAN)]).await;
    assert_eq!(one(&said).outcome, Outcome::Released);
    assert_eq!(tenant.seen(REMOVE).await, 3);
}

#[tokio::test]
async fn without_a_wait_a_lost_reply_is_sent_once_though_it_is_named_twice() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault(REMOVE, 2, json!({"kind": "lose-reply"})).await;
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let said = unblock_with(&tenant, options, vec![address(MEGAN), address("ceo@contoso.com")]).await;
    assert_eq!((one(&said).outcome, said.failed[0].code()), (Outcome::Failed, Code::OutcomeUnknown));
    assert_eq!((said.failed.len(), tenant.seen(REMOVE).await), (1, 1));
}

#[tokio::test]
async fn reads_that_waver_are_neither_a_release_nor_a_return() {
    for missed_reads in [1, 2] {
        let tenant = Tenant::new(Scenario::Standard).await;
        let release = json!({"senderAddress": ADELE, "afterSeconds": 7200, "missedReads": missed_reads});
        tenant.order("releases", &release);
        let said = unblock_with(&tenant, waiting(hours(3)), vec![address(ADELE)]).await;
        let result = one(&said);
        assert_eq!(result.outcome, Outcome::Released, "{missed_reads}");
        let elapsed = result.elapsed.unwrap();
        assert!(elapsed >= Duration::hours(2), "called released while it was only missed: {elapsed}");
        assert!(said.warnings.is_empty(), "{:?}", said.warnings);
        assert_eq!(tenant.seen(REMOVE).await, 1);

        // When the time is over in the middle of it, nobody calls it released.
        tenant.order("releases", &json!({"senderAddress": MEGAN, "afterSeconds": 7200, "missedReads": missed_reads}));
        let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![address(MEGAN)]).await;
        assert!([Outcome::StillListed, Outcome::Removing].contains(&one(&said).outcome), "{said:?}", said = one(&said));
    }
}

#[tokio::test]
async fn looks_that_fail_are_told_once_and_count_as_neither() {
    let tenant = Tenant::new(Scenario::Standard).await;
    // Five looks, each tried six times.
    let skip = json!({"match": LIST, "skip": 1, "times": 30, "fault": {"kind": "status", "status": 503}});
    tenant.order("faults", &skip);
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![address(ADELE)]).await;
    assert_eq!(one(&said).outcome, Outcome::Released);
    assert_eq!(said.warnings.len(), 1, "{:?}", said.warnings);
    assert!(said.warnings[0].contains("says nothing about who is in it"), "{:?}", said.warnings);
    assert!(one(&said).support_text().contains("5 failed (the last: "), "{}", one(&said).support_text());

    // Nothing but failures: nobody can tell, above all not that it is released.
    let skip = json!({"match": LIST, "skip": 1, "times": 1000, "fault": {"kind": "drop"}});
    tenant.order("faults", &skip);
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![address(MEGAN)]).await;
    assert_eq!((one(&said).outcome, one(&said).released_at), (Outcome::Failed, None));
    assert_eq!(said.failed[0].code(), Code::OutcomeUnknown);
    assert!(said.failed[0].message.contains("no look at it succeeded"), "{}", said.failed[0]);
    assert!(!said.failed[0].causes.is_empty());
    let said = wait_with(&tenant, WaitOptions::default(), vec![address(MEGAN)]).await;
    assert_eq!((one(&said).outcome, said.failed[0].code()), (Outcome::Failed, Code::OutcomeUnknown));
}

#[tokio::test]
async fn ten_at_once_share_their_looks_and_each_is_removed_once() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let names: Vec<_> = (1..=10).map(|number| format!("sender{number}@contoso.com")).collect();
    for (name, number) in names.iter().zip(1..) {
        tenant.order("restrictions", &json!({"senderAddress": name, "reason": "test"}));
        tenant.order("releases", &json!({"senderAddress": name, "afterSeconds": 300 * number}));
    }
    let (listed, _) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
    let known = |entry: &restricted_sender_core::restriction::Restriction| Target {
        known: Some(Known { since: entry.created, ..Known::default() }),
        ..address(entry.key.sender_address().unwrap())
    };
    let targets: Vec<_> = listed.entries.iter().map(known).collect();
    let (before, began) = (tenant.seen(LIST).await, tenant.now());
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), targets).await;
    assert_eq!(said.unblocks.len(), 10);
    assert!(said.unblocks.iter().all(|result| result.outcome == Outcome::Released), "{:?}", said.unblocks);
    assert!(said.unblocks.is_sorted_by_key(|result| result.released_at), "each is told when it is certain");
    for result in &said.unblocks {
        let number: i32 =
            names.iter().position(|name| Some(name) == result.sender_address.as_ref()).unwrap() as i32 + 1;
        let elapsed = result.released_at.unwrap() - began;
        assert!(
            elapsed >= Duration::minutes(5) * number
                && elapsed <= Duration::minutes(5) * number + Duration::minutes(10)
        );
    }
    let looks = tenant.seen(LIST).await - before;
    assert!(looks < 60, "one look serves all: {looks}");
    let log: Vec<Value> = tenant.control.get(tenant.at("requests")).send().await.unwrap().json().await.unwrap();
    for name in &names {
        let about =
            |request: &&Value| request["parameters"]["SenderAddress"] == json!(name) && request["cmdlet"] == REMOVE;
        assert_eq!(log.iter().filter(about).count(), 1, "{name}");
    }
    assert!(said.progress.iter().any(|progress| progress.status.starts_with("5 of 10 done")));
}

#[tokio::test]
async fn an_unblock_that_is_on_its_way_is_reported_and_not_sent_again() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (listed, _) = run!(vec![address(ADELE)], host => get(&tenant.connection, Query::Named, &host));
    let typed =
        || Target { known: Some(Known { since: listed.entries[0].created, ..Known::default() }), ..address(ADELE) };
    let options = || UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let first = unblock_with(&tenant, options(), vec![typed()]).await;
    tenant.pass(600).await;
    for target in [typed(), address(ADELE), address("ADELE.Vance@contoso.com")] {
        let said = unblock_with(&tenant, options(), vec![target]).await;
        let (result, before) = (one(&said), one(&first));
        assert_eq!(result.outcome, Outcome::Removing);
        assert_eq!((result.requested_at, &result.request_id), (before.requested_at, &before.request_id));
        assert!(said.warnings[0].contains("not unblocked again"), "{:?}", said.warnings);
        assert!(said.questions.is_empty(), "nothing is changed");
    }
    // Whoever waits for it, waits for the first one.
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![typed()]).await;
    assert_eq!((one(&said).outcome, one(&said).requested_at), (Outcome::Released, one(&first).requested_at));
    assert_eq!(tenant.seen(REMOVE).await, 1);
}

#[tokio::test]
async fn whoever_is_not_listed_is_not_listed_or_released_as_far_as_is_known() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let began = tenant.now();
    let lynne = || address("lynne.robbins@contoso.com");
    let said = wait_with(&tenant, WaitOptions::default(), vec![lynne()]).await;
    assert_eq!((one(&said).outcome, one(&said).released_at), (Outcome::NotListed, None));
    assert_eq!(tenant.now(), began + Duration::minutes(1), "as many looks as agree");
    assert!(said.failed.is_empty());

    let said = wait_with(&tenant, WaitOptions::default(), vec![requested(lynne(), Some(began))]).await;
    assert_eq!((one(&said).outcome, one(&said).requested_at), (Outcome::Released, Some(began)));

    let said = wait_with(&tenant, WaitOptions::default(), vec![address("nobody@contoso.com"), address("broken")]).await;
    let outcomes: Vec<_> = said.unblocks.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes, [Outcome::Failed, Outcome::NotListed]);
    let codes: Vec<_> = said.failed.iter().map(|error| error.code()).collect();
    assert_eq!(codes, [Code::InvalidAddress, Code::UnknownAddress]);
    assert_eq!(tenant.seen(REMOVE).await, 0);
}

#[tokio::test]
async fn one_look_is_one_look() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (once, began, before) = (hours(0), tenant.now(), tenant.seen(LIST).await);
    let said = wait_with(&tenant, once, vec![address(ADELE)]).await;
    assert_eq!(one(&said).outcome, Outcome::StillListed);
    assert_eq!((tenant.now(), tenant.seen(LIST).await), (began, before + 1));
    let said = wait_with(&tenant, once, vec![requested(address("lynne.robbins@contoso.com"), Some(began))]).await;
    assert_eq!(one(&said).outcome, Outcome::Removing, "one look does not make it certain");
    assert!(said.warnings[0].contains("too few looks"), "{:?}", said.warnings);
}

#[tokio::test]
async fn what_another_admin_unblocked_is_waited_for_too() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let other = Tenant::beside(&tenant).await;
    let options = UnblockOptions::default();
    run!(vec![address(MEGAN)], host => unblock(&other, &options, &host)).1.unwrap();
    // By an alias, and without knowing when.
    let said = wait_with(&tenant, WaitOptions::default(), vec![address("ceo@contoso.com")]).await;
    let result = one(&said);
    assert_eq!((result.outcome, result.requested_at, result.elapsed), (Outcome::Released, None, None));
    assert_eq!((result.sender_address.as_deref(), result.named.as_deref()), (Some(MEGAN), Some("ceo@contoso.com")));
    assert!(result.released_at.is_some());
}

#[tokio::test]
async fn the_request_of_this_connection_is_known_under_every_name_of_the_person() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let request = unblock_with(&tenant, options, vec![address(MEGAN)]).await.unblocks.remove(0);
    tenant.pass(3600).await;
    let said = wait_with(&tenant, WaitOptions::default(), vec![address("ceo@contoso.com")]).await;
    assert_eq!((one(&said).outcome, one(&said).requested_at), (Outcome::Released, request.requested_at));
    assert_eq!(one(&said).request_id, request.request_id);
}

#[tokio::test]
async fn connectors_are_waited_for_like_senders_and_beside_them() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (listed, _) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
    let id = listed.entries.iter().find_map(|entry| entry.key.connector_id());
    let connector = Target { connector_id: id.clone(), ..Target::default() };
    let said = unblock_with(&tenant, waiting(WaitOptions::default()), vec![connector, address(ADELE)]).await;
    let outcomes: Vec<_> = said.unblocks.iter().map(|result| (result.connector_id.clone(), result.outcome)).collect();
    assert_eq!(outcomes, [(None, Outcome::Released), (id, Outcome::Released)], "the connector takes longer");
}

#[tokio::test]
async fn all_addresses_of_a_person_are_unblocked_when_asked_for() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = UnblockOptions { include_aliases: true, ..waiting(WaitOptions::default()) };
    let (news, alex) = ("news@contoso.com", "alex.wilber@contoso.com");
    let said = unblock_with(&tenant, options, vec![address(news), address(alex)]).await;
    let rows: Vec<_> =
        said.unblocks.iter().map(|row| (row.sender_address.as_deref(), row.named.as_deref(), row.outcome)).collect();
    assert_eq!(rows, [(Some(news), Some(news), Outcome::Released), (Some(alex), Some(news), Outcome::Released)]);
    assert_eq!((said.questions.len(), tenant.seen(REMOVE).await), (2, 2), "it asks for each, once");
    assert!(said.details.iter().any(|text| text.contains("each is unblocked")), "{:?}", said.details);
    assert!(said.warnings.is_empty(), "{:?}", said.warnings);

    let tenant = Tenant::new(Scenario::Standard).await;
    let said =
        unblock_with(&tenant, UnblockOptions { pass_thru: true, ..Default::default() }, vec![address(news)]).await;
    assert!(said.warnings[0].contains(alex) && said.warnings[0].contains("-IncludeAliases"), "{:?}", said.warnings);
    assert_eq!(tenant.seen(REMOVE).await, 1);
}

#[tokio::test]
async fn a_look_that_fails_is_not_tried_again_long_after_the_wait() {
    let slow = |seconds: &str| json!({"kind": "status", "status": 503, "headers": {"Retry-After": seconds}});
    let minute = WaitOptions { timeout: Duration::minutes(1), ..WaitOptions::default() };
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.break_down(LIST, slow("120")).await;
    let (began, before) = (tenant.now(), tenant.seen(LIST).await);
    let said = wait_with(&tenant, minute, vec![address(ADELE)]).await;
    assert_eq!((one(&said).outcome, said.failed[0].code()), (Outcome::Failed, Code::OutcomeUnknown));
    assert_eq!(tenant.now(), began + Duration::minutes(1), "the service asks to wait for longer than that");
    assert_eq!(tenant.seen(LIST).await - before, 3, "at the beginning, after 30 seconds, at the end");

    // The last look decides, so a single lost reply does not spoil it.
    tenant.heal().await;
    tenant.order("faults", &json!({"match": LIST, "skip": 2, "times": 1, "fault": slow("20")}));
    let began = tenant.now();
    let said = wait_with(&tenant, minute, vec![address(ADELE)]).await;
    assert_eq!(one(&said).outcome, Outcome::StillListed);
    assert!(said.warnings.is_empty() && said.failed.is_empty(), "{:?}", said.warnings);
    assert_eq!(tenant.now(), began + Duration::seconds(80));
}
