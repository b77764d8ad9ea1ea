//! `Wait-RestrictedSender -Proof Sent`: whether mail flows again. Who has left the list can perhaps send; proof is a message
//! to somebody outside that the service delivered after the unblock, as the message trace tells.

use std::fmt;

use time::{Duration, OffsetDateTime};

use super::sightings::CLOCK_DIFFERENCE;
use super::{check_address, second, Addresses, EntityType, Key};
use crate::connection::Connection;
use crate::domains::Domains;
use crate::error::{Code, Error, Result};
use crate::exchange::{Cmdlet, Record, Secret};
use crate::host::{Confirmation, Host};
use crate::sending::MOST_ROWS;
use crate::submission::{submit, Answer, Letter, Server, Trust};

/// How sure to be of a release.
#[derive(Debug, Default)]
pub enum Proof {
    /// The entity has left the list.
    #[default]
    List,
    /// It has, and a message of it to somebody outside was delivered afterwards.
    Sent(Option<TestMessage>),
}

/// A message to send when the sender is released, so that there is one.
#[derive(Debug)]
pub struct TestMessage {
    recipient: String,
    server: Server,
    user: String,
    password: Secret,
    /// Whom this machine trusts to vouch for a server: certificates in DER.
    trusted: Vec<Vec<u8>>,
}

impl TestMessage {
    /// A message to `recipient` through `server` (`host` or `host:port`), signed in as `user`. `trusted` are the
    /// certificates (DER) of those whom this machine trusts to vouch for servers; of a practice tenant they do not count.
    ///
    /// # Errors
    /// [`Code::InvalidAddress`], [`Code::InvalidTestMessage`].
    pub fn new(
        recipient: &str,
        server: Option<&str>,
        user: Option<String>,
        password: Option<Secret>,
        trusted: Vec<Vec<u8>>,
    ) -> Result<Self> {
        check_address(recipient)?;
        let (Some(server), Some(user), Some(password)) = (server, user, password) else {
            let message = "-TestRecipient needs a mail server and who signs in to it.";
            return Err(Error::new(Code::InvalidTestMessage, message).about(recipient));
        };
        Ok(Self { recipient: recipient.to_owned(), server: Server::parse(server)?, user, password, trusted })
    }
}

/// The message that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// Its message trace id.
    pub message_trace_id: String,
    /// Whom it was delivered to.
    pub recipient: String,
    /// When the service took it.
    pub at: OffsetDateTime,
}

impl fmt::Display for Proven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = second(self.at).unwrap_or_default();
        write!(f, "Message {} to {}, taken at {at}, was delivered.", self.message_trace_id, self.recipient)
    }
}

/// Looks for proof.
#[derive(Debug)]
pub struct Prover<'a> {
    connection: &'a Connection,
    host: &'a Host,
    /// Who is inside.
    own: Domains,
    test: Option<&'a TestMessage>,
}

/// The search for one sender's proof.
#[derive(Debug, Default)]
pub struct Search {
    /// Whether the admin wants a test message of this sender.
    allowed: bool,
    /// The addresses that the sender may write from, the primary one first; empty until they are needed.
    addresses: Vec<String>,
    /// Messages that the service took from then on prove something; known once the sender is released.
    pub from: Option<OffsetDateTime>,
    /// Why the last look could not tell.
    pub error: Option<Error>,
    /// What was found.
    pub proven: Option<Proven>,
}

impl<'a> Prover<'a> {
    /// Learns who is inside.
    ///
    /// # Errors
    /// [`Code::InvalidTestMessage`] for a test message that would stay inside. Whatever keeps the domains from being read.
    pub async fn new(connection: &'a Connection, test: Option<&'a TestMessage>, host: &'a Host) -> Result<Self> {
        let own = Domains::of(connection.exchange(host)).await?;
        if let Some(inside) = test.map(|test| &test.recipient).filter(|recipient| own.hold(recipient)) {
            let message = format!(
                "-TestRecipient {inside} is inside {}: a restriction is about mail that goes out.",
                connection.organization()
            );
            return Err(Error::new(Code::InvalidTestMessage, message).about(inside));
        }
        Ok(Self { connection, host, own, test })
    }

