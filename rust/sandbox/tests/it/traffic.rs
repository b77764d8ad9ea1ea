//! Made-up mail: in the message trace, and as files.

use std::collections::BTreeSet;
use std::process::Command;

use crate::practice::{texts, Practice};
use reqwest::Method;
use restricted_sender_sandbox::traffic::{Encoding, Fate, Shape, TracedMessage, Traffic};
use restricted_sender_sandbox::Scenario;
use serde_json::json;
use time::macros::datetime;

fn traffic() -> Traffic {
    Traffic { seed: 7, senders: 30, weeks: 1, end: datetime!(2026-11-23 08:00 UTC) }
}

fn file(shape: Shape, encoding: Encoding) -> Vec<u8> {
    let mut file = Vec::new();
    shape.write(traffic().messages(), encoding, &mut file).unwrap();
    file
}

/// Quoted cells, as RFC 4180 has them.
fn table(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.push(letters.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            other => cell.push(other),
        }
    }
    assert!(cell.is_empty() && row.is_empty());
    rows
}

fn read(shape: Shape) -> impl Fn(&[String], &str) -> String {
    let header = table(&String::from_utf8(file(shape, Encoding::Utf8)).unwrap()).remove(0);
    move |row, name| row[header.iter().position(|column| column == name).unwrap()].clone()
}

/// Message and recipient of every row that a message has.
fn expected(is_wanted: impl Fn(Fate) -> bool) -> BTreeSet<(String, String)> {
    let messages: Vec<TracedMessage> = traffic().messages().collect();
    let pairs = messages.iter().flat_map(|message| {
        let wanted = message.recipients.iter().filter(|(_, fate)| is_wanted(*fate));
        wanted.map(|(address, _)| (message.trace_id.simple().to_string(), address.clone())).collect::<Vec<_>>()
    });
    pairs.collect()
}

#[test]
fn every_shape_tells_of_every_message_and_recipient_once() {
    let all = expected(|_| true);
    for (shape, id, to) in
        [(Shape::V2, "MessageTraceId", "RecipientAddress"), (Shape::V1, "MessageTraceId", "RecipientAddress")]
    {
        let cell = read(shape);
        let rows = table(&String::from_utf8(file(shape, Encoding::Utf8)).unwrap());
        let found: BTreeSet<_> = rows[1..].iter().map(|row| (cell(row, id).replace('-', ""), cell(row, to))).collect();
        assert_eq!((found.len(), &found), (rows.len() - 1, &all), "{shape:?}");
        assert!(cell(&rows[1], "Received").starts_with("11/16/2026 12:"), "{:?}", rows[1]);
    }
    let cell = read(Shape::Summary);
    let rows = table(&String::from_utf8(file(Shape::Summary, Encoding::Utf8)).unwrap());
    let found = rows[1..].iter().flat_map(|row| {
        let id = cell(row, "network_message_id");
        let statuses = cell(row, "recipient_status");
        let found = statuses.split(';').map(|one| (id.clone(), one.split_once("##").unwrap().0.to_owned()));
        found.collect::<Vec<_>>()
    });
    assert_eq!(found.collect::<BTreeSet<_>>(), all);
    assert!(cell(&rows[1], "origin_timestamp_utc").ends_with("0000Z"));

    let cell = read(Shape::Extended);
    let rows = table(&String::from_utf8(file(Shape::Extended, Encoding::Utf8)).unwrap());
    let of = |events: &[&str]| -> BTreeSet<(String, String)> {
        let wanted = rows[1..].iter().filter(|row| events.contains(&cell(row, "event_id").as_str()));
        wanted.map(|row| (cell(row, "network_message_id"), cell(row, "recipient_address"))).collect()
    };
    assert_eq!(of(&["DELIVER", "SENDEXTERNAL", "FAIL"]), expected(|fate| fate != Fate::Expanded));
    let groups = rows[1..].iter().filter(|row| cell(row, "event_id") == "EXPAND");
    let groups: BTreeSet<_> =
        groups.map(|row| (cell(row, "network_message_id"), cell(row, "related_recipient_address"))).collect();
    assert!(!groups.is_empty());
    assert_eq!(groups, expected(|fate| fate == Fate::Expanded));
    for row in rows[1..].iter().filter(|row| cell(row, "event_id") == "RECEIVE") {
        assert!(!cell(row, "recipient_address").contains(".member"), "members of groups were not addressed: {row:?}");
    }
}

#[test]
fn every_encoding_says_the_same() {
    let plain = file(Shape::Summary, Encoding::Utf8);
    let text = String::from_utf8(plain.clone()).unwrap();
    assert!(text.contains("Grüße aus München") && text.contains("\"Offer \"\"Spring\"\"\""));
    let with_mark = [b"\xef\xbb\xbf".as_slice(), &plain].concat();
    assert_eq!(file(Shape::Summary, Encoding::Utf8Bom), with_mark);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(file(Shape::Summary, Encoding::Utf16), wide);
    assert_eq!(file(Shape::Summary, Encoding::Utf16Bom), [b"\xff\xfe".as_slice(), &wide].concat());
}

