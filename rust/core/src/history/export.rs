//! Files that the audit log was exported to: CSV from the Purview portal or from `Export-Csv`, JSON from
//! `ConvertTo-Json`, in whatever encoding. They are read from beginning to end and never held in memory.

mod objects;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;

use super::audit::{AuditEvent, Defect};
use crate::csv_header::delimiter;
use crate::error::{Code, Error, Result};
use objects::Objects;

/// What was found in an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Export {
    /// How many records there are.
    pub records: u64,
    /// How many of them are events of restricted entities.
    pub events: u64,
    /// How many are about something else.
    pub others: u64,
    /// The records that could not be used, by reason.
    pub unusable: Vec<Unusable>,
}

/// Records that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    /// Why.
    pub defect: Defect,
    /// How many.
    pub count: u64,
    /// The line of the file where the first of them begins, counted from 1.
    pub first_line: u64,
}

/// No record is larger: the service keeps them far below, and a file with a quote too few must not fill the memory.
const LARGEST_RECORD: usize = 4 << 20;

/// The column that has everything.
const AUDIT_DATA: &str = "AuditData";

impl Export {
    fn count(&mut self, line: u64, read: Result<Option<AuditEvent>, Defect>) -> Option<AuditEvent> {
        self.records += 1;
        match read {
            Ok(Some(event)) => {
                self.events += 1;
                Some(event)
            }
            Ok(None) => {
                self.others += 1;
                None
            }
            Err(defect) => {
                match self.unusable.iter_mut().find(|known| known.defect == defect) {
                    Some(known) => known.count += 1,
                    None => self.unusable.push(Unusable { defect, count: 1, first_line: line }),
                }
                None
            }
        }
    }
}

/// Reads an export of the audit log and hands over each event of a restricted entity, in the file's order, until the
/// reader has had enough. This is file work: an operation does it on a thread of its own.
///
/// # Errors
/// [`Code::ExportUnreadable`]: the file cannot be read, is empty, or is no such export. Single records that cannot be
/// used are counted.
pub fn read_export(path: &Path, each: impl FnMut(AuditEvent) -> ControlFlow<()>) -> Result<Export> {
    try_read(path, each).map_err(|error| {
        let path = path.display().to_string();
        Error::new(Code::ExportUnreadable, format!("{path} cannot be read as an export of the audit log: {error}."))
            .about(path)
            .caused_by(&error)
    })
}

fn try_read(path: &Path, each: impl FnMut(AuditEvent) -> ControlFlow<()>) -> io::Result<Export> {
    let mut text = BufReader::with_capacity(1 << 16, crate::encoding::utf8(File::open(path)?)?);
    match first_character(&mut text)? {
        None => Err(invalid("it is empty, so nothing was exported")),
        Some(b'[' | b'{') => read_json(text, each),
        Some(_) => read_csv(text, each),
    }
}

fn invalid(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}

/// The first character that is no space; nothing in a file without any. It is left to be read.
fn first_character(text: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let available = text.fill_buf()?;
        if available.is_empty() {
            return Ok(None);
        }
        match available.iter().position(|byte| !byte.is_ascii_whitespace()) {
            Some(at) => return Ok(Some(available[at])),
            None => {
                let all = available.len();
                text.consume(all);
            }
        }
    }
}

fn read_json(text: impl BufRead, mut each: impl FnMut(AuditEvent) -> ControlFlow<()>) -> io::Result<Export> {
    let mut export = Export::default();
    let mut objects = Objects::new(text, LARGEST_RECORD);
    while let Some(object) = objects.next()? {
        let read = object.text.and_then(AuditEvent::read);
        if let Some(event) = export.count(object.line, read) {
            if each(event).is_break() {
                break;
            }
        }
    }
    Ok(export)
}

fn read_csv(mut text: impl BufRead, mut each: impl FnMut(AuditEvent) -> ControlFlow<()>) -> io::Result<Export> {
    let mut skipped = 0;
    let mut header = first_line(&mut text)?;
    if header.starts_with(b"#TYPE") {
        // Windows PowerShell's Export-Csv says first what it exports.
        skipped = 1;
        header = first_line(&mut text)?;
    }
    // The library counts the line feed after a carriage return to the record that follows it.
    skipped += u64::from(header.ends_with(b"\r\n"));
    let delimiter = delimiter(&header);
    let left = Rc::new(Cell::new(LARGEST_RECORD));
    let text = Metered { text: header.as_slice().chain(text), left: left.clone() };
    let mut csv =
        csv::ReaderBuilder::new().flexible(true).delimiter(delimiter).buffer_capacity(1 << 16).from_reader(text);
    let columns = csv.byte_headers().map_err(of_csv)?;
    let column = columns
        .iter()
        .position(|name| name.trim_ascii().eq_ignore_ascii_case(AUDIT_DATA.as_bytes()))
        .ok_or_else(|| invalid(format!("it has no column {AUDIT_DATA}")))?;
    let mut export = Export::default();
    let mut record = csv::ByteRecord::new();
    loop {
        left.set(LARGEST_RECORD);
        if !csv.read_byte_record(&mut record).map_err(of_csv)? {
            return Ok(export);
        }
        let line = record.position().map_or(0, csv::Position::line) + skipped;
        let read = record.get(column).ok_or(Defect::NoAuditData).and_then(AuditEvent::read_audit_data);
        if let Some(event) = export.count(line, read) {
            if each(event).is_break() {
                return Ok(export);
            }
        }
    }
}

/// The library's own words repeat themselves.
fn of_csv(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => invalid(format!("{other:?}")),
    }
}

/// A header is one line, and a short one.
fn first_line(text: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    text.take(1 << 16).read_until(b'\n', &mut line)?;
    Ok(line)
}

/// Text of which no more than so much may be read for one record.
struct Metered<R> {
    text: R,
    left: Rc<Cell<usize>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.text.read(buffer)?;
        match self.left.get().checked_sub(read) {
            Some(left) => self.left.set(left),
            None => return Err(invalid("a record has no end: there is a quotation mark too many or too few")),
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests;
