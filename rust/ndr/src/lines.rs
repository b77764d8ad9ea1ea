//! Lines of a text of any size, with any line ends: LF, CRLF, CR, also mixed.

use std::io::{self, BufRead};

/// No longer line is kept: what goes beyond is read and dropped.
const LONGEST: usize = 64 << 10;

/// Reads line by line.
pub(crate) struct Lines<R> {
    source: R,
    line: Vec<u8>,
    /// Whether the last line ended with CR, so that an LF that follows belongs to it.
    after_return: bool,
    /// Whether the last line is to be given once more.
    again: bool,
    read: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, line: Vec::with_capacity(256), after_return: false, again: false, read: 0 }
    }

    /// The next line without its end; nothing at the end of the text.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        if std::mem::take(&mut self.again) {
            return Ok(Some(&self.line));
        }
        self.line.clear();
        let mut any = false;
        loop {
            let mut available = match self.source.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                return Ok(any.then_some(self.line.as_slice()));
            }
            let mut taken = 0;
            if std::mem::take(&mut self.after_return) && available[0] == b'\n' {
                (available, taken) = (&available[1..], 1);
            }
            let end = memchr::memchr2(b'\n', b'\r', available);
            let part = &available[..end.unwrap_or(available.len())];
            any |= end.is_some() || !part.is_empty();
            let room = LONGEST.saturating_sub(self.line.len());
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            taken += part.len();
            if let Some(end) = end {
                self.after_return = available[end] == b'\r';
                taken += 1;
            }
            self.read += taken as u64;
            self.source.consume(taken);
            if end.is_some() {
                return Ok(Some(&self.line));
            }
        }
    }

    /// Gives the last line once more.
    pub(crate) fn back(&mut self) {
        self.again = true;
    }

    /// How many bytes were read.
    pub(crate) fn read(&self) -> u64 {
        self.read
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(text: &[u8], buffer: usize) -> Vec<Vec<u8>> {
        let mut lines = Lines::new(BufReader::with_capacity(buffer, text));
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            all.push(line.to_vec());
        }
        assert_eq!(lines.read(), text.len() as u64);
        all
    }

    #[test]
    fn lines_end_in_any_way_wherever_the_buffer_ends() {
        for buffer in [1, 2, 3, 64] {
            assert_eq!(
                lines(b"a\nb\r\nc\rd\r\r\n\ne", buffer),
                [&b"a"[..], b"b", b"c", b"d", b"", b"", b"e"],
                "{buffer}"
            );
            assert!(lines(b"", buffer).is_empty());
            assert_eq!(lines(b"\r\n", buffer), [b""]);
        }
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let long = vec![b'x'; 3 * LONGEST];
        assert_eq!(lines(&long, 1000).iter().map(Vec::len).collect::<Vec<_>>(), [LONGEST]);
    }
}
