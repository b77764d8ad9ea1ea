//! Client assertions: the signed tokens by which an app proves that it has the key of a registered certificate.

use std::collections::HashMap;

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::SignatureScheme;
use uuid::Uuid;

use crate::aadsts::Refusal;
use crate::app_certificate::{hex, AppCertificate};

/// The `client_assertion_type` of them all.
pub(crate) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How far clocks may differ (?).
const CLOCK_SKEW: Duration = Duration::minutes(5);

/// The longest assertion, in characters.
const LONGEST: usize = 16 * 1024;

/// How many used assertions are remembered.
const MOST_USED: usize = 10_000;

/// What an assertion must say.
pub(crate) struct Expected<'a> {
    pub(crate) app: Uuid,
    /// The token URL, as a refusal names it.
    pub(crate) token_url: &'a str,
    pub(crate) is_token_url: &'a dyn Fn(&str) -> bool,
    /// Those registered with the app.
    pub(crate) certificates: &'a [AppCertificate],
    pub(crate) now: OffsetDateTime,
}

/// What makes an assertion different from all others.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identifier {
    text: String,
    until: OffsetDateTime,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    aud: Option<Value>,
    iss: Option<String>,
    sub: Option<String>,
    jti: Option<String>,
    #[serde(default, deserialize_with = "seconds")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "seconds")]
    exp: Option<f64>,
}

/// Microsoft's own library writes its times as texts, against RFC 7519, and the directory takes them.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => text.parse().map(Some).map_err(D::Error::custom),
        other => f64::deserialize(other).map(Some).map_err(D::Error::custom),
    }
}

/// Checks everything but whether the assertion was used before: that is [`UsedAssertions`]' business.
pub(crate) fn verify(assertion: &str, expected: &Expected<'_>) -> Result<Identifier, Refusal> {
    if assertion.len() > LONGEST {
        return Err(Refusal::malformed_assertion("It is too long."));
    }
    let three_parts = || Refusal::malformed_assertion("It must have three parts with dots between them.");
    let (signed, signature) = assertion.rsplit_once('.').ok_or_else(three_parts)?;
    let (header, claims) =
        signed.split_once('.').filter(|(_, claims)| !claims.contains('.')).ok_or_else(three_parts)?;
    let header: Header = read(header, "The header")?;
    let claims: Claims = read(claims, "The payload")?;
    let signature = URL_SAFE_NO_PAD
        .decode(signature)
        .map_err(|_| Refusal::malformed_assertion("The signature is no base64url."))?;

    check_signature(&header, signed, &signature, expected)?;

    let Expected { app, now, .. } = *expected;
    for (name, claim) in [("iss", &claims.iss), ("sub", &claims.sub)] {
        if claim.as_deref().and_then(|id| Uuid::try_parse(id).ok()) != Some(app) {
            return Err(Refusal::wrong_issuer(name));
        }
    }
    let is_for_us = |audience: &Value| audience.as_str().is_some_and(expected.is_token_url);
    let audience_fits = match &claims.aud {
        Some(Value::Array(audiences)) => audiences.iter().any(is_for_us),
        Some(audience) => is_for_us(audience),
        None => false,
    };
    if !audience_fits {
        return Err(Refusal::wrong_audience(expected.token_url));
    }
    let (from, until) = (claims.nbf.and_then(moment), claims.exp.and_then(moment));
    let began = claims.nbf.is_none() || from.is_some_and(|from| from <= now.saturating_add(CLOCK_SKEW));
    match until.map(|until| until.saturating_add(CLOCK_SKEW)) {
        Some(until) if began && now < until => {
            Ok(Identifier { text: format!("{app} {}", claims.jti.as_deref().unwrap_or(signed)), until })
        }
        _ => Err(Refusal::out_of_time(now, from, until)),
    }
}

fn read<T: DeserializeOwned>(part: &str, name: &str) -> Result<T, Refusal> {
    let json = URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| Refusal::malformed_assertion(&format!("{name} is no base64url without padding.")))?;
    serde_json::from_slice(&json)
        .map_err(|error| Refusal::malformed_assertion(&format!("{name} is not as expected: {error}.")))
}

fn check_signature(header: &Header, signed: &str, signature: &[u8], expected: &Expected<'_>) -> Result<(), Refusal> {
    let (scheme, short_thumbprint) = match header.alg.as_str() {
        "PS256" => (SignatureScheme::RSA_PSS_SHA256, None),
        "RS256" => (SignatureScheme::RSA_PKCS1_SHA256, header.x5t.as_deref()),
        other => return Err(Refusal::unsupported_algorithm(other)),
    };
    let decoded = |thumbprint: &str| {
        URL_SAFE_NO_PAD
            .decode(thumbprint)
            .map_err(|_| Refusal::malformed_assertion("The thumbprint is no base64url without padding."))
    };
    let long = header.x5t_s256.as_deref().map(decoded).transpose()?;
    let short = short_thumbprint.map(decoded).transpose()?;
    let shown = hex(short.as_deref().or(long.as_deref()).ok_or_else(Refusal::no_thumbprint)?);
    let is_used = |certificate: &&AppCertificate| {
        long.as_ref().is_none_or(|thumbprint| *thumbprint == certificate.sha256)
            && short.as_ref().is_none_or(|thumbprint| *thumbprint == certificate.sha1)
    };
    let certificate =
        expected.certificates.iter().find(is_used).ok_or_else(|| Refusal::unknown_certificate(&shown, expected.app))?;
    // One that is not valid yet passes: practice clocks often run behind the machine that made it.
    if expected.now >= certificate.not_after {
        return Err(Refusal::expired_certificate(&shown, [certificate.not_before, certificate.not_after]));
    }
    if is_signed(scheme, &certificate.public_key, signed.as_bytes(), signature) {
        Ok(())
    } else {
        Err(Refusal::wrong_signature(&shown))
    }
}

