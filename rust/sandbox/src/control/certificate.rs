//! The certificates that apps sign in with.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{bad, read, Refused};
use crate::app_certificate::AppCertificate;
use crate::reply::{self, Reply};
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Registration {
    app_id: String,
    certificate: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Deregistration {
    app_id: String,
    thumbprint: String,
}

pub(super) fn register(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let example = r#"{"appId": "GUID", "certificate": "-----BEGIN CERTIFICATE-----..."}"#;
    let Registration { app_id, certificate } = read(body, example)?;
    let app = app(tenant, &app_id)?;
    let certificate = AppCertificate::from_pem(&certificate)
        .map_err(|why| bad(format!("the certificate cannot be registered: {why}; give one in PEM")))?;
    let thumbprint = certificate.thumbprint();
    tenant.app_certificates().add(app, certificate).map_err(bad)?;
    Ok(reply::json(StatusCode::CREATED, &json!({"thumbprint": thumbprint})))
}

pub(super) fn deregister(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let Deregistration { app_id, thumbprint } = read(body, r#"{"appId": "GUID", "thumbprint": "40 digits"}"#)?;
    if tenant.app_certificates().remove(app(tenant, &app_id)?, &thumbprint) {
        Ok(reply::empty(StatusCode::NO_CONTENT))
    } else {
        Err((StatusCode::NOT_FOUND, "the app has no certificate with this thumbprint; nothing to remove".into()))
    }
}

/// The identifier of an app that exists.
pub(super) fn app(tenant: &Tenant, id: &str) -> Result<Uuid, Refused> {
    let known = Uuid::try_parse(id).ok().filter(|id| tenant.apps.iter().any(|app| app.id == *id));
    known.ok_or_else(|| bad(format!("there is no app '{id}'; GET /sandbox/apps shows them")))
}
