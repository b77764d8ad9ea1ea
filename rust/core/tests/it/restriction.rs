//! The operations against the practice tenant over HTTPS, above all what a misbehaving network may not do: make a
//! restricted sender look free, or an unblock happen twice.

use std::collections::HashSet;
use std::time::Duration;

use crate::tenant::{address, run, Listener, Tenant};
use restricted_sender_core::error::Code;
use restricted_sender_core::exchange::{Cmdlet, Deadlines};
use restricted_sender_core::host::{converse, Event, Row};
use restricted_sender_core::reason::BlockType;
use restricted_sender_core::restriction::{
    get, test, unblock, EntityType, NextStep, Outcome, Query, Restriction, SenderState, State, Target, UnblockOptions,
};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

const MEGAN: &str = "megan.bowen@contoso.onmicrosoft.com";
const LIST: &str = "Get-BlockedSenderAddress";

async fn state_of(tenant: &Tenant, target: Target) -> SenderState {
    let (mut said, result) = run!(vec![target], host => test(&tenant.connection, &host));
    result.unwrap();
    assert_eq!(said.states.len(), 1);
    said.states.remove(0)
}

#[tokio::test]
async fn the_whole_list_comes_in_pages_and_in_order() {
    let tenant = Tenant::new(Scenario::Large).await;
    let (said, result) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
    result.unwrap();
    assert_eq!(said.entries.len(), 10_200);
    assert_eq!(tenant.seen("Get-BlockedSenderAddress").await, 11, "one to connect, ten pages");
}

#[tokio::test]
async fn a_person_is_found_under_every_address() {
    let tenant = Tenant::new(Scenario::Standard).await;
    for name in [MEGAN, "megan.bowen@contoso.com", "CEO@contoso.com"] {
        let state = state_of(&tenant, address(name)).await;
        assert_eq!((state.state, state.key.as_deref()), (State::Restricted, Some(MEGAN)), "{name}");
        let (said, _) = run!(vec![address(name)], host => get(&tenant.connection, Query::Named, &host));
        let primary = said.entries[0].primary_smtp_address.as_deref();
        assert_eq!(primary.map(str::to_lowercase).as_deref(), Some("megan.bowen@contoso.com"), "{name}");
    }
    let (said, _) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
    assert!(said.entries.iter().all(|entry| entry.primary_smtp_address.is_none()), "nobody was looked up");
}

#[tokio::test]
async fn every_entry_says_what_to_do_and_where_to_look() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (said, _) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
    let now = tenant.sandbox.clock().now();
    for entry in &said.entries {
        let step = entry.decision.next_step();
        let right = match entry.block_type {
            BlockType::Spam | BlockType::Unknown => step == NextStep::SecureThenUnblock,
            BlockType::RecipientRate => step == NextStep::Wait,
            // A day of UTC may have ended since the block.
            BlockType::PolicyLimit => [NextStep::Wait, NextStep::FixSenderThenUnblock].contains(&step),
            BlockType::Connector => step == NextStep::CheckConnector,
        };
        assert!(right, "{entry:?}");
        assert_eq!(entry.decision.restricted_until().is_some(), step == NextStep::Wait || entry.expiration.is_some());
        assert_eq!(entry.listed_at, now);
    }
}

