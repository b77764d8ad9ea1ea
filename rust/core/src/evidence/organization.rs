//! What is read once for all senders of an operation, and the gate through which all reads of it go.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value as Json;
use time::{Duration, OffsetDateTime};
use tokio::sync::{OnceCell, Semaphore};

use super::facts::{Change, Connector, Recipient, TransportRule};
use crate::connection::Connection;
use crate::domains::Domains;
use crate::error::{Code, Error, Result};
use crate::exchange::{is_not_found, Cmdlet, Record};
use crate::graph::{self, Resource};
use crate::history::audit::Audited;
use crate::history::rhythm::Rhythm;
use crate::history::search::{explained, is_recording, must_be_searchable, Search};
use crate::host::Host;
use crate::restriction::{same, Key};

/// How many requests are on their way at once, of all senders together. Exchange Online lets an app have few at the same
/// time, and a session runs one cmdlet after the other.
const AT_ONCE: usize = 4;
const AT_ONCE_IN_A_SESSION: usize = 1;

/// For how long back changes are looked up in the audit log: the baseline of a sender that was restricted weeks ago.
const CHANGES: Duration = Duration::days(45);

/// The most changes that are looked at; the log is not searched to its end beyond them.
const MOST_CHANGES: i64 = 5000;

/// For how long back restrictions are looked at for their rhythm: eight weeks show a weekly job.
const RHYTHM: Duration = Duration::days(60);

/// The operations that the checks date something by.
const OPERATIONS: [&str; 20] = [
    "Add-MailboxPermission",
    "Add-RecipientPermission",
    "Set-Mailbox",
    "New-InboxRule",
    "Set-InboxRule",
    "New-SweepRule",
    "Set-SweepRule",
    "Enable-SweepRule",
    "New-TransportRule",
    "Set-TransportRule",
    "Enable-TransportRule",
    "New-InboundConnector",
    "Set-InboundConnector",
    "New-OutboundConnector",
    "Set-OutboundConnector",
    // Those of Microsoft Entra end in a full stop.
    "Add member to role.",
    "Add eligible member to role.",
    "Consent to application.",
    "Add delegated permission grant.",
    "Add OAuth2PermissionGrant.",
];

/// The changes that the audit log tells of.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// From when on they are all there.
    pub from: Option<OffsetDateTime>,
    pub all: Vec<Change>,
}

/// An organization, as one operation reads it.
pub struct Organization<'a> {
    connection: &'a Connection,
    host: &'a Host,
    gate: Semaphore,
    domains: OnceCell<Result<Domains>>,
    transport_rules: OnceCell<Result<Vec<TransportRule>>>,
    inbound: OnceCell<Result<Vec<Connector>>>,
    outbound: OnceCell<Result<Vec<Connector>>>,
    changes: OnceCell<Result<Changes>>,
    listings: OnceCell<Result<Vec<(Key, OffsetDateTime)>>>,
}

impl<'a> Organization<'a> {
    /// Nothing is read yet.
    pub fn new(connection: &'a Connection, host: &'a Host) -> Self {
        let at_once = if connection.exchange(host).is_session() { AT_ONCE_IN_A_SESSION } else { AT_ONCE };
        Self {
            connection,
            host,
            gate: Semaphore::new(at_once),
            domains: OnceCell::new(),
            transport_rules: OnceCell::new(),
            inbound: OnceCell::new(),
            outbound: OnceCell::new(),
            changes: OnceCell::new(),
            listings: OnceCell::new(),
        }
    }

    /// Does `work` when it is its turn. It is boxed because a dozen of them are made side by side: each is large, and
    /// together they would not fit onto the stack of a thread.
    async fn in_turn<T>(&self, work: Pin<Box<impl Future<Output = Result<T>>>>) -> Result<T> {
        let _turn = self.gate.acquire().await.map_err(|_| Error::cancelled())?;
        work.await
    }

    /// All that a cmdlet returns.
    pub async fn cmdlet(&self, cmdlet: Cmdlet) -> Result<Vec<Record>> {
        self.in_turn(Box::pin(self.connection.exchange(self.host).read_all(cmdlet))).await
    }

    /// One object of Microsoft Graph.
    pub async fn object(&self, resource: &Resource) -> Result<Json> {
        let graph = self.connection.exchange(self.host).graph()?;
        self.in_turn(Box::pin(graph.read(resource))).await
    }

