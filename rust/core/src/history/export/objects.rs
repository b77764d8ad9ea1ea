//! The objects of a JSON file one by one: the members of an array, or objects that follow each other. They are told
//! apart by their braces alone and parsed later, so that one that is damaged takes no other with it.

use std::io::{self, BufRead};

use crate::history::audit::Defect;

/// Reads objects.
pub struct Objects<R> {
    text: R,
    line: u64,
    largest: usize,
    object: Vec<u8>,
}

/// An object, or a piece of text that is none.
pub struct Object<'a> {
    /// The line where it begins, counted from 1.
    pub line: u64,
    /// Its text, or why there is none.
    pub text: Result<&'a [u8], Defect>,
}

/// Where in an object the scan is.
#[derive(Default)]
struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// The last character that is no space, outside strings.
    last: u8,
}

/// What a character means for the object it stands in.
enum Step {
    On,
    Closes,
    /// The object ended before, without its brace.
    Breaks,
}

impl Scan {
    fn step(&mut self, byte: u8) -> Step {
        if self.in_string {
            match byte {
                // JSON writes a line end in a text as \n: this text was cut off.
                b'\n' => return Step::Breaks,
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return Step::On;
        }
        match byte {
            b'"' => self.in_string = true,
            // An object begins at the beginning, and as a value; anywhere else it is the next one.
            b'{' if !matches!(self.last, 0 | b':' | b',' | b'[') => return Step::Breaks,
            b'{' => self.depth += 1,
            b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.last = byte;
        }
        if byte == b'}' && self.depth == 0 {
            Step::Closes
        } else {
            Step::On
        }
    }
}

impl<R: BufRead> Objects<R> {
    /// The objects of a text, none of them larger than `largest` bytes.
    pub fn new(text: R, largest: usize) -> Self {
        Self { text, line: 1, largest, object: Vec::new() }
    }

    /// The next object.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn next(&mut self) -> io::Result<Option<Object<'_>>> {
        let Some(first) = self.beginning()? else { return Ok(None) };
        let line = self.line;
        if first != b'{' {
            self.skip_stray()?;
            return Ok(Some(Object { line, text: Err(Defect::NotJson) }));
        }
        self.object.clear();
        let whole = self.scan()?;
        let text = if self.object.len() > self.largest {
            Err(Defect::TooLarge)
        } else if whole {
            Ok(self.object.as_slice())
        } else {
            Err(Defect::NotJson)
        };
        Ok(Some(Object { line, text }))
    }

    /// The first character of what comes next; it is left to be read.
    fn beginning(&mut self) -> io::Result<Option<u8>> {
        self.skip_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']'))
    }

    /// Text where an object should be.
    fn skip_stray(&mut self) -> io::Result<()> {
        self.skip_while(|byte| !matches!(byte, b',' | b'[' | b'{' | b'\n'))?;
        Ok(())
    }

    fn skip_while(&mut self, skip: impl Fn(u8) -> bool) -> io::Result<Option<u8>> {
        loop {
            let available = self.text.fill_buf()?;
            if available.is_empty() {
                return Ok(None);
            }
            let end = available.iter().position(|byte| !skip(*byte));
            let skipped = &available[..end.unwrap_or(available.len())];
            self.line += memchr::memchr_iter(b'\n', skipped).count() as u64;
            let (found, count) = (end.map(|end| available[end]), skipped.len());
            self.text.consume(count);
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    /// Takes an object in; `false` when it has no end. Of one that is too large only the beginning is kept.
    fn scan(&mut self) -> io::Result<bool> {
        let mut scan = Scan::default();
        loop {
            let available = self.text.fill_buf()?;
            if available.is_empty() {
                return Ok(false);
            }
            let mut done = None;
            let mut used = 0;
            while used < available.len() && done.is_none() {
                if scan.in_string && !scan.escaped {
                    // Most of a record is text: go straight to what could end it.
                    let rest = &available[used..];
                    used += memchr::memchr3(b'"', b'\\', b'\n', rest).unwrap_or(rest.len());
                    if used == available.len() {
                        break;
                    }
                }
                match scan.step(available[used]) {
                    Step::On => used += 1,
                    Step::Closes => {
                        used += 1;
                        done = Some(true);
                    }
                    Step::Breaks => done = Some(false),
                }
            }
            let taken = &available[..used];
            self.line += memchr::memchr_iter(b'\n', taken).count() as u64;
            if self.object.len() <= self.largest {
                self.object.extend_from_slice(taken);
            }
            self.text.consume(used);
            if let Some(whole) = done {
                return Ok(whole);
            }
        }
    }
}
