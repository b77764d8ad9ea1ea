//! The token endpoint: apps, client credentials, and the tokens that are good.
//!
//! Tokens look like those of the real endpoint, so that clients can read `tid` or `exp` in them, but nothing is
//! signed: the tenant remembers what it gave out.

use std::collections::{HashMap, VecDeque};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE};
use hyper::{HeaderMap, StatusCode};
use serde::{Serialize, Serializer};
use serde_json::{json, Value};
use time::{Duration, OffsetDateTime};
use url::form_urlencoded;
use uuid::Uuid;

use crate::aadsts::Refusal;
use crate::assertion::{self, Expected};
use crate::device_code::public_client;
use crate::permission::Permission;
use crate::reply::{self, Reply};
use crate::role::{Caller, Grant};
use crate::tenant::Tenant;

/// How long a token is good, in seconds.
pub(crate) const LIFETIME: i64 = 3599;

/// What follows a tenant's name in the URL of its token endpoint.
const PATH: &str = "/oauth2/v2.0/token";

/// How many tokens are remembered; the oldest is forgotten first.
const MOST_TOKENS: usize = 10_000;

/// An app registration. Serialized as `GET /sandbox/apps` shows it.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct App {
    pub(crate) name: &'static str,
    #[serde(rename = "appId", serialize_with = "as_text")]
    pub(crate) id: Uuid,
    #[serde(rename = "clientSecret")]
    pub(crate) secret: String,
    pub(crate) grant: Grant,
}

fn as_text<S: Serializer>(id: &Uuid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

/// Why a token does not let its bearer in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAccepted {
    /// Never issued here, or forgotten.
    Unknown,
    /// Issued for something else.
    OtherAudience,
    Expired,
    NoGrant,
    /// A person's token that must be another one now.
    InsufficientClaims,
}

struct Issued {
    app: Uuid,
    grant: Grant,
    audience: String,
    expires: OffsetDateTime,
    claims: Claims,
}

/// What a client wanted a person's token to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The client understands challenges.
    capable: bool,
    /// It answers one.
    answers: bool,
}

impl Claims {
    fn of(form: &Form) -> Self {
        let claims: Value =
            form.optional("claims").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let of_access = claims.get("access_token").cloned().unwrap_or_default();
        let capabilities = of_access.pointer("/xms_cc/values").and_then(Value::as_array);
        Self {
            capable: capabilities.is_some_and(|values| values.iter().any(|value| value == "cp1")),
            answers: of_access.get("nbf").is_some(),
        }
    }
}

/// The tokens given out.
#[derive(Default)]
pub(crate) struct Tokens {
    issued: HashMap<String, Issued>,
    oldest_first: VecDeque<String>,
}

impl Tokens {
    fn remember(&mut self, token: String, issued: Issued) {
        if self.oldest_first.len() >= MOST_TOKENS {
            if let Some(oldest) = self.oldest_first.pop_front() {
                self.issued.remove(&oldest);
            }
        }
        self.oldest_first.push_back(token.clone());
        self.issued.insert(token, issued);
    }

    /// Who the bearer of `token` is and what it may do in Exchange, where Exchange is one of `audiences`. `challenges`:
    /// whether people need another token now.
    pub(crate) fn check(
        &self,
        token: &str,
        audiences: &[String],
        now: OffsetDateTime,
        challenges: bool,
    ) -> Result<Caller, NotAccepted> {
        let issued = self.find(token, audiences, now, challenges)?;
        let access = issued.grant.access().ok_or(NotAccepted::NoGrant)?;
        Ok(Caller { app: issued.app, access })
    }

    /// As [`check`](Self::check), for Graph: the app, and what it was granted there.
    pub(crate) fn check_graph(
        &self,
        token: &str,
        audiences: &[String],
        now: OffsetDateTime,
        challenges: bool,
    ) -> Result<(Uuid, &'static [Permission]), NotAccepted> {
        let issued = self.find(token, audiences, now, challenges)?;
        Ok((issued.app, issued.grant.permissions()))
    }

    fn find(
        &self,
        token: &str,
        audiences: &[String],
        now: OffsetDateTime,
        challenges: bool,
    ) -> Result<&Issued, NotAccepted> {
        let issued = self.issued.get(token).ok_or(NotAccepted::Unknown)?;
        if !audiences.contains(&issued.audience) {
            return Err(NotAccepted::OtherAudience);
        }
        if now >= issued.expires {
            return Err(NotAccepted::Expired);
        }
        if challenges && issued.claims.capable && !issued.claims.answers {
            return Err(NotAccepted::InsufficientClaims);
        }
        Ok(issued)
    }
}

