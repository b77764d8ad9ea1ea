//! Mail handed over by SMTP, over real sockets.

use std::collections::HashSet;

use crate::practice::mail::{password, plain, Client};
use crate::practice::{json_of, texts, Practice};
use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use reqwest::Method;
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

const DIEGO: &str = "diego.siciliani@contoso.com";
const SCANNERS: &str = "198.51.100.11";
const BAD_SENDER: &str = "550 5.1.8 Access denied, bad outbound sender AS(42004)";

fn outside(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("customer{number}@fabrikam.example")).collect()
}

fn text(subject: &str) -> String {
    format!("From: Diego <{DIEGO}>\r\nSubject: {subject}\r\nMessage-ID: <1@contoso.com>\r\n\r\nHello")
}

async fn trace(practice: &Practice) -> Vec<Value> {
    practice.rows("Get-MessageTraceV2", json!({"StartDate": "2026-11-23T07:59:59Z", "ResultSize": 5000})).await
}

#[tokio::test]
async fn a_message_is_handed_over_and_traced() {
    let practice = Practice::open(Scenario::Empty).await;
    let mut client = Client::connect(&practice).await;
    client.expect("MAIL FROM:<ann@contoso.com>", "503").await;
    let extensions = client.say("EHLO test").await;
    assert!(extensions.ends_with("\n250 STARTTLS") && extensions.contains("\n250-PIPELINING\n"), "{extensions}");
    assert!(extensions.contains("\n250-SIZE 36700160\n"), "{extensions}");
    client.expect(&plain(DIEGO, "x"), "504").await;
    client.expect("MAIL FROM:<diego.siciliani@contoso.com>", "530 5.7.57").await;

    let mut client = Client::secure(&practice, None).await;
    let extensions = client.say("EHLO test").await;
    assert!(extensions.ends_with("\n250 AUTH LOGIN PLAIN"), "{extensions}");
    client.expect("STARTTLS", "503").await;
    client.expect(&plain(DIEGO, &password(&practice, DIEGO).await), "235").await;
    client.expect("RCPT TO:<customer0@fabrikam.example>", "503").await;
    client.expect("MAIL FROM:<diego.siciliani@contoso.com> SIZE=100 BODY=8BITMIME", "250").await;
    client.expect("DATA", "503").await;
    client.expect("RCPT TO:<customer0@fabrikam.example>", "250").await;
    client.expect("RCPT TO:<partners@contoso.com>", "250").await;
    client.expect("DATA", "354").await;
    let reply = client.say(&format!("{}\r\n..\r\n.", text("A question\r\n about it"))).await;
    let id = reply.strip_prefix("250 2.0.0 OK ").unwrap().split(' ').next().unwrap().to_owned();
    client.expect("QUIT", "221").await;
    assert_eq!(client.reply().await, "");

    let rows = trace(&practice).await;
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row["MessageTraceId"] == id.as_str() && row["SenderAddress"] == DIEGO));
    assert_eq!((&rows[0]["Subject"], &rows[0]["FromIP"]), (&json!("A question about it"), &json!("127.0.0.1")));
    assert_eq!(rows[0]["MessageId"], "<1@contoso.com>");
    assert_eq!(rows[0]["Size"], text("A question\r\n about it").len() + "\r\n.\r\n".len());
}

