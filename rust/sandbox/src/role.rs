//! What an app may do: the app role Exchange.ManageAsApp lets it in, a directory role lets it do something.

use serde::Serialize;
use uuid::Uuid;

use crate::permission::Permission;

/// The app role that lets an app into Exchange Online at all.
const MANAGE_AS_APP: &str = "Exchange.ManageAsApp";

/// Role templates, the same in every tenant; tokens name them in `wids`.
const EXCHANGE_ADMINISTRATOR: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
const GLOBAL_READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";
/// Stands in the tokens of apps, whatever their roles.
const NO_USER: &str = "0997a1d0-0d1d-4acb-b408-d5ca73121e90";

/// What an app was granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Grant {
    /// The app role and the directory role Exchange Administrator: everything.
    Full,
    /// The app role and the directory role Global Reader: Get cmdlets.
    ReadOnly,
    /// The app role alone: tokens, but no cmdlets.
    NoDirectoryRole,
    /// Neither: tokens without roles.
    #[default]
    None,
    /// Everything, if only its secret had not expired.
    ExpiredSecret,
}

/// What the bearer of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Full,
    ReadOnly,
    /// It is let in, but there is nothing for it to do.
    NoDirectoryRole,
}

/// Who calls: an app, and what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) app: Uuid,
    pub(crate) access: Access,
}

impl Grant {
    /// The `roles` of its tokens.
    pub(crate) fn app_roles(self) -> &'static [&'static str] {
        match self {
            Self::None => &[],
            Self::Full | Self::ReadOnly | Self::NoDirectoryRole | Self::ExpiredSecret => &[MANAGE_AS_APP],
        }
    }

    /// The `roles` of its tokens for Graph. A directory role of Exchange's is nothing there, and the other way round.
    pub(crate) fn permissions(self) -> &'static [Permission] {
        match self {
            Self::Full | Self::ExpiredSecret => &Permission::ALL,
            Self::ReadOnly | Self::NoDirectoryRole => &Permission::READING,
            Self::None => &[],
        }
    }

    /// The `wids` of its tokens.
    pub(crate) fn directory_roles(self) -> &'static [&'static str] {
        match self {
            Self::Full | Self::ExpiredSecret => &[EXCHANGE_ADMINISTRATOR, NO_USER],
            Self::ReadOnly => &[GLOBAL_READER, NO_USER],
            Self::NoDirectoryRole | Self::None => &[NO_USER],
        }
    }

    /// `None`: it is not let in.
    pub(crate) fn access(self) -> Option<Access> {
        match self {
            Self::Full | Self::ExpiredSecret => Some(Access::Full),
            Self::ReadOnly => Some(Access::ReadOnly),
            Self::NoDirectoryRole => Some(Access::NoDirectoryRole),
            Self::None => None,
        }
    }
}

impl Access {
    /// Whether it may run the cmdlet of this name. Global Reader cannot search the audit log: that takes a role of
    /// the groups Organization Management and Compliance Management. Nor can it read inbox rules.
    pub(crate) fn may_run(self, cmdlet: &str) -> bool {
        match self {
            Self::Full => true,
            Self::ReadOnly => {
                cmdlet.split_once('-').is_some_and(|(verb, _)| verb.eq_ignore_ascii_case("get"))
                    && !cmdlet.eq_ignore_ascii_case("Get-InboxRule")
            }
            Self::NoDirectoryRole => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_get_and_change_nothing() {
        let may = |cmdlet: &str| Access::ReadOnly.may_run(cmdlet);
        assert!(may("Get-Recipient") && may("get-recipient") && may("Get-Mailbox") && !may("get-inboxrule"));
        assert!(!may("Remove-BlockedSenderAddress") && !may("GetAll") && !may("") && !may("Getaway-Car"));
        assert!(Access::Full.may_run("Remove-BlockedConnector"));
        assert!(!Access::NoDirectoryRole.may_run("Get-Recipient"));
    }
}
