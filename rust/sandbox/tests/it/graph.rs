//! Microsoft Graph: tokens of its own, the shape of answers and refusals, over both listeners.

use crate::practice::{claims, json_of, Practice};
use reqwest::Method;
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

// Who is let in

#[tokio::test]
async fn a_token_is_for_exchange_or_for_graph() {
    for mut practice in Practice::both().await {
        let token = practice.graph_token().await;
        let claims = claims(&token);
        assert_eq!(claims["aud"], format!("{}/graph", practice.base));
        let roles = claims["roles"].as_array().unwrap();
        assert_eq!(roles.len(), 8);
        for role in ["User.Read.All", "User-PasswordProfile.ReadWrite.All"] {
            assert!(roles.contains(&json!(role)), "{role}");
        }
        assert_eq!(practice.graph(&token, "users/adele.vance@contoso.com").await.0, 200);

        let (status, body) = practice.graph(&practice.token, "users/adele.vance@contoso.com").await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("InvalidAuthenticationToken")));
        assert!(body["error"]["message"].as_str().unwrap().contains("Invalid audience"));
        practice.token = token;
        let reply = practice.invoke("Get-Recipient", json!({})).await;
        assert_eq!(reply.status(), 401);
        assert!(reply.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    }
}

#[tokio::test]
async fn what_an_app_was_granted_stands_in_its_token() {
    let mut practice = Practice::standard().await;
    for (grant, count, status) in [("read-only", 5, 200), ("no-directory-role", 5, 200), ("none", 0, 403)] {
        practice.become_app(grant).await;
        let (id, secret) = practice.app(grant).await;
        let scope = format!("{}/graph/.default", practice.base);
        let reply = practice.token_reply(&[("client_id", &id), ("client_secret", &secret), ("scope", &scope)]).await;
        let token = json_of(reply).await["access_token"].as_str().unwrap().to_owned();
        assert_eq!(claims(&token)["roles"].as_array().map_or(0, Vec::len), count, "{grant}");
        let (found, body) = practice.graph(&token, "users/adele.vance@contoso.com").await;
        assert_eq!(found, status, "{grant}");
        if status == 403 {
            assert_eq!(body["error"]["code"], "Authorization_RequestDenied");
            assert_eq!(body["error"]["message"], "Insufficient privileges to complete the operation.");
        }
    }
}

