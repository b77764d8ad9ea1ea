//! The message itself: its beginning is kept and the rest only measured, so that memory stays bounded.

/// How much of a message is kept: all of the header, which may be so long and no longer, and the beginning of its text.
const KEPT: usize = 64 * 1024;

/// The largest message, in bytes; what the service takes unless an admin allows more.
pub(super) const LARGEST: u64 = 35 * 1024 * 1024;

/// Where in the stream of bytes the end may begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    #[default]
    LineStart,
    Dot,
    DotReturn,
    Return,
    Within,
}

/// A message that is coming in.
#[derive(Debug, Default)]
pub(super) struct Message {
    at: At,
    /// The first bytes.
    pub(super) beginning: Vec<u8>,
    /// Of all of it, in bytes.
    pub(super) size: u64,
    /// Whether a line ends without a return. Servers do not agree on what such a line is, so none takes it.
    pub(super) has_bare_line_feed: bool,
}

impl Message {
    /// Takes bytes; how many of them belong to the message, if it ends in them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut place = 0;
        while let Some((byte, rest)) = bytes.get(place..).and_then(<[u8]>::split_first) {
            place += 1;
            self.at = match (self.at, byte) {
                (At::LineStart, b'.') => At::Dot,
                (At::Dot, b'\r') => At::DotReturn,
                (At::DotReturn, b'\n') => return Some(place),
                // A dot that was put before a line is none of it.
                (At::DotReturn, byte) => {
                    self.keep(b"\r");
                    self.after(At::Return, *byte)
                }
                (at, byte) => self.after(at, *byte),
            };
            if self.at == At::Within {
                let run = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(rest.len());
                self.keep(rest.get(..run).unwrap_or_default());
                place += run;
            }
        }
        None
    }

    fn after(&mut self, at: At, byte: u8) -> At {
        self.keep(&[byte]);
        match byte {
            b'\r' => At::Return,
            b'\n' if at == At::Return => At::LineStart,
            b'\n' => {
                self.has_bare_line_feed = true;
                At::Within
            }
            _ => At::Within,
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        let room = KEPT.saturating_sub(self.beginning.len()).min(bytes.len());
        self.beginning.extend_from_slice(bytes.get(..room).unwrap_or_default());
    }

    /// The header and its end; `None` if it is longer than what is kept.
    pub(super) fn header(&self) -> Option<&[u8]> {
        let end = self.beginning.windows(4).position(|bytes| bytes == b"\r\n\r\n").map(|end| end + 2);
        let is_all_here = self.size == self.beginning.len() as u64;
        let end = if self.beginning.starts_with(b"\r\n") { Some(0) } else { end };
        self.beginning.get(..end.or(is_all_here.then_some(self.beginning.len()))?)
    }

    /// A header field with this name, its lines made one; the first where there are several.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let header = String::from_utf8_lossy(self.header()?);
        let mut lines = header.split("\r\n");
        let first = lines.find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.trim_end().eq_ignore_ascii_case(name).then_some(value)
        })?;
        let more = lines.take_while(|line| line.starts_with([' ', '\t']));
        let text: Vec<&str> = [first].into_iter().chain(more).map(str::trim).filter(|part| !part.is_empty()).collect();
        Some(text.join(" "))
    }
}

/// The address in a field such as `From: Ann <ann@contoso.com>`: the first one.
pub(super) fn address_in(field: &str) -> Option<&str> {
    let angled = field.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map(|(address, _)| address);
    let address = angled.or_else(|| field.split(',').next())?.trim();
    (address.contains('@') && !address.contains(char::is_whitespace)).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The message, and what follows it, however the bytes come.
    fn received(bytes: &[u8], chunk: usize) -> (Message, usize) {
        let mut message = Message::default();
        let mut before = 0;
        for chunk in bytes.chunks(chunk) {
            if let Some(used) = message.push(chunk) {
                return (message, bytes.len() - before - used);
            }
            before += chunk.len();
        }
        panic!("it does not end");
    }

    #[test]
    fn only_a_dot_on_a_line_of_its_own_ends_it() {
        for (sent, text, rest) in [
            ("Hello\r\n.\r\n", "Hello\r\n", 0),
            (".\r\nQUIT\r\n", "", 6),
            ("..\r\n.x\r\n\r\n.\r\n", ".\r\nx\r\n\r\n", 0),
            ("a.\r\n.\r\r\n.\r\n", "a.\r\n\r\r\n", 0),
            ("a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", 0),
            ("a\n.\nb\n.\r\nc\r\n.\r\n", "a\n.\nb\n.\r\nc\r\n", 0),
        ] {
            for chunk in 1..sent.len() {
                let (message, left) = received(sent.as_bytes(), chunk);
                assert_eq!((String::from_utf8(message.beginning).unwrap().as_str(), left), (text, rest), "{sent:?}");
                assert_eq!(message.size, text.len() as u64);
                assert_eq!(message.has_bare_line_feed, text.replace("\r\n", "").contains('\n'), "{sent:?}");
            }
        }
    }

    #[test]
    fn fields_are_found_and_their_lines_joined() {
        let sent = "from: Ann\r\n <ann@contoso.com>\r\nSubject:\r\n A long\r\n\tsubject \r\nX: y\r\n\r\nTo: b\r\n.\r\n";
        let (message, _) = received(sent.as_bytes(), 7);
        assert_eq!(message.field("From").as_deref(), Some("Ann <ann@contoso.com>"));
        assert_eq!(message.field("subject").as_deref(), Some("A long subject"));
        assert_eq!((message.field("To"), message.field("Y")), (None, None), "the text is no header");
        let (empty, _) = received(b"\r\nFrom: x\r\n\r\n.\r\n", 1);
        assert_eq!(empty.field("From"), None);
        for (field, address) in [
            ("Ann <ann@contoso.com>", Some("ann@contoso.com")),
            ("ann@contoso.com, bob@contoso.com", Some("ann@contoso.com")),
            ("\"<a\" ann", None),
            ("", None),
        ] {
            assert_eq!(address_in(field), address, "{field}");
        }
    }

    #[test]
    fn memory_is_bounded_and_a_header_that_is_not_kept_whole_is_none() {
        let mut message = Message::default();
        for _ in 0..1000 {
            assert_eq!(message.push(&[b'x'; 1000]), None);
        }
        assert_eq!((message.size, message.beginning.len()), (1_000_000, KEPT));
        assert_eq!(message.header(), None);
    }
}
