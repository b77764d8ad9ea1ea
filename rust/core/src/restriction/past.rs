//! What is known of earlier unblocks: by this connection, and by the journal, which other processes write as well.

use time::OffsetDateTime;

use super::decision::UnblockHistory;
use super::requests::Request;
use super::Key;
use crate::connection::Connection;
use crate::error::Result;
use crate::history::budget::Unblocks;
use crate::history::on_a_thread;
use crate::history::timeline::{History, Record, Timeline};
use crate::host::Host;

/// The past of an organization's entities, as it was when it was first asked about.
#[derive(Debug)]
pub struct Past<'a> {
    connection: &'a Connection,
    /// What the journal told; nothing before it was asked.
    journal: Option<History>,
}

impl<'a> Past<'a> {
    /// Nothing is read yet.
    pub fn new(connection: &'a Connection) -> Self {
        Self { connection, journal: None }
    }

    /// What the journal tells: nothing where there is none, or where it cannot be read.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn journal(&mut self, host: &Host) -> Result<&History> {
        let history = match self.journal.take() {
            Some(history) => history,
            None => self.read(host).await?,
        };
        Ok(self.journal.insert(history))
    }

    /// How often the entity was unblocked, as far as is known.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn unblocks(&mut self, key: &Key, host: &Host) -> Result<Unblocks> {
        let now = self.connection.now();
        Ok(self.journal(host).await?.unblocks(key, OffsetDateTime::UNIX_EPOCH, now, None))
    }

    /// The last unblock of the entity that the service took.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn last_request(&mut self, key: &Key, host: &Host) -> Result<Option<Request>> {
        let ours = self.connection.requests().last(key);
        let journal = self.journal(host).await?.last_answer(key);
        let theirs = journal.map(|(at, id)| Request { at, id, since: None });
        Ok(match (ours, theirs) {
            // Of one that is in both, the journal has the answer, which came a little later.
            (Some(ours), Some(theirs)) if theirs.id.is_some() && theirs.id != ours.id && theirs.at > ours.at => {
                Some(theirs)
            }
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
        let request = self.last_request(key, host).await?;
        let unblocks = self.unblocks(key, host).await?;
        let refused = self.journal(host).await?.is_refused(key, since.unwrap_or(OffsetDateTime::UNIX_EPOCH));
        // Without a journal, this connection's own request is still one.
        let count = u32::try_from(unblocks.times.len()).unwrap_or(u32::MAX).max(u32::from(request.is_some()));
        let history = UnblockHistory { requested_at: request.map(|request| request.at), count, refused };
        Ok(Some(history).filter(|history| *history != UnblockHistory::default()))
    }

    async fn read(&self, host: &Host) -> Result<History> {
        // Without a folder there is no journal yet, and without a journal nothing to know.
        let Some(journal) = self.connection.journal().ok().filter(|journal| journal.folder().exists()) else {
            return Ok(Timeline::new().finish());
        };
        let read = on_a_thread(move || {
            let mut timeline = Timeline::new();
            let read = journal.read(|event| timeline.add(&Record::Journal(event)));
            (read, timeline)
        });
        let (read, timeline) = read.await?;
        if let Err(error) = read {
            host.detail(format!("How often anybody was unblocked is not known: {error}")).await?;
        }
        Ok(timeline.finish())
    }
}
