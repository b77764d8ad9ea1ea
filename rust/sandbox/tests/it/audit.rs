//! `Search-UnifiedAuditLog`: what stands in the log, when it can be found, and how much of it at once.

use std::collections::BTreeSet;

use crate::practice::{json_of, texts, Practice, MINUTE};
use reqwest::Method;
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

const ADELE: &str = "adele.vance@contoso.com";
const DAY: u64 = 24 * 60;

/// The half year before the tenant opened, and some days after.
fn window(more: Value) -> Value {
    let mut window = json!({"StartDate": "2026-05-27T00:00:00.0000000Z", "EndDate": "2026-12-01T00:00:00Z"});
    window.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    window
}

async fn search(practice: &Practice, more: Value) -> Vec<Value> {
    practice.rows("Search-UnifiedAuditLog", window(more)).await
}

/// All blocks of a session, with the pages of each put together.
async fn session(practice: &Practice, more: Value) -> Vec<Value> {
    let (mut all, cmdlet, parameters) = (Vec::new(), "Search-UnifiedAuditLog", window(more));
    loop {
        let (mut url, before) = (practice.command(), all.len());
        loop {
            let body = json_of(practice.request(&url, cmdlet, &parameters).send().await.unwrap()).await;
            all.extend(body["value"].as_array().unwrap().clone());
            match body["@odata.nextLink"].as_str() {
                Some(next) => url = next.to_owned(),
                None => break,
            }
        }
        if all.len() == before {
            return all;
        }
    }
}

fn data(row: &Value) -> Value {
    serde_json::from_str(row["AuditData"].as_str().unwrap()).unwrap()
}

fn indexes(rows: &[Value]) -> Vec<i64> {
    rows.iter().map(|row| row["ResultIndex"].as_i64().unwrap()).collect()
}

/// What the log says about somebody: time, event, and who did it where somebody did.
async fn story_of(practice: &Practice, address: &str) -> Vec<(String, String)> {
    let rows = search(practice, json!({"ResultSize": 5000, "FreeText": address})).await;
    let mut story: Vec<(String, String)> = rows
        .iter()
        .map(data)
        .map(|data| {
            let event = data.get("Event").unwrap_or(&data["Operation"]).as_str().unwrap().to_owned();
            (data["CreationTime"].as_str().unwrap().to_owned(), event)
        })
        .collect();
    story.sort();
    story
}

#[tokio::test]
async fn a_hygiene_record() {
    for mut practice in Practice::both().await {
        practice.later(2 * DAY).await;
        let rows = search(&practice, json!({"RecordType": "HygieneEvent", "FreeText": ADELE})).await;
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((&row["RecordType"], &row["Operations"]), (&json!("HygieneEvent"), &json!("HygieneTenantEvents")));
        assert_eq!(row["CreationDate@data.type"], "System.DateTime");
        assert_eq!(row["CreationDate"], "2026-11-23T07:35:00.0000000+00:00");
        assert_eq!((&row["ResultIndex"], &row["ResultCount"]), (&json!(1), &json!(1)));
        let listed = practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": ADELE})).await;
        let data = data(row);
        for (name, value) in [
            ("CreationTime", json!("2026-11-23T07:35:00")),
            ("Operation", json!("HygieneTenantEvents")),
            ("RecordType", json!(51)),
            ("Id", row["Identity"].clone()),
            ("UserId", row["UserIds"].clone()),
            ("OrganizationId", json!(practice.sandbox.invitation().tenant_id)),
            ("Event", json!("Listed")),
            ("EventValue", json!(ADELE)),
            ("Reason", listed[0]["Reason"].clone()),
        ] {
            assert_eq!(data[name], value, "{name}");
        }
        for name in ["Audit", "EventId", "UserKey", "UserType", "Workload"] {
            assert!(!data[name].is_null(), "{name}");
        }
    }
}

