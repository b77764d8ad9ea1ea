//! Signing in with certificates, over both listeners.

use crate::practice::key::{Certificate, Key, KEY, OTHER_KEY};
use crate::practice::{claims, json_of, Practice};
use reqwest::{Method, Response};
use serde_json::{json, Value};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

const NOW: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A tenant whose invited app has a certificate.
struct Registered {
    practice: Practice,
    certificate: Certificate,
    app: String,
}

impl Registered {
    async fn new(practice: Practice) -> Self {
        let app = practice.sandbox.invitation().app_id.clone();
        let certificate = certificate_of(&KEY);
        register(&practice, &app, &certificate).await;
        Self { practice, certificate, app }
    }

    async fn both() -> [Self; 2] {
        let [secure, plain] = Practice::both().await;
        [Self::new(secure).await, Self::new(plain).await]
    }

    fn url(&self) -> String {
        format!("{}/contoso.com/oauth2/v2.0/token", self.practice.base)
    }

    fn header(&self, algorithm: &str) -> Value {
        match algorithm {
            "RS256" => json!({"alg": "RS256", "typ": "JWT", "x5t": self.certificate.sha1()}),
            _ => json!({"alg": algorithm, "typ": "JWT", "x5t#S256": self.certificate.sha256()}),
        }
    }

    /// The claims of a good assertion, some of them replaced; `null` leaves one out.
    fn claims(&self, changes: Value) -> Value {
        let mut claims = json!({"aud": self.url(), "iss": self.app, "sub": self.app, "jti": new_id(),
            "nbf": NOW.unix_timestamp(), "iat": NOW.unix_timestamp(), "exp": NOW.unix_timestamp() + 600});
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    }

    async fn send(&self, assertion: &str) -> Response {
        let changes = [
            ("client_secret", ""),
            ("client_id", self.app.as_str()),
            ("client_assertion_type", TYPE),
            ("client_assertion", assertion),
        ];
        self.practice.token_reply_of("contoso.com", &changes).await
    }

    /// Status and AADSTS number of the answer to an assertion; 0 is success.
    async fn answer(&self, assertion: &str) -> (u16, u64) {
        let reply = self.send(assertion).await;
        let status = reply.status().as_u16();
        (status, json_of(reply).await["error_codes"][0].as_u64().unwrap_or_default())
    }

    async fn answer_to(&self, header: &Value, changes: Value) -> (u16, u64) {
        self.answer(&KEY.sign(header, &self.claims(changes))).await
    }
}

fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn certificate_of(key: &Key) -> Certificate {
    key.certificate(NOW - Duration::DAY, NOW + Duration::days(30))
}

async fn register(practice: &Practice, app: &str, certificate: &Certificate) {
    let body = json!({"appId": app, "certificate": certificate.pem});
    let reply = practice.control(Method::POST, "certificates", body).await;
    assert_eq!(reply.status(), 201);
    assert_eq!(json_of(reply).await, json!({"thumbprint": certificate.thumbprint()}));
}

#[tokio::test]
async fn both_algorithms_sign_in_on_both_listeners() {
    for tenant in Registered::both().await {
        for header in [
            tenant.header("PS256"),
            tenant.header("RS256"),
            json!({"alg": "RS256", "x5t#S256": tenant.certificate.sha256()}),
            json!({"alg": "RS256", "x5t#S256": tenant.certificate.sha256(), "x5t": tenant.certificate.sha1()}),
        ] {
            let reply = tenant.send(&KEY.sign_independently(&header, &tenant.claims(json!({})))).await;
            assert_eq!(reply.status(), 200, "{header}");
            let token = json_of(reply).await["access_token"].as_str().unwrap().to_owned();
            assert_eq!(claims(&token)["appid"], tenant.app.as_str());
            let body = json!({"CmdletInput": {"CmdletName": "Get-AcceptedDomain", "Parameters": {}}});
            let call = tenant.practice.client.post(tenant.practice.command()).bearer_auth(token).json(&body);
            assert_eq!(call.send().await.unwrap().status(), 200);
        }
    }
}

