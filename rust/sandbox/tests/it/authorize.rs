//! Sign-in in a browser, as the token endpoint's other half sees it.

use std::collections::HashMap;

use crate::practice::{claims, json_of, Practice};
use reqwest::redirect::Policy;
use reqwest::Response;
use serde_json::{json, Value};
use url::Url;

const CLIENT: &str = "fb78d390-0c51-40cd-8e17-fdbfab77341b";
const BACK: &str = "http://localhost:8400";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Asks for a code as a browser does that follows nothing; an empty value leaves a field out.
async fn authorize(practice: &Practice, changes: &[(&str, &str)]) -> Response {
    let scope = format!("{}/.default offline_access", practice.base);
    let mut fields = HashMap::from([
        ("client_id", CLIENT),
        ("response_type", "code"),
        ("redirect_uri", BACK),
        ("response_mode", "query"),
        ("scope", scope.as_str()),
        ("state", "s 1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    fields.extend(changes.iter().copied());
    fields.retain(|_, value| !value.is_empty());
    let page = format!("{}/organizations/oauth2/v2.0/authorize", practice.sandbox.invitation().plain_uri);
    let client = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    client.get(Url::parse_with_params(&page, fields).unwrap()).send().await.unwrap()
}

fn fields(reply: &Response) -> HashMap<String, String> {
    assert_eq!(reply.status(), 302);
    let target = reply.headers()["location"].to_str().unwrap();
    assert!(target.starts_with("http://localhost:8400/?"), "{target}");
    Url::parse(target).unwrap().query_pairs().into_owned().collect()
}

async fn code(practice: &Practice, changes: &[(&str, &str)]) -> String {
    let fields = fields(&authorize(practice, changes).await);
    assert_eq!(fields["state"], "s 1");
    fields["code"].clone()
}

async fn redeem(practice: &Practice, code: &str, verifier: &str) -> (u16, Value) {
    let reply = practice
        .token_reply(&[
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("client_secret", ""),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", verifier),
        ])
        .await;
    (reply.status().as_u16(), json_of(reply).await)
}

#[tokio::test]
async fn a_code_becomes_a_token_once() {
    let practice = Practice::standard().await;
    let code = code(&practice, &[("login_hint", "anne.weiler@contoso.com")]).await;
    let (status, refused) = redeem(&practice, &code, CHALLENGE).await;
    assert_eq!((status, &refused["error_codes"][0]), (400, &json!(501_481)));
    let (status, given) = redeem(&practice, &code, VERIFIER).await;
    assert_eq!(status, 200);
    assert!(given["access_token"].is_string() && given["refresh_token"].is_string());
    assert_eq!(redeem(&practice, &code, VERIFIER).await.1["error_codes"][0], json!(54_005));
    assert_eq!(redeem(&practice, "0.made-up", VERIFIER).await.0, 400);
}

#[tokio::test]
async fn no_browser_is_sent_to_an_address_that_the_app_does_not_have() {
    let practice = Practice::standard().await;
    for change in [
        ("redirect_uri", "https://elsewhere.example"),
        ("redirect_uri", "http://localhost:8400/there"),
        ("redirect_uri", ""),
        ("client_id", "11111111-0000-4000-8000-000000000001"),
    ] {
        let reply = authorize(&practice, &[change]).await;
        assert_eq!(reply.status(), 400, "{change:?}");
        assert!(!reply.headers().contains_key("location"), "{change:?}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_rest_goes_back_by_the_browser() {
    let practice = Practice::standard().await;
    for (change, error) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_mode", "fragment"), "unsupported_response_type"),
        (("scope", "https://elsewhere.example/.default"), "invalid_resource"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
    ] {
        let fields = fields(&authorize(&practice, &[change]).await);
        assert_eq!((fields["error"].as_str(), fields["state"].as_str()), (error, "s 1"), "{change:?}");
        assert!(!fields.contains_key("code"));
    }
    practice.sandbox.control("POST", "authorizations", &json!({"answer": "decline"})).unwrap();
    let declined = fields(&authorize(&practice, &[]).await);
    assert_eq!(declined["error"], "access_denied");
    assert!(declined["error_description"].starts_with("AADSTS65004: "));
    practice
        .sandbox
        .control("POST", "authorizations", &json!({"answer": "approve", "user": "lynne.robbins@contoso.com"}))
        .unwrap();
    let (_, given) = redeem(&practice, &code(&practice, &[]).await, VERIFIER).await;
    assert_eq!(claims(given["access_token"].as_str().unwrap())["upn"], "lynne.robbins@contoso.com");
}
