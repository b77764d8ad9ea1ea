//! The files of a journal: `000001.jsonl`, `000002.jsonl` and so on. The last one grows; no file is ever renamed,
//! since Windows does not rename what anybody has open, and none is deleted.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::event::{self, Hash};

/// What an interrupted writer left at the end of the journal. It was moved into a file of its own, beside the one it
/// was found in, and the journal goes on without it. Nobody had been told that it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it was found.
    pub file: PathBuf,
    /// Where it is now, in a line of its own at the end.
    pub moved_to: PathBuf,
    /// How long it is.
    pub bytes: u64,
}

impl std::fmt::Display for SetAside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (file, moved_to) = (self.file.display(), self.moved_to.display());
        write!(f, "A writer of {file} was interrupted in the middle of a line. Its {} bytes were moved to {moved_to}; the journal is whole.", self.bytes)
    }
}

/// The first file's number.
pub const FIRST: u32 = 1;

/// The file of that number.
pub fn file(folder: &Path, number: u32) -> PathBuf {
    folder.join(format!("{number:06}.jsonl"))
}

/// The numbers of the files that are there, in their order.
pub fn numbers(folder: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".jsonl")).and_then(|stem| stem.parse().ok());
        // A copy with a name of its own is none of the journal's files.
        numbers.extend(number.filter(|number| file(folder, *number).file_name() == Some(&name)));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Adds a line. The caller holds the lock; `line` makes the line after the one of that hash.
pub fn append(folder: &Path, rotate_at: u64, line: impl Fn(&Hash) -> Vec<u8>) -> io::Result<Option<SetAside>> {
    let numbers = numbers(folder)?;
    let mut number = numbers.last().copied().unwrap_or(FIRST);
    let mut end = 0;
    let mut set_aside = None;
    let mut previous = None;
    if !numbers.is_empty() {
        let path = file(folder, number);
        let mut current = OpenOptions::new().read(true).write(true).open(&path)?;
        let tail = Tail::of(&mut current)?;
        if tail.length > tail.whole {
            set_aside = Some(move_aside(&path, &mut current, &tail)?);
        }
        end = tail.whole;
        previous = tail.line.as_deref().map(Hash::of);
        if end >= rotate_at && previous.is_some() {
            (number, end) = (number + 1, 0);
        }
    }
    let previous = match previous {
        Some(previous) => previous,
        // The last file was made and nothing whole was written to it: the chain goes on from the one before.
        None => last_hash(folder, &numbers)?,
    };
    let mut line = line(&previous);
    line.push(b'\n');
    // Not opened for appending: Windows would then refuse to cut a torn line off.
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).open(file(folder, number))?;
    file.seek(SeekFrom::Start(end))?;
    file.write_all(&line)?;
    file.sync_all()?;
    if end == 0 {
        sync_names(folder)?;
    }
    Ok(set_aside)
}

fn last_hash(folder: &Path, numbers: &[u32]) -> io::Result<Hash> {
    for number in numbers.iter().rev() {
        if let Some(line) = Tail::of(&mut File::open(file(folder, *number))?)?.line {
            return Ok(Hash::of(&line));
        }
    }
    Ok(Hash::start())
}

/// Copies what is torn, and cuts it off only when the copy is safe: interrupted in between, it is there twice.
fn move_aside(path: &Path, file: &mut File, tail: &Tail) -> io::Result<SetAside> {
    let moved_to = path.with_extension("torn");
    let mut aside = OpenOptions::new().append(true).create(true).open(&moved_to)?;
    file.seek(SeekFrom::Start(tail.whole))?;
    let bytes = io::copy(file, &mut aside)?;
    aside.write_all(b"\n")?;
    aside.sync_all()?;
    if let Some(folder) = path.parent() {
        sync_names(folder)?;
    }
    file.set_len(tail.whole)?;
    file.sync_all()?;
    Ok(SetAside { file: path.to_owned(), moved_to, bytes })
}

/// Makes sure that a new file is found again after a power failure. Windows does so by itself, and knows no other way.
fn sync_names(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// How a file ends.
#[derive(Debug)]
pub struct Tail {
    /// The last whole line, without its line end.
    pub line: Option<Vec<u8>>,
    /// How many bytes there are up to the end of that line.
    pub whole: u64,
    /// How many bytes there are.
    pub length: u64,
}

impl Tail {
    /// Reads as much of the end of the file as it takes. Whatever follows the last whole line of a journal is torn,
    /// also where it has line ends: after a power failure a file may end with anything.
    pub fn of(file: &mut File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let mut window = 1 << 16;
        loop {
            let start = length.saturating_sub(window);
            file.seek(SeekFrom::Start(start))?;
            let mut bytes = Vec::new();
            Read::by_ref(file).take(length - start).read_to_end(&mut bytes)?;
            if let Some((begin, end)) = last_line(&bytes, start == 0) {
                return Ok(Self { line: Some(bytes[begin..end].to_vec()), whole: start + end as u64 + 1, length });
            }
            if start == 0 {
                return Ok(Self { line: None, whole: 0, length });
            }
            window *= 4;
        }
    }
}

/// Where the last whole line begins and ends. The first line counts only where the bytes begin with it.
fn last_line(bytes: &[u8], from_the_beginning: bool) -> Option<(usize, usize)> {
    let mut rest = bytes;
    while let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') {
        rest = &rest[..end];
        let begin = match rest.iter().rposition(|byte| *byte == b'\n') {
            Some(line_end) => line_end + 1,
            None if from_the_beginning => 0,
            None => return None,
        };
        if event::previous(&rest[begin..]).is_ok() {
            return Some((begin, end));
        }
    }
    None
}