#[tokio::test]
async fn signing_in() {
    let practice = Practice::open(Scenario::Empty).await;
    let right = password(&practice, DIEGO).await;
    let mut client = Client::secure(&practice, None).await;
    client.expect("AUTH CRAM-MD5", "504").await;
    client.expect("AUTH LOGIN", "334 VXNlcm5hbWU6").await;
    client.expect("*", "501").await;
    client.expect(&format!("AUTH LOGIN {}", STANDARD.encode(DIEGO)), "334 UGFzc3dvcmQ6").await;
    client.expect("not Base64!", "501").await;
    client.expect("AUTH LOGIN", "334").await;
    client.expect(&STANDARD.encode(DIEGO.to_uppercase()), "334").await;
    client.expect(&STANDARD.encode(&right), "235").await;
    client.expect(&plain(DIEGO, &right), "503").await;

    let mut client = Client::secure(&practice, None).await;
    client.expect("AUTH PLAIN", "334 ").await;
    client.expect(&STANDARD.encode(format!("\0{DIEGO}\0{right}")), "235").await;

    let mut client = Client::secure(&practice, None).await;
    let account = practice.control(Method::GET, &format!("accounts/{DIEGO}"), Value::Null).await;
    let id = json_of(account).await["id"].as_str().unwrap().to_owned();
    for (user, wrong) in [(DIEGO, "wrong"), ("nobody@contoso.com", right.as_str())] {
        assert_eq!(client.say(&plain(user, wrong)).await, "535 5.7.3 Authentication unsuccessful");
    }
    let last = client.say(&plain(&id, &right)).await;
    assert!(last.starts_with("535"), "an identifier is no name: {last}");
    assert!(client.reply().await.starts_with("421 4.7.0"), "three are enough");
    assert_eq!(client.reply().await, "");

    // A new password ends the first one, and one that must be changed opens nothing.
    let token = practice.graph_token().await;
    let url = format!("{}/graph/v1.0/users/{DIEGO}", practice.base);
    let patch = |body: Value| practice.client.patch(&url).bearer_auth(&token).json(&body).send();
    for (must_change, code) in [(true, "535 5.7.3"), (false, "235")] {
        let profile = json!({"passwordProfile": {"password": "Correct-Horse-1",
            "forceChangePasswordNextSignIn": must_change}});
        assert_eq!(patch(profile).await.unwrap().status(), 204);
        let mut client = Client::secure(&practice, None).await;
        client.expect(&plain(DIEGO, &right), "535 5.7.3").await;
        client.expect(&plain(DIEGO, "Correct-Horse-1"), code).await;
    }
    // Diego signs in and chooses his own, which the directory must take.
    for (chosen, status) in [("simple", 400), ("Battery-Staple-2", 204)] {
        let reply = practice.control(Method::POST, &format!("accounts/{DIEGO}"), json!({"password": chosen})).await;
        assert_eq!(reply.status(), status);
    }
    let mut client = Client::secure(&practice, None).await;
    client.expect(&plain(DIEGO, "Battery-Staple-2"), "235").await;
    assert_eq!(patch(json!({"accountEnabled": false})).await.unwrap().status(), 204);
    let mut client = Client::secure(&practice, None).await;
    client.expect(&plain(DIEGO, "Battery-Staple-2"), "535 5.7.139").await;

    let standalone = Practice::open(Scenario::Standalone).await;
    let mut client = Client::secure(&standalone, None).await;
    client.expect(&plain(DIEGO, &password(&standalone, DIEGO).await), "535 5.7.139").await;
}

#[tokio::test]
async fn until_blocked_and_after_the_unblock_again() {
    let mut practice = Practice::open(Scenario::Empty).await;
    practice.order("outbound-policies", json!({"name": "Default", "recipientLimitExternalPerHour": 6})).await;
    let mut client = Client::of_user(&practice, DIEGO).await;
    for _ in 0..3 {
        assert!(client.message(DIEGO, &outside(2), &text("Offer")).await.starts_with("250 "));
    }
    assert!(client.message(DIEGO, &outside(1), &text("Offer")).await.starts_with("250 "));
    assert_eq!(client.message(DIEGO, &outside(1), &text("Offer")).await, BAD_SENDER);
    let restricted = practice.rows("Get-BlockedSenderAddress", json!({})).await;
    assert_eq!(texts(&restricted, "SenderAddress"), [DIEGO]);
    assert!(restricted[0]["Reason"].as_str().unwrap().contains("ExternalRecipientCountToday=7;"));
    assert_eq!(trace(&practice).await.len(), 7, "what was refused is not in it");
    practice.remove(DIEGO).await;
    practice.later(30).await;
    let mut client = Client::of_user(&practice, DIEGO).await;
    assert!(client.message(DIEGO, &outside(1), &text("Offer")).await.starts_with("250 "));
    assert_eq!(trace(&practice).await.len(), 8);
}

