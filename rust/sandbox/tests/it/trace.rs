//! The message trace agrees with the figures of the restrictions.

use std::collections::HashSet;

use crate::practice::{texts, Practice};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

fn figure(reason: &str, key: &str) -> usize {
    let found = reason.split(';').find_map(|part| part.strip_prefix(key)?.strip_prefix('=')?.parse().ok());
    found.unwrap_or_else(|| panic!("no {key} in {reason}"))
}

async fn restriction(practice: &Practice, sender: &str) -> Value {
    practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": sender})).await.remove(0)
}

/// All rows, page by page.
async fn trace(practice: &Practice, parameters: &Value) -> Vec<Value> {
    let (mut rows, mut url) = (Vec::new(), practice.command());
    loop {
        let reply = practice.request(&url, "Get-MessageTraceV2", parameters).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        let page = crate::practice::json_of(reply).await;
        rows.extend(page["value"].as_array().unwrap().clone());
        match page["@odata.nextLink"].as_str() {
            Some(next) => next.clone_into(&mut url),
            None => return rows,
        }
    }
}

/// What was sent in the 24 hours before a time.
async fn day_before(practice: &Practice, end: &Value, mut parameters: Value) -> Vec<Value> {
    let end = end.as_str().unwrap();
    let day = &end[8..10].parse::<u32>().unwrap() - 1;
    parameters["StartDate"] = format!("{}{day:02}{}", &end[..8], &end[10..]).into();
    parameters["EndDate"] = end.into();
    parameters["ResultSize"] = 5000.into();
    trace(practice, &parameters).await
}

#[tokio::test]
async fn spam_and_mail_are_as_many_as_the_restriction_says() {
    let practice = Practice::standard().await;
    for (sender, from) in [
        ("adele.vance@contoso.com", "203.0.113.45"),
        ("megan.bowen@contoso.onmicrosoft.com", "2001:db8:51::1f"),
        ("scanner@print.contoso.com", "198.51.100.77"),
        ("isaiah.langer@contoso.com", "198.51.100.201"),
    ] {
        let restriction = restriction(&practice, sender).await;
        let reason = restriction["Reason"].as_str().unwrap();
        let rows = day_before(&practice, &restriction["CreatedDatetime"], json!({"SenderAddress": sender})).await;
        assert_eq!(rows.len(), figure(reason, "OutboundMailLast24Hours"), "{sender}");
        let spam: Vec<&Value> = rows.iter().filter(|row| row["FromIP"] == from).collect();
        let is_all = sender.starts_with("scanner");
        let expected = figure(reason, if is_all { "OutboundMailLast24Hours" } else { "OutboundSpamLast24Hours" });
        assert_eq!(spam.len(), expected, "{sender}");
        let subjects: HashSet<&str> = spam.iter().map(|row| row["Subject"].as_str().unwrap()).collect();
        assert_eq!(subjects.len(), 1, "{subjects:?}");
        let id = reason.split("MessagetraceId:").nth(1).unwrap().split(';').next().unwrap();
        let narrow = json!({"SenderAddress": sender, "MessageTraceId": id});
        let last = day_before(&practice, &restriction["CreatedDatetime"], narrow).await;
        assert_eq!(last, [rows[0].clone()], "the newest is the one the restriction names");
    }
}

#[tokio::test]
async fn recipients_of_the_day_are_as_many_as_the_restriction_says() {
    let practice = Practice::standard().await;
    for sender in ["alex.wilber@contoso.com", "news@contoso.com"] {
        let restriction = restriction(&practice, sender).await;
        let reason = restriction["Reason"].as_str().unwrap();
        let block = restriction["CreatedDatetime"].as_str().unwrap();
        let window = json!({"SenderAddress": [sender], "ResultSize": 5000,
            "StartDate": format!("{}T00:00:00Z", &block[..10]), "EndDate": block});
        let rows = trace(&practice, &window).await;
        let inside = rows.iter().filter(|row| row["RecipientAddress"].as_str().unwrap().ends_with("@contoso.com"));
        let inside = inside.count();
        assert_eq!(inside, figure(reason, "InternalRecipientCountToday"), "{sender}");
        assert_eq!(rows.len() - inside, figure(reason, "ExternalRecipientCountToday"), "{sender}");
    }
}

#[tokio::test]
async fn a_client_goes_on_block_by_block_and_misses_nothing() {
    let practice = Practice::standard().await;
    let sender = "johanna.lorenz@contoso.com";
    let restriction = restriction(&practice, sender).await;
    let mut question = json!({"SenderAddress": sender, "ResultSize": 777,
        "StartDate": "2026-11-22T00:00:00Z", "EndDate": restriction["CreatedDatetime"]});
    let mut seen = HashSet::new();
    loop {
        let rows = practice.rows("Get-MessageTraceV2", question.clone()).await;
        let times = texts(&rows, "Received");
        assert!(times.is_sorted_by(|newer, older| newer >= older));
        for row in &rows {
            let key = format!("{} {}", row["MessageTraceId"], row["RecipientAddress"]);
            assert!(seen.insert(key), "{row} twice");
        }
        let Some(last) = rows.last() else { break };
        question["EndDate"] = last["Received"].clone();
        question["StartingRecipientAddress"] = last["RecipientAddress"].clone();
    }
    assert_eq!(seen.len(), figure(restriction["Reason"].as_str().unwrap(), "RecipientCountLast24Hours"));
}

