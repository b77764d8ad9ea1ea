//! Drives the practice tenant over real HTTP, as a client would: HTTPS with HTTP/2, and plain HTTP/1.1.

use std::time::Duration;

use crate::practice::{claims, json_of, refusal_of, texts, Practice};
use reqwest::{Certificate, Client, Method, Response, StatusCode, Version};
use restricted_sender_clock::Clock;
use restricted_sender_sandbox::{Invitation, Options, Sandbox, Scenario};
use serde_json::{json, Value};
use time::macros::datetime;

// Listeners

#[tokio::test]
async fn https_speaks_http_2_and_plain_http_speaks_1_1_about_the_same_tenant() {
    let practice = Practice::standard().await;
    let reply = practice.invoke("Get-BlockedSenderAddress", json!({})).await;
    assert_eq!(reply.version(), Version::HTTP_2);
    let practice = practice.plain();
    let reply = practice.invoke("Get-BlockedSenderAddress", json!({})).await;
    assert_eq!((reply.status(), reply.version()), (StatusCode::OK, Version::HTTP_11));
}

#[tokio::test]
async fn the_certificate_names_loopback_and_only_its_own_authority_is_trusted() {
    let practice = Practice::standard().await;
    let by_number = practice.base.replace("localhost", "127.0.0.1");
    assert!(practice.client.get(&by_number).send().await.is_ok());
    let other = Practice::standard().await;
    assert!(other.client.get(&by_number).send().await.is_err());
}

#[tokio::test]
async fn https_also_speaks_http_1_1() {
    let practice = Practice::standard().await;
    let authority = Certificate::from_pem(practice.sandbox.invitation().ca_certificate.as_bytes()).unwrap();
    let client = Client::builder().no_proxy().http1_only().add_root_certificate(authority).build().unwrap();
    let reply = client.get(&practice.base).send().await.unwrap();
    assert_eq!((reply.status(), reply.version()), (StatusCode::NOT_FOUND, Version::HTTP_11));
}

#[tokio::test]
async fn dropping_frees_the_ports_at_once_and_ends_connections() {
    let practice = Practice::standard().await.plain();
    practice.fault(json!({"match": "*", "fault": {"kind": "hang"}})).await;
    let hanging = tokio::spawn(practice.request(&practice.command(), "Get-AcceptedDomain", &json!({})).send());
    while practice.log(1).await.is_empty() {}
    let Practice { sandbox, client, base, .. } = practice;
    let port: u16 = base.rsplit(':').next().unwrap().parse().unwrap();
    let secure: u16 = sandbox.invitation().uri.rsplit(':').next().unwrap().parse().unwrap();
    let mail: u16 = sandbox.invitation().smtp_address.rsplit(':').next().unwrap().parse().unwrap();
    drop(sandbox);
    for port in [port, secure, mail] {
        assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    }
    assert!(hanging.await.unwrap().is_err());
    assert!(client.get(&base).send().await.is_err());
}

/// Waits until no more than `most` tasks are left in the test's runtime.
async fn tasks_end(most: usize) {
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let end = async {
        while tasks() > most {
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), end).await;
    assert!(ended.is_ok(), "{} tasks are left", tasks());
}

#[tokio::test]
async fn dropping_leaves_no_task_behind_even_under_a_hanging_request() {
    for practice in [Practice::standard().await, Practice::standard().await.plain()] {
        practice.fault(json!({"match": "*", "fault": {"kind": "hang"}})).await;
        let hanging = tokio::spawn(practice.request(&practice.command(), "Get-AcceptedDomain", &json!({})).send());
        while practice.log(1).await.is_empty() {}
        drop(practice);
        assert!(hanging.await.unwrap().is_err());
    }
    tasks_end(0).await;
}

#[tokio::test]
async fn a_port_in_use_is_an_error() {
    let practice = Practice::standard().await;
    let port = practice.base.rsplit(':').next().unwrap().parse().unwrap();
    let error = Sandbox::start(Options { port, ..Options::default() }).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn the_invitation_as_json() {
    let practice = Practice::standard().await;
    let json = serde_json::to_value(practice.sandbox.invitation()).unwrap();
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    for name in [
        "uri",
        "plainUri",
        "graphUri",
        "complianceUri",
        "smtpAddress",
        "caCertificate",
        "tenantId",
        "organization",
        "appId",
        "clientSecret",
    ] {
        assert!(json[name].is_string(), "{name} in {names:?}");
    }
    assert_eq!(names.len(), 10);
    assert_eq!(json["graphUri"], format!("{}/graph", json["uri"].as_str().unwrap()));
    assert!(json["uri"].as_str().unwrap().starts_with("https://localhost:"));
    assert!(json["plainUri"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    assert_eq!(json["organization"], "contoso.onmicrosoft.com");
    let secret = practice.sandbox.invitation().client_secret.as_str();
    assert!(!format!("{:?}", practice.sandbox).contains(secret));
}

// Tokens

#[tokio::test]
async fn a_token_for_the_tenant_by_any_of_its_names() {
    let practice = Practice::standard().await;
    let id = practice.sandbox.invitation().tenant_id.clone();
    for name in [id.as_str(), &id.to_uppercase(), "contoso.com", "CONTOSO.onmicrosoft.com"] {
        let reply = practice.token_reply_of(name, &[]).await;
        assert_eq!(reply.status(), 200, "{name}");
        let body = json_of(reply).await;
        assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3599)));
        let claims = claims(body["access_token"].as_str().unwrap());
        assert_eq!(claims["tid"], id.as_str());
        assert_eq!(claims["appid"], practice.sandbox.invitation().app_id.as_str());
        assert_eq!(claims["aud"], practice.sandbox.invitation().uri.as_str());
        assert_eq!(claims["roles"], json!(["Exchange.ManageAsApp"]));
        assert_eq!(claims["iat"], datetime!(2026-11-23 08:00 UTC).unix_timestamp());
        assert_eq!(claims["exp"], datetime!(2026-11-23 08:59:59 UTC).unix_timestamp());
    }
    assert_ne!(practice.sign_in().await, practice.sign_in().await);
}

