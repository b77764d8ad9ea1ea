//! How the service says that a message does not go out.

use std::fmt;

use restricted_sender_limits::Limit;

/// What a restricted connector is refused with.
const BAD_CONNECTOR: &str = "5.7.711";

/// A reply to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// The reply code of SMTP.
    pub(crate) code: u16,
    /// The enhanced status code.
    pub(crate) status: &'static str,
    pub(crate) text: String,
}

impl Refused {
    pub(crate) fn new(code: u16, status: &'static str, text: impl Into<String>) -> Self {
        Self { code, status, text: text.into() }
    }

    /// As reports quote it. That of a connector has a mark of its own in it.
    pub(crate) fn diagnostic(&self) -> String {
        if self.status == BAD_CONNECTOR {
            format!("{};{} {}", self.code, self.status, self.text)
        } else {
            self.to_string()
        }
    }

    pub(super) fn no_such_recipient() -> Self {
        Self::new(550, "5.1.10", "RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup")
    }

    pub(super) fn bad_sender() -> Self {
        Self::new(550, "5.1.8", "Access denied, bad outbound sender AS(42004)")
    }

    pub(super) fn bad_connector() -> Self {
        Self::new(550, BAD_CONNECTOR, "Access denied, bad inbound connector. AS(2204).")
    }

    pub(super) fn recipient_rate() -> Self {
        let text = "Your message can't be sent because you've reached your daily limit for message recipients";
        Self::new(550, "5.1.90", text)
    }

    /// What stands against it is a limit. Except for that of a policy and the recipient rate, the words are ours (?).
    pub(super) fn by(limit: Limit, is_trial: bool) -> Self {
        match limit {
            Limit::RecipientRate => Self::recipient_rate(),
            Limit::ExternalPerHour | Limit::InternalPerHour | Limit::RecipientsPerDay => Self::bad_sender(),
            Limit::TenantExternal if is_trial => Self::new(
                550,
                "5.7.232",
                "Your message can't be sent because your trial tenant has exceeded its daily limit for sending email \
                 to external recipients (tenant external recipient rate limit)",
            ),
            Limit::TenantExternal => Self::new(
                550,
                "5.7.233",
                "Your message can't be sent because your tenant has exceeded its daily limit for sending email to \
                 external recipients (tenant external recipient rate limit or TERRL)",
            ),
            Limit::InitialDomain => Self::new(
                550,
                "5.7.236",
                "Your message can't be sent because your tenant has exceeded its daily limit for sending email to \
                 external recipients from its onmicrosoft.com domain",
            ),
            Limit::RecipientsPerMessage => Self::new(550, "5.5.3", "RESOLVER.ADR.RecipLimit; too many recipients"),
            Limit::MessagesPerMinute => Self::new(451, "4.3.2", "Too many messages; try again later"),
        }
    }

    pub(super) fn send_as(user: &str, from: &str) -> Self {
        Self::new(554, "5.2.252", format!("SendAsDenied; {user} not allowed to send as {from}"))
    }

    /// A connector lets in mail of the organization's own domains only.
    pub(super) fn relay() -> Self {
        Self::new(550, "5.7.64", "TenantAttribution; Relay Access Denied")
    }

    pub(super) fn too_busy() -> Self {
        Self::new(452, "4.3.1", "Insufficient system resources; the practice tenant knows as many senders as it can")
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.code, self.status, self.text)
    }
}