#[tokio::test]
async fn in_whose_name() {
    let practice = Practice::standard().await;
    let mut client = Client::of_user(&practice, DIEGO).await;
    let other = "lee.gu@contoso.com";
    let denied = format!("554 5.2.252 SendAsDenied; {DIEGO} not allowed to send as {other}");
    assert_eq!(client.message(DIEGO, &outside(1), &text("x").replace(DIEGO, other)).await, denied);
    assert_eq!(client.message(other, &outside(1), &text("x")).await, denied);
    assert!(client.message("diego@contoso.com", &outside(1), &text("x")).await.starts_with("250 "), "an alias");
    assert!(client.message(DIEGO, &outside(1), "Subject: without a sender\r\n\r\n").await.starts_with("250 "));
    assert!(client.message("", &outside(1), &text("a report")).await.starts_with("250 "));
    assert_eq!(trace(&practice).await.len(), 3);
}

#[tokio::test]
async fn what_is_too_fast_waits_and_is_counted_once() {
    let practice = Practice::open(Scenario::Empty).await;
    let mut client = Client::of_user(&practice, DIEGO).await;
    for _ in 0..31 {
        assert!(client.message(DIEGO, &outside(1), &text("Hello")).await.starts_with("250 "));
    }
    let times = texts(&trace(&practice).await, "Received");
    assert_eq!(times.len(), 31);
    assert_eq!(times.iter().filter(|time| time.starts_with("2026-11-23T08:01:00")).count(), 1, "the last one waited");
}

#[tokio::test]
async fn who_goes_while_they_wait_takes_their_message_with_them() {
    let practice = Practice::open(Scenario::Empty).await;
    let mut client = Client::of_connector(&practice, SCANNERS).await;
    client.expect("MAIL FROM:<a@contoso.com>", "530").await;
    let mut client = Client::of_user(&practice, DIEGO).await;
    for _ in 0..30 {
        assert!(client.message(DIEGO, &outside(1), &text("Hello")).await.starts_with("250 "));
    }
    // Two work, one of whom could be the one who waits, so the clock does not jump.
    let _busy = [(); 2].map(|()| practice.sandbox.clock().timer());
    client.expect("MAIL FROM:<>", "250").await;
    client.expect("RCPT TO:<customer0@fabrikam.example>", "250").await;
    client.expect("DATA", "354").await;
    client.send(format!("{}\r\n.\r\n", text("Hello")).as_bytes()).await;
    client.leave().await;
    practice.pass(5);
    assert_eq!(trace(&practice).await.len(), 30);
}

#[tokio::test]
async fn commands_sent_together_are_answered_together() {
    let practice = Practice::open(Scenario::Empty).await;
    let mut client = Client::of_user(&practice, DIEGO).await;
    let mail = format!("MAIL FROM:<{DIEGO}>\r\nRCPT TO:<a@fabrikam.example>\r\nRCPT TO:<nonsense>\r\nDATA\r\n");
    client.send(mail.as_bytes()).await;
    for code in ["250", "250", "501", "354"] {
        assert!(client.reply().await.starts_with(code));
    }
    client.send(format!("{}\r\n.\r\n{mail}", text("One")).as_bytes()).await;
    for code in ["250", "250", "250", "501", "354"] {
        assert!(client.reply().await.starts_with(code));
    }
    client.send(format!("{}\r\n.\r\nNOOP\r\nQUIT\r\n", text("Two")).as_bytes()).await;
    for code in ["250", "250", "221", ""] {
        assert!(client.reply().await.starts_with(code));
    }
    assert_eq!(texts(&trace(&practice).await, "RecipientAddress"), ["a@fabrikam.example"; 2]);
}

