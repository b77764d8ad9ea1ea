//! The ways to sign in: what each proves itself with, and how it gets a token for that.

mod arc;
mod browser;
mod certificate;
mod claims;
mod device;
mod environment;
mod federation;
mod managed_identity;
mod person;
mod token_endpoint;

use std::path::PathBuf;

pub use browser::Browser;
pub use certificate::{Algorithm, Certificate};
pub(super) use claims::wanted as wanted_claims;
pub(super) use device::sign_in as sign_in_on_a_device;
pub use environment::of_environment;
pub(super) use federation::external_token;
pub use managed_identity::ManagedIdentity;
pub(super) use person::renew as renew_sign_in;
pub(super) use token_endpoint::{Granted, TokenEndpoint, CERTIFICATE_UNKNOWN};

use super::secret::Secret;

/// How the connection proves who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    /// An app and its client secret.
    ClientSecret {
        /// Application id.
        app_id: String,
        /// The secret's value.
        secret: Secret,
    },
    /// An app and a certificate that is registered with it.
    Certificate {
        /// Application id.
        app_id: String,
        /// The certificate.
        certificate: Certificate,
    },
    /// An app, and another identity provider that vouches for it.
    Federated {
        /// Application id.
        app_id: String,
        /// The file with the provider's token, which changes it from time to time.
        token_file: PathBuf,
    },
    /// The identity that the machine has.
    ManagedIdentity(ManagedIdentity),
    /// A person who signs in on another device.
    Device,
    /// A person who signs in in this machine's browser.
    Browser(Browser),
    /// A token that the admin obtained elsewhere; it cannot be renewed.
    AccessToken(Secret),
}

impl Credential {
    /// Who signs in, for people, as far as it is known before.
    #[must_use]
    pub fn account(&self) -> String {
        match self {
            Self::ClientSecret { app_id, .. } | Self::Certificate { app_id, .. } | Self::Federated { app_id, .. } => {
                format!("App {app_id}")
            }
            Self::ManagedIdentity(identity) => identity.name(),
            Self::Device => "Device code".to_owned(),
            Self::Browser(browser) => browser.user.clone(),
            Self::AccessToken(_) => "Access token".to_owned(),
        }
    }

    /// Whether it is an app that signs in rather than a person.
    #[must_use]
    pub fn is_app_only(&self) -> bool {
        match self {
            Self::ClientSecret { .. }
            | Self::Certificate { .. }
            | Self::Federated { .. }
            | Self::ManagedIdentity(_) => true,
            Self::Device | Self::Browser(_) | Self::AccessToken(_) => false,
        }
    }

    /// Whether it is a person whose sign-in can be renewed.
    #[must_use]
    pub fn is_person(&self) -> bool {
        matches!(self, Self::Device | Self::Browser(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let credential =
            Credential::ClientSecret { app_id: "app".into(), secret: Secret::new("correct horse".to_owned()) };
        assert!(!format!("{credential:?}").contains("horse"));
    }
}
