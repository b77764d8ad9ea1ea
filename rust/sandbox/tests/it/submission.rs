//! Mail is counted by the limits, and restricts whoever sends too much of it. Handed over through the control plane.

use std::ops::Range;

use crate::practice::{json_of, texts, Practice};
use reqwest::Method;
use restricted_sender_sandbox::{Options, Scenario};
use serde_json::{json, Value};

const DIEGO: &str = "diego.siciliani@contoso.com";
const BAD_SENDER: &str = "550 5.1.8 Access denied, bad outbound sender AS(42004)";

async fn submit(practice: &Practice, submission: Value) -> Value {
    let reply = practice.control(Method::POST, "submissions", submission.clone()).await;
    assert_eq!(reply.status(), 200, "{submission}");
    json_of(reply).await
}

fn outside(numbers: Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("customer{number}@fabrikam.example")).collect()
}

fn inside(numbers: Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("employee{number}@contoso.com")).collect()
}

/// A message of a user to so many outside.
fn to_outside(user: &str, count: u32) -> Value {
    json!({"authenticatedUser": user, "recipients": outside(0..count)})
}

async fn accepted(practice: &Practice, submission: Value) -> String {
    let said = submit(practice, submission).await;
    assert_eq!(said["outcome"], "accepted", "{said}");
    said["messageTraceId"].as_str().unwrap().to_owned()
}

async fn refused(practice: &Practice, submission: Value) -> String {
    let said = submit(practice, submission).await;
    assert_eq!(said["outcome"], "refused", "{said}");
    said["reply"].as_str().unwrap().to_owned()
}

async fn restriction(practice: &Practice, sender: &str) -> Option<Value> {
    practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": sender})).await.pop()
}

async fn reason(practice: &Practice, sender: &str) -> String {
    restriction(practice, sender).await.unwrap()["Reason"].as_str().unwrap().to_owned()
}

/// No policy limits anybody.
async fn without_policy_limits(practice: &Practice) {
    let none = json!({"name": "Default", "recipientLimitExternalPerHour": 0, "recipientLimitInternalPerHour": 0,
        "recipientLimitPerDay": 0});
    practice.order("outbound-policies", none).await;
}

async fn alerts(practice: &Practice) -> Vec<Value> {
    let reply = practice.control(Method::GET, "alerts", Value::Null).await;
    json_of(reply).await.as_array().unwrap().clone()
}

async fn lift(practice: &Practice, sender: &str) {
    let lifted = practice.control(Method::DELETE, "restrictions", json!({"senderAddress": sender})).await;
    assert_eq!(lifted.status(), 204, "{sender}");
}

#[tokio::test]
async fn five_thousand_and_twice_two_and_a_half_thousand_block_until_the_first_five_thousand_free_up() {
    let mut practice = Practice::open(Scenario::Empty).await;
    without_policy_limits(&practice).await;
    practice.later(60).await;
    for messages in [10, 5, 5] {
        for _ in 0..messages {
            accepted(&practice, to_outside(DIEGO, 500)).await;
        }
        practice.later(60).await;
    }
    let said = reason(&practice, DIEGO).await;
    assert_eq!(said, "RecipientRateLimitExceeded;RecipientCountLast24Hours=10000;RcptRateLimit=10000;");
    let reply = refused(&practice, to_outside(DIEGO, 1)).await;
    assert!(reply.starts_with("550 5.1.90 Your message can't be sent because you've reached your daily limit"));
    // Unblocking does not help.
    practice.remove(DIEGO).await;
    practice.later(30).await;
    assert!(restriction(&practice, DIEGO).await.is_none());
    assert!(refused(&practice, to_outside(DIEGO, 1)).await.starts_with("550 5.1.90 "));
    practice.later(20 * 60 + 29).await;
    assert!(refused(&practice, to_outside(DIEGO, 1)).await.starts_with("550 5.1.90 "), "08:59");
    practice.later(1).await;
    accepted(&practice, to_outside(DIEGO, 500)).await;
}

