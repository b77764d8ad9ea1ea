//! The endpoints that give tokens to whoever runs on a machine with a managed identity: those of virtual machines, App
//! Service, older Automation (plain and on hybrid workers) and Azure Arc. The machine's own identity is the invitation's
//! app; a client id names any other app.

use hyper::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{json, Value};
use url::form_urlencoded;
use uuid::Uuid;

use crate::reply::{self, Reply};
use crate::tenant::Tenant;
use crate::token::{self, App, LIFETIME};

/// Which of the endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// `/metadata/identity/oauth2/token`: a virtual machine, or Azure Arc, told apart by the version asked for.
    Instance,
    /// `/msi/token`: App Service and Functions.
    AppService,
    /// `/automation/oauth2/token`
    Automation,
    /// `/hybrid-worker/oauth2/token`
    HybridWorker,
}

/// What clients must know or be able to read.
#[derive(Clone, Debug)]
pub(crate) struct ManagedIdentity {
    pub(crate) header: String,
    pub(crate) secret: String,
    /// A file that the client must be able to read, and what is in it.
    pub(crate) key_file: Option<KeyFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyFile {
    pub(crate) path: String,
    pub(crate) key: String,
}

impl Default for ManagedIdentity {
    fn default() -> Self {
        let random = || Uuid::new_v4().simple().to_string();
        Self { header: random(), secret: random(), key_file: None }
    }
}

impl Place {
    /// The place of a path, in lower case.
    pub(crate) fn of(segments: &[&str]) -> Option<Self> {
        match segments {
            ["metadata", "identity", "oauth2", "token"] => Some(Self::Instance),
            ["msi", "token"] => Some(Self::AppService),
            ["automation", "oauth2", "token"] => Some(Self::Automation),
            ["hybrid-worker", "oauth2", "token"] => Some(Self::HybridWorker),
            _ => None,
        }
    }
}

pub(crate) fn answer(tenant: &Tenant, base: &str, place: Place, query: &str, headers: &HeaderMap) -> Reply {
    let fields: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let version = field("api-version").unwrap_or_default();
    if let Err(refusal) = admit(tenant, place, version, headers) {
        return *refusal;
    }
    let client = ["client_id", "clientid"].into_iter().find_map(field);
    let Some(app) = identity(tenant, client) else { return refuse("invalid_request", "Identity not found") };
    let resource = field("resource").unwrap_or_default();
    let Some(audience) = tenant.resource(resource) else {
        let why = format!("AADSTS500011: The resource principal named {resource} was not found in the tenant.");
        return refuse("invalid_resource", &why);
    };
    let token = token::give(tenant, base, app, audience, None);
    reply::json(StatusCode::OK, &granted(tenant, place, app, audience, &token))
}

/// Each has an answer of its own, with numbers as texts.
fn granted(tenant: &Tenant, place: Place, app: &App, audience: &str, token: &str) -> Value {
    let until = tenant.now().unix_timestamp().saturating_add(LIFETIME);
    let mut granted = json!({
        "access_token": token,
        "client_id": app.id.to_string(),
        "expires_on": until.to_string(),
        "resource": audience,
        "token_type": "Bearer",
    });
    if let (Place::Instance, Some(members)) = (place, granted.as_object_mut()) {
        members.insert("expires_in".into(), LIFETIME.to_string().into());
        members.insert("not_before".into(), tenant.now().unix_timestamp().to_string().into());
    }
    granted
}

fn identity<'a>(tenant: &'a Tenant, client: Option<&str>) -> Option<&'a App> {
    match client {
        None => tenant.apps.first(),
        Some(client) => Uuid::try_parse(client).ok().and_then(|id| tenant.apps.iter().find(|app| app.id == id)),
    }
}

fn admit(tenant: &Tenant, place: Place, version: &str, headers: &HeaderMap) -> Result<(), Box<Reply>> {
    let secrets = tenant.managed_identity();
    let has = |name: &str, wanted: &str| reply::header(headers, name) == Some(wanted);
    let bad = |why: &str| Err(Box::new(refuse("invalid_request", why)));
    let denied = || Err(Box::new(reply::json(StatusCode::UNAUTHORIZED, &json!({"statusCode": 401, "message": "No."}))));
    match (place, version) {
        (Place::AppService, _) if !has("x-identity-header", &secrets.header) => denied(),
        (Place::AppService, "2019-08-01") => Ok(()),
        (Place::Instance | Place::Automation | Place::HybridWorker, _) if !has("metadata", "true") => {
            bad("Required metadata header not specified")
        }
        (Place::Instance, "2018-02-01") | (Place::Automation, _) => Ok(()),
        (Place::Instance, "2020-06-01") => match &secrets.key_file {
            Some(file) if has("authorization", &format!("Basic {}", file.key)) => Ok(()),
            Some(file) => Err(Box::new(challenge(&file.path))),
            None => Err(Box::new(reply::empty(StatusCode::NOT_FOUND))),
        },
        (Place::HybridWorker, _) if has("secret", &secrets.secret) => Ok(()),
        (Place::HybridWorker, _) => denied(),
        _ => bad("Invalid API version"),
    }
}

fn challenge(path: &str) -> Reply {
    let mut reply = reply::empty(StatusCode::UNAUTHORIZED);
    reply::set(&mut reply, hyper::header::WWW_AUTHENTICATE, &format!("Basic realm={path}"));
    reply
}

fn refuse(error: &str, description: &str) -> Reply {
    reply::json(StatusCode::BAD_REQUEST, &json!({"error": error, "error_description": description}))
}