#[tokio::test]
async fn tokens_that_are_not_good() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    for bad in ["", "x"] {
        let (status, body) = practice.graph(bad, "users/adele.vance@contoso.com").await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("InvalidAuthenticationToken")), "{bad}");
    }
    practice.pass(60);
    let (status, body) = practice.graph(&token, "users/adele.vance@contoso.com").await;
    assert_eq!(status, 401);
    assert!(body["error"]["message"].as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn scopes_of_both_listeners_and_of_the_worldwide_graph_are_good() {
    let practice = Practice::standard().await;
    let invitation = practice.sandbox.invitation().clone();
    let plain = format!("{}/graph", invitation.plain_uri);
    for resource in [invitation.graph_uri.as_str(), &plain, "https://graph.microsoft.com"] {
        let reply = practice.token_reply(&[("scope", &format!("{resource}/.default"))]).await;
        let token = json_of(reply).await["access_token"].as_str().unwrap().to_owned();
        assert_eq!(practice.graph(&token, "users/adele.vance@contoso.com").await.0, 200, "{resource}");
    }
    let reply = practice.token_reply(&[("scope", "https://graph.microsoft.us/.default")]).await;
    assert_eq!(reply.status(), 400);
}

// Answers and refusals

#[tokio::test]
async fn a_user_by_id_and_by_user_principal_name() {
    for practice in Practice::both().await {
        let token = practice.graph_token().await;
        let (_, by_name) = practice.graph(&token, "users/Megan.Bowen%40contoso.onmicrosoft.com").await;
        assert_eq!(by_name["mail"], "megan.bowen@contoso.com");
        assert!(by_name["@odata.context"].as_str().unwrap().starts_with(&format!("{}/graph/v1.0/", practice.base)));
        let id = by_name["id"].as_str().unwrap();
        assert_eq!(practice.graph(&token, &format!("users/{id}")).await.1, by_name);
        let recipient = practice.rows("Get-Recipient", json!({"Identity": "megan.bowen@contoso.com"})).await;
        assert_eq!(recipient[0]["ExternalDirectoryObjectId"], id);
        assert_ne!(recipient[0]["Guid"], id);
        for nobody in ["megan.bowen@contoso.com", "ceo@contoso.com", "all.staff@contoso.com", &"0".repeat(32)] {
            let (status, body) = practice.graph(&token, &format!("users/{nobody}")).await;
            assert_eq!((status, &body["error"]["code"]), (404, &json!("Request_ResourceNotFound")), "{nobody}");
        }
    }
}

#[tokio::test]
async fn refusals_have_the_shape_of_graph() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    let url = format!("{}/graph/v1.0/users/nobody@contoso.com", practice.base);
    let request = practice.client.get(url).bearer_auth(&token).header("client-request-id", "mine");
    let reply = request.send().await.unwrap();
    let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
    let (id, client_id) = (header("request-id"), header("client-request-id"));
    let error = json_of(reply).await["error"].clone();
    assert_eq!(
        error["innerError"],
        json!({"date": "2026-11-23T08:00:00", "request-id": id, "client-request-id": "mine"})
    );
    assert_eq!(client_id, "mine");
    assert!(error["message"].as_str().unwrap().contains("'nobody@contoso.com' does not exist"));

    for (path, status, code) in [
        ("users/adele.vance@contoso.com/unheardof", 400, "BadRequest"),
        ("users/adele.vance@contoso.com?$select=displayName,shoeSize", 400, "BadRequest"),
        ("nonsense", 400, "BadRequest"),
    ] {
        let (found, body) = practice.graph(&token, path).await;
        assert_eq!((found, &body["error"]["code"]), (status, &json!(code)), "{path}");
    }
    let url = format!("{}/graph/v1.0/users/adele.vance@contoso.com", practice.base);
    assert_eq!(practice.client.delete(url).bearer_auth(&token).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn select_shows_what_it_names() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    let (_, body) = practice.graph(&token, "users/adele.vance@contoso.com?$select=displayname,%20id").await;
    let names: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(names, ["@odata.context", "displayName", "id"]);
}

// Faults

#[tokio::test]
async fn faults_strike_all_of_graph_or_a_part_of_it() {
    let practice = Practice::standard().await;
    let token = practice.graph_token().await;
    let busy = json!({"kind": "status", "status": 429, "headers": {"Retry-After": "10"}});
    practice.fault(json!({"match": "graph", "fault": busy})).await;
    practice.fault(json!({"match": "graph/users", "senderAddress": "lee.gu@contoso.com", "fault": busy})).await;
    practice.fault(json!({"match": "graph/riskyUsers", "fault": busy})).await;
    let status = |user: &'static str| {
        let (practice, token) = (&practice, &token);
        async move { practice.graph(token, &format!("users/{user}@contoso.com")).await.0 }
    };
    assert_eq!([status("adele.vance").await, status("adele.vance").await], [429, 200]);
    assert_eq!([status("lee.gu").await, status("lee.gu").await], [429, 200]);
    let last = practice.log(0).await.pop().unwrap();
    assert_eq!((&last["path"], &last["cmdlet"]), (&json!("/graph/v1.0/users/lee.gu@contoso.com"), &Value::Null));
}

#[tokio::test]
async fn a_device_code_is_for_what_it_was_asked_for() {
    let practice = Practice::open(Scenario::Empty).await;
    practice.order("device-codes", json!({"answer": "approve"})).await;
    let client = ("client_id", "fb78d390-0c51-40cd-8e17-fdbfab77341b");
    let scope = format!("{}/graph/.default offline_access", practice.base);
    let url = format!("{}/organizations/oauth2/v2.0", practice.base);
    let form = [client, ("scope", scope.as_str())];
    let code = practice.client.post(format!("{url}/devicecode")).form(&form).send().await.unwrap();
    let code = json_of(code).await["device_code"].as_str().unwrap().to_owned();
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
    let form = [client, grant, ("device_code", &code)];
    let reply = json_of(practice.client.post(format!("{url}/token")).form(&form).send().await.unwrap()).await;
    let claims = claims(reply["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], format!("{}/graph", practice.base));
    assert!(claims["scp"].as_str().unwrap().contains("User.RevokeSessions.All"));

    // The same sign-in opens Exchange, too.
    let scope = format!("{}/.default", practice.base);
    let refresh = reply["refresh_token"].as_str().unwrap();
    let form = [client, ("grant_type", "refresh_token"), ("refresh_token", refresh), ("scope", &scope)];
    let reply = practice.client.post(format!("{url}/token")).form(&form).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert_eq!(practice.control(Method::GET, "clock", Value::Null).await.status(), 200);
}
