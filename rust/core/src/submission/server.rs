//! Which server a message is handed to, and whom it is believed to be.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::error::{Code, Error, Result};

/// Where people's mail programs hand their mail over (RFC 6409).
const SUBMISSION: u16 = 587;

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Server {
    /// Reads `host`, `host:port` or `[address]:port`; without a port it is 587.
    ///
    /// # Errors
    /// [`Code::InvalidTestMessage`].
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let (host, port) = match text.rsplit_once(':') {
            // More than one colon is an address of version 6.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, port.parse().ok()),
            _ => (text, Some(SUBMISSION)),
        };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_host = ServerName::try_from(host).is_ok();
        match port.filter(|port| *port > 0 && is_host) {
            Some(port) => Ok(Self { host: host.to_owned(), port }),
            None => {
                let message = format!("-SmtpServer '{text}' names no mail server: it takes host or host:port.");
                Err(Error::new(Code::InvalidTestMessage, message).about(text))
            }
        }
    }

    /// Whom its certificate must name.
    pub(super) fn name(&self) -> io::Result<ServerName<'static>> {
        ServerName::try_from(self.host.clone()).map_err(io::Error::other)
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

/// Who may vouch for a server.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// The authority of a practice tenant, in PEM. Nobody else counts, so that no letter of a drill gets anywhere else.
    Practice(&'a str),
    /// Whom this machine trusts: certificates in DER.
    Machine(&'a [Vec<u8>]),
}

/// Encryption with servers that are vouched for.
pub(super) fn tls(trust: Trust<'_>) -> Result<TlsConnector> {
    let failed = |error: &dyn std::error::Error| {
        Error::new(Code::TlsFailure, "No encrypted connection can be set up on this machine.").caused_by(error)
    };
    let mut roots = RootCertStore::empty();
    match trust {
        Trust::Practice(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
            }
        }
        // One that cannot be read vouches for nobody; where it is missed, the server is not trusted.
        Trust::Machine(certificates) => {
            roots.add_parsable_certificates(certificates.iter().map(|der| CertificateDer::from(der.as_slice())));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_named_with_or_without_a_port() {
        for (text, host, port) in [
            ("smtp.office365.com", "smtp.office365.com", 587),
            (" localhost:2525 ", "localhost", 2525),
            ("127.0.0.1:25", "127.0.0.1", 25),
            ("[::1]:2525", "::1", 2525),
            ("::1", "::1", 587),
        ] {
            assert_eq!(Server::parse(text).unwrap(), Server { host: host.into(), port }, "{text}");
        }
        for text in ["", "host:", "host:0", "host:99999", "a b", "smtp://host", "host:25:25"] {
            assert_eq!(Server::parse(text).unwrap_err().code(), Code::InvalidTestMessage, "{text}");
        }
        assert_eq!(Server::parse("[::1]:25").unwrap().to_string(), "[::1]:25");
    }
}
