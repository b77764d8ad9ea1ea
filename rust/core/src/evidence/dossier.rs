//! All that was read for one report. A part that was not read, because nobody asked or because it makes no sense for this
//! sender, is `None`; one that could not be read is its error.

use super::facts::{
    Account, Change, Connector, Consent, Delegate, InboxRule, Mailbox, Method, Protocols, Recipient, Risk, Role, Sent,
    SweepRule, TransportRule,
};
use super::frame::Frame;
use crate::domains::Domains;
use crate::error::{Error, Result};
use crate::reason::Reason;

/// A part of the dossier.
pub type Part<T> = Option<Result<T>>;

/// What was read of one sender or connector.
#[derive(Debug, Clone, Default)]
pub struct Dossier {
    /// The address that was named, or by which it is listed; empty for a connector.
    pub address: String,
    /// What the list says of it, where it is listed.
    pub reason: Option<Reason>,
    /// Who has the address; `Ok(None)` where the directory knows nobody of it.
    pub recipient: Part<Option<Recipient>>,
    /// The account; `Ok(None)` where Microsoft Entra has none of its name.
    pub account: Part<Option<Account>>,
    pub methods: Part<Vec<Method>>,
    pub consents: Part<Vec<Consent>>,
    pub roles: Part<Vec<Role>>,
    /// `Ok(None)` where Microsoft Entra holds nothing of it.
    pub risk: Part<Option<Risk>>,
    pub mailbox: Part<Mailbox>,
    pub inbox_rules: Part<Vec<InboxRule>>,
    pub sweep_rules: Part<Vec<SweepRule>>,
    pub full_access: Part<Vec<Delegate>>,
    pub send_as: Part<Vec<Delegate>>,
    pub protocols: Part<Protocols>,
    /// `AuditBypassEnabled`; nothing where no association is told.
    pub audit_bypassed: Part<Option<bool>>,
    /// What it has sent lately.
    pub sent: Part<Vec<Sent>>,
    pub domains: Part<Domains>,
    pub transport_rules: Part<Vec<TransportRule>>,
    pub inbound: Part<Vec<Connector>>,
    pub outbound: Part<Vec<Connector>>,
    /// Who changed what lately.
    pub changes: Part<Vec<Change>>,
    /// A job's rhythm in its restrictions so far, in words.
    pub rhythm: Part<Option<String>>,
    /// The connector itself, where one is checked and it is known.
    pub connector: Option<Connector>,
}

impl Dossier {
    /// The name by which cmdlets take the mailbox.
    pub fn mailbox_name(&self) -> &str {
        let recipient = self.recipient();
        recipient.and_then(|known| known.principal.as_deref().or(known.primary.as_deref())).unwrap_or(&self.address)
    }

    /// The name by which Microsoft Graph takes the account.
    pub fn account_name(&self) -> String {
        let known = self.recipient();
        let id = self.account().and_then(|account| account.id).or_else(|| known?.object_id);
        let principal = || known.and_then(|known| known.principal.clone());
        id.map(|id| id.to_string()).or_else(principal).unwrap_or_else(|| self.address.clone())
    }

    /// The user principal name, where it is known.
    pub fn principal(&self) -> Option<&str> {
        self.account()
            .and_then(|account| account.principal.as_deref())
            .or_else(|| self.recipient()?.principal.as_deref())
    }

    /// Who has the address, where the directory knows somebody.
    pub fn recipient(&self) -> Option<&Recipient> {
        self.recipient.as_ref()?.as_ref().ok()?.as_ref()
    }

