//! Trying again: what heals by itself, how long it is waited for, and when it is given up. The clock stands still and
//! jumps ahead while everybody waits, so every wait is exact and nobody waits for it.

use std::net::Ipv4Addr;

use crate::tenant::{address, run, Said, Tenant};
use regex::Regex;
use restricted_sender_core::connection::{Connection, Options};
use restricted_sender_core::error::Code;
use restricted_sender_core::exchange::Secret;
use restricted_sender_core::host::converse;
use restricted_sender_core::restriction::{
    get, unblock, EntityType, Known, Outcome, Query, Target, UnblockOptions, WaitOptions,
};
use restricted_sender_sandbox::Scenario;
use serde_json::json;
use time::format_description::well_known::Rfc2822;
use time::Duration;
use tokio::net::TcpSocket;

const ADELE: &str = "adele.vance@contoso.com";
const LIST: &str = "Get-BlockedSenderAddress";
const REMOVE: &str = "Remove-BlockedSenderAddress";

/// The longest of all pauses together: 2, 4, 8, 16 and 32 seconds.
const ALL_PAUSES: Duration = Duration::seconds(62);

async fn list(tenant: &Tenant) -> (Said, Result<(), restricted_sender_core::error::Error>) {
    let query = Query::Everything(Some(EntityType::Mailbox));
    run!(vec![], host => get(&tenant.connection, query, &host))
}

/// How long the list took by the clock, with what came of it.
async fn timed(tenant: &Tenant) -> (Duration, Said, Result<(), restricted_sender_core::error::Error>) {
    let began = tenant.sandbox.clock().now();
    let (said, result) = list(tenant).await;
    (tenant.sandbox.clock().now() - began, said, result)
}

fn retry_after(value: &str) -> serde_json::Value {
    json!({"kind": "status", "status": 429, "headers": {"Retry-After": value}})
}