/// Answers `POST /{name}/oauth2/v2.0/token`.
pub(crate) fn answer(tenant: &Tenant, base: &str, name: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    let issued = issue(tenant, base, name, &Form::of(headers, body));
    dress(
        tenant,
        headers,
        issued.map(|Given { access_token, refresh_token }| {
            let mut given = json!({
                "token_type": "Bearer",
                "expires_in": LIFETIME,
                "ext_expires_in": LIFETIME,
                "access_token": access_token,
            });
            if let (Some(token), Some(members)) = (refresh_token, given.as_object_mut()) {
                members.insert("refresh_token".into(), token.into());
            }
            given
        }),
    )
}

/// Answers `POST /{name}/oauth2/v2.0/devicecode`.
pub(crate) fn device_code(tenant: &Tenant, base: &str, name: &str, headers: &HeaderMap, body: &[u8]) -> Reply {
    let form = Form::of(headers, body);
    let code = must_be_people(tenant, name, &form).and_then(|_| {
        let audience = audience(tenant, form.field("scope")?)?;
        Ok(tenant.device_codes().ask(base, audience, tenant.now()))
    });
    dress(tenant, headers, code)
}

fn dress(tenant: &Tenant, headers: &HeaderMap, outcome: Result<Value, Refusal>) -> Reply {
    let mut reply = match outcome {
        Ok(value) => reply::json(StatusCode::OK, &value),
        Err(refusal) => refusal.reply(tenant.now(), reply::header(headers, "client-request-id")),
    };
    reply::set(&mut reply, CACHE_CONTROL, "no-store, no-cache");
    reply::set(&mut reply, CONTENT_TYPE, "application/json; charset=utf-8");
    reply
}

/// Answers `GET /{name}/v2.0/.well-known/openid-configuration`, where clients find a tenant's GUID.
pub(crate) fn metadata(tenant: &Tenant, base: &str, name: &str) -> Reply {
    if !tenant.is_called(name) {
        return Refusal::unknown_tenant(name).reply(tenant.now(), None);
    }
    let id = tenant.id;
    let body = json!({
        "token_endpoint": format!("{base}/{id}/oauth2/v2.0/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "issuer": format!("{base}/{id}/v2.0"),
    });
    reply::json(StatusCode::OK, &body)
}

struct Form(HashMap<String, String>);

impl Form {
    fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        let is_form = reply::is_type(headers, "application/x-www-form-urlencoded");
        Self(if is_form { form_urlencoded::parse(body).into_owned().collect() } else { HashMap::new() })
    }

    fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn field(&self, name: &str) -> Result<&str, Refusal> {
        self.optional(name).ok_or_else(|| Refusal::missing(name))
    }
}

/// What the endpoint gives out.
struct Given {
    access_token: String,
    refresh_token: Option<String>,
}

fn issue(tenant: &Tenant, base: &str, name: &str, form: &Form) -> Result<Given, Refusal> {
    match form.field("grant_type")? {
        "client_credentials" => {
            let access_token = issue_to_app(tenant, base, name, form)?;
            Ok(Given { access_token, refresh_token: None })
        }
        "urn:ietf:params:oauth:grant-type:device_code" => {
            let app = must_be_people(tenant, name, form)?;
            // The scope came with the code.
            let (user, audience) = tenant.device_codes().poll(form.field("device_code")?, tenant.now())?;
            Ok(give_to_person(tenant, base, &app, &audience, (&user, Claims::of(form))))
        }
        "authorization_code" => {
            let app = must_be_people(tenant, name, form)?;
            let redeemed = tenant.authorizations().redeem(
                form.field("code")?,
                form.field("redirect_uri")?,
                form.field("code_verifier")?,
                tenant.now(),
            )?;
            let person = (redeemed.user.as_str(), Claims::of(form));
            Ok(give_to_person(tenant, base, &app, &redeemed.audience, person))
        }
        "refresh_token" => {
            let app = must_be_people(tenant, name, form)?;
            let user = tenant.device_codes().renew(form.field("refresh_token")?, tenant.now())?;
            let audience = audience(tenant, form.field("scope")?)?;
            Ok(give_to_person(tenant, base, &app, audience, (&user, Claims::of(form))))
        }
        other => Err(Refusal::unsupported_grant(other)),
    }
}

