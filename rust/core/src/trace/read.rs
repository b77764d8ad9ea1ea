//! Reads files of the message trace, each with several threads.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use flate2::bufread::MultiGzDecoder;

use super::blocks::{Block, Blocks, Cut, Next};
use super::ledger::{Book, Ledger, Mark};
use super::moment::{DateOrder, Evidence};
use super::record::Records;
use super::shape::Columns;
use super::tally::Defect;
use crate::csv_header::delimiter;
use crate::encoding::utf8;
use crate::error::{Code, Error, Result};

/// Reads trace files into ledgers, one for each thread.
pub struct Reader<'a> {
    ledgers: Vec<Ledger>,
    /// The order of dates, where the admin says it.
    order: Option<DateOrder>,
    /// Whether nobody waits for the answer any more.
    unwanted: &'a (dyn Fn() -> bool + Sync),
}

/// How a file is read: by the first way that fits it.
#[derive(Debug, Clone, Copy)]
struct Way {
    cut: Cut,
    order: DateOrder,
}

/// How reading in some way came out.
enum Outcome {
    /// To its end, or only so far, for that reason.
    Read(Option<String>),
    /// Marks do not stand as they should.
    Odd,
}

/// A header is short.
const LONGEST_HEADER: u64 = 1 << 16;

impl<'a> Reader<'a> {
    pub fn new(book: &Arc<Book>, order: Option<DateOrder>, unwanted: &'a (dyn Fn() -> bool + Sync)) -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        Self { ledgers: (0..threads).map(|_| Ledger::of(book)).collect(), order, unwanted }
    }

    /// What has been taken down.
    pub fn finish(self) -> Vec<Ledger> {
        self.ledgers
    }

    /// Reads a file. What was read of others stays, whatever becomes of it. Returns why it was read only so far, where
    /// it could not be read to its end: what stands before counts.
    ///
    /// # Errors
    /// [`Code::TraceUnreadable`]: it cannot be opened, is no message trace, or its dates can be read in two ways.
    pub fn read(&mut self, path: &Path) -> Result<Option<String>> {
        let marks: Vec<_> = self.ledgers.iter_mut().map(Ledger::mark).collect();
        let read = self.try_read(path, &marks).map_err(|error| {
            let path = path.display().to_string();
            Error::new(Code::TraceUnreadable, format!("{path} cannot be read as a message trace: {error}."))
                .about(path)
                .caused_by(&error)
        });
        if read.is_err() {
            self.go_back(&marks);
        }
        for ledger in &mut self.ledgers {
            for unusable in &mut ledger.tally.unusable {
                unusable.file.get_or_insert_with(|| path.to_owned());
            }
        }
        read
    }

    fn go_back(&mut self, marks: &[Mark]) {
        for (ledger, mark) in self.ledgers.iter_mut().zip(marks) {
            ledger.go_back(mark);
        }
    }

    fn try_read(&mut self, path: &Path, marks: &[Mark]) -> io::Result<Option<String>> {
        let mut way = Way { cut: Cut::ByCounting, order: self.order.unwrap_or(DateOrder::MonthFirst) };
        loop {
            let outcome = self.read_in(path, &mut way)?;
            let evidence = self.evidence();
            let order = match self.order {
                Some(order) => order,
                None => evidence.order(way.order)?,
            };
            if let (Outcome::Read(cut_off), true) = (outcome, order == way.order) {
                return Ok(cut_off);
            }
            way.order = order;
            self.go_back(marks);
        }
    }

    fn evidence(&self) -> Evidence {
        let mut all = Evidence::default();
        for ledger in &self.ledgers {
            all |= ledger.evidence;
        }
        all
    }

