//! Changes to people and their mailboxes: visible at once in all reads, recorded in the audit log.

use crate::practice::{json_of, Practice};
use reqwest::{Method, Response};
use serde_json::{json, Value};
use sha2::{Digest, Sha256};

const ADELE: &str = "adele.vance@contoso.com";
const PASSWORD: &str = "Correct-Horse-1";

async fn state(practice: &Practice, upn: &str) -> Value {
    let reply = practice.control(Method::GET, &format!("accounts/{upn}"), Value::Null).await;
    assert_eq!(reply.status(), 200, "{upn}");
    json_of(reply).await
}

async fn send(practice: &Practice, method: Method, path: &str, body: Value) -> Response {
    let token = practice.graph_token().await;
    let url = format!("{}/graph/v1.0/{path}", practice.base);
    practice.client.request(method, url).bearer_auth(token).json(&body).send().await.unwrap()
}

async fn update(practice: &Practice, user: &str, body: Value) -> Response {
    send(practice, Method::PATCH, &format!("users/{user}"), body).await
}

async fn selected(practice: &Practice, user: &str, property: &str) -> Value {
    let token = practice.graph_token().await;
    practice.graph(&token, &format!("users/{user}?$select={property}")).await.1[property].clone()
}

/// The records of an operation, as they stand in AuditData, once they can be found.
async fn recorded(practice: &Practice, operation: &str) -> Vec<Value> {
    practice.order("settings", json!({"auditDelaySeconds": 0})).await;
    let window = json!({"StartDate": "2026-11-23T08:00:00Z", "EndDate": "2026-11-24", "Operations": [operation]});
    let rows = practice.rows("Search-UnifiedAuditLog", window).await;
    rows.iter().map(|row| serde_json::from_str(row["AuditData"].as_str().unwrap()).unwrap()).collect()
}

// Graph

#[tokio::test]
async fn sign_in_is_blocked_and_let_in_again() {
    for practice in Practice::both().await {
        for (enabled, operation) in [(false, "Disable account."), (true, "Enable account.")] {
            let reply = update(&practice, ADELE, json!({"accountEnabled": enabled})).await;
            assert_eq!(reply.status(), 204);
            assert_eq!(selected(&practice, ADELE, "accountEnabled").await, enabled);
            let mailbox = practice.rows("Get-Mailbox", json!({"Identity": ADELE})).await;
            assert_eq!(mailbox[0]["AccountDisabled"], !enabled);
            let records = recorded(&practice, operation).await;
            assert_eq!((records.len(), &records[0]["ObjectId"]), (1, &json!(ADELE)));
            let app = format!("ServicePrincipal_{}", practice.sandbox.invitation().app_id);
            assert_eq!(records[0]["UserId"], app);
        }
    }
}

#[tokio::test]
async fn a_new_password_is_kept_as_a_digest_and_stands_nowhere_else() {
    let practice = Practice::standard().await;
    practice.pass(5);
    let profile = json!({"passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": true}});
    assert_eq!(update(&practice, ADELE, profile).await.status(), 204);
    let now = "2026-11-23T08:05:00";
    assert_eq!(selected(&practice, ADELE, "lastPasswordChangeDateTime").await, format!("{now}Z"));
    assert_eq!(selected(&practice, ADELE, "signInSessionsValidFromDateTime").await, format!("{now}Z"));
    let state = state(&practice, ADELE).await;
    let digest: String = Sha256::digest(PASSWORD).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((&state["passwordSha256"], &state["forceChangePasswordNextSignIn"]), (&json!(digest), &json!(true)));
    let records = recorded(&practice, "Reset user password.").await;
    assert_eq!(records[0]["ObjectId"], ADELE);
    for all in [json!(practice.log(0).await), json!(records), state] {
        assert!(!all.to_string().contains(PASSWORD), "{all}");
    }
}

