//! The service's `Reason` text: what class of restriction it is, and one line that an admin understands.
//!
//! The text is a list of segments, `;` between them, each `key=value`, `key:value` or free text. It is only read here;
//! the object keeps it as it came.

use std::fmt::{self, Write as _};

/// What class of restriction a reason describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockType {
    /// Outgoing mail was judged to be spam.
    Spam,
    /// A limit of the organization's outbound spam policy was exceeded.
    PolicyLimit,
    /// The service's own recipient rate limit was exceeded.
    RecipientRate,
    /// A connector is restricted, for whatever reason.
    Connector,
    /// A reason that this version does not know. It is shown as it came.
    Unknown,
}

impl BlockType {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Spam => "Spam",
            Self::PolicyLimit => "PolicyLimit",
            Self::RecipientRate => "RecipientRate",
            Self::Connector => "Connector",
            Self::Unknown => "Unknown",
        }
    }
}

/// A reason, taken apart. Borrowed from the text.
#[derive(Debug, Clone)]
pub struct Reason<'a> {
    text: &'a str,
    /// Key and value of each segment that has both, in their order.
    pairs: Vec<(&'a str, &'a str)>,
}

impl<'a> Reason<'a> {
    /// Takes the text apart; any text will do.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let mut pairs = Vec::with_capacity(8);
        pairs.extend(text.split(';').filter_map(|segment| {
            let separator = segment.find(['=', ':'])?;
            let (key, value) = (segment[..separator].trim(), segment[separator + 1..].trim());
            (!key.is_empty() && !value.is_empty()).then_some((key, value))
        }));
        Self { text: text.trim(), pairs }
    }

    /// The value of a key, without regard to case; of several, the first.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&'a str> {
        self.pairs.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)).map(|(_, value)| *value)
    }

    fn count(&self, key: &str) -> Option<u64> {
        self.value(key)?.parse().ok()
    }

    /// What class of restriction it is.
    #[must_use]
    pub fn block_type(&self) -> BlockType {
        // The order matters: each class is told by what only it has.
        if self.value("OutboundSpamLast24Hours").is_some() {
            BlockType::Spam
        } else if self.text.contains("RecipientRateLimitExceeded") {
            BlockType::RecipientRate
        } else if self.value("ExceedingLimitType").is_some() {
            BlockType::PolicyLimit
        } else {
            BlockType::Unknown
        }
    }

    /// One line that says why, with the figures of this case.
    #[must_use]
    pub fn summary(&self) -> String {
        match self.block_type() {
            BlockType::Spam => self.spam(),
            BlockType::RecipientRate => self.recipient_rate(),
            BlockType::PolicyLimit => self.policy_limit(),
            BlockType::Connector | BlockType::Unknown if self.text.is_empty() => "No reason given.".to_owned(),
            BlockType::Connector | BlockType::Unknown => format!("Reason not known to this version: {}", self.text),
        }
    }

    fn spam(&self) -> String {
        let mut line = String::with_capacity(LINE);
        // Writing to a String cannot fail.
        let _ = match (self.count("OutboundSpamLast24Hours"), self.count("OutboundMailLast24Hours")) {
            (Some(spam), Some(all)) => {
                write!(line, "{} of {} messages in 24 hours judged spam", Grouped(spam), Grouped(all))
            }
            (Some(spam), None) => write!(line, "{} messages in 24 hours judged spam", Grouped(spam)),
            (None, _) => write!(line, "Outgoing messages judged spam"),
        };
        if let Some(percent) = self.value("OutboundSpamPercent") {
            let _ = write!(line, " ({}%)", percent.trim_end_matches('%'));
        }
        if let Some(address) = self.value("CIP") {
            let _ = write!(line, ", sent from {address}");
        }
        line
    }

    fn recipient_rate(&self) -> String {
        match (self.count("RecipientCountLast24Hours"), self.count("RcptRateLimit")) {
            (Some(count), Some(limit)) => format!(
                "{} recipients in 24 hours, over the service limit of {}; frees up by itself as the hours pass",
                Grouped(count),
                Grouped(limit)
            ),
            _ => "Over the service's recipient limit of 24 hours; frees up by itself as the hours pass".to_owned(),
        }
    }

    fn policy_limit(&self) -> String {
        let limit = self.value("ExceedingLimitType").unwrap_or("sending");
        let mut line = String::with_capacity(LINE);
        let _ = write!(line, "Over the outbound spam policy's limit ({limit})");
        if let (Some(internal), Some(external)) =
            (self.count("InternalRecipientCountToday"), self.count("ExternalRecipientCountToday"))
        {
            let (external, internal) = (Grouped(external), Grouped(internal));
            let _ = write!(line, ": {external} external and {internal} internal recipients today");
        }
        line
    }
}

/// Room for a line that needs no more than one piece of memory.
const LINE: usize = 128;

/// `12345` as `12,345`.
struct Grouped(u64);

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

    fn check(text: &str, block_type: BlockType, summary: &str) {
        let reason = Reason::parse(text);
        assert_eq!((reason.block_type(), reason.summary().as_str()), (block_type, summary), "{text}");
    }

    #[test]
    fn each_class_has_its_line() {
        check(
            "OutboundSpamLast24Hours=842;OutboundMailLast24Hours=1203;OutboundSpamPercent=70;Last Spam Message MessagetraceId:0c6c1eb9-0000-4000-8000-000000000001;CIP=2001:db8::7;AS:42004;",
            BlockType::Spam,
            "842 of 1,203 messages in 24 hours judged spam (70%), sent from 2001:db8::7",
        );
        check(
            "EmailSendingLimitExceeded;InternalRecipientCountToday=12;ExternalRecipientCountToday=1004;ExceedingLimitType=External",
            BlockType::PolicyLimit,
            "Over the outbound spam policy's limit (External): 1,004 external and 12 internal recipients today",
        );
        check(
            "RecipientRateLimitExceeded;RecipientCountLast24Hours=10412;RcptRateLimit=10000",
            BlockType::RecipientRate,
            "10,412 recipients in 24 hours, over the service limit of 10,000; frees up by itself as the hours pass",
        );
        check("Blocked by a person", BlockType::Unknown, "Reason not known to this version: Blocked by a person");
        check("", BlockType::Unknown, "No reason given.");
    }

    #[test]
    fn without_the_name_of_the_limit_it_is_no_policy_block() {
        assert_eq!(
            Reason::parse("EmailSendingLimitExceeded;InternalRecipientCountToday=1").block_type(),
            BlockType::Unknown
        );
    }

    #[test]
    fn figures_that_are_none_are_not_invented() {
        check(
            "OutboundSpamLast24Hours=many;OutboundMailLast24Hours=1203",
            BlockType::Spam,
            "Outgoing messages judged spam",
        );
    }

    proptest! {
        #[test]
        fn any_text_has_a_class_and_a_line(text in any::<String>()) {
            let reason = Reason::parse(&text);
            prop_assert!(!reason.summary().is_empty());
            let _ = reason.block_type();
        }

        #[test]
        fn digits_are_grouped_and_kept(number in any::<u64>()) {
            let text = Grouped(number).to_string();
            prop_assert!(text.rsplit(',').skip(1).all(|part| !part.is_empty()) && text.rsplit(',').rev().skip(1).all(|part| part.len() == 3));
            prop_assert_eq!(text.replace(',', ""), number.to_string());
        }
    }
}
