//! Page links: an opaque token that says where the next page begins, belongs to one question and does not last.
//!
//! Nothing is remembered between pages. The token carries the number of the last row shown, so rows that come and go
//! between two pages neither hide nor repeat others, and a keyed hash, so that a changed token is noticed.

use std::hash::{BuildHasher, RandomState};

use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::Engine;
use time::{Duration, OffsetDateTime};

/// Rows per page where the client asks for nothing, and the most it gets.
pub(crate) const LARGEST_PAGE: usize = 1000;

/// How long a page link lasts (?).
pub(crate) const LINK_LIFETIME: Duration = Duration::minutes(10);

/// Makes and checks page tokens; its key is random and dies with it.
#[derive(Debug, Default)]
pub(crate) struct Pager {
    key: RandomState,
}

impl Pager {
    /// The token of the page after row number `after` of the answer to `question`.
    pub(crate) fn token(&self, question: &str, after: u64, now: OffsetDateTime) -> String {
        let expires = now.saturating_add(LINK_LIFETIME).unix_timestamp();
        let seal = self.key.hash_one((question, after, expires));
        let mut bytes = Vec::with_capacity(24);
        bytes.extend(after.to_be_bytes());
        bytes.extend(expires.to_be_bytes());
        bytes.extend(seal.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The row number after which the page begins; `None` when the token is of another question, changed or expired.
    pub(crate) fn after(&self, token: &str, question: &str, now: OffsetDateTime) -> Option<u64> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (after, rest) = bytes.split_first_chunk::<8>()?;
        let (expires, rest) = rest.split_first_chunk::<8>()?;
        let seal = <[u8; 8]>::try_from(rest).ok()?;
        let (after, expires) = (u64::from_be_bytes(*after), i64::from_be_bytes(*expires));
        let genuine = u64::from_be_bytes(seal) == self.key.hash_one((question, after, expires));
        (genuine && now.unix_timestamp() < expires).then_some(after)
    }
}

/// The page size that a `Prefer` header asks for (`odata.maxpagesize=N`), between 1 and [`LARGEST_PAGE`].
pub(crate) fn page_size(prefer: Option<&str>) -> usize {
    prefer
        .into_iter()
        .flat_map(|header| header.split([',', ';']))
        .filter_map(|preference| preference.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("odata.maxpagesize"))
        .and_then(|(_, size)| size.trim().parse().ok())
        .map_or(LARGEST_PAGE, |size: usize| size.clamp(1, LARGEST_PAGE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-23 08:00 UTC);

    #[test]
    fn a_token_serves_its_own_question_until_it_expires() {
        let pager = Pager::default();
        let token = pager.token("Get-Recipient {}", 7, START);
        assert_eq!(pager.after(&token, "Get-Recipient {}", START), Some(7));
        let last = START + LINK_LIFETIME - Duration::SECOND;
        assert_eq!(pager.after(&token, "Get-Recipient {}", last), Some(7));
        assert_eq!(pager.after(&token, "Get-Recipient {}", START + LINK_LIFETIME), None);
        assert_eq!(pager.after(&token, "Get-BlockedConnector {}", START), None);
        assert_eq!(Pager::default().after(&token, "Get-Recipient {}", START), None);
    }

    #[test]
    fn a_changed_token_is_noticed() {
        let pager = Pager::default();
        let token = pager.token("q", 7, START);
        for position in 0..token.len() {
            let mut bytes = token.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(pager.after(&changed, "q", START), None, "{changed}");
        }
        for nonsense in ["", "!", "AAAA", &token[1..], &format!("{token}AAAA")] {
            assert_eq!(pager.after(nonsense, "q", START), None, "{nonsense}");
        }
    }

    #[test]
    fn page_sizes() {
        for (prefer, size) in [
            (None, 1000),
            (Some(""), 1000),
            (Some("odata.maxpagesize=3"), 3),
            (Some("odata.continue-on-error, OData.MaxPageSize = 25"), 25),
            (Some("odata.continue-on-error;odata.maxpagesize=25"), 25),
            (Some("odata.maxpagesize=0"), 1),
            (Some("odata.maxpagesize=5000"), 1000),
            (Some("odata.maxpagesize=-1"), 1000),
            (Some("odata.maxpagesize=many"), 1000),
        ] {
            assert_eq!(page_size(prefer), size, "{prefer:?}");
        }
    }
}
