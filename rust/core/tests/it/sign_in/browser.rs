//! People who sign in in this machine's browser.

use std::time::Duration;

use restricted_sender_core::connection::{Connection, Options};
use restricted_sender_core::error::{Code, Result};
use restricted_sender_core::exchange::Deadlines;
use restricted_sender_core::host::{converse, Answer, Event, Host, Message, Question};
use restricted_sender_sandbox::Sandbox;
use serde_json::{json, Value};
use tokio::sync::mpsc;
use url::Url;

use super::{connect, open, options, read, requests, token_requests, HOUR};

const ADMIN: &str = "admin@contoso.onmicrosoft.com";

fn browser(sandbox: &Sandbox) -> Options {
    Options { user_principal_name: Some(ADMIN.to_owned()), organization: None, ..options(sandbox) }
}

/// A host that has a browser (or none, and why), and what comes of it: addresses to open, texts to read.
fn host(none: Option<&'static str>) -> (Host, mpsc::UnboundedReceiver<Url>, mpsc::UnboundedReceiver<String>) {
    let (host, mut caller) = converse(|event| event);
    let ((open, pages), (tell, told)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
    tokio::spawn(async move {
        while let Some(event) = caller.events.recv().await {
            match event {
                Event::Question(Question::Browse { address }, answer) => {
                    let _ = open.send(Url::parse(&address).unwrap());
                    let _ = answer.send(none.map_or(Answer::Opened, |why| Answer::Impossible(why.to_owned())));
                }
                Event::Message(Message { text, .. }) => drop(tell.send(text)),
                _ => {}
            }
        }
    });
    (host, pages, told)
}

/// Opens an address as a browser does: it goes wherever it is sent.
async fn visit(page: &str) -> (u16, String) {
    let reply = reqwest::Client::builder().no_proxy().build().unwrap().get(page).send().await.unwrap();
    (reply.status().as_u16(), reply.text().await.unwrap())
}

/// Where the browser is to come back, with other fields than the service would send along.
fn back(page: &Url, fields: &[(&str, &str)]) -> String {
    let (_, back) = page.query_pairs().find(|(name, _)| name == "redirect_uri").unwrap();
    Url::parse_with_params(&back, fields).unwrap().into()
}

fn state(page: &Url) -> String {
    page.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
}

/// Connects while a person does in the browser what `person` does with the page.
async fn sign_in<F: std::future::Future<Output = ()>>(
    sandbox: &Sandbox,
    options: Options,
    person: impl FnOnce(Url) -> F,
) -> (Result<Connection>, Host) {
    let (host, mut pages, _told) = host(None);
    let in_the_browser = async {
        person(pages.recv().await.unwrap()).await;
        assert!(pages.try_recv().is_err(), "one page for one sign-in");
    };
    let (connected, ()) = tokio::join!(connect(sandbox, options, &host), in_the_browser);
    (connected, host)
}

#[tokio::test]
async fn the_browser_brings_a_code_and_the_sign_in_lasts_a_day() {
    let sandbox = open().await;
    let (connected, host) = sign_in(&sandbox, browser(&sandbox), |page| async move {
        assert_eq!(page.path(), "/organizations/oauth2/v2.0/authorize");
        let (status, text) = visit(page.as_str()).await;
        assert_eq!(status, 200);
        assert!(text.contains("You can close this window"), "{text}");
    })
    .await;
    let connection = connected.unwrap();
    assert_eq!(connection.account(), ADMIN, "whom the browser proposed");
    assert_eq!(connection.organization(), "contoso.onmicrosoft.com", "that of the person");
    for _ in 0..24 {
        sandbox.clock().advance(HOUR).unwrap();
        assert_eq!(read(&connection, &host).await.unwrap(), 8);
    }
    assert_eq!(token_requests(&sandbox), 25);

    // The service ends the token early and gets another one from the same sign-in.
    sandbox.control("POST", "settings", &json!({"claimsChallenge": true})).unwrap();
    assert_eq!(read(&connection, &host).await.unwrap(), 8);
    sandbox.control("POST", "settings", &json!({"claimsChallenge": false})).unwrap();

    sandbox.control("DELETE", "device-codes", &Value::Null).unwrap();
    sandbox.clock().advance(HOUR).unwrap();
    let error = read(&connection, &host).await.unwrap_err();
    assert_eq!((error.code(), error.aadsts), (Code::SignInExpired, Some(700_082)), "and no second page");
}

#[tokio::test]
async fn nobody_else_who_comes_to_the_port_is_heard() {
    let sandbox = open().await;
    let (connected, _) = sign_in(&sandbox, browser(&sandbox), |page| async move {
        let foreign = [
            back(&page, &[]) + "favicon.ico",
            back(&page, &[("code", "planted"), ("state", "guessed")]),
            back(&page, &[("code", "planted")]),
            back(&page, &[("error", "access_denied"), ("state", "guessed")]),
        ];
        for address in foreign {
            let (status, text) = visit(&address).await;
            assert_eq!(status, 404, "{address}");
            assert!(text.contains("There is nothing here"), "{text}");
        }
        visit(page.as_str()).await;
    })
    .await;
    assert_eq!(connected.unwrap().account(), ADMIN);
    assert_eq!(token_requests(&sandbox), 1, "the planted codes went nowhere");
}

#[tokio::test]
async fn a_sign_in_that_is_refused_in_the_browser_is_told() {
    let sandbox = open().await;
    sandbox.control("POST", "authorizations", &json!({"answer": "decline"})).unwrap();
    let (declined, _) = sign_in(&sandbox, browser(&sandbox), |page| async move {
        let (_, text) = visit(page.as_str()).await;
        assert!(text.contains("did not come through"), "{text}");
    })
    .await;
    assert_eq!(declined.unwrap_err().code(), Code::SignInDeclined);

    let (refused, _) = sign_in(&sandbox, browser(&sandbox), |page| async move {
        let description = "AADSTS53003: Access has been blocked by Conditional Access policies.\r\nTrace ID: 1";
        let fields = [("error", "interaction_required"), ("error_description", description), ("state", &state(&page))];
        visit(&back(&page, &fields)).await;
    })
    .await;
    let refused = refused.unwrap_err();
    assert_eq!((refused.code(), refused.aadsts), (Code::ConditionalAccess, Some(53_003)));
    assert!(
        refused.message.contains("blocked by Conditional Access") && !refused.message.contains("Trace"),
        "{refused}"
    );
    assert_eq!(token_requests(&sandbox), 0);
}

#[tokio::test]
async fn who_does_not_come_back_in_time_has_not_signed_in() {
    let sandbox = open().await;
    let deadlines = Deadlines { sign_in: Duration::from_millis(1), ..Deadlines::default() };
    let hurried = Options { deadlines, ..browser(&sandbox) };
    let (connected, _) = sign_in(&sandbox, hurried, |_| async {}).await;
    let error = connected.unwrap_err();
    assert_eq!(error.code(), Code::SignInExpired);
    assert!(error.message.contains("in the browser within 0 seconds"), "{error}");
}

#[tokio::test]
async fn where_no_browser_opens_the_address_is_shown() {
    let sandbox = open().await;
    let (host, mut pages, mut told) = host(Some("there is no desktop"));
    let by_hand = async {
        let page = pages.recv().await.unwrap();
        let text = told.recv().await.unwrap();
        assert!(text.contains("there is no desktop") && text.contains("-Device"), "{text}");
        assert!(text.contains(page.as_str()) && text.contains("15 minutes"), "{text}");
        visit(page.as_str()).await;
    };
    let (connected, ()) = tokio::join!(connect(&sandbox, browser(&sandbox), &host), by_hand);
    assert_eq!(connected.unwrap().account(), ADMIN);
}

#[tokio::test]
async fn a_code_is_handed_in_again_but_nobody_is_sent_to_the_browser_twice() {
    let sandbox = open().await;
    let visiting = |page: Url| async move { drop(visit(page.as_str()).await) };
    let fault = |kind: &str| {
        let fault = json!({"match": "token", "fault": {"kind": kind}});
        sandbox.control("POST", "faults", &fault).unwrap();
    };
    fault("drop");
    let (connected, _) = sign_in(&sandbox, browser(&sandbox), visiting).await;
    assert_eq!(connected.unwrap().account(), ADMIN);
    assert_eq!(token_requests(&sandbox), 2);

    fault("lose-reply");
    let (connected, _) = sign_in(&sandbox, browser(&sandbox), visiting).await;
    let error = connected.unwrap_err();
    assert_eq!((error.code(), error.aadsts), (Code::TokenRefused, Some(54_005)), "it was taken the first time");

    for _ in 0..3 {
        fault("drop");
    }
    let (connected, _) = sign_in(&sandbox, browser(&sandbox), visiting).await;
    assert_eq!(connected.unwrap_err().code(), Code::ConnectionLost);
    assert_eq!(token_requests(&sandbox), 2 + 2 + 3);
}

#[tokio::test]
async fn a_partner_signs_in_to_the_customers_organization() {
    let sandbox = open().await;
    let partner = Options { delegated_organization: Some("contoso.com".to_owned()), ..browser(&sandbox) };
    let (connected, _) = sign_in(&sandbox, partner, |page| async move { drop(visit(page.as_str()).await) }).await;
    assert_eq!(connected.unwrap().organization(), "contoso.com");
    assert!(requests(&sandbox).iter().all(|(path, _)| path.contains("/contoso.com/")), "authority and endpoint");
}

#[tokio::test]
async fn what_is_no_name_is_refused_before_anything_opens() {
    let sandbox = open().await;
    let (host, mut pages, _told) = host(None);
    let nameless = Options { user_principal_name: Some("admin".to_owned()), ..options(&sandbox) };
    assert_eq!(connect(&sandbox, nameless, &host).await.unwrap_err().code(), Code::InvalidConnection);
    let both = Options { device: true, ..browser(&sandbox) };
    assert_eq!(connect(&sandbox, both, &host).await.unwrap_err().code(), Code::InvalidConnection);
    assert!(pages.try_recv().is_err());
    assert!(requests(&sandbox).is_empty());
}
