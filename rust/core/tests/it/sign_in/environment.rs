//! Signing in by the variables of Microsoft's libraries.

use restricted_sender_core::connection::Options;
use restricted_sender_core::error::Code;
use restricted_sender_sandbox::Sandbox;
use serde_json::json;

use super::{connect, host, open, options, read, token_requests, HOUR};

fn by_variables(sandbox: &Sandbox) -> Options {
    Options { environment_variables: true, organization: None, ..options(sandbox) }
}

#[tokio::test]
async fn a_secret_in_the_environment_connects_only_when_asked_for() {
    let sandbox = open().await;
    let invitation = sandbox.invitation();
    let (host, _) = host(&[
        ("AZURE_TENANT_ID", &invitation.tenant_id),
        ("AZURE_CLIENT_ID", &invitation.app_id),
        ("AZURE_CLIENT_SECRET", &invitation.client_secret),
    ]);
    let connection = connect(&sandbox, by_variables(&sandbox), &host).await.unwrap();
    assert_eq!(connection.organization(), invitation.tenant_id);
    let named = Options { environment_variables: true, ..options(&sandbox) };
    assert_eq!(connect(&sandbox, named, &host).await.unwrap().organization(), invitation.organization);
    let error = connect(&sandbox, options(&sandbox), &host).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidConnection);
}

#[tokio::test]
async fn another_identity_provider_vouches_and_its_token_is_read_anew() {
    let sandbox = open().await;
    let invitation = sandbox.invitation();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let (host, _) = host(&[
        ("AZURE_TENANT_ID", &invitation.tenant_id),
        ("AZURE_CLIENT_ID", &invitation.app_id),
        ("AZURE_FEDERATED_TOKEN_FILE", &file.display().to_string()),
    ]);
    let trust = |token: &str| {
        std::fs::write(&file, format!("{token}\n")).unwrap();
        sandbox.control("POST", "federated-tokens", &json!({"appId": invitation.app_id, "token": token})).unwrap();
    };
    trust("first");
    let connection = connect(&sandbox, by_variables(&sandbox), &host).await.unwrap();
    trust("second");
    sandbox.clock().advance(2 * HOUR).unwrap();
    assert_eq!(read(&connection, &host).await.unwrap(), 8);
    assert_eq!(token_requests(&sandbox), 2);

    // One that nobody vouches for, and none at all.
    std::fs::write(&file, "a.b.c").unwrap();
    sandbox.clock().advance(2 * HOUR).unwrap();
    assert_eq!(read(&connection, &host).await.unwrap_err().code(), Code::TokenRefused);
    std::fs::remove_file(&file).unwrap();
    let error = read(&connection, &host).await.unwrap_err();
    assert_eq!(error.code(), Code::EnvironmentUnusable);
    assert!(error.message.contains("cannot be read"), "{error}");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let sandbox = open().await;
    for (variables, missing) in [
        (vec![("AZURE_TENANT_ID", "x")], "AZURE_CLIENT_ID"),
        (vec![("AZURE_TENANT_ID", "x"), ("AZURE_CLIENT_ID", "x")], "AZURE_CLIENT_SECRET"),
    ] {
        let (host, _) = host(&variables);
        let error = connect(&sandbox, by_variables(&sandbox), &host).await.unwrap_err();
        assert_eq!(error.code(), Code::EnvironmentUnusable);
        assert!(error.message.contains(missing), "{error}");
    }
    let (host, _) = host(&[("AZURE_CLIENT_ID", "x"), ("AZURE_CLIENT_SECRET", "x")]);
    let error = connect(&sandbox, by_variables(&sandbox), &host).await.unwrap_err();
    assert!(error.message.contains("No organization"), "{error}");
}
