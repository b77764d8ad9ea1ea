//! An SMTP client that says what it is told to say, and reads what comes.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use reqwest::Method;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use super::{json_of, Practice};

pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

pub struct Client {
    stream: Box<dyn Stream>,
    input: Vec<u8>,
}

/// A certificate that a client shows, and its key.
pub type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

impl Client {
    pub async fn connect(practice: &Practice) -> Self {
        let stream = TcpStream::connect(&practice.sandbox.invitation().smtp_address).await.unwrap();
        let mut client = Self { stream: Box::new(stream), input: Vec::new() };
        assert!(client.reply().await.starts_with("220 "));
        client
    }

    /// One that a connector knows by its address.
    pub async fn of_connector(practice: &Practice, address: &str) -> Self {
        let mut client = Self::connect(practice).await;
        assert!(client.say(&format!("XCLIENT ADDR={address}")).await.starts_with("220 "));
        client.expect("EHLO printer", "250").await;
        client
    }

    /// One that has signed in.
    pub async fn of_user(practice: &Practice, upn: &str) -> Self {
        let mut client = Self::secure(practice, None).await;
        let answer = client.say(&plain(upn, &password(practice, upn).await)).await;
        assert_eq!(answer, "235 2.7.0 Authentication successful");
        client
    }

    pub async fn secure(practice: &Practice, identity: Option<Identity>) -> Self {
        let mut client = Self::connect(practice).await;
        client.expect("EHLO test", "250").await;
        client.expect("STARTTLS", "220").await;
        let mut client = client.start_tls(practice, identity).await;
        client.expect("EHLO test", "250").await;
        client
    }

    pub async fn start_tls(self, practice: &Practice, identity: Option<Identity>) -> Self {
        let pem: String =
            practice.sandbox.invitation().ca_certificate.lines().filter(|line| !line.starts_with('-')).collect();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(STANDARD.decode(pem).unwrap())).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            Some((certificate, key)) => builder.with_client_auth_cert(vec![certificate], key).unwrap(),
            None => builder.with_no_client_auth(),
        };
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, self.stream).await.unwrap();
        Self { stream: Box::new(stream), input: Vec::new() }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// The next reply, its lines without their ends; empty when the server has gone.
    pub async fn reply(&mut self) -> String {
        let mut lines = Vec::new();
        loop {
            if let Some(end) = self.input.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                let line = String::from_utf8(line).unwrap().trim_end_matches("\r\n").to_owned();
                let is_last = line.as_bytes().get(3) != Some(&b'-');
                lines.push(line);
                if is_last {
                    return lines.join("\n");
                }
            } else if self.stream.read_buf(&mut self.input).await.unwrap_or(0) == 0 {
                return lines.join("\n");
            }
        }
    }

    pub async fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.reply().await
    }

    pub async fn expect(&mut self, line: &str, code: &str) {
        let reply = self.say(line).await;
        assert!(reply.starts_with(code), "{line}: {reply}");
    }

    /// The reply to a message to these recipients.
    pub async fn message(&mut self, from: &str, to: &[String], text: &str) -> String {
        self.expect(&format!("MAIL FROM:<{from}>"), "250").await;
        for recipient in to {
            self.expect(&format!("RCPT TO:<{recipient}>"), "250").await;
        }
        self.expect("DATA", "354").await;
        self.say(&format!("{text}\r\n.")).await
    }

    /// Says no more, and waits until the server has gone.
    pub async fn leave(mut self) {
        self.stream.shutdown().await.unwrap();
        while !self.reply().await.is_empty() {}
    }
}

pub async fn password(practice: &Practice, upn: &str) -> String {
    let account =
        json_of(practice.control(Method::GET, &format!("accounts/{upn}"), serde_json::Value::Null).await).await;
    account["password"].as_str().unwrap().to_owned()
}

pub fn plain(user: &str, password: &str) -> String {
    format!("AUTH PLAIN {}", STANDARD.encode(format!("\0{user}\0{password}")))
}