#[tokio::test]
async fn scopes_of_both_listeners_and_of_exchange_online_are_good() {
    let practice = Practice::standard().await;
    let invitation = practice.sandbox.invitation().clone();
    for resource in [
        invitation.uri.clone(),
        invitation.uri.replace("localhost", "127.0.0.1"),
        invitation.plain_uri.clone(),
        invitation.plain_uri.replace("127.0.0.1", "localhost"),
        "https://outlook.office365.com".into(),
    ] {
        let reply = practice.token_reply(&[("scope", &format!("{resource}/.default"))]).await;
        assert_eq!(reply.status(), 200, "{resource}");
        let token = json_of(reply).await["access_token"].as_str().unwrap().to_owned();
        assert_eq!(claims(&token)["aud"], resource.as_str());
        let call = practice.request(&practice.command(), "Get-AcceptedDomain", &json!({}));
        // The fixture's own token stands in the request too; only one may.
        let mut call = call.build().unwrap();
        call.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        assert_eq!(practice.client.execute(call).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn token_refusals() {
    let practice = Practice::standard().await;
    let (expired, expired_secret) = practice.app("expired-secret").await;
    let nobody = "00000000-0000-0000-0000-00000000abcd";
    let vault = "https://vault.azure.net/.default";
    let old = [("client_id", expired.as_str()), ("client_secret", expired_secret.as_str())];
    for (tenant, changes, status, error, code) in [
        ("fabrikam.com", &[] as &[(&str, &str)], 400, "invalid_request", 90_002),
        ("contoso.com", &[("client_id", nobody)], 400, "unauthorized_client", 700_016),
        ("contoso.com", &[("client_id", "x")], 400, "unauthorized_client", 700_016),
        ("contoso.com", &[("client_secret", "wrong")], 401, "invalid_client", 7_000_215),
        ("contoso.com", &old, 401, "invalid_client", 7_000_222),
        ("contoso.com", &[("scope", "")], 400, "invalid_request", 900_144),
        ("contoso.com", &[("client_id", "")], 400, "invalid_request", 900_144),
        ("contoso.com", &[("client_secret", "")], 401, "invalid_client", 7_000_216),
        ("contoso.com", &[("grant_type", "")], 400, "invalid_request", 900_144),
        ("contoso.com", &[("grant_type", "password")], 400, "unsupported_grant_type", 70_003),
        ("contoso.com", &[("scope", vault)], 400, "invalid_resource", 500_011),
        ("contoso.com", &[("scope", "https://outlook.office365.com")], 400, "invalid_scope", 1_002_012),
    ] {
        let reply = practice.token_reply_of(tenant, changes).await;
        assert_eq!(reply.status().as_u16(), status, "{code}");
        let body = json_of(reply).await;
        assert_eq!((&body["error"], &body["error_codes"]), (&json!(error), &json!([code])));
        let description = body["error_description"].as_str().unwrap();
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
        let trace = body["trace_id"].as_str().unwrap();
        let correlation = body["correlation_id"].as_str().unwrap();
        let tail = format!("\r\nTrace ID: {trace}\r\nCorrelation ID: {correlation}\r\nTimestamp: 2026-11-23 08:00:00Z");
        assert!(description.ends_with(&tail), "{description}");
        assert!(!description.contains(&practice.sandbox.invitation().client_secret));
    }
}

#[tokio::test]
async fn a_token_request_that_is_no_form_lacks_everything() {
    let practice = Practice::standard().await;
    let Invitation { uri, app_id, client_secret, .. } = practice.sandbox.invitation();
    let url = format!("{uri}/contoso.com/oauth2/v2.0/token");
    let good =
        format!("grant_type=client_credentials&client_id={app_id}&client_secret={client_secret}&scope={uri}/.default");
    let form = "application/x-www-form-urlencoded";
    let scope = format!("{uri}/.default");
    for (content_type, body, status) in [
        (form, good.clone(), 200),
        ("application/json", good.clone(), 400),
        (form, "{}".into(), 400),
        (form, good.replace(scope.as_str(), ""), 400),
    ] {
        let reply = practice.client.post(&url).header("content-type", content_type).body(body).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), status);
        if status == 400 {
            assert_eq!(json_of(reply).await["error_codes"], json!([900_144]));
        }
    }
}

#[tokio::test]
async fn the_tenants_guid_is_found_by_its_domain() {
    let practice = Practice::standard().await;
    let get = |name: &str| {
        practice.client.get(format!("{}/{name}/v2.0/.well-known/openid-configuration", practice.base)).send()
    };
    let body = json_of(get("contoso.com").await.unwrap()).await;
    let id = &practice.sandbox.invitation().tenant_id;
    assert_eq!(body["token_endpoint"], format!("{}/{id}/oauth2/v2.0/token", practice.base));
    assert_eq!(get("fabrikam.com").await.unwrap().status(), 400);
}

// Who may call what

#[tokio::test]
async fn without_a_good_token_401_with_a_challenge() {
    let mut practice = Practice::standard().await;
    let challenge = |reply: &Response| reply.headers()["www-authenticate"].to_str().unwrap().to_owned();
    let body = json!({"CmdletInput": {"CmdletName": "Get-AcceptedDomain", "Parameters": {}}});
    let reply = practice.client.post(practice.command()).json(&body).send().await.unwrap();
    assert_eq!(reply.status(), 401);
    assert!(challenge(&reply).starts_with("Bearer ") && !challenge(&reply).contains("error="));

    let good = practice.token.clone();
    for garbage in ["x", "a.b.c", &good[..good.len() - 1], &format!("{good}A")] {
        practice.token = garbage.into();
        let reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
        assert_eq!(reply.status(), 401);
        assert!(challenge(&reply).contains("error=\"invalid_token\""));
    }

    practice.token = good;
    practice.sandbox.clock().advance(Duration::from_secs(3598)).unwrap();
    assert_eq!(practice.invoke("Get-AcceptedDomain", json!({})).await.status(), 200);
    practice.sandbox.clock().advance(Duration::from_secs(1)).unwrap();
    let reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
    assert_eq!(reply.status(), 401);
    assert!(challenge(&reply).contains("error=\"invalid_token\", error_description=\"The access token has expired"));
}

#[tokio::test]
async fn no_grant_is_401_and_no_role_is_403_of_nul_bytes() {
    let mut practice = Practice::standard().await;
    practice.become_app("none").await;
    assert_eq!(claims(&practice.token).get("roles"), None);
    assert_eq!(practice.invoke("Get-AcceptedDomain", json!({})).await.status(), 401);

    practice.become_app("no-directory-role").await;
    assert_eq!(claims(&practice.token)["roles"], json!(["Exchange.ManageAsApp"]));
    let reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
    assert_eq!(reply.status(), 403);
    let body = reply.bytes().await.unwrap();
    assert!(!body.is_empty() && body.iter().all(|byte| *byte == 0));
}

#[tokio::test]
async fn an_unknown_cmdlet_is_403_of_nul_bytes() {
    let practice = Practice::standard().await;
    for name in ["Get-MailboxStatistics", "", "Remove-BlockedSenderAddress "] {
        let reply = practice.invoke(name, json!({})).await;
        assert_eq!(reply.status(), 403, "{name}");
        let body = reply.bytes().await.unwrap();
        assert!(!body.is_empty() && body.iter().all(|byte| *byte == 0));
    }
}

#[tokio::test]
async fn the_path_names_the_tenant_in_any_case_and_no_other() {
    let practice = Practice::standard().await;
    let id = &practice.sandbox.invitation().tenant_id;
    for (path, status) in [
        (format!("adminapi/beta/{id}/InvokeCommand"), 200),
        (format!("AdminApi/Beta/{}/INVOKECOMMAND", id.to_uppercase()), 200),
        ("adminapi/beta/contoso.com/InvokeCommand".into(), 200),
        ("adminapi/beta/Contoso.OnMicrosoft.com/InvokeCommand?anything=else".into(), 200),
        ("adminapi/beta/fabrikam.com/InvokeCommand".into(), 403),
        ("adminapi/beta/00000000-0000-0000-0000-000000000000/InvokeCommand".into(), 403),
        (format!("adminapi/v1.0/{id}/InvokeCommand"), 405),
        (format!("adminapi/v2.0/{id}/InvokeCommand"), 404),
        (format!("adminapi/beta/{id}/InvokeCommand/more"), 404),
        (String::new(), 404),
    ] {
        let url = format!("{}/{path}", practice.base);
        let reply = practice.request(&url, "Get-AcceptedDomain", &json!({})).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), status, "{path}");
    }
    let reply = practice.client.get(practice.command()).bearer_auth(&practice.token).send().await.unwrap();
    assert_eq!(reply.status(), 405);
}

