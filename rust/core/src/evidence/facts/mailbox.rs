//! What Exchange tells of a mailbox.

use super::bare;
use crate::exchange::Record;

/// A mailbox, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mailbox {
    /// `ForwardingSmtpAddress`, without its kind.
    pub forwarding_address: Option<String>,
    /// `ForwardingAddress`: a recipient of the organization.
    pub forwarding_recipient: Option<String>,
    /// Where that recipient's mail goes, if outside; nothing where it was not asked for.
    pub forwarding_recipient_external: Option<Option<String>>,
    pub keeps_copy: Option<bool>,
    pub on_behalf: Vec<String>,
    pub audit_enabled: Option<bool>,
}

impl Mailbox {
    pub fn read(mut row: Record) -> Self {
        Self {
            forwarding_address: row.take_text("ForwardingSmtpAddress").map(|address| bare(&address).to_owned()),
            forwarding_recipient: row.take_text("ForwardingAddress"),
            forwarding_recipient_external: None,
            keeps_copy: row.take_bool("DeliverToMailboxAndForward"),
            on_behalf: row.take_texts("GrantSendOnBehalfTo"),
            audit_enabled: row.take_bool("AuditEnabled"),
        }
    }
}

/// An inbox rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InboxRule {
    pub identity: String,
    pub name: String,
    pub enabled: bool,
    /// Whom it forwards or redirects to, as the service writes them.
    pub sends_to: Vec<String>,
    pub deletes: bool,
    pub moves_to: Option<String>,
    pub marks_read: bool,
    /// The words that it looks for.
    pub words: Vec<String>,
}

impl InboxRule {
    pub fn read(mut row: Record) -> Self {
        let name = row.take_text("Name").unwrap_or_default();
        let mut sends_to = Vec::new();
        for how in ["ForwardTo", "ForwardAsAttachmentTo", "RedirectTo", "SendTextMessageNotificationTo"] {
            sends_to.extend(row.take_texts(how));
        }
        let mut words = Vec::new();
        for place in [
            "SubjectContainsWords",
            "BodyContainsWords",
            "SubjectOrBodyContainsWords",
            "FromAddressContainsWords",
            "HeaderContainsWords",
        ] {
            words.extend(row.take_texts(place));
        }
        Self {
            identity: ["Identity", "RuleIdentity"].iter().find_map(|id| row.take_text(id)).unwrap_or(name.clone()),
            // What does not say whether it is on counts as on.
            enabled: row.take_bool("Enabled").unwrap_or(true),
            deletes: row.take_bool("DeleteMessage") == Some(true) || row.take_bool("SoftDeleteMessage") == Some(true),
            moves_to: row.take_text("MoveToFolder"),
            marks_read: row.take_bool("MarkAsRead") == Some(true),
            name,
            sends_to,
            words,
        }
    }
}

/// A sweep rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepRule {
    pub identity: String,
    pub name: String,
    pub enabled: bool,
    pub moves_to: Option<String>,
}

impl SweepRule {
    pub fn read(mut row: Record) -> Self {
        let name = row.take_text("Name").unwrap_or_default();
        Self {
            identity: ["RuleId", "Identity"].iter().find_map(|id| row.take_text(id)).unwrap_or(name.clone()),
            enabled: row.take_bool("Enabled").unwrap_or(true),
            moves_to: row.take_text("DestinationFolder"),
            name,
        }
    }
}

/// Somebody else's right over the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegate {
    pub who: String,
    pub rights: String,
}

impl Delegate {
    /// A row of `Get-MailboxPermission`; nothing for the owner's own, inherited and denied ones.
    pub fn of_mailbox(mut row: Record) -> Option<Self> {
        if row.take_bool("IsInherited") == Some(true) || row.take_bool("Deny") == Some(true) {
            return None;
        }
        Self::of(row.take_text("User"), &row.take_texts("AccessRights"))
    }

    /// A row of `Get-RecipientPermission`; nothing for the owner's own, inherited and denied ones.
    pub fn of_recipient(mut row: Record) -> Option<Self> {
        let denied = row.take_text("AccessControlType").is_some_and(|kind| kind.eq_ignore_ascii_case("Deny"));
        if denied || row.take_bool("IsInherited") == Some(true) {
            return None;
        }
        Self::of(row.take_text("Trustee"), &row.take_texts("AccessRights"))
    }

    fn of(who: Option<String>, rights: &[String]) -> Option<Self> {
        // Rights of nobody that can be named are still somebody's.
        let who = who.unwrap_or_else(|| "somebody whom the service does not name".to_owned());
        (!who.eq_ignore_ascii_case(r"NT AUTHORITY\SELF")).then(|| Self { who, rights: rights.join(", ") })
    }
}

/// The protocols of a mailbox.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protocols {
    pub imap: Option<bool>,
    pub pop: Option<bool>,
    /// Nothing where the organization's setting decides.
    pub smtp_off: Option<bool>,
}

impl Protocols {
    pub fn read(mut row: Record) -> Self {
        Self {
            imap: row.take_bool("ImapEnabled"),
            pop: row.take_bool("PopEnabled"),
            smtp_off: row.take_bool("SmtpClientAuthenticationDisabled"),
        }
    }
}
