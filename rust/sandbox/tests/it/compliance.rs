//! Security & Compliance: found by a redirect, with tokens, cookies and cmdlets of its own.

use crate::practice::{json_of, texts, Practice};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::{json, Value};

const ANCHOR: &str = "UPN:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@contoso.onmicrosoft.com";

/// A client that follows nothing, over plain HTTP.
struct Compliance {
    practice: Practice,
    client: Client,
    base: String,
    token: String,
}

impl Compliance {
    async fn open() -> Self {
        let practice = Practice::standard().await;
        let base = format!("{}/compliance", practice.sandbox.invitation().plain_uri);
        let reply = practice.token_reply(&[("scope", &format!("{base}/.default"))]).await;
        let token = json_of(reply).await["access_token"].as_str().unwrap().to_owned();
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { practice, client, base, token }
    }

    async fn invoke(&self, base: &str, cmdlet: &str, headers: &[(&str, &str)]) -> Response {
        let address = format!("{base}/adminapi/beta/{}/InvokeCommand", self.practice.sandbox.invitation().tenant_id);
        let body = json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": {}}});
        let mut request = self.client.post(address).bearer_auth(&self.token).json(&body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    /// Where it really is, and the cookie that it wants there.
    async fn found(&self) -> (String, String) {
        let first = self.invoke(&self.base, "Get-ProtectionAlert", &[]).await;
        assert_eq!(first.status(), 302);
        let cookie = first.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let target = first.headers()["location"].to_str().unwrap();
        let (really, _) = target.split_once("/adminapi/").unwrap();
        assert!(really.starts_with("http://localhost:") && really.ends_with("/compliance"), "{target}");
        (really.to_owned(), cookie)
    }

    async fn rows(&self, cmdlet: &str) -> Vec<Value> {
        let (really, cookie) = self.found().await;
        let reply = self.invoke(&really, cmdlet, &[("cookie", &cookie), ("x-anchormailbox", ANCHOR)]).await;
        assert_eq!(reply.status(), 200);
        json_of(reply).await["value"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn the_seven_alert_policies_are_behind_a_redirect() {
    let compliance = Compliance::open().await;
    let rows = compliance.rows("Get-ProtectionAlert").await;
    let names = texts(&rows, "Name");
    assert_eq!(names.len(), 7);
    assert!(names.contains(&"User restricted from sending email".to_owned()), "{names:?}");
    assert!(rows.iter().all(|row| row["Disabled"] == false && row["NotifyUser"] == json!(["TenantAdmins"])));
    assert!(texts(&rows, "ImmutableId").contains(&"7a4e7306-bbcb-401f-b112-8ca5f798a230".to_owned()));
}

#[tokio::test]
async fn without_cookie_or_initial_domain_nobody_is_served() {
    let compliance = Compliance::open().await;
    let (really, cookie) = compliance.found().await;
    let status = |base: String, headers: Vec<(&'static str, String)>| {
        let compliance = &compliance;
        async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            compliance.invoke(&base, "Get-ProtectionAlert", &headers).await.status().as_u16()
        }
    };
    let anchor = |text: &str| ("x-anchormailbox", text.to_owned());
    let cookie = ("cookie", cookie);
    assert_eq!(status(really.clone(), vec![anchor(ANCHOR)]).await, 302, "no cookie");
    assert_eq!(status(compliance.base.clone(), vec![cookie.clone(), anchor(ANCHOR)]).await, 302, "not there");
    let tenant = &compliance.practice.sandbox.invitation().tenant_id;
    let by_id = ANCHOR.replace("contoso.onmicrosoft.com", tenant);
    for wrong in
        [vec![cookie.clone()], vec![cookie.clone(), anchor(&by_id)], vec![cookie.clone(), anchor("UPN:a@contoso.com")]]
    {
        assert_eq!(status(really.clone(), wrong).await, 400);
    }
    assert_eq!(status(really, vec![cookie, anchor(ANCHOR)]).await, 200);
}

#[tokio::test]
async fn tokens_and_cmdlets_of_exchange_are_none_of_its_own() {
    let mut compliance = Compliance::open().await;
    let (really, cookie) = compliance.found().await;
    let headers = [("cookie", cookie.as_str()), ("x-anchormailbox", ANCHOR)];
    assert_eq!(compliance.invoke(&really, "Get-BlockedSenderAddress", &headers).await.status(), 403);
    let own = std::mem::replace(&mut compliance.token, compliance.practice.token.clone());
    assert_eq!(compliance.invoke(&really, "Get-ProtectionAlert", &headers).await.status(), 401);
    let exchange = compliance.practice.sandbox.invitation().plain_uri.clone();
    compliance.token = own;
    assert_eq!(compliance.invoke(&exchange, "Get-BlockedSenderAddress", &[]).await.status(), 401);
    assert_eq!(compliance.practice.invoke("Get-ProtectionAlert", json!({})).await.status(), 403);
}

#[tokio::test]
async fn auditing_is_always_off_as_it_tells_it() {
    let compliance = Compliance::open().await;
    let here = compliance.rows("Get-AdminAuditLogConfig").await;
    assert_eq!(here[0]["UnifiedAuditLogIngestionEnabled"], false);
    let there = compliance.practice.rows("Get-AdminAuditLogConfig", json!({})).await;
    assert_eq!(there[0]["UnifiedAuditLogIngestionEnabled"], true);
}
