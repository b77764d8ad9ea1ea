//! What can be taken away from everybody: permissions of Graph, and cmdlets.

use crate::practice::{claims, json_of, Practice};
use reqwest::Method;
use serde_json::{json, Value};

const ADELE: &str = "users/adele.vance@contoso.com";

async fn permissions(practice: &Practice) -> Value {
    json_of(practice.control(Method::GET, "permissions", Value::Null).await).await
}

#[tokio::test]
async fn each_permission_opens_its_own_reads_and_no_others() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    let id = practice.graph(&token, ADELE).await.1["id"].as_str().unwrap().to_owned();
    let grants = practice.graph(&token, &format!("{ADELE}/oauth2PermissionGrants")).await.1;
    let client = grants["value"][0]["clientId"].as_str().unwrap();
    let reads = [
        (ADELE.to_owned(), "User.Read.All"),
        (format!("{ADELE}/authentication/methods"), "UserAuthenticationMethod.Read.All"),
        (format!("{ADELE}/transitiveMemberOf"), "Directory.Read.All"),
        (format!("{ADELE}/oauth2PermissionGrants"), "Directory.Read.All"),
        (format!("servicePrincipals/{client}"), "Directory.Read.All"),
        (format!("identityProtection/riskyUsers/{id}"), "IdentityRiskyUser.Read.All"),
        (format!("{ADELE}/mailFolders/inbox/messageRules"), "MailboxSettings.Read"),
    ];
    for (_, permission) in &reads {
        practice.order("permissions", json!({"remove": [permission]})).await;
        for (path, needed) in &reads {
            // The token was given out before.
            let (status, body) = practice.graph(&token, path).await;
            let expected = if needed == permission { 403 } else { 200 };
            assert_eq!(status, expected, "{path} without {permission}");
            if status == 403 {
                assert_eq!(body["error"]["code"], "Authorization_RequestDenied");
            }
        }
        let roles = claims(&practice.graph_token().await)["roles"].clone();
        assert!(!roles.as_array().unwrap().contains(&json!(permission)), "{roles}");
        practice.order("permissions", json!({"restore": [permission]})).await;
    }
    assert_eq!(claims(&practice.graph_token().await)["roles"].as_array().unwrap().len(), 8);
}

#[tokio::test]
async fn each_change_takes_its_own_permission() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    let password = json!({"passwordProfile": {"password": "Correct-Horse-1"}});
    let requests = [
        (Method::PATCH, ADELE.to_owned(), json!({"accountEnabled": false}), "User.EnableDisableAccount.All"),
        (Method::PATCH, ADELE.to_owned(), password, "User-PasswordProfile.ReadWrite.All"),
        (Method::POST, format!("{ADELE}/revokeSignInSessions"), json!({}), "User.RevokeSessions.All"),
    ];
    for (_, _, _, permission) in &requests {
        practice.order("permissions", json!({"remove": [permission]})).await;
        for (method, path, body, needed) in &requests {
            let url = format!("{}/graph/v1.0/{path}", practice.base);
            let reply =
                practice.client.request(method.clone(), url).bearer_auth(&token).json(body).send().await.unwrap();
            assert_eq!(reply.status() == 403, needed == permission, "{path} {body} without {permission}");
        }
        practice.order("permissions", json!({"restore": [permission]})).await;
    }
}

#[tokio::test]
async fn a_cmdlet_that_was_taken_away_is_unknown() {
    let practice = Practice::standard().await;
    let rules = json!({"Mailbox": "adele.vance@contoso.com"});
    practice.order("permissions", json!({"remove": ["get-inboxrule"]})).await;
    let reply = practice.invoke("Get-InboxRule", rules.clone()).await;
    assert_eq!(reply.status(), 403);
    assert!(reply.bytes().await.unwrap().iter().all(|byte| *byte == 0));
    assert!(!practice.rows("Get-Mailbox", json!({"Identity": "adele.vance@contoso.com"})).await.is_empty());
    let tenant = &practice.sandbox.invitation().tenant_id;
    let url = format!("{}/adminapi/v1.0/{tenant}/EXOModuleFile", practice.base);
    let exported = practice.client.get(url).bearer_auth(&practice.token).send().await.unwrap().text().await.unwrap();
    assert!(!exported.contains("Get-InboxRule") && exported.contains("Disable-InboxRule"));

    let listed = permissions(&practice).await;
    assert_eq!(listed["removed"], json!(["Get-InboxRule"]));
    practice.order("permissions", json!({"restore": ["Get-InboxRule"]})).await;
    assert!(!practice.rows("Get-InboxRule", rules).await.is_empty());
    assert_eq!(permissions(&practice).await["removed"], json!([]));
    assert!(permissions(&practice).await["granted"].as_array().unwrap().contains(&json!("User.Read.All")));
}

#[tokio::test]
async fn a_name_that_means_nothing_is_an_error_and_nothing_is_done() {
    let practice = Practice::standard().await;
    for wrong in [
        json!({"remove": ["User.Read.All", "User.Raed.All"]}),
        json!({"restore": ["Get-Nonsense"]}),
        json!({"take": ["User.Read.All"]}),
    ] {
        assert_eq!(practice.control(Method::POST, "permissions", wrong.clone()).await.status(), 400, "{wrong}");
    }
    assert_eq!(permissions(&practice).await["removed"], json!([]));
}
