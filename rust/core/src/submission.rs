//! Hands one message to a mail server, as a mail program does: encryption, a password, the message (RFC 6409). Nothing is
//! ever sent twice from here.

mod conversation;
mod letter;
mod server;
#[cfg(test)]
mod tests;

use std::time::Duration;

use restricted_sender_ndr::{classify, Class, Reply as Refusal};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::error::{Code, Error, Result};
use crate::exchange::Secret;
use conversation::{Conversation, Reply};
pub use letter::Letter;
pub use server::{Server, Trust};

/// How long a server may take to be reached and to encrypt: the same as one of HTTP.
const CONNECT: Duration = Duration::from_secs(15);

/// How long a server may take for an answer. RFC 5321 grants five minutes for most, and ten for the message itself; nobody
/// who waits at a prompt does.
const SILENCE: Duration = Duration::from_secs(100);

/// What a server said to a message that it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It took the message; what it said.
    Taken(String),
    /// It refused because the sender is restricted, so that nothing was sent; what it said.
    Restricted(String),
}

/// Hands a letter over.
///
/// # Errors
/// [`Code::MailServerUnavailable`] and [`Code::MailSignInRefused`]: nothing was sent. [`Code::TestMessageRefused`]: the
/// server refused it for another reason than a restriction. [`Code::ProofUnknown`]: it was handed over, and no answer came.
pub async fn submit(
    server: &Server,
    user: &str,
    password: &Secret,
    letter: &Letter,
    trust: Trust<'_>,
) -> Result<Answer> {
    let tls = server::tls(trust)?;
    let begin = async {
        let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
        let mut open = Conversation::begin(stream).await?;
        open.hello().await?;
        open.start_tls().await?;
        let stream = tls.connect(server.name()?, open.into_stream()).await?;
        let mut conversation = Conversation::over(stream)?;
        conversation.hello().await?;
        Ok::<_, std::io::Error>(conversation)
    };
    let unavailable = |why: &str| {
        Error::new(Code::MailServerUnavailable, format!("No message was sent: {server} {why}."))
            .about(server.to_string())
    };
    let mut conversation = timeout(CONNECT, begin)
        .await
        .map_err(|_| unavailable("does not answer"))?
        .map_err(|error| unavailable(&format!("cannot be used: {error}")).caused_by(&error))?;
    let broken = |error: std::io::Error| unavailable(&format!("broke the connection off: {error}")).caused_by(&error);
    let signed_in = conversation.sign_in(user, password, SILENCE).await.map_err(broken)?;
    if !signed_in.is_good() {
        let message = format!("No message was sent: {server} does not let {user} sign in. It said: {signed_in}");
        return Err(Error::new(Code::MailSignInRefused, message).about(user));
    }
    let reply = match conversation.envelope(letter, SILENCE).await.map_err(broken)? {
        refused if !refused.is_good() => refused,
        // From here on, the server may have the message whatever becomes of the connection.
        _ => conversation.message(letter, SILENCE).await.map_err(|error| {
            let message = format!(
                "{server} was given a message to {} and did not say whether it took it. It may have been sent.",
                letter.to
            );
            Error::new(Code::ProofUnknown, message).about(&letter.from).caused_by(&error)
        })?,
    };
    conversation.quit().await;
    answer(&reply, server, letter)
}

fn answer(reply: &Reply, server: &Server, letter: &Letter) -> Result<Answer> {
    let said = reply.to_string();
    if reply.is_good() {
        return Ok(Answer::Taken(said));
    }
    if classify(&Refusal::parse(&said), None).row.class == Class::RestrictedSender {
        return Ok(Answer::Restricted(said));
    }
    let message = format!("No message was sent: {server} refused it. It said: {said}");
    Err(Error::new(Code::TestMessageRefused, message).about(&letter.from))
}