#[tokio::test]
async fn who_exceeds_a_policy_is_blocked_until_midnight_utc() {
    let mut practice = Practice::open(Scenario::Empty).await;
    practice.later(15 * 60 + 59).await;
    accepted(&practice, json!({"authenticatedUser": DIEGO, "recipients": inside(0..7)})).await;
    accepted(&practice, to_outside(DIEGO, 500)).await;
    assert!(restriction(&practice, DIEGO).await.is_none(), "reaching a limit is not exceeding it");
    accepted(&practice, to_outside(DIEGO, 1)).await;
    let restricted = restriction(&practice, DIEGO).await.unwrap();
    let figures = "EmailSendingLimitExceeded;InternalRecipientCountToday=7;ExternalRecipientCountToday=501;\
                   ExceedingLimitType=External";
    assert_eq!((&restricted["Reason"], &restricted["TemporaryBlock"]), (&json!(figures), &json!(true)));
    assert_eq!(restricted["CreatedDatetime"], "2026-11-23T23:59:00.0000000+00:00");
    assert_eq!(refused(&practice, to_outside(DIEGO, 1)).await, BAD_SENDER);
    assert_eq!(refused(&practice, json!({"authenticatedUser": DIEGO, "recipients": inside(0..1)})).await, BAD_SENDER);
    practice.later(2).await;
    assert!(restriction(&practice, DIEGO).await.is_none());
    accepted(&practice, to_outside(DIEGO, 1)).await;
    // What was sent in the last hour still counts: the second one of the new day is one too many again.
    assert!(reason(&practice, DIEGO).await.contains("ExternalRecipientCountToday=1;"));
}

#[tokio::test]
async fn internal_recipients_have_a_limit_of_their_own_and_a_day_has_one_for_both() {
    let practice = Practice::open(Scenario::Empty).await;
    let change = json!({"name": "Default", "recipientLimitExternalPerHour": 50, "recipientLimitInternalPerHour": 40,
        "recipientLimitPerDay": 60, "actionWhenThresholdReached": "BlockUser"});
    practice.order("outbound-policies", change).await;
    accepted(&practice, json!({"authenticatedUser": DIEGO, "recipients": inside(0..41)})).await;
    let said = reason(&practice, DIEGO).await;
    assert!(
        said.contains("InternalRecipientCountToday=41;") && said.ends_with("ExceedingLimitType=Internal"),
        "{said}"
    );
    let lee = "lee.gu@contoso.com";
    let both = [inside(0..25), outside(0..36)].concat();
    accepted(&practice, json!({"authenticatedUser": lee, "recipients": both})).await;
    let restricted = restriction(&practice, lee).await.unwrap();
    let said = restricted["Reason"].as_str().unwrap();
    assert!(said.contains("=25;ExternalRecipientCountToday=36;") && said.ends_with("=External"), "{said}");
    assert_eq!(restricted["TemporaryBlock"], false);
    practice.pass(3 * 24 * 60);
    assert_eq!(refused(&practice, to_outside(lee, 1)).await, BAD_SENDER, "until an admin lifts it");
}

#[tokio::test]
async fn after_an_unblock_mail_flows_when_it_takes_effect_and_nothing_restricts_again_that_day() {
    let mut practice = Practice::open(Scenario::Empty).await;
    practice
        .rows(
            "Set-HostedOutboundSpamFilterPolicy",
            json!({"Identity": "Default",
        "ActionWhenThresholdReached": "BlockUser"}),
        )
        .await;
    accepted(&practice, to_outside(DIEGO, 500)).await;
    accepted(&practice, to_outside(DIEGO, 1)).await;
    // A higher limit ends no block.
    practice
        .rows(
            "Set-HostedOutboundSpamFilterPolicy",
            json!({"Identity": "Default",
        "RecipientLimitExternalPerHour": 10_000}),
        )
        .await;
    assert_eq!(refused(&practice, to_outside(DIEGO, 1)).await, BAD_SENDER);
    practice
        .rows(
            "Set-HostedOutboundSpamFilterPolicy",
            json!({"Identity": "Default",
        "RecipientLimitExternalPerHour": 10}),
        )
        .await;
    practice.remove(DIEGO).await;
    practice.later(29).await;
    assert_eq!(refused(&practice, to_outside(DIEGO, 1)).await, BAD_SENDER);
    practice.later(1).await;
    accepted(&practice, to_outside(DIEGO, 400)).await;
    accepted(&practice, to_outside(DIEGO, 400)).await;
    assert!(restriction(&practice, DIEGO).await.is_none(), "not again that day");
    practice.later(16 * 60).await;
    accepted(&practice, to_outside(DIEGO, 11)).await;
    assert!(restriction(&practice, DIEGO).await.is_some(), "the next day");
}

