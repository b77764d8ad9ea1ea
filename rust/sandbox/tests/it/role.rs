//! Who may do what, and what the official module is told about it, over both listeners.

use crate::practice::{claims, json_of, Practice};
use reqwest::{Method, Response};
use serde_json::{json, Value};

async fn is_nul_bytes(reply: Response) -> bool {
    let status = reply.status();
    let body = reply.bytes().await.unwrap();
    status == 403 && !body.is_empty() && body.iter().all(|byte| *byte == 0)
}

#[tokio::test]
async fn a_reader_reads_and_is_refused_every_change() {
    for mut practice in Practice::both().await {
        practice.become_app("read-only").await;
        let senders = practice.rows("Get-BlockedSenderAddress", json!({})).await.len();
        assert_eq!(senders, 8);
        for cmdlet in ["Get-BlockedConnector", "Get-Recipient", "Get-AcceptedDomain", "Get-OrganizationConfig"] {
            assert!(!practice.rows(cmdlet, json!({})).await.is_empty(), "{cmdlet}");
        }
        let id = practice.connector_ids().await[0].clone();
        for (cmdlet, parameters) in [
            ("Remove-BlockedSenderAddress", json!({"SenderAddress": "adele.vance@contoso.com"})),
            ("remove-blockedsenderaddress", json!({"SenderAddress": "nobody@contoso.com"})),
            ("Remove-BlockedSenderAddress", json!({})),
            ("Remove-BlockedConnector", json!({"ConnectorId": id})),
        ] {
            assert!(is_nul_bytes(practice.invoke(cmdlet, parameters).await).await, "{cmdlet}");
        }
        practice.pass(45);
        practice.become_app("read-only").await;
        assert!(practice.is_listed("adele.vance@contoso.com").await && practice.connector_ids().await.contains(&id));
    }
}

#[tokio::test]
async fn tokens_name_the_roles() {
    let reader = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
    let administrator = "29232cdf-9323-42fd-ade2-1d097af3e4de";
    for mut practice in Practice::both().await {
        let nobody = "0997a1d0-0d1d-4acb-b408-d5ca73121e90";
        for (grant, roles, wids) in [
            ("full", json!(["Exchange.ManageAsApp"]), json!([administrator, nobody])),
            ("read-only", json!(["Exchange.ManageAsApp"]), json!([reader, nobody])),
            ("no-directory-role", json!(["Exchange.ManageAsApp"]), json!([nobody])),
            ("none", Value::Null, json!([nobody])),
        ] {
            practice.become_app(grant).await;
            let claims = claims(&practice.token);
            assert_eq!((&claims["roles"], &claims["wids"]), (&roles, &wids), "{grant}");
        }
    }
}

#[tokio::test]
async fn the_organization() {
    for practice in Practice::both().await {
        let rows = practice.rows("Get-OrganizationConfig", json!({})).await;
        assert_eq!(rows.len(), 1);
        let row = &rows[0];
        assert_eq!((&row["Name"], &row["Identity"]), (&json!("contoso.onmicrosoft.com"), &row["Name"]));
        assert_eq!(row["DisplayName"], "Contoso");
        assert_eq!(row["IsDehydrated"], false);
        assert_eq!((&row["Guid@data.type"], &row["Guid@odata.type"]), (&json!("System.Guid"), &json!("#Guid")));
        assert_eq!((&row["ObjectVersion@data.type"], &row["ObjectVersion"]), (&json!("System.Int32"), &json!(16_250)));
        assert_eq!(row["ExternalDirectoryOrganizationId"], practice.sandbox.invitation().tenant_id.as_str());
        assert_ne!(row["Guid"], row["ExternalDirectoryOrganizationId"]);
        let named = practice.rows("Get-OrganizationConfig", json!({"Identity": "contoso.com"})).await;
        assert_eq!(named, rows);
        let (status, ..) = practice.refusal("Get-OrganizationConfig", json!({"Identity": "fabrikam.com"})).await;
        assert_eq!(status, 404);
    }
}

