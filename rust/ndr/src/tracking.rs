//! The status of a recipient in a message tracking log of an Exchange server on premises:
//! `[{LED=550 5.1.8 ... [host]};{MSG=};{FQDN=mx.example.com};{IP=192.0.2.1};{LRT=...}]`.

/// What such a status says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tracked<'a> {
    /// The last error: the reply of the server that refused.
    pub(crate) reply: &'a str,
    /// The server that refused.
    pub(crate) server: Option<&'a str>,
}

/// How many statuses in a text are read: a message has no more recipients.
const MOST: usize = 5000;

/// The statuses in a text, in order; nothing where it has none. Text around them is passed over.
pub(crate) fn statuses(text: &str) -> Vec<Tracked<'_>> {
    let errors = text.split("{LED=").skip(1).take(MOST);
    errors.map(|rest| Tracked { reply: until_closed(rest), server: field(rest, "{FQDN=") }).collect()
}

/// A field behind the error; it belongs to this status, since the text was split where the next one begins.
fn field<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = rest.split_once(name)?;
    Some(until_closed(value).trim()).filter(|value| !value.is_empty())
}

fn until_closed(text: &str) -> &str {
    let end = ["};", "}]"].iter().filter_map(|end| text.find(end)).min();
    &text[..end.or_else(|| text.find('}')).unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_reply_and_its_server() {
        let text = "[{LRT=11/23/2026 7:00:00 AM};{LED=550 5.1.8 Access denied, bad outbound sender AS(42000001) [host]};{MSG=};{FQDN=contoso.mail.protection.outlook.com};{IP=192.0.2.1}]";
        let expected = Tracked {
            reply: "550 5.1.8 Access denied, bad outbound sender AS(42000001) [host]",
            server: Some("contoso.mail.protection.outlook.com"),
        };
        assert_eq!(statuses(text), [expected]);
    }

    #[test]
    fn several_statuses_and_torn_ones() {
        let read = |text| statuses(text).iter().map(|status| (status.reply, status.server)).collect::<Vec<_>>();
        assert_eq!(read("[{LED=550 a};{FQDN=}] [{LED=551 {b} c}]"), [("550 a", None), ("551 {b} c", None)]);
        assert_eq!(read("{LED=550 torn"), [("550 torn", None)]);
        assert!(read("{FQDN=x}").is_empty());
    }
}