// Bodies

#[tokio::test]
async fn bodies_that_make_no_sense() {
    let practice = Practice::standard().await;
    let post = |content_type: &'static str, body: String| {
        let request = practice.client.post(practice.command()).bearer_auth(&practice.token).body(body);
        if content_type.is_empty() { request } else { request.header("content-type", content_type) }.send()
    };
    let good = json!({"CmdletInput": {"CmdletName": "Get-AcceptedDomain", "Parameters": {}}}).to_string();
    for content_type in ["application/json", "Application/JSON; charset=utf-8", "application/json;odata=verbose"] {
        assert_eq!(post(content_type, good.clone()).await.unwrap().status(), 200, "{content_type}");
    }
    for content_type in ["", "text/plain", "application/xml"] {
        assert_eq!(post(content_type, good.clone()).await.unwrap().status(), 415, "{content_type}");
    }
    for body in ["", "{", "null", &good.replace("CmdletName", "cmdletName"), &good.replace("{}", "null")] {
        let (status, exception, message) = refusal_of(post("application/json", body.into()).await.unwrap()).await;
        assert_eq!((status, exception.as_str()), (400, "ODataServiceException"), "{body}");
        assert!(message.starts_with("The request body is not valid: "), "{message}");
    }
}

#[tokio::test]
async fn a_body_over_one_mebibyte_is_refused() {
    let practice = Practice::standard().await.plain();
    let size = |bytes: usize| practice.invoke("Get-Recipient", json!({"Identity": "x".repeat(bytes)}));
    assert_eq!(size(1024 * 1024 - 200).await.status(), 404);
    assert_eq!(size(1024 * 1024).await.status(), 413);
}

#[tokio::test]
async fn parameters_that_make_no_sense() {
    let practice = Practice::standard().await;
    for (cmdlet, parameters, exception, text) in [
        ("Get-AcceptedDomain", json!({"Foo": 1}), "AmbiguousParameterSetException", "parameter name 'Foo'"),
        ("Remove-BlockedSenderAddress", json!({"Reason": "x"}), "ParameterBindingException", ": SenderAddress."),
        ("Remove-BlockedConnector", json!({}), "ParameterBindingException", ": ConnectorId."),
        ("Get-BlockedConnector", json!({"ConnectorId": "x"}), "ParameterTransformationException", "System.Guid"),
        ("Get-BlockedSenderAddress", json!({"SenderAddress": "x"}), "ParameterTransformationException", "SmtpAddress"),
    ] {
        let (status, name, message) = practice.refusal(cmdlet, parameters).await;
        assert_eq!((status, name.as_str()), (400, exception));
        assert!(message.contains(text), "{message}");
    }
}

#[tokio::test]
async fn names_ignore_case_and_common_parameters_are_tolerated() {
    let practice = Practice::standard().await;
    let parameters = json!({"senderaddress": "ADELE.VANCE@CONTOSO.COM", "ErrorAction": "Stop", "Verbose": true,
        "ResultSize": "Unlimited", "WarningAction": "SilentlyContinue", "Confirm": false});
    assert_eq!(practice.rows("GET-blockedsenderADDRESS", parameters).await.len(), 1);
}