#[tokio::test]
async fn the_audience_is_the_token_url_by_any_name() {
    for tenant in Registered::both().await {
        let header = tenant.header("PS256");
        let invitation = tenant.practice.sandbox.invitation().clone();
        let id = &invitation.tenant_id;
        for base in [&invitation.uri, &invitation.plain_uri, &invitation.uri.replace("localhost", "127.0.0.1")] {
            for name in [id.as_str(), &id.to_uppercase(), "contoso.onmicrosoft.com"] {
                let audience = format!("{base}/{name}/oauth2/v2.0/token");
                assert_eq!(tenant.answer_to(&header, json!({"aud": audience})).await, (200, 0), "{audience}");
                assert_eq!(tenant.answer_to(&header, json!({"aud": [audience]})).await, (200, 0));
            }
        }
        let url = tenant.url();
        for wrong in [
            json!(null),
            json!(7),
            json!([]),
            json!(""),
            json!(invitation.uri),
            json!(format!("{url}/")),
            json!(url.replace("contoso", "fabrikam")),
            json!(url.replace(&tenant.practice.base, "https://login.microsoftonline.com")),
            json!(url.replace("v2.0/token", "token")),
        ] {
            assert_eq!(tenant.answer_to(&header, json!({"aud": wrong})).await, (401, 700_023), "{wrong}");
        }
    }
}

#[tokio::test]
async fn signatures_are_checked() {
    for tenant in Registered::both().await {
        for algorithm in ["PS256", "RS256"] {
            let header = tenant.header(algorithm);
            let good = KEY.sign(&header, &tenant.claims(json!({})));
            let forged = OTHER_KEY.sign(&header, &tenant.claims(json!({})));
            assert_eq!(tenant.answer(&forged).await, (401, 700_027), "another key");
            let (signed, signature) = good.rsplit_once('.').unwrap();
            let (head, _) = signed.split_once('.').unwrap();
            let other = KEY.sign(&header, &tenant.claims(json!({})));
            let other_claims = other.split('.').nth(1).unwrap();
            let swapped = format!("{head}.{other_claims}.{signature}");
            assert_eq!(tenant.answer(&swapped).await, (401, 700_027), "other claims");
            assert_eq!(tenant.answer(&format!("{signed}.")).await, (401, 700_027), "no signature");
            assert_eq!(tenant.answer(&good).await, (200, 0), "the refusals did not use it up");
        }
        // Signed one way and labelled the other.
        let mut mixed = tenant.header("RS256");
        mixed["x5t#S256"] = json!(tenant.certificate.sha256());
        let text =
            KEY.sign(&json!({"alg": "PS256", "x5t#S256": tenant.certificate.sha256()}), &tenant.claims(json!({})));
        let signature = text.rsplit_once('.').unwrap().1;
        let good = KEY.sign(&mixed, &tenant.claims(json!({})));
        let labelled = format!("{}.{signature}", good.rsplit_once('.').unwrap().0);
        assert_eq!(tenant.answer(&labelled).await, (401, 700_027));
    }
}

#[tokio::test]
async fn certificates_are_those_of_the_app() {
    for tenant in Registered::both().await {
        let other = certificate_of(&OTHER_KEY);
        let header = json!({"alg": "PS256", "x5t#S256": other.sha256()});
        let sign = || OTHER_KEY.sign(&header, &tenant.claims(json!({})));
        let reply = tenant.send(&sign()).await;
        let description = json_of(reply).await["error_description"].as_str().unwrap().to_owned();
        assert!(description.starts_with("AADSTS700027: "), "{description}");
        assert!(description.contains("not registered on application. [Reason - The key was not found."));

        // Registered with somebody else.
        let (reader, _) = tenant.practice.app("read-only").await;
        register(&tenant.practice, &reader, &other).await;
        assert_eq!(tenant.answer(&sign()).await, (401, 700_027));
        // A rotation: the second certificate joins the first, then the first goes.
        register(&tenant.practice, &tenant.app, &other).await;
        assert_eq!(tenant.answer(&sign()).await, (200, 0));
        assert_eq!(tenant.answer_to(&tenant.header("PS256"), json!({})).await, (200, 0));
        let short = json!({"alg": "RS256", "x5t": other.sha1()});
        assert_eq!(tenant.answer(&OTHER_KEY.sign(&short, &tenant.claims(json!({})))).await, (200, 0));
        let first = json!({"appId": tenant.app, "thumbprint": tenant.certificate.thumbprint().to_lowercase()});
        assert_eq!(tenant.practice.control(Method::DELETE, "certificates", first.clone()).await.status(), 204);
        assert_eq!(tenant.practice.control(Method::DELETE, "certificates", first).await.status(), 404);
        assert_eq!(tenant.answer(&sign()).await, (200, 0));
        assert_eq!(tenant.answer_to(&tenant.header("PS256"), json!({})).await, (401, 700_027));
    }
}

