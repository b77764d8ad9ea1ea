//! `Wait-RestrictedSender`.

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use restricted_sender_core::error::Result;
use restricted_sender_core::exchange::Secret;
use restricted_sender_core::restriction::{self, Proof, TestMessage, WaitOptions};

use super::{Spec, Start, TARGET};
use crate::border::misuse;
use crate::cell::RsCellType;
use crate::fields::Fields;

pub const WAIT: Spec = Spec {
    name: "wait-restricted-sender",
    parameters: &[
        ("TimeoutSec", RsCellType::Int64),
        ("PollIntervalSec", RsCellType::Int64),
        ("ProveSent", RsCellType::Bool),
        ("TestRecipient", RsCellType::Text),
        ("SmtpServer", RsCellType::Text),
        ("UserName", RsCellType::Text),
        ("Password", RsCellType::Text),
        // Certificates in DER, in base64.
        ("TrustedRoot", RsCellType::List),
    ],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(wait(start)),
};

async fn wait(Start { session, mut parameters, host }: Start) -> Result<()> {
    let options = WaitOptions::of_seconds(parameters.int("TimeoutSec"), parameters.int("PollIntervalSec"))?;
    let test = match parameters.text("TestRecipient") {
        None => None,
        Some(recipient) => Some(TestMessage::new(
            &recipient,
            parameters.text("SmtpServer").as_deref(),
            parameters.text("UserName"),
            parameters.text("Password").map(Secret::new),
            trusted(&mut parameters)?,
        )?),
    };
    // A test message is only of use to whoever looks for it.
    let proof = if parameters.flag("ProveSent") || test.is_some() { Proof::Sent(test) } else { Proof::List };
    restriction::wait(&session.connected()?.connection, &options, &proof, &host).await
}

/// Whom the host's machine trusts to vouch for servers.
fn trusted(parameters: &mut Fields) -> Result<Vec<Vec<u8>>> {
    let decode =
        |text: String| STANDARD.decode(text).map_err(|error| misuse(&format!("TrustedRoot is no base64: {error}")));
    parameters.texts("TrustedRoot").into_iter().map(decode).collect()
}