#[tokio::test]
async fn what_fails_once_heals_and_is_told() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let faults = [
        json!({"kind": "drop"}),
        json!({"kind": "truncate"}),
        json!({"kind": "status", "status": 408}),
        json!({"kind": "status", "status": 429}),
        json!({"kind": "status", "status": 500}),
        json!({"kind": "status", "status": 502, "body": "<html>"}),
        json!({"kind": "status", "status": 503}),
        json!({"kind": "status", "status": 504}),
        json!({"kind": "status", "status": 200, "body": r#"{"value":[{"SenderAddress":"a@b"#}),
        json!({"kind": "status", "status": 400, "body": "You have reached the maximum number of concurrent requests per tenant."}),
        json!({"kind": "status", "status": 400, "body": r#"{"error":{"details":[{"message":"Ex1|Microsoft.Exchange.ServerBusyException|Busy."}]}}"#}),
        json!({"kind": "status", "status": 500, "headers": {"x-ExceptionType": "BackendCommunicationException"}}),
    ];
    for fault in &faults {
        let before = tenant.seen(LIST).await;
        tenant.fault(LIST, 1, fault.clone()).await;
        let (waited, said, result) = timed(&tenant).await;
        result.unwrap();
        assert_eq!((said.entries.len(), said.warnings.len()), (8, 0), "{fault}");
        assert!(waited <= Duration::seconds(2), "{fault}: {waited}");
        assert_eq!(tenant.seen(LIST).await, before + 2, "{fault}");
        let told: Vec<_> = said.details.iter().filter(|text| text.contains("try 2 of 6 in ")).collect();
        assert!(told.len() == 1 && told[0].contains("since RS30") && told[0].contains(LIST), "{:?}", said.details);
    }
    let status = tenant.connection.status().await;
    assert_eq!(status.retries, Some(faults.len() as u64));
    let token = 1;
    assert_eq!(status.requests, Some(token + tenant.seen(LIST).await as u64 + policies(&tenant).await));
}

/// The list asks once for the policies that may have blocked somebody, and for the groups that decide, each time it is
/// read.
async fn policies(tenant: &Tenant) -> u64 {
    let asked = [
        "Get-HostedOutboundSpamFilterPolicy",
        "Get-HostedOutboundSpamFilterRule",
        "Get-Recipient",
        "Get-UnifiedGroupLinks",
    ];
    let mut sum = 0;
    for cmdlet in asked {
        sum += tenant.seen(cmdlet).await as u64;
    }
    sum
}

#[tokio::test]
async fn what_does_not_heal_is_given_up_and_says_how_often_it_was_tried() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.break_down(LIST, json!({"kind": "status", "status": 503})).await;
    let before = tenant.seen(LIST).await;
    let (waited, said, result) = timed(&tenant).await;
    let error = result.unwrap_err();
    assert_eq!(error.code(), Code::ServiceUnavailable);
    assert!(error.message.ends_with("It was tried 6 times."), "{error}");
    assert_eq!(tenant.seen(LIST).await, before + 6);
    assert!(waited > Duration::ZERO && waited <= ALL_PAUSES, "{waited}");
    for number in 1..=6 {
        let trace = format!(", try {number}");
        assert!(said.details.iter().any(|text| text.contains("POST HTTP 503") && text.ends_with(&trace)));
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let named = r#"{"error":{"details":[{"message":"Ex1|System.ArgumentException|No."}]}}"#;
    for fault in [
        json!({"kind": "status", "status": 400}),
        json!({"kind": "status", "status": 403, "body": "\0\0\0"}),
        json!({"kind": "status", "status": 404}),
        json!({"kind": "status", "status": 501}),
        json!({"kind": "status", "status": 500, "body": named}),
        json!({"kind": "not-json"}),
        json!({"kind": "oversize", "bytes": 70_000_000}),
    ] {
        let before = tenant.seen(LIST).await;
        tenant.break_down(LIST, fault.clone()).await;
        let (waited, _, result) = timed(&tenant).await;
        assert!(!result.unwrap_err().message.contains("tried"), "{fault}");
        assert_eq!((tenant.seen(LIST).await, waited), (before + 1, Duration::ZERO), "{fault}");
        tenant.heal().await;
    }
}

#[tokio::test]
async fn the_service_says_how_long_to_wait_in_seconds_or_by_a_date() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (exactly, at_most) = (Duration::seconds(100), Duration::seconds(2));
    tenant.fault(LIST, 1, retry_after("100")).await;
    let (waited, said, result) = timed(&tenant).await;
    result.unwrap();
    assert_eq!(waited, exactly);
    assert!(said.progress.iter().any(|progress| progress.activity.starts_with("Waiting for contoso")));

    // HTTP dates have no fractions of a second, and the reply's own is as much behind.
    let date = |after: Duration| (tenant.sandbox.clock().now() + after).format(&Rfc2822).unwrap();
    for (after, least, most) in [(exactly, exactly, exactly), (-exactly, Duration::ZERO, at_most)] {
        tenant.fault(LIST, 1, retry_after(&date(after).replace("+0000", "GMT"))).await;
        let (waited, _, result) = timed(&tenant).await;
        result.unwrap();
        assert!(waited >= least && waited <= most, "{after}: {waited}");
    }
}

#[tokio::test]
async fn a_wait_longer_than_a_request_may_take_is_an_error_that_names_both() {
    let tenant = Tenant::new(Scenario::Standard).await;
    for (after, tries) in [("301", 1), ("200", 2), ("18446744073709551615", 1)] {
        let before = tenant.seen(LIST).await;
        tenant.break_down(LIST, retry_after(after)).await;
        let (waited, _, result) = timed(&tenant).await;
        let error = result.unwrap_err();
        assert_eq!(error.code(), Code::Throttled);
        assert_eq!(error.retry_after_sec.map(|seconds| seconds.to_string()).as_deref(), Some(after));
        assert!(error.message.contains(&format!("wait {after} seconds")) && error.message.contains("300"), "{error}");
        assert_eq!(tenant.seen(LIST).await, before + tries, "{after}");
        assert_eq!(waited, Duration::seconds(if tries == 2 { 200 } else { 0 }));
        tenant.heal().await;
    }
}

#[tokio::test]
async fn a_token_is_tried_again_even_for_a_change() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.pass(3600).await;
    tenant.fault("token", 3, json!({"kind": "status", "status": 503})).await;
    let target = Target { known: Some(Known::default()), ..address(ADELE) };
    let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
    let (said, result) = run!(vec![target], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    assert_eq!(said.unblocks[0].outcome, Outcome::Removing, "{:?}", said.failed);
    assert_eq!(tenant.seen(REMOVE).await, 1);
    assert_eq!(tenant.connection.status().await.retries, Some(3));

    tenant.pass(3600).await;
    tenant.break_down("token", json!({"kind": "drop"})).await;
    let (_, _, result) = timed(&tenant).await;
    let error = result.unwrap_err();
    assert!(error.code() == Code::ConnectionLost && error.message.ends_with("It was tried 6 times."), "{error}");
}

#[tokio::test]
async fn looks_of_a_wait_are_tried_again_while_its_timer_is_held() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let orders = json!({"match": LIST, "skip": 1, "times": 5, "fault": {"kind": "drop"}});
    tenant.sandbox.control("POST", "faults", &orders).unwrap();
    let options = UnblockOptions { wait: Some(WaitOptions::default()), ..UnblockOptions::default() };
    let (said, result) = run!(vec![address(ADELE)], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    assert_eq!(said.unblocks[0].outcome, Outcome::Released);
    assert!(said.warnings.is_empty(), "the look that failed five times has succeeded: {:?}", said.warnings);
}

/// Keeps a port on which nobody listens any more from other tests that run at the same time.
fn occupy(port: u16) -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    // Elsewhere than on Windows a port is not free as long as a connection that was closed may have something under way.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true).unwrap();
    socket.bind((Ipv4Addr::LOCALHOST, port).into()).unwrap();
    socket
}

#[tokio::test]
async fn a_host_that_is_gone_is_tried_again_and_one_that_never_answered_is_not() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let uri = tenant.sandbox.invitation().plain_uri.clone();
    let clock = tenant.sandbox.clock().clone();
    let ports = [&uri, &tenant.sandbox.invitation().uri].map(|uri| reqwest::Url::parse(uri).unwrap().port().unwrap());
    let Tenant { sandbox, connection, .. } = tenant;
    drop(sandbox);
    let _silent = ports.map(occupy);
    let before = clock.now();
    let query = Query::Everything(Some(EntityType::Mailbox));
    let (_, result) = run!(vec![], host => get(&connection, query, &host));
    let error = result.unwrap_err();
    assert!(error.code() == Code::HostUnreachable && error.message.contains("tried 6 times"), "{error}");

    // Even an unblock: without a connection nothing was sent.
    let target = Target { known: Some(Known::default()), ..address(ADELE) };
    let (said, _) = run!(vec![target], host => unblock(&connection, &UnblockOptions::default(), &host));
    let error = &said.failed[0];
    assert!(error.code() == Code::HostUnreachable && error.message.contains("tried 6 times"), "{error}");
    let waited = clock.now() - before;
    assert!(waited > Duration::ZERO, "{waited}");

    let before = clock.now();
    let options = Options {
        organization: Some("contoso.onmicrosoft.com".into()),
        access_token: Some(Secret::new("x".to_owned())),
        connection_uri: Some(uri.clone()),
        authorization_uri: Some(uri),
        ..Options::default()
    };
    let (host, mut caller) = converse(|event| event);
    tokio::spawn(async move { while caller.events.recv().await.is_some() {} });
    let error = Connection::open(options, clock.clone(), &host).await.unwrap_err();
    assert_eq!(error.code(), Code::HostUnreachable);
    assert!(!error.message.contains("tried"), "{error}");
    assert_eq!(clock.now(), before);
}