#[tokio::test]
async fn passwords_that_the_directory_does_not_take() {
    let practice = Practice::standard().await;
    for (user, profile, says) in [
        (ADELE, json!({"password": "secret-but-simple"}), "complexity"),
        (ADELE, json!({"password": 7}), "Invalid value"),
        (ADELE, json!({"password": PASSWORD, "hint": "horse"}), "Invalid value"),
        (ADELE, json!({}), "required"),
        // On premises the password has another master.
        ("o'brien@contoso.com", json!({"password": PASSWORD}), "on-premises mastered"),
    ] {
        let reply = update(&practice, user, json!({"passwordProfile": profile, "accountEnabled": false})).await;
        assert_eq!(reply.status(), 400);
        let error = json_of(reply).await["error"].clone();
        assert_eq!(error["code"], "Request_BadRequest");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(says) && !message.contains(PASSWORD) && !message.contains("secret"), "{message}");
        let state = state(&practice, user).await;
        assert_eq!((&state["passwordSha256"], &state["accountEnabled"]), (&Value::Null, &json!(true)), "{says}");
    }
    assert_eq!(update(&practice, "nobody@contoso.com", json!({"accountEnabled": true})).await.status(), 404);
    assert_eq!(update(&practice, "o'brien@contoso.com", json!({"accountEnabled": false})).await.status(), 204);
}

#[tokio::test]
async fn revoked_sessions_are_not_renewed() {
    let practice = Practice::standard().await;
    let url = format!("{}/organizations/oauth2/v2.0", practice.base);
    let client = ("client_id", "fb78d390-0c51-40cd-8e17-fdbfab77341b");
    let scope = format!("{}/.default offline_access", practice.base);
    let mut sign_ins = Vec::new();
    for user in [ADELE, "lee.gu@contoso.com"] {
        practice.order("device-codes", json!({"answer": "approve", "user": user})).await;
        let form = [client, ("scope", scope.as_str())];
        let code = json_of(practice.client.post(format!("{url}/devicecode")).form(&form).send().await.unwrap()).await;
        let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
        let form = [client, grant, ("device_code", code["device_code"].as_str().unwrap())];
        let token = json_of(practice.client.post(format!("{url}/token")).form(&form).send().await.unwrap()).await;
        sign_ins.push(token["refresh_token"].as_str().unwrap().to_owned());
    }
    practice.pass(7);
    let reply = send(&practice, Method::POST, &format!("users/{ADELE}/revokeSignInSessions"), json!({})).await;
    assert_eq!(reply.status(), 200);
    assert_eq!(json_of(reply).await["value"], true);
    assert_eq!(selected(&practice, ADELE, "signInSessionsValidFromDateTime").await, "2026-11-23T08:07:00Z");
    assert_eq!(recorded(&practice, "Update StsRefreshTokenValidFrom Timestamp.").await[0]["ObjectId"], ADELE);
    for (token, status) in sign_ins.iter().zip([400, 200]) {
        let form = [client, ("grant_type", "refresh_token"), ("refresh_token", token), ("scope", &scope)];
        let reply = practice.client.post(format!("{url}/token")).form(&form).send().await.unwrap();
        assert_eq!(reply.status(), status);
    }
    assert_eq!(
        send(&practice, Method::GET, &format!("users/{ADELE}/revokeSignInSessions"), json!({})).await.status(),
        405
    );
}

// Exchange

#[tokio::test]
async fn forwarding_ends_and_comes_back_as_it_was() {
    for practice in Practice::both().await {
        let mailbox = || async { practice.rows("Get-Mailbox", json!({"Identity": ADELE})).await.remove(0) };
        let before = mailbox().await;
        assert_eq!(before["ForwardingSmtpAddress"], "smtp:adele.vance.contoso@mailbox.example");
        assert_eq!(before["DeliverToMailboxAndForward"], true);
        practice.pass(3);
        let end = json!({"Identity": ADELE, "ForwardingSmtpAddress": null, "DeliverToMailboxAndForward": false});
        assert!(practice.rows("Set-Mailbox", end.clone()).await.is_empty());
        let after = mailbox().await;
        assert_eq!(
            (&after["ForwardingSmtpAddress"], &after["DeliverToMailboxAndForward"]),
            (&Value::Null, &json!(false))
        );
        assert_eq!(after["WhenChangedUTC"], "2026-11-23T08:03:00.0000000+00:00");
        assert_eq!(state(&practice, ADELE).await["forwardingSmtpAddress"], Value::Null);
        let records = recorded(&practice, "Set-Mailbox").await;
        assert_eq!((records.len(), &records[0]["ObjectId"]), (1, &json!(ADELE)));

        let again = json_of(practice.invoke("Set-Mailbox", end).await).await;
        assert!(again["@adminapi.warnings"][0].as_str().unwrap().contains("no settings of"), "{again}");
        assert_eq!(recorded(&practice, "Set-Mailbox").await.len(), 1, "nothing was changed");

        let back = json!({"Identity": ADELE, "DeliverToMailboxAndForward": true,
            "ForwardingSmtpAddress": before["ForwardingSmtpAddress"]});
        practice.rows("Set-Mailbox", back).await;
        let back = mailbox().await;
        assert_eq!(back["ForwardingSmtpAddress"], before["ForwardingSmtpAddress"]);
        practice.rows("Set-Mailbox", json!({"Identity": ADELE, "ForwardingAddress": "lee.gu"})).await;
        assert_eq!(mailbox().await["ForwardingAddress"], "Lee Gu");
    }
}

