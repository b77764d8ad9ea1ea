//! Which way to sign in the admin chose, and to which organization.

use super::{invalid, Options};
use crate::error::{Error, Result};
use crate::exchange::{of_environment, Browser, Credential, ManagedIdentity, ANY_ORGANIZATION};
use crate::host::Host;

/// What the options come to.
pub struct Chosen {
    pub organization: String,
    pub credential: Credential,
    /// Whether a partner works on a customer's organization.
    pub delegated: bool,
}

impl Chosen {
    /// Takes the credentials out of the options. The host is asked for variables of the environment where they decide.
    ///
    /// # Errors
    /// [`InvalidConnection`](crate::error::Code::InvalidConnection) unless exactly one way is given in full.
    pub async fn of(options: &mut Options, host: &Host) -> Result<Self> {
        let delegated = named(options.delegated_organization.take());
        let mut organization = named(options.organization.take());
        let is_delegated = delegated.is_some();
        if is_delegated && organization.is_some() {
            return Err(invalid("Give -Organization, or -DelegatedOrganization for a customer's, but not both."));
        }
        organization = organization.or(delegated);

        let about = |error: Error, organization: &Option<String>| match organization {
            Some(organization) => error.about(organization),
            None => error,
        };
        let mut ways = given(options)?;
        if options.environment_variables {
            let found = of_environment(options.certificate.take(), host).await;
            let (tenant, credential) = found.map_err(|error| about(error, &organization))?;
            organization = organization.or(tenant);
            ways.push(credential);
        }
        if options.managed_identity {
            let identity = ManagedIdentity::find(options.managed_identity_account.as_deref(), host).await;
            ways.push(Credential::ManagedIdentity(identity.map_err(|error| about(error, &organization))?));
        }
        // Who signs in tells where they belong.
        let any = ways.iter().any(Credential::is_person).then(|| ANY_ORGANIZATION.to_owned());
        let organization = organization.or(any).ok_or_else(|| invalid("No organization is named."))?;
        let left = options.client_secret.is_some() || options.certificate.is_some();
        match (ways.pop(), ways.is_empty() && !left) {
            (Some(credential), true) => Ok(Self { organization, credential, delegated: is_delegated }),
            _ => Err(invalid(format!("Nothing, or too much, says how to sign in to {organization}."))),
        }
    }
}

/// The ways that need no more than the options.
fn given(options: &mut Options) -> Result<Vec<Credential>> {
    let mut ways = Vec::new();
    if let Some(app_id) = options.app_id.take() {
        let secret = options.client_secret.take();
        ways.extend(secret.map(|secret| Credential::ClientSecret { app_id: app_id.clone(), secret }));
        let certificate = options.certificate.take();
        ways.extend(certificate.map(|certificate| Credential::Certificate { app_id, certificate }));
    }
    ways.extend(options.access_token.take().map(Credential::AccessToken));
    ways.extend(options.device.then_some(Credential::Device));
    if let Some(user) = options.user_principal_name.take() {
        ways.push(Credential::Browser(Browser::of(&user, options.deadlines.sign_in)?));
    }
    Ok(ways)
}

fn named(organization: Option<String>) -> Option<String> {
    organization.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty())
}