#[tokio::test]
async fn every_request_is_told_with_status_duration_id_and_try() {
    let tenant = Tenant::new(Scenario::Standard).await;
    tenant.pass(3600).await;
    tenant.fault("token", 1, json!({"kind": "drop"})).await;
    tenant.fault(LIST, 1, json!({"kind": "status", "status": 401})).await;
    let (said, result) = list(&tenant).await;
    result.unwrap();
    let requests: Vec<_> = said.details.iter().filter(|text| text.contains(": POST ")).collect();
    let expected = [
        r"^Token for contoso\.onmicrosoft\.com: POST no reply after \d+ ms \(RS3005, ConnectionLost\), try 1$",
        r"^Token for contoso\.onmicrosoft\.com: POST HTTP 200 after \d+ ms, try 2$",
        r"^Get-BlockedSenderAddress in contoso\.onmicrosoft\.com: POST HTTP 401 after \d+ ms, try 1$",
        r"^Token for contoso\.onmicrosoft\.com: POST HTTP 200 after \d+ ms, try 1$",
        r"^Get-BlockedSenderAddress in contoso\.onmicrosoft\.com: POST HTTP 200 after \d+ ms, request [0-9a-f-]{36}, try 2$",
    ];
    for (expected, seen) in expected.into_iter().zip(&requests) {
        assert!(Regex::new(expected).unwrap().is_match(seen), "{seen} instead of {expected}");
    }
    assert!(requests.len() >= expected.len());
}

