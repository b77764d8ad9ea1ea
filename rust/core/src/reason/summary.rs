//! One line that says why an entity is restricted, with the figures of the case.

use std::fmt::{self, Write as _};

use super::{BlockType, Reason};

/// Room for a line that needs no more than one piece of memory.
const LINE: usize = 128;

impl Reason {
    /// One line that says why, with the figures of this case.
    #[must_use]
    pub fn summary(&self) -> String {
        match self.block_type {
            BlockType::Spam => self.spam(),
            BlockType::RecipientRate => self.recipient_rate(),
            BlockType::PolicyLimit => self.policy_limit(),
            BlockType::Connector | BlockType::Unknown => match self.text.trim() {
                "" => "No reason given.".to_owned(),
                text => format!("Reason not known to this version: {text}"),
            },
        }
    }

    fn spam(&self) -> String {
        let mut line = String::with_capacity(LINE);
        // Writing to a String cannot fail.
        let _ = match (self.spam_last_24_hours, self.mail_last_24_hours) {
            (Some(spam), Some(all)) => {
                write!(line, "{} of {} messages in 24 hours judged spam", Grouped(spam), Grouped(all))
            }
            (Some(spam), None) => write!(line, "{} messages in 24 hours judged spam", Grouped(spam)),
            (None, _) => write!(line, "Outgoing messages judged spam"),
        };
        if let Some(percent) = self.spam_percent {
            let _ = write!(line, " ({percent}%)");
        }
        if let Some(address) = self.client_ip {
            let _ = write!(line, ", sent from {address}");
        }
        line
    }

    fn recipient_rate(&self) -> String {
        match (self.recipients_last_24_hours, self.recipient_rate_limit) {
            (Some(count), Some(limit)) => format!(
                "{} recipients in 24 hours, over the service limit of {}; frees up by itself as the hours pass",
                Grouped(count),
                Grouped(limit)
            ),
            _ => "Over the service's recipient limit of 24 hours; frees up by itself as the hours pass".to_owned(),
        }
    }

    fn policy_limit(&self) -> String {
        let limit = self.limit_type.as_deref().unwrap_or("sending");
        let mut line = String::with_capacity(LINE);
        let _ = write!(line, "Over the outbound spam policy's limit ({limit})");
        let _ = match (self.external_recipients_today, self.internal_recipients_today) {
            (Some(external), Some(internal)) => {
                write!(line, ": {} external and {} internal recipients today", Grouped(external), Grouped(internal))
            }
            (Some(external), None) => write!(line, ": {} external recipients today", Grouped(external)),
            (None, Some(internal)) => write!(line, ": {} internal recipients today", Grouped(internal)),
            (None, None) => Ok(()),
        };
        line
    }
}

/// `12345` as `12,345`.
struct Grouped(u32);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1000 {
            return write!(f, "{}", self.0);
        }
        write!(f, "{},{:03}", Grouped(self.0 / 1000), self.0 % 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_class_has_its_line() {
        let lines = [
            (
                "OutboundSpamLast24Hours=842;OutboundMailLast24Hours=1203;OutboundSpamPercent=70;CIP=2001:db8::7;AS:42004;",
                "842 of 1,203 messages in 24 hours judged spam (70%), sent from 2001:db8::7",
            ),
            ("OutboundSpamLast24Hours=842;OutboundSpamPercent=70.50%", "842 messages in 24 hours judged spam (70.5%)"),
            ("OutboundSpamLast24Hours=many;OutboundMailLast24Hours=1203", "Outgoing messages judged spam"),
            (
                "EmailSendingLimitExceeded;InternalRecipientCountToday=12;ExternalRecipientCountToday=1004;ExceedingLimitType=External",
                "Over the outbound spam policy's limit (External): 1,004 external and 12 internal recipients today",
            ),
            (
                "InternalRecipientCountToday=1200;ExceedingLimitType=Internal",
                "Over the outbound spam policy's limit (Internal): 1,200 internal recipients today",
            ),
            ("ExceedingLimitType=Per hour", "Over the outbound spam policy's limit (Per hour)"),
            (
                "RecipientRateLimitExceeded;RecipientCountLast24Hours=10412;RcptRateLimit=10000",
                "10,412 recipients in 24 hours, over the service limit of 10,000; frees up by itself as the hours pass",
            ),
            (
                "RecipientRateLimitExceeded",
                "Over the service's recipient limit of 24 hours; frees up by itself as the hours pass",
            ),
            (" Blocked by a person ", "Reason not known to this version: Blocked by a person"),
            (" ", "No reason given."),
        ];
        for (text, line) in lines {
            assert_eq!(Reason::parse(text).summary(), line, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_has_a_line(text in any::<String>()) {
            prop_assert!(!Reason::parse(text).summary().is_empty());
        }

        #[test]
        fn digits_are_grouped_and_kept(number in any::<u32>()) {
            let text = Grouped(number).to_string();
            prop_assert!(text.rsplit(',').skip(1).all(|part| !part.is_empty()) && text.rsplit(',').rev().skip(1).all(|part| part.len() == 3));
            prop_assert_eq!(text.replace(',', ""), number.to_string());
        }
    }
}
