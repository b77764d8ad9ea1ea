//! The shapes a reply can have: PowerShell's serialization, warnings, nothing, compressed; over both listeners.

use std::io::Read;

use crate::practice::{json_of, texts, Practice};
use reqwest::{Method, Response};
use serde_json::{json, Value};

const ADELE: &str = "adele.vance@contoso.com";

/// The text of each row of a call that asks for CLIXML.
async fn documents(practice: &Practice, cmdlet: &str, level: &str) -> Vec<String> {
    let request = practice.request(&practice.command(), cmdlet, &json!({}));
    let request = request.header("X-ResponseFormat", "clixml").header("X-SerializationLevel", level);
    let body = json_of(request.send().await.unwrap()).await;
    let rows = body["value"].as_array().unwrap();
    assert!(rows.iter().all(|row| row.as_object().unwrap().len() == 1));
    texts(rows, "_clixml")
}

/// Walks through a document of elements, attributes and text and fails where they do not fit.
fn assert_well_formed(document: &str) {
    let mut open = Vec::new();
    let mut rest = document;
    while let Some((text, tag)) = rest.split_once('<') {
        assert!(!text.contains('>') && (text.is_empty() || !open.is_empty()), "{text}");
        for entity in text.split('&').skip(1) {
            assert!(["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)), "{entity}");
        }
        let (tag, after) = tag.split_once('>').unwrap();
        rest = after;
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name));
        } else {
            let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert_eq!(attributes.matches('"').count() % 2, 0, "{tag}");
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
    }
    assert!(open.is_empty() && rest.is_empty(), "{open:?} {rest}");
}

