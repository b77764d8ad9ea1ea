//! App permissions of Microsoft Graph: what a token for it lets its bearer do; and what has been taken away from
//! everybody.

use std::collections::BTreeSet;

/// One permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    ReadUsers,
    ReadAuthenticationMethods,
    ReadDirectory,
    ReadRiskyUsers,
    ReadMailboxSettings,
    RevokeSessions,
    EnableDisableAccounts,
    WritePasswords,
}

impl Permission {
    pub(crate) const ALL: [Self; 8] = [
        Self::ReadUsers,
        Self::ReadAuthenticationMethods,
        Self::ReadDirectory,
        Self::ReadRiskyUsers,
        Self::ReadMailboxSettings,
        Self::RevokeSessions,
        Self::EnableDisableAccounts,
        Self::WritePasswords,
    ];

    /// Those that change nothing.
    pub(crate) const READING: [Self; 5] = [
        Self::ReadUsers,
        Self::ReadAuthenticationMethods,
        Self::ReadDirectory,
        Self::ReadRiskyUsers,
        Self::ReadMailboxSettings,
    ];

    /// As it stands in tokens.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ReadUsers => "User.Read.All",
            Self::ReadAuthenticationMethods => "UserAuthenticationMethod.Read.All",
            Self::ReadDirectory => "Directory.Read.All",
            Self::ReadRiskyUsers => "IdentityRiskyUser.Read.All",
            Self::ReadMailboxSettings => "MailboxSettings.Read",
            Self::RevokeSessions => "User.RevokeSessions.All",
            Self::EnableDisableAccounts => "User.EnableDisableAccount.All",
            Self::WritePasswords => "User-PasswordProfile.ReadWrite.All",
        }
    }
}

/// What the organization has taken away from everybody again: app permissions, and cmdlets (by its roles).
#[derive(Debug, Default)]
pub(crate) struct Permissions {
    withheld: BTreeSet<&'static str>,
}

impl Permissions {
    /// Those of the granted permissions that have not been taken away.
    pub(crate) fn left(&self, granted: &[Permission]) -> Vec<Permission> {
        granted.iter().copied().filter(|permission| self.allow(permission.name())).collect()
    }

    /// Whether a permission or a cmdlet of this exact name can be used.
    pub(crate) fn allow(&self, name: &str) -> bool {
        !self.withheld.contains(name)
    }

    pub(crate) fn take_away(&mut self, name: &'static str) {
        self.withheld.insert(name);
    }

    pub(crate) fn give_back(&mut self, name: &str) {
        self.withheld.remove(name);
    }
}