#[tokio::test]
async fn a_lower_limit_acts_at_once() {
    let practice = Practice::open(Scenario::Empty).await;
    accepted(&practice, to_outside(DIEGO, 20)).await;
    practice
        .rows(
            "Set-HostedOutboundSpamFilterPolicy",
            json!({"Identity": "Default",
        "RecipientLimitExternalPerHour": 20}),
        )
        .await;
    accepted(&practice, to_outside(DIEGO, 1)).await;
    assert!(reason(&practice, DIEGO).await.contains("ExternalRecipientCountToday=21;"));
}

#[tokio::test]
async fn a_policy_that_only_alerts_only_alerts() {
    let practice = Practice::standard().await;
    practice
        .rows(
            "Set-HostedOutboundSpamFilterPolicy",
            json!({"Identity": "Devices",
        "RecipientLimitExternalPerHour": 5}),
        )
        .await;
    let scan = json!({"connector": "Head office scanners", "from": "mfp-01@print.contoso.com",
        "recipients": outside(0..6), "clientAddress": "198.51.100.11"});
    accepted(&practice, scan.clone()).await;
    accepted(&practice, scan.clone()).await;
    assert!(restriction(&practice, "mfp-01@print.contoso.com").await.is_none());
    practice.pass(4);
    assert!(alerts(&practice).await.is_empty(), "alerts take five minutes");
    practice.pass(1);
    let raised = alerts(&practice).await;
    assert_eq!(raised.len(), 1, "told once: {raised:?}");
    assert_eq!(raised[0]["name"], "Email sending limit exceeded");
    assert_eq!(raised[0]["operation"], "EmailSendingLimitExceeded");
    assert_eq!(raised[0]["entity"], "mfp-01@print.contoso.com");
    accepted(&practice, scan).await;
}

#[tokio::test]
async fn too_much_spam_restricts_with_the_figures_of_the_trace() {
    let practice = Practice::open(Scenario::Empty).await;
    for _ in 0..5 {
        accepted(&practice, json!({"authenticatedUser": DIEGO, "recipients": outside(0..3), "subject": "Hello"})).await;
    }
    practice.pass(5);
    let spam = json!({"authenticatedUser": DIEGO, "recipients": outside(0..1), "clientAddress": "203.0.113.45",
        "subject": "Re: Your invoice is overdue"});
    let mut last = String::new();
    while restriction(&practice, DIEGO).await.is_none() {
        last = accepted(&practice, spam.clone()).await;
    }
    assert_eq!(refused(&practice, spam).await, BAD_SENDER);
    let rows = practice.rows("Get-MessageTraceV2", json!({"SenderAddress": DIEGO})).await;
    let count = rows.iter().filter(|row| row["FromIP"] == "203.0.113.45").count();
    let percent = count * 100 / (count + 5);
    let said = reason(&practice, DIEGO).await;
    let expected = format!(
        "OutboundSpamLast24Hours={count};OutboundMailLast24Hours={};OutboundSpamPercent={percent};\
        Last Spam Message MessagetraceId:{last};CIP=203.0.113.45;AS:",
        count + 5
    );
    assert!(said.starts_with(&expected), "{said} is not {expected}");
    assert!((12..25).contains(&count), "{count}");
    assert_eq!(rows.len(), count + 15);

    practice.pass(5);
    let raised = alerts(&practice).await;
    assert_eq!(texts(&raised, "operation"), ["CompromisedWarningAccount", "CompromisedAccount"]);
    assert!(raised.iter().all(|alert| alert["entity"] == DIEGO));
    // The audit log hears of it by its own turn, here 20 minutes later.
    let window = json!({"StartDate": "2026-11-23", "EndDate": "2026-11-24", "RecordType": "HygieneEvent"});
    assert!(practice.rows("Search-UnifiedAuditLog", window.clone()).await.is_empty());
    practice.pass(15);
    let records = practice.rows("Search-UnifiedAuditLog", window).await;
    let data: Value = serde_json::from_str(records[0]["AuditData"].as_str().unwrap()).unwrap();
    assert_eq!((&data["Event"], &data["EventValue"], &data["Reason"]), (&json!("Listed"), &json!(DIEGO), &json!(said)));
}

