//! Signing in by the variables that Microsoft's own libraries read (AZURE_CLIENT_ID and so on). Only who asks for it gets
//! it: a variable that somebody else set must not decide who we are.

use super::{Certificate, Credential};
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// The organization and the credential in the environment. `certificate` is the one of AZURE_CLIENT_CERTIFICATE_PATH,
/// where there is one. As with Microsoft's libraries a secret goes first, then a certificate, then federation.
///
/// # Errors
/// [`Code::EnvironmentUnusable`] when a variable is missing.
pub async fn of_environment(certificate: Option<Certificate>, host: &Host) -> Result<(Option<String>, Credential)> {
    let text = |name| async move {
        let value = host.environment_variable(name).await?;
        Ok::<_, Error>(value.map(|value| value.reveal().to_owned()))
    };
    let Some(app_id) = text("AZURE_CLIENT_ID").await? else {
        return Err(missing("AZURE_CLIENT_ID is not set"));
    };
    let organization = text("AZURE_TENANT_ID").await?;
    if let Some(secret) = host.environment_variable("AZURE_CLIENT_SECRET").await? {
        return Ok((organization, Credential::ClientSecret { app_id, secret }));
    }
    if let Some(certificate) = certificate {
        return Ok((organization, Credential::Certificate { app_id, certificate }));
    }
    match text("AZURE_FEDERATED_TOKEN_FILE").await? {
        Some(file) => Ok((organization, Credential::Federated { app_id, token_file: file.into() })),
        None => Err(missing(
            "none of AZURE_CLIENT_SECRET, AZURE_CLIENT_CERTIFICATE_PATH and AZURE_FEDERATED_TOKEN_FILE is set",
        )),
    }
}

fn missing(what: &str) -> Error {
    Error::new(Code::EnvironmentUnusable, format!("The environment does not say how to sign in: {what}."))
}
