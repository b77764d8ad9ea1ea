//! Microsoft Graph of the practice tenant: asked like Exchange, with tokens of its own, within its own host.

use crate::tenant::{run, Tenant};
use restricted_sender_core::error::{Code, Error};
use restricted_sender_core::graph::{is_not_found, Resource};
use restricted_sender_sandbox::Scenario;
use serde_json::{json, Value};

const ADELE: &str = "adele.vance@contoso.com";

fn resource(path: &str) -> Resource {
    Resource { path: path.into(), what: "The account", permission: "User.Read.All" }
}

async fn read(tenant: &Tenant, path: &str) -> Result<Value, Error> {
    let resource = resource(path);
    let (_, result) = run!(vec![], host => async { tenant.connection.exchange(&host).graph()?.read(&resource).await });
    result
}

async fn read_all(tenant: &Tenant, path: &str) -> Result<Vec<Value>, Error> {
    let resource = resource(path);
    let (_, result) =
        run!(vec![], host => async { tenant.connection.exchange(&host).graph()?.read_all(&resource).await });
    result
}

async fn change(tenant: &Tenant, path: &str, members: Value) -> Result<(), Error> {
    let resource = resource(path);
    let (_, result) = run!(vec![], host => async {
        tenant.connection.exchange(&host).graph()?.change(&resource, &members).await.map(|_| ())
    });
    result
}

/// How many such requests the tenant has seen.
async fn asked(tenant: &Tenant, method: &str, end: &str) -> usize {
    let log: Vec<Value> = tenant.control.get(tenant.at("requests")).send().await.unwrap().json().await.unwrap();
    let path = |request: &Value| request["path"].as_str().unwrap().split('?').next().unwrap().to_owned();
    log.iter().filter(|request| request["method"] == method && path(request).ends_with(end)).count()
}

fn user(select: &str) -> String {
    format!("users/{ADELE}?$select={select}")
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_within_its_host() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let path = format!("users/{ADELE}/authentication/methods");
    let whole = read_all(&tenant, &path).await.unwrap();
    assert!(whole.len() >= 3, "{whole:?}");
    let next = format!("{}/v1.0/{path}", tenant.sandbox.invitation().graph_uri);
    let body = json!({ "value": [{ "id": "first" }], "@odata.nextLink": next }).to_string();
    tenant.fault("graph/methods", 1, json!({ "kind": "status", "status": 200, "body": body })).await;
    let paged = read_all(&tenant, &path).await.unwrap();
    assert_eq!((paged[0]["id"].as_str(), &paged[1..]), (Some("first"), whole.as_slice()));

    for next in ["https://graph.example/v1.0/x", "https://localhost/graph/v1.0/x", "nonsense"] {
        let body = json!({ "value": [], "@odata.nextLink": next }).to_string();
        tenant.fault("graph/methods", 1, json!({ "kind": "status", "status": 200, "body": body })).await;
        let error = read_all(&tenant, &path).await.unwrap_err();
        assert_eq!(error.code(), Code::ResponseUnreadable, "{next}: {error}");
    }
    let circle = format!("{}/v1.0/{path}", tenant.sandbox.invitation().graph_uri);
    let body = json!({ "value": [], "@odata.nextLink": circle }).to_string();
    tenant.break_down("graph/methods", json!({ "kind": "status", "status": 200, "body": body })).await;
    assert_eq!(read_all(&tenant, &path).await.unwrap_err().code(), Code::ResponseUnreadable, "a circle");
    tenant.heal().await;
    let body = json!({ "@odata.context": "x" }).to_string();
    tenant.fault("graph/methods", 1, json!({ "kind": "status", "status": 200, "body": body })).await;
    assert_eq!(read_all(&tenant, &path).await.unwrap_err().code(), Code::ResponseUnreadable, "no list is no empty one");
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_counted() {
    let tenant = Tenant::new(Scenario::Standard).await;
    read(&tenant, &user("id")).await.unwrap();
    let throttled = json!({ "kind": "status", "status": 429, "headers": { "Retry-After": "1" } });
    tenant.fault("graph/users", 2, throttled).await;
    read(&tenant, &user("id")).await.unwrap();
    assert_eq!(tenant.connection.status().await.retries, Some(2));
    // A token that is refused is renewed once, and that is no retry.
    tenant.fault("graph/users", 1, json!({ "kind": "status", "status": 401 })).await;
    read(&tenant, &user("id")).await.unwrap();
    assert_eq!(tenant.connection.status().await.retries, Some(2));
}

#[tokio::test]
async fn a_change_is_sent_once() {
    let tenant = Tenant::new(Scenario::Standard).await;
    read(&tenant, &user("id")).await.unwrap();
    for fault in [json!({ "kind": "status", "status": 503 }), json!({ "kind": "drop" })] {
        let before = asked(&tenant, "PATCH", ADELE).await;
        tenant.fault("graph/updateUser", 1, fault.clone()).await;
        change(&tenant, &format!("users/{ADELE}"), json!({ "accountEnabled": false })).await.unwrap_err();
        assert_eq!(asked(&tenant, "PATCH", ADELE).await - before, 1, "{fault}");
    }
    assert_eq!(read(&tenant, &user("accountEnabled")).await.unwrap()["accountEnabled"], true);
}

#[tokio::test]
async fn each_refusal_is_told_apart() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let nobody = read(&tenant, "users/nobody@contoso.com?$select=id").await.unwrap_err();
    assert!(is_not_found(&nobody), "{nobody}");
    tenant.forbid("User.Read.All").await;
    let forbidden = read(&tenant, &user("id")).await.unwrap_err();
    assert_eq!(forbidden.code(), Code::NoGraphPermission);
    assert!(forbidden.message.contains("User.Read.All"), "{forbidden}");
    for (status, body, code) in [
        (404, "<html>", Code::ResponseUnreadable),
        (403, "<html>", Code::ResponseUnreadable),
        (400, r#"{"error":{"code":"Request_BadRequest","message":"No."}}"#, Code::GraphFailed),
        (404, r#"{"error":{"code":"UnknownError","message":"No."}}"#, Code::GraphFailed),
        (200, "<html>", Code::ResponseUnreadable),
        (200, "[]", Code::ResponseUnreadable),
    ] {
        tenant.fault("graph/users", 1, json!({ "kind": "status", "status": status, "body": body })).await;
        let error = read(&tenant, &user("id")).await.unwrap_err();
        assert_eq!(error.code(), code, "{status} {body}: {error}");
        assert!(!is_not_found(&error), "{status} {body}");
    }
}

#[tokio::test]
async fn exchange_and_graph_have_tokens_of_their_own() {
    let tenant = Tenant::new(Scenario::Standard).await;
    let before = asked(&tenant, "POST", "/token").await;
    read(&tenant, &user("id")).await.unwrap();
    read(&tenant, &user("id")).await.unwrap();
    assert_eq!(asked(&tenant, "POST", "/token").await - before, 1, "one for Graph, kept");
}
