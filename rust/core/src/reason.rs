//! The service's `Reason` text: what class of restriction it is, its figures, and one line that an admin understands.
//!
//! The text is a list of segments, `;` between them, each `key=value`, `key:value` or free text. Whichever separator
//! comes first separates, so a value may hold both (IPv6 addresses, times). Keys are compared without regard to case.
//! What the form is called in public documentation and tools stands beside each figure; the service publishes no
//! grammar.

#[cfg(test)]
mod grammar;
mod summary;

use std::borrow::Cow;
use std::net::IpAddr;

use uuid::Uuid;

/// What class of restriction a reason describes.
// In the order in which they are looked for: the first that a reason has a mark of is its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum BlockType {
    /// Outgoing mail was judged to be spam.
    Spam,
    /// The service's own recipient rate limit was exceeded.
    RecipientRate,
    /// A limit of the organization's outbound spam policy was exceeded.
    PolicyLimit,
    /// A connector is restricted, for whatever reason.
    Connector,
    /// A reason that this version does not know. It is shown as it came.
    #[default]
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

    /// Whether so much was sent that a limit was exceeded, whatever the mail was.
    #[must_use]
    pub fn is_over_a_limit(self) -> bool {
        matches!(self, Self::RecipientRate | Self::PolicyLimit)
    }
}

/// A reason, taken apart. Nothing of it is lost: what no figure holds is in [`unknown`](Self::unknown).
///
/// A figure is there only where the text has one that can be read; it is never made up, and never zero for "none".
/// Reasons of the known classes need no memory besides their text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reason {
    /// The text as it came; empty when the service gave none.
    pub text: String,
    /// The class. Never [`BlockType::Connector`]: that is known from the list, not from the text.
    pub block_type: BlockType,
    /// Messages of the last 24 hours that were judged spam (`OutboundSpamLast24Hours`).
    pub spam_last_24_hours: Option<u32>,
    /// All messages of the last 24 hours (`OutboundMailLast24Hours`).
    pub mail_last_24_hours: Option<u32>,
    /// The share of spam in percent, possibly with a fraction (`OutboundSpamPercent`).
    pub spam_percent: Option<f64>,
    /// Where the mail was submitted from (`CIP`).
    pub client_ip: Option<IpAddr>,
    /// The number of the antispam rule (`AS`).
    pub antispam_code: Option<u32>,
    /// The last message that was judged spam (`Last Spam Message MessagetraceId`).
    pub last_spam_message_trace_id: Option<Uuid>,
    /// Which limit of the policy was exceeded, in the service's words: `Internal` or `External`
    /// (`ExceedingLimitType`).
    pub limit_type: Option<Cow<'static, str>>,
    /// Recipients inside the organization since midnight (`InternalRecipientCountToday`).
    pub internal_recipients_today: Option<u32>,
    /// Recipients outside the organization since midnight (`ExternalRecipientCountToday`).
    pub external_recipients_today: Option<u32>,
    /// Recipients of the last 24 hours (`RecipientCountLast24Hours`).
    pub recipients_last_24_hours: Option<u32>,
    /// The service's limit of recipients in 24 hours (`RcptRateLimit`).
    pub recipient_rate_limit: Option<u32>,
    /// What none of the figures holds, as key and value in the order of the text: unknown keys, known keys whose value
    /// cannot be read, further values of a key, and free text with an empty key.
    pub unknown: Vec<(String, String)>,
}

/// Texts that mark a class and say nothing else.
const POLICY_LIMIT: &str = "EmailSendingLimitExceeded";
const RECIPIENT_RATE: &str = "RecipientRateLimitExceeded";

impl Reason {
    /// Takes the text apart; any text will do.
    #[must_use]
    pub fn parse(text: impl Into<String>) -> Self {
        let mut reason = Self { text: text.into(), ..Self::default() };
        let text = std::mem::take(&mut reason.text);
        for segment in text.split(';').map(str::trim).filter(|segment| !segment.is_empty()) {
            reason.read_segment(segment);
        }
        reason.text = text;
        reason
    }

    fn read_segment(&mut self, segment: &str) {
        if segment.eq_ignore_ascii_case(POLICY_LIMIT) {
            // It marks no class by itself: a policy limit is told by `ExceedingLimitType`, which names the limit.
            return;
        }
        if segment.eq_ignore_ascii_case(RECIPIENT_RATE) {
            return self.mark(BlockType::RecipientRate);
        }
        let (key, value) = key_and_value(segment);
        if self.read_figure(key, value) {
            return;
        }
        // Where the mark of this class stands in the text is not documented (?): anywhere will do.
        if contains(segment, RECIPIENT_RATE) {
            self.mark(BlockType::RecipientRate);
        }
        self.unknown.push((key.to_owned(), value.to_owned()));
    }