#[tokio::test]
async fn the_newsletter_goes_out_on_mondays() {
    let practice = Practice::standard().await;
    for monday in ["2026-11-16", "2026-11-09"] {
        let window = json!({"SenderAddress": "Johanna.Lorenz@contoso.com", "Subject": "weekly",
            "StartDate": format!("{monday}T00:00:00Z"), "EndDate": format!("{monday}T23:00:00Z"), "ResultSize": 5000});
        let rows = trace(&practice, &window).await;
        assert!((4000..4600).contains(&rows.len()), "{}", rows.len());
        assert!(rows.iter().all(|row| row["Received"].as_str().unwrap().starts_with(&format!("{monday}T08:0"))));
        assert!(rows.iter().all(|row| row["FromIP"] == "198.51.100.40"));
    }
    let tuesday = json!({"SenderAddress": "johanna.lorenz@contoso.com",
        "StartDate": "2026-11-17T00:00:00Z", "EndDate": "2026-11-21T00:00:00Z"});
    assert!(practice.rows("Get-MessageTraceV2", tuesday).await.is_empty());
}

#[tokio::test]
async fn what_a_connector_relayed() {
    let practice = Practice::standard().await;
    let restricted = practice.rows("Get-BlockedConnector", json!({})).await;
    for (name, from, key) in [
        ("On-premises relay to Microsoft 365", "203.0.113.45", "OutboundSpamLast24Hours"),
        ("Fabrikam newsletter service", "198.51.100.60", "ExternalRecipientCountToday"),
    ] {
        let connector = restricted.iter().find(|row| row["ConnectorName"] == name).unwrap();
        let rows = day_before(&practice, &connector["CreatedTime"], json!({"FromIP": from})).await;
        let outside = rows.iter().filter(|row| row["RecipientAddress"].as_str().unwrap().ends_with(".example"));
        assert_eq!(outside.count(), figure(connector["Reason"].as_str().unwrap(), key), "{name}");
    }
}

#[tokio::test]
async fn filters_and_windows() {
    let practice = Practice::standard().await;
    let count = |parameters: Value| {
        let practice = &practice;
        async move { practice.rows("Get-MessageTraceV2", parameters).await.len() }
    };
    let adele = "adele.vance@contoso.com";
    assert!(count(json!({"SenderAddress": adele, "Subject": "INVOICE"})).await > 0);
    assert_eq!(
        count(json!({"SenderAddress": adele, "Subject": "invoice", "SubjectFilterType": "StartsWith"})).await,
        0
    );
    assert_eq!(count(json!({"SenderAddress": adele, "Status": "Failed"})).await, 0);
    assert_eq!(count(json!({"SenderAddress": adele, "RecipientAddress": "nobody@fabrikam.example"})).await, 0);
    for (parameters, status) in [
        (json!({"StartDate": "2026-11-01", "EndDate": "2026-11-12"}), 400),
        (json!({"StartDate": "2026-08-01", "EndDate": "2026-08-02"}), 400),
        (json!({"StartDate": "2026-11-02", "EndDate": "2026-11-01"}), 400),
        (json!({"ResultSize": 5001}), 400),
        (json!({"Status": "Lost"}), 400),
    ] {
        assert_eq!(practice.refusal("Get-MessageTraceV2", parameters.clone()).await.0, status, "{parameters}");
    }
    let large = Practice::open(Scenario::Large).await;
    assert!(large.rows("Get-MessageTraceV2", json!({})).await.is_empty());
}

#[tokio::test]
async fn a_hundred_requests_in_five_minutes() {
    let practice = Practice::open(Scenario::Empty).await;
    for _ in 0..100 {
        assert_eq!(practice.invoke("Get-MessageTraceV2", json!({})).await.status(), 200);
    }
    let reply = practice.invoke("Get-MessageTraceV2", json!({})).await;
    assert_eq!((reply.status().as_u16(), &reply.headers()["retry-after"]), (429, &"300".parse().unwrap()));
    practice.pass(4);
    let reply = practice.invoke("Get-MessageTraceV2", json!({})).await;
    assert_eq!((reply.status().as_u16(), &reply.headers()["retry-after"]), (429, &"60".parse().unwrap()));
    practice.pass(1);
    assert_eq!(practice.invoke("Get-MessageTraceV2", json!({})).await.status(), 200);
}
