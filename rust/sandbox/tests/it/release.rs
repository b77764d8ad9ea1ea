//! Releases that do not go as usual: slow ones, ones that do not last, reads that waver, replies that get lost, and the
//! last unblock.

use crate::practice::{json_of, refusal_of, Practice, MINUTE};
use reqwest::Method;
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

const ADELE: &str = "adele.vance@contoso.com";
const ALEX: &str = "alex.wilber@contoso.com";
const DAY: u64 = 24 * 60;

/// How the next reads see an address, one after the other.
async fn reads(practice: &Practice, address: &str, count: usize) -> Vec<bool> {
    let mut seen = Vec::new();
    for _ in 0..count {
        seen.push(practice.is_listed(address).await);
    }
    seen
}

#[tokio::test]
async fn a_slow_release_takes_as_long_as_planned_and_others_do_not() {
    for mut practice in Practice::both().await {
        practice.order("releases", json!({"senderAddress": "Adele.Vance@contoso.com", "afterSeconds": 90_000})).await;
        practice.remove(ADELE).await;
        practice.remove(ALEX).await;
        practice.pass(30);
        assert!(practice.is_listed(ADELE).await && !practice.is_listed(ALEX).await);
        practice.later(DAY + 29).await;
        assert!(practice.is_listed(ADELE).await);
        practice.pass(1);
        assert!(!practice.is_listed(ADELE).await);
    }
}

#[tokio::test]
async fn a_connectors_release_can_be_slow_too() {
    let mut practice = Practice::standard().await;
    let id = practice.connector_ids().await[0].clone();
    practice.order("releases", json!({"connectorId": id, "afterSeconds": 90_000})).await;
    assert_eq!(practice.invoke("Remove-BlockedConnector", json!({"ConnectorId": id})).await.status(), 204);
    practice.later(DAY + 59).await;
    assert!(practice.connector_ids().await.contains(&id));
    practice.pass(1);
    assert!(!practice.connector_ids().await.contains(&id));
}

#[tokio::test]
async fn a_release_that_does_not_last() {
    for mut practice in Practice::both().await {
        let before = practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": ADELE})).await[0].clone();
        practice.order("releases", json!({"senderAddress": ADELE, "returnsAfterSeconds": 10 * MINUTE})).await;
        practice.remove(ADELE).await;
        practice.pass(30);
        assert!(!practice.is_listed(ADELE).await);
        practice.pass(9);
        assert!(!practice.is_listed(ADELE).await);
        practice.pass(1);
        let back = practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": ADELE})).await[0].clone();
        assert_eq!(back["Reason"], before["Reason"]);
        assert_eq!(back["CreatedDatetime"], "2026-11-23T08:40:00.0000000+00:00", "another restriction");

        // Every time, until the plan is taken back.
        practice.remove(ADELE).await;
        practice.later(60).await;
        assert!(practice.is_listed(ADELE).await);
        let taken_back = || practice.control(Method::DELETE, "releases", json!({"senderAddress": ADELE}));
        assert_eq!(taken_back().await.status(), 204);
        assert_eq!(taken_back().await.status(), 404);
        practice.remove(ADELE).await;
        practice.later(DAY).await;
        assert!(!practice.is_listed(ADELE).await);
    }
}

#[tokio::test]
async fn leaving_and_coming_back_happen_at_their_times_even_if_nobody_looks() {
    let mut practice = Practice::standard().await;
    practice.order("releases", json!({"senderAddress": ADELE, "returnsAfterSeconds": 10 * MINUTE})).await;
    practice.remove(ADELE).await;
    practice.later(7 * DAY).await;
    let back = practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": ADELE})).await[0].clone();
    assert_eq!(back["CreatedDatetime"], "2026-11-23T08:40:00.0000000+00:00");
}

#[tokio::test]
async fn one_who_was_restricted_again_meanwhile_does_not_come_back_twice() {
    let practice = Practice::standard().await;
    practice.order("releases", json!({"senderAddress": ADELE, "returnsAfterSeconds": 10 * MINUTE})).await;
    practice.remove(ADELE).await;
    practice.pass(31);
    practice.order("restrictions", json!({"senderAddress": ADELE, "reason": "another"})).await;
    practice.pass(20);
    let rows = practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": ADELE})).await;
    assert_eq!((rows.len(), &rows[0]["Reason"]), (1, &json!("another")));
}

