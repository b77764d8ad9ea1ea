//! The history from the audit log of a practice tenant, joined with the journal.

use crate::tenant::{address, run, Said, Tenant};
use restricted_sender_core::connection::Connection;
use restricted_sender_core::error::Code;
use restricted_sender_core::history::search::add_unblocks;
use restricted_sender_core::history::timeline::Timeline;
use restricted_sender_core::history::{asked, from_service, HistoryEvent, JournalPlace, Query, Scope, Told};
use restricted_sender_core::restriction::{unblock, Key, UnblockOptions};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};
use time::{Duration, OffsetDateTime};

const ADELE: &str = "adele.vance@contoso.com";
const ISAIAH: &str = "isaiah.langer@contoso.com";
const SEARCH: &str = "Search-UnifiedAuditLog";

impl Tenant {
    /// A query for the days before now, up to so many days ago.
    fn days(&self, from: i64, to: i64) -> Query {
        let ago = |days: i64| self.now() - Duration::days(days);
        Query { named: Vec::new(), within: ago(from)..=ago(to), summary: false }
    }

    /// Everything about everybody, and the names of those who are asked for.
    fn usual(&self, named: &[&str]) -> Query {
        let named = named.iter().map(|name| address(name).named(1).unwrap()).collect();
        Query { named, within: asked(None, None, self.now()).unwrap(), summary: false }
    }
}

async fn history(connection: &Connection, query: Query) -> Said {
    let (said, result) = run!(vec![], host => from_service(connection, JournalPlace::default(), query, &host));
    result.unwrap();
    said
}

fn names(said: &Said) -> Vec<&'static str> {
    said.history.iter().map(|told| told.row.happened.name()).collect()
}

fn scope(said: &Said) -> Scope {
    let all: Vec<_> = said.history.iter().map(|told: &Told<HistoryEvent>| Scope::clone(&told.scope)).collect();
    assert!(!all.is_empty() && all.iter().all(|one| *one == all[0]));
    all[0].clone()
}

/// A reply of the search with these records.
fn block(records: &[Value]) -> Value {
    json!({"kind": "status", "status": 200, "body": json!({ "value": records }).to_string()})
}

fn listed(id: &str, time: OffsetDateTime, [index, count]: [i64; 2]) -> Value {
    let time =
        time.format(&time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]")).unwrap();
    let data = json!({"CreationTime": time, "Id": id, "Operation": "HygieneTenantEvents", "RecordType": 51,
        "Event": "Listed", "EventValue": ADELE, "Reason": "by hand"});
    json!({"AuditData": data.to_string(), "Identity": id, "ResultIndex": index, "ResultCount": count})
}

#[tokio::test]
async fn what_the_log_tells_comes_in_order_with_what_belongs_to_it() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let said = history(&tenant.connection, tenant.usual(&[ISAIAH])).await;
    assert_eq!(&names(&said)[..3], ["Listed", "Unblocked", "Delisted"]);
    assert!(said.history.is_sorted_by_key(|told| told.row.time));
    let first = &said.history[0].row;
    assert_eq!(first.unblocked_by.as_deref(), Some("lynne.robbins@contoso.com"));
    assert!(first.time_to_release().is_some() && first.block_type.is_some());
    let scope = scope(&said);
    // A day is still open: what happened in it may not have arrived.
    assert_eq!((scope.complete, scope.covered_until), (Some(false), Some(tenant.now() - Duration::days(1))));
    assert_eq!((scope.organization.as_deref(), scope.practice), (Some("contoso.onmicrosoft.com"), true));
    assert!(said.warnings.is_empty() && said.failed.is_empty(), "{:?} {:?}", said.warnings, said.failed);
    assert!(!said.progress.is_empty() && said.progress.is_sorted_by_key(|progress| progress.percent));
}

#[tokio::test]
async fn a_window_that_has_settled_is_complete() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let query = tenant.days(100, 1);
    let end = *query.within.end();
    let said = history(&tenant.connection, query).await;
    assert_eq!((scope(&said).complete, scope(&said).covered_until), (Some(true), Some(end)));

    let said = history(&tenant.connection, tenant.days(200, 1)).await;
    assert_eq!((scope(&said).complete, scope(&said).covered_until), (Some(false), None));
    assert!(said.warnings[0].contains("180 days"), "{:?}", said.warnings);

    let mut query = tenant.days(150, 1);
    query.summary = true;
    let said = history(&tenant.connection, query).await;
    let service = said.summaries.iter().find(|told| told.row.key.to_string() == "service@contoso.com").unwrap();
    assert!(service.row.rhythm.is_some() && service.scope.complete == Some(true), "{service:?}");
}

