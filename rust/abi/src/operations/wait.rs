//! `Wait-RestrictedSender`.

use restricted_sender_core::error::Result;
use restricted_sender_core::exchange::Secret;
use restricted_sender_core::restriction::{self, Proof, TestMessage, WaitOptions};

use super::{Spec, Start, TARGET};
use crate::cell::RsCellType;

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
        )?),
    };
    // A test message is only of use to whoever looks for it.
    let proof = if parameters.flag("ProveSent") || test.is_some() { Proof::Sent(test) } else { Proof::List };
    restriction::wait(&session.connected()?.connection, &options, &proof, &host).await
}