#[tokio::test]
async fn after_an_unblock_spam_restricts_again_when_it_is_as_much_again() {
    let mut practice = Practice::open(Scenario::Empty).await;
    let spam = json!({"authenticatedUser": DIEGO, "recipients": outside(0..1), "spam": true});
    let mut counts = Vec::new();
    for _ in 0..2 {
        let mut count = 0;
        while restriction(&practice, DIEGO).await.is_none() {
            accepted(&practice, spam.clone()).await;
            count += 1;
        }
        counts.push(count);
        practice.remove(DIEGO).await;
        practice.later(31).await;
    }
    assert_eq!(counts[0], counts[1]);
}

#[tokio::test]
async fn from_selects_the_policy_and_the_user_is_counted() {
    let practice = Practice::standard().await;
    for listed in ["alex.wilber@contoso.com", "news@contoso.com"] {
        lift(&practice, listed).await;
    }
    let lidia = "lidia.holloway@contoso.com";
    let as_news =
        |recipients| json!({"authenticatedUser": lidia, "from": "news@contoso.com", "recipients": recipients});
    accepted(&practice, as_news(outside(0..500))).await;
    accepted(&practice, as_news(outside(0..100))).await;
    assert!(restriction(&practice, lidia).await.is_none(), "newsletters may be larger");
    accepted(&practice, to_outside(lidia, 1)).await;
    assert!(reason(&practice, lidia).await.contains("ExternalRecipientCountToday=601;"));
    assert!(restriction(&practice, "news@contoso.com").await.is_none());
    assert_eq!(refused(&practice, as_news(outside(0..1))).await, BAD_SENDER);
    // Whoever is not allowed to is told so, and the restricted address is one for everybody.
    let as_her = json!({"authenticatedUser": DIEGO, "from": lidia, "recipients": outside(0..1)});
    let reply = refused(&practice, as_her).await;
    assert_eq!(reply, format!("554 5.2.252 SendAsDenied; {DIEGO} not allowed to send as {lidia}"));
    practice.order("restrictions", json!({"senderAddress": "news@contoso.com", "reason": "x"})).await;
    let alex = json!({"authenticatedUser": "alex.wilber@contoso.com", "from": "news@contoso.com",
        "recipients": outside(0..1)});
    assert_eq!(refused(&practice, alex).await, BAD_SENDER);
}

#[tokio::test]
async fn rules_look_into_groups_in_groups_and_at_exceptions() {
    let practice = Practice::open(Scenario::Empty).await;
    // A circle of groups leads nowhere.
    practice.order("groups", json!({"group": "campaign.team", "add": ["marketing"]})).await;
    for (user, limit) in [
        ("campaigns@contoso.com", 1500),
        ("offers@contoso.com", 500),
        ("shop@shop.contoso.com", 500),
        ("pradeep.gupta@contoso.com", 500),
        ("grady.archie@contoso.com", 300),
        ("lynne.robbins@contoso.com", 500),
    ] {
        for _ in 0..limit / 100 {
            accepted(&practice, to_outside(user, 100)).await;
        }
        assert!(restriction(&practice, user).await.is_none(), "{user}");
        accepted(&practice, to_outside(user, 1)).await;
        assert!(restriction(&practice, user).await.is_some(), "{user}");
    }
}

