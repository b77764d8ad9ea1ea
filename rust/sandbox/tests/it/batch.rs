//! `$batch`, over both listeners.

use crate::practice::{json_of, Practice};
use reqwest::{RequestBuilder, Response};
use serde_json::{json, Value};

const ADELE: &str = "adele.vance@contoso.com";

fn command(cmdlet: &str, parameters: Value) -> Value {
    json!({"CmdletInput": {"CmdletName": cmdlet, "Parameters": parameters}})
}

fn item(id: &str, cmdlet: &str, parameters: Value) -> Value {
    json!({"id": id, "method": "POST", "url": "InvokeCommand", "body": command(cmdlet, parameters)})
}

fn domains(id: &str) -> Value {
    item(id, "Get-AcceptedDomain", json!({}))
}

fn batch(practice: &Practice, items: &[Value]) -> RequestBuilder {
    let url = practice.command().replace("InvokeCommand", "$batch");
    practice.client.post(url).bearer_auth(&practice.token).json(&json!({"requests": items}))
}

async fn send(practice: &Practice, items: &[Value]) -> Response {
    batch(practice, items).header("prefer", "odata.continue-on-error").send().await.unwrap()
}

async fn responses(reply: Response) -> Vec<Value> {
    assert_eq!(reply.status(), 200);
    json_of(reply).await["responses"].as_array().unwrap().clone()
}

