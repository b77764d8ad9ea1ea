//! Reading the message trace from the service: block by block, within its quota, and as far as it answers.

use std::collections::BTreeMap;

use crate::tenant::{live_trace as options, run, Said, Tenant};
use regex::Regex;
use restricted_sender_core::connection::Connection;
use restricted_sender_core::error::{Code, Result};
use restricted_sender_core::sending::{measure, Options};
use restricted_sender_sandbox::traffic::Traffic;
use restricted_sender_sandbox::Scenario;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

const TRACE: &str = "Get-MessageTraceV2";
const WEEKS: u32 = 3;

async fn measured(connection: &Connection, options: Options) -> (Said, Result<()>) {
    run!(vec![], host => measure(Some(connection), options, &host))
}

/// Weeks of mail before today; returns when they began.
fn fill(tenant: &Tenant) -> OffsetDateTime {
    tenant.order("traffic", &json!({"senders": 6, "weeks": WEEKS, "seed": 5}));
    tenant.now().date().midnight().assume_utc() - Duration::weeks(i64::from(WEEKS))
}

/// Messages and rows of each sender.
type Counts = BTreeMap<String, (u64, u64)>;

fn told(said: &Said) -> Counts {
    let counts = said.measured.iter().map(|row| {
        let sending = &row.sending;
        (sending.sender.clone(), (sending.messages, sending.internal + sending.external))
    });
    counts.collect()
}

fn sum(one: &Counts, other: &Counts) -> Counts {
    let mut sum = one.clone();
    for (sender, (messages, recipients)) in other {
        let both = sum.entry(sender.clone()).or_default();
        *both = (both.0 + messages, both.1 + recipients);
    }
    sum
}

#[tokio::test]
async fn every_row_of_every_block_counts_once() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let start = fill(&tenant);
    let traffic = Traffic { seed: 5, senders: 6, weeks: WEEKS, end: tenant.now() };
    let mut expected = Counts::new();
    for message in traffic.messages() {
        let count = expected.entry(message.sender.clone()).or_default();
        *count = (count.0 + 1, count.1 + message.recipients.len() as u64);
    }
    let rows: u64 = expected.values().map(|(_, rows)| rows).sum();
    assert!(rows > 15_000, "{rows}");
    let (said, result) = measured(&tenant.connection, options(Some(start), None)).await;
    result.unwrap();
    assert_eq!(told(&said), expected);
    let lines = format!("Of {rows} lines ");
    assert!(said.details.iter().any(|text| text.starts_with(&lines)), "{lines}: {:?}", said.details.last());
}

#[tokio::test]
async fn rows_of_one_moment_to_one_recipient_are_neither_lost_nor_counted_twice_where_a_block_ends() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let recipients: Vec<_> = (0..500).map(|number| format!("Customer{number:03}@fabrikam.example")).collect();
    // Everybody has twelve rows of the same moment: the end of the first block is in the midst of somebody's.
    let senders: Vec<_> = (0..12).map(|number| format!("printer{number:02}@print.contoso.com")).collect();
    for from in &senders {
        let message = json!({"connector": "Head office scanners", "from": from, "recipients": recipients});
        tenant.order("submissions", &message);
    }
    tenant.pass(1).await;
    let (said, result) = measured(&tenant.connection, Options { senders, ..options(None, None) }).await;
    result.unwrap();
    let counts: Vec<_> = told(&said).into_values().collect();
    assert_eq!(counts, [(1, 500); 12]);
    assert!(said.details.iter().any(|text| text.starts_with("Of 6000 lines ")), "{:?}", said.details.last());
}

#[tokio::test]
async fn a_block_of_one_place_is_no_end_of_the_trace() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let row = json!({"Received": "2026-11-01T08:00:00Z", "RecipientAddress": "a@fabrikam.example",
        "SenderAddress": "lee.gu@contoso.com", "Status": "Delivered", "MessageTraceId": ""});
    let body = json!({ "value": vec![row; 5000] }).to_string();
    tenant.break_down(TRACE, json!({"kind": "status", "status": 200, "body": body})).await;
    let (said, result) = measured(&tenant.connection, options(None, None)).await;
    let error = result.unwrap_err();
    assert_eq!((error.code(), said.measured.len()), (Code::ResponseUnreadable, 0));
    assert!(error.message.contains("shows the same rows again"), "{error}");
}

#[tokio::test]
async fn where_the_service_stops_what_was_read_is_measured_and_the_rest_can_be_read_later() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let start = fill(&tenant);
    let end = tenant.now();
    let (whole, result) = measured(&tenant.connection, options(Some(start), Some(end))).await;
    result.unwrap();
    // A block comes in five pages; some of these fail in the midst of a block, and some between two.
    let named = Regex::new("-StartDate ([0-9TZ:-]+) -EndDate ([0-9TZ:-]+)").unwrap();
    for skip in [5, 7, 12] {
        let fault =
            json!({"match": TRACE, "skip": skip, "times": u32::MAX, "fault": {"kind": "status", "status": 403}});
        tenant.order("faults", &fault);
        let (newer, result) = measured(&tenant.connection, options(Some(start), Some(end))).await;
        result.unwrap();
        assert_eq!(newer.failed.len(), 1);
        let error = &newer.failed[0];
        assert_eq!((error.code(), error.http_status), (Code::TraceIncomplete, Some(403)));
        let found = named.captures(&error.message).unwrap_or_else(|| panic!("{error}"));
        let moment = |group: usize| OffsetDateTime::parse(&found[group], &Rfc3339).unwrap();
        assert_eq!(moment(1), start);
        assert!(start < moment(2) && moment(2) < end);
        tenant.heal().await;
        let (older, result) = measured(&tenant.connection, options(Some(moment(1)), Some(moment(2)))).await;
        result.unwrap();
        assert!(!older.measured.is_empty() && !newer.measured.is_empty());
        assert_eq!(sum(&told(&newer), &told(&older)), told(&whole), "skip {skip}");
    }
}

#[tokio::test]
async fn less_than_a_day_is_too_little_to_measure() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let start = fill(&tenant);
    tenant.break_down(TRACE, json!({"kind": "status", "status": 403})).await;
    let (said, result) = measured(&tenant.connection, options(Some(start), None)).await;
    let error = result.unwrap_err();
    assert_eq!((error.code(), said.measured.len(), said.failed.len()), (Code::NoRole, 0, 0));
    assert!(error.message.contains("Nothing is measured"), "{error}");
}

#[tokio::test]
async fn the_services_own_refusal_is_waited_out_and_not_for_ever() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let began = tenant.now();
    let refused = json!({"kind": "status", "status": 429, "headers": {"Retry-After": "300"}});
    tenant.fault(TRACE, 1, refused.clone()).await;
    let (said, result) = measured(&tenant.connection, options(None, None)).await;
    result.unwrap();
    assert_eq!(tenant.now() - began, Duration::minutes(5));
    let told = said.progress.iter().any(|progress| progress.status.starts_with("Waiting until "));
    assert!(told, "{:?}", said.progress);

    let began = tenant.now();
    tenant.break_down(TRACE, refused).await;
    let (_, result) = measured(&tenant.connection, options(None, None)).await;
    assert_eq!(result.unwrap_err().code(), Code::Throttled);
    assert_eq!(tenant.now() - began, Duration::minutes(15));
}
