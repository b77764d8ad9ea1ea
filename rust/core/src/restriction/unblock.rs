//! `Unblock-RestrictedSender`: ask, remove from the list, say what came of it. A removal is sent once; when its reply
//! is lost, the list is read before anything is said.

use std::sync::Arc;

use time::OffsetDateTime;

use super::confirmation::{self, Subject};
use super::decision::{Case, Circumstances, Decision};
use super::get::warn_of_unread_addresses;
use super::list::{same, List};
use super::recorded::Recorder;
use super::target::Known;
use super::{EntityType, Key};
use crate::connection::{Connection, Origin};
use crate::error::{Code, Error, Result};
use crate::exchange::{is_ambiguous, is_not_found, is_unblock_limit, Cmdlet};
use crate::history::budget::Unblocks;
use crate::host::{Host, Item, Row};
use crate::reason::Reason;

/// How to unblock.
#[derive(Debug, Clone, Default)]
pub struct UnblockOptions {
    /// A comment that the service keeps with the unblock.
    pub comment: Option<String>,
    /// Whether to hand over a row for each item.
    pub pass_thru: bool,
    /// Whether to refuse an unblock that cannot be written into the journal before.
    pub require_journal: bool,
}

/// What came of an unblock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The service took the unblock; the entry will leave the list.
    Removing,
    /// The entry has left the list.
    Released,
    /// It was not in the list.
    NotListed,
    /// It is as it was, or nobody can tell; the error beside it says which.
    Failed,
}

impl Outcome {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Removing => "Removing",
            Self::Released => "Released",
            Self::NotListed => "NotListed",
            Self::Failed => "Failed",
        }
    }
}

/// What came of one item of input.
#[derive(Debug, Clone)]
pub struct UnblockResult {
    /// The key that was unblocked: an address.
    pub sender_address: Option<String>,
    /// The key that was unblocked: a connector's id.
    pub connector_id: Option<String>,
    /// The connector's name, where it is known.
    pub connector_name: Option<String>,
    /// Which kind of entity it is; nothing where the input names none.
    pub entity_type: Option<EntityType>,
    /// What came of it.
    pub outcome: Outcome,
    /// When the removal was sent; nothing when none was.
    pub requested_at: Option<OffsetDateTime>,
    /// The service's id of that request.
    pub request_id: Option<String>,
    /// The organization.
    pub origin: Arc<Origin>,
}

/// Unblocks what the input names, asking for each.
///
/// # Errors
/// [`Code::ConfirmationImpossible`], or when the caller has gone. Whatever concerns one item is an item failure.
pub async fn unblock(connection: &Connection, options: &UnblockOptions, host: &Host) -> Result<()> {
    let mut list = List::new(connection);
    let mut recorder = Recorder::new(connection, options.comment.as_deref(), options.require_journal);
    while let Some(item) = host.next().await? {
        let mut unblock = Unblock::new(connection, &item);
        match unblock.item(&mut list, &mut recorder, &item, options, host).await {
            Ok(true) => {}
            Ok(false) => continue,
            Err(error) if matches!(error.code(), Code::Cancelled | Code::ConfirmationImpossible) => return Err(error),
            Err(error) => {
                unblock.result.outcome = match error.code() {
                    Code::NotListed | Code::UnknownAddress | Code::AlreadyGone => Outcome::NotListed,
                    _ => Outcome::Failed,
                };
                unblock.result.request_id.clone_from(&error.request_id);
                host.item_failed(error).await?;
            }
        }
        if options.pass_thru {
            host.row(Row::Unblock(unblock.result)).await?;
        }
    }
    Ok(())
}

/// The unblock of one item.
struct Unblock<'a> {
    connection: &'a Connection,
    result: UnblockResult,
}

impl<'a> Unblock<'a> {
    fn new(connection: &'a Connection, item: &Item) -> Self {
        let result = UnblockResult {
            sender_address: item.target.sender_address.clone(),
            connector_id: item.target.connector_id.clone(),
            connector_name: None,
            entity_type: None,
            outcome: Outcome::Failed,
            requested_at: None,
            request_id: None,
            origin: connection.origin().clone(),
        };
        Self { connection, result }
    }

    /// Whether the item was dealt with; `false` when the admin said no.
    async fn item(
        &mut self,
        list: &mut List<'_>,
        recorder: &mut Recorder<'_>,
        item: &Item,
        options: &UnblockOptions,
        host: &Host,
    ) -> Result<bool> {
        item.target.must_belong_to(self.connection.tenant_id(), self.connection.organization())?;
        let named = item.target.key(item.number)?;
        self.result.entity_type = Some(named.entity_type());
        let (key, known) = match &item.target.known {
            Some(known) => (named.clone(), known.clone()),
            None => self.listed(list, &named, host).await?,
        };
        self.result.sender_address = key.sender_address().map(str::to_owned);
        self.result.connector_id = key.connector_id();
        self.result.connector_name.clone_from(&known.connector_name);
        let reason = Reason::parse(known.reason);
        let case = Case {
            block_type: key.block_type(&reason),
            since: known.since,
            temporary_block: known.temporary_block,
            expiration: known.expiration,
        };
        let decision = Decision::of(&case, &Circumstances::default(), self.connection.now());
        let summary = reason.summary();
        let typed = named.to_string();
        let unblocks = recorder.unblocks(&key, host).await?;
        let subject = Subject {
            key: &key,
            named: (!same(&key, &named)).then_some(typed.as_str()),
            summary: &summary,
            since: known.since,
            connector_name: known.connector_name.as_deref(),
            decision: &decision,
            unblocks: &unblocks,
        };
        let confirmation = confirmation::ask(self.connection, &subject);
        if !host.confirm(confirmation).await.map_err(|error| error.about(key.to_string()))? {
            return Ok(false);
        }
        recorder.requested(&key, host).await?;
        match self.remove(&key, options, recorder, host).await {
            Err(error) if error.code() == Code::Cancelled => Err(error),
            Err(error) => {
                let error = beyond_help(error, &unblocks);
                recorder.failed(&key, &error, host).await?;
                Err(error)
            }
            Ok(()) => Ok(true),
        }
    }