#[tokio::test]
async fn the_trace_of_a_tenant_is_filled_with_the_same() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("traffic", json!({"senders": 30, "weeks": 1, "seed": 7})).await;
    let mut found = BTreeSet::new();
    let mut question = json!({"StartDate": "2026-11-16", "EndDate": "2026-11-23", "ResultSize": 1000});
    loop {
        let rows = practice.rows("Get-MessageTraceV2", question.clone()).await;
        let Some(last) = rows.last() else { break };
        question["EndDate"] = last["Received"].clone();
        question["StartingRecipientAddress"] = last["RecipientAddress"].clone();
        let ids = texts(&rows, "MessageTraceId").into_iter().map(|id| id.replace('-', ""));
        found.extend(ids.zip(texts(&rows, "RecipientAddress")));
    }
    assert_eq!(found, expected(|_| true));
    for wrong in [json!({"senders": 3000, "weeks": 1}), json!({"senders": 1, "weeks": 13}), json!({"weeks": 1})] {
        assert_eq!(practice.control(Method::POST, "traffic", wrong.clone()).await.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn the_trace_is_exported_as_the_program_writes_it() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("traffic", json!({"senders": 30, "weeks": 1, "seed": 7})).await;
    for (query, shape, encoding) in [
        ("", Shape::V2, Encoding::Utf8),
        ("?shape=v1&encoding=utf-8-bom", Shape::V1, Encoding::Utf8Bom),
        ("?shape=summary&encoding=utf-16le", Shape::Summary, Encoding::Utf16),
        ("?shape=extended", Shape::Extended, Encoding::Utf8),
    ] {
        let reply = practice.control(Method::GET, &format!("trace{query}"), json!(null)).await;
        assert!(reply.bytes().await.unwrap() == file(shape, encoding), "{query}");
    }
    for wrong in ["shape=v3", "encoding=ascii"] {
        let reply = practice.control(Method::GET, &format!("trace?{wrong}"), json!(null)).await;
        assert_eq!(reply.status(), 400, "{wrong}");
    }
}

#[tokio::test]
async fn an_extended_export_tells_members_of_groups_from_those_who_were_written_to() {
    let practice = Practice::open(Scenario::Empty).await;
    // Patti is a member of the group, and is written to as well.
    let all = ["marketing@contoso.com", "patti.fernandez@contoso.com", "ann@fabrikam.example"];
    let message = json!({"authenticatedUser": "lee.gu@contoso.com", "recipients": all});
    practice.order("submissions", message).await;
    let reply = practice.control(Method::GET, "trace?shape=extended", json!(null)).await;
    let rows = table(&reply.text().await.unwrap());
    let cell = read(Shape::Extended);
    let of = |event: &str| -> Vec<(String, String)> {
        let wanted = rows[1..].iter().filter(|row| cell(row, "event_id") == event);
        wanted.map(|row| (cell(row, "related_recipient_address"), cell(row, "recipient_address"))).collect()
    };
    assert_eq!(of("RECEIVE"), [(String::new(), all.join(";"))]);
    let expanded = of("EXPAND");
    let groups: Vec<&str> = expanded.iter().map(|(group, _)| group.as_str()).collect();
    assert_eq!(groups, ["marketing@contoso.com", "campaign.team@contoso.com"]);
    assert!(expanded[0].1.contains("agency@fabrikam.example") && !expanded[0].1.contains("patti"), "{expanded:?}");
}

#[tokio::test]
async fn what_was_sent_in_the_last_day_is_counted() {
    let mut practice = Practice::standard().await;
    practice.later(24 * 60).await;
    // Yesterday was a Monday, and its newsletter had 4000 to 4599 recipients: 6000 more are too many.
    practice.order("traffic", json!({"senders": 1, "weeks": 1})).await;
    let none = json!({"name": "Default", "recipientLimitExternalPerHour": 0, "recipientLimitPerDay": 0});
    practice.order("outbound-policies", none).await;
    let many: Vec<String> = (0..500).map(|number| format!("c{number}@fabrikam.example")).collect();
    let more = json!({"connector": "Head office scanners", "from": "newsletter@contoso.com", "recipients": many});
    for _ in 0..12 {
        practice.order("submissions", more.clone()).await;
    }
    let restricted =
        practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": "newsletter@contoso.com"})).await;
    let reason = restricted[0]["Reason"].as_str().unwrap();
    assert!(reason.starts_with("RecipientRateLimitExceeded;RecipientCountLast24Hours=10"), "{reason}");
}

#[test]
fn the_program_writes_files() {
    let program = env!("CARGO_BIN_EXE_restricted-sender-sandbox");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trace.csv");
    let run = |more: &[&str]| {
        let mut command = Command::new(program);
        command.args(["generate", "--senders", "30", "--weeks", "1", "--seed", "7", "--end", "2026-11-23"]);
        command.args(more).output().unwrap()
    };
    let output = run(&["--shape", "summary", "--encoding", "utf-16le", "--output", path.to_str().unwrap()]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(std::fs::read(&path).unwrap(), file(Shape::Summary, Encoding::Utf16));
    assert_eq!(run(&[]).stdout, file(Shape::V2, Encoding::Utf8));
    let again = run(&["--output", path.to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(1), "it overwrites nothing");
    for (wrong, says) in [
        (["--shape", "v3"], "give one of v2, v1, summary, extended"),
        (["--encoding", "ascii"], "give one of utf-8"),
        (["--weeks", "54"], "54 is not in"),
        (["--senders", "0"], "0 is not in"),
    ] {
        let output =
            Command::new(program).args(["generate", "--end", "2026-11-23"].iter().chain(&wrong)).output().unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && errors.contains(says), "{wrong:?}: {errors}");
    }
}
