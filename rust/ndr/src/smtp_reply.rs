//! What a server answers when it refuses (RFC 5321, RFC 2034): `550 5.1.8 Access denied, bad outbound sender`, in all the
//! forms that reports and logs give it.

use std::net::IpAddr;

use crate::code::EnhancedStatus;

/// A server's refusal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// The reply code, 400 to 599.
    pub code: Option<u16>,
    /// The enhanced status.
    pub status: Option<EnhancedStatus>,
    /// The whole reply in one line, at most [`LONGEST`] bytes.
    pub text: String,
}

/// How much of a reply is kept, in bytes: the longest of Exchange Online's have some hundred.
pub const LONGEST: usize = 2000;

/// Where a reply was found in a text.
pub(crate) struct Place {
    pub(crate) code: Option<u16>,
    pub(crate) status: EnhancedStatus,
    /// Where the reply begins.
    pub(crate) start: usize,
    /// Where the status ends.
    pub(crate) end: usize,
}

impl Reply {
    /// The refusal in a diagnostic text, with or without `smtp;` before it and on one or several lines. A text without
    /// any code is a reply too: its words may still tell.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let text = one_line(text);
        let text = text.trim_matches(|character| matches!(character, '\'' | '"'));
        let mut first = None;
        for place in places(text.as_bytes()) {
            // What a server wraps around the words of another one has no reply code: "<host #5.1.8 smtp;553 5.1.8 ...".
            if place.code.is_some() {
                first = Some(place);
                break;
            }
            first = first.or(Some(place));
        }
        match first {
            Some(place) => {
                Self { code: place.code, status: Some(place.status), text: without_protocol(text).to_owned() }
            }
            None => {
                let text = without_protocol(text);
                Self { code: leading_code(text.as_bytes()), status: None, text: text.to_owned() }
            }
        }
    }

    /// The code of Exchange Online's filter, such as 42004 of `AS(42004)`.
    #[must_use]
    pub fn antispam_code(&self) -> Option<u32> {
        self.text.split("AS(").skip(1).find_map(|rest| rest.split(')').next()?.parse().ok())
    }

    /// The IP address that is refused: the first one in the text that is not beside a server's name, as in
    /// `host mx.example.net[192.0.2.4]`.
    #[must_use]
    pub fn ip_address(&self) -> Option<IpAddr> {
        let mut before = "";
        for token in self.text.split_ascii_whitespace() {
            let opened = token.starts_with(['[', '(']);
            let of_a_host = opened && token.starts_with('(') && before.contains('.');
            let bare = token.trim_matches(|c: char| !c.is_ascii_hexdigit() && c != ':');
            let bare = bare.trim_end_matches(':').split(']').next().unwrap_or_default();
            let inside = token.split_once("sender[").map(|(_, rest)| rest.split(']').next().unwrap_or_default());
            if let Some(address) = inside.unwrap_or(bare).parse().ok().filter(|_| !of_a_host) {
                return Some(address);
            }
            before = token;
        }
        None
    }

    /// The address to write to for removal, where the refusal names one.
    #[must_use]
    pub fn delist_address(&self) -> Option<&str> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '.' | '-' | '_');
        let mut words = self.text.split(|c| !is_name(c));
        words.find(|word| word.starts_with("delist@")).map(|word| word.trim_end_matches('.'))
    }
}

/// Every status in a text, with the reply code before it, in order.
pub(crate) fn places(text: &[u8]) -> impl Iterator<Item = Place> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || loop {
        // A status has a point behind its first digit.
        let point = from + memchr::memchr(b'.', text.get(from..)?)?;
        from = point + 1;
        let Some(start) = point.checked_sub(1) else { continue };
        let free = start == 0 || !matches!(text[start - 1], b'0'..=b'9' | b'.' | b'a'..=b'z' | b'A'..=b'Z');
        if !free {
            continue;
        }
        if let Some((status, length)) = EnhancedStatus::at_start(&text[start..]) {
            from = start + length;
            if status.class == 2 {
                continue;
            }
            let (code, start) = code_before(text, start);
            return Some(Place { code, status, start, end: from });
        }
    })
}

/// The reply code before a status, and where the reply begins.
fn code_before(text: &[u8], status: usize) -> (Option<u16>, usize) {
    let gap = text[..status].iter().rev().take(3).take_while(|byte| b" -;#".contains(byte)).count();
    let end = status - gap;
    let Some(start) = end.checked_sub(3).filter(|_| gap > 0) else { return (None, status) };
    let free = start == 0 || !text[start - 1].is_ascii_alphanumeric() && text[start - 1] != b'.';
    match three_digits(&text[start..end]).filter(|_| free) {
        Some(code) => (Some(code), start),
        None => (None, status),
    }
}

/// The reply code that a text begins with.
fn leading_code(text: &[u8]) -> Option<u16> {
    let ends = !text.get(3).is_some_and(u8::is_ascii_alphanumeric);
    three_digits(text.get(..3)?).filter(|_| ends)
}

