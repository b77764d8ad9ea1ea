//! Against the practice tenant's mail server, and against servers that do not do as they should.

use std::sync::Arc;

use rcgen::{generate_simple_self_signed, CertifiedKey};
use restricted_sender_sandbox::{Options, Sandbox};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::ServerConfig;
use time::macros::datetime;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;

fn letter() -> Letter {
    Letter::new("adele.vance@contoso.com", "me@fabrikam.example", datetime!(2026-11-29 12:00 UTC)).unwrap()
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[tokio::test]
async fn the_practice_tenant_refuses_whoever_it_has_restricted() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let invitation = sandbox.invitation();
    let server = Server::parse(&invitation.smtp_address).unwrap();
    let account = sandbox.control("GET", "accounts/adele.vance@contoso.com", &serde_json::Value::Null).unwrap();
    let password = secret(account["password"].as_str().unwrap());
    let trust = Trust::Practice(&invitation.ca_certificate);
    let said = submit(&server, "adele.vance@contoso.com", &password, &letter(), trust).await.unwrap();
    let Answer::Restricted(said) = said else { panic!("{said:?}") };
    assert!(said.starts_with("550 5.1.8 Access denied, bad outbound sender"), "{said}");
    // Whom the machine trusts counts where there is no practice.
    let machine = [CertificateDer::from_pem_slice(invitation.ca_certificate.as_bytes()).unwrap().to_vec()];
    for (roots, code) in [(&machine[..0], Some(Code::MailServerUnavailable)), (&machine, None)] {
        let said = submit(&server, "adele.vance@contoso.com", &password, &letter(), Trust::Machine(roots)).await;
        assert_eq!(said.err().map(|error| error.code()), code);
    }
}

/// A server that says these lines, one for each line that it hears, and then closes; encrypted from the third on. Returns
/// its address, the certificate that vouches for it, and what it has heard.
async fn server(says: &'static [&'static str]) -> (Server, String, tokio::task::JoinHandle<Vec<String>>) {
    let CertifiedKey { cert, key_pair } = generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key_pair.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut stream, mut heard) = (BufReader::new(listener.accept().await.unwrap().0), Vec::new());
        let mut say = says.iter();
        stream.write_all(say.next().unwrap().as_bytes()).await.unwrap();
        for answer in say.by_ref().take(2) {
            heard.push(line(&mut stream).await);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        if say.len() == 0 {
            return heard;
        }
        let stream: TcpStream = stream.into_inner();
        let mut stream = BufReader::new(TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap());
        for answer in say {
            heard.push(line(&mut stream).await);
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
        heard
    });
    (Server { host: "127.0.0.1".into(), port }, cert.pem(), heard)
}

async fn line<S: tokio::io::AsyncRead + Unpin>(stream: &mut BufReader<S>) -> String {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    line.trim_end().to_owned()
}

const HELLO: [&str; 3] = ["220 ready\r\n", "250-here\r\n250 STARTTLS\r\n", "220 go ahead\r\n"];

#[tokio::test]
async fn a_server_without_encryption_hears_no_password() {
    let (server, authority, heard) = server(&["220 ready\r\n", "250-here\r\n250 AUTH PLAIN\r\n"]).await;
    let error = submit(&server, "u", &secret("p"), &letter(), Trust::Practice(&authority)).await.unwrap_err();
    assert_eq!(error.code(), Code::MailServerUnavailable);
    assert!(error.message.contains("no encryption"), "{error}");
    assert_eq!(heard.await.unwrap(), ["EHLO [127.0.0.1]"]);
}

#[tokio::test]
async fn what_is_said_ahead_of_the_encryption_is_not_believed() {
    let (server, authority, _) = server(&[HELLO[0], HELLO[1], "220 go\r\n250 AUTH PLAIN\r\n"]).await;
    let error = submit(&server, "u", &secret("p"), &letter(), Trust::Practice(&authority)).await.unwrap_err();
    assert!(error.message.contains("before the connection was encrypted"), "{error}");
    assert_eq!(error.code(), Code::MailServerUnavailable);
}

#[tokio::test]
async fn a_server_that_offers_only_login_is_asked_by_it() {
    let (server, authority, heard) = server(&[
        HELLO[0],
        HELLO[1],
        HELLO[2],
        "250-here\r\n250 AUTH LOGIN\r\n",
        "334 VXNlcm5hbWU6\r\n",
        "334 UGFzc3dvcmQ6\r\n",
        "535 5.7.3 no\r\n",
    ])
    .await;
    let error = submit(&server, "user", &secret("pass"), &letter(), Trust::Practice(&authority)).await.unwrap_err();
    assert_eq!(error.code(), Code::MailSignInRefused);
    assert!(error.message.ends_with("It said: 535 5.7.3 no"), "{error}");
    assert_eq!(heard.await.unwrap()[3..], ["AUTH LOGIN", "dXNlcg==", "cGFzcw=="]);
}

#[tokio::test]
async fn a_message_whose_answer_is_lost_may_have_been_sent() {
    let (server, authority, heard) = server(&[
        HELLO[0],
        HELLO[1],
        HELLO[2],
        "250-here\r\n250 AUTH PLAIN\r\n",
        "235 ok\r\n",
        "250 ok\r\n",
        "250 ok\r\n",
        "354 go ahead\r\n",
    ])
    .await;
    let error = submit(&server, "user", &secret("pass"), &letter(), Trust::Practice(&authority)).await.unwrap_err();
    assert_eq!(error.code(), Code::ProofUnknown);
    assert!(error.message.contains("It may have been sent"), "{error}");
    let heard = heard.await.unwrap();
    assert_eq!(heard[4..], ["MAIL FROM:<adele.vance@contoso.com>", "RCPT TO:<me@fabrikam.example>", "DATA"]);
}

#[tokio::test]
async fn what_is_no_mail_server_is_told_so() {
    let (server, authority, _) = server(&["HTTP/1.1 400 Bad Request\r\n"]).await;
    let error = submit(&server, "u", &secret("p"), &letter(), Trust::Practice(&authority)).await.unwrap_err();
    assert!(error.message.contains("no mail server's reply"), "{error}");
}
