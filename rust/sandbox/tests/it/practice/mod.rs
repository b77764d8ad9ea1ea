//! What the tests of the practice tenant share: an opened tenant and a client that trusts it.

pub mod key;
pub mod mail;

use std::time::Duration;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use reqwest::{Certificate, Client, Method, RequestBuilder, Response};
use restricted_sender_clock::Clock;
use restricted_sender_sandbox::{Options, Sandbox, Scenario};
use serde_json::{json, Value};
use time::macros::datetime;

pub const MINUTE: u64 = 60;

/// A tenant whose clock stands still at 2026-11-23 08:00 UTC, and a client that trusts it.
pub struct Practice {
    pub sandbox: Sandbox,
    pub client: Client,
    pub base: String,
    pub token: String,
}

impl Practice {
    pub async fn open(scenario: Scenario) -> Self {
        Self::open_with(Options { scenario, ..Options::default() }).await
    }

    pub async fn open_with(options: Options) -> Self {
        let clock = Clock::practice(datetime!(2026-11-23 08:00 UTC), 0.0);
        let sandbox = Sandbox::start(Options { clock, ..options }).await.unwrap();
        let authority = Certificate::from_pem(sandbox.invitation().ca_certificate.as_bytes()).unwrap();
        let client = Client::builder()
            .no_proxy()
            .tls_built_in_root_certs(false)
            .add_root_certificate(authority)
            .build()
            .unwrap();
        let base = sandbox.invitation().uri.clone();
        let mut practice = Self { sandbox, client, base, token: String::new() };
        practice.token = practice.sign_in().await;
        practice
    }

    pub async fn standard() -> Self {
        Self::open(Scenario::Standard).await
    }

    /// The same tenant over the other listener.
    pub fn plain(mut self) -> Self {
        self.base = self.sandbox.invitation().plain_uri.clone();
        self
    }

    pub async fn sign_in(&self) -> String {
        let reply = self.token_reply(&[]).await;
        assert_eq!(reply.status(), 200);
        json_of(reply).await["access_token"].as_str().unwrap().to_owned()
    }

    /// Asks for a token with the invitation's fields, some of them replaced; an empty value leaves the field out.
    pub async fn token_reply(&self, changes: &[(&str, &str)]) -> Response {
        self.token_reply_of("contoso.onmicrosoft.com", changes).await
    }

