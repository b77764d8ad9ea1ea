//! App permissions of Microsoft Graph: what a token for it lets its bearer do.

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