#[tokio::test]
async fn every_cmdlet_as_clixml_at_both_levels() {
    for practice in Practice::both().await {
        for cmdlet in [
            "Get-BlockedSenderAddress",
            "Get-BlockedConnector",
            "Get-Recipient",
            "Get-AcceptedDomain",
            "Get-OrganizationConfig",
        ] {
            let rows = practice.rows(cmdlet, json!({})).await;
            for level in ["Full", "Partial"] {
                let documents = documents(&practice, cmdlet, level).await;
                assert_eq!(documents.len(), rows.len());
                for (document, row) in documents.iter().zip(&rows) {
                    assert_well_formed(document);
                    assert!(document.contains("<T>Microsoft.Exchange."), "{document}");
                    for name in row.as_object().unwrap().keys().filter(|name| !name.contains('@')) {
                        assert!(document.contains(&format!(" N=\"{name}\"")), "{name} in {document}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn clixml_values_are_typed_and_pages_and_selections_hold() {
    for practice in Practice::both().await {
        let first = &documents(&practice, "Get-BlockedSenderAddress", "Partial").await[0];
        assert!(first.contains("<S N=\"SenderAddress\">adele.vance@contoso.com</S>"), "{first}");
        assert!(first.contains("<DT N=\"CreatedDatetime\">2026-11-23T07:35:00.0000000Z</DT>"), "{first}");
        assert!(first.contains("<B N=\"TemporaryBlock\">false</B>"), "{first}");

        let reason = "<&> _x000D_ \u{1}\u{1f600}";
        let body = json!({"senderAddress": "x@contoso.com", "reason": reason});
        assert_eq!(practice.control(Method::POST, "restrictions", body).await.status(), 201);
        let last = documents(&practice, "Get-BlockedSenderAddress", "Partial").await.pop().unwrap();
        assert!(last.contains("&lt;&amp;&gt; _x005F_x000D_ _x0001__xD83D__xDE00_</S>"), "{last}");

        let url = practice.command() + "?$select=SenderAddress";
        let request = practice.request(&url, "Get-BlockedSenderAddress", &json!({}));
        let request = request.header("X-ResponseFormat", "CLIXML").header("prefer", "odata.maxpagesize=3");
        let body = json_of(request.send().await.unwrap()).await;
        assert_eq!(body["value"].as_array().unwrap().len(), 3);
        assert!(body["@odata.nextLink"].is_string());
        assert_eq!(body["value"][0]["_clixml"].as_str().unwrap().matches(" N=\"").count(), 1);
    }
}

#[tokio::test]
async fn refusals_are_json_whatever_the_format() {
    for practice in Practice::both().await {
        let request = practice.request(&practice.command(), "Get-Recipient", &json!({"Identity": "nobody"}));
        let reply = request.header("X-ResponseFormat", "clixml").send().await.unwrap();
        assert_eq!(crate::practice::refusal_of(reply).await.0, 404);
    }
}

#[tokio::test]
async fn unblocking_again_warns() {
    for practice in Practice::both().await {
        let connector = practice.connector_ids().await[0].clone();
        for (cmdlet, parameters, first) in [
            ("Remove-BlockedSenderAddress", json!({"SenderAddress": ADELE}), 200),
            ("Remove-BlockedConnector", json!({"ConnectorId": connector}), 204),
        ] {
            let name = parameters.as_object().unwrap().values().next().unwrap().as_str().unwrap();
            let reply = practice.invoke(cmdlet, parameters.clone()).await;
            assert_eq!(reply.status(), first);
            if first == 200 {
                assert_eq!(json_of(reply).await["@adminapi.warnings"], json!([]));
            }
            let reply = practice.request(&practice.command(), cmdlet, &parameters);
            let reply = reply.header("WarningAction", "Continue").send().await.unwrap();
            assert_eq!(reply.status(), 200);
            let body = json_of(reply).await;
            let warnings = body["@adminapi.warnings"].as_array().unwrap();
            assert_eq!((warnings.len(), &body["value"]), (1, &json!([])));
            assert!(warnings[0].as_str().unwrap().contains(name), "{warnings:?}");
        }
        // Restricted again, it is another entry.
        practice.pass(45);
        let again = json!({"senderAddress": ADELE, "reason": "again"});
        assert_eq!(practice.control(Method::POST, "restrictions", again).await.status(), 201);
        let body = json_of(practice.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": ADELE})).await).await;
        assert_eq!(body["@adminapi.warnings"], json!([]));
    }
}

#[tokio::test]
async fn nothing_in_three_ways() {
    for practice in Practice::both().await {
        let nobody = || practice.invoke("Get-BlockedSenderAddress", json!({"SenderAddress": "a@fabrikam.com"}));
        let shown = json_of(practice.client.get(format!("{}/sandbox/settings", practice.base)).send().await.unwrap());
        let all = |empty_value: &str| {
            json!({"emptyValue": empty_value, "assertionReuse": false, "claimsChallenge": false, "mailboxes": true, "auditLog": true, "auditing": true,
                "auditDelaySeconds": null, "unblockBudget": 3})
        };
        assert_eq!(shown.await, all("empty"));
        for (setting, value) in [("missing", None), ("null", Some(json!(null))), ("empty", Some(json!([])))] {
            let reply = practice.control(Method::POST, "settings", json!({"emptyValue": setting})).await;
            assert_eq!(json_of(reply).await, all(setting));
            assert_eq!(json_of(nobody().await).await.get("value").cloned(), value, "{setting}");
            let remove = practice.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": ADELE})).await;
            assert_eq!(json_of(remove).await.get("value").cloned(), value, "{setting}");
            assert_eq!(practice.rows("Get-AcceptedDomain", json!({})).await.len(), 2);
        }
        for wrong in [json!({"emptyValue": "none"}), json!({"other": 1}), json!([]), json!({"assertionReuse": "yes"})] {
            assert_eq!(practice.control(Method::POST, "settings", wrong).await.status(), 400);
        }
    }
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut unpacked).unwrap();
    unpacked
}

fn encoding(reply: &Response) -> Option<&str> {
    reply.headers().get("content-encoding").map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn compressed_where_the_client_takes_it() {
    for practice in Practice::both().await {
        let ask = |accepted: &'static str, cmdlet: &str| {
            let request = practice.request(&practice.command(), cmdlet, &json!({}));
            request.header("accept-encoding", accepted).send()
        };
        let plain = ask("identity", "Get-AcceptedDomain").await.unwrap();
        assert_eq!(encoding(&plain), None);
        let plain = plain.bytes().await.unwrap();
        let packed = ask("deflate, gzip", "Get-AcceptedDomain").await.unwrap();
        assert_eq!(encoding(&packed), Some("gzip"));
        let packed = packed.bytes().await.unwrap();
        assert!(packed.starts_with(&[0x1f, 0x8b]) && packed.len() < plain.len());
        assert_eq!(unpacked(&packed), plain);
        // A run of NUL bytes comes as it is.
        let forbidden = ask("gzip", "Get-MailboxStatistics").await.unwrap();
        assert_eq!((forbidden.status().as_u16(), encoding(&forbidden)), (403, None));

        practice.fault(json!({"match": "*", "fault": {"kind": "truncate"}})).await;
        let broken = ask("gzip", "Get-AcceptedDomain").await.unwrap();
        assert_eq!((broken.status().as_u16(), encoding(&broken)), (200, Some("gzip")));
        assert!(broken.bytes().await.is_err());
    }
}

#[tokio::test]
async fn a_plain_body_can_be_labelled_gzip() {
    for practice in Practice::both().await {
        for (cmdlet, status) in [("Get-AcceptedDomain", 200), ("Get-MailboxStatistics", 403)] {
            practice.fault(json!({"match": cmdlet, "fault": {"kind": "gzip-label"}})).await;
            let request = practice.request(&practice.command(), cmdlet, &json!({}));
            let reply = request.header("accept-encoding", "gzip").send().await.unwrap();
            assert_eq!((reply.status().as_u16(), encoding(&reply)), (status, Some("gzip")));
            let body = reply.bytes().await.unwrap();
            assert!(!body.is_empty() && !body.starts_with(&[0x1f, 0x8b]));
        }
    }
}

#[tokio::test]
async fn a_cookie_comes_once_and_is_not_needed() {
    for practice in Practice::both().await {
        let cookie = |reply: &Response| reply.headers().get("set-cookie").map(|it| it.to_str().unwrap().to_owned());
        let first = cookie(&practice.invoke("Get-AcceptedDomain", json!({})).await).unwrap();
        assert!(first.starts_with("exchangecookie=") && first.contains("; path=/; HttpOnly"), "{first}");
        assert_eq!(first.ends_with("; secure"), practice.base.starts_with("https:"));
        assert!(cookie(&practice.invoke("Get-AcceptedDomain", json!({})).await).is_some(), "not needed");
        let pair = first.split(';').next().unwrap().to_owned();
        let request = practice.request(&practice.command(), "Get-AcceptedDomain", &json!({}));
        let reply = request.header("cookie", format!("other=1; {pair}")).send().await.unwrap();
        assert_eq!((reply.status().as_u16(), cookie(&reply)), (200, None));
    }
}

#[tokio::test]
async fn what_the_service_does_not_know_it_lets_pass() {
    for practice in Practice::both().await {
        let url = practice.command() + "?anything=else&$top=1&api-version=7&%zz&=&$filter=x";
        let mut request = practice.request(&url, "Get-AcceptedDomain", &json!({}));
        for (name, value) in [
            ("X-CmdletName", "Get-Something-Else"),
            ("X-ClientApplication", "ExoManagementModule"),
            ("X-AnchorMailbox", "UPN:nobody@fabrikam.com"),
            ("connection-id", "not a GUID"),
            ("client-request-id", ""),
            ("X-ResponseFormat", "yaml"),
            ("X-SerializationLevel", "Nonsense"),
            ("X-ClientModuleVersion", "3.7.1"),
            ("WarningAction", "SilentlyContinue"),
            ("Accept", "application/xml"),
            ("Accept-Charset", "UTF-7"),
            ("Prefer", "odata.maxpagesize=many, respond-async"),
            ("X-Unheard-Of", "x"),
        ] {
            request = request.header(name, value);
        }
        let reply = request.send().await.unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(json_of(reply).await["value"].as_array().map(Vec::len), Some(2));
        let body = json!({"CmdletInput": {"CmdletName": "Get-AcceptedDomain", "Parameters": {}, "More": 1}, "More": 2});
        let request = practice.client.post(practice.command()).bearer_auth(&practice.token).json(&body);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn an_assertion_may_be_used_again_if_the_tenant_is_told_so() {
    for practice in Practice::both().await {
        use crate::practice::key::KEY;
        let now = practice.sandbox.clock().now();
        let certificate = KEY.certificate(now, now + time::Duration::DAY);
        let app = practice.sandbox.invitation().app_id.clone();
        let registered = json!({"appId": app, "certificate": certificate.pem});
        assert_eq!(practice.control(Method::POST, "certificates", registered).await.status(), 201);
        let header = json!({"alg": "PS256", "x5t#S256": certificate.sha256()});
        let audience = format!("{}/contoso.com/oauth2/v2.0/token", practice.base);
        let claims = json!({"aud": audience, "iss": app, "sub": app, "jti": "1", "exp": now.unix_timestamp() + 60});
        let assertion = KEY.sign(&header, &claims);
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let fields = [("client_secret", ""), ("client_assertion_type", kind), ("client_assertion", &assertion)];
        assert_eq!(practice.token_reply(&fields).await.status(), 200);
        assert_eq!(practice.token_reply(&fields).await.status(), 401);
        let settings = practice.control(Method::POST, "settings", json!({"assertionReuse": true})).await;
        assert_eq!(json_of(settings).await["assertionReuse"], Value::from(true));
        assert_eq!(practice.token_reply(&fields).await.status(), 200);
    }
}