#[tokio::test]
async fn the_journal_joins_in_and_the_log_arrives_late() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let options = UnblockOptions { comment: Some("secured".into()), ..UnblockOptions::default() };
    let (_, result) = run!(vec![address(ADELE)], host => unblock(&tenant.connection, &options, &host));
    result.unwrap();
    tenant.order("settings", &json!({"auditDelaySeconds": 86_400}));
    let said = history(&tenant.connection, tenant.usual(&[ADELE])).await;
    assert_eq!(names(&said), ["Requested", "Answered"], "the log does not know it yet");
    assert_eq!(scope(&said).complete, Some(false));
    tenant.pass(3 * 86_400).await;
    let said = history(&tenant.connection, tenant.usual(&[ADELE])).await;
    assert_eq!(said.history[0].row.happened.name(), "Listed");
    assert!(names(&said).contains(&"Unblocked") && names(&said).ends_with(&["Delisted"]), "{:?}", names(&said));
    assert!(said.history.iter().all(|told| told.row.released_at.is_some()));
}

#[tokio::test]
async fn more_than_a_session_shows_is_read_in_halves_and_each_record_once() {
    let tenant = Tenant::new(Scenario::Empty).await;
    tenant.order("settings", &json!({"auditDelaySeconds": 0}));
    tenant.order("audit-records", &json!({"count": 52_000, "days": 100}));
    let said = history(&tenant.connection, tenant.days(120, 1)).await;
    // A hundredth of them happened in the last day.
    assert_eq!(said.history.len(), 52_000 - 520 + 1);
    assert!(said.history.is_sorted_by_key(|told| told.row.time));
    assert!(said.warnings.is_empty(), "{:?}", said.warnings);
    assert_eq!(scope(&said).complete, Some(true));
}

#[tokio::test]
async fn a_second_that_holds_too_much_is_not_complete() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let at = tenant.now().replace_nanosecond(0).unwrap() - Duration::days(2);
    tenant.fault(SEARCH, 1, block(&[listed("a", at, [1, 50_000])])).await;
    let query = Query { named: Vec::new(), within: at..=at, summary: false };
    let said = history(&tenant.connection, query).await;
    assert_eq!((said.history.len(), scope(&said).complete), (1, Some(false)));
    assert!(said.warnings.iter().any(|warning| warning.contains("50000 records or more")), "{:?}", said.warnings);
}

#[tokio::test]
async fn what_the_service_did_not_show_or_cannot_be_used_is_not_complete() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let at = tenant.now() - Duration::days(2);
    let unusable = json!({"AuditData": "{\"Operation\":\"Hyg", "Identity": "b", "ResultIndex": 2, "ResultCount": 2});
    for (second, why) in [
        // One of two was lost on its way; nothing follows.
        (listed("a", at, [1, 2]), "1 of 2"),
        (listed("b", at, [-1, 0]), "1 of 2"),
        (unusable, "1 records of the audit log could not be used"),
    ] {
        let first = listed("a", at, [1, 2]);
        tenant.fault(SEARCH, 1, block(&[first, second])).await;
        let said = history(&tenant.connection, tenant.days(3, 1)).await;
        assert_eq!(scope(&said).complete, Some(false), "{why}");
        assert!(said.warnings.len() == 1 && said.warnings[0].contains(why), "{why}: {:?}", said.warnings);
        assert_eq!(scope(&said).covered_until, None);
    }
}

#[tokio::test]
async fn a_block_whose_reply_is_lost_is_searched_for_in_a_new_session() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let whole = history(&tenant.connection, tenant.days(100, 1)).await;
    let before = tenant.seen(SEARCH).await;
    for skip in 0..before as u32 {
        let lost = json!({"match": SEARCH, "skip": skip, "fault": {"kind": "lose-reply"}});
        tenant.sandbox.control("POST", "faults", &lost).unwrap();
        let said = history(&tenant.connection, tenant.days(100, 1)).await;
        assert_eq!(said.failed.len(), 0, "{:?}", said.failed);
        assert_eq!(
            (said.history.len(), scope(&said).complete),
            (whole.history.len(), scope(&whole).complete),
            "{skip}"
        );
        assert!(said.details.iter().any(|text| text.contains("try 2 of 6")), "{:?}", said.details);
        tenant.heal().await;
    }
}