fn is_signed(scheme: SignatureScheme, public_key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let known = ring::default_provider().signature_verification_algorithms.mapping;
    let algorithms = known.iter().filter(|(known, _)| *known == scheme).flat_map(|(_, algorithms)| algorithms.iter());
    algorithms.into_iter().any(|algorithm| algorithm.verify_signature(public_key, message, signature).is_ok())
}

/// A time in a claim; `None` when no calendar has it.
fn moment(seconds: f64) -> Option<OffsetDateTime> {
    let start = OffsetDateTime::UNIX_EPOCH;
    Duration::checked_seconds_f64(seconds).and_then(|since| start.checked_add(since))
}

/// Assertions that have been used and could be used again.
#[derive(Debug, Default)]
pub(crate) struct UsedAssertions(HashMap<String, OffsetDateTime>);

impl UsedAssertions {
    /// Takes down that an assertion is used now; `Err` when it was used before.
    pub(crate) fn first_use(&mut self, identifier: Identifier, now: OffsetDateTime) -> Result<(), Refusal> {
        self.0.retain(|_, until| now < *until);
        if self.0.contains_key(&identifier.text) {
            return Err(Refusal::repeated_assertion());
        }
        if self.0.len() >= MOST_USED {
            let first = self.0.iter().min_by_key(|(_, until)| **until).map(|(text, _)| text.clone());
            self.0.remove(&first.unwrap_or_default());
        }
        self.0.insert(identifier.text, identifier.until);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    fn code_of(assertion: &str) -> u32 {
        let certificate = AppCertificate {
            sha1: [1; 20],
            sha256: [2; 32],
            public_key: vec![3; 270],
            not_before: NOW,
            not_after: NOW + Duration::DAY,
        };
        let expected = Expected {
            app: Uuid::nil(),
            token_url: "https://localhost/",
            is_token_url: &|_| true,
            certificates: &[certificate],
            now: NOW,
        };
        verify(assertion, &expected).unwrap_err().code
    }

    fn written(header: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.{}", part(header), part(&json!({"exp": 1e300})), URL_SAFE_NO_PAD.encode([0; 256]))
    }

    #[test]
    fn what_is_no_assertion() {
        let good = written(&json!({"alg": "PS256"}));
        for wrong in [
            "",
            ".",
            "..",
            "...",
            "e30.e30",
            "e30.e30.",
            "!.e30.",
            &format!("{good}."),
            &format!("{good}="),
            &good.replacen('.', "..", 1),
            &"e".repeat(LONGEST + 1),
            &written(&json!({"alg": 7})),
            &written(&json!([])),
            &written(&json!({"alg": "PS256", "x5t#S256": "="})),
        ] {
            assert_eq!(code_of(wrong), 50_027, "{wrong}");
        }
    }

    #[test]
    fn headers_that_are_not_enough() {
        let (short, long) = (URL_SAFE_NO_PAD.encode([1; 20]), URL_SAFE_NO_PAD.encode([2; 32]));
        for (header, code) in [
            (json!({"alg": "none", "x5t#S256": long}), 5_002_738),
            (json!({"alg": "HS256", "x5t#S256": long}), 5_002_738),
            (json!({"alg": "PS256"}), 5_002_723),
            (json!({"alg": "PS256", "x5t": short}), 5_002_723),
            (json!({"alg": "PS256", "x5t#S256": short}), 700_027),
            (json!({"alg": "RS256", "x5t": long}), 700_027),
            (json!({"alg": "RS256", "x5t": short, "x5t#S256": short}), 700_027),
            (json!({"alg": "RS256", "x5t": short, "x5t#S256": long}), 700_027),
        ] {
            assert_eq!(code_of(&written(&header)), code, "{header}");
        }
    }

    #[test]
    fn times_no_calendar_has() {
        assert_eq!(moment(1e300), None);
        assert_eq!(moment(-1e18), None);
        assert_eq!(moment(0.5), Some(OffsetDateTime::UNIX_EPOCH + Duration::milliseconds(500)));
    }

    #[test]
    fn an_assertion_is_used_once_until_it_has_expired() {
        let mut used = UsedAssertions::default();
        let until = NOW + Duration::MINUTE;
        let identifier = |text: &str| Identifier { text: text.into(), until };
        assert_eq!(used.first_use(identifier("a"), NOW), Ok(()));
        assert_eq!(used.first_use(identifier("b"), NOW), Ok(()));
        assert_eq!(used.first_use(identifier("a"), NOW), Err(Refusal::repeated_assertion()));
        assert_eq!(used.first_use(identifier("a"), until), Ok(()));
        assert_eq!(used.0.len(), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let all = (0..MOST_USED).map(|number| (number.to_string(), NOW + Duration::DAY));
        let mut used = UsedAssertions(all.collect());
        used.0.insert("0".into(), NOW + Duration::HOUR);
        let identifier = Identifier { text: "new".into(), until: NOW + Duration::DAY };
        used.first_use(identifier, NOW).unwrap();
        assert_eq!(used.0.len(), MOST_USED);
        assert!(used.0.contains_key("new") && !used.0.contains_key("0"));
    }
}
