//! History without the service: from exported files of the audit log and from the journal.

use std::ops::{ControlFlow, RangeInclusive};
use std::path::PathBuf;

use time::OffsetDateTime;

use super::export::{read_export, Export};
use super::journal::{Journal, Verified};
use super::timeline::{History, HistoryEvent, Record, Timeline};
use crate::error::Result;
use crate::restriction::Key;

/// What to read, and for whom.
pub struct Offline<'a> {
    /// Files that the audit log was exported to. What is in several of them is told once.
    pub exports: &'a [PathBuf],
    /// The journals, of each organization its own.
    pub journals: &'a [Journal],
    /// Whether an entity is asked for.
    pub wanted: &'a dyn Fn(&Key) -> bool,
    /// The moments that are asked for. What lies outside still tells how a restriction began or ended.
    pub within: RangeInclusive<OffsetDateTime>,
    /// Whether nobody waits for the answer any more, so that a long file need not be read to its end.
    pub unwanted: &'a (dyn Fn() -> bool + Sync),
}

/// What was read.
#[derive(Debug)]
pub struct Read {
    /// What is known now of every entity that was asked for.
    pub history: History,
    /// What was found in each export.
    pub exports: Vec<Export>,
    /// What was found in each journal.
    pub journals: Vec<Verified>,
}

impl Offline<'_> {
    /// Reads everything once, and keeps a few bytes of each record. This is file work: an operation does it on a
    /// thread of its own.
    ///
    /// # Errors
    /// [`Code::ExportUnreadable`](crate::error::Code::ExportUnreadable) and
    /// [`Code::JournalUnreadable`](crate::error::Code::JournalUnreadable).
    pub fn read(&self) -> Result<Read> {
        let mut timeline = Timeline::new();
        let (exports, journals) = self.records(&mut |record| {
            timeline.add(&record);
            if (self.unwanted)() {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(Read { history: timeline.finish(), exports, journals })
    }

    /// Reads everything again and hands over each record with what belongs to it, until the reader has had enough:
    /// those of each export in the file's order, then those of each journal.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn tell(&self, history: &mut History, mut each: impl FnMut(HistoryEvent) -> ControlFlow<()>) -> Result<()> {
        self.records(&mut |record| {
            if !self.within.contains(&record.time()) {
                return ControlFlow::Continue(());
            }
            history.tell(record).map_or(ControlFlow::Continue(()), &mut each)
        })?;
        Ok(())
    }

    fn records(&self, each: &mut dyn FnMut(Record) -> ControlFlow<()>) -> Result<(Vec<Export>, Vec<Verified>)> {
        let mut flow = ControlFlow::Continue(());
        let mut pass = |record: Record| {
            if flow.is_continue() && (self.wanted)(record.key()) {
                flow = each(record);
            }
            flow
        };
        let exports = self
            .exports
            .iter()
            .map(|path| read_export(path, |event| pass(Record::Audit(event))))
            .collect::<Result<_>>()?;
        let read = |journal: &Journal| {
            journal.read(|event| {
                // A journal is read to its end in any case; what has had enough gets no more.
                let _ = pass(Record::Journal(event));
            })
        };
        Ok((exports, self.journals.iter().map(read).collect::<Result<_>>()?))
    }
}
