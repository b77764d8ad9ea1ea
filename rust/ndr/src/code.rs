//! Status codes (RFC 3463) and what they say about a refusal.

pub mod table;

use std::fmt;
use std::str::FromStr;

use crate::name::named;

named! {
    /// What was refused, and so what there is to do.
    Class {
        /// The sender is restricted: it is in the list of restricted entities.
        RestrictedSender,
        /// The connector that the mail came through is restricted.
        RestrictedConnector,
        /// The sender has reached the service's limit of recipients in 24 hours.
        RecipientRateLimit,
        /// The mailbox has reached its quota of submissions.
        SubmissionQuota,
        /// The organization has reached a limit of external recipients.
        TenantLimit,
        /// The whole organization is blocked.
        TenantBlocked,
        /// The sender is banned by Microsoft's filter, outside the list of restricted entities.
        BannedSender,
        /// The IP address that the mail came from is banned.
        BannedIP,
        /// The organization's outbound policy does not let mail be forwarded outside.
        ForwardingBlocked,
        /// The domain of the sender is not registered with the organization.
        UnregisteredDomain,
        /// A limit that passes by itself.
        TemporaryLimit,
        /// The recipient's address or mailbox, not the sender.
        RecipientProblem,
        /// Refused for another reason; the diagnostic text has it.
        OtherRefusal,
        /// It is not a report that a message failed.
        NotAReport,
    }
}

named! {
    /// Who can lift it.
    LiftedBy {
        /// An admin of the sender's organization.
        Admin,
        /// Nobody needs to: it passes.
        Time,
        /// Only Microsoft Support.
        MicrosoftSupport,
        /// Whoever owns the address, in the delist portal.
        DelistPortal,
        /// Microsoft, asked by mail to the delist address that the report names.
        DelistMail,
        /// The recipient or the recipient's organization.
        RecipientOrganization,
        /// Whoever sends the message, by changing it.
        Sender,
        /// It cannot be told.
        Unknown,
    }
}

named! {
    /// What to do next.
    NextStep {
        /// Secure the account as a compromised one, then unblock.
        SecureThenUnblock,
        /// Find out whether the connector is abused, then unblock it.
        CheckConnector,
        /// It passes by itself.
        Wait,
        /// Only Microsoft Support can help.
        ContactSupport,
        /// Ask for the removal of the address from the list that bans it.
        Delist,
        /// Allow the forwarding in the outbound policy, if it is wanted.
        ChangeForwardingPolicy,
        /// Register the domain with the organization.
        RegisterDomain,
        /// Change the message or the address that it is sent from.
        FixMessage,
        /// Check the recipient's address.
        CheckRecipient,
        /// Ask the recipient's organization.
        AskRecipient,
        /// Read the diagnostic text: it says what no code does.
        ReadDiagnostic,
        /// Nothing: no message failed.
        Nothing,
    }
}

/// An enhanced status code such as 5.7.708.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedStatus {
    /// 2 delivered, 4 failed for now, 5 failed for good.
    pub class: u8,
    /// What it is about: 1 addresses, 2 mailboxes, 7 policy.
    pub subject: u16,
    /// The detail.
    pub detail: u16,
}

impl EnhancedStatus {
    /// The code of these three numbers.
    #[must_use]
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        Self { class, subject, detail }
    }

    /// The code at the beginning of a text, and how many bytes it takes.
    pub(crate) fn at_start(text: &[u8]) -> Option<(Self, usize)> {
        let [class @ (b'2' | b'4' | b'5'), b'.', rest @ ..] = text else { return None };
        let (subject, subject_digits) = number(rest)?;
        let [b'.', rest @ ..] = &rest[subject_digits..] else { return None };
        let (detail, detail_digits) = number(rest)?;
        let after = &rest[detail_digits..];
        // An IP address, a version, or a longer number is none.
        let goes_on = matches!(after, [b'.', b'0'..=b'9', ..] | [b'0'..=b'9', ..]);
        (!goes_on).then_some((Self::new(class - b'0', subject, detail), 3 + subject_digits + detail_digits))
    }
}

/// A number of one to three digits and how many digits it has.
fn number(text: &[u8]) -> Option<(u16, usize)> {
    let digits = text.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..digits].iter().fold(0, |value, digit| value * 10 + u16::from(digit - b'0'));
    (digits > 0).then_some((value, digits))
}

/// A text that is no status code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoStatus;

impl FromStr for EnhancedStatus {
    type Err = NoStatus;

    fn from_str(text: &str) -> Result<Self, NoStatus> {
        let text = text.trim().as_bytes();
        Self::at_start(text).filter(|(_, length)| *length == text.len()).map(|(status, _)| status).ok_or(NoStatus)
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_three_numbers_and_nothing_longer() {
        assert_eq!("5.7.708".parse(), Ok(EnhancedStatus::new(5, 7, 708)));
        assert_eq!(" 4.7.0 ".parse::<EnhancedStatus>().map(|status| status.to_string()), Ok("4.7.0".into()));
        for wrong in ["", "5", "5.7", "5.7.", "3.1.1", "5.7.7085", "5.7.1.2", "5.1.8x", "x5.1.8", "5..8"] {
            assert_eq!(wrong.parse::<EnhancedStatus>(), Err(NoStatus), "{wrong}");
        }
    }

    #[test]
    fn an_address_is_no_code() {
        assert_eq!(EnhancedStatus::at_start(b"5.1.8.9"), None);
        let ends_a_sentence = EnhancedStatus::at_start(b"5.1.8. More");
        assert_eq!(ends_a_sentence, Some((EnhancedStatus::new(5, 1, 8), 5)));
    }
}
