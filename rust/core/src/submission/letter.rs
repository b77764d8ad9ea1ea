//! The message that is handed over.

use time::format_description::well_known::Rfc2822;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::Result;
use crate::restriction::check_address;

/// A message of a sender to one recipient that says only what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The sender's address.
    pub from: String,
    /// The recipient's.
    pub to: String,
    /// When it was written.
    pub date: OffsetDateTime,
    /// Its message id, without the angle brackets.
    pub id: String,
}

impl Letter {
    /// A new one.
    ///
    /// # Errors
    /// [`InvalidAddress`](crate::error::Code::InvalidAddress) for an address that cannot stand in a message.
    pub fn new(from: &str, to: &str, date: OffsetDateTime) -> Result<Self> {
        [from, to].into_iter().try_for_each(check_address)?;
        let domain = from.rsplit_once('@').map_or(from, |(_, domain)| domain);
        let id = format!("{}@{domain}", Uuid::new_v4().simple());
        Ok(Self { from: from.to_owned(), to: to.to_owned(), date, id })
    }

    /// Whether a server must be able to take addresses that are not ASCII (RFC 6531).
    pub(super) fn is_international(&self) -> bool {
        !self.from.is_ascii() || !self.to.is_ascii()
    }

    /// It as it travels: lines that end with a carriage return and a line feed, and none that begins with a point.
    pub(super) fn text(&self) -> String {
        let Self { from, to, date, id } = self;
        // A year before 1900 cannot be written so, and no clock shows one.
        let date = date.format(&Rfc2822).unwrap_or_default();
        format!(
            "From: <{from}>\r\n\
             To: <{to}>\r\n\
             Subject: Test of outgoing mail\r\n\
             Date: {date}\r\n\
             Message-ID: <{id}>\r\n\
             Auto-Submitted: auto-generated\r\n\
             MIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=us-ascii\r\n\
             \r\n\
             This message was sent to test whether its sender can send again after a\r\n\
             restriction was lifted. There is nothing to do about it.\r\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::error::Code;

    const NOON: OffsetDateTime = datetime!(2026-11-29 12:00 UTC);

    #[test]
    fn a_letter_is_a_message_of_its_sender() {
        let letter = Letter::new("ceo@contoso.com", "me@fabrikam.example", NOON).unwrap();
        let text = letter.text();
        for line in ["From: <ceo@contoso.com>", "To: <me@fabrikam.example>", "Date: Sun, 29 Nov 2026 12:00:00 +0000"] {
            assert!(text.contains(&format!("{line}\r\n")), "{text}");
        }
        assert!(text.contains(&format!("Message-ID: <{}>\r\n", letter.id)) && letter.id.ends_with("@contoso.com"));
        assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "no bare ends of lines");
        assert!(!text.contains("\r\n."), "a point would end the message");
        let another = Letter::new("ceo@contoso.com", "me@fabrikam.example", NOON).unwrap();
        assert_ne!(letter.id, another.id);
    }

    #[test]
    fn an_address_says_nothing_but_itself() {
        for address in
            ["", "me", "@fabrikam.example", "me@", "me@x.example>\r\nRCPT TO:<you@y.example", "a b@x.example"]
        {
            for (from, to) in [(address, "me@fabrikam.example"), ("ceo@contoso.com", address)] {
                let error = Letter::new(from, to, NOON).unwrap_err();
                assert_eq!(error.code(), Code::InvalidAddress, "{address:?}");
            }
        }
        assert!(Letter::new("o'neil+x@contoso.com", "köln@fabrikam.example", NOON).unwrap().is_international());
    }
}
