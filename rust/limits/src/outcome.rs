//! What becomes of a message.

use crate::second::Second;

/// What the service does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It goes out.
    Accept,
    /// It waits; handed over again at that second, it goes out if nothing else stands against it.
    Delay {
        /// When the limit allows another message.
        until: Second,
    },
    /// It does not go out, and does not count.
    Refuse {
        /// Which limit stands against it.
        limit: Limit,
        /// How long; nothing where that is not a matter of time.
        until: Option<Until>,
    },
    /// It goes out, and nothing more does after it: the sender is restricted.
    Block {
        /// Which limit it tripped.
        limit: Limit,
        /// How long.
        until: Until,
    },
    /// It goes out, and somebody is told.
    Alert {
        /// Which limit it tripped.
        limit: Limit,
    },
}

/// How long a sender is restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until this second, if nothing else is sent meanwhile.
    At(Second),
    /// Until an admin unblocks.
    Unblocked,
}

/// A limit to outgoing mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Recipients of one message.
    RecipientsPerMessage,
    /// Messages of a user in a minute.
    MessagesPerMinute,
    /// External recipients of a user in an hour, set by an outbound spam policy.
    ExternalPerHour,
    /// Internal recipients of a user in an hour, set by an outbound spam policy.
    InternalPerHour,
    /// Recipients of a user on a day (UTC), set by an outbound spam policy.
    RecipientsPerDay,
    /// Recipients of a user in 24 hours, set by the service.
    RecipientRate,
    /// External recipients of the organization in 24 hours, after groups are expanded.
    TenantExternal,
    /// External recipients of mail from the organization's onmicrosoft.com domain in 24 hours.
    InitialDomain,
}

impl Limit {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RecipientsPerMessage => "RecipientsPerMessage",
            Self::MessagesPerMinute => "MessagesPerMinute",
            Self::ExternalPerHour => "ExternalPerHour",
            Self::InternalPerHour => "InternalPerHour",
            Self::RecipientsPerDay => "RecipientsPerDay",
            Self::RecipientRate => "RecipientRate",
            Self::TenantExternal => "TenantExternal",
            Self::InitialDomain => "InitialDomain",
        }
    }
}