/// People sign in with the public client, to this organization or to whichever is theirs.
fn must_be_people(tenant: &Tenant, name: &str, form: &Form) -> Result<App, Refusal> {
    app_of_people(tenant, name, form.field("client_id")?)
}

pub(crate) fn app_of_people(tenant: &Tenant, name: &str, client_id: &str) -> Result<App, Refusal> {
    let any = ["organizations", "common"].iter().any(|any| name.eq_ignore_ascii_case(any));
    if !any && !tenant.is_called(name) {
        return Err(Refusal::unknown_tenant(name));
    }
    public_client(client_id).ok_or_else(|| Refusal::unknown_app(client_id, tenant.company))
}

fn give_to_person(tenant: &Tenant, base: &str, app: &App, audience: &str, person: (&str, Claims)) -> Given {
    let access_token = give(tenant, base, app, audience, Some(person));
    Given { access_token, refresh_token: Some(tenant.device_codes().remember(person.0, tenant.now())) }
}

/// The resource of a scope; what else is in the scope does not matter.
pub(crate) fn audience<'a>(tenant: &'a Tenant, scope: &str) -> Result<&'a str, Refusal> {
    let resource = scope.split(' ').find_map(|scope| scope.strip_suffix("/.default"));
    let resource = resource.ok_or_else(|| Refusal::not_default(scope))?;
    tenant.resource(resource).ok_or_else(|| Refusal::unknown_resource(resource, tenant.company))
}

fn issue_to_app(tenant: &Tenant, base: &str, name: &str, form: &Form) -> Result<String, Refusal> {
    if !tenant.is_called(name) {
        return Err(Refusal::unknown_tenant(name));
    }
    let client_id = form.field("client_id")?;
    let scope = form.field("scope")?;
    let app = Uuid::try_parse(client_id)
        .ok()
        .and_then(|id| tenant.apps.iter().find(|app| app.id == id))
        .ok_or_else(|| Refusal::unknown_app(client_id, tenant.company))?;
    match (form.optional("client_secret"), form.optional("client_assertion")) {
        (_, Some(assertion)) => check_assertion(tenant, &format!("{base}/{name}{PATH}"), app, form, assertion)?,
        (Some(secret), None) => check_secret(app, secret)?,
        (None, None) => return Err(Refusal::no_credential()),
    }
    Ok(give(tenant, base, app, audience(tenant, scope)?, None))
}

/// Makes a token and remembers it.
pub(crate) fn give(tenant: &Tenant, base: &str, app: &App, audience: &str, person: Option<(&str, Claims)>) -> String {
    let now = tenant.now();
    let expires = now.saturating_add(Duration::seconds(LIFETIME));
    let may = What::of(tenant, app, audience);
    let token = write(tenant.id, base, app, audience, person.map(|(user, _)| user), &may, [now, expires]);
    let claims = person.map_or_else(Claims::default, |(_, claims)| claims);
    let issued = Issued { app: app.id, grant: app.grant, audience: audience.to_owned(), expires, claims };
    tenant.tokens().remember(token.clone(), issued);
    token
}

fn check_secret(app: &App, secret: &str) -> Result<(), Refusal> {
    if secret != app.secret {
        return Err(Refusal::wrong_secret(app.id));
    }
    if app.grant == Grant::ExpiredSecret {
        return Err(Refusal::expired_secret(app.id));
    }
    Ok(())
}

fn check_assertion(tenant: &Tenant, url: &str, app: &App, form: &Form, assertion: &str) -> Result<(), Refusal> {
    let kind = form.field("client_assertion_type")?;
    if kind != assertion::TYPE {
        return Err(Refusal::unknown_assertion_type(kind));
    }
    // Another identity provider's word is taken as it is.
    if tenant.federated_tokens().get(assertion) == Some(&app.id) {
        return Ok(());
    }
    let now = tenant.now();
    let expected = Expected {
        app: app.id,
        token_url: url,
        is_token_url: &|url| is_token_url(tenant, url),
        certificates: &tenant.app_certificates().of(app.id),
        now,
    };
    let identifier = assertion::verify(assertion, &expected)?;
    if tenant.settings().assertion_reuse {
        return Ok(());
    }
    tenant.used_assertions().first_use(identifier, now)
}

/// Whether this is the URL of the token endpoint, by any name of this machine and of the tenant.
fn is_token_url(tenant: &Tenant, url: &str) -> bool {
    let place = url.strip_suffix(PATH).and_then(|place| place.rsplit_once('/'));
    place.is_some_and(|(base, name)| {
        tenant.is_called(name) && tenant.bases.iter().any(|known| known.eq_ignore_ascii_case(base))
    })
}