#[tokio::test]
async fn what_happens_stands_in_the_log_at_its_time() {
    let mut practice = Practice::open(Scenario::Empty).await;
    assert_eq!(search(&practice, json!({})).await.len(), 0);
    practice.order("restrictions", json!({"senderAddress": "Lee.Gu@contoso.com", "reason": "a drill"})).await;
    practice.order("releases", json!({"senderAddress": "lee.gu@contoso.com", "returnsAfterSeconds": 600})).await;
    practice.pass(5);
    let remove = json!({"SenderAddress": "lee.gu@contoso.com", "Reason": "password changed"});
    practice.rows("Remove-BlockedSenderAddress", remove.clone()).await;
    practice.later(3 * DAY).await;
    // Nobody has looked meanwhile.
    assert_eq!(
        story_of(&practice, "lee.gu@contoso.com").await,
        [
            ("2026-11-23T08:00:00".into(), "Listed".to_owned()),
            ("2026-11-23T08:05:00".into(), "Remove-BlockedSenderAddress".into()),
            ("2026-11-23T08:35:00".into(), "Delisted".into()),
            ("2026-11-23T08:45:00".into(), "Listed".into()),
        ]
    );

    let rows = search(&practice, json!({"RecordType": "exchangeadmin"})).await;
    assert_eq!(rows.len(), 1);
    let data = data(&rows[0]);
    assert_eq!((&data["RecordType"], &data["ResultStatus"]), (&json!(1), &json!("True")));
    assert_eq!(data["AppId"], practice.sandbox.invitation().app_id.as_str());
    assert_eq!(data["ObjectId"], "lee.gu@contoso.com");
    assert_eq!(
        data["Parameters"],
        json!([{"Name": "SenderAddress", "Value": "lee.gu@contoso.com"}, {"Name": "Reason", "Value": "password changed"}])
    );

    // Another admin's doing ends it as well.
    let gone = practice.control(Method::DELETE, "restrictions", json!({"senderAddress": "lee.gu@contoso.com"})).await;
    assert_eq!(gone.status(), 204);
    practice.later(DAY).await;
    let story = story_of(&practice, "lee.gu@contoso.com").await;
    assert_eq!(story.last(), Some(&("2026-11-26T08:05:00".into(), "Delisted".into())));
}

#[tokio::test]
async fn refused_and_repeated_unblocks() {
    let mut practice = Practice::open(Scenario::Empty).await;
    practice.order("restrictions", json!({"senderAddress": ADELE, "reason": "a drill"})).await;
    practice.order("settings", json!({"auditDelaySeconds": 0, "unblockBudget": 2})).await;
    for expected in [200, 200, 400] {
        let reply = practice.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": ADELE})).await;
        assert_eq!(reply.status().as_u16(), expected);
    }
    assert_eq!(search(&practice, json!({"Operations": ["Remove-BlockedSenderAddress"]})).await.len(), 2);
    practice.fault(json!({"match": "Remove-BlockedSenderAddress", "fault": {"kind": "lose-reply"}})).await;
    practice.order("settings", json!({"unblockBudget": 3})).await;
    let adele = json!({"SenderAddress": ADELE});
    assert!(practice.request(&practice.command(), "Remove-BlockedSenderAddress", &adele).send().await.is_err());
    practice.later(1).await;
    assert_eq!(search(&practice, json!({"Operations": "remove-blockedsenderaddress"})).await.len(), 3, "it was done");
}

#[tokio::test]
async fn events_arrive_late_and_within_a_day() {
    let mut practice = Practice::open(Scenario::Empty).await;
    for number in 0..12 {
        let sender = format!("sender{number}@contoso.com");
        practice.order("restrictions", json!({"senderAddress": sender, "reason": "a drill"})).await;
    }
    let mut found = vec![search(&practice, json!({})).await.len()];
    for minutes in [5, 15, 25, 45, 270, DAY - 361, 1] {
        practice.later(minutes).await;
        found.push(search(&practice, json!({})).await.len());
    }
    assert_eq!(found, [0, 2, 4, 6, 8, 10, 10, 12]);

    practice.order("settings", json!({"auditDelaySeconds": 2 * DAY * MINUTE})).await;
    assert_eq!(search(&practice, json!({})).await.len(), 0);
    practice.order("settings", json!({"auditDelaySeconds": null})).await;
    assert_eq!(search(&practice, json!({})).await.len(), 12);
}