// Rows

#[tokio::test]
async fn the_success_envelope_and_its_headers() {
    let practice = Practice::standard().await;
    let reply = practice.invoke("Get-BlockedSenderAddress", json!({})).await;
    let header = |name: &str| reply.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("request-id").len(), 36);
    assert!(!header("x-calculatedbetarget").is_empty());
    assert_eq!(header("date"), "Mon, 23 Nov 2026 08:00:00 GMT");
    let body = json_of(reply).await;
    assert!(body["@odata.context"].as_str().unwrap().starts_with(&practice.base));
    assert_eq!(body["adminapi.warnings@odata.type"], "#Collection(String)");
    assert_eq!(body["@adminapi.warnings"], json!([]));
    assert_eq!(body.get("@odata.nextLink"), None);
}

#[tokio::test]
async fn restricted_senders() {
    let practice = Practice::standard().await;
    let rows = practice.rows("Get-BlockedSenderAddress", json!({})).await;
    assert_eq!(
        texts(&rows, "SenderAddress"),
        [
            "adele.vance@contoso.com",
            "megan.bowen@contoso.onmicrosoft.com",
            "alex.wilber@contoso.com",
            "news@contoso.com",
            "Johanna.Lorenz@Contoso.com",
            "o'brien@contoso.com",
            "scanner@print.contoso.com",
            "isaiah.langer@contoso.com",
        ]
    );
    for row in &rows {
        for name in ["CreatedDatetime", "ChangedDatetime"] {
            assert_eq!(row[format!("{name}@data.type")], "System.DateTime");
            let text = row[name].as_str().unwrap();
            assert!(text.len() == 33 && text.ends_with("+00:00") && text.as_bytes()[19] == b'.', "{text}");
        }
        assert!(row["ChangedDatetime"].as_str() >= row["CreatedDatetime"].as_str());
        assert!(row["TemporaryBlock"].is_boolean() && row["Reason"].is_string());
        assert_eq!(row.as_object().unwrap().len(), 7);
    }
    assert_eq!(rows[0]["CreatedDatetime"], "2026-11-23T07:35:00.0000000+00:00");
    assert_eq!(practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": "a@fabrikam.com"})).await.len(), 0);
}

#[tokio::test]
async fn restricted_connectors() {
    let practice = Practice::standard().await;
    let rows = practice.rows("Get-BlockedConnector", json!({})).await;
    let names = ["On-premises relay to Microsoft 365", "Fabrikam newsletter service", "Branch office printers"];
    assert_eq!(texts(&rows, "ConnectorName"), names);
    for row in &rows {
        assert_eq!(row["ConnectorId@data.type"], "System.Guid");
        assert_eq!(row["ConnectorId@odata.type"], "#Guid");
        assert_eq!(row["TenantId"], practice.sandbox.invitation().tenant_id.as_str());
        assert_eq!(row["CreatedTime@data.type"], "System.DateTime");
    }
    assert!(rows[0]["ExpirationTime"].is_string() && rows[2]["ExpirationTime"].is_null());
    let one = practice.rows("Get-BlockedConnector", json!({"ConnectorId": rows[1]["ConnectorId"]})).await;
    assert_eq!(one, [rows[1].clone()]);
    let none = json!({"ConnectorId": "00000000-0000-0000-0000-000000000000"});
    assert_eq!(practice.rows("Get-BlockedConnector", none).await.len(), 0);
}

#[tokio::test]
async fn recipients_by_every_identity() {
    let practice = Practice::standard().await;
    let find = |identity: &str| practice.rows("Get-Recipient", json!({"Identity": identity}));
    let megan = find("megan.bowen@contoso.onmicrosoft.com").await;
    assert_eq!(megan[0]["PrimarySmtpAddress"], "megan.bowen@contoso.com");
    assert_eq!(megan[0]["WindowsLiveID"], "megan.bowen@contoso.onmicrosoft.com");
    assert_eq!(megan[0]["EmailAddresses@odata.type"], "#Collection(String)");
    assert_eq!(
        megan[0]["EmailAddresses"],
        json!(["SMTP:megan.bowen@contoso.com", "smtp:megan.bowen@contoso.onmicrosoft.com", "smtp:ceo@contoso.com"])
    );
    let guid = megan[0]["Guid"].as_str().unwrap();
    for identity in ["MEGAN.BOWEN@contoso.com", "ceo@contoso.com", "Megan Bowen", "megan.bowen", guid] {
        assert_eq!(find(identity).await, megan, "{identity}");
    }
    assert_eq!(find("news@contoso.com").await[0]["WindowsLiveID"], "alex.wilber@contoso.com");
    for (identity, kind, details) in [
        ("adele.vance@contoso.com", "UserMailbox", "UserMailbox"),
        ("service@contoso.com", "UserMailbox", "SharedMailbox"),
        ("all.staff@contoso.com", "MailUniversalDistributionGroup", "MailUniversalDistributionGroup"),
    ] {
        let row = &find(identity).await[0];
        assert_eq!((&row["RecipientType"], &row["RecipientTypeDetails"]), (&json!(kind), &json!(details)));
    }
    assert_eq!(practice.rows("Get-Recipient", json!({})).await.len(), 30);

    let relay = json!({"Identity": "scanner@print.contoso.com"});
    let (status, exception, message) = practice.refusal("Get-Recipient", relay).await;
    assert_eq!((status, exception.as_str()), (404, "ManagementObjectNotFoundException"));
    let start = "The operation couldn't be performed because object 'scanner@print.contoso.com' couldn't be found on '";
    assert!(message.starts_with(start) && message.ends_with("'."), "{message}");
}

#[tokio::test]
async fn accepted_domains() {
    let practice = Practice::standard().await;
    let rows = practice.rows("Get-AcceptedDomain", json!({})).await;
    assert_eq!(
        rows,
        [
            json!({"Name": "contoso.com", "DomainName": "contoso.com", "DomainType": "Authoritative",
                "Default": true, "MatchSubDomains": true, "InitialDomain": false}),
            json!({"Name": "contoso.onmicrosoft.com", "DomainName": "contoso.onmicrosoft.com",
                "DomainType": "Authoritative", "Default": false, "MatchSubDomains": false, "InitialDomain": true}),
        ]
    );
}

#[tokio::test]
async fn select_shows_only_what_it_names() {
    let practice = Practice::standard().await;
    let url = format!("{}?$select=senderaddress,CreatedDatetime,Nonsense", practice.command());
    let reply = practice.request(&url, "Get-BlockedSenderAddress", &json!({})).send().await.unwrap();
    let body = json_of(reply).await;
    let names: Vec<&String> = body["value"][0].as_object().unwrap().keys().collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| name.starts_with("SenderAddress") || name.starts_with("CreatedDatetime")));
}

