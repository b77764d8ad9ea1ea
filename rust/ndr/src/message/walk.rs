//! The way through a message, line by line.

use std::io::{self, BufRead};

use super::{starts_with, Message, Part, DEEPEST, KEPT, MOST_MESSAGES, MOST_STATUSES};
use crate::headers::{HeaderLine, Headers};
use crate::lines::Lines;

/// What the lines belong to that come next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The headers of a message (its place) or of a part of it.
    Headers { message: usize, of: Of },
    /// The text or status of a message that is being kept.
    Kept { message: usize, what: Kept },
    /// Headers of a returned message.
    Returned { message: usize },
    /// Nothing that is wanted.
    Skipped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Message,
    Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Text,
    Status,
    Preamble,
    /// A message that is encoded as a whole, against the rules.
    Message,
}

/// A multipart that is open.
struct Open {
    boundary: Vec<u8>,
    message: usize,
}

/// A message and where it is attached.
struct Found {
    message: Message,
    to: Option<usize>,
}

struct Walk {
    messages: Vec<Found>,
    open: Vec<Open>,
    state: State,
    /// The headers of the part that begins.
    part: Headers,
    /// The first lines of a message, until it is clear that they are headers.
    raw: Vec<u8>,
    encoded: Part,
    /// Whether there has been an encoded message, or this is one: no other one is read.
    no_encoded: bool,
    compared: u64,
}

/// Reads a message to its end, or to the line that begins the next one of an mbox file. Nothing at the end of the text.
/// Adds to `work` how many lines and comparisons it took.
pub(crate) fn read(lines: &mut Lines<impl BufRead>, mbox: bool, work: &mut u64) -> io::Result<Option<Message>> {
    let mut walk = Walk::new(false);
    let (mut any, mut after_empty) = (false, true);
    while let Some(line) = lines.next()? {
        *work += 1;
        if mbox && after_empty && begins_message(line) {
            if any {
                lines.back();
                break;
            }
            any = true;
            continue;
        }
        after_empty = line.is_empty();
        any |= !after_empty;
        walk.line(line);
    }
    *work += walk.compared;
    Ok(any.then(|| walk.finish()))
}

/// Whether a line of an mbox file begins a message: `From sender date`, and no sentence.
fn begins_message(line: &[u8]) -> bool {
    let is_time = |bytes: &[u8]| matches!(bytes, [b'0'..=b'9', b':', b'0'..=b'9']);
    line.starts_with(b"From ") && line.windows(3).any(is_time)
}

impl Walk {
    fn new(no_encoded: bool) -> Self {
        Self {
            messages: vec![Found { message: Message::default(), to: None }],
            open: Vec::new(),
            state: State::Headers { message: 0, of: Of::Message },
            part: Headers::default(),
            raw: Vec::new(),
            encoded: Part::default(),
            no_encoded,
            compared: 0,
        }
    }

    fn line(&mut self, line: &[u8]) {
        if line.starts_with(b"--") && self.boundary(line) {
            return;
        }
        match self.state {
            State::Skipped => {}
            State::Headers { message, of } => self.header(line, message, of),
            State::Kept { message, what } => {
                let found = &mut self.messages[message].message;
                let body = match what {
                    Kept::Text => found.texts.last_mut(),
                    Kept::Status => found.statuses.last_mut(),
                    Kept::Preamble => Some(&mut found.preamble),
                    Kept::Message => Some(&mut self.encoded),
                };
                if let Some(part) = body {
                    found.cut |= keep(&mut part.body, line);
                }
            }
            State::Returned { message } => {
                if line.trim_ascii().is_empty() {
                    let any = self.messages[message].message.returned.as_ref().is_some_and(Headers::any);
                    if any {
                        self.state = State::Skipped;
                    }
                } else if let Some(headers) = &mut self.messages[message].message.returned {
                    headers.take(line);
                }
            }
        }
    }

    fn header(&mut self, line: &[u8], message: usize, of: Of) {
        let is_first = message == 0 && of == Of::Message;
        if line.trim_ascii().is_empty() {
            let is_text = is_first && !self.raw.is_empty();
            // A message may begin with empty lines, a part may not.
            if of == Of::Part || self.part.any() || is_text {
                self.begin(message, of);
            }
            if is_text {
                self.line(line);
            }
            return;
        }
        let kind = self.part.take(line);
        if !is_first {
            return;
        }
        if self.part.any() {
            self.raw = Vec::new();
            return;
        }
        // As long as there is no header that mail has it may be a text of somebody.
        keep(&mut self.raw, line);
        if kind == HeaderLine::Other {
            self.only_text();
        }
    }