    /// Begins the search for a sender, asking whether a test message may be sent when it is released.
    ///
    /// # Errors
    /// [`Code::ConfirmationImpossible`], [`Code::InvalidAddress`] for one that cannot write a message.
    pub async fn search(&self, key: &Key) -> Result<Option<Search>> {
        if key.entity_type() == EntityType::Connector {
            let id = key.to_string();
            self.host
                .warn(format!(
                    "The message trace does not tell which connector a message came through, so nothing there proves that \
                     {id} can send: send a message through it when it is released."
                ))
                .await?;
            return Ok(None);
        }
        let allowed = match self.test {
            None => false,
            Some(test) => {
                self.host.confirm(self.question(key, test)).await.map_err(|error| error.about(key.to_string()))?
            }
        };
        Ok(Some(Search { allowed, ..Search::default() }))
    }

    fn question(&self, key: &Key, test: &TestMessage) -> Confirmation {
        let TestMessage { recipient, server, user, .. } = test;
        let organization = self.connection.title();
        Confirmation {
            caption: format!("Send a test message out of {organization}"),
            description: format!(
                "Send a test message from {key} to {recipient} through {server} once {key} is released"
            ),
            question: format!(
                "Organization: {organization}\n\
                 From:         {key}\n\
                 To:           {recipient}\n\
                 Through:      {server}, signed in as {user}\n\
                 Send one test message when {key} is released?"
            ),
        }
    }

    /// Learns which addresses the sender writes from, who is listed by this one.
    async fn find(&self, sender: &str, search: &mut Search) -> Result<()> {
        if search.addresses.is_empty() {
            let found = Addresses::of(self.connection.exchange(self.host), sender).await?.unwrap_or_default();
            let first = found.primary().unwrap_or(sender).to_owned();
            search.addresses = found.after(&first);
        }
        Ok(())
    }

    /// Sends the test messages that are wanted, and looks for all that are searched for at once. Returns what there is to
    /// add to the trail of each: what became of its test message.
    ///
    /// # Errors
    /// When the caller has gone. Whatever else goes wrong is kept with the search.
    pub async fn look(
        &self,
        searches: &mut [(String, &mut Search)],
        until: OffsetDateTime,
    ) -> Result<Vec<(String, String)>> {
        let mut told = Vec::new();
        for (sender, search) in searches.iter_mut() {
            match self.find(sender, search).await {
                Ok(()) => {}
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => {
                    search.error = Some(error);
                    continue;
                }
            }
            if let Some(said) = self.send(sender, search).await? {
                told.push((sender.clone(), said));
            }
        }
        let now = self.connection.now();
        // The trace takes no window that ends when it begins.
        let is_due = |search: &Search| !search.addresses.is_empty() && search.from.is_some_and(|from| from < now);
        let mut searches: Vec<_> =
            searches.iter_mut().map(|(_, search)| &mut **search).filter(|one| is_due(one)).collect();
        let Some(start) = searches.iter().filter_map(|search| search.from).min() else { return Ok(told) };
        let addresses: Vec<_> = searches.iter().flat_map(|search| &search.addresses).cloned().collect();
        let cmdlet = Cmdlet::new("Get-MessageTraceV2")
            .with_value("SenderAddress", addresses)
            .with_value("Status", "Delivered")
            .with_exact_moment("StartDate", start)
            .with_value("ResultSize", MOST_ROWS);
        let read = self.connection.exchange(self.host).until(Some(until)).read_all(cmdlet).await;
        let error = match &read {
            Err(error) if error.code() == Code::Cancelled => return Err(error.clone()),
            Err(error) => Some(error.clone()),
            // Newest come first: what is older was not looked at.
            Ok(rows) if rows.len() >= MOST_ROWS => {
                let message = format!("More than {MOST_ROWS} messages were delivered, and not all could be looked at.");
                Some(Error::new(Code::ProofUnknown, message))
            }
            Ok(_) => None,
        };
        for search in &mut searches {
            search.error.clone_from(&error);
        }
        for row in read.into_iter().flatten() {
            self.see(row, &mut searches);
        }
        Ok(told)
    }