// Unblocking

#[tokio::test]
async fn a_mailbox_leaves_half_an_hour_after_its_unblock() {
    let practice = Practice::standard().await;
    let adele = json!({"SenderAddress": "Adele.Vance@contoso.com", "Reason": "password changed"});
    assert_eq!(practice.rows("Remove-BlockedSenderAddress", adele.clone()).await, [] as [Value; 0]);
    practice.pass(20);
    assert!(practice.is_listed("adele.vance@contoso.com").await);
    // Again while it is leaving: good, but no later.
    assert_eq!(practice.rows("Remove-BlockedSenderAddress", adele.clone()).await.len(), 0);
    practice.pass(9);
    assert!(practice.is_listed("adele.vance@contoso.com").await);
    practice.pass(1);
    assert!(!practice.is_listed("adele.vance@contoso.com").await);

    let (status, exception, message) = practice.refusal("Remove-BlockedSenderAddress", adele).await;
    assert_eq!((status, exception.as_str()), (404, "ManagementObjectNotFoundException"));
    assert!(message.contains("object 'Adele.Vance@contoso.com' couldn't be found"), "{message}");
}

#[tokio::test]
async fn a_connector_leaves_three_quarters_of_an_hour_after_its_unblock() {
    let practice = Practice::standard().await;
    let ids = practice.connector_ids().await;
    let reply = practice.invoke("Remove-BlockedConnector", json!({"ConnectorId": ids[0]})).await;
    assert_eq!(reply.status(), 204);
    assert_eq!(reply.bytes().await.unwrap().len(), 0);
    practice.pass(44);
    assert_eq!(practice.connector_ids().await, ids);
    practice.pass(1);
    assert_eq!(practice.connector_ids().await, ids[1..]);
    let (status, _, message) = practice.refusal("Remove-BlockedConnector", json!({"ConnectorId": ids[0]})).await;
    assert_eq!(status, 404);
    assert!(message.contains(&ids[0]), "{message}");
}

#[tokio::test]
async fn an_alias_needs_its_own_unblock() {
    let practice = Practice::standard().await;
    practice.rows("Remove-BlockedSenderAddress", json!({"SenderAddress": "alex.wilber@contoso.com"})).await;
    practice.pass(30);
    assert!(!practice.is_listed("alex.wilber@contoso.com").await);
    assert!(practice.is_listed("news@contoso.com").await);
}

#[tokio::test]
async fn the_budget_ends_with_the_third_unblock() {
    let practice = Practice::standard().await;
    let remove = |address: &str| practice.invoke("Remove-BlockedSenderAddress", json!({"SenderAddress": address}));
    for _ in 0..3 {
        assert_eq!(remove("adele.vance@contoso.com").await.status(), 200);
    }
    for address in ["adele.vance@contoso.com", "isaiah.langer@contoso.com"] {
        let (status, exception, message) = refusal_of(remove(address).await).await;
        assert_eq!((status, exception.as_str()), (400, "UnblockLimitExceededException"));
        assert_eq!(
            message,
            format!(
                "The number of times the sender '{address}' can be unblocked has been exceeded. \
                 Contact Microsoft Support to unblock it."
            )
        );
    }
    practice.pass(45);
    assert!(practice.is_listed("isaiah.langer@contoso.com").await);
}

// Paging

#[tokio::test]
async fn pages_join_up_on_both_listeners() {
    let secure = Practice::standard().await;
    let all = texts(&secure.rows("Get-BlockedSenderAddress", json!({})).await, "SenderAddress");
    for practice in [secure, Practice::standard().await.plain()] {
        let (mut url, mut found, mut pages) = (practice.command() + "?$select=SenderAddress", Vec::new(), 0);
        loop {
            let request = practice.request(&url, "Get-BlockedSenderAddress", &json!({}));
            let body = json_of(request.header("prefer", "odata.maxpagesize=3").send().await.unwrap()).await;
            let rows = body["value"].as_array().unwrap().clone();
            assert!(rows.iter().all(|row| row.as_object().unwrap().len() == 1), "$select goes along");
            found.extend(texts(&rows, "SenderAddress"));
            pages += 1;
            let Some(link) = body["@odata.nextLink"].as_str() else { break };
            assert!(link.starts_with(&format!("{}/adminapi/beta/", practice.base)), "{link}");
            url = link.to_owned();
        }
        assert_eq!((found, pages), (all.clone(), 3));
    }
}

#[tokio::test]
async fn a_row_that_leaves_between_pages_hides_no_other() {
    let practice = Practice::standard().await;
    let page = |url: String| {
        let request = practice.request(&url, "Get-BlockedSenderAddress", &json!({}));
        async { json_of(request.header("prefer", "odata.maxpagesize=2").send().await.unwrap()).await }
    };
    let first = page(practice.command()).await;
    let gone = json!({"senderAddress": "adele.vance@contoso.com"});
    assert_eq!(practice.control(Method::DELETE, "restrictions", gone).await.status(), 204);
    let second = page(first["@odata.nextLink"].as_str().unwrap().into()).await;
    assert_eq!(second["value"][0]["SenderAddress"], "alex.wilber@contoso.com");
}

