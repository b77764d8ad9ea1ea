//! A message on its way past: what of it a report can be read from is kept, the rest is looked at line by line and
//! forgotten. Our own, because the libraries take a whole message in memory; headers, parameters, transfer encodings and
//! charsets are mailparse's.
//!
//! Bounds: of each text and each machine-readable part [`KEPT`] bytes, [`MOST_STATUSES`] such parts and
//! [`MOST_MESSAGES`] messages in a message, [`DEEPEST`] multiparts in each other, and one message that is encoded as a
//! whole in another. What lies beyond is passed over, and the message says that it was cut.

mod walk;

use crate::headers::Headers;

pub(crate) use walk::read;

/// How much of a part is kept, in bytes.
pub const KEPT: usize = 256 << 10;

/// How many machine-readable parts of a message are read: a report has one.
pub const MOST_STATUSES: usize = 8;

/// How many messages in a message are read.
pub const MOST_MESSAGES: usize = 32;

/// How many multiparts in each other are read.
pub const DEEPEST: usize = 16;

/// What was kept of a message.
#[derive(Debug, Default)]
pub(crate) struct Message {
    /// Its headers; none where it is only a text.
    pub(crate) headers: Headers,
    /// Whether it says of itself that it is a delivery report.
    pub(crate) is_report: bool,
    /// The machine-readable parts.
    pub(crate) statuses: Vec<Part>,
    /// The headers of the message that the report returns.
    pub(crate) returned: Option<Headers>,
    /// The first plain text and the first HTML text.
    pub(crate) texts: Vec<Part>,
    /// What stands before the first part of a multipart: all of it, where its boundary never comes.
    pub(crate) preamble: Part,
    /// The messages that are attached to it, where it is no report itself.
    pub(crate) attached: Vec<Message>,
    /// Whether something was passed over for its size.
    pub(crate) cut: bool,
}

impl Message {
    /// Whether something in it was passed over for its size.
    pub(crate) fn is_cut(&self) -> bool {
        self.cut || self.attached.iter().any(Self::is_cut)
    }
}

/// A part as it was sent, or the beginning of it.
#[derive(Debug, Default)]
pub(crate) struct Part {
    content_type: String,
    transfer_encoding: String,
    body: Vec<u8>,
}

impl Part {
    /// Its text, whatever the charset and the transfer encoding. What cannot be decoded is taken as it is.
    pub(crate) fn text(&self) -> String {
        if self.is_plain() {
            if let Ok(text) = std::str::from_utf8(&self.body) {
                return text.to_owned();
            }
        }
        let mut raw = format!("Content-Type: {}\r\n", without_lines(&self.content_type)).into_bytes();
        raw.extend_from_slice(
            format!("Content-Transfer-Encoding: {}\r\n\r\n", without_lines(&self.transfer_encoding)).as_bytes(),
        );
        raw.extend_from_slice(&self.body);
        let decoded = mailparse::parse_mail(&raw).ok().and_then(|part| part.get_body().ok());
        decoded.unwrap_or_else(|| String::from_utf8_lossy(&self.body).into_owned())
    }

    /// Whether it is HTML.
    pub(crate) fn is_html(&self) -> bool {
        starts_with(&self.content_type, "text/html")
    }

    /// Whether its bytes are its text: there is no transfer encoding, and no charset that writes other letters in ASCII.
    fn is_plain(&self) -> bool {
        let shifts = |name: &str| ["iso-2022", "utf-7", "hz-gb"].iter().any(|shifting| name.contains(shifting));
        ["", "7bit", "8bit", "binary"].iter().any(|plain| self.transfer_encoding.eq_ignore_ascii_case(plain))
            && !shifts(&self.content_type.to_ascii_lowercase())
    }
}

fn without_lines(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}
