//! Reads the dossier of one sender or connector: what the checks that are wanted look at, a few requests at once. A read
//! that fails stays an error in its place; whether something makes sense for a sender is told by its recipient type.

use std::collections::{HashMap, HashSet};
use std::future::Future;

use time::{Duration, OffsetDateTime};

use super::dossier::{Dossier, Has, Part};
use super::facts::{
    Account, App, Consent, Delegate, InboxRule, Mailbox, Method, Protocols as ProtocolsOf, Risk, Role, Sent, SweepRule,
    ACCOUNT,
};
use super::frame::Frame;
use super::organization::{moment, Organization};
use super::suspicion::MAIL_PERMISSIONS;
use super::CheckName::{self, *};
use crate::error::{Code, Error, Result};
use crate::exchange::{escape, Cmdlet, Record};
use crate::graph::Resource;
use crate::reason::{BlockType, Reason};
use crate::restriction::Key;

/// How many apps of one account are looked up.
const MOST_APPS: usize = 20;

/// The most messages that are looked at: one page of the trace.
const MOST_MESSAGES: i64 = 1000;

/// How far back the trace is read: the most that one query takes is ten days, of which one is for after the block. It
/// reaches beyond the baseline, so that it shows where the mail came from before.
const TRACE: Duration = Duration::days(9);

/// How many further windows of the trace before that are read of a sender over a limit.
const EARLIER: i32 = 4;

/// How many of a connector's addresses are looked for in the trace.
const MOST_ADDRESSES: usize = 4;

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
        *dossier = Dossier { sent, rhythm, ..dossier.clone() };
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
        let (domains, transport_rules, inbound, outbound) = tokio::join!(
            self.part(&domains, organization.domains()),
            self.part(&[TransportRules], organization.transport_rules()),
            self.part(
                &[Connectors, SentFrom, ConnectorChanges, ConnectorIdentity, ConnectorRelayed],
                organization.inbound()
            ),
            self.part(&[Connectors], organization.outbound()),
        );
        *dossier = Dossier { domains, transport_rules, inbound, outbound, ..dossier.clone() };
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

    async fn account(&self, dossier: &Dossier) -> OfAccount {
        let all =
            [PasswordChanged, SessionsRevoked, SignInState, AuthenticationMethods, AppConsents, AdminRoles, UserRisk];
        let mut of = OfAccount::default();
        if !self.wants(&all) {
            return of;
        }
        // Whether there is an account decides about all of them.
        of.account = Some(self.user(&dossier.account_name()).await);
        let dossier = Dossier { account: of.account.clone(), ..dossier.clone() };
        if matches!(dossier.has_account(), Has::No(_)) {
            return of;
        }
        let name = dossier.account_name();
        (of.methods, of.consents, of.roles, of.risk) = tokio::join!(
            self.part(&[AuthenticationMethods], self.methods(&name)),
            self.part(&[AppConsents], self.consents(&name)),
            self.part(&[AdminRoles], self.roles(&name)),
            self.part(&[UserRisk], self.risk(&dossier)),
        );
        of
    }

    /// The account of that name, if Microsoft Entra has one.
    async fn user(&self, name: &str) -> Result<Option<Account>> {
        let path = format!("users/{}?$select={ACCOUNT}", escape(name));
        let user = Resource { path, what: "The account", permission: "User.Read.All" };
        Ok(self.organization.object_if_any(&user).await?.as_ref().map(Account::read))
    }

    async fn methods(&self, name: &str) -> Result<Vec<Method>> {
        let path = format!("users/{}/authentication/methods", escape(name));
        let methods =
            Resource { path, what: "The authentication methods", permission: "UserAuthenticationMethod.Read.All" };
        Ok(self.organization.list(&methods).await?.iter().map(Method::read).collect())
    }

    async fn roles(&self, name: &str) -> Result<Vec<Role>> {
        let path = format!("users/{}/transitiveMemberOf", escape(name));
        let member_of = Resource { path, what: "The memberships", permission: "Directory.Read.All" };
        Ok(self.organization.list(&member_of).await?.iter().filter_map(Role::read).collect())
    }

    async fn risk(&self, dossier: &Dossier) -> Result<Option<Risk>> {
        // It is asked for by id and nothing else: what is not found by another name has no risk only by chance.
        let account = dossier.account.as_ref().and_then(|account| account.as_ref().ok()?.as_ref()?.id);
        let Some(id) = account.or_else(|| dossier.recipient()?.object_id) else {
            return Err(Error::new(
                Code::AccountNotFound,
                "The account's id is not known, by which its risk is asked for.",
            ));
        };
        let path = format!("identityProtection/riskyUsers/{id}");
        let risk = Resource { path, what: "The risk of the account", permission: "IdentityRiskyUser.Read.All" };
        Ok(self.organization.object_if_any(&risk).await?.as_ref().map(Risk::read))
    }

    /// The consents, with the apps of those that are about mail.
    async fn consents(&self, name: &str) -> Result<Vec<Consent>> {
        let path = format!("users/{}/oauth2PermissionGrants", escape(name));
        let grants = Resource { path, what: "The consents to apps", permission: "Directory.Read.All" };
        let mut consents: Vec<_> = self.organization.list(&grants).await?.iter().map(Consent::read).collect();
        let mut known: HashMap<String, App> = HashMap::new();
        for consent in &mut consents {
            let is_mail =
                |permission: &String| MAIL_PERMISSIONS.iter().any(|mail| mail.eq_ignore_ascii_case(permission));
            if !consent.permissions.iter().any(is_mail) {
                continue;
            }
            if !known.contains_key(&consent.client_id) {
                if known.len() >= MOST_APPS {
                    let message = format!("The account has consents to more than {MOST_APPS} apps over its mail.");
                    return Err(Error::new(Code::ResponseTooLarge, message));
                }
                known.insert(consent.client_id.clone(), self.app(&consent.client_id).await?);
            }
            consent.app = known.get(&consent.client_id).cloned();
        }
        Ok(consents)
    }

    async fn app(&self, id: &str) -> Result<App> {
        let path =
            format!("servicePrincipals/{}?$select=id,appId,displayName,createdDateTime,verifiedPublisher", escape(id));
        let principal = Resource { path, what: "The app", permission: "Directory.Read.All" };
        let found = self.organization.object_if_any(&principal).await?;
        let gone = || App { name: format!("{id} (not there any more)"), created: None, publisher: None };
        Ok(found.as_ref().map_or_else(gone, App::read))
    }

    async fn mailbox(&self, dossier: &Dossier) -> OfMailbox {
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

    /// What the sender has sent lately. Of a mailbox it only shows what the sender looks like.
    async fn sent(&self, dossier: &Dossier) -> Result<Vec<Sent>> {
        let limit = matches!(self.block_type, Some(BlockType::RecipientRate | BlockType::PolicyLimit));
        let shows_look = self.look && limit;
        let is_outside = matches!(dossier.has_mailbox(), Has::No(_));
        if !is_outside && !shows_look {
            return Ok(Vec::new());
        }
        let (start, end) = self.window();
        // A sender writes from the address that it is listed by, unless that is only the name it signs in with.
        let principal = dossier.recipient().and_then(|known| known.principal.as_deref());
        let signs_in = principal.is_some_and(|principal| principal.eq_ignore_ascii_case(&dossier.address));
        let primary = dossier.recipient().and_then(|known| known.primary.as_deref()).filter(|_| signs_in);
        let sender = primary.unwrap_or(&dossier.address);
        let mut sent = self.trace("SenderAddress", sender, start, end).await?;
        if shows_look {
            // A mailing by itself is told from a job by what was sent in the weeks before.
            for window in 1..=EARLIER {
                let back = (TRACE + Duration::DAY) * window;
                sent.extend(
                    self.trace("SenderAddress", sender, start - back, start - back + TRACE + Duration::DAY).await?,
                );
            }
        }
        Ok(sent)
    }

    /// What came from a connector's addresses, or from the one that the service blames.
    async fn relayed(&self, dossier: &Dossier) -> Result<Vec<Sent>> {
        let blamed = dossier.reason.as_ref().and_then(|reason| reason.client_ip);
        let addresses = dossier.connector.iter().flat_map(|connector| &connector.addresses);
        let mut addresses: Vec<_> = blamed.into_iter().chain(addresses.filter_map(|text| text.parse().ok())).collect();
        addresses.dedup();
        let (mut sent, (start, end)) = (Vec::new(), self.window());
        for address in addresses.into_iter().take(MOST_ADDRESSES) {
            sent.extend(self.trace("FromIP", &address.to_string(), start, end).await?);
        }
        Ok(sent)
    }

    /// Some days before the block, and the day after it.
    fn window(&self) -> (OffsetDateTime, OffsetDateTime) {
        (self.frame.since - TRACE, (self.frame.since + Duration::DAY).min(self.frame.now))
    }

    async fn trace(
        &self,
        parameter: &str,
        value: &str,
        start: OffsetDateTime,
        end: OffsetDateTime,
    ) -> Result<Vec<Sent>> {
        let cmdlet = Cmdlet::new("Get-MessageTraceV2")
            .with(parameter, Some(value))
            .with("StartDate", Some(&moment(start)))
            .with("EndDate", Some(&moment(end)))
            .with_value("ResultSize", MOST_MESSAGES);
        Ok(self.organization.cmdlet(cmdlet).await?.into_iter().map(Sent::read).collect())
    }

    async fn rhythm(&self) -> Part<Option<String>> {
        let limit = matches!(self.block_type, Some(BlockType::RecipientRate | BlockType::PolicyLimit));
        if self.look && limit {
            Some(self.organization.rhythm(self.key, self.frame.since).await)
        } else {
            None
        }
    }
}