#[tokio::test]
async fn the_window_begins_with_its_start_and_ends_before_its_end() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("settings", json!({"auditDelaySeconds": 0})).await;
    practice.order("restrictions", json!({"senderAddress": ADELE, "reason": "a drill"})).await;
    for (start, end, found) in [
        ("2026-11-23T08:00:00", "2026-11-23T08:00:01", 1),
        ("2026-11-23T07:59:59", "2026-11-23T08:00:00", 0),
        ("2026-11-23T08:00:01", "2026-11-24", 0),
        ("11/23/2026", "11/24/2026", 1),
        ("2026-11-23T09:30:00+02:00", "2026-11-23T10:30:00+02:00", 1),
    ] {
        let rows = practice.rows("Search-UnifiedAuditLog", json!({"StartDate": start, "EndDate": end})).await;
        assert_eq!(rows.len(), found, "{start}");
    }
}

#[tokio::test]
async fn a_history_of_months() {
    let practice = Practice::standard().await;
    let rows = search(&practice, json!({"ResultSize": 5000})).await;
    let oldest = rows.last().unwrap()["CreationDate"].as_str().unwrap().to_owned();
    assert!(oldest.as_str() < "2026-07-01", "{oldest}");
    let dates = texts(&rows, "CreationDate");
    assert!(dates.windows(2).all(|pair| pair[0] >= pair[1]), "newest first");

    let mondays = story_of(&practice, "service@contoso.com").await;
    assert_eq!(mondays.len(), 40);
    for (week, pair) in mondays.chunks(2).enumerate() {
        let [(listed, first), (delisted, second)] = pair else { panic!() };
        assert_eq!((first.as_str(), second.as_str()), ("Listed", "Delisted"));
        let monday = time::macros::date!(2026 - 07 - 06) + time::Duration::weeks(week as i64);
        assert!(listed.starts_with(&format!("{monday}T08:0")), "{listed}");
        assert_eq!(*delisted, format!("{}T00:00:00", monday.next_day().unwrap()));
    }
    let isaiah = story_of(&practice, "isaiah.langer@contoso.com").await;
    let events: Vec<&str> = isaiah.iter().map(|(_, event)| event.as_str()).collect();
    let cycle = ["Listed", "Remove-BlockedSenderAddress", "Delisted"];
    assert_eq!(events, [&cycle[..], &cycle, &cycle, &["Listed"]].concat(), "the last one is not over");
    for (address, most) in [("diego.siciliani@contoso.com", 1), ("henrietta.mueller@contoso.com", 2)] {
        let story = story_of(&practice, address).await;
        let unblocks = story.iter().filter(|(_, event)| event.starts_with("Remove-")).count();
        assert_eq!(unblocks, most);
    }
    let connector = &practice.rows("Get-BlockedConnector", json!({})).await[1]["ConnectorId"];
    let removed = search(&practice, json!({"ObjectIds": [connector]})).await;
    assert_eq!((removed.len(), &removed[0]["Operations"]), (1, &json!("Remove-BlockedConnector")));
    assert_eq!(removed[0]["UserIds"], "admin@contoso.onmicrosoft.com");
}

#[tokio::test]
async fn the_log_counts_towards_the_budget() {
    let practice = Practice::standard().await;
    for (address, left) in [("henrietta.mueller@contoso.com", 1), ("diego.siciliani@contoso.com", 2)] {
        practice.order("restrictions", json!({"senderAddress": address, "reason": "again"})).await;
        let remove = || practice.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": address}));
        for _ in 0..left {
            assert_eq!(remove().await.status(), 200, "{address}");
        }
        assert_eq!(remove().await.status(), 400, "{address}");
    }
}

#[tokio::test]
async fn a_record_is_kept_for_180_days() {
    let mut practice = Practice::open(Scenario::Empty).await;
    practice.order("restrictions", json!({"senderAddress": ADELE, "reason": "a drill"})).await;
    practice.later(180 * DAY).await;
    assert_eq!(search(&practice, json!({})).await.len(), 1);
    practice.later(1).await;
    assert_eq!(search(&practice, json!({})).await.len(), 0);
}

// How much at once