#[tokio::test]
async fn an_expired_certificate_is_refused() {
    for tenant in Registered::both().await {
        let soon = KEY.certificate(NOW + Duration::HOUR, NOW + Duration::hours(2));
        register(&tenant.practice, &tenant.app, &soon).await;
        let header = json!({"alg": "PS256", "x5t#S256": soon.sha256()});
        // Practice clocks may run behind the machine that made it.
        assert_eq!(tenant.answer_to(&header, json!({})).await, (200, 0));
        tenant.practice.pass(120);
        let later = NOW.unix_timestamp() + 7200;
        let changes = json!({"nbf": later, "exp": later + 600});
        let reply = tenant.send(&KEY.sign(&header, &tenant.claims(changes.clone()))).await;
        let description = json_of(reply).await["error_description"].as_str().unwrap().to_owned();
        assert!(description.starts_with("AADSTS700027: ") && description.contains("The key used is expired."));
        assert!(description.contains("End=2026-11-23T10:00:00Z"), "{description}");
        assert_eq!(tenant.answer_to(&tenant.header("PS256"), changes).await, (200, 0));
    }
}

#[tokio::test]
async fn assertions_have_their_time_on_the_tenants_clock() {
    for tenant in Registered::both().await {
        let header = tenant.header("PS256");
        let now = NOW.unix_timestamp();
        for (changes, answer) in [
            (json!({"exp": now - 299}), (200, 0)),
            (json!({"exp": now - 300}), (401, 700_024)),
            (json!({"nbf": now + 300}), (200, 0)),
            (json!({"nbf": now + 301}), (401, 700_024)),
            (json!({"nbf": null}), (200, 0)),
            (json!({"nbf": now.to_string(), "exp": (now + 600).to_string()}), (200, 0)),
            (json!({"exp": null}), (401, 700_024)),
            (json!({"exp": 1e300}), (401, 700_024)),
            (json!({"nbf": -1e300}), (401, 700_024)),
            (json!({"exp": "soon"}), (400, 50_027)),
            (json!({"exp": now as f64 + 0.5}), (200, 0)),
        ] {
            assert_eq!(tenant.answer_to(&header, changes.clone()).await, answer, "{changes}");
        }
        let assertion = KEY.sign(&header, &tenant.claims(json!({})));
        tenant.practice.pass(15);
        let body = json_of(tenant.send(&assertion).await).await;
        let description = body["error_description"].as_str().unwrap();
        let text = "AADSTS700024: Client assertion is not within its valid time range. Current time: \
                    2026-11-23T08:15:00Z, assertion valid from 2026-11-23T08:00:00Z, expiry time of assertion \
                    2026-11-23T08:10:00Z.";
        assert!(description.starts_with(text), "{description}");
    }
}