#[tokio::test]
async fn links_are_for_one_question_and_expire() {
    let practice = Practice::standard().await;
    let request = practice.request(&practice.command(), "Get-BlockedSenderAddress", &json!({}));
    let body = json_of(request.header("prefer", "odata.maxpagesize=3").send().await.unwrap()).await;
    let link = body["@odata.nextLink"].as_str().unwrap().to_owned();
    let (start, token) = link.rsplit_once('=').unwrap();
    let (token, last) = token.split_at(token.len() - 2);
    let tampered = format!("{start}={token}{}", if last == "AA" { "BB" } else { "AA" });
    let expect_refusal = |url: String, cmdlet: &'static str, parameters: Value| {
        let request = practice.request(&url, cmdlet, &parameters);
        async move {
            let (status, _, message) = refusal_of(request.send().await.unwrap()).await;
            assert_eq!((status, message.as_str()), (400, "Expired or Invalid pagination request"));
        }
    };
    expect_refusal(tampered, "Get-BlockedSenderAddress", json!({})).await;
    expect_refusal(link.clone(), "Get-BlockedConnector", json!({})).await;
    expect_refusal(link.clone(), "Get-BlockedSenderAddress", json!({"SenderAddress": "a@contoso.com"})).await;
    practice.pass(9);
    let again = practice.request(&link, "get-blockedsenderaddress", &json!({})).send().await.unwrap();
    assert_eq!(again.status(), 200);
    practice.pass(1);
    expect_refusal(link, "Get-BlockedSenderAddress", json!({})).await;
}

#[tokio::test]
async fn the_large_scenario_comes_in_pages_of_a_thousand_or_in_one_go() {
    let practice = Practice::open(Scenario::Large).await;
    let body = json_of(practice.invoke("Get-BlockedSenderAddress", json!({})).await).await;
    assert_eq!(body["value"].as_array().unwrap().len(), 1000);
    assert!(body["@odata.nextLink"].is_string());
    let rows = practice.rows("Get-BlockedSenderAddress", json!({"ResultSize": "Unlimited"})).await;
    assert_eq!(rows.len(), 10_000);
    assert_eq!(practice.rows("Get-BlockedSenderAddress", json!({"ResultSize": 7})).await.len(), 7);
    assert_eq!(practice.connector_ids().await.len(), 200);
    let last = rows[9_999]["SenderAddress"].clone();
    assert_eq!(practice.rows("Get-Recipient", json!({"Identity": last})).await.len(), 1);
}

#[tokio::test]
async fn the_empty_scenario_restricts_nobody() {
    let practice = Practice::open(Scenario::Empty).await;
    assert_eq!(practice.rows("Get-BlockedSenderAddress", json!({})).await.len(), 0);
    assert_eq!(practice.rows("Get-BlockedConnector", json!({})).await.len(), 0);
    assert_eq!(practice.rows("Get-Recipient", json!({})).await.len(), 30);
}

// Control plane

#[tokio::test]
async fn the_request_log() {
    let practice = Practice::standard().await;
    let request = practice.request(&practice.command(), "get-recipient", &json!({"Identity": "nobody"}));
    request.header("client-request-id", "11111111-2222-3333-4444-555555555555").send().await.unwrap();
    let log = practice.log(0).await;
    assert_eq!(
        log[0],
        json!({"number": 1, "time": "2026-11-23T08:00:00.0000000+00:00", "listener": "https", "httpVersion": "2",
            "method": "POST", "path": "/contoso.onmicrosoft.com/oauth2/v2.0/token", "cmdlet": null,
            "parameters": null, "status": 200, "clientRequestId": null})
    );
    let path = format!("/adminapi/beta/{}/InvokeCommand", practice.sandbox.invitation().tenant_id);
    assert_eq!(
        log[1],
        json!({"number": 2, "time": "2026-11-23T08:00:00.0000000+00:00", "listener": "https", "httpVersion": "2",
            "method": "POST", "path": path, "cmdlet": "get-recipient", "parameters": {"Identity": "nobody"},
            "status": 404, "clientRequestId": "11111111-2222-3333-4444-555555555555"})
    );
    assert_eq!(log.len(), 2, "the control plane is not logged");
    let text = serde_json::to_string(&log).unwrap();
    assert!(!text.contains(&practice.token) && !text.contains(&practice.sandbox.invitation().client_secret));

    let practice = practice.plain();
    practice.invoke("Get-AcceptedDomain", json!({})).await;
    let log = practice.log(2).await;
    assert_eq!(log.len(), 1);
    assert_eq!((&log[0]["listener"], &log[0]["httpVersion"]), (&json!("http"), &json!("1.1")));
}

#[tokio::test]
async fn the_clock() {
    let practice = Practice::standard().await;
    let now = json_of(practice.client.get(format!("{}/sandbox/clock", practice.base)).send().await.unwrap()).await;
    assert_eq!(now, json!({"now": "2026-11-23T08:00:00.0000000+00:00"}));
    let moved = practice.control(Method::POST, "clock", json!({"advanceSeconds": 86_400.5})).await;
    assert_eq!(json_of(moved).await, json!({"now": "2026-11-24T08:00:00.5000000+00:00"}));
    assert_eq!(practice.sandbox.clock().now(), datetime!(2026-11-24 08:00:00.5 UTC));
}

