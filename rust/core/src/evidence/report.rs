//! What the checks of one sender or connector say together.

use std::sync::Arc;

use time::OffsetDateTime;

use super::{Check, CheckName};
use crate::connection::Origin;
use crate::reason::BlockType;
use crate::restriction::Key;

/// How to check.
#[derive(Debug, Clone, Default)]
pub struct TestOptions {
    /// Which checks to make; all where none is named. Whoever leaves one out gets no `Safe`.
    pub checks: Vec<CheckName>,
    /// The moment that counts as the block, instead of when the service listed the sender.
    pub since: Option<OffsetDateTime>,
}

/// Whether the account, or the connector, is safe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every check that applies and decides has passed.
    Safe,
    /// One of them has failed.
    NotSafe,
    /// None has failed, but one could not be made.
    CannotTell,
}

impl Verdict {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "Safe",
            Self::NotSafe => "NotSafe",
            Self::CannotTell => "CannotTell",
        }
    }

    /// The verdict of that name, without regard to case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::Safe, Self::NotSafe, Self::CannotTell];
        all.into_iter().find(|verdict| verdict.name().eq_ignore_ascii_case(name))
    }
}

/// What lies behind a restriction, by all that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LooksLike {
    /// Somebody else uses the account.
    Takeover,
    /// A device, an application or a mail server on premises sends in its name.
    RelayOrDevice,
    /// A job that runs at fixed times has outgrown a limit.
    ScheduledJob,
    /// A person has sent a mailing that is larger than a limit.
    BulkSender,
    /// Nothing speaks clearly for any of these.
    Unclear,
}

impl LooksLike {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Takeover => "Takeover",
            Self::RelayOrDevice => "RelayOrDevice",
            Self::ScheduledJob => "ScheduledJob",
            Self::BulkSender => "BulkSender",
            Self::Unclear => "Unclear",
        }
    }
}

/// Where the moment of the block comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinceBasis {
    /// The list says since when it is restricted.
    Listed,
    /// The admin named it.
    Given,
    /// It is not restricted, or the list could not be read or does not say since when: so many days ago is assumed.
    Assumed,
}

impl SinceBasis {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Listed => "Listed",
            Self::Given => "Given",
            Self::Assumed => "Assumed",
        }
    }
}

/// The evidence about one sender or connector.
#[derive(Debug, Clone)]
pub struct Report {
    /// What it is listed by; what was named, where it is not listed.
    pub key: Key,
    /// What was named, as it was typed.
    pub named: String,
    /// A connector's name, where it is known.
    pub connector_name: Option<String>,
    /// The user principal name of the account behind the sender, where it has one that is known.
    pub account: Option<String>,
    /// The service's `RecipientTypeDetails` of the sender, for example `UserMailbox`; nothing where the directory knows
    /// nobody of the address or could not be read.
    pub recipient_type: Option<String>,
    /// Whether it is safe.
    pub verdict: Verdict,
    /// One line that says why: which checks failed, which could not be made.
    pub summary: String,
    /// What lies behind it.
    pub looks_like: LooksLike,
    /// What speaks for that, a sentence each.
    pub reasons: Vec<String>,
    /// The checks, in the order of [`CheckName::ALL`].
    pub checks: Vec<Check>,
    /// The class of the restriction; nothing where it is not listed.
    pub block_type: Option<BlockType>,
    /// The moment that counts as the block.
    pub since: OffsetDateTime,
    /// Where that moment comes from.
    pub since_basis: SinceBasis,
    /// What was changed from this moment on counts as new: some days before the block.
    pub baseline: OffsetDateTime,
    /// What could not be seen, a sentence each, with the permission that it takes.
    pub unseen: Vec<String>,
    /// When it was checked, by the connection's clock.
    pub tested_at: OffsetDateTime,
    /// Where it comes from.
    pub origin: Arc<Origin>,
}