#[tokio::test]
async fn what_is_sent_in_the_open_ahead_of_tls_is_not_obeyed() {
    let practice = Practice::open(Scenario::Empty).await;
    let mut client = Client::connect(&practice).await;
    client.expect("EHLO test", "250").await;
    client.send(b"STARTTLS\r\nNOOP\r\n").await;
    assert!(client.reply().await.starts_with("220"));
    assert_eq!(client.reply().await, "");
}

#[tokio::test]
async fn nonsense_is_answered_and_too_much_of_it_is_not() {
    let practice = Practice::open(Scenario::Empty).await;
    let mut client = Client::connect(&practice).await;
    client.expect("FLY ME", "500 5.3.3").await;
    client.send(b"NOOP \xff\xfe\0\r\n").await;
    assert!(client.reply().await.starts_with("500 5.5.2"));
    client.send(&[b'x'; 100_000]).await;
    client.expect("", "500 5.5.2 Line too long").await;
    client.expect("NOOP", "250").await;
    client.expect("HELO test", "250").await;
    client.expect("AUTH PLAIN", "504").await;
    for _ in 0..16 {
        client.expect("EHLO", "501").await;
    }
    assert!(client.reply().await.starts_with("421 4.7.0"));
    assert_eq!(client.reply().await, "");
}

#[tokio::test]
async fn messages_that_are_too_large_or_malformed_are_refused_and_the_session_goes_on() {
    let practice = Practice::standard().await;
    let mut client = Client::of_connector(&practice, SCANNERS).await;
    client.expect("MAIL FROM:<mfp@print.contoso.com> SIZE=36700161", "552 5.3.4").await;
    let to = outside(1);
    let from = "mfp@print.contoso.com";
    assert!(client.message(from, &to, "Subject: x\r\n\r\na\nb").await.starts_with("550 5.6.11"));
    let header = format!("Subject: {}\r\n\r\n", "x".repeat(70_000));
    assert!(client.message(from, &to, &header).await.starts_with("552 5.3.4 Header"));
    client.expect("MAIL FROM:<mfp@print.contoso.com>", "250").await;
    client.expect("RCPT TO:<customer0@fabrikam.example>", "250").await;
    client.expect("DATA", "354").await;
    let block = "x".repeat(998) + "\r\n";
    let block = block.repeat(1000);
    for _ in 0..37 {
        client.send(block.as_bytes()).await;
    }
    assert!(client.say(".").await.starts_with("552 5.3.4 Message size"));
    let address = client.say(&format!("RCPT TO:<{}@fabrikam.example>", "x".repeat(400))).await;
    assert!(address.starts_with("501 5.1.3"), "{address}");
    let printed = json!({"SenderAddress": from});
    assert!(practice.rows("Get-MessageTraceV2", printed.clone()).await.is_empty());
    assert!(client.message(from, &to, "Subject: Scan\r\n\r\n").await.starts_with("250 "));
    let rows = practice.rows("Get-MessageTraceV2", printed).await;
    assert_eq!(texts(&rows, "FromIP"), [SCANNERS]);
    client.expect("MAIL FROM:<mfp@print.contoso.com>", "250").await;
    let many: String = (0..1000).map(|number| format!("RCPT TO:<r{number}@fabrikam.example>\r\n")).collect();
    client.send(many.as_bytes()).await;
    for _ in 0..1000 {
        assert!(client.reply().await.starts_with("250 "));
    }
    client.expect("RCPT TO:<r1000@fabrikam.example>", "452 4.5.3").await;
}