#[tokio::test]
async fn one_whom_another_admin_took_off_does_not_come_back() {
    let practice = Practice::standard().await;
    let adele = json!({"senderAddress": ADELE});
    practice.order("releases", json!({"senderAddress": ADELE, "returnsAfterSeconds": 10 * MINUTE})).await;
    practice.remove(ADELE).await;
    assert_eq!(practice.control(Method::DELETE, "restrictions", adele).await.status(), 204);
    practice.pass(50);
    assert!(!practice.is_listed(ADELE).await);
}

#[tokio::test]
async fn reads_waver_while_an_entry_is_leaving_and_only_then() {
    for practice in Practice::both().await {
        practice.order("releases", json!({"senderAddress": ALEX, "missedReads": 2})).await;
        assert_eq!(reads(&practice, ALEX, 3).await, [true; 3]);
        practice.remove(ALEX).await;
        assert_eq!(reads(&practice, ALEX, 6).await, [false, false, true, false, false, true]);
        // A list is a read of everybody in it; of others it says nothing.
        let listed = || practice.rows("Get-BlockedSenderAddress", json!({}));
        let sizes = [listed().await.len(), listed().await.len(), listed().await.len()];
        assert_eq!(sizes, [7, 7, 8]);
        // Who reads the connectors reads nothing about senders.
        assert!(!practice.is_listed(ALEX).await);
        practice.connector_ids().await;
        assert_eq!(reads(&practice, ALEX, 2).await, [false, true]);
        // An entry that a read missed is still being unblocked.
        assert!(!practice.is_listed(ALEX).await);
        let reply = practice.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": ALEX})).await;
        assert_eq!(json_of(reply).await["@adminapi.warnings"].as_array().unwrap().len(), 1);
        practice.pass(30);
        assert_eq!(reads(&practice, ALEX, 4).await, [false; 4]);
    }
}

