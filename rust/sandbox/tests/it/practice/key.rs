//! An RSA key with a certificate, made for the test, and the assertions signed with it.

use std::sync::{Arc, LazyLock};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use rsa::pkcs1v15;
use rsa::pkcs8::EncodePrivateKey;
use rsa::pss;
use rsa::rand_core::OsRng;
use rsa::sha2::{Digest, Sha256};
use rsa::signature::{RandomizedSigner, SignatureEncoding};
use rsa::RsaPrivateKey;
use serde_json::Value;
use sha1::Sha1;
use time::OffsetDateTime;
use tokio_rustls::rustls::crypto::ring::sign::any_supported_type;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::sign::SigningKey;
use tokio_rustls::rustls::SignatureScheme;

pub struct Key {
    private: RsaPrivateKey,
    signer: Arc<dyn SigningKey>,
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

/// Making one takes a moment, so all tests of a program share them.
pub static KEY: LazyLock<Key> = LazyLock::new(Key::generate);
pub static OTHER_KEY: LazyLock<Key> = LazyLock::new(Key::generate);

pub struct Certificate {
    pub pem: String,
    pub der: Vec<u8>,
}

impl Certificate {
    pub fn sha256(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.der))
    }

    pub fn sha1(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha1::digest(&self.der))
    }

    pub fn thumbprint(&self) -> String {
        Sha1::digest(&self.der).iter().map(|byte| format!("{byte:02X}")).collect()
    }
}

impl Key {
    fn generate() -> Self {
        let private = RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
        let der = PrivatePkcs8KeyDer::from(private.to_pkcs8_der().unwrap().as_bytes().to_vec());
        let signer = any_supported_type(&der.into()).unwrap();
        Self { private, signer }
    }

    /// A certificate of this key, signed by itself.
    pub fn certificate(&self, not_before: OffsetDateTime, not_after: OffsetDateTime) -> Certificate {
        let pkcs8 = self.private.to_pkcs8_der().unwrap();
        let key = rcgen::KeyPair::try_from(pkcs8.as_bytes()).unwrap();
        let mut parameters = rcgen::CertificateParams::default();
        (parameters.not_before, parameters.not_after) = (not_before, not_after);
        let certificate = parameters.self_signed(&key).unwrap();
        Certificate { pem: certificate.pem(), der: certificate.der().to_vec() }
    }

    /// A signed JWT; `alg` in the header decides how it is signed.
    pub fn sign(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = self.signature(header["alg"].as_str().unwrap_or_default(), &text);
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The signature of a text by an algorithm's name; PS256 where it has another one.
    pub fn signature(&self, algorithm: &str, text: &str) -> Vec<u8> {
        let scheme = match algorithm {
            "RS256" => SignatureScheme::RSA_PKCS1_SHA256,
            _ => SignatureScheme::RSA_PSS_SHA256,
        };
        self.signer.choose_scheme(&[scheme]).unwrap().sign(text.as_bytes()).unwrap()
    }

    /// The same, signed by another library than the one that checks it; slow in unoptimized builds.
    pub fn sign_independently(&self, header: &Value, claims: &Value) -> String {
        let text = unsigned(header, claims);
        let signature = match header["alg"].as_str() {
            Some("RS256") => {
                let key = pkcs1v15::SigningKey::<Sha256>::new(self.private.clone());
                key.sign_with_rng(&mut OsRng, text.as_bytes()).to_vec()
            }
            _ => {
                let key = pss::SigningKey::<Sha256>::new(self.private.clone());
                key.sign_with_rng(&mut OsRng, text.as_bytes()).to_vec()
            }
        };
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}
