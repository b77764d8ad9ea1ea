//! The certificates that apps sign in with: reading them, and which app has which.

use std::collections::HashMap;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time};
use uuid::Uuid;

use crate::der::{Der, BIT_STRING, CONTEXT_0, GENERALIZED_TIME, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, UTC_TIME};

/// How many certificates one app can have.
const MOST_CERTIFICATES: usize = 20;

/// rsaEncryption, 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// Key sizes in bytes; smaller ones are refused by the directory, larger ones by what checks signatures here.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;

/// What is needed of a certificate to check a signature made with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AppCertificate {
    pub(crate) sha1: [u8; 20],
    pub(crate) sha256: [u8; 32],
    /// The RSA public key as PKCS #1 has it.
    pub(crate) public_key: Vec<u8>,
    pub(crate) not_before: OffsetDateTime,
    pub(crate) not_after: OffsetDateTime,
}

impl AppCertificate {
    /// Reads the first certificate of a PEM text; `Err` says what is wrong with it. Nobody's signature on the
    /// certificate itself is checked, as the directory checks none: that it was registered is what counts.
    pub(crate) fn from_pem(text: &str) -> Result<Self, &'static str> {
        let (_, rest) = text.split_once("-----BEGIN CERTIFICATE-----").ok_or("there is no BEGIN CERTIFICATE in it")?;
        let (body, _) = rest.split_once("-----END CERTIFICATE-----").ok_or("there is no END CERTIFICATE in it")?;
        let body: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| "between BEGIN and END CERTIFICATE is no base64")?;
        Self::from_der(&der)
    }

    fn from_der(der: &[u8]) -> Result<Self, &'static str> {
        let (public_key, [not_before, not_after]) = key_and_validity(der).ok_or("it is no X.509 certificate")?;
        let public_key = public_key.ok_or("its key is no RSA key; clients sign with RSA keys only")?;
        let modulus = modulus_length(public_key).ok_or("its RSA key cannot be read")?;
        if !KEY_BYTES.contains(&modulus) {
            return Err("its RSA key must have 2048 to 8192 bits");
        }
        Ok(Self {
            sha1: Sha1::digest(der).into(),
            sha256: Sha256::digest(der).into(),
            public_key: public_key.to_vec(),
            not_before,
            not_after,
        })
    }

    /// The SHA-1 thumbprint as admins see it: 40 hexadecimal digits in capitals.
    pub(crate) fn thumbprint(&self) -> String {
        hex(&self.sha1)
    }
}

/// Hexadecimal digits in capitals.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

/// The public key, if it is an RSA key, and the validity of a certificate.
fn key_and_validity(der: &[u8]) -> Option<(Option<&[u8]>, [OffsetDateTime; 2])> {
    let mut certificate = Der(der).take(SEQUENCE)?;
    let mut signed = certificate.take(SEQUENCE)?;
    signed.skip_optional(CONTEXT_0);
    let _serial_number = signed.take(INTEGER)?;
    let _signature = signed.take(SEQUENCE)?;
    let _issuer = signed.take(SEQUENCE)?;
    let mut validity = signed.take(SEQUENCE)?;
    let validity = [moment(&mut validity)?, moment(&mut validity)?];
    let _subject = signed.take(SEQUENCE)?;
    let mut key_info = signed.take(SEQUENCE)?;
    let algorithm = key_info.take(SEQUENCE)?.take(OBJECT_IDENTIFIER)?;
    let key = key_info.take(BIT_STRING)?;
    if algorithm.0 != RSA_ENCRYPTION {
        return Some((None, validity));
    }
    // The first byte counts the bits that are not used.
    Some((Some(key.0.strip_prefix(&[0])?), validity))
}

/// The bytes of an RSA modulus.
fn modulus_length(public_key: &[u8]) -> Option<usize> {
    let modulus = Der(public_key).take(SEQUENCE)?.take(INTEGER)?;
    Some(modulus.0.strip_prefix(&[0]).unwrap_or(modulus.0).len())
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, the only forms certificates may have.
fn moment(der: &mut Der<'_>) -> Option<OffsetDateTime> {
    let (tag, text) = der.any()?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = number(text.0, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => number(text.0, 4)?,
        _ => return None,
    };
    let mut parts = [0_u8; 5];
    let mut left = rest;
    for part in &mut parts {
        let (value, rest) = number(left, 2)?;
        *part = u8::try_from(value).ok()?;
        left = rest;
    }
    let [month, day, hour, minute, second] = parts;
    let date = Date::from_calendar_date(i32::from(year), Month::try_from(month).ok()?, day).ok()?;
    let time = Time::from_hms(hour, minute, second).ok()?;
    (left == b"Z").then(|| PrimitiveDateTime::new(date, time).assume_utc())
}

/// A number of this many digits, and what follows it.
fn number(text: &[u8], digits: usize) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_at_checked(digits)?;
    let value = digits
        .iter()
        .try_fold(0_u16, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u16::from(digit - b'0')))?;
    Some((value, rest))
}

/// Which app has which certificates.
#[derive(Debug, Default)]
pub(crate) struct AppCertificates(HashMap<Uuid, Vec<AppCertificate>>);

impl AppCertificates {
    /// Registers a certificate with an app; one that is there already stays. `Err` says why it cannot be.
    pub(crate) fn add(&mut self, app: Uuid, certificate: AppCertificate) -> Result<(), String> {
        let certificates = self.0.entry(app).or_default();
        if certificates.contains(&certificate) {
            return Ok(());
        }
        if certificates.len() >= MOST_CERTIFICATES {
            return Err(format!("the app has {MOST_CERTIFICATES} certificates already; remove one first"));
        }
        certificates.push(certificate);
        Ok(())
    }