    pub async fn token_reply_of(&self, tenant: &str, changes: &[(&str, &str)]) -> Response {
        let invitation = self.sandbox.invitation();
        let scope = format!("{}/.default", invitation.uri);
        let mut fields = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &invitation.app_id),
            ("client_secret", &invitation.client_secret),
            ("scope", &scope),
        ];
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            fields.push((name, value));
        }
        fields.retain(|(_, value)| !value.is_empty());
        let url = format!("{}/{tenant}/oauth2/v2.0/token", self.base);
        self.client.post(url).form(&fields).send().await.unwrap()
    }

    pub fn command(&self) -> String {
        format!("{}/adminapi/beta/{}/InvokeCommand", self.base, self.sandbox.invitation().tenant_id)
    }

    pub fn request(&self, url: &str, cmdlet: &str, parameters: &Value) -> RequestBuilder {
        let body = json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}});
        self.client.post(url).bearer_auth(&self.token).json(&body)
    }

    pub async fn invoke(&self, cmdlet: &str, parameters: Value) -> Response {
        self.request(&self.command(), cmdlet, &parameters).send().await.unwrap()
    }

    /// A token for Graph, as the invitation's app.
    pub async fn graph_token(&self) -> String {
        let scope = format!("{}/graph/.default", self.base);
        let reply = self.token_reply(&[("scope", &scope)]).await;
        assert_eq!(reply.status(), 200);
        json_of(reply).await["access_token"].as_str().unwrap().to_owned()
    }

    /// What Graph answers to a GET; `path` follows `v1.0/`.
    pub async fn graph(&self, token: &str, path: &str) -> (u16, Value) {
        let url = format!("{}/graph/v1.0/{path}", self.base);
        let reply = self.client.get(url).bearer_auth(token).send().await.unwrap();
        (reply.status().as_u16(), serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap_or_default())
    }

    /// The rows of a call that must go well.
    pub async fn rows(&self, cmdlet: &str, parameters: Value) -> Vec<Value> {
        let reply = self.invoke(cmdlet, parameters).await;
        assert_eq!(reply.status(), 200);
        json_of(reply).await["value"].as_array().unwrap().clone()
    }

    /// Status, exception type and message of a call that must be refused with an error envelope.
    pub async fn refusal(&self, cmdlet: &str, parameters: Value) -> (u16, String, String) {
        refusal_of(self.invoke(cmdlet, parameters).await).await
    }

    pub async fn is_listed(&self, address: &str) -> bool {
        !self.rows("Get-BlockedSenderAddress", json!({"SenderAddress": address})).await.is_empty()
    }

    pub async fn connector_ids(&self) -> Vec<String> {
        texts(&self.rows("Get-BlockedConnector", json!({})).await, "ConnectorId")
    }

    /// Two tenants, of which the second is used over plain HTTP.
    pub async fn both() -> [Self; 2] {
        [Self::standard().await, Self::standard().await.plain()]
    }

    pub fn pass(&self, minutes: u64) {
        self.sandbox.clock().advance(Duration::from_secs(minutes * MINUTE)).unwrap();
    }

    /// Lets time pass and signs in again, since tokens last an hour.
    pub async fn later(&mut self, minutes: u64) {
        self.pass(minutes);
        self.token = self.sign_in().await;
    }

    /// An order to the control plane that must be carried out.
    pub async fn order(&self, what: &str, body: Value) {
        let reply = self.control(Method::POST, what, body.clone()).await;
        assert!(reply.status().is_success(), "{what} {body}: {}", reply.text().await.unwrap());
    }

    pub async fn remove(&self, address: &str) {
        let reply = self.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": address})).await;
        assert_eq!(reply.status(), 200, "{address}");
    }

    pub async fn control(&self, method: Method, what: &str, body: Value) -> Response {
        self.client.request(method, format!("{}/sandbox/{what}", self.base)).json(&body).send().await.unwrap()
    }

    pub async fn fault(&self, order: Value) {
        assert_eq!(self.control(Method::POST, "faults", order).await.status(), 201);
    }

    pub async fn log(&self, after: u64) -> Vec<Value> {
        let reply = self.client.get(format!("{}/sandbox/requests?after={after}", self.base)).send().await.unwrap();
        json_of(reply).await.as_array().unwrap().clone()
    }

    pub async fn app(&self, grant: &str) -> (String, String) {
        let apps = json_of(self.client.get(format!("{}/sandbox/apps", self.base)).send().await.unwrap()).await;
        let app = apps.as_array().unwrap().iter().find(|app| app["grant"] == grant).unwrap().clone();
        (app["appId"].as_str().unwrap().into(), app["clientSecret"].as_str().unwrap().into())
    }

    /// Signs in as another app and goes on as it.
    pub async fn become_app(&mut self, grant: &str) {
        let (id, secret) = self.app(grant).await;
        let reply = self.token_reply(&[("client_id", &id), ("client_secret", &secret)]).await;
        self.token = json_of(reply).await["access_token"].as_str().unwrap().into();
    }
}

pub async fn json_of(reply: Response) -> Value {
    serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap()
}

pub async fn refusal_of(reply: Response) -> (u16, String, String) {
    let status = reply.status().as_u16();
    let header = reply.headers().get("x-exceptiontype").unwrap().to_str().unwrap().to_owned();
    let error = &json_of(reply).await["error"];
    let inner = &error["innererror"]["internalexception"];
    let (exception, message) = (inner["type"].as_str().unwrap(), inner["message"].as_str().unwrap());
    assert_eq!(error["message"], "Error executing cmdlet");
    assert_eq!(error["details"][0]["code"], "Context");
    let detail = error["details"][0]["message"].as_str().unwrap();
    assert!(detail.starts_with("Ex") && detail.ends_with(&format!("|{exception}|{message}")), "{detail}");
    assert!(exception.ends_with(&format!(".{header}")));
    (status, header, message.to_owned())
}

pub fn texts(rows: &[Value], property: &str) -> Vec<String> {
    rows.iter().map(|row| row[property].as_str().unwrap().to_owned()).collect()
}

pub fn claims(token: &str) -> Value {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3);
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    assert_eq!(header, json!({"typ": "JWT", "alg": "RS256"}));
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap()
}