    /// Whether a figure took the value.
    fn read_figure(&mut self, key: &str, value: &str) -> bool {
        let is = |known: &str| key.eq_ignore_ascii_case(known);
        if value.is_empty() {
            false
        } else if is("OutboundSpamLast24Hours") {
            self.mark(BlockType::Spam);
            first(&mut self.spam_last_24_hours, count(value))
        } else if is("OutboundMailLast24Hours") {
            first(&mut self.mail_last_24_hours, count(value))
        } else if is("OutboundSpamPercent") {
            first(&mut self.spam_percent, percent(value))
        } else if is("Last Spam Message MessagetraceId") {
            first(&mut self.last_spam_message_trace_id, Uuid::try_parse(value).ok())
        } else if is("CIP") {
            first(&mut self.client_ip, value.parse().ok())
        } else if is("AS") {
            first(&mut self.antispam_code, count(value))
        } else if is("InternalRecipientCountToday") {
            first(&mut self.internal_recipients_today, count(value))
        } else if is("ExternalRecipientCountToday") {
            first(&mut self.external_recipients_today, count(value))
        } else if is("ExceedingLimitType") {
            self.mark(BlockType::PolicyLimit);
            first(&mut self.limit_type, Some(limit_type(value)))
        } else if is("RecipientCountLast24Hours") {
            first(&mut self.recipients_last_24_hours, count(value))
        } else if is("RcptRateLimit") {
            first(&mut self.recipient_rate_limit, count(value))
        } else {
            false
        }
    }

    fn mark(&mut self, block_type: BlockType) {
        self.block_type = self.block_type.min(block_type);
    }
}

/// A segment at its first separator; free text has an empty key.
fn key_and_value(segment: &str) -> (&str, &str) {
    match segment.bytes().position(|byte| matches!(byte, b'=' | b':')) {
        Some(separator) if separator > 0 => (segment[..separator].trim_end(), segment[separator + 1..].trim_start()),
        _ => ("", segment),
    }
}

/// Keeps the first value that could be read; says whether it is this one.
fn first<T>(figure: &mut Option<T>, value: Option<T>) -> bool {
    let taken = figure.is_none() && value.is_some();
    if taken {
        *figure = value;
    }
    taken
}

/// A whole number: digits and nothing else, so that neither a sign nor a grouping of another language is misread.
fn count(value: &str) -> Option<u32> {
    value.bytes().all(|byte| byte.is_ascii_digit()).then(|| value.parse().ok())?
}

/// A percentage, with or without its sign.
fn percent(value: &str) -> Option<f64> {
    let number = value.strip_suffix('%').unwrap_or(value).trim_end();
    let plain = number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| number.parse().ok())?.filter(|percent: &f64| percent.is_finite())
}

/// The limits that the service has need no memory of their own.
fn limit_type(value: &str) -> Cow<'static, str> {
    ["Internal", "External"]
        .into_iter()
        .find(|known| *known == value)
        .map_or_else(|| value.to_owned().into(), Cow::Borrowed)
}