#[tokio::test]
async fn whoever_says_nothing_is_sent_away_by_the_tenants_clock() {
    let practice = Practice::open(Scenario::Empty).await;
    let mut client = Client::connect(&practice).await;
    client.expect("EHLO test", "250").await;
    practice.pass(4);
    client.expect("NOOP", "250").await;
    practice.pass(6);
    assert_eq!(client.reply().await, "421 4.4.1 Connection timed out");
    assert_eq!(client.reply().await, "");
}

#[tokio::test]
async fn a_connector_knows_its_server_by_its_certificate() {
    let practice = Practice::standard().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let identity = |name: &str| {
        let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Some((certificate.der().clone(), key))
    };
    let mut client = Client::secure(&practice, identity("unknown.example")).await;
    client.expect("MAIL FROM:<news@contoso.com>", "530").await;
    let mut client = Client::secure(&practice, identity("Mail.Fabrikam.example")).await;
    let refused = client.message("offers@contoso.com", &outside(1), "Subject: Offers\r\n\r\n").await;
    assert_eq!(refused, "550 5.7.711 Access denied, bad inbound connector. AS(2204).");
    let all = practice.rows("Get-BlockedConnector", json!({})).await;
    let id = &all.iter().find(|row| row["ConnectorName"] == "Fabrikam newsletter service").unwrap()["ConnectorId"];
    assert_eq!(practice.control(Method::DELETE, "restrictions", json!({"connectorId": id})).await.status(), 204);
    assert!(client.message("offers@contoso.com", &outside(1), "Subject: Offers\r\n\r\n").await.starts_with("250 "));
    let foreign = client.message("ann@fabrikam.example", &outside(1), "Subject: Offers\r\n\r\n").await;
    assert!(foreign.starts_with("550 5.7.64 "), "{foreign}");
}