#[tokio::test]
async fn nothing_that_is_told_holds_a_secret() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let invitation = tenant.sandbox.invitation().clone();
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &invitation.app_id),
        ("client_secret", &invitation.client_secret),
        ("scope", &format!("{}/.default", invitation.plain_uri)),
    ];
    let url = format!("{}/{}/oauth2/v2.0/token", invitation.plain_uri, invitation.organization);
    let granted = tenant.control.post(url).form(&form).send().await.unwrap();
    let token = granted.json::<serde_json::Value>().await.unwrap()["access_token"].as_str().unwrap().to_owned();
    let options = Options {
        organization: Some(invitation.organization.clone()),
        access_token: Some(Secret::new(token.clone())),
        connection_uri: Some(invitation.plain_uri.clone()),
        authorization_uri: Some(invitation.plain_uri.clone()),
        ..Options::default()
    };
    let (host, mut caller) = converse(|event| event);
    tokio::spawn(async move { while caller.events.recv().await.is_some() {} });
    let with_token = Connection::open(options, tenant.sandbox.clock().clone(), &host).await.unwrap();

    let mut told = String::new();
    for fault in ["drop", "not-json", "truncate", "lose-reply", "gzip-label"] {
        for connection in [&tenant.connection, &with_token] {
            tenant.break_down("*", json!({"kind": fault})).await;
            let query = Query::Everything(None);
            let (said, result) = run!(vec![], host => get(connection, query, &host));
            let target = Target { known: Some(Known::default()), ..address(ADELE) };
            let (unblocked, _) = run!(vec![target], host => unblock(connection, &UnblockOptions::default(), &host));
            told += &format!("{connection:?} {result:?} {:?} {:?} {:?}", said.details, said.failed, said.progress);
            told += &format!("{:?} {:?} {:?}", unblocked.details, unblocked.failed, unblocked.warnings);
            tenant.heal().await;
        }
    }
    assert!(told.contains("POST no reply after") && told.contains("Secret(***)"));
    for secret in [invitation.client_secret.as_str(), token.as_str(), token.split('.').nth(2).unwrap()] {
        assert!(!told.contains(secret));
    }
}