/// Whether `text` holds `part` somewhere, without regard to case.
fn contains(text: &str, part: &str) -> bool {
    text.as_bytes().windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(reason: &Reason) -> Vec<(&str, &str)> {
        reason.unknown.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
    }

    #[test]
    fn outbound_spam_has_all_its_figures() {
        let reason = Reason::parse(
            "OutboundSpamLast24Hours=842;OutboundMailLast24Hours=1203;OutboundSpamPercent=70.5;Last Spam Message MessagetraceId:0c6c1eb9-0000-4000-8000-000000000001;CIP=2001:db8::7;AS:42004;",
        );
        assert_eq!(reason.block_type, BlockType::Spam);
        assert_eq!((reason.spam_last_24_hours, reason.mail_last_24_hours), (Some(842), Some(1203)));
        assert_eq!(reason.spam_percent, Some(70.5));
        assert_eq!(reason.client_ip, "2001:db8::7".parse().ok());
        assert_eq!(reason.antispam_code, Some(42004));
        assert_eq!(reason.last_spam_message_trace_id, Uuid::try_parse("0c6c1eb9-0000-4000-8000-000000000001").ok());
        assert_eq!(pairs(&reason), []);
    }

    #[test]
    fn a_policy_limit_has_all_its_figures() {
        let reason = Reason::parse(
            "EmailSendingLimitExceeded;InternalRecipientCountToday=12;ExternalRecipientCountToday=1004;ExceedingLimitType=External;Policy=Strict",
        );
        assert_eq!(reason.block_type, BlockType::PolicyLimit);
        assert_eq!((reason.internal_recipients_today, reason.external_recipients_today), (Some(12), Some(1004)));
        assert_eq!(reason.limit_type.as_deref(), Some("External"));
        assert_eq!(pairs(&reason), [("Policy", "Strict")]);
    }

    #[test]
    fn a_recipient_rate_is_told_by_its_mark_wherever_it_stands() {
        let texts = [
            ("RecipientRateLimitExceeded;RecipientCountLast24Hours=10412;RcptRateLimit=10000", vec![]),
            ("RcptRateLimit:10000;RecipientCountLast24Hours:10412;recipientratelimitexceeded;", vec![]),
            (
                "Cause=RecipientRateLimitExceeded;RcptRateLimit=10000;RecipientCountLast24Hours=10412",
                vec![("Cause", "RecipientRateLimitExceeded")],
            ),
        ];
        for (text, unknown) in texts {
            let reason = Reason::parse(text);
            assert_eq!(reason.block_type, BlockType::RecipientRate, "{text}");
            assert_eq!((reason.recipients_last_24_hours, reason.recipient_rate_limit), (Some(10412), Some(10000)));
            assert_eq!(pairs(&reason), unknown, "{text}");
        }
    }

    #[test]
    fn without_the_name_of_the_limit_it_is_no_policy_block() {
        for text in ["EmailSendingLimitExceeded;InternalRecipientCountToday=1", "ExceedingLimitType=;AS:1"] {
            assert_eq!(Reason::parse(text).block_type, BlockType::Unknown, "{text}");
        }
    }

    #[test]
    fn the_first_separator_separates() {
        let reason = Reason::parse("CIP:2001:db8::7;Seen:at=noon;At=12:30;2001:db8::8; =x;:y;Note");
        assert_eq!(reason.client_ip, "2001:db8::7".parse().ok());
        assert_eq!(
            pairs(&reason),
            [("Seen", "at=noon"), ("At", "12:30"), ("2001", "db8::8"), ("", "=x"), ("", ":y"), ("", "Note")]
        );
    }

    #[test]
    fn what_is_no_figure_is_absent_and_kept() {
        for value in ["many", "-1", "+1", "1,203", "1.5", "0x10", "4294967296", "1 2"] {
            let reason = Reason::parse(format!("OutboundSpamLast24Hours={value}"));
            assert_eq!(reason.spam_last_24_hours, None, "{value}");
            assert_eq!(pairs(&reason), [("OutboundSpamLast24Hours", value)]);
            assert_eq!(reason.block_type, BlockType::Spam, "the key says what it is, whatever its value");
        }
        let long = "9".repeat(400);
        for value in ["NaN", "inf", "1e2", "-5", "54,5", "1.2.3", ".", "%", long.as_str()] {
            assert_eq!(Reason::parse(format!("OutboundSpamPercent={value}")).spam_percent, None, "{value}");
        }
        for (value, percent) in [("70", 70.0), ("70%", 70.0), ("54.25 %", 54.25), ("0", 0.0)] {
            assert_eq!(Reason::parse(format!("OutboundSpamPercent={value}")).spam_percent, Some(percent), "{value}");
        }
        let reason = Reason::parse("CIP=203.0.113.300;AS:x;Last Spam Message MessagetraceId:none;CIP=");
        assert_eq!((reason.client_ip, reason.antispam_code, reason.last_spam_message_trace_id), (None, None, None));
        assert_eq!(reason.unknown.len(), 4);
    }

    #[test]
    fn of_several_values_the_first_that_can_be_read_counts_and_the_others_are_kept() {
        let reason = Reason::parse("CIP=soon;CIP=203.0.113.1;cip=203.0.113.2;AS:1;AS:1");
        assert_eq!((reason.client_ip, reason.antispam_code), ("203.0.113.1".parse().ok(), Some(1)));
        assert_eq!(pairs(&reason), [("CIP", "soon"), ("cip", "203.0.113.2"), ("AS", "1")]);
    }

    #[test]
    fn the_worse_class_wins() {
        let spam = "OutboundSpamLast24Hours=1";
        for text in [format!("ExceedingLimitType=External;{spam}"), format!("{spam};RecipientRateLimitExceeded")] {
            assert_eq!(Reason::parse(text).block_type, BlockType::Spam);
        }
        let reason = Reason::parse("ExceedingLimitType=External;RecipientRateLimitExceeded");
        assert_eq!(reason.block_type, BlockType::RecipientRate);
    }

    proptest! {
        #[test]
        fn any_text_is_kept_as_it_came(text in any::<String>()) {
            prop_assert_eq!(Reason::parse(text.as_str()).text, text);
        }

        #[test]
        fn nothing_of_a_text_without_known_keys_is_lost(text in "[a-z0-9=:; é\\t]{0,80}") {
            prop_assume!(!text.contains("cip") && !text.contains("as"));
            // Letters and digits survive whole and in order; only separators and the space around them go.
            let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
            let kept: String = Reason::parse(text.as_str()).unknown.into_iter().map(|(key, value)| key + &value).collect();
            prop_assert_eq!(letters(&kept), letters(&text));
        }
    }
}
