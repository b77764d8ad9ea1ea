//! The operations against the practice tenant over HTTPS, above all what a misbehaving network may not do: make a
//! restricted sender look free, or an unblock happen twice.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::time::Duration;

use restricted_sender_core::connection::{Connection, Options, Practice};
use restricted_sender_core::error::{Code, Error};
use restricted_sender_core::exchange::{Deadlines, Secret};
use restricted_sender_core::host::{converse, Answer, Event, Row};
use restricted_sender_core::reason::BlockType;
use restricted_sender_core::restriction::{
    get, test, unblock, NextStep, Outcome, Query, Restriction, SenderState, State, Target, UnblockOptions,
    UnblockResult,
};
use restricted_sender_core::Clock;
use restricted_sender_sandbox::{Invitation, Sandbox, Scenario};
use serde_json::{json, Value};

/// Which of the practice tenant's two addresses to use.
type Listener = fn(&Invitation) -> String;

struct Tenant {
    sandbox: Sandbox,
    connection: Connection,
    control: reqwest::Client,
}

impl Tenant {
    async fn new(scenario: Scenario) -> Self {
        Self::with(scenario, Deadlines::default()).await
    }

    async fn with(scenario: Scenario, deadlines: Deadlines) -> Self {
        Self::at_listener(scenario, deadlines, |invitation| invitation.uri.clone()).await
    }

    async fn at_listener(scenario: Scenario, deadlines: Deadlines, listener: Listener) -> Self {
        let clock = Clock::practice(Clock::system().now(), 0.0);
        let options = restricted_sender_sandbox::Options { scenario, clock: clock.clone(), ..Default::default() };
        let sandbox = Sandbox::start(options).await.unwrap();
        let invitation = sandbox.invitation();
        let options = Options {
            organization: Some(invitation.organization.clone()),
            app_id: Some(invitation.app_id.clone()),
            client_secret: Some(Secret::new(invitation.client_secret.clone())),
            connection_uri: Some(listener(invitation)),
            authorization_uri: Some(listener(invitation)),
            deadlines,
            practice: Some(Practice {
                authority: invitation.ca_certificate.clone(),
                plain_uri: invitation.plain_uri.clone(),
            }),
            ..Options::default()
        };
        // Nobody listens: loopback needs no proxy, so nothing is asked.
        let (host, _) = converse(|event| event);
        let connection = Connection::open(options, clock, &host).await.unwrap();
        let control = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox, connection, control }
    }

    fn at(&self, path: &str) -> String {
        format!("{}/sandbox/{path}", self.sandbox.invitation().plain_uri)
    }

    async fn fault(&self, cmdlet: &str, times: u32, fault: Value) {
        let body = json!({ "match": cmdlet, "times": times, "fault": fault });
        assert_eq!(self.control.post(self.at("faults")).json(&body).send().await.unwrap().status(), 201);
    }

    async fn pass(&self, seconds: u64) {
        self.sandbox.clock().advance(Duration::from_secs(seconds)).unwrap();
    }

    /// How many requests of this cmdlet the server has seen.
    async fn seen(&self, cmdlet: &str) -> usize {
        let log: Vec<Value> = self.control.get(self.at("requests")).send().await.unwrap().json().await.unwrap();
        log.iter().filter(|request| request["cmdlet"] == cmdlet).count()
    }
}

/// What an operation said.
#[derive(Default)]
struct Said {
    entries: Vec<Restriction>,
    states: Vec<SenderState>,
    unblocks: Vec<UnblockResult>,
    failed: Vec<Error>,
    warnings: Vec<String>,
    questions: Vec<String>,
}

/// Runs an operation on these targets, answering every question with yes.
macro_rules! run {
    ($targets:expr, $host:ident => $work:expr) => {{
        let ($host, mut caller) = converse(|event| event);
        let targets: Vec<Target> = $targets;
        let input = caller.input;
        let feeding = async move {
            for target in targets {
                input.send(target).await.unwrap();
            }
        };
        let listening = async {
            let mut said = Said::default();
            while let Some(event) = caller.events.recv().await {
                match event {
                    Event::Rows(rows) => {
                        for row in rows {
                            match row {
                                Row::Restriction(row) => said.entries.push(row),
                                Row::State(row) => said.states.push(row),
                                Row::Unblock(row) => said.unblocks.push(row),
                                other => panic!("{other:?}"),
                            }
                        }
                    }
                    Event::ItemFailed(error) => said.failed.push(error),
                    Event::Message(message) => said.warnings.push(message.text),
                    Event::Question(question, answer) => {
                        said.questions.push(format!("{question:?}"));
                        answer.send(Answer::Confirmed(true)).unwrap();
                    }
                    Event::Progress(_) | Event::WantsInput { .. } => {}
                }
            }
            said
        };
        let work = async {
            let result = $work.await;
            drop($host);
            result
        };
        let ((), said, result) = tokio::join!(feeding, listening, work);
        (said, result)
    }};
}

fn address(address: &str) -> Target {
    Target { sender_address: Some(address.into()), ..Target::default() }
}

const MEGAN: &str = "megan.bowen@contoso.onmicrosoft.com";

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
        let (window, since) = (entry.trace.unwrap(), entry.created.unwrap());
        assert!(window.start < since && since <= window.end && window.end <= now, "{window:?} {since}");
    }
}

#[tokio::test]
async fn no_failure_reads_as_not_restricted() {
    let deadlines = Deadlines { silence: Duration::from_millis(200), ..Deadlines::default() };
    let tenant = Tenant::with(Scenario::Standard, deadlines).await;
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
            tenant.fault(cmdlet, 1, fault.clone()).await;
            // A healthy mailbox: a wrong answer would be NotRestricted.
            let state = state_of(&tenant, address("lynne.robbins@contoso.com")).await;
            assert_eq!(state.state, State::Unknown, "{cmdlet} {fault}");
            assert_eq!(state.error.map(|error| error.code()), Some(*code), "{cmdlet} {fault}");
            let healthy = state_of(&tenant, address("lynne.robbins@contoso.com")).await;
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
async fn an_unblock_that_the_list_confirms_is_released() {
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
    assert_eq!(said.unblocks[0].outcome, Outcome::Released);
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

#[tokio::test]
async fn a_page_that_expired_is_an_error_and_not_a_short_list() {
    let tenant = Tenant::new(Scenario::Large).await;
    let expired = r#"{"error":{"code":"BadRequest","message":"Expired or Invalid pagination request."}}"#;
    let body = json!({ "match": "Get-BlockedSenderAddress", "skip": 3, "fault": {"kind": "status", "status": 400, "body": expired} });
    assert_eq!(tenant.control.post(tenant.at("faults")).json(&body).send().await.unwrap().status(), 201);
    let query = Query::Everything(Some(restricted_sender_core::restriction::EntityType::Mailbox));
    let (said, result) = run!(vec![], host => get(&tenant.connection, query, &host));
    assert_eq!(result.unwrap_err().code(), Code::PageExpired);
    assert_eq!(said.entries.len(), 3000);
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
