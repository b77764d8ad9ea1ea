//! Servers by their names.

/// The ends of the names of Exchange Online's servers, in all clouds (Microsoft Learn, "Microsoft 365 URLs and IP
/// address ranges"). `exchangelabs.com` is what some of them call themselves (?).
const MICROSOFT: &[&str] = &[
    "outlook.com",
    "office365.com",
    "office365.us",
    "outlook.de",
    "partner.outlook.cn",
    "mx.microsoft",
    "exchangelabs.com",
];

/// Whether a server is one of Exchange Online.
pub(crate) fn is_microsoft(host: &str) -> bool {
    let host = host.trim().trim_end_matches('.').as_bytes();
    MICROSOFT.iter().any(|end| {
        let Some(start) = host.len().checked_sub(end.len()) else { return false };
        host[start..].eq_ignore_ascii_case(end.as_bytes()) && (start == 0 || host[start - 1] == b'.')
    })
}

/// The server of Exchange Online that a refusal names: `[SN1NAM02FT061.eop-nam02.prod.protection.outlook.com]`.
pub(crate) fn named_in(text: &str) -> Option<&str> {
    let inside = |part: &'_ str| part.find(']').map(|end| end.min(255));
    text.split('[')
        .skip(1)
        .filter_map(|part| inside(part).and_then(|end| part.get(..end)))
        .filter_map(|part| part.split_ascii_whitespace().next())
        .find(|host| is_microsoft(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_their_ends() {
        for ours in ["contoso.mail.protection.outlook.com", "AM6PR01.eurprd01.PROD.OUTLOOK.COM.", "outlook.com"] {
            assert!(is_microsoft(ours), "{ours}");
        }
        for foreign in ["notoutlook.com", "outlook.com.example.net", "mx.example.net", ""] {
            assert!(!is_microsoft(foreign), "{foreign}");
        }
    }

    #[test]
    fn a_refusal_names_its_server_in_brackets() {
        let text =
            "550 5.7.606 banned sending IP [192.0.2.1] AS(1430) [AM5EUR02FT012.prod.protection.outlook.com 2026]";
        assert_eq!(named_in(text), Some("AM5EUR02FT012.prod.protection.outlook.com"));
        assert_eq!(named_in("no [mx.example.net] of theirs ["), None);
    }
}
