//! Headers of a message or part: only those that reports are read by, so that a hundred thousand others pass by.

use time::OffsetDateTime;

use crate::address;

/// The headers that are kept, in lower case.
const KEPT: &[&str] = &[
    "auto-submitted",
    "content-transfer-encoding",
    "content-type",
    "date",
    "delivered-to",
    "from",
    "in-reply-to",
    "message-id",
    "mime-version",
    "received",
    "return-path",
    "sender",
    "subject",
    "to",
    "x-failed-recipients",
    "x-ms-exchange-crosstenant-network-message-id",
    "x-ms-exchange-message-is-ndr",
    "x-ms-exchange-organization-network-message-id",
];

/// How much of a header is kept, in bytes.
const LONGEST: usize = 4 << 10;

/// The headers that were kept: the first of each name, unfolded.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    kept: Vec<(&'static str, Vec<u8>)>,
    /// Whether the lines that follow fold the last one that was kept.
    keeping: bool,
}

/// What a line among headers is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderLine {
    /// A header, or the continuation of one.
    Header,
    /// Something that does not belong there.
    Other,
}

impl Headers {
    /// Takes a line that is not empty.
    pub(crate) fn take(&mut self, line: &[u8]) -> HeaderLine {
        if matches!(line.first(), Some(b' ' | b'\t')) {
            if let Some((_, value)) = self.kept.last_mut().filter(|_| self.keeping) {
                append(value, line);
            }
            return HeaderLine::Header;
        }
        self.keeping = false;
        let Some((name, value)) = split(line) else { return HeaderLine::Other };
        if let Some(known) = known(name) {
            if self.raw(known).is_none() {
                self.keeping = true;
                let mut kept = Vec::with_capacity(value.len());
                append(&mut kept, value);
                self.kept.push((known, kept));
            }
        }
        HeaderLine::Header
    }

    /// Whether there is any that mail has.
    pub(crate) fn any(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The value of a header, without spaces around it.
    pub(crate) fn get(&self, name: &str) -> Option<std::borrow::Cow<'_, str>> {
        self.raw(name).map(String::from_utf8_lossy)
    }

    /// The first address of a header.
    pub(crate) fn address(&self, name: &str) -> Option<String> {
        self.get(name).and_then(|value| address::of_header(&value))
    }

    /// The moment of the header Date.
    pub(crate) fn date(&self) -> Option<OffsetDateTime> {
        let date = self.get("date")?;
        // The library overflows on numbers that no date has.
        let sane = date.len() <= 64 && date.split(|c: char| !c.is_ascii_digit()).all(|number| number.len() <= 4);
        let seconds = mailparse::dateparse(&date).ok().filter(|_| sane)?;
        OffsetDateTime::from_unix_timestamp(seconds).ok()
    }

    /// The id of the message, without its brackets.
    pub(crate) fn message_id(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        let id = value.split_ascii_whitespace().next()?.trim_matches(['<', '>']);
        (!id.is_empty()).then(|| id.to_owned())
    }

    fn raw(&self, name: &str) -> Option<&[u8]> {
        self.kept.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_slice())
    }
}

/// Name and value of a header; nothing where the line is none.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().take(80).position(|byte| *byte == b':')?;
    let name = line[..colon].trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(|byte| byte.is_ascii_graphic());
    is_name.then(|| (name, &line[colon + 1..]))
}

fn known(name: &[u8]) -> Option<&'static str> {
    KEPT.iter().copied().find(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

fn append(value: &mut Vec<u8>, line: &[u8]) {
    let line = line.trim_ascii();
    let room = LONGEST.saturating_sub(value.len() + 1);
    if !value.is_empty() && !line.is_empty() && room > 0 {
        value.push(b' ');
    }
    value.extend_from_slice(&line[..line.len().min(room)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_unfolded_and_the_first_counts() {
        let mut headers = Headers::default();
        for line in ["From: a@example.com", "X-Other: 1", " folded", "Subject: one", "\ttwo", "FROM : b@example.com"] {
            assert_eq!(headers.take(line.as_bytes()), HeaderLine::Header, "{line}");
        }
        for line in ["no header", "with space: no", ": no"] {
            assert_eq!(headers.take(line.as_bytes()), HeaderLine::Other, "{line}");
        }
        assert_eq!(headers.kept.len(), 2, "what is repeated is not kept");
        assert_eq!(headers.get("subject").as_deref(), Some("one two"));
        assert_eq!(headers.address("from").as_deref(), Some("a@example.com"));
    }

    #[test]
    fn a_header_is_bounded() {
        let mut headers = Headers::default();
        headers.take(b"Subject: x");
        for _ in 0..1000 {
            headers.take(b" yyyyyyyyy");
        }
        assert!(headers.get("subject").unwrap().len() <= LONGEST);
    }

    #[test]
    fn an_absurd_date_is_none() {
        let mut headers = Headers::default();
        headers.take(b"Date: Thu, 29 Apr 99999999999999999999 23:34:45 +0900");
        assert_eq!(headers.date(), None);
    }
}