#[tokio::test]
async fn forwarding_that_makes_no_sense() {
    let practice = Practice::standard().await;
    for (parameters, status) in [
        (json!({"Identity": ADELE, "ForwardingSmtpAddress": "nowhere"}), 400),
        (json!({"Identity": ADELE, "DeliverToMailboxAndForward": "yes"}), 400),
        (json!({"Identity": ADELE, "ForwardingAddress": "nobody@contoso.com"}), 404),
        (json!({"Identity": "nobody@contoso.com", "ForwardingAddress": null}), 404),
        (json!({"Identity": "all.staff@contoso.com", "ForwardingAddress": null}), 404),
        (json!({"ForwardingAddress": null}), 400),
    ] {
        assert_eq!(practice.refusal("Set-Mailbox", parameters.clone()).await.0, status, "{parameters}");
    }
    assert!(recorded(&practice, "Set-Mailbox").await.is_empty());
}

#[tokio::test]
async fn an_inbox_rule_is_disabled_and_enabled_by_any_of_its_names() {
    let practice = Practice::standard().await;
    let rules = || async { practice.rows("Get-InboxRule", json!({"Mailbox": ADELE})).await };
    let rule = rules().await.remove(0);
    let number = rule["RuleIdentity"].to_string();
    for name in [".", &number, rule["Identity"].as_str().unwrap()] {
        for (cmdlet, enabled) in [("Disable-InboxRule", false), ("Enable-InboxRule", true)] {
            practice.rows(cmdlet, json!({"Identity": name, "Mailbox": ADELE})).await;
            assert_eq!(rules().await[0]["Enabled"], enabled, "{name}");
            let token = practice.graph_token().await;
            let (_, body) = practice.graph(&token, &format!("users/{ADELE}/mailFolders/inbox/messageRules")).await;
            assert_eq!(body["value"][0]["isEnabled"], enabled);
        }
    }
    practice.rows("Disable-InboxRule", json!({"Identity": rule["Identity"]})).await;
    assert_eq!(rules().await[0]["Enabled"], false);
    let records = recorded(&practice, "Disable-InboxRule").await;
    assert_eq!(records.len(), 4);
    for (parameters, status) in [
        (json!({"Identity": "Nonsense", "Mailbox": ADELE}), 404),
        (json!({"Identity": ".", "Mailbox": "lee.gu@contoso.com"}), 404),
        (json!({"Identity": "."}), 400),
    ] {
        assert_eq!(practice.refusal("Disable-InboxRule", parameters.clone()).await.0, status, "{parameters}");
    }
}

#[tokio::test]
async fn readers_change_nothing() {
    let mut practice = Practice::standard().await;
    practice.become_app("read-only").await;
    for (cmdlet, parameters) in [
        ("Set-Mailbox", json!({"Identity": ADELE, "ForwardingSmtpAddress": null})),
        ("Disable-InboxRule", json!({"Identity": ".", "Mailbox": ADELE})),
        // Global Reader cannot even look.
        ("Get-InboxRule", json!({"Mailbox": ADELE})),
    ] {
        assert_eq!(practice.invoke(cmdlet, parameters).await.status(), 403, "{cmdlet}");
    }
    assert!(!practice.rows("Get-Mailbox", json!({"Identity": ADELE})).await[0]["ForwardingSmtpAddress"].is_null());
}

#[tokio::test]
async fn accounts_as_they_are() {
    let practice = Practice::standard().await;
    let all = json_of(practice.control(Method::GET, "accounts", Value::Null).await).await;
    assert!(all.as_array().unwrap().contains(&json!("admin@contoso.onmicrosoft.com")));
    assert_eq!(state(&practice, "o%27brien%40contoso.com").await["onPremisesSyncEnabled"], true);
    let reply = practice.control(Method::GET, "accounts/nobody@contoso.com", Value::Null).await;
    assert_eq!(reply.status(), 404);
    assert_eq!(practice.control(Method::DELETE, "accounts", Value::Null).await.status(), 405);
}
