//! The fault matrix: everything that can go wrong on the way, for each thing that is asked, once and for good. Whatever
//! happens, nobody reads as "not restricted", no part of a list passes for the whole, and no unblock is sent twice.
//!
//! The table stands in the crate's README, too; a test compares them.

use std::fmt::Write;
use std::time::Duration;

use crate::tenant::{address, run, Said, Tenant};
use restricted_sender_core::error::{Error, Result};
use restricted_sender_core::exchange::Deadlines;
use restricted_sender_core::restriction::{
    get, test, unblock, EntityType, Known, Outcome, Query, State, Target, UnblockOptions,
};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

/// What comes of it: the whole answer, or the error of this code.
type Outcomes = [&'static str; 2];

/// It is as if nothing had happened.
const FINE: &str = "fine";

/// A fault, and what comes of it when it happens once and when it does not end.
struct Row {
    /// In words.
    name: &'static str,
    /// As the practice tenant takes it.
    fault: &'static str,
    /// The first page of the list.
    list: Outcomes,
    /// The second page of the list.
    page_2: Outcomes,
    unblock: Outcomes,
    token: Outcomes,
}

const MATRIX: &[Row] = &[
    Row {
        name: "connection closed, nothing done",
        fault: r#"{"kind":"drop"}"#,
        list: [FINE, "RS3005"],
        page_2: [FINE, "RS3005"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3005"],
    },
    Row {
        name: "connection reset, nothing done",
        fault: r#"{"kind":"reset"}"#,
        list: [FINE, "RS3005"],
        page_2: [FINE, "RS3005"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3005"],
    },
    Row {
        name: "done, then connection closed without a reply",
        fault: r#"{"kind":"lose-reply"}"#,
        list: [FINE, "RS3005"],
        page_2: [FINE, "RS3005"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3005"],
    },
    Row {
        name: "done, connection broken in the midst of the reply",
        fault: r#"{"kind":"truncate"}"#,
        list: [FINE, "RS3005"],
        page_2: [FINE, "RS3005"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3005"],
    },
    Row {
        name: "done, half of the reply as if it were all",
        fault: r#"{"kind":"cut-short"}"#,
        list: [FINE, "RS3005"],
        page_2: [FINE, "RS3005"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3005"],
    },
    Row {
        name: "done, reply labelled gzip that is none",
        fault: r#"{"kind":"gzip-label"}"#,
        list: [FINE, FINE],
        page_2: [FINE, FINE],
        unblock: [FINE, FINE],
        token: [FINE, FINE],
    },
    Row {
        name: "done, reply a moment late",
        fault: r#"{"kind":"delay","milliseconds":5}"#,
        list: [FINE, FINE],
        page_2: [FINE, FINE],
        unblock: [FINE, FINE],
        token: [FINE, FINE],
    },
    Row {
        name: "done, reply drips in without an end",
        fault: r#"{"kind":"drip","pauseMilliseconds":400}"#,
        list: [FINE, "RS3004"],
        page_2: [FINE, "RS3004"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3004"],
    },
    Row {
        name: "no reply ever",
        fault: r#"{"kind":"hang"}"#,
        list: [FINE, "RS3004"],
        page_2: [FINE, "RS3004"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3004"],
    },
    Row {
        name: "70 MB instead of a reply",
        fault: r#"{"kind":"oversize","bytes":70000000}"#,
        list: ["RS3006", "RS3006"],
        page_2: ["RS3006", "RS3006"],
        unblock: ["RS4005", "RS4005"],
        token: ["RS3006", "RS3006"],
    },
    Row {
        name: "a web page instead of a reply",
        fault: r#"{"kind":"not-json"}"#,
        list: ["RS3007", "RS3007"],
        page_2: ["RS3007", "RS3007"],
        unblock: ["RS4005", "RS4005"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "200 without a body",
        fault: r#"{"kind":"status","status":200}"#,
        list: [FINE, "RS3005"],
        page_2: [FINE, "RS3005"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3005"],
    },
    Row {
        name: "200 with NUL bytes",
        fault: r#"{"kind":"status","status":200,"body":"\u0000\u0000\u0000"}"#,
        list: ["RS3007", "RS3007"],
        page_2: ["RS3007", "RS3007"],
        unblock: ["RS4005", "RS4005"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "200 with an error in it",
        fault: r#"{"kind":"status","status":200,"body":"{\"error\":{\"message\":\"No.\"}}"}"#,
        list: ["RS4006", "RS4006"],
        page_2: ["RS4006", "RS4006"],
        unblock: ["RS4006", "RS4006"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "200 with errors beside the objects",
        fault: r#"{"kind":"status","status":200,"body":"{\"@adminapi.errors\":[\"half\"],\"value\":[]}"}"#,
        list: ["RS4006", "RS4006"],
        page_2: ["RS4006", "RS4006"],
        unblock: ["RS4006", "RS4006"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "302 to elsewhere",
        fault: r#"{"kind":"status","status":302,"headers":{"Location":"https://elsewhere.example"}}"#,
        list: ["RS3007", "RS3007"],
        page_2: ["RS3007", "RS3007"],
        unblock: ["RS4005", "RS4005"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "400 with the concurrency text",
        fault: r#"{"kind":"status","status":400,"body":"You have reached the maximum number of concurrent requests per tenant. Please wait and try again."}"#,
        list: [FINE, "RS3009"],
        page_2: [FINE, "RS3009"],
        unblock: ["RS3009", "RS3009"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "400 with an exception that passes",
        fault: r#"{"kind":"status","status":400,"body":"{\"error\":{\"details\":[{\"message\":\"Ex1|Microsoft.Exchange.Data.ServerBusyException|Busy.\"}]}}"}"#,
        list: [FINE, "RS3010"],
        page_2: [FINE, "RS3010"],
        unblock: ["RS4005", "RS4005"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "400 with an exception that stays",
        fault: r#"{"kind":"status","status":400,"body":"{\"error\":{\"details\":[{\"message\":\"Ex1|System.ArgumentException|No.\"}]}}"}"#,
        list: ["RS4006", "RS4006"],
        page_2: ["RS4006", "RS4006"],
        unblock: ["RS4006", "RS4006"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "400, the page link has expired",
        fault: r#"{"kind":"status","status":400,"body":"{\"error\":{\"message\":\"Expired or Invalid pagination request.\"}}"}"#,
        list: [FINE, "RS3008"],
        page_2: [FINE, "RS3008"],
        unblock: ["RS3008", "RS3008"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "401",
        fault: r#"{"kind":"status","status":401}"#,
        list: [FINE, "RS2007"],
        page_2: [FINE, "RS2007"],
        unblock: [FINE, "RS2007"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "403 with NUL bytes",
        fault: r#"{"kind":"status","status":403,"body":"\u0000\u0000\u0000\u0000"}"#,
        list: ["RS2008", "RS2008"],
        page_2: ["RS2008", "RS2008"],
        unblock: ["RS2008", "RS2008"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "403, a plain body labelled gzip",
        fault: r#"{"kind":"status","status":403,"headers":{"content-encoding":"gzip"},"body":"No."}"#,
        list: ["RS2008", "RS2008"],
        page_2: ["RS2008", "RS2008"],
        unblock: ["RS2008", "RS2008"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "404",
        fault: r#"{"kind":"status","status":404}"#,
        list: ["RS3007", "RS3007"],
        page_2: ["RS3007", "RS3007"],
        unblock: ["RS4005", "RS4005"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "407 from a proxy",
        fault: r#"{"kind":"status","status":407}"#,
        list: ["RS3011", "RS3011"],
        page_2: ["RS3011", "RS3011"],
        unblock: ["RS3011", "RS3011"],
        token: ["RS3007", "RS3007"],
    },
    Row {
        name: "408",
        fault: r#"{"kind":"status","status":408}"#,
        list: [FINE, "RS3010"],
        page_2: [FINE, "RS3010"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3010"],
    },
    Row {
        name: "429",
        fault: r#"{"kind":"status","status":429}"#,
        list: [FINE, "RS3009"],
        page_2: [FINE, "RS3009"],
        unblock: ["RS3009", "RS3009"],
        token: [FINE, "RS3009"],
    },
    Row {
        name: "429 for longer than a request may take",
        fault: r#"{"kind":"status","status":429,"headers":{"Retry-After":"301"}}"#,
        list: ["RS3009", "RS3009"],
        page_2: ["RS3009", "RS3009"],
        unblock: ["RS3009", "RS3009"],
        token: ["RS3009", "RS3009"],
    },
    Row {
        name: "500",
        fault: r#"{"kind":"status","status":500}"#,
        list: [FINE, "RS3010"],
        page_2: [FINE, "RS3010"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3010"],
    },
    Row {
        name: "500 with an exception that stays",
        fault: r#"{"kind":"status","status":500,"body":"{\"error\":{\"details\":[{\"message\":\"Ex1|System.ArgumentException|No.\"}]}}"}"#,
        list: ["RS3010", "RS3010"],
        page_2: ["RS3010", "RS3010"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3010"],
    },
    Row {
        name: "502 with a web page",
        fault: r#"{"kind":"status","status":502,"body":"<html>"}"#,
        list: [FINE, "RS3010"],
        page_2: [FINE, "RS3010"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3010"],
    },
    Row {
        name: "503",
        fault: r#"{"kind":"status","status":503}"#,
        list: [FINE, "RS3010"],
        page_2: [FINE, "RS3010"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3010"],
    },
    Row {
        name: "504",
        fault: r#"{"kind":"status","status":504}"#,
        list: [FINE, "RS3010"],
        page_2: [FINE, "RS3010"],
        unblock: ["RS4005", "RS4005"],
        token: [FINE, "RS3010"],
    },
];

/// More than a page of the service, which has 1000.
const RESTRICTED: usize = 1001;

const LIST: &str = "Get-BlockedSenderAddress";
const REMOVE: &str = "Remove-BlockedSenderAddress";

/// Nobody of this name is restricted: a wrong answer would be "not restricted".
const HEALTHY: &str = "lynne.robbins@contoso.com";

/// Two practice tenants with two pages of restricted senders: one that is waited for patiently, and one that is not,
/// for what never ends. How fast everything else is proves nothing.
struct Tenants {
    patient: Tenant,
    hasty: Tenant,
}

impl Tenants {
    async fn new() -> Self {
        let short = Deadlines {
            silence: Duration::from_secs(1),
            reply: Duration::from_secs(2),
            total: Duration::from_secs(5),
            ..Deadlines::default()
        };
        let tenants =
            Self { patient: Tenant::new(Scenario::Empty).await, hasty: Tenant::with(Scenario::Empty, short).await };
        for tenant in [&tenants.patient, &tenants.hasty] {
            for number in 0..RESTRICTED {
                let order = json!({"senderAddress": sender(number), "reason": "OutboundSpamLast24Hours=9"});
                tenant.sandbox.control("POST", "restrictions", &order).unwrap();
            }
        }
        tenants
    }

    fn of(&self, row: &Row) -> &Tenant {
        if row.fault.contains("hang") || row.fault.contains("drip") {
            &self.hasty
        } else {
            &self.patient
        }
    }
}

fn sender(number: usize) -> String {
    format!("sender{number:04}@contoso.com")
}

/// Lets `pattern` go wrong after `skip` good requests: once, or from then on.
async fn order(tenant: &Tenant, pattern: &str, skip: u32, lasting: bool, row: &Row) {
    tenant.heal().await;
    let (times, fault) = (if lasting { u32::MAX } else { 1 }, serde_json::from_str::<Value>(row.fault).unwrap());
    let order = json!({"match": pattern, "skip": skip, "times": times, "fault": fault});
    tenant.sandbox.control("POST", "faults", &order).unwrap();
}

async fn list(tenant: &Tenant) -> (Said, Result<()>) {
    let query = Query::Everything(Some(EntityType::Mailbox));
    run!(vec![], host => get(&tenant.connection, query, &host))
}

fn outcome(error: Option<&Error>) -> String {
    error.map_or_else(|| FINE.to_owned(), |error| error.code().to_string())
}

/// What the list says, which must be the whole or, beside an error, no more than came before it.
async fn read(tenant: &Tenant, row: &Row, before: usize) -> String {
    let (said, result) = list(tenant).await;
    let expected = if result.is_ok() { RESTRICTED } else { before };
    assert_eq!(said.entries.len(), expected, "{}", row.name);
    outcome(result.err().as_ref())
}

/// Nobody is called "not restricted" while the list cannot be read.
async fn nobody_is_free(tenant: &Tenant, row: &Row, code: &str) {
    let (said, result) = run!(vec![address(HEALTHY)], host => test(&tenant.connection, &host));
    result.unwrap();
    let state = &said.states[0];
    assert_eq!((state.state, outcome(state.error.as_ref()).as_str()), (State::Unknown, code), "{}", row.name);
}

/// Compares all outcomes at once, so that a changed rule shows where it acts.
fn compare(operation: &str, seen: &[(&str, [String; 2])], expected: impl Fn(&Row) -> Outcomes) {
    let mut wrong = String::new();
    for ((name, seen), row) in seen.iter().zip(MATRIX) {
        if *seen != expected(row) {
            writeln!(wrong, "{operation}, {name}: {seen:?} instead of {:?}", expected(row)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[tokio::test]
async fn list_on_its_first_page() {
    let tenants = Tenants::new().await;
    let mut seen = Vec::new();
    for row in MATRIX {
        let tenant = tenants.of(row);
        let mut both = [String::new(), String::new()];
        for (lasting, outcome) in both.iter_mut().enumerate() {
            order(tenant, LIST, 0, lasting == 1, row).await;
            *outcome = read(tenant, row, 0).await;
        }
        if both[1] != FINE {
            nobody_is_free(tenant, row, &both[1]).await;
        }
        seen.push((row.name, both));
    }
    compare("list", &seen, |row| row.list);
}

#[tokio::test]
async fn list_on_its_second_page() {
    let tenants = Tenants::new().await;
    let mut seen = Vec::new();
    for row in MATRIX {
        let tenant = tenants.of(row);
        let mut both = [String::new(), String::new()];
        for (lasting, outcome) in both.iter_mut().enumerate() {
            order(tenant, LIST, 1, lasting == 1, row).await;
            *outcome = read(tenant, row, 1000).await;
        }
        if both[1] != FINE {
            order(tenant, LIST, 1, true, row).await;
            nobody_is_free(tenant, row, &both[1]).await;
        }
        seen.push((row.name, both));
    }
    compare("page 2", &seen, |row| row.page_2);
}

#[tokio::test]
async fn token_of_a_list() {
    let tenants = Tenants::new().await;
    let mut seen = Vec::new();
    for row in MATRIX {
        let tenant = tenants.of(row);
        let mut both = [String::new(), String::new()];
        for (lasting, outcome) in both.iter_mut().enumerate() {
            // The one in hand has expired.
            tenant.pass(3600).await;
            order(tenant, "token", 0, lasting == 1, row).await;
            *outcome = read(tenant, row, 0).await;
        }
        if both[1] != FINE {
            nobody_is_free(tenant, row, &both[1]).await;
        }
        seen.push((row.name, both));
    }
    compare("token", &seen, |row| row.token);
}

#[tokio::test]
async fn unblock_and_never_twice() {
    let tenants = Tenants::new().await;
    let mut seen = Vec::new();
    for (number, row) in MATRIX.iter().enumerate() {
        let tenant = tenants.of(row);
        let mut both = [String::new(), String::new()];
        for (lasting, ended) in both.iter_mut().enumerate() {
            order(tenant, REMOVE, 0, lasting == 1, row).await;
            let before = removals(tenant).len();
            let target = Target { known: Some(Known::default()), ..address(&sender(2 * number + lasting)) };
            let options = UnblockOptions { pass_thru: true, ..UnblockOptions::default() };
            let (said, result) = run!(vec![target], host => unblock(&tenant.connection, &options, &host));
            result.unwrap();
            let outcomes = (said.unblocks[0].outcome, said.failed.is_empty());
            assert!(
                [(Outcome::Removing, true), (Outcome::Failed, false)].contains(&outcomes),
                "{}: {outcomes:?}",
                row.name
            );
            never_twice(&removals(tenant)[before..], row);
            *ended = outcome(said.failed.first());
        }
        seen.push((row.name, both));
    }
    compare("unblock", &seen, |row| row.unblock);
}

/// The replies to all removals that the server has seen: their status, or nothing where none was sent.
fn removals(tenant: &Tenant) -> Vec<Option<u64>> {
    let log = tenant.sandbox.control("GET", "requests", &Value::Null).unwrap();
    let removals = log.as_array().unwrap().iter().filter(|request| request["cmdlet"] == REMOVE);
    removals.map(|request| request["status"].as_u64()).collect()
}

/// A refused token is the one thing after which a removal is sent again, and the service has done nothing then.
fn never_twice(sent: &[Option<u64>], row: &Row) {
    let refused = sent.iter().filter(|status| **status == Some(401)).count();
    let (done, name) = (sent.len() - refused, row.name);
    assert!(done <= 1 && refused <= 2 && (refused == 0 || name == "401") && !sent.is_empty(), "{name}: {sent:?}");
}

/// The table as the README has it.
fn table() -> String {
    let mut table = String::new();
    writeln!(table, "| Fault | List | Page 2 | Unblock | Token |\n|---|---|---|---|---|").unwrap();
    let cell = |[once, lasting]: Outcomes| if once == lasting { once.to_owned() } else { format!("{once}, {lasting}") };
    for row in MATRIX {
        let [list, page_2, unblock, token] = [row.list, row.page_2, row.unblock, row.token].map(cell);
        writeln!(table, "| {} | {list} | {page_2} | {unblock} | {token} |", row.name).unwrap();
    }
    table
}

#[test]
fn the_readme_shows_this_table_and_its_count() {
    let readme = include_str!("../../README.md").replace("\r\n", "\n");
    assert!(readme.contains(&table()), "the table of rust/core/README.md is not this one:\n{}", table());
    let (faults, outcomes) = (MATRIX.len(), MATRIX.len() * 4 * 2);
    let count = format!("{faults} faults, {outcomes} outcomes");
    assert!(readme.contains(&count), "the README does not say: {count}");
}
