//! The journal: what was done to which restricted entity, by whom, from where and why. One folder per organization,
//! one JSON line per event, each line carrying the hash of the line before.
//!
//! docs/journal.md describes the format for whoever audits it. Another store (a database that many workers share) has
//! to offer the same two verbs, [`Journal::record`] and [`Journal::read`]; the rest knows nothing of files.

mod event;
mod files;
mod location;
mod lock;
mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;
use std::time::Duration;

pub use event::{version, Event, Place, What};
pub use files::SetAside;
pub use location::{journals, root, VARIABLE};
pub use verify::{verify, Break, Torn, Verified};

use crate::connection::Origin;
use crate::error::{Code, Error, Result};
use lock::Lock;

/// A file that has grown to so many bytes is followed by another.
const ROTATE_AT: u64 = 16 << 20;

/// How long an operation waits for other processes that are writing. They hold the lock for one line each, so this
/// runs out only where one of them was stopped in the middle, or where the disk hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// The journal of one organization. Any number of them, in any number of processes, may write to the same folder.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
    rotate_at: u64,
    patience: Duration,
}

impl Journal {
    /// The journal of an organization below `root`. Nothing is touched before the first event.
    ///
    /// The organization's id names the folder where it is known, since an admin may connect by any of its domains.
    #[must_use]
    pub fn of(root: &Path, origin: &Origin) -> Self {
        let owner = origin.tenant_id.as_deref().unwrap_or(&origin.organization);
        Self::at(root.join(location::folder_name(owner)))
    }

    /// The journal in that folder.
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), rotate_at: ROTATE_AT, patience: PATIENCE }
    }

    /// Begins another file when the last one has grown to so many bytes.
    #[must_use]
    pub fn rotating_at(mut self, bytes: u64) -> Self {
        self.rotate_at = bytes;
        self
    }

    /// Waits so long for other writers before [`record`](Self::record) gives up.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Where it is kept.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes an event without holding up the other operations of this process. When this returns, the event is on
    /// the disk. The caller decides whether an event that could not be written is a warning or a refusal, and tells
    /// the admin of a torn line that was found and [set aside](SetAside).
    ///
    /// # Errors
    /// [`Code::JournalUnwritable`]. Where the wait for other writers ran out or the disk failed at the very end, the
    /// event may be in the journal nevertheless.
    pub async fn record(&self, event: Event) -> Result<Option<SetAside>> {
        let given_up = Arc::new(AtomicBool::new(false));
        let journal = self.clone();
        let seen = given_up.clone();
        let writing = tokio::task::spawn_blocking(move || journal.append_unless(&event, &seen));
        match tokio::time::timeout(self.patience, writing).await {
            Ok(Ok(written)) => written,
            Ok(Err(stopped)) => Err(self.unwritable("the writer stopped").caused_by(&stopped)),
            Err(_) => {
                given_up.store(true, Ordering::Relaxed);
                Err(self
                    .unwritable(&format!("another process has kept it locked for {} seconds", self.patience.as_secs())))
            }
        }
    }

    /// As [`record`](Self::record), on this thread and however long other writers take.
    ///
    /// # Errors
    /// [`Code::JournalUnwritable`].
    pub fn append(&self, event: &Event) -> Result<Option<SetAside>> {
        self.append_unless(event, &AtomicBool::new(false))
    }

    fn append_unless(&self, event: &Event, given_up: &AtomicBool) -> Result<Option<SetAside>> {
        self.try_append(event, given_up).map_err(|error| self.unwritable(&error.to_string()).caused_by(&error))
    }

    fn try_append(&self, event: &Event, given_up: &AtomicBool) -> io::Result<Option<SetAside>> {
        std::fs::create_dir_all(&self.folder)?;
        let _lock = Lock::exclusive(&self.folder)?;
        if given_up.load(Ordering::Relaxed) {
            // The caller has already been told that this was not written.
            return Ok(None);
        }
        files::append(&self.folder, self.rotate_at, |previous| event.line(previous))
    }

    /// Reads every event, oldest first, and verifies the chain on the way. It reads what is there when it begins and
    /// does not keep anybody from writing. This is file work: an operation does it on a thread of its own.
    ///
    /// # Errors
    /// [`Code::JournalUnreadable`] also where there is no journal yet. A chain that is broken is not an error.
    pub fn read(&self, each: impl FnMut(Event)) -> Result<Verified> {
        verify::read(&self.folder, each)
    }

    fn unwritable(&self, why: &str) -> Error {
        let folder = self.folder.display().to_string();
        Error::new(Code::JournalUnwritable, format!("The journal in {folder} cannot be written: {why}.")).about(folder)
    }
}

#[cfg(test)]
mod tests;