/// What is read of an account.
#[derive(Default)]
struct OfAccount {
    account: Part<Option<Account>>,
    methods: Part<Vec<Method>>,
    consents: Part<Vec<Consent>>,
    roles: Part<Vec<Role>>,
    risk: Part<Option<Risk>>,
}

impl OfAccount {
    fn into_dossier(self, dossier: &mut Dossier) {
        let Self { account, methods, consents, roles, risk } = self;
        *dossier = Dossier { account, methods, consents, roles, risk, ..dossier.clone() };
    }
}

/// What is read of a mailbox.
#[derive(Default)]
struct OfMailbox {
    mailbox: Part<Mailbox>,
    inbox_rules: Part<Vec<InboxRule>>,
    sweep_rules: Part<Vec<SweepRule>>,
    full_access: Part<Vec<Delegate>>,
    send_as: Part<Vec<Delegate>>,
    protocols: Part<ProtocolsOf>,
    audit_bypassed: Part<Option<bool>>,
}

impl OfMailbox {
    fn into_dossier(self, dossier: &mut Dossier) {
        let Self { mailbox, inbox_rules, sweep_rules, full_access, send_as, protocols, audit_bypassed } = self;
        *dossier = Dossier {
            mailbox,
            inbox_rules,
            sweep_rules,
            full_access,
            send_as,
            protocols,
            audit_bypassed,
            ..dossier.clone()
        };
    }
}
