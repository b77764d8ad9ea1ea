//! What is known of earlier unblocks: by this connection, by the journal, which other processes write as well, and by
//! the service's audit log, which tells of other machines.

use time::OffsetDateTime;

use super::decision::UnblockHistory;
use super::requests::Request;
use super::Key;
use crate::connection::Connection;
use crate::error::{Code, Result};
use crate::file_work::on_a_thread;
use crate::history::budget::{Coverage, Unblocks};
use crate::history::search::add_unblocks;
use crate::history::timeline::{History, Record, Timeline};
use crate::host::Host;

/// The past of an organization's entities, as it was when it was first asked about.
#[derive(Debug)]
pub struct Past<'a> {
    connection: &'a Connection,
    /// Whether the audit log is read as well, which takes the service a while.
    audited: bool,
    /// What was told; nothing before it was asked.
    told: Option<Told>,
}

#[derive(Debug)]
struct Told {
    history: History,
    /// For what time the audit log was read without a gap.
    audit: Option<Coverage>,
}

impl<'a> Past<'a> {
    /// The past as the journal tells it. Nothing is read yet.
    pub fn new(connection: &'a Connection) -> Self {
        Self { connection, audited: false, told: None }
    }

    /// The past as the journal and the audit log tell it.
    pub fn audited(connection: &'a Connection) -> Self {
        Self { audited: true, ..Self::new(connection) }
    }

    /// Nothing where there is no record, or where none can be read.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn history(&mut self, host: &Host) -> Result<&History> {
        Ok(&self.told(host).await?.history)
    }

    async fn told(&mut self, host: &Host) -> Result<&Told> {
        let told = match self.told.take() {
            Some(told) => told,
            None => self.read(host).await?,
        };
        Ok(self.told.insert(told))
    }

    /// How often the entity was unblocked, as far as is known.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn unblocks(&mut self, key: &Key, host: &Host) -> Result<Unblocks> {
        let now = self.connection.now();
        let Told { history, audit } = self.told(host).await?;
        Ok(history.unblocks(key, OffsetDateTime::UNIX_EPOCH, now, *audit))
    }

    /// The last unblock of the entity that was sent, unless it failed for certain.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn last_request(&mut self, key: &Key, host: &Host) -> Result<Option<Request>> {
        let ours = self.connection.requests().last(key);
        let told = self.history(host).await?.last_unblock(key);
        let theirs = told.map(|last| Request { at: last.at, id: last.request_id, since: None, taken: last.taken });
        Ok(match (ours, theirs) {
            (Some(ours), Some(theirs)) if theirs.is_after(&ours) => Some(theirs),
            (ours, theirs) => ours.or(theirs),
        })
    }

    /// What decides about an entry that is listed since `since`.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn of(
        &mut self,
        key: &Key,
        since: Option<OffsetDateTime>,
        host: &Host,
    ) -> Result<Option<UnblockHistory>> {
        // A list may be long, and mostly nothing at all is known.
        if self.history(host).await?.is_empty() && self.connection.requests().is_empty() {
            return Ok(None);
        }
        let request = self.last_request(key, host).await?.filter(|request| request.taken);
        let unblocks = self.unblocks(key, host).await?;
        let refused = self.history(host).await?.is_refused(key, since.unwrap_or(OffsetDateTime::UNIX_EPOCH));
        // Without a journal, this connection's own request is still one.
        let count = u32::try_from(unblocks.times.len()).unwrap_or(u32::MAX).max(u32::from(request.is_some()));
        let history = UnblockHistory { requested_at: request.map(|request| request.at), count, refused };
        Ok(Some(history).filter(|history| *history != UnblockHistory::default()))
    }

    async fn read(&self, host: &Host) -> Result<Told> {
        let mut timeline = self.journal(host).await?;
        let audit = if self.audited { self.audit(&mut timeline, host).await? } else { None };
        Ok(Told { history: timeline.finish(), audit })
    }

    async fn journal(&self, host: &Host) -> Result<Timeline> {
        // Without a folder there is no journal yet, and without a journal nothing to know.
        let Some(journal) = self.connection.journal().ok().filter(|journal| journal.folder().exists()) else {
            return Ok(Timeline::new());
        };
        let read = on_a_thread(move || {
            let mut timeline = Timeline::new();
            let read = journal.read(|event| timeline.add(&Record::Journal(event)));
            (read, timeline)
        });
        let (read, timeline) = read.await?;
        if let Err(error) = read {
            host.detail(format!("What the journal tells of earlier unblocks is not known: {error}")).await?;
        }
        Ok(timeline)
    }

    /// An unblock does not need it, so that whoever may not read it is not warned each time.
    async fn audit(&self, timeline: &mut Timeline, host: &Host) -> Result<Option<Coverage>> {
        match add_unblocks(self.connection, timeline, host).await {
            Err(error) if error.code() == Code::Cancelled => Err(error),
            Err(error) => {
                host.detail(format!("How often others have unblocked is not known: {error}")).await?;
                Ok(None)
            }
            read => read,
        }
    }
}