fn statuses(responses: &[Value]) -> Vec<u64> {
    responses.iter().map(|response| response["status"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn each_item_has_its_own_answer_under_its_own_id() {
    for practice in Practice::both().await {
        let connector = practice.connector_ids().await[0].clone();
        let guid = "9f2d4c0e-5f5a-4b6f-8a8e-1f6f2d3c4b5a";
        let reply = send(
            &practice,
            &[
                item(guid, "Get-BlockedSenderAddress", json!({"SenderAddress": ADELE})),
                item("ä b", "Remove-BlockedSenderAddress", json!({"SenderAddress": ADELE})),
                item("", "Remove-BlockedSenderAddress", json!({"SenderAddress": "nobody@contoso.com"})),
                item("3", "Get-MailboxStatistics", json!({})),
                item("4", "Remove-BlockedConnector", json!({"ConnectorId": connector})),
            ],
        )
        .await;
        let header = |name: &str| reply.headers().contains_key(name);
        assert!(header("request-id") && header("x-calculatedbetarget") && header("set-cookie"));
        let all = responses(reply).await;
        assert_eq!(statuses(&all), [200, 200, 404, 403, 204]);
        let ids: Vec<&str> = all.iter().map(|response| response["id"].as_str().unwrap()).collect();
        assert_eq!(ids, [guid, "ä b", "", "3", "4"]);
        assert_eq!(all[0]["body"]["value"][0]["SenderAddress"], ADELE);
        assert_eq!(all[0]["headers"]["content-type"], "application/json; charset=utf-8");
        assert_eq!(all[1]["body"]["value"], json!([]));
        assert_eq!(all[2]["headers"]["x-exceptiontype"], "ManagementObjectNotFoundException");
        assert_eq!(all[2]["body"]["error"]["code"], "NotFound");
        assert!(all[3]["body"].as_str().unwrap().bytes().all(|byte| byte == 0));
        assert_eq!(all[4].get("body"), None);
        practice.pass(45);
        assert!(!practice.is_listed(ADELE).await && !practice.connector_ids().await.contains(&connector));
    }
}

#[tokio::test]
async fn urls_may_be_relative_or_absolute() {
    for practice in Practice::both().await {
        let full = practice.command();
        let path = full.strip_prefix(&practice.base).unwrap().to_owned();
        for (url, status) in [
            (full.as_str(), 200),
            (path.as_str(), 200),
            ("InvokeCommand", 200),
            ("invokecommand?$select=Name", 200),
            ("../contoso.com/InvokeCommand", 200),
            (&full.replace("localhost", "127.0.0.1"), 200),
            ("", 404),
            ("$batch", 404),
            ("/", 404),
            ("/sandbox/apps", 404),
            ("/contoso.com/oauth2/v2.0/token", 404),
            ("../../v1.0/contoso.com/InvokeCommand", 405),
            ("../fabrikam.com/InvokeCommand", 403),
            ("https://contoso.com/adminapi/beta/contoso.com/InvokeCommand", 400),
            ("https://[", 400),
            ("mailto:ann@contoso.com", 400),
        ] {
            let mut request = domains("1");
            request["url"] = json!(url);
            let all = responses(send(&practice, &[request]).await).await;
            assert_eq!(statuses(&all), [status], "{url}");
            if url.contains("$select") {
                assert_eq!(all[0]["body"]["value"][0], json!({"Name": "contoso.com"}));
            }
        }
        let encoded = practice.command().replace("InvokeCommand", "%24batch");
        let body = json!({"requests": [domains("1")]});
        let reply = practice.client.post(encoded).bearer_auth(&practice.token).json(&body).send().await.unwrap();
        assert_eq!(statuses(&responses(reply).await), [200]);
        let probe = json!({"id": "1", "method": "GET", "url": "../../v1.0/contoso.com/EXOModuleFile?Version=3.7.1"});
        assert_eq!(statuses(&responses(send(&practice, &[probe]).await).await), [200]);
    }
}

#[tokio::test]
async fn items_inherit_the_batchs_headers_and_may_have_their_own() {
    for practice in Practice::both().await {
        let mut item = item("1", "Get-BlockedSenderAddress", json!({}));
        item["headers"] = json!({"Prefer": "odata.maxpagesize=2", "X-Number": 7, "no header": "x", "X-Bad": "\r\n"});
        let all = responses(send(&practice, &[item.clone(), domains("2")]).await).await;
        assert_eq!(all[0]["body"]["value"].as_array().unwrap().len(), 2);
        let link = all[0]["body"]["@odata.nextLink"].as_str().unwrap();
        item["url"] = json!(link);
        let next = responses(send(&practice, &[item.clone()]).await).await;
        assert_eq!(next[0]["body"]["value"][0]["SenderAddress"], "alex.wilber@contoso.com");

        item["headers"] = json!({"Authorization": "Bearer x"});
        let all = responses(send(&practice, &[item, domains("2")]).await).await;
        assert_eq!(statuses(&all), [401, 200]);
        assert!(all[0]["headers"]["www-authenticate"].is_string());
    }
}

#[tokio::test]
async fn without_the_preference_the_first_failure_ends_it() {
    for practice in Practice::both().await {
        let items = [domains("1"), item("2", "Get-MailboxStatistics", json!({})), domains("3")];
        let reply = batch(&practice, &items).send().await.unwrap();
        assert_eq!(statuses(&responses(reply).await), [200, 403]);
        let prefer = "odata.maxpagesize=1000, OData.Continue-On-Error";
        let reply = batch(&practice, &items).header("prefer", prefer).send().await.unwrap();
        assert_eq!(statuses(&responses(reply).await), [200, 403, 200]);
    }
}

#[tokio::test]
async fn ten_and_no_more() {
    for practice in Practice::both().await {
        let mut items: Vec<Value> = (0..10).map(|number| domains(&number.to_string())).collect();
        assert_eq!(statuses(&responses(send(&practice, &items).await).await), [200; 10]);
        items.push(item("10", "Remove-BlockedSenderAddress", json!({"SenderAddress": ADELE})));
        let (status, _, message) = crate::practice::refusal_of(send(&practice, &items).await).await;
        assert_eq!(status, 400);
        assert!(message.contains("11") && message.contains("is 10"), "{message}");
        assert!(responses(send(&practice, &[]).await).await.is_empty());
        practice.pass(30);
        assert!(practice.is_listed(ADELE).await, "nothing of the large batch was done");
    }
}

#[tokio::test]
async fn batches_that_make_no_sense() {
    for mut practice in Practice::both().await {
        for items in [
            json!([domains("1"), domains("1")]),
            json!([{}]),
            json!([{"id": 1, "method": "POST", "url": "InvokeCommand"}]),
            json!({}),
            json!(null),
        ] {
            let request = batch(&practice, &[]).json(&json!({"requests": items}));
            let (status, exception, _) = crate::practice::refusal_of(request.send().await.unwrap()).await;
            assert_eq!((status, exception.as_str()), (400, "ODataServiceException"), "{items}");
        }
        for (method, body, status) in [
            ("POST", json!(null), 400),
            ("POST", json!("text"), 400),
            ("GET", command("Get-AcceptedDomain", json!({})), 405),
            ("NO METHOD", command("Get-AcceptedDomain", json!({})), 400),
        ] {
            let item = json!({"id": "1", "method": method, "url": "InvokeCommand", "body": body});
            assert_eq!(statuses(&responses(send(&practice, &[item]).await).await), [status], "{method} {body}");
        }
        let v1 = batch(&practice, &[]).build().unwrap().url().as_str().replace("beta", "v1.0");
        let reply = practice.client.post(v1).bearer_auth(&practice.token).json(&json!({})).send().await.unwrap();
        assert_eq!(reply.status(), 405);
        let mut text = batch(&practice, &[]).build().unwrap();
        text.headers_mut().insert("content-type", "text/plain".parse().unwrap());
        assert_eq!(practice.client.execute(text).await.unwrap().status(), 415);
        practice.token = "x".into();
        assert_eq!(send(&practice, &[domains("1")]).await.status(), 401);
    }
}

#[tokio::test]
async fn faults_strike_items_or_the_whole() {
    for practice in Practice::both().await {
        let remove = || item("r", "Remove-BlockedSenderAddress", json!({"SenderAddress": ADELE}));
        let order = |pattern: &str, fault: Value| json!({"match": pattern, "fault": fault});
        let busy = json!({"kind": "status", "status": 429, "body": "Please wait", "headers": {"Retry-After": "7"}});
        practice.fault(order("Get-AcceptedDomain", busy.clone())).await;
        let all = responses(send(&practice, &[domains("1"), domains("2")]).await).await;
        assert_eq!(statuses(&all), [429, 200]);
        assert_eq!((&all[0]["headers"]["retry-after"], &all[0]["body"]), (&json!("7"), &json!("Please wait")));

        practice.fault(order("$batch", busy)).await;
        assert_eq!(send(&practice, &[domains("1")]).await.status(), 429);

        let prefer = ("prefer", "odata.continue-on-error");
        for kind in ["drop", "lose-reply"] {
            practice.fault(order("Get-AcceptedDomain", json!({"kind": kind}))).await;
            let request = batch(&practice, &[remove(), domains("1")]).header(prefer.0, prefer.1);
            assert!(request.send().await.is_err(), "{kind}");
        }
        practice.fault(order("Get-AcceptedDomain", json!({"kind": "truncate"}))).await;
        let reply = send(&practice, &[domains("1"), domains("2")]).await;
        assert_eq!(reply.status(), 200);
        assert!(reply.bytes().await.is_err());
        practice.fault(order("Get-AcceptedDomain", json!({"kind": "oversize", "bytes": 100_000}))).await;
        assert_eq!(send(&practice, &[domains("1")]).await.bytes().await.unwrap().len(), 100_000);
        practice.pass(30);
        assert!(!practice.is_listed(ADELE).await, "what came before the fault was done");
    }
}

#[tokio::test]
async fn the_log_has_the_batch_and_its_items() {
    for practice in Practice::both().await {
        let request = batch(&practice, &[domains("1"), item("2", "Get-MailboxStatistics", json!({}))]);
        let request = request.header("prefer", "odata.continue-on-error").header("client-request-id", "one-for-all");
        request.send().await.unwrap();
        let log = practice.log(1).await;
        assert!(log[0]["path"].as_str().unwrap().ends_with("/$batch") && log[0]["cmdlet"].is_null());
        assert_eq!((&log[1]["cmdlet"], &log[1]["status"]), (&json!("Get-AcceptedDomain"), &json!(200)));
        assert_eq!((&log[2]["cmdlet"], &log[2]["status"]), (&json!("Get-MailboxStatistics"), &json!(403)));
        assert!(log.iter().all(|entry| entry["clientRequestId"] == "one-for-all"));
        assert_eq!((log.len(), &log[0]["status"]), (3, &json!(200)));
    }
}

#[tokio::test]
async fn a_request_orders_what_goes_wrong_with_itself() {
    let header = "x-sandbox-fault";
    for practice in Practice::both().await {
        let busy = r#"{"kind": "status", "status": 503}"#;
        let ask = |fault: &str| {
            let request = practice.request(&practice.command(), "Get-AcceptedDomain", &json!({}));
            request.header(header, fault).send()
        };
        practice.fault(json!({"match": "Get-AcceptedDomain", "fault": {"kind": "status", "status": 429}})).await;
        assert_eq!(ask(busy).await.unwrap().status(), 503);
        assert!(ask(r#"{"kind": "drop"}"#).await.is_err());
        let wrong = ask("explode").await.unwrap();
        assert_eq!(wrong.status(), 400);
        assert!(json_of(wrong).await["error"].as_str().unwrap().contains("send a fault such as"));
        assert_eq!(practice.invoke("Get-AcceptedDomain", json!({})).await.status(), 429, "what waited has waited");
        assert_eq!(practice.invoke("Get-AcceptedDomain", json!({})).await.status(), 200);

        let mut struck = domains("2");
        struck["headers"] = json!({(header): busy});
        assert_eq!(statuses(&responses(send(&practice, &[domains("1"), struck]).await).await), [200, 503]);
        // What is for the batch is not for each of its items, or the second one would not be done.
        let remove = item("2", "Remove-BlockedSenderAddress", json!({"SenderAddress": ADELE}));
        let lost = batch(&practice, &[domains("1"), remove]).header(header, r#"{"kind": "lose-reply"}"#);
        assert!(lost.send().await.is_err());
        practice.pass(30);
        assert!(!practice.is_listed(ADELE).await);
    }
}
