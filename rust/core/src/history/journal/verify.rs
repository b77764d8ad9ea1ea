//! Reading a journal and following its chain. An auditor can do the same with standard tools, see docs/journal.md.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use time::OffsetDateTime;

use super::event::{self, Event, Hash, LONGEST_LINE};
use super::files::{self, Tail};
use super::lock::Lock;
use crate::error::{Code, Error, Result};

/// What there is to say of a journal after its chain was followed.
///
/// A chain shows that nothing in the middle was changed, removed or added. Whether lines are missing at the very end
/// it cannot show: keep `head` somewhere else for that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Where it is kept.
    pub path: PathBuf,
    /// How many files there are.
    pub files: u64,
    /// How many whole lines they have.
    pub lines: u64,
    /// Lines of the chain that hold no event this version can read, probably of a later version.
    pub unknown: u64,
    /// The time of the first event and of the last.
    pub covers: Option<(OffsetDateTime, OffsetDateTime)>,
    /// Whether the chain starts with the journal's very first line. It does not where older files are kept elsewhere.
    pub from_the_beginning: bool,
    /// The hash of the last line; the next line will name it.
    pub head: String,
    /// Where the chain breaks, the first 100 places.
    pub breaks: Vec<Break>,
    /// What an interrupted writer left at the end. The next writer will set it aside; the chain is whole without it.
    pub torn: Option<Torn>,
    /// The files with torn lines that were set aside earlier.
    pub set_aside: Vec<PathBuf>,
}

impl Verified {
    /// Whether the chain holds from the first line that is here to the last.
    #[must_use]
    pub fn is_intact(&self) -> bool {
        self.breaks.is_empty()
    }
}

/// A place where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Break {
    /// The file.
    pub file: PathBuf,
    /// Its line, counted from 1.
    pub line: u64,
    /// What is wrong there.
    pub why: String,
}

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, line {}: {}", self.file.display(), self.line, self.why)
    }
}

/// The rest of a line that was not written to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The file that ends with it.
    pub file: PathBuf,
    /// Its line, counted from 1.
    pub line: u64,
    /// How many bytes there are of it.
    pub bytes: u64,
}

/// How many breaks are told one by one.
const TOLD: usize = 100;

/// Follows the chain of a journal: of all files of a folder, or of a single file.
///
/// # Errors
/// [`Code::JournalUnreadable`]. A chain that is broken is not an error.
pub fn verify(path: &Path) -> Result<Verified> {
    read(path, |_| {})
}

/// As [`verify`], handing over each event on the way.
pub fn read(path: &Path, each: impl FnMut(Event)) -> Result<Verified> {
    try_read(path, each).map_err(|error| {
        let path = path.display().to_string();
        let message = match error.kind() {
            io::ErrorKind::NotFound => format!("There is no journal in {path}."),
            _ => format!("The journal in {path} cannot be read: {error}."),
        };
        Error::new(Code::JournalUnreadable, message).about(path).caused_by(&error)
    })
}

fn try_read(path: &Path, each: impl FnMut(Event)) -> io::Result<Verified> {
    let stock = Stock::take(path)?;
    let mut chain = Chain::new(path, each);
    for (at, part) in stock.parts.iter().enumerate() {
        chain.file(part, at == 0)?;
    }
    chain.found.set_aside = stock.set_aside;
    Ok(chain.found)
}

/// What was there at one moment. Nobody was writing then, so a torn line is one; and what is added later is not read.
struct Stock {
    parts: Vec<Part>,
    set_aside: Vec<PathBuf>,
}

/// A file of the journal.
struct Part {
    path: PathBuf,
    /// Its number; nothing where the journal was given as a single file.
    number: Option<u32>,
    file: File,
    whole: u64,
    length: u64,
    last: bool,
}

impl Stock {
    fn take(path: &Path) -> io::Result<Self> {
        if path.is_file() {
            let part = Part::open(path.to_owned(), None, true)?;
            return Ok(Self { parts: vec![part], set_aside: Vec::new() });
        }
        let _lock = Lock::shared(path)?;
        let numbers = files::numbers(path)?;
        let Some(last) = numbers.last().copied() else { return Err(io::ErrorKind::NotFound.into()) };
        let parts: Vec<_> = numbers
            .into_iter()
            .map(|number| Part::open(files::file(path, number), Some(number), number == last))
            .collect::<io::Result<_>>()?;
        let set_aside = parts.iter().map(|part| part.path.with_extension("torn")).filter(|aside| aside.exists());
        Ok(Self { set_aside: set_aside.collect(), parts })
    }
}

