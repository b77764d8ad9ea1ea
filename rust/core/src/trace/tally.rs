//! What became of the lines of a trace: none is dropped without being counted.

use std::fmt;
use std::path::PathBuf;

/// The lines of a trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// All lines, without headers.
    pub lines: u64,
    /// Lines about mail that somebody outside has sent.
    pub inbound: u64,
    /// Lines about mail that nobody has sent: reports, journals, probes of the service.
    pub system: u64,
    /// Lines about something else than sending: of the extended report, events that follow it.
    pub others: u64,
    /// Rows that were there already: exports overlap.
    pub duplicates: u64,
    /// Lines that could not be used.
    pub unusable: Vec<Unusable>,
}

/// Lines that could not be used, of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Why.
    pub defect: Defect,
    /// How many.
    pub count: u64,
    /// Where the first of them stands; nothing where it came through the pipeline.
    pub file: Option<PathBuf>,
    /// The line of the file, or the object of the pipeline, counted from 1.
    pub line: u64,
}

/// Why a line could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Defect {
    /// The number of fields is not that of the header.
    Fields,
    /// There is no moment that can be read.
    Moment,
    /// The sender is no address.
    Sender,
    /// There is no address of a recipient.
    Recipient,
    /// There is no message trace id.
    Message,
    /// The file ends within a line.
    CutOff,
    /// A line has no end: there is a quotation mark too many or too few.
    Endless,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fields => "have more or fewer fields than the header",
            Self::Moment => "have no time that can be read",
            Self::Sender => "have a sender that is no address",
            Self::Recipient => "have no recipient",
            Self::Message => "have no message trace id",
            Self::CutOff => "are cut off by the end of the file",
            Self::Endless => "have no end, because a quotation mark is missing",
        })
    }
}

impl Tally {
    /// Counts a line that could not be used; `line` finds out which one it is, where it is the first of its kind.
    pub fn refuse(&mut self, defect: Defect, line: impl FnOnce() -> u64) {
        match self.unusable.iter_mut().find(|known| known.defect == defect) {
            // Whoever reads in blocks meets them in the file's order.
            Some(known) => known.count += 1,
            None => self.unusable.push(Unusable { defect, count: 1, file: None, line: line() }),
        }
    }

    /// Adds what another reader of the same trace has counted. Of each defect the first place is kept.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.inbound += other.inbound;
        self.system += other.system;
        self.others += other.others;
        self.duplicates += other.duplicates;
        for unusable in other.unusable {
            self.add_unusable(unusable);
        }
    }

    fn add_unusable(&mut self, new: Unusable) {
        match self.unusable.iter_mut().find(|known| known.defect == new.defect) {
            Some(known) => {
                known.count += new.count;
                if known.file == new.file && new.line < known.line {
                    known.line = new.line;
                }
            }
            None => self.unusable.push(new),
        }
    }

    /// How many lines could not be used.
    pub fn unusable_count(&self) -> u64 {
        self.unusable.iter().map(|unusable| unusable.count).sum()
    }
}