#[tokio::test]
async fn an_assertion_is_good_once() {
    for tenant in Registered::both().await {
        let header = tenant.header("PS256");
        let claims = tenant.claims(json!({"exp": NOW.unix_timestamp() + 86_400}));
        let assertion = KEY.sign(&header, &claims);
        assert_eq!(tenant.answer(&assertion).await, (200, 0));
        assert_eq!(tenant.answer(&assertion).await, (401, 50_013));
        assert_eq!(tenant.answer(&KEY.sign(&header, &claims)).await, (401, 50_013), "the same jti");
        tenant.practice.pass(60);
        assert_eq!(tenant.answer(&assertion).await, (401, 50_013));
        let nameless = KEY.sign(&header, &tenant.claims(json!({"jti": null, "exp": claims["exp"]})));
        assert_eq!(tenant.answer(&nameless).await, (200, 0));
        assert_eq!(tenant.answer(&nameless).await, (401, 50_013));
    }
}

#[tokio::test]
async fn issuer_and_subject_are_the_app() {
    for tenant in Registered::both().await {
        let header = tenant.header("PS256");
        let (other, _) = tenant.practice.app("read-only").await;
        for changes in [json!({"iss": other}), json!({"sub": other}), json!({"iss": null}), json!({"sub": ""})] {
            assert_eq!(tenant.answer_to(&header, changes.clone()).await, (401, 700_021), "{changes}");
        }
        let upper = tenant.app.to_uppercase();
        assert_eq!(tenant.answer_to(&header, json!({"iss": upper, "sub": upper})).await, (200, 0));
    }
}

#[tokio::test]
async fn what_is_no_assertion() {
    for tenant in Registered::both().await {
        for (assertion, answer) in [
            ("x", (400, 50_027)),
            ("a.b.c", (400, 50_027)),
            (&KEY.sign(&tenant.header("HS256"), &tenant.claims(json!({}))), (401, 5_002_738)),
            (&KEY.sign(&json!({"alg": "PS256"}), &tenant.claims(json!({}))), (401, 5_002_723)),
            (&KEY.sign(&tenant.header("PS256"), &json!([])), (400, 50_027)),
            (&"x".repeat(100_000), (400, 50_027)),
        ] {
            assert_eq!(tenant.answer(assertion).await, answer, "{assertion}");
        }
        let good = KEY.sign(&tenant.header("PS256"), &tenant.claims(json!({})));
        for (kind, code) in [("", 900_144), ("jwt-bearer", 50_027)] {
            let changes = [("client_secret", ""), ("client_assertion_type", kind), ("client_assertion", &good)];
            let body = json_of(tenant.practice.token_reply(&changes).await).await;
            assert_eq!(body["error_codes"], json!([code]));
        }
    }
}

#[tokio::test]
async fn a_certificate_outlives_the_secret() {
    for practice in Practice::both().await {
        let (app, _) = practice.app("expired-secret").await;
        let certificate = certificate_of(&KEY);
        register(&practice, &app, &certificate).await;
        let tenant = Registered { practice, certificate, app };
        assert_eq!(tenant.answer_to(&tenant.header("PS256"), json!({})).await, (200, 0));
    }
}

#[tokio::test]
async fn certificates_that_cannot_be_registered() {
    for practice in Practice::both().await {
        let app = practice.sandbox.invitation().app_id.clone();
        let pem = certificate_of(&KEY).pem;
        for (method, body, text) in [
            (Method::POST, json!({"appId": app}), "missing field"),
            (Method::POST, json!({"appId": app, "certificate": "x"}), "BEGIN CERTIFICATE"),
            (Method::POST, json!({"appId": app, "certificate": practice.sandbox.invitation().ca_certificate}), "RSA"),
            (Method::POST, json!({"appId": "x", "certificate": pem}), "/sandbox/apps"),
            (Method::POST, json!({"appId": new_id(), "certificate": pem}), "/sandbox/apps"),
            (Method::DELETE, json!({"appId": app}), "missing field"),
            (Method::DELETE, json!({"appId": new_id(), "thumbprint": ""}), "/sandbox/apps"),
        ] {
            let reply = practice.control(method, "certificates", body).await;
            assert_eq!(reply.status(), 400);
            let error = json_of(reply).await["error"].as_str().unwrap().to_owned();
            assert!(error.contains(text), "{error}");
        }
        assert_eq!(practice.control(Method::GET, "certificates", json!({})).await.status(), 405);
    }
}
