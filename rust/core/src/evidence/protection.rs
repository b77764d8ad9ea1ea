//! What was done to secure an account.

use std::sync::Arc;

use time::OffsetDateTime;

use crate::connection::Origin;
use crate::exchange::Secret;
use crate::restriction::Key;

/// What to do to secure an account; nothing by default.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the cmdlet")]
pub struct ProtectOptions {
    /// Turn off the mailbox's forwarding to the outside.
    pub disable_forwarding: bool,
    /// Turn off the inbox rules that failed the check.
    pub disable_inbox_rule: bool,
    /// End all sessions of the account.
    pub revoke_session: bool,
    /// Keep the account from signing in.
    pub block_sign_in: bool,
    /// Give the account another password.
    pub reset_password: bool,
    /// The admin's comment, for the journal.
    pub comment: Option<String>,
    /// Refuse an action that cannot be written into the journal before.
    pub require_journal: bool,
    /// The moment that counts as the block, as for the checks.
    pub since: Option<OffsetDateTime>,
}

/// An action that secures an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protective {
    /// Keep the account from signing in.
    BlockSignIn,
    /// Give the account another password.
    ResetPassword,
    /// End all sessions of the account.
    RevokeSession,
    /// Turn off the mailbox's forwarding to the outside.
    DisableForwarding,
    /// Turn off an inbox rule.
    DisableInboxRule,
}

impl Protective {
    /// The name as the module and the journal show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BlockSignIn => "BlockSignIn",
            Self::ResetPassword => "ResetPassword",
            Self::RevokeSession => "RevokeSession",
            Self::DisableForwarding => "DisableForwarding",
            Self::DisableInboxRule => "DisableInboxRule",
        }
    }
}

/// An action that was taken, or that there was no need to take.
#[derive(Debug, Clone)]
pub struct Protection {
    /// The sender.
    pub key: Key,
    /// The user principal name of its account.
    pub account: Option<String>,
    /// What was done.
    pub action: Protective,
    /// To what, for example the name of an inbox rule; the account or mailbox itself where nothing is named.
    pub object: Option<String>,
    /// Whether anything was changed; nothing is where it was so already.
    pub changed: bool,
    /// What was done, or why nothing had to be, in a sentence.
    pub detail: String,
    /// What was there before, as names and values; the journal has the same. Never a password.
    pub before: Vec<(String, String)>,
    /// The line that undoes it, ready to paste into PowerShell; nothing where it cannot be undone.
    pub undo: Option<String>,
    /// The new password, which is nowhere else: it is handed out once.
    pub password: Option<Secret>,
    /// When the service took it.
    pub at: OffsetDateTime,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// Where it comes from.
    pub origin: Arc<Origin>,
}
