//! Machines that sign in with their managed identity.

use std::time::Duration;

use restricted_sender_core::connection::Options;
use restricted_sender_core::error::Code;
use restricted_sender_sandbox::Sandbox;
use serde_json::{json, Value};

use super::{connect, host, open, options, read, requests, token_requests, HOUR};

fn identity(sandbox: &Sandbox, account: Option<&str>) -> Options {
    let managed_identity_account = account.map(str::to_owned);
    Options { managed_identity: true, managed_identity_account, ..options(sandbox) }
}

fn secret(sandbox: &Sandbox, name: &str) -> String {
    let secrets = sandbox.control("GET", "managed-identity", &Value::Null).unwrap();
    secrets[name].as_str().unwrap().to_owned()
}

fn machine(sandbox: &Sandbox) -> [(&'static str, &str); 1] {
    [("AZURE_POD_IDENTITY_AUTHORITY_HOST", &sandbox.invitation().plain_uri)]
}

fn fault(sandbox: &Sandbox, status: u16, times: u32) {
    let fault = json!({"kind": "status", "status": status});
    sandbox.control("POST", "faults", &json!({"match": "managed-identity", "times": times, "fault": fault})).unwrap();
}

#[tokio::test]
async fn each_kind_of_machine_is_asked_in_its_own_way() {
    let sandbox = open().await;
    let base = &sandbox.invitation().plain_uri;
    let at = |path: &str| format!("{base}/{path}");
    let (header, hybrid) = (secret(&sandbox, "identityHeader"), secret(&sandbox, "msiSecret"));
    let (service, automation, worker) =
        (at("msi/token"), at("automation/oauth2/token"), at("hybrid-worker/oauth2/token"));
    let kinds: [(&str, Vec<(&'static str, &str)>); 5] = [
        ("/msi/token", vec![("IDENTITY_ENDPOINT", &service), ("IDENTITY_HEADER", &header)]),
        // App Service sets the older names, too.
        (
            "/msi/token",
            vec![("IDENTITY_ENDPOINT", &service), ("IDENTITY_HEADER", &header), ("MSI_ENDPOINT", &automation)],
        ),
        ("/automation/oauth2/token", vec![("MSI_ENDPOINT", &automation)]),
        ("/hybrid-worker/oauth2/token", vec![("MSI_ENDPOINT", &worker), ("MSI_SECRET", &hybrid)]),
        ("/metadata/identity/oauth2/token", machine(&sandbox).into()),
    ];
    for (path, variables) in kinds {
        let before = requests(&sandbox).len();
        let (host, _) = host(&variables);
        let connection = connect(&sandbox, identity(&sandbox, None), &host).await.unwrap();
        assert_eq!(read(&connection, &host).await.unwrap(), 8);
        assert_eq!(connection.account(), "Managed identity");
        let asked = &requests(&sandbox)[before..];
        let tokens: Vec<_> = asked.iter().filter(|(path, _)| path.ends_with("/token")).collect();
        assert_eq!(tokens, [&(path.to_owned(), 200)], "one token, and from nowhere else");
        let expires = connection.status().await.token_expires.unwrap();
        let lasts = expires - sandbox.clock().now();
        assert!((3597..=3599).contains(&lasts.whole_seconds()), "{lasts}");
    }
}

#[tokio::test]
async fn a_day_with_a_managed_identity() {
    let sandbox = open().await;
    let (host, _) = host(&machine(&sandbox));
    let connection = connect(&sandbox, identity(&sandbox, None), &host).await.unwrap();
    for _ in 0..24 {
        sandbox.clock().advance(HOUR).unwrap();
        assert_eq!(read(&connection, &host).await.unwrap(), 8);
    }
    assert!(requests(&sandbox).iter().all(|(_, status)| *status == 200));
    assert_eq!(token_requests(&sandbox), 25);
}

#[tokio::test]
async fn no_variable_leads_to_another_machine() {
    let sandbox = open().await;
    for name in ["IDENTITY_ENDPOINT", "MSI_ENDPOINT", "AZURE_POD_IDENTITY_AUTHORITY_HOST"] {
        for far in ["http://token.example/msi", "http://10.0.0.4/token", "https://127.0.0.1.token.example", "nonsense"]
        {
            let (host, _) = host(&[(name, far), ("IDENTITY_HEADER", "planted")]);
            let error = connect(&sandbox, identity(&sandbox, None), &host).await.unwrap_err();
            assert_eq!(error.code(), Code::ManagedIdentityUnavailable, "{name} {far}");
            assert!(error.message.contains(name) && !error.message.contains("planted"), "{error}");
        }
    }
    assert_eq!(requests(&sandbox), []);
}

#[tokio::test]
async fn another_identity_is_named_by_its_id() {
    let sandbox = open().await;
    let apps = sandbox.control("GET", "apps", &Value::Null).unwrap();
    let of = |grant: &str| {
        let app = apps.as_array().unwrap().iter().find(|app| app["grant"] == grant).unwrap();
        app["appId"].as_str().unwrap().to_owned()
    };
    let (host, _) = host(&machine(&sandbox));
    let other = of("read-only");
    let connection = connect(&sandbox, identity(&sandbox, Some(&other)), &host).await.unwrap();
    assert_eq!(connection.account(), format!("Managed identity {other}"));
    for (account, code) in [
        (of("no-directory-role"), Code::NoRole),
        ("9f1c2a9e-0000-4000-8000-000000000001".to_owned(), Code::ManagedIdentityNotFound),
        ("my identity".to_owned(), Code::InvalidConnection),
    ] {
        let error = connect(&sandbox, identity(&sandbox, Some(&account)), &host).await.unwrap_err();
        assert_eq!(error.code(), code, "{account}");
    }
}

#[tokio::test]
async fn an_endpoint_that_is_busy_is_asked_again_for_70_seconds() {
    for (status, times, seconds, fails) in [
        (404, 1, 2, None),
        (410, 6, 70, None),
        (429, 3, 14, None),
        (503, 7, 70, Some(Code::ServiceUnavailable)),
        (410, 7, 70, Some(Code::ManagedIdentityUnavailable)),
        (400, 1, 0, Some(Code::TokenRefused)),
    ] {
        let sandbox = open().await;
        fault(&sandbox, status, times);
        let (start, (host, _)) = (sandbox.clock().now(), host(&machine(&sandbox)));
        let connected = connect(&sandbox, identity(&sandbox, None), &host).await;
        assert_eq!(connected.err().map(|error| error.code()), fails, "{status}");
        assert_eq!(sandbox.clock().now() - start, Duration::from_secs(seconds), "{status}");
    }
}

#[tokio::test]
async fn a_machine_without_an_identity_says_so() {
    let sandbox = open().await;
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (host, _) = host(&[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &format!("http://{nobody}"))]);
    let error = connect(&sandbox, identity(&sandbox, None), &host).await.unwrap_err();
    assert_eq!(error.code(), Code::ManagedIdentityUnavailable);
    assert_eq!(error.target.as_deref(), Some("contoso.onmicrosoft.com"));
}