    /// The account, where Microsoft Entra knows it.
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()?.as_ref().ok()?.as_ref()
    }

    /// Everything that a record may call it by.
    pub fn names(&self) -> Vec<&str> {
        let known = self.recipient().map(|known| known.names.as_slice()).unwrap_or_default();
        known.iter().map(String::as_str).chain([self.address.as_str()]).chain(self.principal()).collect()
    }

    /// Whether the sender has a mailbox here. The type decides, never a read that failed.
    pub fn has_mailbox(&self) -> Has {
        if matches!(&self.mailbox, Some(Ok(_))) {
            return Has::Yes;
        }
        match &self.recipient {
            Some(Ok(None)) => Has::No("the directory knows nobody of this address"),
            Some(Ok(Some(known))) => match known.has_mailbox() {
                Some(true) => Has::Yes,
                Some(false) => Has::No("it is no mailbox of this organization"),
                None => Has::Unknown,
            },
            // What can be read nevertheless tells.
            Some(Err(_)) | None => Has::Unknown,
        }
    }

    /// Whether it is about a sender, and not about a connector.
    pub fn is_sender(&self) -> bool {
        !self.address.is_empty()
    }

    /// Whether there is anything of which the audit log tells when it was made, or by whom.
    pub fn has_something_to_date(&self, frame: &Frame) -> bool {
        fn any<T>(part: &Part<Vec<T>>) -> bool {
            matches!(part, Some(Ok(read)) if !read.is_empty())
        }
        let on_behalf = matches!(&self.mailbox, Some(Ok(mailbox)) if !mailbox.on_behalf.is_empty());
        let rules = matches!(&self.transport_rules, Some(Ok(rules))
            if rules.iter().any(|rule| rule.changed.is_some_and(|at| frame.is_new(at))));
        let connectors = [&self.inbound, &self.outbound].into_iter().any(|part| {
            matches!(part, Some(Ok(connectors))
                if connectors.iter().any(|connector| connector.changed.is_some_and(|at| frame.is_new(at))))
        });
        let of_mailbox = any(&self.sweep_rules) || any(&self.full_access) || any(&self.send_as) || on_behalf;
        of_mailbox || any(&self.consents) || any(&self.roles) || rules || connectors
    }

    /// Whether the sender has an account here, which somebody could have taken over.
    pub fn has_account(&self) -> Has {
        let may_sign_in = match &self.recipient {
            Some(Ok(None)) => Some(false),
            Some(Ok(Some(known))) => known.may_sign_in(),
            Some(Err(_)) | None => None,
        };
        match (&self.account, may_sign_in) {
            (Some(Ok(Some(_))), _) => Has::Yes,
            // Both directories agree that there is none.
            (Some(Ok(None)), Some(false)) => {
                Has::No("neither Exchange nor Microsoft Entra has an account for this address")
            }
            (_, Some(true)) => Has::Yes,
            _ => Has::Unknown,
        }
    }

    /// When one of `operations` named one of `names` in a change of something that is one `of` these, as far as the audit
    /// log tells.
    pub fn dated(&self, operations: &[&str], names: &[&str], of: &[&str], frame: &Frame) -> Age {
        let changes = match &self.changes {
            Some(Ok(changes)) => changes,
            Some(Err(error)) => return Age::CannotTell(Some(error.clone())),
            None => return Age::CannotTell(None),
        };
        let new: Vec<_> = changes
            .iter()
            .filter(|change| is_one_of(change, operations))
            .filter(|change| frame.is_new(change.at) && change.mentions(of.iter().copied()))
            .collect();
        if let Some(change) =
            new.iter().filter(|change| change.mentions(names.iter().copied())).max_by_key(|change| change.at)
        {
            return Age::New((*change).clone());
        }
        // Somebody was added, and it is not clear who; or a record may still be on its way.
        if !new.is_empty() || frame.may_lack_records() {
            return Age::CannotTell(None);
        }
        Age::Old
    }
}

/// Operations of Microsoft Entra end in a full stop.
fn is_one_of(change: &Change, operations: &[&str]) -> bool {
    let operation = change.operation.trim_end_matches('.');
    operations.iter().any(|name| name.trim_end_matches('.').eq_ignore_ascii_case(operation))
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Has {
    Yes,
    /// Why not.
    No(&'static str),
    Unknown,
}

/// How old a change is, compared with the block.
#[derive(Debug, Clone)]
pub enum Age {
    /// It was made since shortly before the block.
    New(Change),
    /// The audit log has no record of it since then.
    Old,
    /// The audit log could not be read, or its record may still be on its way.
    CannotTell(Option<Error>),
}