#[tokio::test]
async fn a_group_is_one_recipient_and_its_members_are_rows() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("outbound-policies", json!({"name": "Default", "recipientLimitInternalPerHour": 2})).await;
    let to = json!(["partners@contoso.com", "AGENCY@fabrikam.example", "nobody@contoso.com", "PARTNERS@contoso.com"]);
    let id = accepted(&practice, json!({"authenticatedUser": DIEGO, "recipients": to})).await;
    assert!(restriction(&practice, DIEGO).await.is_none(), "two inside");
    let rows = practice.rows("Get-MessageTraceV2", json!({"MessageTraceId": id})).await;
    let found: Vec<String> = rows
        .iter()
        .map(|row| format!("{} {}", row["RecipientAddress"].as_str().unwrap(), row["Status"].as_str().unwrap()))
        .collect();
    let expected = [
        "agency@fabrikam.example Delivered",
        "nobody@contoso.com Failed",
        "partners@contoso.com Expanded",
        "patti.fernandez@contoso.com Delivered",
        "press@adatum.example Delivered",
    ];
    assert_eq!(found, expected);
    for status in ["Expanded", "Failed", "Pending"] {
        let rows = practice.rows("Get-MessageTraceV2", json!({"Status": status})).await;
        assert_eq!(rows.len(), expected.iter().filter(|row| row.ends_with(status)).count(), "{status}");
    }
    let dynamic = json!({"authenticatedUser": "lee.gu@contoso.com", "recipients": ["field.staff@contoso.com"]});
    let id = accepted(&practice, dynamic).await;
    let rows = practice.rows("Get-MessageTraceV2", json!({"MessageTraceId": id})).await;
    assert_eq!(texts(&rows, "Status"), ["Expanded"]);
}

#[tokio::test]
async fn the_organization_has_limits_too() {
    let trial = Options { scenario: Scenario::Empty, licences: 0, ..Options::default() };
    let practice = Practice::open_with(trial).await;
    without_policy_limits(&practice).await;
    // A group with two members outside counts as two here, and as none of theirs.
    accepted(&practice, json!({"authenticatedUser": DIEGO, "recipients": ["partners@contoso.com"]})).await;
    for _ in 0..9 {
        accepted(&practice, to_outside(DIEGO, 500)).await;
    }
    accepted(&practice, to_outside("lee.gu@contoso.com", 497)).await;
    accepted(&practice, to_outside("lee.gu@contoso.com", 1)).await;
    for user in [DIEGO, "lee.gu@contoso.com"] {
        assert!(refused(&practice, to_outside(user, 1)).await.starts_with("550 5.7.232 "), "{user}");
        accepted(&practice, json!({"authenticatedUser": user, "recipients": inside(0..1)})).await;
        assert!(restriction(&practice, user).await.is_none());
    }
    let one = Options { scenario: Scenario::Empty, licences: 1, ..Options::default() };
    let practice = Practice::open_with(one).await;
    without_policy_limits(&practice).await;
    for user in [DIEGO, "lee.gu@contoso.com"] {
        for _ in 0..10 {
            accepted(&practice, to_outside(user, 500)).await;
        }
    }
    assert!(refused(&practice, to_outside(DIEGO, 1)).await.starts_with("550 5.7.233 "));
}

#[tokio::test]
async fn the_initial_domain_has_a_limit_of_its_own() {
    let practice = Practice::open(Scenario::Empty).await;
    let megan = |from: &str, count| {
        json!({"authenticatedUser": "megan.bowen@contoso.onmicrosoft.com", "from": from,
        "recipients": outside(0..count)})
    };
    accepted(&practice, megan("megan.bowen@contoso.onmicrosoft.com", 100)).await;
    assert!(refused(&practice, megan("MEGAN.BOWEN@contoso.onmicrosoft.com", 1)).await.starts_with("550 5.7.236 "));
    accepted(&practice, megan("megan.bowen@contoso.com", 1)).await;
}