#[tokio::test]
async fn no_failure_reads_as_not_restricted() {
    // Only what never answers is met by a short deadline: how fast everything else is proves nothing.
    let second = Duration::from_secs(1);
    let short = Deadlines { silence: second, total: second, ..Deadlines::default() };
    let (patient, hasty) = (Tenant::new(Scenario::Standard).await, Tenant::with(Scenario::Standard, short).await);
    let faults = [
        (json!({"kind": "drop"}), Code::ConnectionLost),
        (json!({"kind": "lose-reply"}), Code::ConnectionLost),
        (json!({"kind": "truncate"}), Code::ConnectionLost),
        (json!({"kind": "hang"}), Code::Timeout),
        (json!({"kind": "not-json"}), Code::ResponseUnreadable),
        (json!({"kind": "oversize", "bytes": 70_000_000}), Code::ResponseTooLarge),
        (json!({"kind": "status", "status": 503}), Code::ServiceUnavailable),
        (json!({"kind": "status", "status": 429, "headers": {"Retry-After": "7"}}), Code::Throttled),
        (json!({"kind": "status", "status": 403, "body": "\0\0\0"}), Code::NoRole),
        (
            json!({"kind": "status", "status": 302, "headers": {"Location": "https://localhost"}}),
            Code::ResponseUnreadable,
        ),
        (json!({"kind": "status", "status": 200, "body": r#"{"error":{"message":"no"}}"#}), Code::CmdletFailed),
        (
            json!({"kind": "status", "status": 200, "body": r#"{"@adminapi.errors":["half"],"value":[]}"#}),
            Code::CmdletFailed,
        ),
        (
            json!({"kind": "status", "status": 200, "body": r#"{"value":[{"Reason":"no key"}]}"#}),
            Code::ResponseUnreadable,
        ),
        (
            json!({"kind": "status", "status": 200, "body": r#"{"value":[],"@odata.nextLink":"https://elsewhere.example/next"}"#}),
            Code::ResponseUnreadable,
        ),
    ];
    for cmdlet in ["Get-BlockedSenderAddress", "Get-Recipient"] {
        for (fault, code) in &faults {
            if cmdlet == "Get-Recipient" && fault["body"].as_str().is_some_and(|body| body.contains("no key")) {
                continue; // A recipient without addresses is nobody, which is Unknown as well.
            }
            let tenant = if *code == Code::Timeout { &hasty } else { &patient };
            tenant.break_down(cmdlet, fault.clone()).await;
            // A healthy mailbox: a wrong answer would be NotRestricted.
            let state = state_of(tenant, address("lynne.robbins@contoso.com")).await;
            assert_eq!(state.state, State::Unknown, "{cmdlet} {fault}");
            assert_eq!(state.error.map(|error| error.code()), Some(*code), "{cmdlet} {fault}");
            tenant.heal().await;
            let healthy = state_of(tenant, address("lynne.robbins@contoso.com")).await;
            assert_eq!(healthy.state, State::NotRestricted, "the fault has passed");
        }
    }
}

#[tokio::test]
async fn an_unblock_whose_reply_is_lost_is_sent_once_and_not_called_done() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.fault("Remove-BlockedSenderAddress", 1, json!({"kind": "lose-reply"})).await;
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let (said, result) = run!(vec![address(MEGAN)], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    assert_eq!(said.failed[0].code(), Code::OutcomeUnknown);
    assert_eq!(said.unblocks[0].outcome, Outcome::Failed);
    assert_eq!(tenant.seen("Remove-BlockedSenderAddress").await, 1);

    // It had taken effect; when the service is done, the list says so.
    tenant.pass(31 * 60).await;
    assert_eq!(state_of(&tenant, address(MEGAN)).await.state, State::NotRestricted);
}

#[tokio::test]
async fn a_lost_reply_whose_entry_is_missed_by_a_look_is_removing_and_not_yet_released() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (listed, _) = run!(vec![address(MEGAN)], host => get(&tenant.connection, Query::Named, &host));
    assert_eq!(listed.entries.len(), 1);
    // Another admin takes it off the list while our request gets no answer.
    let body = json!({"senderAddress": MEGAN});
    tenant.fault("Remove-BlockedSenderAddress", 1, json!({"kind": "drop"})).await;
    let known = restricted_sender_core::restriction::Known::default();
    assert_eq!(tenant.control.delete(tenant.at("restrictions")).json(&body).send().await.unwrap().status(), 204);
    let target = Target { known: Some(known), ..address(MEGAN) };
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let (said, result) = run!(vec![target], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    assert_eq!(said.unblocks[0].outcome, Outcome::Removing);
    assert!(said.warnings.iter().any(|warning| warning.contains("was lost")), "{:?}", said.warnings);
    assert_eq!(tenant.seen("Remove-BlockedSenderAddress").await, 1);
}

#[tokio::test]
async fn a_token_that_expires_between_two_requests_is_renewed() {
    let tenant = Tenant::new(Scenario::Standard).await;
    for _ in 0..5 {
        tenant.pass(3500).await;
        assert_eq!(state_of(&tenant, address(MEGAN)).await.state, State::Restricted);
    }
    // One that the service refuses before its time is renewed, too, once.
    tenant.fault("Get-BlockedSenderAddress", 1, json!({"kind": "status", "status": 401})).await;
    assert_eq!(state_of(&tenant, address(MEGAN)).await.state, State::Restricted);
    tenant.fault("Get-BlockedSenderAddress", 2, json!({"kind": "status", "status": 401})).await;
    let state = state_of(&tenant, address(MEGAN)).await;
    assert_eq!(state.error.map(|error| error.code()), Some(Code::NotAuthorized));
}

#[tokio::test]
async fn the_question_names_the_organization_the_reason_and_both_recommendations() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = UnblockOptions::default();
    let (said, _) = run!(vec![address("ceo@contoso.com")], host => unblock(&tenant.connection, &options, &host));
    let question = &said.questions[0];
    for part in [
        "contoso.onmicrosoft.com (practice tenant)",
        "Treat it as a compromised account",
        MEGAN,
        "ceo@contoso.com",
        "judged spam",
        "https://entra",
        "https://admin",
    ] {
        assert!(question.contains(part), "{part} in {question}");
    }
}

#[tokio::test]
async fn the_question_says_when_an_unblock_will_not_help() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = UnblockOptions::default();
    let johanna = vec![address("johanna.lorenz@contoso.com")];
    let (said, _) = run!(johanna, host => unblock(&tenant.connection, &options, &host));
    assert!(said.questions[0].contains("Unblocking does not help"), "{}", said.questions[0]);
}

const MAILBOXES: Query = Query::Everything(Some(EntityType::Mailbox));

/// Lets so many requests go well, and then the link to the next page be expired so many times.
async fn expire(tenant: &Tenant, cmdlet: &str, skip: u32, times: u32) {
    let expired = r#"{"error":{"code":"BadRequest","message":"Expired or Invalid pagination request."}}"#;
    let fault = json!({"kind": "status", "status": 400, "body": expired});
    let order = json!({ "match": cmdlet, "skip": skip, "times": times, "fault": fault });
    assert_eq!(tenant.control.post(tenant.at("faults")).json(&order).send().await.unwrap().status(), 201);
}

fn keys(entries: &[Restriction]) -> HashSet<String> {
    entries.iter().map(|entry| entry.key.to_string()).collect()
}

#[tokio::test]
async fn a_page_that_expired_twice_is_an_error_and_not_a_short_list() {
    let tenant = Tenant::new(Scenario::Large).await;
    expire(&tenant, LIST, 3, u32::MAX).await;
    let (said, result) = run!(vec![], host => get(&tenant.connection, MAILBOXES, &host));
    assert_eq!(result.unwrap_err().code(), Code::PageExpired);
    assert_eq!(said.entries.len(), 3000);
}

#[tokio::test]
async fn after_a_page_that_expired_all_is_read_again_and_nothing_comes_twice() {
    let tenant = Tenant::new(Scenario::Large).await;
    expire(&tenant, LIST, 3, 1).await;
    let (said, result) = run!(vec![], host => get(&tenant.connection, MAILBOXES, &host));
    result.unwrap();
    assert_eq!((said.entries.len(), keys(&said.entries).len()), (10_000, 10_000));
    assert_eq!(tenant.seen(LIST).await, 1 + 3 + 1 + 10, "to connect, the first reading, the second");

    expire(&tenant, LIST, 3, 1).await;
    let (_, records) = run!(vec![], host => tenant.connection.exchange(&host).read_all(Cmdlet::new(LIST)));
    assert_eq!(records.unwrap().len(), 10_000);

    // Whoever needs the whole to answer has it of one reading.
    expire(&tenant, LIST, 3, 1).await;
    assert_eq!(state_of(&tenant, address("employee10000@contoso.com")).await.state, State::Restricted);
    expire(&tenant, "Get-Recipient", 0, 1).await;
    assert_eq!(state_of(&tenant, address("lynne.robbins@contoso.com")).await.state, State::NotRestricted);
    let log: Vec<Value> = tenant.control.get(tenant.at("requests")).send().await.unwrap().json().await.unwrap();
    let again = log.iter().rev().find(|request| request["cmdlet"] == "Get-Recipient").unwrap();
    assert_eq!(again["parameters"]["ResultSize"], "Unlimited");
    let is_limited = |request: &&Value| request["cmdlet"] == LIST && request["parameters"] != json!({});
    assert_eq!(log.iter().find(is_limited), None, "the list does not take that");
}

#[tokio::test]
async fn a_list_that_changes_while_its_links_expire_loses_nobody_and_tells_nobody_twice() {
    let tenant = Tenant::new(Scenario::Large).await;
    let (host, mut caller) = converse(|event| event);
    let reading = async {
        let result = get(&tenant.connection, MAILBOXES, &host).await;
        drop(host);
        result
    };
    let listening = async {
        let mut entries = Vec::new();
        while let Some(event) = caller.events.recv().await {
            let Event::Rows(rows) = event else { continue };
            if entries.is_empty() {
                // The reader takes its time: links last ten minutes.
                tenant
                    .sandbox
                    .control("DELETE", "restrictions", &json!({"senderAddress": "employee1@contoso.com"}))
                    .ok();
                let new = json!({"senderAddress": "new@contoso.com", "reason": "x"});
                tenant.sandbox.control("POST", "restrictions", &new).unwrap();
                tenant.pass(11 * 60).await;
            }
            entries.extend(rows.into_iter().map(|row| match row {
                Row::Restriction(entry) => entry,
                other => panic!("{other:?}"),
            }));
        }
        entries
    };
    let (result, entries) = tokio::join!(reading, listening);
    result.unwrap();
    assert_eq!((entries.len(), keys(&entries).len()), (10_001, 10_001));
    assert!(keys(&entries).contains("new@contoso.com"));
    assert!(tenant.seen(LIST).await > 12, "it was read again");
}

#[tokio::test]
async fn an_answer_rests_on_one_reading_and_not_on_two() {
    let tenant = Tenant::new(Scenario::Large).await;
    let first = "employee00001@contoso.com";
    let (host, mut caller) = converse(|event| event);
    caller.input.send(address(first).into()).await.unwrap();
    drop(std::mem::replace(&mut caller.input, tokio::sync::mpsc::channel(1).0));
    let asking = async {
        let result = test(&tenant.connection, &host).await;
        drop(host);
        result
    };
    let listening = async {
        let (mut pages, mut states) = (0, Vec::new());
        while let Some(event) = caller.events.recv().await {
            match event {
                Event::Message(message) if message.text.starts_with(LIST) => {
                    pages += 1;
                    if pages == 2 {
                        // Whoever was on the first page leaves the list before its links expire.
                        let gone = json!({"senderAddress": first});
                        tenant.sandbox.control("DELETE", "restrictions", &gone).unwrap();
                        tenant.pass(11 * 60).await;
                    }
                }
                Event::Rows(rows) => states.extend(rows),
                _ => {}
            }
        }
        (pages, states)
    };
    let (result, (pages, states)) = tokio::join!(asking, listening);
    result.unwrap();
    assert!(pages > 11, "it was read again: {pages}");
    assert!(matches!(&states[..], [Row::State(state)] if state.state == State::NotRestricted), "{states:?}");
}

#[tokio::test]
async fn every_operation_works_over_encrypted_http2_and_over_plain_http1() {
    let listeners: [(Listener, &str, &str); 2] = [
        (|invitation| invitation.uri.clone(), "https", "2"),
        (|invitation| invitation.plain_uri.clone(), "http", "1.1"),
    ];
    for (listener, name, version) in listeners {
        let tenant = Tenant::at_listener(Scenario::Standard, Deadlines::default(), listener).await;
        let (said, result) = run!(vec![], host => get(&tenant.connection, Query::Everything(None), &host));
        result.unwrap();
        assert_eq!(said.entries.len(), 11, "{name}");
        assert_eq!(state_of(&tenant, address("ceo@contoso.com")).await.state, State::Restricted, "{name}");
        let connector = said.entries.iter().find_map(|entry| entry.key.connector_id());
        let targets = vec![address(MEGAN), Target { connector_id: connector, ..Target::default() }];
        let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
        let (said, result) = run!(targets, host => unblock(&tenant.connection, &options, &host));
        result.unwrap();
        assert!(said.unblocks.iter().all(|result| result.outcome == Outcome::Removing), "{:?}", said.unblocks);
        assert_eq!(said.unblocks.len(), 2, "{name}");

        let log: Vec<Value> = tenant.control.get(tenant.at("requests")).send().await.unwrap().json().await.unwrap();
        for request in &log {
            assert_eq!((&request["listener"], &request["httpVersion"]), (&json!(name), &json!(version)), "{request}");
        }
        assert!(log.len() >= 8, "token, lists, recipient, two removals: {}", log.len());
    }
}
