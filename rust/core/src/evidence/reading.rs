//! Reads the dossier of one sender or connector: what the checks that are wanted look at, a few requests at once. A read
//! that fails stays an error in its place; whether something makes sense for a sender is told by its recipient type.

mod account;
mod mailbox;
mod trace;

use std::collections::HashSet;
use std::future::Future;

use super::dossier::{Dossier, Part};
use super::frame::Frame;
use super::organization::Organization;
use super::CheckName::{
    self, ConnectorChanges, ConnectorIdentity, ConnectorRelayed, Connectors, Forwarding, InboxRules, SentFrom,
    TransportRules,
};
use crate::error::{Code, Error, Result};
use crate::reason::{BlockType, Reason};
use crate::restriction::Key;

/// What to read.
pub struct Reading<'a, 'b> {
    pub organization: &'b Organization<'a>,
    pub key: &'b Key,
    /// The checks that are wanted.
    pub wanted: &'b HashSet<CheckName>,
    /// Whether what only tells what it looks like is read as well.
    pub look: bool,
    pub frame: &'b Frame,
    pub block_type: Option<BlockType>,
}

impl Reading<'_, '_> {
    /// Reads it.
    pub async fn dossier(&self, reason: Option<Reason>, connector_name: Option<&str>) -> Dossier {
        let mut dossier = Dossier { reason, ..Dossier::default() };
        match self.key {
            Key::Sender(address) => {
                dossier.address.clone_from(address);
                self.sender(&mut dossier).await;
            }
            Key::Connector(_) => self.connector(&mut dossier, connector_name).await,
        }
        dossier
    }

    fn is_over_a_limit(&self) -> bool {
        self.block_type.is_some_and(BlockType::is_over_a_limit)
    }

    fn wants(&self, names: &[CheckName]) -> bool {
        names.iter().any(|name| self.wanted.contains(name))
    }

    /// A part, where a check that is wanted looks at it.
    async fn part<T>(&self, names: &[CheckName], work: impl Future<Output = Result<T>>) -> Part<T> {
        if self.wants(names) {
            Some(work.await)
        } else {
            None
        }
    }

    async fn sender(&self, dossier: &mut Dossier) {
        dossier.recipient = Some(self.organization.recipient(&dossier.address).await);
        let asked: &Dossier = dossier;
        let (account, mailbox, (), sent, rhythm) = tokio::join!(
            Box::pin(self.account(asked)),
            Box::pin(self.mailbox(asked)),
            Box::pin(self.shared()),
            self.part(&[SentFrom], self.sent(asked)),
            self.rhythm(),
        );
        (dossier.sent, dossier.rhythm) = (sent, rhythm);
        account.into_dossier(dossier);
        mailbox.into_dossier(dossier);
        self.common(dossier).await;
    }

    async fn connector(&self, dossier: &mut Dossier, name: Option<&str>) {
        let checks = [ConnectorChanges, ConnectorIdentity, ConnectorRelayed, Connectors];
        dossier.inbound = self.part(&checks, self.organization.inbound()).await;
        if let (Key::Connector(id), Some(Ok(inbound))) = (self.key, &dossier.inbound) {
            let by_id = inbound.iter().find(|connector| connector.id == Some(*id));
            // An id that Exchange does not tell leaves the name.
            let by_name =
                || inbound.iter().find(|connector| connector.id.is_none() && Some(connector.name.as_str()) == name);
            dossier.connector = by_id.or_else(by_name).cloned();
        }
        dossier.sent = self.part(&[ConnectorRelayed], self.relayed(dossier)).await;
        self.common(dossier).await;
    }

    /// What all checks of one operation share, in the dossier of each; and who changed what.
    async fn common(&self, dossier: &mut Dossier) {
        let organization = self.organization;
        let domains = [Forwarding, InboxRules, ConnectorIdentity, ConnectorRelayed];
        (dossier.domains, dossier.transport_rules, dossier.inbound, dossier.outbound) = tokio::join!(
            self.part(&domains, organization.domains()),
            self.part(&[TransportRules], organization.transport_rules()),
            self.part(
                &[Connectors, SentFrom, ConnectorChanges, ConnectorIdentity, ConnectorRelayed],
                organization.inbound()
            ),
            self.part(&[Connectors], organization.outbound()),
        );
        if dossier.has_something_to_date(self.frame) {
            dossier.changes = Some(match organization.changes().await {
                Ok(changes) if changes.from.is_some_and(|from| from <= self.frame.baseline) => Ok(changes.all),
                Ok(_) => {
                    let message = "The audit log holds more than could be read, or does not reach as far back.";
                    Err(Error::new(Code::AuditLogUnavailable, message))
                }
                Err(error) => Err(error),
            });
        }
    }

    /// What all senders of an operation share is read while the rest is.
    async fn shared(&self) {
        let organization = self.organization;
        let _ = tokio::join!(
            self.part(&[Forwarding, InboxRules], organization.domains()),
            self.part(&[TransportRules], organization.transport_rules()),
            self.part(&[Connectors, SentFrom], organization.inbound()),
            self.part(&[Connectors], organization.outbound()),
        );
    }

    async fn rhythm(&self) -> Part<Option<String>> {
        if self.look && self.is_over_a_limit() {
            Some(self.organization.rhythm(self.key, self.frame.since).await)
        } else {
            None
        }
    }
}