impl Part {
    fn open(path: PathBuf, number: Option<u32>, last: bool) -> io::Result<Self> {
        let mut file = File::open(&path)?;
        let length = file.metadata()?.len();
        // Only the last file can have been left in the middle of a line.
        let whole = if last { Tail::of(&mut file)?.whole } else { length };
        file.rewind()?;
        Ok(Self { path, number, file, whole, length, last })
    }
}

/// The chain as far as it has been followed.
struct Chain<E> {
    each: E,
    found: Verified,
    /// The hash of the line before and the number of its file; nothing before the first line.
    before: Option<(Hash, Option<u32>)>,
}

impl<E: FnMut(Event)> Chain<E> {
    fn new(path: &Path, each: E) -> Self {
        let found = Verified {
            path: path.to_owned(),
            files: 0,
            lines: 0,
            unknown: 0,
            covers: None,
            from_the_beginning: true,
            head: Hash::start().digits().to_owned(),
            breaks: Vec::new(),
            torn: None,
            set_aside: Vec::new(),
        };
        Self { each, found, before: None }
    }

    fn file(&mut self, part: &Part, is_first: bool) -> io::Result<()> {
        self.found.files += 1;
        if is_first {
            self.found.from_the_beginning = part.number.is_none_or(|number| number == files::FIRST);
        }
        let mut reader = BufReader::with_capacity(1 << 16, (&part.file).take(part.whole));
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            reader.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                break;
            }
            number += 1;
            let ended = line.last() == Some(&b'\n');
            if ended {
                line.pop();
            } else if line.len() == LONGEST_LINE {
                skip_line(&mut reader)?;
            }
            self.line(part, number, &line, ended);
        }
        if part.last && part.length > part.whole {
            self.found.torn = Some(Torn { file: part.path.clone(), line: number + 1, bytes: part.length - part.whole });
        }
        Ok(())
    }

    fn line(&mut self, part: &Part, number: u64, line: &[u8], ended: bool) {
        self.found.lines += 1;
        if let Some(why) = self.fault(part, line, ended) {
            if self.found.breaks.len() < TOLD {
                self.found.breaks.push(Break { file: part.path.clone(), line: number, why });
            }
        }
        let hash = Hash::of(line);
        self.found.head = hash.digits().to_owned();
        self.before = Some((hash, part.number));
        match Event::read(line) {
            Some(event) => {
                let first = self.found.covers.map_or(event.time, |(first, _)| first);
                self.found.covers = Some((first, event.time));
                (self.each)(event);
            }
            None => self.found.unknown += 1,
        }
    }

    /// What is wrong with a line in its place, if anything.
    fn fault(&mut self, part: &Part, line: &[u8], ended: bool) -> Option<String> {
        if !ended {
            return Some("the line was cut off, or is longer than any line of a journal".to_owned());
        }
        let named = match event::previous(line) {
            Ok(named) => named,
            Err(why) => return Some(format!("this is no line of a journal: {why}")),
        };
        match &self.before {
            None => {
                let starts = named == Hash::start();
                let should_start = part.number == Some(files::FIRST);
                self.found.from_the_beginning = starts;
                (should_start && !starts).then(|| "it names a line before it, and it is the first line".to_owned())
            }
            Some((before, _)) if *before == named => None,
            Some((_, of)) => Some(match missing(*of, part.number) {
                Some(missing) => format!("the line before is not here: {missing}"),
                None => format!(
                    "it names the line before by the hash {}, and that line has another: the line before was changed, or lines were added or removed between the two",
                    named.digits()
                ),
            }),
        }
    }
}

/// Which files are missing between two that are here.
fn missing(before: Option<u32>, number: Option<u32>) -> Option<String> {
    let (first, last) = (before? + 1, number?.checked_sub(1)?);
    match first.cmp(&last) {
        std::cmp::Ordering::Greater => None,
        std::cmp::Ordering::Equal => Some(format!("{first:06}.jsonl is missing")),
        std::cmp::Ordering::Less => Some(format!("{first:06}.jsonl to {last:06}.jsonl are missing")),
    }
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let available = reader.fill_buf()?;
        let end = available.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(available.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() || used == 0 {
            return Ok(());
        }
    }
}