#[tokio::test]
async fn a_page_that_fails_is_an_error_and_nothing_looks_complete() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let body = json!({"match": SEARCH, "skip": 1, "times": 100, "fault": {"kind": "status", "status": 503}});
    assert_eq!(tenant.control.post(tenant.at("faults")).json(&body).send().await.unwrap().status(), 201);
    let said = history(&tenant.connection, tenant.days(100, 1)).await;
    assert_eq!(said.failed.iter().map(|error| error.code()).collect::<Vec<_>>(), [Code::ServiceUnavailable]);
    assert_eq!((scope(&said).complete, scope(&said).covered_until), (Some(false), None));
}

#[tokio::test]
async fn without_the_role_the_journal_is_told() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let (_, result) =
        run!(vec![address(ADELE)], host => unblock(&tenant.connection, &UnblockOptions::default(), &host));
    result.unwrap();
    tenant.order("settings", &json!({"auditLog": false}));
    let said = history(&tenant.connection, tenant.usual(&[])).await;
    let error = &said.failed[0];
    assert_eq!((error.code(), error.target.as_deref()), (Code::NoAuditRole, Some("contoso.onmicrosoft.com")));
    assert!(error.message.contains("View-Only Audit Logs"), "{error}");
    assert_eq!(names(&said), ["Requested", "Answered"]);
    assert_eq!(scope(&said).complete, Some(false));
}

#[tokio::test]
async fn the_cloud_of_21vianet_is_not_asked() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let connection = Tenant::in_the_cloud_of(&tenant, "O365China").await;
    let said = history(&connection, tenant.usual(&[])).await;
    assert_eq!(said.failed[0].code(), Code::AuditLogUnavailable);
    assert!(said.failed[0].message.contains("21Vianet"), "{}", said.failed[0]);
    assert_eq!(tenant.seen(SEARCH).await, 0);
}

#[tokio::test]
async fn auditing_that_is_off_or_unknown_is_a_warning() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let config = "Get-AdminAuditLogConfig";
    tenant.fault(config, 1, json!({"kind": "status", "status": 403})).await;
    let said = history(&tenant.connection, tenant.days(100, 1)).await;
    assert!(said.warnings[0].contains("could not be read"), "{:?}", said.warnings);
    assert_eq!((scope(&said).complete, said.failed.len()), (Some(false), 0));
    tenant.order("settings", &json!({"auditing": false}));
    let said = history(&tenant.connection, tenant.days(100, 1)).await;
    assert!(said.warnings[0].contains("Auditing is off"), "{:?}", said.warnings);
    assert!(said.history.is_empty());
}

#[tokio::test]
async fn unblocks_are_counted_exactly_up_to_a_day_ago() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let mut timeline = Timeline::new();
    let (_, result) = run!(vec![], host => add_unblocks(&tenant.connection, &mut timeline, &host));
    let coverage = result.unwrap().unwrap();
    assert_eq!(coverage.until, tenant.now() - Duration::days(1));
    assert_eq!(coverage.from, tenant.now() - Duration::days(180));
    let history = timeline.finish();
    let key = Key::Sender(ISAIAH.to_owned());
    let counted = |until| history.unblocks(&key, coverage.from, until, Some(coverage));
    assert_eq!((counted(coverage.until).times.len(), counted(coverage.until).at_least), (3, false));
    assert!(counted(tenant.now()).at_least, "what happened in the last day may be on its way");

    tenant.order("settings", &json!({"auditing": false}));
    let mut timeline = Timeline::new();
    let (_, result) = run!(vec![], host => add_unblocks(&tenant.connection, &mut timeline, &host));
    assert_eq!(result.unwrap(), None, "nothing is recorded, so nothing is covered");
    tenant.order("settings", &json!({"auditLog": false}));
    let (_, result) = run!(vec![], host => add_unblocks(&tenant.connection, &mut timeline, &host));
    assert_eq!(result.unwrap_err().code(), Code::NoAuditRole);
}

#[tokio::test]
async fn a_time_that_makes_no_sense_is_refused() {
    let now = OffsetDateTime::UNIX_EPOCH + Duration::days(9000);
    let day = Duration::days(1);
    for (start, end) in [(Some(now + day), None), (Some(now - day), Some(now - day * 2)), (Some(now + day), Some(now))]
    {
        assert_eq!(asked(start, end, now).unwrap_err().code(), Code::InvalidDateRange);
    }
    assert_eq!(asked(None, None, now).unwrap(), now - day * 90..=now);
    assert_eq!(asked(None, Some(now - day), now).unwrap(), now - day * 91..=now - day);
}