#[tokio::test]
async fn a_hundred_clients_at_once_lose_nothing_and_count_nothing_twice() {
    let practice = std::sync::Arc::new(Practice::standard().await);
    let before = trace(&practice).await.len();
    let clients = (0..100).map(|number| {
        let practice = std::sync::Arc::clone(&practice);
        tokio::spawn(async move {
            let from = format!("mfp-{number}@print.contoso.com");
            let mut client = Client::of_connector(&practice, SCANNERS).await;
            let text = format!("From: {from}\r\nSubject: Scan\r\n\r\nPage 1");
            let mut said = vec![client.message(&from, &outside(2), &text).await];
            match number % 10 {
                // Goes in the midst of its second message.
                0 => {
                    client.expect(&format!("MAIL FROM:<{from}>"), "250").await;
                    client.expect("RCPT TO:<customer0@fabrikam.example>", "250").await;
                    client.expect("DATA", "354").await;
                    client.send(b"From: ").await;
                    drop(client);
                }
                // Byte by byte.
                1 => {
                    client.expect(&format!("MAIL FROM:<{from}>"), "250").await;
                    client.expect("RCPT TO:<customer0@fabrikam.example>", "250").await;
                    client.expect("RCPT TO:<customer1@fabrikam.example>", "250").await;
                    client.expect("DATA", "354").await;
                    for byte in format!("{text}\r\n.\r\n").bytes() {
                        client.send(&[byte]).await;
                    }
                    said.push(client.reply().await);
                }
                2 => {
                    client.expect("RSET", "250").await;
                    client.expect("NONSENSE", "500").await;
                }
                _ => said.push(client.message(&from, &outside(2), &text).await),
            }
            said
        })
    });
    let mut ids = HashSet::new();
    for client in clients.collect::<Vec<_>>() {
        for reply in client.await.unwrap() {
            let id = reply.strip_prefix("250 2.0.0 OK ").unwrap().split(' ').next().unwrap().to_owned();
            assert!(ids.insert(id), "{reply}");
        }
    }
    assert_eq!(ids.len(), 180);
    let rows = trace(&practice).await;
    assert_eq!(rows.len(), before + 360);
    let traced: HashSet<String> = rows
        .iter()
        .filter(|row| row["Subject"] == "Scan")
        .map(|row| row["MessageTraceId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(traced, ids);
}

#[tokio::test]
async fn whoever_is_refused_gets_a_report_in_both_forms() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("restrictions", json!({"senderAddress": DIEGO, "reason": "x"})).await;
    let mut client = Client::of_user(&practice, DIEGO).await;
    assert_eq!(client.message(DIEGO, &outside(2), &text("Your order")).await, BAD_SENDER);
    let list = json_of(practice.control(Method::GET, "delivery-reports", Value::Null).await).await;
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!((&list[0]["to"], &list[0]["status"]), (&json!(DIEGO), &json!("5.1.8")));
    let report = |query: &'static str| {
        let url = format!("delivery-reports/{}{query}", list[0]["number"]);
        let practice = &practice;
        async move { practice.control(Method::GET, &url, Value::Null).await.text().await.unwrap() }
    };
    let (failed, more) = (report("").await, report("?template=more-info").await);
    for whole in [&failed, &more] {
        for part in [
            "Return-Path: <>\r\n",
            "X-MS-Exchange-Message-Is-Ndr:\r\n",
            "Auto-Submitted: auto-replied\r\n",
            "Subject: Undeliverable: Your order\r\n",
            "multipart/report; report-type=delivery-status",
            "Reporting-MTA: dns;",
            "Final-Recipient: rfc822;customer1@fabrikam.example\r\nAction: failed\r\nStatus: 5.1.8\r\n\
             Diagnostic-Code: smtp;550 5.1.8 Access denied, bad outbound sender AS(42004)\r\n",
            "Message-ID: <1@contoso.com>\r\nX-MS-Exchange-CrossTenant-Network-Message-Id: ",
            "you weren't recognized as a valid sender",
        ] {
            assert!(whole.contains(part), "no {part} in {whole}");
        }
        assert_eq!(whole.matches("Final-Recipient:").count(), 2);
        assert!(whole.lines().all(|line| line.len() < 998));
    }
    for part in [
        "Delivery has failed to these recipients or groups:",
        "Diagnostic information for administrators:",
        "Generating server: ",
        "Remote Server returned '550 5.1.8 Access denied, bad outbound sender AS(42004)'",
    ] {
        assert!(failed.contains(part) && !more.contains(part), "{part}");
    }
    for part in [
        "More Info for Email Admins",
        "Status code: 550 5.1.8",
        "Error Details",
        "Reported error:",
        "DSN generated by:",
    ] {
        assert!(more.contains(part) && !failed.contains(part), "{part}");
    }
    for (what, status) in [("delivery-reports/99", 404), ("delivery-reports/1?template=pink", 400)] {
        assert_eq!(practice.control(Method::GET, what, Value::Null).await.status(), status, "{what}");
    }
}

#[tokio::test]
async fn reports_of_a_connector_and_of_somebody_unknown() {
    let practice = Practice::standard().await;
    let mut client = Client::of_connector(&practice, "198.51.100.77").await;
    assert!(client
        .message("mfp-07@print.contoso.com", &outside(1), "Subject: Scan\r\n\r\n")
        .await
        .starts_with("550 5.7.711"));
    let mut client = Client::of_user(&practice, DIEGO).await;
    let nobody = ["nobody@contoso.com".to_owned(), "lee.gu@contoso.com".to_owned()];
    assert!(client.message(DIEGO, &nobody, &text("Hello")).await.starts_with("250 "));
    let list = json_of(practice.control(Method::GET, "delivery-reports", Value::Null).await).await;
    assert_eq!(list[0]["diagnostic"], "550;5.7.711 Access denied, bad inbound connector. AS(2204).");
    assert_eq!((&list[1]["status"], &list[1]["recipients"]), (&json!("5.1.10"), &json!(["nobody@contoso.com"])));
}