    /// The headers have ended: decides what becomes of the body.
    fn begin(&mut self, message: usize, of: Of) {
        if of == Of::Message && message == 0 && !self.part.any() {
            self.only_text();
            return;
        }
        let headers = std::mem::take(&mut self.part);
        let content_type = headers.get("content-type").unwrap_or_default().into_owned();
        let transfer_encoding = headers.get("content-transfer-encoding").unwrap_or_default().into_owned();
        let part = || Part {
            content_type: content_type.clone(),
            transfer_encoding: transfer_encoding.clone(),
            body: Vec::new(),
        };
        let encoded =
            ["base64", "quoted-printable"].iter().any(|encoding| transfer_encoding.eq_ignore_ascii_case(encoding));
        let found = &mut self.messages[message].message;
        let is = |kind: &str| starts_with(&content_type, kind);
        self.state = if is("multipart/") {
            found.is_report |= is("multipart/report") && content_type.to_ascii_lowercase().contains("delivery-status");
            self.multipart(&content_type, message)
        } else if is("message/delivery-status") || is("message/global-delivery-status") {
            if found.statuses.len() == MOST_STATUSES {
                found.cut = true;
                State::Skipped
            } else {
                found.statuses.push(part());
                State::Kept { message, what: Kept::Status }
            }
        } else if is("text/rfc822-headers") || is("message/global-headers") || is("message/rfc822-headers") {
            if encoded || found.returned.is_some() {
                State::Skipped
            } else {
                found.returned = Some(Headers::default());
                State::Returned { message }
            }
        } else if is("message/rfc822") || is("message/global") {
            self.attached(message, encoded, part())
        } else if content_type.is_empty()
            || is("text/plain")
            || is("text/html")
            || of == Of::Message && !is("application/") && !is("image/")
        {
            let text = part();
            if found.texts.iter().any(|known| known.is_html() == text.is_html()) {
                State::Skipped
            } else {
                found.texts.push(text);
                State::Kept { message, what: Kept::Text }
            }
        } else {
            State::Skipped
        };
        if of == Of::Message {
            self.messages[message].message.headers = headers;
        }
    }

    fn multipart(&mut self, content_type: &str, message: usize) -> State {
        let boundary = mailparse::parse_content_type(content_type).params.remove("boundary").unwrap_or_default();
        let boundary = boundary.trim_end();
        if boundary.is_empty() {
            // Nobody can tell where its parts begin: what stands in it is read as a text.
            self.messages[message].message.texts.push(Part::default());
            return State::Kept { message, what: Kept::Text };
        }
        if self.open.len() == DEEPEST {
            self.messages[message].message.cut = true;
            return State::Skipped;
        }
        self.open.push(Open { boundary: boundary.as_bytes().to_vec(), message });
        State::Kept { message, what: Kept::Preamble }
    }

    /// A message in a message. That of a report is what it returns, and only its headers tell something.
    fn attached(&mut self, message: usize, encoded: bool, part: Part) -> State {
        let too_many = self.messages.len() > MOST_MESSAGES || encoded && self.no_encoded;
        let found = &mut self.messages[message].message;
        if found.is_report || !found.statuses.is_empty() {
            if encoded || found.returned.is_some() {
                return State::Skipped;
            }
            found.returned = Some(Headers::default());
            return State::Returned { message };
        }
        if too_many {
            found.cut = true;
            return State::Skipped;
        }
        if encoded {
            // One is enough.
            self.no_encoded = true;
            self.encoded = part;
            return State::Kept { message, what: Kept::Message };
        }
        self.messages.push(Found { message: Message::default(), to: Some(message) });
        State::Headers { message: self.messages.len() - 1, of: Of::Message }
    }

    /// It has no headers: all of it is a text.
    fn only_text(&mut self) {
        self.part = Headers::default();
        let body = std::mem::take(&mut self.raw);
        self.messages[0].message.texts.push(Part { body, ..Part::default() });
        self.state = State::Kept { message: 0, what: Kept::Text };
    }

    /// Whether a line begins or ends a part of a multipart that is open; then what follows belongs there.
    fn boundary(&mut self, line: &[u8]) -> bool {
        let line = line[2..].trim_ascii_end();
        for level in (0..self.open.len()).rev() {
            self.compared += 1;
            let Some(rest) = line.strip_prefix(self.open[level].boundary.as_slice()) else { continue };
            if !matches!(rest, b"" | b"--") {
                continue;
            }
            self.end_of_part();
            let message = self.open[level].message;
            if rest.is_empty() {
                self.open.truncate(level + 1);
                self.state = State::Headers { message, of: Of::Part };
            } else {
                self.open.truncate(level);
                self.state = State::Skipped;
            }
            return true;
        }
        false
    }

    fn end_of_part(&mut self) {
        match self.state {
            // A message without a body, or a part without an end of its headers.
            State::Headers { message, of } => self.begin(message, of),
            State::Kept { message, what: Kept::Message } => {
                let mut inner = Self::new(true);
                for line in std::mem::take(&mut self.encoded).text().lines() {
                    inner.line(line.as_bytes());
                }
                self.compared += inner.compared;
                self.messages[message].message.attached.push(inner.finish());
            }
            _ => {}
        }
        self.part = Headers::default();
    }

    /// Puts the messages into those that they are attached to.
    fn finish(mut self) -> Message {
        self.end_of_part();
        while self.messages.len() > 1 {
            let Some(Found { message, to }) = self.messages.pop() else { break };
            if let Some(outer) = to.and_then(|to| self.messages.get_mut(to)) {
                outer.message.attached.insert(0, message);
            }
        }
        self.messages.pop().map(|found| found.message).unwrap_or_default()
    }
}

/// Keeps a line; whether there was no room for all of it.
fn keep(body: &mut Vec<u8>, line: &[u8]) -> bool {
    let room = KEPT.saturating_sub(body.len());
    body.extend_from_slice(&line[..line.len().min(room)]);
    if line.len() < room {
        body.push(b'\n');
    }
    line.len() >= room
}
