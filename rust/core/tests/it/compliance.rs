//! Security & Compliance of a practice tenant: found by a redirect, by whatever name the organization was given.

use restricted_sender_core::connection::{Connection, Options, Practice};
use restricted_sender_core::error::{Code, Result};
use restricted_sender_core::exchange::{Cmdlet, Record, Secret};
use restricted_sender_core::host::{converse, Host};
use restricted_sender_core::Clock;
use restricted_sender_sandbox::{Invitation, Sandbox};
use serde_json::{json, Value};

fn host() -> Host {
    let (host, mut caller) = converse(|event| event);
    tokio::spawn(async move { while caller.events.recv().await.is_some() {} });
    host
}

async fn open() -> Sandbox {
    let clock = Clock::practice(Clock::system().now(), 0.0);
    Sandbox::start(restricted_sender_sandbox::Options { clock, ..Default::default() }).await.unwrap()
}

/// An app in `organization`, over HTTPS, where the practice tenant's other name is in its certificate, too.
fn options(invitation: &Invitation, organization: &str) -> Options {
    Options {
        organization: Some(organization.to_owned()),
        app_id: Some(invitation.app_id.clone()),
        client_secret: Some(Secret::new(invitation.client_secret.clone())),
        connection_uri: Some(invitation.uri.clone()),
        authorization_uri: Some(invitation.uri.clone()),
        compliance_uri: Some(invitation.compliance_uri.clone()),
        practice: Some(Practice {
            authority: invitation.ca_certificate.clone(),
            plain_uri: invitation.plain_uri.clone(),
            smtp_address: invitation.smtp_address.clone(),
        }),
        ..Options::default()
    }
}

async fn connect(sandbox: &Sandbox, options: Options) -> Connection {
    Connection::open(options, sandbox.clock().clone(), &host()).await.unwrap()
}

async fn alerts(connection: &Connection) -> Result<Vec<Record>> {
    connection.compliance(&host()).read_all(Cmdlet::new("Get-ProtectionAlert")).await
}

/// Cmdlets and statuses of what was asked for since.
fn log(sandbox: &Sandbox, after: usize) -> Vec<(String, u64)> {
    let log = sandbox.control("GET", "requests", &Value::Null).unwrap();
    let of = |entry: &Value| {
        let what =
            entry["cmdlet"].as_str().unwrap_or_else(|| entry["path"].as_str().unwrap().rsplit('/').next().unwrap());
        (what.to_owned(), entry["status"].as_u64().unwrap_or(0))
    };
    log.as_array().unwrap().iter().skip(after).map(of).collect()
}

fn entries(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(what, status)| ((*what).to_owned(), *status)).collect()
}

#[tokio::test]
async fn the_first_request_is_sent_on_and_the_others_go_there_at_once() {
    let sandbox = open().await;
    let connection = connect(&sandbox, options(sandbox.invitation(), "contoso.onmicrosoft.com")).await;
    let before = log(&sandbox, 0).len();
    assert_eq!(alerts(&connection).await.unwrap().len(), 7);
    let first = [("token", 200), ("Get-ProtectionAlert", 302), ("Get-ProtectionAlert", 200)];
    assert_eq!(log(&sandbox, before), entries(&first), "the initial domain was known by its name");
    assert_eq!(alerts(&connection).await.unwrap().len(), 7);
    assert_eq!(log(&sandbox, before + 3), entries(&[("Get-ProtectionAlert", 200)]), "token, place and cookie are kept");
}

#[tokio::test]
async fn the_initial_domain_is_found_once_whatever_the_organization_was_called() {
    let sandbox = open().await;
    let id = sandbox.invitation().tenant_id.clone();
    for organization in ["contoso.com", &id] {
        let connection = connect(&sandbox, options(sandbox.invitation(), organization)).await;
        let before = log(&sandbox, 0).len();
        for _ in 0..2 {
            assert_eq!(alerts(&connection).await.unwrap().len(), 7, "{organization}");
        }
        let asked = log(&sandbox, before).into_iter().filter(|(what, _)| what == "Get-AcceptedDomain").count();
        assert_eq!(asked, 1, "{organization}");
    }
}

#[tokio::test]
async fn a_person_signs_in_once_for_both() {
    let sandbox = open().await;
    sandbox.control("POST", "device-codes", &json!({"answer": "approve"})).unwrap();
    let person = Options {
        organization: None,
        app_id: None,
        client_secret: None,
        device: true,
        ..options(sandbox.invitation(), "")
    };
    let connection = connect(&sandbox, person).await;
    assert_eq!(alerts(&connection).await.unwrap().len(), 7);
}

#[tokio::test]
async fn where_there_is_no_way_to_it_that_is_told() {
    let sandbox = open().await;
    let invitation = sandbox.invitation();
    let unknown = Options { compliance_uri: None, ..options(invitation, "contoso.com") };
    let error = alerts(&connect(&sandbox, unknown).await).await.unwrap_err();
    assert_eq!(error.code(), Code::NotConnected);
    assert!(error.message.contains("-ComplianceUri"), "{error}");

    let wrong = Options { compliance_uri: Some("ftp://x".into()), ..options(invitation, "contoso.com") };
    let error = Connection::open(wrong, sandbox.clock().clone(), &host()).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidUri);
}

#[tokio::test]
async fn who_is_sent_elsewhere_does_not_go() {
    let sandbox = open().await;
    let connection = connect(&sandbox, options(sandbox.invitation(), "contoso.com")).await;
    let away = json!({"kind": "status", "status": 302, "headers": {"location": "https://elsewhere.example/"}});
    sandbox.control("POST", "faults", &json!({"match": "Get-ProtectionAlert", "times": 9, "fault": away})).unwrap();
    let error = alerts(&connection).await.unwrap_err();
    assert_eq!(error.code(), Code::ResponseUnreadable, "{error}");
}
