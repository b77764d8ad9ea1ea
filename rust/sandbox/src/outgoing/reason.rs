//! The words of the service for why somebody is restricted.

use restricted_sender_limits::{Limit, Recipients};
use uuid::Uuid;

use super::spam::SpamFigures;

/// Too much of what was sent is spam. The service counts messages here, not recipients (?).
pub(super) fn spam(figures: &SpamFigures, last: Uuid, client_address: &str, score: u8) -> String {
    let (spam, mail, percent) = (figures.spam, figures.mail, figures.percent());
    format!(
        "OutboundSpamLast24Hours={spam};OutboundMailLast24Hours={mail};OutboundSpamPercent={percent};\
         Last Spam Message MessagetraceId:{last};CIP={client_address};AS:{score}"
    )
}

/// A limit of an outbound spam policy. The daily limit is of both kinds; the service names the one of which there are
/// more (?).
pub(super) fn policy_limit(limit: Limit, today: Recipients) -> String {
    let Recipients { internal, external, .. } = today;
    let is_external = match limit {
        Limit::ExternalPerHour => true,
        Limit::InternalPerHour => false,
        _ => external >= internal,
    };
    let kind = if is_external { "External" } else { "Internal" };
    format!(
        "EmailSendingLimitExceeded;InternalRecipientCountToday={internal};ExternalRecipientCountToday={external};\
         ExceedingLimitType={kind}"
    )
}

/// The service's own limit of recipients in 24 hours.
pub(super) fn recipient_rate(used: u32) -> String {
    format!("RecipientRateLimitExceeded;RecipientCountLast24Hours={used};RcptRateLimit=10000;")
}
