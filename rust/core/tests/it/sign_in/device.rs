//! People who sign in on another device.

use restricted_sender_core::connection::Options;
use restricted_sender_core::error::Code;
use restricted_sender_sandbox::Sandbox;
use serde_json::{json, Value};

use super::{connect, host, open, options, read, requests, token_requests, HOUR};

fn device(sandbox: &Sandbox) -> Options {
    Options { device: true, organization: None, ..options(sandbox) }
}

fn next(sandbox: &Sandbox, answer: &str) {
    sandbox.control("POST", "device-codes", &json!({"answer": answer})).unwrap();
}

#[tokio::test]
async fn code_and_address_are_shown_and_the_sign_in_lasts_a_day() {
    let sandbox = open().await;
    next(&sandbox, "approve");
    let (host, told) = host(&[]);
    let connection = connect(&sandbox, device(&sandbox), &host).await.unwrap();
    assert_eq!(connection.account(), "admin@contoso.onmicrosoft.com");
    assert_eq!(connection.organization(), "contoso.onmicrosoft.com", "that of the person");
    assert!(told.lock().unwrap()[0].contains("open the page http://127.0.0.1:"), "{told:?}");
    for _ in 0..24 {
        sandbox.clock().advance(HOUR).unwrap();
        assert_eq!(read(&connection, &host).await.unwrap(), 8);
    }
    assert!(requests(&sandbox).iter().all(|(_, status)| *status == 200));
    assert_eq!(token_requests(&sandbox), 25);

    // When the sign-in itself has ended, somebody has to sign in again.
    sandbox.control("DELETE", "device-codes", &Value::Null).unwrap();
    sandbox.clock().advance(HOUR).unwrap();
    let error = read(&connection, &host).await.unwrap_err();
    assert_eq!((error.code(), error.aadsts), (Code::SignInExpired, Some(700_082)));
}

#[tokio::test]
async fn a_token_that_is_ended_early_is_renewed_as_the_service_wants_it() {
    let sandbox = open().await;
    next(&sandbox, "approve");
    let (host, _) = host(&[]);
    let connection = connect(&sandbox, device(&sandbox), &host).await.unwrap();
    sandbox.control("POST", "settings", &json!({"claimsChallenge": true})).unwrap();
    let before = requests(&sandbox).len();
    assert_eq!(read(&connection, &host).await.unwrap(), 8);
    assert_eq!(read(&connection, &host).await.unwrap(), 8);
    let statuses: Vec<_> = requests(&sandbox)[before..].iter().map(|(_, status)| *status).collect();
    assert_eq!(statuses, [401, 200, 200, 200], "refused, renewed, read, and read again");
}

#[tokio::test]
async fn it_asks_as_often_as_it_may_until_the_code_is_entered() {
    let sandbox = open().await;
    // A clock stands still while somebody awake looks at it.
    let awake = sandbox.clock().timer();
    let (host, _) = host(&[]);
    let start = sandbox.clock().now();
    let connecting = connect(&sandbox, device(&sandbox), &host);
    let entering = async {
        let codes = loop {
            tokio::task::yield_now().await;
            let codes = sandbox.control("GET", "device-codes", &Value::Null).unwrap();
            if token_requests(&sandbox) > 0 {
                break codes;
            }
        };
        let slow = json!({"kind": "status", "status": 400, "body": "{\"error\": \"slow_down\"}"});
        sandbox.control("POST", "faults", &json!({"match": "token", "fault": slow})).unwrap();
        sandbox.control("POST", "faults", &json!({"match": "token", "fault": {"kind": "drop"}})).unwrap();
        // After 5 seconds, and 10 and 10 when it is told to slow down and a reply is lost: then it is entered.
        let mut timer = awake;
        timer.sleep(std::time::Duration::from_secs(16)).await;
        let code = &codes.as_array().unwrap()[0];
        let user = "anne.weiler@contoso.com";
        sandbox.control("POST", "device-codes", &json!({"answer": "approve", "userCode": code, "user": user})).unwrap();
    };
    let (connected, ()) = tokio::join!(connecting, entering);
    assert_eq!(connected.unwrap().account(), "anne.weiler@contoso.com");
    assert_eq!((sandbox.clock().now() - start).whole_seconds(), 25);
    assert_eq!(token_requests(&sandbox), 4);
}

#[tokio::test]
async fn a_code_that_is_declined_or_runs_out_is_told() {
    let sandbox = open().await;
    next(&sandbox, "decline");
    let (host, _) = host(&[]);
    let error = connect(&sandbox, device(&sandbox), &host).await.unwrap_err();
    assert_eq!((error.code(), error.target.as_deref()), (Code::SignInDeclined, None));
    assert!(error.message.contains("sign-in to your organization"), "{error}");
    let start = sandbox.clock().now();
    let error = connect(&sandbox, device(&sandbox), &host).await.unwrap_err();
    assert_eq!(error.code(), Code::SignInExpired);
    assert_eq!((sandbox.clock().now() - start).whole_minutes(), 15);
}

#[tokio::test]
async fn a_partner_signs_in_to_the_customers_organization() {
    let sandbox = open().await;
    next(&sandbox, "approve");
    let (host, _) = host(&[]);
    let customer = Some("contoso.com".to_owned());
    let partner = Options { delegated_organization: customer.clone(), ..device(&sandbox) };
    let connection = connect(&sandbox, partner, &host).await.unwrap();
    assert_eq!(connection.organization(), "contoso.com");
    assert!(requests(&sandbox).iter().all(|(path, _)| path.contains("/contoso.com/")), "authority and endpoint");

    let both = Options { device: true, delegated_organization: customer, ..options(&sandbox) };
    assert_eq!(connect(&sandbox, both, &host).await.unwrap_err().code(), Code::InvalidConnection);
}
