//! The machine-readable part of a report, `message/delivery-status` (RFC 3464): a block of fields for the message and one
//! for each recipient.

use crate::address;

/// What the machine-readable part says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct StatusBlocks {
    /// The server that wrote the report.
    pub(crate) reporting_mta: Option<String>,
    /// The sender, where a server says so (`X-Postfix-Sender`).
    pub(crate) sender: Option<String>,
    /// One for each recipient, at most [`MOST`].
    pub(crate) recipients: Vec<Recipient>,
    /// Whether there were more.
    pub(crate) cut: bool,
}

/// What became of one recipient.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipient {
    pub(crate) final_recipient: Option<String>,
    pub(crate) original_recipient: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) diagnostic: Option<String>,
    pub(crate) remote_mta: Option<String>,
}

/// How many recipients of a message are told: more than the service lets a message have.
pub(crate) const MOST: usize = 5000;

impl Recipient {
    /// Its address: the one that failed, else the one that the sender wrote.
    pub(crate) fn address(&self) -> Option<&str> {
        self.final_recipient.as_deref().or(self.original_recipient.as_deref())
    }

    /// Whether it failed, for good or so far.
    pub(crate) fn has_failed(&self) -> bool {
        match self.action.as_deref() {
            Some(action) => ["failed", "delayed"].iter().any(|failure| action.eq_ignore_ascii_case(failure)),
            None => self.status.as_deref().map_or(self.diagnostic.is_some(), |status| !status.starts_with('2')),
        }
    }

    /// Whether the server still tries.
    pub(crate) fn is_delayed(&self) -> bool {
        self.action.as_deref().is_some_and(|action| action.eq_ignore_ascii_case("delayed"))
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl StatusBlocks {
    /// Reads the fields; what is no field is passed over.
    pub(crate) fn parse(text: &str) -> Self {
        let mut blocks = Self::default();
        let mut recipient = Recipient::default();
        let mut field = String::new();
        for line in text.lines().chain([""]) {
            if line.starts_with([' ', '\t']) {
                if !field.is_empty() && field.len() < 8 << 10 {
                    field.push('\n');
                    field.push_str(line.trim());
                }
                continue;
            }
            blocks.take(&field, &mut recipient);
            field.clear();
            if line.trim().is_empty() {
                blocks.close(&mut recipient);
            } else {
                field.push_str(line);
            }
        }
        blocks
    }

    /// Whether a text has such fields.
    pub(crate) fn are_in(text: &str) -> bool {
        let mut names = text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.trim());
        names.any(|name| ["Final-Recipient", "Diagnostic-Code"].iter().any(|field| name.eq_ignore_ascii_case(field)))
    }

    fn take(&mut self, field: &str, recipient: &mut Recipient) {
        let Some((name, value)) = field.split_once(':') else { return };
        let value = value.trim();
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "reporting-mta" => &mut self.reporting_mta,
            "x-postfix-sender" => &mut self.sender,
            "final-recipient" => {
                // Some leave out the line between two recipients.
                if recipient.final_recipient.is_some() {
                    self.close(recipient);
                }
                &mut recipient.final_recipient
            }
            "original-recipient" => &mut recipient.original_recipient,
            "action" => &mut recipient.action,
            "status" => &mut recipient.status,
            "diagnostic-code" => &mut recipient.diagnostic,
            "remote-mta" => &mut recipient.remote_mta,
            _ => return,
        };
        let value = match name.trim().to_ascii_lowercase().as_str() {
            "action" | "status" => value.split([' ', '\t', '(']).next().unwrap_or_default(),
            "diagnostic-code" => value,
            "reporting-mta" | "remote-mta" => host(value),
            _ => address_in(value),
        };
        if slot.is_none() && !value.is_empty() {
            *slot = Some(value.to_owned());
        }
    }

    fn close(&mut self, recipient: &mut Recipient) {
        let recipient = std::mem::take(recipient);
        if recipient.is_empty() {
            return;
        }
        if self.recipients.len() == MOST {
            self.cut = true;
            return;
        }
        self.recipients.push(recipient);
    }
}

/// What stands behind the type: `dns;HOST`, `rfc822;ADDRESS`.
fn typed(value: &str) -> &str {
    value.split_once(';').map_or(value, |(_, rest)| rest).trim()
}

/// `dns; HOST (ADDRESS)`.
fn host(value: &str) -> &str {
    typed(value).split([' ', '\t', '\n', '(']).next().unwrap_or_default()
}

fn address_in(value: &str) -> &str {
    let value = typed(value);
    address::all(value).next().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_for_each_recipient() {
        let blocks = StatusBlocks::parse(
            "Reporting-MTA: dns;mx.example.net\nX-Unknown: 1\n\nFinal-Recipient: rfc822;a@example.com\nAction: failed\nStatus: 5.1.1 (bad)\nDiagnostic-Code: smtp; 550 5.1.1 <a@example.com>:\n  unknown\nRemote-MTA: dns; mx.example.com (192.0.2.1)\n\nFinal-Recipient: RFC822; <b@example.com>\nAction: delivered\nStatus: 2.0.0\n",
        );
        assert_eq!(blocks.reporting_mta.as_deref(), Some("mx.example.net"));
        let [a, b] = &blocks.recipients[..] else { panic!("{blocks:?}") };
        assert_eq!((a.address(), a.status.as_deref()), (Some("a@example.com"), Some("5.1.1")));
        assert_eq!(a.diagnostic.as_deref(), Some("smtp; 550 5.1.1 <a@example.com>:\nunknown"));
        assert_eq!(a.remote_mta.as_deref(), Some("mx.example.com"));
        assert_eq!((b.address(), a.has_failed(), b.has_failed()), (Some("b@example.com"), true, false));
    }

    #[test]
    fn recipients_without_a_line_between_them_are_two() {
        let blocks = StatusBlocks::parse(
            "Final-Recipient: rfc822;a@b.c\nStatus: 5.1.1\nFinal-Recipient: rfc822;d@b.c\nStatus: 4.4.7\n",
        );
        assert_eq!(blocks.recipients.len(), 2);
        assert!(blocks.recipients.iter().all(Recipient::has_failed));
    }

    #[test]
    fn recipients_are_bounded() {
        let many = "Final-Recipient: rfc822;a@b.c\n\n".repeat(MOST + 1);
        let blocks = StatusBlocks::parse(&many);
        assert_eq!((blocks.recipients.len(), blocks.cut), (MOST, true));
    }

    #[test]
    fn fields_are_told_from_prose() {
        assert!(StatusBlocks::are_in("hello\nfinal-recipient: rfc822;a@b.c"));
        assert!(!StatusBlocks::are_in("The field Final-Recipient: names nobody"));
    }
}