    /// One object of Microsoft Graph, if it is there.
    pub async fn object_if_any(&self, resource: &Resource) -> Result<Option<Json>> {
        match self.object(resource).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if graph::is_not_found(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A list of Microsoft Graph.
    pub async fn list(&self, resource: &Resource) -> Result<Vec<Json>> {
        let graph = self.connection.exchange(self.host).graph()?;
        self.in_turn(Box::pin(graph.read_all(resource))).await
    }

    /// Who has this address.
    pub async fn recipient(&self, address: &str) -> Result<Option<Recipient>> {
        let rows = match self.cmdlet(Cmdlet::new("Get-Recipient").with("Identity", Some(address))).await {
            Ok(rows) => rows,
            Err(error) if is_not_found(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        // `-Identity` also matches names and ids: only who really has the address counts.
        let mut owners: Vec<_> = rows.into_iter().map(Recipient::read).filter(|known| known.has(address)).collect();
        match (owners.pop(), owners.is_empty()) {
            (Some(owner), true) => Ok(Some(owner)),
            (None, _) => Ok(None),
            (Some(_), false) => {
                let message = format!("Several recipients have the address {address}: which one it is cannot be told.");
                Err(Error::new(Code::CmdletFailed, message).about(address))
            }
        }
    }

    /// Where mail to a recipient goes that the directory names, if that is outside.
    pub async fn external_address(&self, recipient: &str) -> Result<Option<String>> {
        let rows = self.cmdlet(Cmdlet::new("Get-Recipient").with("Identity", Some(recipient))).await?;
        let mut known: Vec<_> = rows.into_iter().map(Recipient::read).collect();
        match (known.pop(), known.is_empty()) {
            (Some(one), true) => Ok(one.external),
            _ => Err(Error::new(Code::CmdletFailed, format!("Who {recipient} is cannot be told."))),
        }
    }

    pub async fn domains(&self) -> Result<Domains> {
        let read = || async { Domains::read(self.cmdlet(Cmdlet::new("Get-AcceptedDomain")).await?) };
        self.domains.get_or_init(read).await.clone()
    }

    pub async fn transport_rules(&self) -> Result<Vec<TransportRule>> {
        let read = || async {
            let rows = self.cmdlet(Cmdlet::new("Get-TransportRule").with("ResultSize", Some("Unlimited"))).await?;
            Ok(rows.into_iter().map(TransportRule::read).collect())
        };
        self.transport_rules.get_or_init(read).await.clone()
    }

    pub async fn inbound(&self) -> Result<Vec<Connector>> {
        let read = || self.connectors("Get-InboundConnector", true);
        self.inbound.get_or_init(read).await.clone()
    }

    pub async fn outbound(&self) -> Result<Vec<Connector>> {
        let read = || self.connectors("Get-OutboundConnector", false);
        self.outbound.get_or_init(read).await.clone()
    }

    async fn connectors(&self, cmdlet: &'static str, inbound: bool) -> Result<Vec<Connector>> {
        let rows = self.cmdlet(Cmdlet::new(cmdlet)).await?;
        Ok(rows.into_iter().map(|row| Connector::read(row, inbound)).collect())
    }

    /// Who changed what lately.
    pub async fn changes(&self) -> Result<Changes> {
        self.changes.get_or_init(|| self.read_changes()).await.clone()
    }

    async fn read_changes(&self) -> Result<Changes> {
        let organization = self.connection.organization();
        must_be_searchable(self.connection)?;
        let recorded = self.cmdlet(Cmdlet::new("Get-AdminAuditLogConfig")).await?;
        if is_recording(recorded) != Some(true) {
            // An empty log of what was not recorded says nothing.
            let message = format!("Auditing is off in {organization}, so that nobody knows who changed what.");
            return Err(Error::new(Code::AuditLogUnavailable, message));
        }
        let now = self.connection.now();
        let from = now - CHANGES;
        let search = Cmdlet::new("Search-UnifiedAuditLog")
            .with_moment("StartDate", from)
            .with_moment("EndDate", now + Duration::SECOND)
            .with_value("Operations", OPERATIONS.to_vec())
            .with_value("ResultSize", MOST_CHANGES);
        let rows = self.cmdlet(search).await.map_err(|error| explained(error, self.connection))?;
        let is_full = i64::try_from(rows.len()).is_ok_and(|rows| rows >= MOST_CHANGES);
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let change = Change::read(row).ok_or_else(|| {
                Error::new(Code::ResponseUnreadable, "A record of the audit log has no time: it cannot be relied on.")
            })?;
            all.push(change);
        }
        // Assumption (?): the newest come first, as the practice of searches without a session shows; of older ones some are
        // missing.
        let from = if is_full { all.iter().map(|change| change.at).min() } else { Some(from) };
        Ok(Changes { from, all })
    }

    /// The rhythm of the restrictions of `key`, the one since `since` among them.
    pub async fn rhythm(&self, key: &Key, since: OffsetDateTime) -> Result<Option<String>> {
        let listings = self.listings.get_or_init(|| self.read_listings()).await.as_ref().map_err(Error::clone)?;
        let mut times: Vec<_> =
            listings.iter().filter(|(other, _)| same(other, key)).map(|(_, listed)| *listed).collect();
        // Its own record may not have arrived.
        if !times.iter().any(|listed| (*listed - since).abs() <= Duration::minutes(10)) {
            times.push(since);
        }
        Ok(Rhythm::of(&times).filter(|rhythm| rhythm.holds(since)).map(|rhythm| rhythm.to_string()))
    }

    async fn read_listings(&self) -> Result<Vec<(Key, OffsetDateTime)>> {
        let now = self.connection.now();
        let (found, read) = Box::pin(Search::read(self.connection, (now - RHYTHM, now), &|_| true, self.host)).await;
        read?;
        let listed = found.events.into_iter().filter(|event| event.what == Audited::Listed);
        Ok(listed.map(|event| (event.key, event.time)).collect())
    }
}
