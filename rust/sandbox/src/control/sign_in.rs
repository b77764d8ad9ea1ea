//! What a trainer does about the ways to sign in: managed identities, device codes, other identity providers.

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::certificate::app;
use super::{read, Refused};
use crate::authorize;
use crate::device_code::Answer;
use crate::managed_identity::KeyFile;
use crate::reply::{self, Reply};
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Federation {
    app_id: String,
    token: String,
}

pub(super) fn managed_identity(tenant: &Tenant) -> Reply {
    let secrets = tenant.managed_identity();
    reply::json(StatusCode::OK, &json!({"identityHeader": secrets.header, "msiSecret": secrets.secret}))
}

pub(super) fn set_key_file(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let file: KeyFile = read(body, r#"{"path": "/var/opt/azcmagent/tokens/1.key", "key": "text"}"#)?;
    tenant.managed_identity().key_file = Some(file);
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) fn device_codes(tenant: &Tenant) -> Reply {
    reply::json(StatusCode::OK, &tenant.device_codes().user_codes())
}

pub(super) fn enter_device_code(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let answer: Answer = read(body, r#"{"userCode": "ABCDEFGHI", "answer": "approve"}"#)?;
    if tenant.device_codes().enter(answer) {
        Ok(reply::empty(StatusCode::NO_CONTENT))
    } else {
        Err((StatusCode::NOT_FOUND, "there is no such code; GET /sandbox/device-codes shows those that wait".into()))
    }
}

pub(super) fn answer_authorization(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let answer: authorize::Answer = read(body, r#"{"answer": "decline"}"#)?;
    tenant.authorizations().answer_next(answer);
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(super) fn trust(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let Federation { app_id, token } = read(body, r#"{"appId": "GUID", "token": "text"}"#)?;
    let app = app(tenant, &app_id)?;
    tenant.federated_tokens().insert(token, app);
    Ok(reply::empty(StatusCode::NO_CONTENT))
}
