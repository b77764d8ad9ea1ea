//! What is set up in a mailbox: forwarding, rules, who else may open it or send from it, and how it can be reached.

use time::OffsetDateTime;

/// A rule for incoming mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InboxRule {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) enabled: bool,
    /// Not shown unless somebody asks for hidden rules: Exchange's own, or one that somebody wants nobody to see.
    pub(crate) hidden: bool,
    // Conditions: mail from these, and with one of these words.
    pub(crate) from: &'static [&'static str],
    pub(crate) subject_contains: &'static [&'static str],
    pub(crate) subject_or_body_contains: &'static [&'static str],
    // Actions.
    pub(crate) forward_to: &'static [&'static str],
    pub(crate) redirect_to: &'static [&'static str],
    pub(crate) delete: bool,
    pub(crate) move_to: Option<&'static str>,
    pub(crate) mark_as_read: bool,
    pub(crate) stop: bool,
}

/// A rule that tidies up mail from one sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SweepRule {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) sender: &'static str,
    pub(crate) destination: &'static str,
}

/// One mailbox.
#[derive(Clone, Debug)]
pub(crate) struct Mailbox {
    /// The outside address that mail is forwarded to, without `smtp:`.
    pub(crate) forwarding_address: Option<String>,
    /// The recipient of the organization that mail is forwarded to, by its display name.
    pub(crate) forwarding_recipient: Option<String>,
    /// Whether forwarded mail is delivered here, too.
    pub(crate) deliver_and_forward: bool,
    pub(crate) rules: Vec<InboxRule>,
    pub(crate) sweep_rules: Vec<SweepRule>,
    /// Who may open it, send as it, and send on its behalf, by address and by name.
    pub(crate) full_access: Vec<&'static str>,
    pub(crate) send_as: Vec<&'static str>,
    pub(crate) send_on_behalf: Vec<&'static str>,
    /// Whether the old protocols are open: IMAP and POP.
    pub(crate) legacy_protocols: bool,
    /// Whether programs may submit mail with a password alone; `None` is as the organization has it.
    pub(crate) smtp_auth_disabled: Option<bool>,
    pub(crate) audited: bool,
    pub(crate) audit_bypassed: bool,
    pub(crate) changed: OffsetDateTime,
}

impl Mailbox {
    /// One with nothing out of the ordinary, last changed at this time.
    pub(crate) fn ordinary(changed: OffsetDateTime) -> Self {
        Self {
            forwarding_address: None,
            forwarding_recipient: None,
            deliver_and_forward: false,
            rules: vec![InboxRule {
                id: 1,
                name: "Junk E-mail Rule",
                enabled: true,
                hidden: true,
                ..InboxRule::default()
            }],
            sweep_rules: Vec::new(),
            full_access: Vec::new(),
            send_as: Vec::new(),
            send_on_behalf: Vec::new(),
            legacy_protocols: false,
            smtp_auth_disabled: None,
            audited: true,
            audit_bypassed: false,
            changed,
        }
    }
}
