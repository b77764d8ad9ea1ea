//! Reads what Exchange tells of a mailbox.

use super::Reading;
use crate::error::{Code, Error, Result};
use crate::evidence::dossier::{Dossier, Has, Part};
use crate::evidence::facts::{Delegate, InboxRule, Mailbox, Protocols as ProtocolsOf, SweepRule};
use crate::evidence::CheckName::{Forwarding, FullAccess, InboxRules, MailboxAudit, Protocols, SendAs, SweepRules};
use crate::exchange::{Cmdlet, Record};

/// What is read of a mailbox.
#[derive(Default)]
pub struct OfMailbox {
    mailbox: Part<Mailbox>,
    inbox_rules: Part<Vec<InboxRule>>,
    sweep_rules: Part<Vec<SweepRule>>,
    full_access: Part<Vec<Delegate>>,
    send_as: Part<Vec<Delegate>>,
    protocols: Part<ProtocolsOf>,
    audit_bypassed: Part<Option<bool>>,
}

impl OfMailbox {
    pub fn into_dossier(self, dossier: &mut Dossier) {
        let Self { mailbox, inbox_rules, sweep_rules, full_access, send_as, protocols, audit_bypassed } = self;
        (dossier.mailbox, dossier.inbox_rules, dossier.sweep_rules) = (mailbox, inbox_rules, sweep_rules);
        (dossier.full_access, dossier.send_as) = (full_access, send_as);
        (dossier.protocols, dossier.audit_bypassed) = (protocols, audit_bypassed);
    }
}

impl Reading<'_, '_> {
    pub(super) async fn mailbox(&self, dossier: &Dossier) -> OfMailbox {
        let mut of = OfMailbox::default();
        if matches!(dossier.has_mailbox(), Has::No(_)) {
            return of;
        }
        let name = dossier.mailbox_name();
        (of.mailbox, of.inbox_rules, of.sweep_rules, of.full_access, of.send_as, of.protocols, of.audit_bypassed) = tokio::join!(
            self.part(&[Forwarding, SendAs, MailboxAudit], self.mailbox_itself(name)),
            self.part(&[InboxRules], self.inbox_rules(name)),
            self.part(&[SweepRules], self.each("Get-SweepRule", "Mailbox", name, |row| Some(SweepRule::read(row)))),
            self.part(&[FullAccess], self.each("Get-MailboxPermission", "Identity", name, Delegate::of_mailbox)),
            self.part(&[SendAs], self.each("Get-RecipientPermission", "Identity", name, Delegate::of_recipient)),
            self.part(&[Protocols], self.protocols(name)),
            self.part(&[MailboxAudit], self.audit_bypassed(name)),
        );
        of
    }

    /// The objects that a cmdlet returns of a mailbox.
    async fn each<T>(
        &self,
        cmdlet: &'static str,
        parameter: &str,
        name: &str,
        read: impl Fn(Record) -> Option<T>,
    ) -> Result<Vec<T>> {
        let rows = self.organization.cmdlet(Cmdlet::new(cmdlet).with(parameter, Some(name))).await?;
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The one object that a cmdlet returns of a mailbox.
    async fn one<T>(&self, cmdlet: &'static str, name: &str, read: impl Fn(Record) -> T) -> Result<T> {
        let mut rows = self.organization.cmdlet(Cmdlet::new(cmdlet).with("Identity", Some(name))).await?;
        match (rows.pop(), rows.is_empty()) {
            (Some(row), true) => Ok(read(row)),
            (row, _) => {
                let count = if row.is_some() { "several objects" } else { "nothing" };
                let message = format!("{cmdlet} returned {count} for {name}, so it cannot be told which is meant.");
                Err(Error::new(Code::ResponseUnreadable, message).about(name))
            }
        }
    }

    async fn mailbox_itself(&self, name: &str) -> Result<Mailbox> {
        let mut mailbox = self.one("Get-Mailbox", name, Mailbox::read).await?;
        if let Some(recipient) = mailbox.forwarding_recipient.as_deref().filter(|_| self.wants(&[Forwarding])) {
            // Where that cannot be told, the check says so.
            mailbox.forwarding_recipient_external = self.organization.external_address(recipient).await.ok();
        }
        Ok(mailbox)
    }

    async fn inbox_rules(&self, name: &str) -> Result<Vec<InboxRule>> {
        // Rules that Outlook does not show are the ones to look for.
        let cmdlet = Cmdlet::new("Get-InboxRule").with("Mailbox", Some(name)).with_value("IncludeHidden", true);
        Ok(self.organization.cmdlet(cmdlet).await?.into_iter().map(InboxRule::read).collect())
    }

    async fn protocols(&self, name: &str) -> Result<ProtocolsOf> {
        self.one("Get-CASMailbox", name, ProtocolsOf::read).await
    }

    async fn audit_bypassed(&self, name: &str) -> Result<Option<bool>> {
        self.one("Get-MailboxAuditBypassAssociation", name, |mut row| row.take_bool("AuditBypassEnabled")).await
    }
}
