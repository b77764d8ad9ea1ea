//! The certificate authority and server certificate of one practice tenant, so that clients exercise real TLS with
//! real verification instead of switching it off.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use restricted_sender_clock::Clock;
use time::Duration;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WantsServerCert;
use tokio_rustls::rustls::{ConfigBuilder, Error, ServerConfig, WantsVerifier};
use tokio_rustls::TlsAcceptor;

use crate::smtp::Peers;

/// A configuration that does not say yet which clients it wants, and one that does not say yet who it is.
type Versions = ConfigBuilder<ServerConfig, WantsVerifier>;
type ServerIdentity = ConfigBuilder<ServerConfig, WantsServerCert>;

/// Names the server answers to.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Some systems refuse server certificates that live longer than 398 days.
const LIFETIME: Duration = Duration::days(397);

pub(crate) struct Certificates {
    /// The authority's certificate in PEM, for clients to trust.
    pub(crate) authority_pem: String,
    server: CertificateDer<'static>,
    server_key: Vec<u8>,
}

impl Certificates {
    /// Makes both. The authority's key is thrown away on return: nothing else will ever be signed by it.
    pub(crate) fn create() -> Result<Self, rcgen::Error> {
        // TLS peers check certificates against the machine's clock, not the tenant's.
        let now = Clock::system().now();

        let authority_key = KeyPair::generate()?;
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "RestrictedSender practice tenant authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.not_before = now.saturating_sub(Duration::DAY);
        authority.not_after = now.saturating_add(LIFETIME);
        let authority = authority.self_signed(&authority_key)?;

        let server_key = KeyPair::generate()?;
        let mut server = CertificateParams::new(NAMES.map(str::to_owned))?;
        server.distinguished_name.push(DnType::CommonName, "localhost");
        server.use_authority_key_identifier_extension = true;
        server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.not_before = now.saturating_sub(Duration::DAY);
        server.not_after = now.saturating_add(LIFETIME);
        let server = server.signed_by(&server_key, &authority, &authority_key)?;

        Ok(Self {
            authority_pem: authority.pem(),
            server: server.der().clone(),
            server_key: server_key.serialize_der(),
        })
    }

    /// TLS for a server that offers HTTP/2 and HTTP/1.1.
    pub(crate) fn acceptor(&self) -> Result<TlsAcceptor, Error> {
        let mut config = self.config(|builder| builder.with_no_client_auth())?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    /// TLS for mail: clients may show a certificate.
    pub(crate) fn mail_acceptor(&self) -> Result<TlsAcceptor, Error> {
        let peers = Arc::new(Peers(Arc::new(ring::default_provider())));
        let config = self.config(|builder| builder.with_client_cert_verifier(peers))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn config(&self, clients: impl FnOnce(Versions) -> ServerIdentity) -> Result<ServerConfig, Error> {
        // The provider is named, not taken from the process: the host may have installed another one, or none.
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?;
        clients(builder).with_single_cert(
            vec![self.server.clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.server_key.clone())),
        )
    }
}