#[tokio::test]
async fn a_hundred_records_unless_more_are_asked_for_and_never_more_than_five_thousand() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("settings", json!({"auditDelaySeconds": 0})).await;
    practice.order("audit-records", json!({"count": 6000, "days": 30})).await;
    let rows = search(&practice, json!({})).await;
    assert_eq!(indexes(&rows), (1..=100).collect::<Vec<_>>());
    assert_eq!(rows[0]["ResultCount"], 5000, "sorted records end there");
    assert_eq!(indexes(&search(&practice, json!({})).await)[0], 1, "without a session it begins anew");
    assert_eq!(search(&practice, json!({"ResultSize": 250})).await.len(), 250);

    let most = window(json!({"ResultSize": 5000}));
    let body = json_of(practice.invoke("Search-UnifiedAuditLog", most.clone()).await).await;
    assert_eq!(body["value"].as_array().unwrap().len(), 1000, "a page is as long as any other");
    let next = body["@odata.nextLink"].as_str().unwrap();
    let second = json_of(practice.request(next, "Search-UnifiedAuditLog", &most).send().await.unwrap()).await;
    assert_eq!(indexes(second["value"].as_array().unwrap())[0], 1001);

    for size in [json!(5001), json!(0), json!(-1), json!("Unlimited"), json!("many")] {
        let (status, exception, message) =
            practice.refusal("Search-UnifiedAuditLog", window(json!({"ResultSize": size}))).await;
        assert_eq!((status, exception.as_str()), (400, "ParameterTransformationException"));
        assert!(message.contains("1 to 5000"), "{message}");
    }
}

#[tokio::test]
async fn a_large_set_comes_unsorted_with_duplicates_and_whole() {
    for practice in Practice::both().await {
        practice.order("settings", json!({"auditDelaySeconds": 0})).await;
        let before = search(&practice, json!({"ResultSize": 5000})).await.len();
        practice.order("audit-records", json!({"count": 6000, "days": 30})).await;
        let large = json!({"SessionId": "one", "SessionCommand": "ReturnLargeSet", "ResultSize": 1500});
        let rows = session(&practice, large.clone()).await;
        let expected = 6000 + before;
        assert_eq!(indexes(&rows), (1..=rows.len() as i64).collect::<Vec<_>>());
        assert!(rows.iter().all(|row| row["ResultCount"] == rows.len()));
        let distinct: BTreeSet<String> = texts(&rows, "Identity").into_iter().collect();
        assert_eq!(distinct.len(), expected);
        assert_eq!(rows.len(), expected + expected / 100, "some come twice");
        let dates = texts(&rows, "CreationDate");
        // Sorted either way, the one or the other would hardly occur.
        let later = dates.windows(2).filter(|pair| pair[0] < pair[1]).count();
        let earlier = dates.windows(2).filter(|pair| pair[0] > pair[1]).count();
        assert!(later > 2000 && earlier > 2000, "{later} {earlier}");
        assert_eq!(search(&practice, large).await.len(), 0, "a session that is over stays so");
    }
}

#[tokio::test]
async fn a_session_ends_at_fifty_thousand_and_a_sorted_one_at_five() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("settings", json!({"auditDelaySeconds": 0})).await;
    practice.order("audit-records", json!({"count": 52_000, "days": 100})).await;
    for (session_command, most) in [("ReturnLargeSet", 50_000), ("ReturnNextPreviewPage", 5000)] {
        // The first page of each block says enough.
        let next = || {
            search(
                &practice,
                json!({"SessionId": session_command, "SessionCommand": session_command,
            "ResultSize": 5000}),
            )
        };
        for first in (1..most).step_by(5000) {
            let rows = next().await;
            assert_eq!((&rows[0]["ResultIndex"], &rows[0]["ResultCount"]), (&json!(first), &json!(most)));
        }
        assert_eq!(next().await.len(), 0, "{session_command}");
    }
    // Half the window at a time brings it all: nothing is left out at the border.
    let mut found = Vec::new();
    for (start, end) in [("2026-08-01", "2026-10-04"), ("2026-10-04", "2026-12-01")] {
        let rows = search(
            &practice,
            json!({"StartDate": start, "EndDate": end, "SessionId": start, "ResultSize": 1,
            "SessionCommand": "ReturnLargeSet"}),
        );
        found.push(rows.await[0]["ResultCount"].as_u64().unwrap());
    }
    assert!(found.iter().all(|count| *count < 50_000), "{found:?}");
    // One in a hundred comes twice.
    assert_eq!(found.iter().map(|count| count - count / 101).sum::<u64>(), 52_000);
}

