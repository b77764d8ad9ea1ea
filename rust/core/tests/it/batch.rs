//! `$batch`: many look-ups with few requests, and none of them answered by what only looks like an answer.

use crate::tenant::{address, run, Tenant};
use restricted_sender_core::error::{Code, Result};
use restricted_sender_core::exchange::{Cmdlet, Record};
use restricted_sender_core::host::converse;
use restricted_sender_core::restriction::{wait, Outcome, Proof, WaitOptions};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};
use time::Duration;

const LOOK_UP: &str = "Get-Recipient";

async fn look_up(tenant: &Tenant, names: &[&str]) -> Vec<Result<Vec<Record>>> {
    let (host, mut caller) = converse(|event| event);
    tokio::spawn(async move { while caller.events.recv().await.is_some() {} });
    let cmdlets = names.iter().map(|name| Cmdlet::new(LOOK_UP).with("Identity", Some(name))).collect();
    tenant.connection.exchange(&host).read_each(cmdlets).await
}

/// How often a batch was posted, and how often somebody was looked up: in one or alone.
async fn counted(tenant: &Tenant) -> (usize, usize) {
    let log: Vec<Value> = tenant.control.get(tenant.at("requests")).send().await.unwrap().json().await.unwrap();
    let batches = log.iter().filter(|request| request["path"].as_str().unwrap().ends_with("$batch")).count();
    (batches, tenant.seen(LOOK_UP).await)
}

fn names(found: &[Result<Vec<Record>>]) -> Vec<String> {
    let name = |found: &Result<Vec<Record>>| match found {
        Ok(rows) => rows[0].clone().take_text("Alias").unwrap(),
        Err(error) => error.code().to_string(),
    };
    found.iter().map(name).collect()
}

const PEOPLE: [&str; 3] = ["adele.vance@contoso.com", "nobody@contoso.com", "alex.wilber@contoso.com"];

#[tokio::test]
async fn up_to_ten_look_ups_are_one_request_and_keep_their_order() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let many: Vec<_> = PEOPLE.iter().copied().cycle().take(23).collect();
    let found = look_up(&tenant, &many).await;
    assert_eq!(names(&found[..3]), ["adele.vance", "RS4006", "alex.wilber"]);
    assert_eq!(names(&found[20..]), ["alex.wilber", "adele.vance", "RS4006"], "of the last batch");
    assert_eq!(counted(&tenant).await, (3, 23), "nobody is asked for again whom the service does not know");
    look_up(&tenant, &PEOPLE[..1]).await;
    assert_eq!(counted(&tenant).await, (3, 24), "one needs no batch");
}

#[tokio::test]
async fn what_fails_inside_is_asked_for_again_alone() {
    for fault in [
        json!({"kind": "status", "status": 503}),
        json!({"kind": "status", "status": 429, "headers": {"Retry-After": "1"}}),
        json!({"kind": "status", "status": 401}),
        json!({"kind": "not-json"}),
        json!({"kind": "status", "status": 200, "body": "{\"@odata.nextLink\":\"https://elsewhere.example/\",\"value\":[]}"}),
    ] {
        let tenant = Tenant::new(Scenario::Standard).await;
        tenant.fault(LOOK_UP, 1, fault.clone()).await;
        assert_eq!(names(&look_up(&tenant, &PEOPLE).await), ["adele.vance", "RS4006", "alex.wilber"], "{fault}");
        assert_eq!(counted(&tenant).await, (1, 4), "{fault}");
    }
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault(LOOK_UP, 1, json!({"kind": "status", "status": 403, "body": "\0\0"})).await;
    assert_eq!(names(&look_up(&tenant, &PEOPLE).await), ["RS2008", "RS4006", "alex.wilber"]);
    assert_eq!(counted(&tenant).await, (1, 3), "a refusal stays");
}

#[tokio::test]
async fn a_batch_is_tried_again_as_a_whole_and_given_up_as_a_whole() {
    for fault in ["drop", "truncate", "cut-short"] {
        let tenant = Tenant::new(Scenario::Standard).await;
        tenant.fault("$batch", 1, json!({ "kind": fault })).await;
        assert_eq!(names(&look_up(&tenant, &PEOPLE).await), ["adele.vance", "RS4006", "alex.wilber"], "{fault}");
        assert_eq!(counted(&tenant).await.0, 2, "{fault}");
    }
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.break_down("$batch", json!({"kind": "status", "status": 503})).await;
    assert_eq!(names(&look_up(&tenant, &PEOPLE).await), ["RS3010", "RS3010", "RS3010"]);
    assert_eq!(counted(&tenant).await, (6, 0), "not six times more for each");
}

#[tokio::test]
async fn where_there_are_no_batches_each_is_asked_for_alone() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.break_down("$batch", json!({"kind": "status", "status": 404})).await;
    assert_eq!(names(&look_up(&tenant, &PEOPLE).await), ["adele.vance", "RS4006", "alex.wilber"]);
    assert_eq!(counted(&tenant).await, (1, 3));
    // An answer that is missing is none.
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault("$batch", 1, json!({"kind": "status", "status": 200, "body": "{\"responses\":[]}"})).await;
    assert_eq!(names(&look_up(&tenant, &PEOPLE).await), ["adele.vance", "RS4006", "alex.wilber"]);
}

#[tokio::test]
async fn a_wait_for_many_looks_them_up_together() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let people = ["ceo@contoso.com", "adele.vance@contoso.com", "alex.wilber@contoso.com", "nobody@contoso.com"];
    let targets = people.map(address).to_vec();
    let one_look = WaitOptions { timeout: Duration::ZERO, ..WaitOptions::default() };
    let (said, result) = run!(targets, host => wait(&tenant.connection, &one_look, &Proof::List, &host));
    result.unwrap();
    let outcomes: Vec<_> = said.unblocks.iter().map(|result| result.outcome).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::StillListed).count(), 3, "{outcomes:?}");
    assert_eq!(said.failed.iter().map(|error| error.code()).collect::<Vec<_>>(), [Code::UnknownAddress]);
    assert_eq!(counted(&tenant).await, (1, 4));
}