    /// Removes the certificate with this SHA-1 thumbprint; whether it was there.
    pub(crate) fn remove(&mut self, app: Uuid, thumbprint: &str) -> bool {
        let Some(certificates) = self.0.get_mut(&app) else { return false };
        let before = certificates.len();
        certificates.retain(|certificate| !certificate.thumbprint().eq_ignore_ascii_case(thumbprint));
        certificates.len() < before
    }

    pub(crate) fn of(&self, app: Uuid) -> Vec<AppCertificate> {
        self.0.get(&app).cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    /// A certificate with an elliptic-curve key, made by the same crate as the server's.
    fn elliptic() -> rcgen::Certificate {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.not_before = datetime!(2026-01-02 03:04:05 UTC);
        parameters.not_after = datetime!(2051-01-02 03:04:05 UTC);
        parameters.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap()
    }

    #[test]
    fn validity_in_both_forms() {
        let certificate = elliptic();
        let (key, validity) = key_and_validity(certificate.der()).unwrap();
        assert_eq!(key, None);
        assert_eq!(validity, [datetime!(2026-01-02 03:04:05 UTC), datetime!(2051-01-02 03:04:05 UTC)]);
    }

    #[test]
    fn times_that_are_none() {
        for text in ["", "Z", "260102030405", "2601020304Z", "261302030405Z", "26010203040xZ", "260102030405+"] {
            let mut bytes = vec![UTC_TIME, u8::try_from(text.len()).unwrap()];
            bytes.extend(text.as_bytes());
            assert_eq!(moment(&mut Der(&bytes)), None, "{text}");
        }
        let mut utc = Der(b"\x17\x0d991231235959Z");
        assert_eq!(moment(&mut utc), Some(datetime!(1999-12-31 23:59:59 UTC)));
    }

    #[test]
    fn what_is_no_rsa_certificate_is_refused() {
        let certificate = elliptic();
        for (text, why) in [
            (String::new(), "BEGIN"),
            ("-----BEGIN CERTIFICATE-----".into(), "END"),
            ("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----".into(), "base64"),
            ("-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----".into(), "X.509"),
            (certificate.pem(), "RSA"),
        ] {
            assert!(AppCertificate::from_pem(&text).unwrap_err().contains(why), "{text}");
        }
    }

    fn element(tag: u8, contents: &[Vec<u8>]) -> Vec<u8> {
        let contents = contents.concat();
        let [.., high, low] = contents.len().to_be_bytes();
        [vec![tag, 0x82, high, low], contents].concat()
    }

    /// As much of a certificate as is read, with an RSA modulus of this many bytes.
    fn rsa(bytes: usize) -> Vec<u8> {
        let modulus = element(INTEGER, &[vec![0], vec![0xff; bytes]]);
        let key = element(SEQUENCE, &[modulus, element(INTEGER, &[vec![1, 0, 1]])]);
        let algorithm = element(SEQUENCE, &[element(OBJECT_IDENTIFIER, &[RSA_ENCRYPTION.to_vec()])]);
        let key_info = element(SEQUENCE, &[algorithm, element(BIT_STRING, &[vec![0], key])]);
        let time = element(UTC_TIME, &[b"260102030405Z".to_vec()]);
        let nothing = element(SEQUENCE, &[]);
        let signed = element(
            SEQUENCE,
            &[
                element(CONTEXT_0, &[]),
                element(INTEGER, &[vec![1]]),
                nothing.clone(),
                nothing.clone(),
                element(SEQUENCE, &[time.clone(), time]),
                nothing,
                key_info,
            ],
        );
        element(SEQUENCE, &[signed])
    }

    #[test]
    fn rsa_keys_have_2048_to_8192_bits() {
        for bytes in [256, 384, 1024] {
            let certificate = AppCertificate::from_der(&rsa(bytes)).unwrap();
            assert_eq!(certificate.not_before, datetime!(2026-01-02 03:04:05 UTC));
            assert_eq!(modulus_length(&certificate.public_key), Some(bytes));
        }
        for bytes in [0, 1, 128, 255, 1025] {
            assert!(AppCertificate::from_der(&rsa(bytes)).unwrap_err().contains("2048"), "{bytes}");
        }
    }

    #[test]
    fn no_cut_and_no_flipped_bit_makes_it_panic() {
        let der = rsa(256);
        for length in 0..der.len() {
            let _ = AppCertificate::from_der(&der[..length]);
            for bit in 0..8 {
                let mut changed = der.clone();
                changed[length] ^= 1 << bit;
                let _ = AppCertificate::from_der(&changed);
            }
        }
    }

    #[test]
    fn certificates_come_and_go() {
        let certificate = |number: u8| AppCertificate {
            sha1: [number; 20],
            sha256: [number; 32],
            public_key: Vec::new(),
            not_before: OffsetDateTime::UNIX_EPOCH,
            not_after: OffsetDateTime::UNIX_EPOCH,
        };
        let (app, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut certificates = AppCertificates::default();
        for number in 1..=20 {
            certificates.add(app, certificate(number)).unwrap();
        }
        assert!(certificates.add(app, certificate(1)).is_ok());
        assert!(certificates.add(app, certificate(21)).is_err());
        assert!(certificates.remove(app, &"0a".repeat(20)));
        assert!(!certificates.remove(app, &"0a".repeat(20)) && !certificates.remove(other, &"01".repeat(20)));
        assert_eq!((certificates.of(app).len(), certificates.of(other).len()), (19, 0));
    }
}
