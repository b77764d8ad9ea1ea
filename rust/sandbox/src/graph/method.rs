//! `users/{id | userPrincipalName}/authentication/methods`: what somebody proves their identity with. It takes no query
//! options.

use serde_json::{json, Map, Value};

use super::properties::{members, written};
use super::refusal::Refusal;
use super::user::with;
use super::{context, Request};
use crate::account::{Account, Method, MethodKind};
use crate::tenant::Tenant;

/// The same for everybody.
const PASSWORD: &str = "28c10230-6103-485e-b985-444c60001490";
/// A mobile number, for everybody who has one.
const MOBILE_PHONE: &str = "3179e48a-750b-4051-897c-87b9720928f7";

pub(super) fn list(tenant: &Tenant, request: &Request<'_>, id: &str) -> Result<Value, Refusal> {
    let (user, methods) = with(tenant, id, |account| (account.id, all(account)))?;
    Ok(json!({
        "@odata.context": context(request, &format!("users('{user}')/authentication/methods")),
        "value": methods,
    }))
}

/// Everybody has a password.
fn all(account: &Account) -> Vec<Map<String, Value>> {
    let password = members(json!({
        "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
        "id": PASSWORD,
        "password": null,
        "createdDateTime": written(account.password_changed),
    }));
    [password].into_iter().chain(account.methods.iter().map(object)).collect()
}

fn object(method: &Method) -> Map<String, Value> {
    let (id, added) = (method.id.to_string(), method.added.map(written));
    members(match method.kind {
        MethodKind::Authenticator { phone } => json!({
            "@odata.type": "#microsoft.graph.microsoftAuthenticatorAuthenticationMethod",
            "id": id,
            "displayName": phone,
            "deviceTag": "SoftwareTokenActivated",
            "phoneAppVersion": "6.2410.7420",
            "createdDateTime": added,
        }),
        MethodKind::Phone { number } => json!({
            "@odata.type": "#microsoft.graph.phoneAuthenticationMethod",
            "id": MOBILE_PHONE,
            "phoneNumber": number,
            "phoneType": "mobile",
            "smsSignInState": "notAllowedByPolicy",
            "createdDateTime": added,
        }),
        MethodKind::SecurityKey { name } => json!({
            "@odata.type": "#microsoft.graph.fido2AuthenticationMethod",
            "id": id,
            "displayName": name,
            "createdDateTime": added,
            "aaGuid": "2fc0579f-8113-47ea-b116-555a8db9202a",
            "model": "NFC key",
            "attestationCertificates": [],
            "attestationLevel": "attested",
        }),
    })
}
