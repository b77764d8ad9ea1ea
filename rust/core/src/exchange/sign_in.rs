//! The ways to sign in: what each proves itself with, and how it gets a token for that.

mod certificate;
mod token_endpoint;

pub use certificate::{Algorithm, Certificate};
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
    /// A token that the admin obtained elsewhere; it cannot be renewed.
    AccessToken(Secret),
}

impl Credential {
    /// Who signs in, for people.
    #[must_use]
    pub fn account(&self) -> String {
        match self {
            Self::ClientSecret { app_id, .. } | Self::Certificate { app_id, .. } => format!("App {app_id}"),
            Self::AccessToken(_) => "Access token".to_owned(),
        }
    }

    /// Whether it is an app that signs in rather than a person.
    #[must_use]
    pub fn is_app_only(&self) -> bool {
        match self {
            Self::ClientSecret { .. } | Self::Certificate { .. } => true,
            Self::AccessToken(_) => false,
        }
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