    /// The entry to unblock for what was named. Where a person has several, it is the one that was named, else the
    /// first in the service's order; the others are pointed out, since each needs its own unblock.
    async fn listed(&self, list: &mut List<'_>, named: &Key, host: &Host) -> Result<(Key, Known)> {
        let finding = list.find(named).await.map_err(|error| error.about(named.to_string()))?;
        let Some(entry) = finding.entries.first().cloned() else {
            let error = finding.nothing(named, self.connection.organization());
            return Err(error.with(|details| details.message.push_str(" Nothing was changed.")));
        };
        warn_of_unread_addresses(named, &finding, host).await?;
        let others: Vec<_> = finding.entries.iter().skip(1).map(|entry| entry.key.to_string()).collect();
        if !others.is_empty() {
            host.warn(format!(
                "The person of {} is also listed as {}; each needs its own unblock.",
                entry.key,
                others.join(", ")
            ))
            .await?;
        }
        let known = Known {
            reason: entry.reason.text,
            since: entry.created,
            connector_name: entry.connector_name,
            temporary_block: entry.temporary_block,
            expiration: entry.expiration,
        };
        Ok((entry.key, known))
    }

    async fn remove(
        &mut self,
        key: &Key,
        options: &UnblockOptions,
        recorder: &mut Recorder<'_>,
        host: &Host,
    ) -> Result<()> {
        let id = key.to_string();
        let cmdlet = match key {
            Key::Sender(_) => Cmdlet::new("Remove-BlockedSenderAddress").with("SenderAddress", Some(&id)),
            Key::Connector(_) => Cmdlet::new("Remove-BlockedConnector").with("ConnectorId", Some(&id)),
        };
        self.result.requested_at = Some(self.connection.now());
        match self.connection.exchange().change(cmdlet.with("Reason", options.comment.as_deref())).await {
            Ok(changed) => {
                self.result.outcome = Outcome::Removing;
                self.result.request_id = changed.request_id;
                recorder.answered(key, self.result.request_id.as_deref(), host).await?;
                for warning in changed.warnings {
                    host.warn(warning).await?;
                }
                host.detail(format!(
                    "{} took the unblock of {id}. It usually takes effect within an hour, at most within 24 hours.",
                    self.connection.organization()
                ))
                .await
            }
            Err(error) => self.after_failure(key, error, recorder, host).await,
        }
    }

    async fn after_failure(&mut self, key: &Key, error: Error, recorder: &mut Recorder<'_>, host: &Host) -> Result<()> {
        let organization = self.connection.organization();
        if is_ambiguous(&error) {
            return self.after_lost_reply(key, error, recorder, host).await;
        }
        Err(if is_not_found(&error) {
            let message = format!("{key} has left the list of {organization} before the unblock. Nothing was changed.");
            Error::new(Code::AlreadyGone, message).because_of(&error)
        } else if is_unblock_limit(&error) {
            let message = format!("{organization} cannot unblock {key} any more. {}", error.message);
            Error::new(Code::UnblockLimitReached, message).because_of(&error)
        } else {
            error
        }
        .about(key.to_string()))
    }

    /// The removal may have taken effect. Only the list can tell, and only when the entry is gone: one that was
    /// removed stays listed for a while.
    async fn after_lost_reply(
        &mut self,
        key: &Key,
        error: Error,
        recorder: &mut Recorder<'_>,
        host: &Host,
    ) -> Result<()> {
        let organization = self.connection.organization();
        let seen = match List::new(self.connection).entries(key.entity_type()).await {
            Ok(entries) if entries.iter().any(|entry| same(&entry.key, key)) => "it is still listed",
            Ok(_) => {
                self.result.outcome = Outcome::Released;
                self.result.request_id.clone_from(&error.request_id);
                recorder.released(key, &error, host).await?;
                let lost = format!("The reply to the unblock of {key} in {organization} was lost ({error})");
                return host.warn(format!("{lost}, but it has left the list.")).await;
            }
            Err(_) => "the list could not be read",
        };
        let message = format!(
            "Whether the unblock of {key} in {organization} took effect is not known: the reply was lost and {seen}."
        );
        Err(Error::new(Code::OutcomeUnknown, message).because_of(&error).about(key.to_string()))
    }
}

/// What the admin needs for the case with Support: how often it was unblocked before, and when.
fn beyond_help(error: Error, unblocks: &Unblocks) -> Error {
    if error.code() != Code::UnblockLimitReached {
        return error;
    }
    let known = format!(" It was {unblocks}. Only Microsoft Support can lift this restriction now.");
    error.with(|details| details.message.push_str(&known))
}