#[tokio::test]
async fn the_pages_of_one_answer_agree_about_a_wavering_entry() {
    let practice = Practice::standard().await;
    practice.order("releases", json!({"senderAddress": "isaiah.langer@contoso.com", "missedReads": 1})).await;
    practice.order("unblocks", json!({"senderAddress": "isaiah.langer@contoso.com", "count": 0})).await;
    practice.remove("isaiah.langer@contoso.com").await;
    for expected in [7, 8, 7] {
        let (mut url, mut found) = (practice.command(), 0);
        loop {
            let request = practice.request(&url, "Get-BlockedSenderAddress", &json!({}));
            let body = json_of(request.header("prefer", "odata.maxpagesize=2").send().await.unwrap()).await;
            found += body["value"].as_array().unwrap().len();
            match body["@odata.nextLink"].as_str() {
                Some(next) => url = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn the_lost_reply_of_one_sender_is_nobody_elses() {
    for practice in Practice::both().await {
        let order = json!({"match": "Remove-BlockedSenderAddress", "senderAddress": ADELE.to_uppercase(),
            "fault": {"kind": "lose-reply"}});
        practice.fault(order).await;
        practice.remove(ALEX).await;
        let adele = json!({"SenderAddress": ADELE});
        let lost = practice.request(&practice.command(), "Remove-BlockedSenderAddress", &adele).send().await;
        assert!(lost.is_err());
        practice.pass(30);
        assert!(!practice.is_listed(ADELE).await, "it took effect");
    }
}

#[tokio::test]
async fn the_last_unblock_can_be_anyones() {
    for practice in Practice::both().await {
        practice.order("unblocks", json!({"senderAddress": "Adele.Vance@Contoso.com", "count": 2})).await;
        practice.remove(ADELE).await;
        let remove =
            |address: &'static str| practice.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": address}));
        let (status, exception, message) = refusal_of(remove(ADELE).await).await;
        assert_eq!((status, exception.as_str()), (400, "UnblockLimitExceededException"));
        assert!(message.contains(ADELE), "{message}");
        practice.order("settings", json!({"unblockBudget": 5})).await;
        assert_eq!([remove(ADELE).await.status(), remove(ADELE).await.status()], [200, 200]);
        assert_eq!(remove(ADELE).await.status(), 400);
        practice.order("settings", json!({"unblockBudget": 0})).await;
        assert_eq!(remove(ALEX).await.status(), 400);
    }
}

#[tokio::test]
async fn a_difficult_tenant() {
    let mut practice = Practice::open(Scenario::Difficult).await;
    let connectors = practice.connector_ids().await;
    for address in [ADELE, "megan.bowen@contoso.onmicrosoft.com", ALEX, "Johanna.Lorenz@Contoso.com"] {
        practice.remove(address).await;
    }
    practice.invoke("Remove-BlockedConnector", json!({"ConnectorId": connectors[0]})).await;
    let second = practice.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": "johanna.lorenz@contoso.com"}));
    assert_eq!(second.await.status(), 400, "it was the last one");
    let obrien = json!({"SenderAddress": "o'brien@contoso.com"});
    assert!(practice.request(&practice.command(), "Remove-BlockedSenderAddress", &obrien).send().await.is_err());
    assert_eq!(reads(&practice, ALEX, 4).await, [false, true, false, true]);

    practice.pass(31);
    let gone = ["megan.bowen@contoso.onmicrosoft.com", ALEX, "o'brien@contoso.com", "johanna.lorenz@contoso.com"];
    for address in gone {
        assert!(!practice.is_listed(address).await, "{address}");
    }
    practice.pass(9);
    assert!(practice.is_listed("megan.bowen@contoso.onmicrosoft.com").await, "back again");
    practice.later(DAY + 19).await;
    assert!(practice.is_listed(ADELE).await && practice.connector_ids().await.contains(&connectors[0]));
    practice.pass(1);
    assert!(!practice.is_listed(ADELE).await && !practice.connector_ids().await.contains(&connectors[0]));
}

#[tokio::test]
async fn the_control_plane_from_rust() {
    let practice = Practice::standard().await;
    let control = |method, what, body: Value| practice.sandbox.control(method, what, &body);
    let plan = json!({"senderAddress": ADELE, "afterSeconds": 0});
    assert_eq!(control("POST", "releases", plan), Ok(Value::Null));
    practice.remove(ADELE).await;
    assert!(!practice.is_listed(ADELE).await);
    assert_eq!(control("GET", "clock", Value::Null), Ok(json!({"now": "2026-11-23T08:00:00.0000000+00:00"})));
    let all = control("GET", "requests", Value::Null).unwrap().as_array().unwrap().len();
    assert_eq!(control("GET", "requests?after=1", Value::Null).unwrap().as_array().unwrap().len(), all - 1);
    let error = control("POST", "releases", json!({})).unwrap_err();
    assert!(error.contains("either a sender's address or a connector"), "{error}");
    assert!(control("GET", "nonsense", Value::Null).unwrap_err().contains("see the README"));
}

#[tokio::test]
async fn plans_that_make_no_sense() {
    let practice = Practice::standard().await;
    for (what, body) in [
        ("releases", json!({"afterSeconds": 1})),
        ("releases", json!({"senderAddress": ADELE, "connectorId": "x"})),
        ("releases", json!({"connectorId": "x"})),
        ("releases", json!({"senderAddress": ADELE, "afterSeconds": -1})),
        ("releases", json!({"senderAddress": ADELE, "after": 1})),
        ("unblocks", json!({"senderAddress": ADELE})),
        ("unblocks", json!({"senderAddress": ADELE, "count": -1})),
        ("unblocks", json!({"count": 1})),
        ("settings", json!({"unblockBudget": "three"})),
        ("faults", json!({"match": "*", "senderAddress": 7, "fault": {"kind": "drop"}})),
    ] {
        let reply = practice.control(Method::POST, what, body.clone()).await;
        assert_eq!(reply.status(), 400, "{what} {body}");
        assert!(json_of(reply).await["error"].as_str().unwrap().len() > 20);
    }
    assert_eq!(practice.control(Method::PUT, "releases", json!({})).await.status(), 405);
}