    /// Looks at a message that was delivered.
    fn see(&self, mut row: Record, searches: &mut [&mut Search]) {
        let mut text = |name| row.take_text(name).unwrap_or_default();
        let (sender, recipient) = (text("SenderAddress"), text("RecipientAddress"));
        let message_trace_id = text("MessageTraceId");
        let Some(at) = row.take_date("Received") else { return };
        if recipient.is_empty() || self.own.hold(&recipient) {
            return;
        }
        for search in searches {
            let is_theirs = search.addresses.iter().any(|address| address.eq_ignore_ascii_case(&sender));
            if is_theirs && search.from.is_some_and(|from| at >= from) {
                let (message_trace_id, recipient) = (message_trace_id.clone(), recipient.clone());
                search.proven = Some(Proven { message_trace_id, recipient, at });
            }
        }
    }

    /// Sends the test message of a sender. One that is refused because of a restriction is sent again at the next look:
    /// nothing came of it. Any other is not.
    async fn send(&self, sender: &str, search: &mut Search) -> Result<Option<String>> {
        let Some(test) = self.test.filter(|_| search.allowed) else { return Ok(None) };
        let from = search.addresses.first().map_or(sender, String::as_str);
        let letter = match Letter::new(from, &test.recipient, self.connection.now()) {
            Ok(letter) => letter,
            Err(error) => {
                search.allowed = false;
                self.host.item_failed(error).await?;
                return Ok(None);
            }
        };
        let trust = self.connection.practice_authority().map_or(Trust::Machine(&test.trusted), Trust::Practice);
        let said = match submit(&test.server, &test.user, &test.password, &letter, trust).await {
            Ok(Answer::Restricted(said)) => format!("A test message was refused, and is tried again: {said}"),
            Ok(Answer::Taken(said)) => {
                search.allowed = false;
                format!("A test message ({}) to {} was handed to {}: {said}", letter.id, letter.to, test.server)
            }
            Err(error) => {
                search.allowed = false;
                let said = error.message.clone();
                self.host.item_failed(error).await?;
                return Ok(Some(said));
            }
        };
        self.host.detail(format!("{sender}: {said}")).await?;
        Ok(Some(said))
    }
}

/// From when on messages of a sender prove something who was listed since `listed`, whose unblock was requested at
/// `requested`, and who was first seen to be gone at `gone`. Whoever was restricted when the unblock was requested could
/// send nothing out between; where nothing says since when, our clock may be ahead of the service's by as much as clocks
/// differ.
pub fn counts_from(
    listed: Option<OffsetDateTime>,
    requested: Option<OffsetDateTime>,
    gone: OffsetDateTime,
) -> OffsetDateTime {
    match (listed, requested) {
        (Some(listed), Some(requested)) => requested.max(listed.saturating_add(Duration::SECOND)),
        (None, Some(requested)) => requested.saturating_add(CLOCK_DIFFERENCE),
        (_, None) => gone,
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn messages_from_before_the_unblock_prove_nothing() {
        let (listed, requested) = (datetime!(2026-11-29 08:00 UTC), datetime!(2026-11-29 10:00 UTC));
        let gone = datetime!(2026-11-29 10:40 UTC);
        assert_eq!(counts_from(Some(listed), Some(requested), gone), requested);
        // The service's clock is ahead of ours: it was listed after we asked for the unblock.
        let ahead = datetime!(2026-11-29 10:03 UTC);
        assert_eq!(counts_from(Some(ahead), Some(requested), gone), datetime!(2026-11-29 10:03:01 UTC));
        assert_eq!(counts_from(None, Some(requested), gone), datetime!(2026-11-29 10:05 UTC));
        assert_eq!(counts_from(Some(listed), None, gone), gone);
    }
}
