//! `Get-RestrictedSenderHistory`: what happened to whom, from files.

use std::ops::{ControlFlow, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;

use time::OffsetDateTime;

use super::export::Export;
use super::journal::{journals, Journal, Verified};
use super::offline::Offline;
use crate::error::Result;
use crate::file_work::{telling, Say, Voice};
use crate::host::{Host, Row};
use crate::restriction::{same, Key, Named};

/// What is asked for.
pub struct Query {
    /// Which entities; all where none is named.
    pub named: Vec<Named>,
    /// The moments that are asked for.
    pub within: RangeInclusive<OffsetDateTime>,
    /// Whether to hand over a line for each entity instead of each event.
    pub summary: bool,
}

impl Query {
    /// Whether an entity is asked for.
    pub(super) fn wants(&self, key: &Key) -> bool {
        let fits = |named: &Named| match (named, key) {
            (Named::One(one), key) => same(one, key),
            (Named::Senders(pattern), Key::Sender(address)) => pattern.fits(address),
            (Named::Senders(_), Key::Connector(_)) => false,
        };
        self.named.is_empty() || self.named.iter().any(fits)
    }
}

/// A row of history, and how far it can be relied on.
#[derive(Debug, Clone)]
pub struct Told<T> {
    /// The row.
    pub row: T,
    /// What it was told from.
    pub scope: Arc<Scope>,
}

/// How much of the past was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Whether everything that the service recorded of the time asked for was read, and nothing of it can still be on
    /// its way; nothing where it cannot be told, since a file does not say what it was exported for.
    pub complete: Option<bool>,
    /// Until when everything was read, from the beginning of the time asked for on: at most a day ago, since records
    /// arrive late. Nothing where something may be missing.
    pub covered_until: Option<OffsetDateTime>,
    /// The organization, where one was asked.
    pub organization: Option<String>,
    /// Whether it is a practice tenant.
    pub practice: bool,
}

/// Files that tell the past.
#[derive(Debug, Default)]
pub struct Files {
    /// What the audit log was exported to.
    pub exports: Vec<PathBuf>,
    /// Journals, folders of journals.
    pub journals: Option<PathBuf>,
    /// Whether it is an error that there is no journal.
    pub journal_expected: bool,
}

/// How many events cross over at once.
const TOGETHER: usize = 256;

/// Hands over the history in files: exports of the audit log, and journals. Events come in the order of the files.
///
/// # Errors
/// [`Code::ExportUnreadable`](crate::error::Code::ExportUnreadable) and
/// [`Code::JournalUnreadable`](crate::error::Code::JournalUnreadable), or when the caller has gone.
pub async fn from_files(files: Files, query: Query, host: &Host) -> Result<()> {
    telling(host, move |voice| Telling { voice, scope: Arc::default() }.read(&files, &query)).await
}

/// The reading of files, on a thread of its own.
struct Telling {
    voice: Voice,
    scope: Arc<Scope>,
}

impl Telling {
    fn read(mut self, files: &Files, query: &Query) -> Result<()> {
        let journals = match files.journals.as_deref().map(journals) {
            Some(Err(error)) if files.journal_expected => return Err(error),
            Some(Ok(found)) => found.into_iter().map(Journal::at).collect(),
            None | Some(Err(_)) => Vec::new(),
        };
        let offline = Offline {
            exports: &files.exports,
            journals: &journals,
            wanted: &|key| query.wants(key),
            within: query.within.clone(),
            unwanted: &|| self.voice.is_unheard(),
        };
        let mut read = offline.read()?;
        for warning in warnings(files, &read.exports, &read.journals) {
            if self.voice.say(Say::Warning(warning)).is_break() {
                return Ok(());
            }
        }
        if read.exports.iter().any(|export| !export.unusable.is_empty()) {
            self.scope = Arc::new(Scope { complete: Some(false), ..Scope::default() });
        }
        let mut rows = Vec::with_capacity(TOGETHER);
        if query.summary {
            let summaries = read.history.summaries(&query.within);
            rows.extend(summaries.into_iter().map(|row| Row::HistorySummary(self.told(row))));
        } else {
            offline.tell(&mut read.history, |event| {
                rows.push(Row::HistoryEvent(self.told(event)));
                if rows.len() < TOGETHER {
                    return ControlFlow::Continue(());
                }
                self.voice.say(Say::Rows(std::mem::replace(&mut rows, Vec::with_capacity(TOGETHER))))
            })?;
        }
        // Whether anybody takes the last of them makes no difference any more.
        let _ = self.voice.say(Say::Rows(rows));
        Ok(())
    }

    fn told<T>(&self, row: T) -> Told<T> {
        Told { row, scope: Arc::clone(&self.scope) }
    }
}

/// What the admin must know of the files before relying on what they tell.
fn warnings(files: &Files, exports: &[Export], journals: &[Verified]) -> Vec<String> {
    let mut warnings = Vec::new();
    for (path, export) in files.exports.iter().zip(exports) {
        let path = path.display();
        for unusable in &export.unusable {
            warnings.push(format!(
                "{} of {} records of {path} could not be used (the first in line {}): {}.",
                unusable.count,
                export.records,
                unusable.first_line,
                unusable.defect.why()
            ));
        }
        if export.events == 0 && export.unusable.is_empty() {
            warnings.push(format!(
                "{path} holds {} records, and none is about a restricted entity: export the record type HygieneEvent.",
                export.records
            ));
        }
    }
    warnings.extend(journals.iter().filter_map(broken));
    warnings
}

/// What to say of a journal whose chain does not hold.
pub(super) fn broken(journal: &Verified) -> Option<String> {
    let first = journal.breaks.first()?;
    Some(format!(
        "The journal in {} was changed: {first}. Test-RestrictedSenderJournal shows every place.",
        journal.path.display()
    ))
}