/// What the token of an app says it may do: itself, or in a person's name.
struct What {
    roles: Vec<&'static str>,
    scopes: Vec<&'static str>,
}

impl What {
    fn of(tenant: &Tenant, app: &App, audience: &str) -> Self {
        if tenant.is_graph(audience) {
            let left = tenant.permissions().left(app.grant.permissions());
            let names: Vec<_> = left.into_iter().map(Permission::name).collect();
            Self { roles: names.clone(), scopes: names }
        } else {
            Self { roles: app.grant.app_roles().to_vec(), scopes: vec!["AdminApi.AccessAsUser.All", "Exchange.Manage"] }
        }
    }
}

/// A token's text: header, claims, and noise where the signature would be.
fn write(
    tenant: Uuid,
    base: &str,
    app: &App,
    audience: &str,
    user: Option<&str>,
    may: &What,
    [now, expires]: [OffsetDateTime; 2],
) -> String {
    let mut claims = json!({
        "aud": audience,
        "iss": format!("{base}/{tenant}/"),
        "iat": now.unix_timestamp(),
        "nbf": now.unix_timestamp(),
        "exp": expires.unix_timestamp(),
        "appid": app.id.to_string(),
        "tid": tenant.to_string(),
        "jti": Uuid::new_v4().to_string(),
        "ver": "1.0",
        "idtyp": if user.is_some() { "user" } else { "app" },
        "wids": app.grant.directory_roles(),
    });
    if let Some(members) = claims.as_object_mut() {
        match user {
            Some(user) => {
                members.extend([("upn".to_owned(), json!(user)), ("scp".to_owned(), json!(may.scopes.join(" ")))]);
            }
            None if may.roles.is_empty() => {}
            None => members.extend([("roles".to_owned(), json!(may.roles))]),
        }
    }
    let noise: Vec<u8> = (0..16).flat_map(|_| Uuid::new_v4().into_bytes()).collect();
    format!(
        "{}.{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256"}"#),
        URL_SAFE_NO_PAD.encode(claims.to_string()),
        URL_SAFE_NO_PAD.encode(noise)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Access;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn tokens(grant: Grant) -> Tokens {
        let mut tokens = Tokens::default();
        let expires = START + Duration::seconds(LIFETIME);
        tokens.remember(
            "t".into(),
            Issued {
                app: Uuid::nil(),
                grant,
                audience: "https://localhost:1".into(),
                expires,
                claims: Claims::default(),
            },
        );
        tokens
    }

    fn caller(access: Access) -> Caller {
        Caller { app: Uuid::nil(), access }
    }

    #[test]
    fn a_token_is_good_for_its_audience_until_it_expires() {
        let here = ["https://localhost:1".to_owned()];
        let tokens = tokens(Grant::Full);
        assert_eq!(tokens.check("t", &here, START, false), Ok(caller(Access::Full)));
        assert_eq!(tokens.check("T", &here, START, false), Err(NotAccepted::Unknown));
        let elsewhere = ["https://localhost:1/graph".to_owned()];
        assert_eq!(tokens.check("t", &elsewhere, START, false), Err(NotAccepted::OtherAudience));
        assert_eq!(tokens.check_graph("t", &elsewhere, START, false), Err(NotAccepted::OtherAudience));
        assert_eq!(tokens.check("t", &here, START + Duration::seconds(3598), false), Ok(caller(Access::Full)));
        assert_eq!(tokens.check("t", &here, START + Duration::seconds(3599), false), Err(NotAccepted::Expired));
    }

    #[test]
    fn grants() {
        let here = ["https://localhost:1".to_owned()];
        assert_eq!(tokens(Grant::NoDirectoryRole).check("t", &here, START, false), Ok(caller(Access::NoDirectoryRole)));
        assert_eq!(tokens(Grant::None).check("t", &here, START, false), Err(NotAccepted::NoGrant));
    }

    #[test]
    fn the_oldest_token_is_forgotten() {
        let mut tokens = tokens(Grant::Full);
        for number in 0..MOST_TOKENS {
            let issued = Issued {
                app: Uuid::nil(),
                grant: Grant::Full,
                audience: String::new(),
                expires: START,
                claims: Claims::default(),
            };
            tokens.remember(number.to_string(), issued);
        }
        assert!(!tokens.issued.contains_key("t") && tokens.issued.contains_key("0"));
        assert_eq!(tokens.issued.len(), MOST_TOKENS);
    }
}