#[tokio::test]
async fn a_session_keeps_to_what_it_found_and_does_not_repeat_a_lost_block() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("settings", json!({"auditDelaySeconds": 0})).await;
    practice.order("audit-records", json!({"count": 300, "days": 3})).await;
    let parameters = window(json!({"SessionId": "s", "SessionCommand": "ReturnNextPreviewPage"}));
    let next = || practice.rows("Search-UnifiedAuditLog", parameters.clone());
    assert_eq!(indexes(&next().await), (1..=100).collect::<Vec<_>>());
    practice.order("restrictions", json!({"senderAddress": ADELE, "reason": "a drill"})).await;
    practice.fault(json!({"match": "Search-UnifiedAuditLog", "fault": {"kind": "lose-reply"}})).await;
    let lost = practice.request(&practice.command(), "Search-UnifiedAuditLog", &parameters).send().await;
    assert!(lost.is_err());
    let rows = next().await;
    assert_eq!(indexes(&rows), (201..=300).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row["ResultCount"] == 300));
    assert_eq!(next().await.len(), 0);

    let other = window(json!({"SessionId": "s", "SessionCommand": "ReturnLargeSet"}));
    let (status, _, message) = practice.refusal("Search-UnifiedAuditLog", other).await;
    assert_eq!(status, 400);
    assert!(message.contains("'s'"), "{message}");
}

#[tokio::test]
async fn questions_that_make_no_sense() {
    let practice = Practice::standard().await;
    for (parameters, exception) in [
        (json!({}), "ParameterBindingException"),
        (json!({"StartDate": "2026-11-01"}), "ParameterBindingException"),
        (json!({"StartDate": "2026-11-01", "EndDate": "soon"}), "ParameterTransformationException"),
        (json!({"StartDate": "2026-11-02", "EndDate": "2026-11-01"}), "ArgumentException"),
        (window(json!({"RecordType": "Nonsense"})), "ParameterTransformationException"),
        (window(json!({"SessionCommand": "ReturnAll"})), "ParameterTransformationException"),
        (window(json!({"Operations": [1]})), "ParameterTransformationException"),
        (window(json!({"Formatted": "yes"})), "ParameterTransformationException"),
        (window(json!({"Nonsense": 1})), "AmbiguousParameterSetException"),
    ] {
        let (status, name, _) = practice.refusal("Search-UnifiedAuditLog", parameters.clone()).await;
        assert_eq!((status, name.as_str()), (400, exception), "{parameters}");
    }
    for wrong in [
        json!({}),
        json!({"count": 200_001, "days": 1}),
        json!({"count": 1, "days": 0}),
        json!({"count": 1, "days": 181}),
        json!({"count": 1, "days": 1, "more": 1}),
    ] {
        assert_eq!(practice.control(Method::POST, "audit-records", wrong).await.status(), 400);
    }
}

#[tokio::test]
async fn a_reader_of_everything_cannot_search_the_log() {
    let mut practice = Practice::standard().await;
    practice.become_app("read-only").await;
    assert_eq!(practice.invoke("Search-UnifiedAuditLog", window(json!({}))).await.status(), 403);
}

#[tokio::test]
async fn without_auditing_nothing_is_found_and_the_configuration_says_so() {
    let mut practice = Practice::standard().await;
    for on in [true, false, true] {
        practice.order("settings", json!({"auditing": on})).await;
        let config = practice.rows("Get-AdminAuditLogConfig", json!({})).await;
        assert_eq!(config[0]["UnifiedAuditLogIngestionEnabled"], on);
        assert_eq!(search(&practice, json!({})).await.is_empty(), !on);
    }
    practice.become_app("read-only").await;
    assert_eq!(practice.rows("Get-AdminAuditLogConfig", json!({})).await.len(), 1);
}
