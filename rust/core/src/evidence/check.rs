//! One check of the evidence: what it is called, what came of it, what was seen.

use time::OffsetDateTime;

use crate::error::Error;

macro_rules! names {
    ($($(#[doc = $meaning:literal])+ $name:ident,)+) => {
        /// What is checked, in the order in which a report shows it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CheckName {
            $($(#[doc = $meaning])+ $name,)+
        }

        impl CheckName {
            /// Every check there is.
            pub const ALL: &'static [CheckName] = &[$(CheckName::$name),+];

            /// The name as the module shows it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(CheckName::$name => stringify!($name)),+ }
            }
        }
    };
}

names! {
    /// The password was changed after the block.
    PasswordChanged,
    /// The sessions were revoked after the block.
    SessionsRevoked,
    /// Whether the account may sign in. It informs and decides nothing.
    SignInState,
    /// There is a second step at sign-in, and none was added lately.
    AuthenticationMethods,
    /// No mail is forwarded to the outside.
    Forwarding,
    /// No inbox rule sends mail outside, deletes it or hides it.
    InboxRules,
    /// No sweep rule moves mail away.
    SweepRules,
    /// Nobody unexpected has full access to the mailbox.
    FullAccess,
    /// Nobody unexpected may send as the account, or on its behalf.
    SendAs,
    /// No app was given access to the mail lately.
    AppConsents,
    /// The account has no administrative role.
    AdminRoles,
    /// Microsoft Entra sees no risk in the account.
    UserRisk,
    /// Which old protocols are on. It informs and decides nothing.
    Protocols,
    /// What the mailbox does is recorded.
    MailboxAudit,
    /// The mail came from where it always comes from.
    SentFrom,
    /// Nobody has changed the connector lately.
    ConnectorChanges,
    /// The connector takes mail only from who proves to be yours.
    ConnectorIdentity,
    /// What was relayed through the connector is yours.
    ConnectorRelayed,
    /// No mail flow rule was changed lately.
    TransportRules,
    /// No (other) connector was changed lately.
    Connectors,
}

impl CheckName {
    /// The check of that name, without regard to case.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|check| check.name().eq_ignore_ascii_case(name))
    }

    /// Whether it only informs: such a check makes nobody `NotSafe`, and nobody `CannotTell`.
    #[must_use]
    pub fn is_informational(self) -> bool {
        matches!(self, Self::SignInState | Self::Protocols)
    }
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckState {
    /// Nothing was seen that should not be there.
    Passed,
    /// Something was.
    Failed,
    /// It could not be told; never a yes.
    Unknown,
    /// It makes no sense for this sender.
    NotApplicable,
}

impl CheckState {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
            Self::NotApplicable => "NotApplicable",
        }
    }
}

/// Something that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// When it happened or was changed, in UTC; nothing where the service does not tell.
    pub at: Option<OffsetDateTime>,
    /// What, in a short sentence.
    pub what: String,
    /// Whether it speaks against the sender.
    pub is_suspicious: bool,
}

/// The document that a check follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Its title.
    pub title: &'static str,
    /// Its address.
    pub url: &'static str,
}

/// A check that was made of one sender.
#[derive(Debug, Clone)]
pub struct Check {
    /// Which one.
    pub name: CheckName,
    /// What came of it.
    pub state: CheckState,
    /// What was seen; why it was not made, where it was not.
    pub seen: Vec<Fact>,
    /// Why it matters.
    pub why: &'static str,
    /// What to do where it failed, or to be able to make it where it is unknown.
    pub recommendation: String,
    /// The lines that do it, ready to paste into PowerShell; none where no cmdlet does it, or nothing is to be done.
    pub commands: Vec<String>,
    /// The document that it follows.
    pub source: Source,
    /// What it is read with, and the permission or role that this takes.
    pub needs: &'static str,
    /// Why it is unknown.
    pub problem: Option<Error>,
    /// The identities of the objects that failed it, for example of inbox rules.
    pub objects: Vec<String>,
}

impl Check {
    /// What was seen, in one line, each with its time.
    #[must_use]
    pub fn seen_text(&self) -> String {
        self.seen.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }
}

impl std::fmt::Display for Fact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.what)?;
        match self.at.and_then(crate::restriction::minute) {
            Some(at) => write!(f, " ({at})"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_found_by_name_without_regard_to_case() {
        for check in CheckName::ALL {
            assert_eq!(CheckName::named(&check.name().to_lowercase()), Some(*check));
        }
        assert_eq!(CheckName::named("Horoscope"), None);
    }
}