    fn read_in(&mut self, path: &Path, way: &mut Way) -> io::Result<Outcome> {
        let mut text = BufReader::with_capacity(1 << 16, utf8(plain(path)?)?);
        let Header { columns, delimiter, line } = Header::read(&mut text)?;
        let read = text.buffer().to_vec();
        let blocks = Mutex::new(Blocks::of(text.into_inner(), read, line, way.cut));
        let (is_odd, failure) = (AtomicBool::new(false), Mutex::new(None));
        let (unwanted, order) = (self.unwanted, way.order);
        let work = |ledger: &mut Ledger| {
            let mut block = Block::default();
            while !is_odd.load(Ordering::Relaxed) && !unwanted() {
                let next = blocks.lock().unwrap_or_else(PoisonError::into_inner).next(&mut block);
                match next {
                    Ok(Next::Block) => {
                        let odd = enter(ledger, &block, &columns, delimiter, order);
                        if odd && way.cut == Cut::ByCounting {
                            is_odd.store(true, Ordering::Relaxed);
                        }
                    }
                    Ok(Next::End) => return,
                    Ok(Next::Odd) => is_odd.store(true, Ordering::Relaxed),
                    Err(error) => {
                        *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        return;
                    }
                }
            }
        };
        thread::scope(|scope| {
            for ledger in &mut self.ledgers {
                scope.spawn(|| work(ledger));
            }
        });
        if is_odd.into_inner() {
            way.cut = Cut::ByReading { delimiter };
            return Ok(Outcome::Odd);
        }
        let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok(Outcome::Read(failure.map(|error| error.to_string())))
    }
}

impl Evidence {
    /// The order of the dates of a file that was read with the one that is assumed.
    pub(super) fn order(self, assumed: DateOrder) -> io::Result<DateOrder> {
        match (self.month_first, self.day_first) {
            (true, true) => Err(invalid(
                "its dates stand partly with the month first and partly with the day first; give -DateOrder MonthFirst or \
                 DayFirst, and the others are counted as unusable",
            )),
            (true, false) => Ok(DateOrder::MonthFirst),
            (false, true) => Ok(DateOrder::DayFirst),
            (false, false) if self.either => Err(invalid(
                "its dates do not tell whether the month or the day stands first; give -DateOrder MonthFirst (11/28/2026) \
                 or DayFirst (28/11/2026)",
            )),
            (false, false) => Ok(assumed),
        }
    }
}

/// The bytes of a file, unpacked where it is packed with gzip.
fn plain(path: &Path) -> io::Result<Box<dyn Read + Send>> {
    let mut file = BufReader::with_capacity(1 << 16, File::open(path)?);
    let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

/// What stands before the records.
struct Header {
    columns: Columns,
    delimiter: u8,
    /// The line of the first record.
    line: u64,
}

impl Header {
    fn read(text: &mut impl BufRead) -> io::Result<Self> {
        let (mut header, mut line) = (Vec::new(), 0);
        // Windows PowerShell's Export-Csv says first what it exports.
        while header.trim_ascii().is_empty() || header.starts_with(b"#TYPE") {
            header.clear();
            line += 1;
            if text.by_ref().take(LONGEST_HEADER).read_until(b'\n', &mut header)? == 0 {
                return Err(invalid("it is empty"));
            }
        }
        let delimiter = delimiter(&header);
        let columns = Columns::of(&Records::of(&header, delimiter).header()).map_err(invalid)?;
        Ok(Self { columns, delimiter, line: line + 1 })
    }
}

/// Takes a block down. Tells whether marks stand where none may, or one is missing.
fn enter(ledger: &mut Ledger, block: &Block, columns: &Columns, delimiter: u8, order: DateOrder) -> bool {
    let mut records = Records::of(&block.text, delimiter);
    let line = |at: usize| block.line + memchr::memchr_iter(b'\n', &block.text[..at]).count() as u64;
    let ends_early = |at: usize| block.is_last && at == block.text.len() && !block.text.ends_with(b"\n");
    loop {
        while let Some(record) = records.next(columns) {
            if let Err(defect) = ledger.enter(&record, columns, order) {
                let is_cut_off = defect == Defect::Fields && ends_early(records.position());
                ledger.tally.refuse(if is_cut_off { Defect::CutOff } else { defect }, || line(record.at));
            }
        }
        if !records.is_within_marks() {
            return records.is_odd;
        }
        // The line is of no use; what follows it may be.
        let begins = records.position();
        records.skip_line();
        ledger.tally.lines += 1;
        let is_cut_off = block.is_last && records.position() == block.text.len();
        ledger.tally.refuse(if is_cut_off { Defect::CutOff } else { Defect::Endless }, || line(begins));
    }
}

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}
