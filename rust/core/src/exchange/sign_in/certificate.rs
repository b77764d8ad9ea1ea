//! Certificates: an app signs a statement about itself with the key of a certificate that is registered with it.
//!
//! The key never comes here. We write the statement (a JSON Web Token), the host signs it.

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine;
use serde_json::json;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Secret;
use crate::error::{Code, Error, Result};
use crate::host::Host;

/// How a key signs: the names of JSON Web Algorithms (RFC 7518).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PSS with SHA-256: what Microsoft asks for.
    Ps256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for keys of old Windows providers, which know nothing else.
    Rs256,
}

impl Algorithm {
    const ALL: [Self; 2] = [Self::Ps256, Self::Rs256];

    /// The name, for example `PS256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    /// The algorithm of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// A certificate without its key.
#[derive(Debug, Clone)]
pub struct Certificate {
    sha1: [u8; 20],
    sha256: [u8; 32],
    algorithm: Algorithm,
    valid_from: OffsetDateTime,
    valid_until: OffsetDateTime,
}

/// How long a statement holds; Microsoft advises 5 to 10 minutes.
const LIFETIME: Duration = Duration::minutes(10);

/// A certificate whose time began less than this ago may have been registered a moment ago, and the directory's servers
/// learn of it one after the other.
const NEW: Duration = Duration::hours(1);

impl Certificate {
    /// The certificate of this DER, whose key signs like this.
    #[must_use]
    pub fn new(der: &[u8], algorithm: Algorithm, valid_from: OffsetDateTime, valid_until: OffsetDateTime) -> Self {
        Self { sha1: Sha1::digest(der).into(), sha256: Sha256::digest(der).into(), algorithm, valid_from, valid_until }
    }

    /// The thumbprint as Windows and the portal show it.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        self.sha1.iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// Whether it may have been registered just now.
    pub(in crate::exchange) fn is_new(&self, now: OffsetDateTime) -> bool {
        now < self.valid_from.saturating_add(NEW)
    }

    /// The app's signed statement for the token endpoint at `audience`.
    pub(in crate::exchange) async fn assertion(
        &self,
        host: &Host,
        app_id: &str,
        audience: &str,
        now: OffsetDateTime,
    ) -> Result<Secret> {
        if now >= self.valid_until {
            let (thumbprint, day) = (self.thumbprint(), self.valid_until.date());
            return Err(Error::new(
                Code::CertificateExpired,
                format!("The certificate {thumbprint} expired on {day} (UTC)."),
            ));
        }
        let input = self.statement(app_id, audience, now);
        let signature = host.sign(self.algorithm, &input).await?;
        let signature = STANDARD.decode(signature.reveal()).map_err(|error| {
            Error::new(Code::CertificateUnusable, "What the certificate's key signed is no signature.")
                .caused_by(&error)
        })?;
        Ok(Secret::new(format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    /// Header and claims, as they are signed.
    fn statement(&self, app_id: &str, audience: &str, now: OffsetDateTime) -> String {
        let mut header = json!({
            "alg": self.algorithm.name(),
            "typ": "JWT",
            "x5t#S256": URL_SAFE_NO_PAD.encode(self.sha256),
        });
        // The older way of signing goes with the older way to name the certificate.
        if self.algorithm == Algorithm::Rs256 {
            header["x5t"] = URL_SAFE_NO_PAD.encode(self.sha1).into();
        }
        let claims = json!({
            "aud": audience,
            "iss": app_id,
            "sub": app_id,
            "jti": Uuid::new_v4().to_string(),
            "nbf": now.unix_timestamp(),
            "iat": now.unix_timestamp(),
            "exp": now.saturating_add(LIFETIME).unix_timestamp(),
        });
        format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn parts(algorithm: Algorithm) -> [Value; 2] {
        let certificate = Certificate::new(b"der", algorithm, NOW, NOW + Duration::DAY);
        let statement = certificate.statement("app", "https://login.example/token", NOW);
        let parts: Vec<_> = statement
            .split('.')
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        parts.try_into().unwrap()
    }

    #[test]
    fn a_statement_names_the_certificate_and_holds_ten_minutes() {
        let [header, claims] = parts(Algorithm::Ps256);
        assert_eq!(
            header,
            json!({"alg": "PS256", "typ": "JWT", "x5t#S256": URL_SAFE_NO_PAD.encode(Sha256::digest("der"))})
        );
        for (name, value) in [
            ("aud", json!("https://login.example/token")),
            ("iss", json!("app")),
            ("sub", json!("app")),
            ("nbf", json!(NOW.unix_timestamp())),
            ("exp", json!(NOW.unix_timestamp() + 600)),
        ] {
            assert_eq!(claims[name], value, "{name}");
        }
        assert_ne!(claims["jti"], parts(Algorithm::Ps256)[1]["jti"]);
        assert_eq!(parts(Algorithm::Rs256)[0]["x5t"], URL_SAFE_NO_PAD.encode(Sha1::digest("der")));
    }

    #[test]
    fn a_certificate_is_new_for_an_hour() {
        let certificate = Certificate::new(b"", Algorithm::Ps256, NOW, NOW);
        assert!(certificate.is_new(NOW + Duration::minutes(59)) && !certificate.is_new(NOW + Duration::hours(1)));
        assert_eq!(certificate.thumbprint(), "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709");
    }
}
