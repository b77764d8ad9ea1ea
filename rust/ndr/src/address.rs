//! Addresses in headers and texts.

use mailparse::{addrparse, MailAddr};

/// An address longer than this is none (RFC 5321: 64 for the local part, 255 for the domain).
const LONGEST: usize = 320;

/// The library takes a time that grows with the square of a header's length; no more than a line of mail is given to it.
const LONGEST_HEADER: usize = 998;

/// The first address of a header such as `Kijitora <kijitora@example.com>, ...`.
pub(crate) fn of_header(value: &str) -> Option<String> {
    let parsed = (value.len() <= LONGEST_HEADER).then(|| addrparse(value).ok()).flatten();
    let first = parsed.and_then(|list| {
        list.iter().find_map(|entry| match entry {
            MailAddr::Single(single) => Some(single.addr.clone()),
            MailAddr::Group(group) => group.addrs.first().map(|single| single.addr.clone()),
        })
    });
    first.filter(|address| is_address(address)).or_else(|| all(value).next().map(str::to_owned))
}

/// The addresses in a text, in order.
pub(crate) fn all(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c.is_control() || "<>()[]{},;:\"'=|".contains(c))
        .map(|word| word.trim_matches(['.', '*', '!', '?']))
        .filter(|word| is_address(word))
}

/// The domain of an address.
pub(crate) fn domain(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

/// Whether a word can be an address.
pub(crate) fn is_address(word: &str) -> bool {
    let Some((local, domain)) = word.rsplit_once('@') else { return false };
    word.len() <= LONGEST
        && !local.is_empty()
        && domain.contains(|c: char| c.is_alphanumeric())
        && !word.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_has_a_first_address() {
        for (value, address) in [
            ("Kijitora <k@example.com>", Some("k@example.com")),
            ("\"Neko, K. <x>\" <k@example.com>, b@example.com", Some("k@example.com")),
            ("k@example.com (k@example.com)", Some("k@example.com")),
            ("team: a@example.com, b@example.com;", Some("a@example.com")),
            ("=?utf-8?B?8J+YgA==?= <k@example.com", Some("k@example.com")),
            ("<>", None),
            ("MAILER-DAEMON", None),
            ("", None),
        ] {
            assert_eq!(of_header(value).as_deref(), address, "{value}");
        }
    }

    #[test]
    fn a_text_has_addresses() {
        let text = "Neko<mailto:m@example.co.jp> and 'a@b.example'. x@ @y";
        assert_eq!(all(text).collect::<Vec<_>>(), ["m@example.co.jp", "a@b.example"]);
    }
}