#[tokio::test]
async fn a_clock_that_is_not_the_tenants_own_does_not_move() {
    let options = Options { clock: Clock::system(), ..Options::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    let url = format!("{}/sandbox/clock", sandbox.invitation().plain_uri);
    let client = Client::builder().no_proxy().build().unwrap();
    let reply = client.post(url).json(&json!({"advanceSeconds": 1})).send().await.unwrap();
    assert_eq!(reply.status(), 400);
    assert!(json_of(reply).await["error"].as_str().unwrap().contains("cannot be moved"));
}

#[tokio::test]
async fn apps() {
    let practice = Practice::standard().await;
    let apps = json_of(practice.client.get(format!("{}/sandbox/apps", practice.base)).send().await.unwrap()).await;
    let grants = texts(apps.as_array().unwrap(), "grant");
    assert_eq!(grants, ["full", "no-directory-role", "none", "expired-secret", "read-only"]);
    assert_eq!(apps[0]["appId"], practice.sandbox.invitation().app_id.as_str());
    assert_eq!(apps[0]["clientSecret"], practice.sandbox.invitation().client_secret.as_str());
    assert!(apps[0]["name"].is_string());
}

#[tokio::test]
async fn restricting_and_lifting_from_outside() {
    let practice = Practice::standard().await;
    let id = "aaaaaaaa-0000-4000-8000-000000000001";
    let sender = json!({"senderAddress": "Lee.Gu@contoso.com", "reason": "a drill"});
    let connector = json!({"connectorId": id, "connectorName": "Drill", "reason": "a drill"});
    assert_eq!(practice.control(Method::POST, "restrictions", sender.clone()).await.status(), 201);
    assert_eq!(practice.control(Method::POST, "restrictions", sender).await.status(), 400);
    assert_eq!(practice.control(Method::POST, "restrictions", connector).await.status(), 201);
    let rows = practice.rows("Get-BlockedSenderAddress", json!({"SenderAddress": "lee.gu@contoso.com"})).await;
    assert_eq!((&rows[0]["SenderAddress"], &rows[0]["Reason"]), (&json!("Lee.Gu@contoso.com"), &json!("a drill")));
    assert_eq!(rows[0]["CreatedDatetime"], "2026-11-23T08:00:00.0000000+00:00");
    assert!(practice.connector_ids().await.contains(&id.to_owned()));

    for body in [json!({"senderAddress": "lee.gu@contoso.com"}), json!({"connectorId": id})] {
        assert_eq!(practice.control(Method::DELETE, "restrictions", body.clone()).await.status(), 204);
        assert_eq!(practice.control(Method::DELETE, "restrictions", body).await.status(), 404);
    }
    assert!(!practice.is_listed("lee.gu@contoso.com").await);
    assert!(!practice.connector_ids().await.contains(&id.to_owned()));
}

#[tokio::test]
async fn control_input_that_makes_no_sense() {
    let practice = Practice::standard().await;
    for (method, what, body, status) in [
        (Method::POST, "clock", json!({}), 400),
        (Method::POST, "clock", json!({"advanceSeconds": -1}), 400),
        (Method::POST, "clock", json!({"advanceSeconds": 1e9}), 400),
        (Method::POST, "clock", json!({"advanceSeconds": 1e300}), 400),
        (Method::POST, "clock", json!({"advanceSeconds": "1"}), 400),
        (Method::POST, "clock", json!([]), 400),
        (Method::POST, "restrictions", json!({"reason": "x"}), 400),
        (Method::POST, "restrictions", json!({"senderAddress": "x"}), 400),
        (Method::POST, "restrictions", json!({"connectorId": "x"}), 400),
        (Method::POST, "restrictions", json!({"senderAddress": "a@b", "connectorId": "x"}), 400),
        (Method::POST, "restrictions", json!({"senderAddress": "a@b", "other": 1}), 400),
        (Method::DELETE, "restrictions", json!({}), 400),
        (Method::POST, "faults", json!({"match": "*", "fault": {"kind": "explode"}}), 400),
        (Method::GET, "requests?after=x", json!({}), 400),
        (Method::PUT, "clock", json!({}), 405),
        (Method::GET, "secrets", json!({}), 404),
        (Method::GET, "", json!({}), 404),
    ] {
        let reply = practice.control(method.clone(), what, body.clone()).await;
        assert_eq!(reply.status().as_u16(), status, "{method} {what} {body}");
        let error = json_of(reply).await["error"].as_str().unwrap().to_owned();
        assert!(error.len() > 20, "{error}");
    }
}

#[tokio::test]
async fn the_control_plane_is_for_this_machine_only() {
    let practice = Practice::standard().await.plain();
    let get = |name: &'static str, value: &'static str| {
        practice.client.get(format!("{}/sandbox/apps", practice.base)).header(name, value).send()
    };
    for host in ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:443"] {
        assert_eq!(get("host", host).await.unwrap().status(), 200, "{host}");
    }
    for host in ["contoso.com", "localhost.contoso.com", "127.0.0.1.contoso.com:80", "0.0.0.0", "x"] {
        assert_eq!(get("host", host).await.unwrap().status(), 403, "{host}");
    }
    assert_eq!(get("origin", "https://contoso.com").await.unwrap().status(), 403);
}

// Faults

#[tokio::test]
async fn a_status_on_order_as_often_as_ordered() {
    let practice = Practice::standard().await;
    let fault = json!({"kind": "status", "status": 429, "body": "Please wait", "headers": {"Retry-After": "7"}});
    practice.fault(json!({"match": "get-accepteddomain", "times": 2, "skip": 1, "fault": fault})).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
        statuses.push(reply.status().as_u16());
        if reply.status() == 429 {
            assert_eq!(reply.headers()["retry-after"], "7");
            assert_eq!(reply.text().await.unwrap(), "Please wait");
        }
    }
    assert_eq!(statuses, [200, 429, 429, 200]);
    assert_eq!(practice.log(1).await[1]["status"], 429);

    practice.fault(json!({"match": "token", "fault": {"kind": "status", "status": 503}})).await;
    assert_eq!(practice.token_reply(&[]).await.status(), 503);
    practice.fault(json!({"match": "*", "times": 100, "fault": {"kind": "status", "status": 500}})).await;
    assert_eq!(practice.invoke("Get-AcceptedDomain", json!({})).await.status(), 500);
    assert_eq!(practice.control(Method::DELETE, "faults", json!({})).await.status(), 204);
    assert_eq!(practice.invoke("Get-AcceptedDomain", json!({})).await.status(), 200);
}

