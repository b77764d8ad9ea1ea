//! Certificates that servers show, by which connectors know them. Any will do: this tenant knows no authority that
//! could vouch for them, so only the name in it and the key behind it count.

use std::sync::Arc;

use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{verify_tls12_signature, verify_tls13_signature, CryptoProvider};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};

use crate::der::{Der, CONTEXT_0, INTEGER, OBJECT_IDENTIFIER, SEQUENCE};

/// What the names of a certificate stand under (2.5.29.17), and how they are marked.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const EXTENSIONS: u8 = 0xa3;
const BOOLEAN: u8 = 0x01;
const OCTET_STRING: u8 = 0x04;
const DNS_NAME: u8 = 0x82;

/// Takes a certificate if there is one, whoever has signed it.
#[derive(Debug)]
pub(crate) struct Peers(pub(crate) Arc<CryptoProvider>);

impl ClientCertVerifier for Peers {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// The host names that a certificate is for; none where it cannot be read.
pub(super) fn names(certificate: &CertificateDer<'_>) -> Vec<String> {
    alternative_names(certificate).unwrap_or_default()
}

fn alternative_names(certificate: &[u8]) -> Option<Vec<String>> {
    let mut signed = Der(certificate).take(SEQUENCE)?.take(SEQUENCE)?;
    signed.skip_optional(CONTEXT_0);
    signed.take(INTEGER)?;
    // Signature, issuer, validity, subject, key.
    for _ in 0..5 {
        signed.take(SEQUENCE)?;
    }
    let mut extensions = loop {
        match signed.any()? {
            (EXTENSIONS, mut contents) => break contents.take(SEQUENCE)?,
            _ => continue,
        }
    };
    loop {
        let mut extension = extensions.take(SEQUENCE)?;
        if extension.take(OBJECT_IDENTIFIER)?.0 != ALTERNATIVE_NAMES {
            continue;
        }
        extension.skip_optional(BOOLEAN);
        let mut all = extension.take(OCTET_STRING)?.take(SEQUENCE)?;
        let mut names = Vec::new();
        while let Some((tag, name)) = all.any() {
            if tag == DNS_NAME {
                names.extend(String::from_utf8(name.0.to_vec()));
            }
        }
        return Some(names);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_a_certificate_are_read_and_nonsense_has_none() {
        let key = rcgen::KeyPair::generate().unwrap();
        let wanted = vec!["mail.contoso.com".to_owned(), "relay.example".to_owned()];
        let certificate = rcgen::CertificateParams::new(wanted.clone()).unwrap().self_signed(&key).unwrap();
        assert_eq!(names(certificate.der()), wanted);
        let without = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        assert_eq!(names(without.der()), [] as [&str; 0]);
        for length in 0..certificate.der().len() {
            assert_eq!(names(&CertificateDer::from(&certificate.der()[..length])), [] as [&str; 0]);
        }
    }
}
