//! Reasons made from their figures, with everything that the service and its forwarders vary: separators, order,
//! spaces, case, text between. What is read must be what they were made from.

use std::net::IpAddr;

use proptest::option::of;
use proptest::prelude::*;
use uuid::Uuid;

use super::{BlockType, Reason};

/// A segment before it is written: key and value, or text alone.
type Segment = (String, Option<String>);

/// How a segment is written: the separator, whether the key is in upper, lower or its own case, and three spaces.
type Style = (char, u8, [bool; 3]);

fn segments(reason: &Reason) -> Vec<Segment> {
    fn pair(key: &str, value: Option<impl ToString>) -> Option<Segment> {
        value.map(|value| (key.to_owned(), Some(value.to_string())))
    }
    let rate = (reason.block_type == BlockType::RecipientRate).then(|| ("RecipientRateLimitExceeded".to_owned(), None));
    [
        rate,
        pair("OutboundSpamLast24Hours", reason.spam_last_24_hours),
        pair("OutboundMailLast24Hours", reason.mail_last_24_hours),
        pair("OutboundSpamPercent", reason.spam_percent),
        pair("Last Spam Message MessagetraceId", reason.last_spam_message_trace_id),
        pair("CIP", reason.client_ip),
        pair("AS", reason.antispam_code),
        pair("ExceedingLimitType", reason.limit_type.as_ref()),
        pair("InternalRecipientCountToday", reason.internal_recipients_today),
        pair("ExternalRecipientCountToday", reason.external_recipients_today),
        pair("RecipientCountLast24Hours", reason.recipients_last_24_hours),
        pair("RcptRateLimit", reason.recipient_rate_limit),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn write(segment: &Segment, (separator, case, [before, around, after]): Style) -> String {
    let space = |wanted: bool| if wanted { "  " } else { "" };
    let (key, value) = segment;
    let key = match case {
        0 => key.to_uppercase(),
        1 => key.to_lowercase(),
        _ => key.clone(),
    };
    let pair = match value {
        Some(value) => format!("{key}{}{separator}{}{value}", space(around), space(around)),
        None => key,
    };
    format!("{}{pair}{}", space(before), space(after))
}

fn figures() -> impl Strategy<Value = Reason> {
    let address = prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u16; 8]>().prop_map(IpAddr::from)];
    let percent = (0..=100_u32, 0..100_u32).prop_map(|(whole, part)| f64::from(whole) + f64::from(part) / 100.0);
    let limit =
        prop_oneof![Just("Internal".to_owned()), Just("External".to_owned()), "[A-Z][a-z]{1,8}( [a-z=:]{1,8})?"];
    (
        (of(any::<u32>()), of(any::<u32>()), of(percent), of(address), of(any::<u32>()), of(any::<u128>())),
        (of(limit), of(any::<u32>()), of(any::<u32>()), of(any::<u32>()), of(any::<u32>()), any::<bool>()),
    )
        .prop_map(
            |((spam, mail, percent, address, code, trace), (limit, internal, external, count, rate, marked))| {
                let block_type = match (spam, marked, &limit) {
                    (Some(_), _, _) => BlockType::Spam,
                    (None, true, _) => BlockType::RecipientRate,
                    (None, false, Some(_)) => BlockType::PolicyLimit,
                    (None, false, None) => BlockType::Unknown,
                };
                Reason {
                    block_type,
                    spam_last_24_hours: spam,
                    mail_last_24_hours: mail,
                    spam_percent: percent,
                    client_ip: address,
                    antispam_code: code,
                    last_spam_message_trace_id: trace.map(Uuid::from_u128),
                    limit_type: limit.map(Into::into),
                    internal_recipients_today: internal,
                    external_recipients_today: external,
                    recipients_last_24_hours: count,
                    recipient_rate_limit: rate,
                    ..Reason::default()
                }
            },
        )
}

/// What no figure is made of: text alone, and keys that nobody knows.
fn junk() -> impl Strategy<Value = Segment> {
    prop_oneof![
        "[A-Z][a-z]{1,9}( [a-z]{1,9}){0,2}".prop_map(|text| (text, None)),
        ("X-[A-Za-z]{1,9}", "[0-9a-zé]([ =:0-9a-z]{0,12}[0-9a-z])?").prop_map(|(key, value)| (key, Some(value))),
    ]
}

fn style() -> impl Strategy<Value = Style> {
    (prop_oneof![Just('='), Just(':')], 0..3_u8, any::<[bool; 3]>())
}

/// A reason, and its segments in any order with junk between them, each in a style of its own.
fn corpus() -> impl Strategy<Value = (Reason, Vec<(Segment, Style)>, usize)> {
    (figures(), prop::collection::vec(junk(), 0..4)).prop_flat_map(|(reason, junk)| {
        let mut all = segments(&reason);
        all.extend(junk);
        let styles = prop::collection::vec(style(), all.len());
        let written =
            (Just(all).prop_shuffle(), styles).prop_map(|(all, styles)| all.into_iter().zip(styles).collect());
        (Just(reason), written, 0..3_usize)
    })
}

proptest! {
    #[test]
    fn what_is_read_is_what_was_written((mut reason, written, trailing) in corpus()) {
        // Text alone keeps its case: there is no key to vary.
        let written: Vec<_> = written
            .into_iter()
            .map(|(segment, (separator, case, spaces))| {
                let alone = segment.1.is_none() && segment.0 != "RecipientRateLimitExceeded";
                (segment, (separator, if alone { 2 } else { case }, spaces))
            })
            .collect();
        let parts: Vec<_> = written.iter().map(|(segment, style)| write(segment, *style)).collect();
        reason.text = parts.join(";") + &";".repeat(trailing);
        let known: Vec<_> = segments(&reason).into_iter().map(|(key, _)| key).collect();
        reason.unknown = written
            .into_iter()
            .filter(|((key, _), _)| !known.contains(key))
            .map(|((key, value), (_, case, _))| match value {
                None => (String::new(), key),
                Some(value) if case == 0 => (key.to_uppercase(), value),
                Some(value) if case == 1 => (key.to_lowercase(), value),
                Some(value) => (key, value),
            })
            .collect();
        prop_assert_eq!(Reason::parse(reason.text.as_str()), reason);
    }
}