#[tokio::test]
async fn dropped_requests_do_nothing_and_lost_replies_have_done_it() {
    let adele = json!({"SenderAddress": "adele.vance@contoso.com"});
    for (kind, still_listed) in [("drop", true), ("reset", true), ("lose-reply", false)] {
        for practice in [Practice::standard().await, Practice::standard().await.plain()] {
            practice.fault(json!({"match": "Remove-BlockedSenderAddress", "fault": {"kind": kind}})).await;
            let request = practice.request(&practice.command(), "Remove-BlockedSenderAddress", &adele);
            let error = request.send().await.unwrap_err();
            assert_eq!(is_reset(&error), kind == "reset", "{kind}: {error:?}");
            practice.pass(30);
            assert_eq!(practice.is_listed("adele.vance@contoso.com").await, still_listed, "{kind}");
            let log = practice.log(1).await;
            assert_eq!((&log[0]["cmdlet"], &log[0]["status"]), (&json!("Remove-BlockedSenderAddress"), &Value::Null));
            assert_eq!(log[1]["cmdlet"], "Get-BlockedSenderAddress", "nobody repeated the removal");
        }
    }
}

/// Whether the connection was reset and not ended.
fn is_reset(error: &(dyn std::error::Error + 'static)) -> bool {
    let chain = std::iter::successors(Some(error), |error| error.source());
    let kinds = chain.filter_map(|error| error.downcast_ref::<std::io::Error>());
    kinds.map(std::io::Error::kind).any(|kind| kind == std::io::ErrorKind::ConnectionReset)
}

#[tokio::test]
async fn replies_that_are_cut_short_drip_or_are_late() {
    let fault = |fault: Value| json!({"match": "Get-AcceptedDomain", "fault": fault});
    for practice in [Practice::standard().await, Practice::standard().await.plain()] {
        let whole = practice.invoke("Get-AcceptedDomain", json!({})).await.bytes().await.unwrap();
        practice.fault(fault(json!({"kind": "cut-short"}))).await;
        let reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
        assert_eq!(reply.bytes().await.unwrap(), whole[..whole.len() / 2], "and no error");

        practice.fault(fault(json!({"kind": "drip", "pauseMilliseconds": 0}))).await;
        let mut reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
        assert_eq!(reply.chunk().await.unwrap().unwrap(), whole[..1], "a drop at a time");
        let mut got = 1;
        while let Some(drop) = reply.chunk().await.unwrap() {
            got += drop.len();
        }
        assert_eq!(got, whole.len());

        practice.fault(fault(json!({"kind": "delay", "milliseconds": 1}))).await;
        let reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
        assert_eq!(reply.bytes().await.unwrap(), whole);
    }
}

#[tokio::test]
async fn a_truncated_reply_announces_all_and_brings_half() {
    for practice in [Practice::standard().await, Practice::standard().await.plain()] {
        let whole = practice.invoke("Get-AcceptedDomain", json!({})).await.bytes().await.unwrap();
        practice.fault(json!({"match": "Get-AcceptedDomain", "fault": {"kind": "truncate"}})).await;
        let mut reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.content_length(), Some(whole.len() as u64));
        let mut got = Vec::new();
        let end = loop {
            match reply.chunk().await {
                Ok(Some(chunk)) => got.extend(chunk),
                end => break end,
            }
        };
        assert!(end.is_err(), "{end:?}");
        assert_eq!(got, whole[..whole.len() / 2]);
    }
}

#[tokio::test]
async fn a_truncated_reply_without_a_body_is_whole() {
    for practice in [Practice::standard().await, Practice::standard().await.plain()] {
        let id = practice.connector_ids().await[0].clone();
        practice.fault(json!({"match": "*", "fault": {"kind": "truncate"}})).await;
        let reply = practice.invoke("Remove-BlockedConnector", json!({"ConnectorId": id})).await;
        assert_eq!(reply.status(), 204);
        assert_eq!(reply.bytes().await.unwrap().len(), 0);
    }
}

#[tokio::test]
async fn an_oversize_reply_is_as_long_as_ordered() {
    for practice in [Practice::standard().await, Practice::standard().await.plain()] {
        practice.fault(json!({"match": "*", "fault": {"kind": "oversize", "bytes": 3_000_001}})).await;
        let reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
        assert_eq!(reply.content_length(), None);
        assert_eq!(reply.bytes().await.unwrap().len(), 3_000_001);
    }
}

#[tokio::test]
async fn a_reply_that_is_not_json_claims_to_be() {
    let practice = Practice::standard().await;
    practice.fault(json!({"match": "*", "fault": {"kind": "not-json"}})).await;
    let reply = practice.invoke("Get-AcceptedDomain", json!({})).await;
    assert_eq!(reply.status(), 200);
    assert!(reply.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
    assert!(serde_json::from_slice::<Value>(&reply.bytes().await.unwrap()).is_err());
}

#[tokio::test]
async fn a_hanging_request_hangs_alone() {
    let practice = Practice::standard().await;
    practice.fault(json!({"match": "Get-AcceptedDomain", "fault": {"kind": "hang"}})).await;
    let hanging = tokio::spawn(practice.request(&practice.command(), "Get-AcceptedDomain", &json!({})).send());
    while practice.log(1).await.is_empty() {}
    assert_eq!(practice.invoke("Get-AcceptedDomain", json!({})).await.status(), 200);
    assert_eq!(practice.log(1).await[0]["status"], Value::Null);
    assert!(!hanging.is_finished());

    // The client leaves, and so does its request.
    let Practice { sandbox, client, .. } = practice;
    hanging.abort();
    drop(client);
    tasks_end(3).await;
    drop(sandbox);
}
