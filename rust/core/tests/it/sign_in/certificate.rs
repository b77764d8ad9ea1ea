//! Apps that sign in with a certificate.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::Duration;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use restricted_sender_core::connection::Options;
use restricted_sender_core::error::Code;
use restricted_sender_core::exchange::{Algorithm, Certificate, Cmdlet, Secret};
use restricted_sender_core::host::{converse, Answer, Caller, Event, Host, Question};
use restricted_sender_sandbox::Sandbox;
use serde_json::json;
use time::OffsetDateTime;

use super::{connect, key, open, options, read, requests, token_requests, HOUR};

/// A certificate of the app that newcomers are given, registered, which began to be valid that long ago.
fn certificate(sandbox: &Sandbox, age: Duration, algorithm: Algorithm) -> Certificate {
    let from = sandbox.clock().now() - age;
    let until = from + 365 * 24 * HOUR;
    let made = key::KEY.certificate(from, until);
    let body = json!({"appId": sandbox.invitation().app_id, "certificate": made.pem});
    sandbox.control("POST", "certificates", &body).unwrap();
    Certificate::new(&made.der, algorithm, from, until)
}

fn with_certificate(sandbox: &Sandbox, certificate: Certificate) -> Options {
    let app_id = Some(sandbox.invitation().app_id.clone());
    Options { app_id, certificate: Some(certificate), ..options(sandbox) }
}

/// A host that signs with the key, and how often it did.
fn signer() -> (Host, Arc<AtomicUsize>) {
    let (host, mut caller) = converse(|event| event);
    let signed = Arc::new(AtomicUsize::new(0));
    let count = signed.clone();
    tokio::spawn(async move {
        while let Some(event) = caller.events.recv().await {
            if let Event::Question(Question::Sign { algorithm, input }, answer) = event {
                count.fetch_add(1, Ordering::Relaxed);
                let signature = STANDARD.encode(key::KEY.signature(algorithm.name(), &input));
                // Whoever asked may have got its token otherwise.
                let _ = answer.send(Answer::Signed(Secret::new(signature)));
            }
        }
    });
    (host, signed)
}

fn refuse_tokens(sandbox: &Sandbox, times: u32, aadsts: u32) {
    let body = json!({"error": "invalid_client", "error_codes": [aadsts]}).to_string();
    let fault = json!({"kind": "status", "status": 401, "body": body});
    sandbox.control("POST", "faults", &json!({"match": "token", "times": times, "fault": fault})).unwrap();
}