fn three_digits(text: &[u8]) -> Option<u16> {
    match text {
        [first @ (b'4' | b'5'), second @ b'0'..=b'9', third @ b'0'..=b'9'] => {
            let digit = |byte: &u8| u16::from(byte - b'0');
            Some(digit(first) * 100 + digit(second) * 10 + digit(third))
        }
        _ => None,
    }
}

/// Without the name of the protocol that stands before it in a report.
fn without_protocol(text: &str) -> &str {
    match text.split_once(';') {
        Some((protocol, rest)) if protocol.trim().eq_ignore_ascii_case("smtp") => rest.trim_start(),
        _ => text,
    }
}

/// A text in one line: each run of spaces and line ends is one space, and what several lines of a reply repeat at their
/// beginning (`550-5.1.1 `) stands once.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(LONGEST));
    for (number, part) in text.lines().enumerate() {
        let part = if number > 0 { without_repeated_code(part.trim()) } else { part };
        for word in part.split(|c: char| c.is_whitespace() || c == '\0').filter(|word| !word.is_empty()) {
            if line.len() + word.len() >= LONGEST {
                return line;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    line
}

/// A line after the first one, without the codes of the reply.
fn without_repeated_code(line: &str) -> &str {
    let bytes = line.as_bytes();
    let Some(_) = bytes.get(..3).and_then(three_digits).filter(|_| matches!(bytes.get(3), Some(b'-' | b' '))) else {
        return line;
    };
    match EnhancedStatus::at_start(&bytes[4..]) {
        Some((_, length)) => line[4 + length..].trim_start(),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (Option<u16>, Option<String>) {
        let reply = Reply::parse(text);
        (reply.code, reply.status.map(|status| status.to_string()))
    }

    #[test]
    fn a_reply_is_read_in_every_form() {
        for text in [
            "550 5.1.8 Access denied, bad outbound sender",
            "smtp;550 5.1.8 Access denied, bad outbound sender",
            "SMTP; 550 5.1.8 Access denied",
            "550-5.1.8 Access denied,\r\n550 5.1.8 bad outbound sender",
            "550;5.1.8 Access denied",
            "'550 5.1.8 Access denied'",
            "#550 5.1.8 RESOLVER; not found ##",
            "#< #5.1.8 smtp;550 5.1.8 Access denied> #SMTP#",
            "550 #5.1.8 Access denied",
        ] {
            assert_eq!(parts(text), (Some(550), Some("5.1.8".into())), "{text}");
        }
        assert_eq!(parts("5.1.8 Access denied"), (None, Some("5.1.8".into())));
        assert_eq!(parts("550 Access denied"), (Some(550), None));
        assert_eq!(parts("host 15.1.8.3 said 5500 no"), (None, None));
        assert_eq!(parts("250 2.1.5 ok"), (None, None));
    }

    #[test]
    fn a_reply_of_several_lines_becomes_one() {
        let reply = Reply::parse("550-5.1.8 Access denied,\r\n550-5.1.8 bad outbound\r\n550 5.1.8 sender");
        assert_eq!(reply.text, "550-5.1.8 Access denied, bad outbound sender");
    }

    #[test]
    fn the_refused_address_is_not_that_of_a_server() {
        let address = |text: &str| Reply::parse(text).ip_address().map(|address| address.to_string());
        assert_eq!(
            address("550 5.7.606 Access denied, banned sending IP [192.0.2.1]. To request").as_deref(),
            Some("192.0.2.1")
        );
        assert_eq!(address("550 5.7.511 Access denied, banned sender[192.0.2.2]. To").as_deref(), Some("192.0.2.2"));
        assert_eq!(address("banned sending IP [2001:db8::1] ").as_deref(), Some("2001:db8::1"));
        assert_eq!(address("550 5.1.0 192.0.2.3 is not allowed").as_deref(), Some("192.0.2.3"));
        assert_eq!(address("host mx.example.net[192.0.2.4] said: 550 5.1.1 no"), None);
        assert_eq!(address("host mx.example.net (192.0.2.4) said: 550 5.1.1 no"), None);
        assert_eq!(address("550 5.1.8 Access denied AS(42004)"), None);
    }

    #[test]
    fn the_filter_has_codes_of_its_own() {
        assert_eq!(Reply::parse("550 5.1.8 denied AS(42000001) [host]").antispam_code(), Some(42_000_001));
        assert_eq!(Reply::parse("550;5.7.711 bad inbound connector. AS(2204).").antispam_code(), Some(2204));
        assert_eq!(Reply::parse("550 AS() AS(x) AS(99999999999)").antispam_code(), None);
        let ban = Reply::parse("550 5.7.511 forward this message to delist@messaging.microsoft.com. For more");
        assert_eq!(ban.delist_address(), Some("delist@messaging.microsoft.com"));
    }
}