fn get(practice: &Practice, version: &str, what: &str) -> reqwest::RequestBuilder {
    let tenant = &practice.sandbox.invitation().tenant_id;
    let url = format!("{}/adminapi/{version}/{tenant}/{what}", practice.base);
    practice.client.get(url).bearer_auth(&practice.token)
}

async fn exported(practice: &Practice) -> Vec<String> {
    let reply = get(practice, "v1.0", "EXOModuleFile?Version=3.7.1").header("CommandName", "*").send().await.unwrap();
    assert_eq!(reply.status(), 200);
    let value = json_of(reply).await["value"][0]["exportedCmdlets"].clone();
    value.as_str().unwrap().split(',').map(str::to_owned).collect()
}

#[tokio::test]
async fn the_module_file_names_what_the_caller_may_run() {
    for mut practice in Practice::both().await {
        let all = exported(&practice).await;
        for cmdlet in ["Get-BlockedSenderAddress", "Remove-BlockedSenderAddress", "Get-OrganizationConfig"] {
            assert!(all.contains(&cmdlet.to_owned()), "{all:?}");
        }
        practice.become_app("read-only").await;
        let read = exported(&practice).await;
        let is_read = |name: &String| name.starts_with("Get-") && name != "Get-InboxRule";
        let gets: Vec<String> = all.into_iter().filter(is_read).collect();
        assert_eq!(read, gets);
    }
}

#[tokio::test]
async fn the_modules_probes_sign_in_too() {
    let file = "EXOModuleFile?Version=3.7.1";
    for mut practice in Practice::both().await {
        for banner in ["EXOBanner('AutogenSession')?Version=3.7.1", "exobanner(%27AutogenSession%27)"] {
            let reply = get(&practice, "v1.0", banner).send().await.unwrap();
            assert_eq!(reply.status(), 200, "{banner}");
            assert!(reply.headers().contains_key("request-id"));
            let body = json_of(reply).await;
            assert!(body["@odata.context"].as_str().unwrap().starts_with(&practice.base));
            assert_eq!(body["value"], json!([]));
        }
        assert_eq!(get(&practice, "beta", file).send().await.unwrap().status(), 200);
        assert_eq!(get(&practice, "v2.0", file).send().await.unwrap().status(), 404);
        assert_eq!(get(&practice, "v1.0", "EXOBanner('Other')").send().await.unwrap().status(), 404);
        let posted = practice.client.post(get(&practice, "v1.0", file).build().unwrap().url().clone());
        let reply = posted.bearer_auth(&practice.token).send().await.unwrap();
        assert_eq!((reply.status().as_u16(), &reply.headers()["allow"]), (405, &"GET".parse().unwrap()));

        practice.fault(json!({"match": "exomodulefile", "fault": {"kind": "status", "status": 503}})).await;
        practice
            .fault(json!({"match": "EXOBanner", "fault": {"kind": "status", "status": 302,
            "headers": {"Location": "/elsewhere"}}}))
            .await;
        assert_eq!(get(&practice, "v1.0", file).send().await.unwrap().status(), 503);
        let last = practice.log(0).await.pop().unwrap();
        assert_eq!((&last["method"], &last["status"], &last["cmdlet"]), (&json!("GET"), &json!(503), &Value::Null));
        assert_eq!(practice.control(Method::DELETE, "faults", json!({})).await.status(), 204);

        practice.become_app("no-directory-role").await;
        for what in [file, "EXOBanner('AutogenSession')"] {
            assert!(is_nul_bytes(get(&practice, "v1.0", what).send().await.unwrap()).await);
        }
        practice.become_app("none").await;
        assert_eq!(get(&practice, "v1.0", file).send().await.unwrap().status(), 401);
        practice.token = "x".into();
        assert_eq!(get(&practice, "v1.0", file).send().await.unwrap().status(), 401);
    }
}