#[tokio::test]
async fn both_algorithms_are_taken_by_the_service() {
    for algorithm in [Algorithm::Ps256, Algorithm::Rs256] {
        let sandbox = open().await;
        let certificate = certificate(&sandbox, 24 * HOUR, algorithm);
        let (host, _) = signer();
        let connection = connect(&sandbox, with_certificate(&sandbox, certificate), &host).await.unwrap();
        assert_eq!(read(&connection, &host).await.unwrap(), 8, "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_day_in_one_connection_asks_for_a_token_whenever_one_runs_out() {
    let sandbox = open().await;
    let certificate = certificate(&sandbox, 24 * HOUR, Algorithm::Ps256);
    let (host, signed) = signer();
    let connection = connect(&sandbox, with_certificate(&sandbox, certificate), &host).await.unwrap();
    for _ in 0..24 * 60 {
        sandbox.clock().advance(Duration::from_secs(60)).unwrap();
        assert_eq!(read(&connection, &host).await.unwrap(), 8);
    }
    assert!(requests(&sandbox).iter().all(|(_, status)| *status == 200));
    // A token holds 59 minutes and 59 seconds and is renewed 5 minutes before: the look of every 55th minute does it.
    assert_eq!(token_requests(&sandbox), 1 + 24 * 60 / 55);
    assert_eq!(signed.load(Ordering::Relaxed), token_requests(&sandbox));
}

#[tokio::test]
async fn a_host_that_is_busy_keeps_no_other_operation_from_a_token() {
    let sandbox = open().await;
    let certificate = certificate(&sandbox, 24 * HOUR, Algorithm::Ps256);
    let (host, _) = signer();
    let connection = connect(&sandbox, with_certificate(&sandbox, certificate), &host).await.unwrap();
    sandbox.clock().advance(2 * HOUR).unwrap();
    let before = token_requests(&sandbox);

    // Its questions are never read, as when its caller's thread is within the next command of the pipeline.
    let (busy, _unread): (Host, Caller<Event>) = converse(|event| event);
    // What hangs fails; nothing here takes a minute.
    let both = async { tokio::join!(read(&connection, &busy), read(&connection, &host)) };
    let (first, second) = tokio::time::timeout(Duration::from_secs(60), both).await.expect("it hangs");
    assert_eq!((first.unwrap(), second.unwrap()), (8, 8));
    assert_eq!(token_requests(&sandbox) - before, 1);
}

#[tokio::test]
async fn many_operations_at_once_ask_for_one_token() {
    let sandbox = open().await;
    let invitation = sandbox.invitation();
    let secret = Options {
        app_id: Some(invitation.app_id.clone()),
        client_secret: Some(Secret::new(invitation.client_secret.clone())),
        ..options(&sandbox)
    };
    let certificate = certificate(&sandbox, 24 * HOUR, Algorithm::Ps256);
    for options in [secret, with_certificate(&sandbox, certificate)] {
        let (host, _) = signer();
        let connection = connect(&sandbox, options, &host).await.unwrap();
        sandbox.clock().advance(2 * HOUR).unwrap();
        let before = token_requests(&sandbox);
        let (read, exchange) = (Cmdlet::new("Get-BlockedSenderAddress"), connection.exchange(&host));
        let all = tokio::join!(
            exchange.read_all(read.clone()),
            exchange.read_all(read.clone()),
            exchange.read_all(read.clone())
        );
        assert!(all.0.is_ok() && all.1.is_ok() && all.2.is_ok());
        assert_eq!(token_requests(&sandbox) - before, 1);
    }
}

#[tokio::test]
async fn a_new_certificate_that_is_not_known_yet_is_tried_again() {
    for (age, refusals, tries, fails) in
        [(Duration::from_secs(60), 3, 4, false), (Duration::from_secs(60), 4, 4, true), (24 * HOUR, 1, 1, true)]
    {
        let sandbox = open().await;
        let certificate = certificate(&sandbox, age, Algorithm::Ps256);
        refuse_tokens(&sandbox, refusals, 700_027);
        let (start, (host, _)) = (sandbox.clock().now(), signer());
        let connection = connect(&sandbox, with_certificate(&sandbox, certificate), &host).await;
        assert_eq!(connection.is_err(), fails, "{age:?} {refusals}");
        assert_eq!(token_requests(&sandbox), tries);
        assert_eq!(sandbox.clock().now() - start, time::Duration::seconds(10 * (tries as i64 - 1)));
        if let Err(error) = connection {
            assert_eq!(error.code(), Code::CertificateRefused);
        }
    }
}

#[tokio::test]
async fn a_certificate_that_expires_meanwhile_is_told() {
    let sandbox = open().await;
    let certificate = certificate(&sandbox, 364 * 24 * HOUR, Algorithm::Ps256);
    let (host, _) = signer();
    let connection = connect(&sandbox, with_certificate(&sandbox, certificate), &host).await.unwrap();
    sandbox.clock().advance(25 * HOUR).unwrap();
    let before = token_requests(&sandbox);
    let error = read(&connection, &host).await.unwrap_err();
    assert_eq!(error.code(), Code::CertificateExpired);
    let day: OffsetDateTime = sandbox.clock().now() - HOUR;
    assert!(error.message.contains(&day.date().to_string()), "{error}");
    assert_eq!(token_requests(&sandbox), before);
}

#[tokio::test]
async fn a_host_that_cannot_sign_says_why() {
    let sandbox = open().await;
    let certificate = certificate(&sandbox, 24 * HOUR, Algorithm::Ps256);
    for (answer, says) in [
        (Answer::Impossible("the card was pulled out".into()), "the card was pulled out"),
        (Answer::Signed(Secret::new("!".into())), "no signature"),
        (Answer::Confirmed(true), "another question"),
    ] {
        let (host, mut caller) = converse(|event| event);
        let answering = async {
            match caller.events.recv().await {
                Some(Event::Question(Question::Sign { .. }, asked)) => asked.send(answer).unwrap(),
                other => panic!("{other:?}"),
            }
        };
        let connecting = connect(&sandbox, with_certificate(&sandbox, certificate.clone()), &host);
        let (connection, ()) = tokio::join!(connecting, answering);
        let error = connection.unwrap_err();
        assert_eq!(error.code(), Code::CertificateUnusable);
        assert!(error.message.contains(says), "{error}");
        assert_eq!(error.target.as_deref(), Some("contoso.onmicrosoft.com"));
    }
}