#[tokio::test]
async fn a_restricted_connector_lets_nothing_in_until_it_is_unblocked() {
    let mut practice = Practice::standard().await;
    let relayed = json!({"connector": "On-premises relay to Microsoft 365", "from": "erp@contoso.com",
        "recipients": outside(0..1)});
    let said = refused(&practice, relayed.clone()).await;
    assert_eq!(said, "550 5.7.711 Access denied, bad inbound connector. AS(2204).");
    let restricted = practice.rows("Get-BlockedConnector", json!({})).await;
    let relay = restricted.iter().find(|row| row["ConnectorName"] == relayed["connector"]).unwrap();
    practice.invoke("Remove-BlockedConnector", json!({"ConnectorId": relay["ConnectorId"]})).await;
    practice.later(44).await;
    refused(&practice, relayed.clone()).await;
    practice.later(1).await;
    accepted(&practice, relayed).await;
    let foreign =
        json!({"connector": "Head office scanners", "from": "ann@fabrikam.example", "recipients": outside(0..1)});
    assert!(refused(&practice, foreign).await.starts_with("550 5.7.64 "));
}

#[tokio::test]
async fn the_thirty_first_message_of_a_minute_waits() {
    let practice = Practice::open(Scenario::Empty).await;
    for _ in 0..30 {
        accepted(&practice, to_outside(DIEGO, 1)).await;
    }
    let said = submit(&practice, to_outside(DIEGO, 1)).await;
    assert_eq!(said, json!({"outcome": "delayed", "until": "2026-11-23T08:01:00.0000000+00:00"}));
    accepted(&practice, to_outside("lee.gu@contoso.com", 1)).await;
    practice.pass(1);
    accepted(&practice, to_outside(DIEGO, 1)).await;
    let rows = practice.rows("Get-MessageTraceV2", json!({"SenderAddress": DIEGO})).await;
    assert_eq!(rows.len(), 31, "what waited is counted once");
}

#[tokio::test]
async fn what_the_story_tells_of_the_last_day_is_counted_too() {
    let practice = Practice::standard().await;
    lift(&practice, "johanna.lorenz@contoso.com").await;
    let said = refused(&practice, to_outside("johanna.lorenz@contoso.com", 1)).await;
    assert!(said.starts_with("550 5.1.90 "), "the recipient rate is used up, whoever unblocks: {said}");
    practice.pass(24 * 60);
    accepted(&practice, to_outside("johanna.lorenz@contoso.com", 1)).await;
    accepted(&practice, to_outside(DIEGO, 1)).await;
}

#[tokio::test]
async fn wrong_submissions_are_told_what_is_wrong() {
    let practice = Practice::standard().await;
    for (wrong, says) in [
        (json!({"recipients": outside(0..1)}), "either an authenticatedUser or a connector"),
        (json!({"authenticatedUser": DIEGO, "connector": "x", "recipients": outside(0..1)}), "either"),
        (json!({"authenticatedUser": "nobody@contoso.com", "recipients": outside(0..1)}), "nobody has"),
        (json!({"authenticatedUser": DIEGO, "recipients": []}), "give a recipient"),
        (json!({"authenticatedUser": DIEGO, "recipients": ["ann"]}), "'ann' is not an address"),
        (json!({"authenticatedUser": DIEGO, "recipients": outside(0..1), "subject": "x".repeat(999)}), "998"),
        (json!({"connector": "None", "from": DIEGO, "recipients": outside(0..1)}), "no inbound connector"),
        (json!({"connector": "Head office scanners", "recipients": outside(0..1)}), "whom it is from"),
    ] {
        let reply = practice.control(Method::POST, "submissions", wrong.clone()).await;
        let (status, text) = (reply.status(), reply.text().await.unwrap());
        assert!(status == 400 && text.contains(says), "{wrong}: {text}");
    }
    let many = json!({"authenticatedUser": DIEGO, "recipients": outside(0..501)});
    assert!(refused(&practice, many).await.starts_with("550 5.5.3 "));
}
