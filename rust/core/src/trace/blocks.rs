//! Cuts a file into blocks of whole records, so that several threads can read it at once.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memrchr};

use super::record::Records;
use super::shape::Columns;

/// How much is read at a time: little enough to be still in the processor's cache when it is looked at again.
const BLOCK: usize = 1 << 19;

/// No record is larger: a file with a quotation mark too few must not fill the memory.
const LARGEST_RECORD: usize = 1 << 20;

/// Some whole records of a file.
#[derive(Debug, Default)]
pub struct Block {
    /// They; of a record that has no end within reason, its first line.
    pub text: Vec<u8>,
    /// The line of the file that it begins with, counted from 1.
    pub line: u64,
    /// Whether the file ends with it.
    pub is_last: bool,
}

/// A file on its way into blocks.
pub struct Blocks<R> {
    file: R,
    /// What stands behind the last whole record.
    carry: Vec<u8>,
    line: u64,
    ended: bool,
    /// What kept the file from being read on, behind what was read before.
    failure: Option<io::Error>,
    cut: Cut,
}

/// How the end of the last whole record in a text is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// A line feed with an even number of quotation marks before it ends a record, where marks stand as they should.
    ByCounting,
    /// Record by record, which is slower and right for every file.
    ByReading {
        /// What separates fields.
        delimiter: u8,
    },
}

/// What came of asking for a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It is there.
    Block,
    /// There is no other.
    End,
    /// No record ends within reason: either one has no end, or marks do not stand as they should.
    Odd,
}

impl<R: Read> Blocks<R> {
    /// What comes after the header, of which `read` was read already. `line` is its first one.
    pub fn of(file: R, read: Vec<u8>, line: u64, cut: Cut) -> Self {
        Self { file, carry: read, line, ended: false, failure: None, cut }
    }

    /// Fills `block` with the next records.
    pub fn next(&mut self, block: &mut Block) -> io::Result<Next> {
        let text = &mut block.text;
        text.clear();
        text.append(&mut self.carry);
        while !self.ended {
            self.ended = self.read_more(text)? == 0;
            let end = match self.cut.last_end(text) {
                _ if self.ended => break,
                0 if text.len() < LARGEST_RECORD => continue,
                0 if self.cut == Cut::ByCounting => return Ok(Next::Odd),
                // Whoever reads it finds no end either.
                0 => memchr(b'\n', text).map_or(text.len(), |at| at + 1),
                end => end,
            };
            self.carry.extend_from_slice(&text[end..]);
            text.truncate(end);
            break;
        }
        block.line = self.line;
        block.is_last = self.ended;
        self.line += memchr_iter(b'\n', text).count() as u64;
        Ok(if text.is_empty() { Next::End } else { Next::Block })
    }

    /// Adds as much as is read at a time, or what is left of the file. Returns how much that is.
    fn read_more(&mut self, text: &mut Vec<u8>) -> io::Result<usize> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        let begins = text.len();
        text.resize(begins + BLOCK, 0);
        let mut filled = begins;
        while filled < text.len() {
            match self.file.read(&mut text[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if filled == begins => return Err(error),
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        text.truncate(filled);
        Ok(filled - begins)
    }
}

impl Cut {
    /// Where the last whole record of a text ends that begins with a record; 0 where none does.
    fn last_end(self, text: &[u8]) -> usize {
        match self {
            Self::ByCounting => {
                let (mut marks, mut end) = (memchr_iter(b'"', text).count(), text.len());
                while let Some(line) = memrchr(b'\n', &text[..end]) {
                    marks -= memchr_iter(b'"', &text[line + 1..end]).count();
                    if marks % 2 == 0 {
                        return line + 1;
                    }
                    end = line;
                }
                0
            }
            Self::ByReading { delimiter } => {
                let (mut records, mut end) = (Records::of(text, delimiter), 0);
                while records.next(&Columns::none()).is_some() {
                    if text[records.position() - 1] == b'\n' {
                        end = records.position();
                    }
                }
                end
            }
        }
    }
}
