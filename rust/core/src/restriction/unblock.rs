//! `Unblock-RestrictedSender`: ask, remove from the list, say what came of it. A removal is sent once; when its reply
//! is lost, the list is read before anything is said.

use super::circumstances::Inquiry;
use super::confirmation::{self, Subject};
use super::decision::USUALLY;
use super::description::Description;
use super::get::warn_of_unread_addresses;
use super::list::{same, List};
use super::past::Past;
use super::recorded::{Overridden, Recorder};
use super::requests::Request;
use super::target::Known;
use super::wait::{Waits, Who};
use super::{minute, Key, Outcome, UnblockResult, WaitOptions};
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::evidence::{Asked, Examiner, Remembered, TestOptions, Verdict};
use crate::exchange::{is_ambiguous, is_not_found, is_unblock_limit, Changed, Cmdlet};
use crate::history::budget::Unblocks;
use crate::history::journal::What;
use crate::host::{Host, Item, Row};

/// How to unblock.
#[derive(Debug, Clone, Default)]
pub struct UnblockOptions {
    /// A comment that the service keeps with the unblock.
    pub comment: Option<String>,
    /// Whether to hand over a row for each entity.
    pub pass_thru: bool,
    /// Whether to unblock every listed address of a person, and not only the one that was named.
    pub include_aliases: bool,
    /// How to wait until the entries have left the list; without it nobody waits. Hands over a row for each entity.
    pub wait: Option<WaitOptions>,
    /// Whether to refuse an unblock that cannot be written into the journal before.
    pub require_journal: bool,
    /// Whether to check each sender before asking, and to refuse whoever is not [`Safe`](crate::evidence::Verdict::Safe).
    pub require_evidence: bool,
    /// Why to unblock whoever the evidence does not say to be safe; kept in the journal. A blank text is no reason.
    pub override_reason: Option<String>,
}

/// Unblocks what the input names, asking for each. Waits, if it is to wait, when the input has ended: for all of them
/// together.
///
/// # Errors
/// [`Code::ConfirmationImpossible`], or when the caller has gone. Whatever concerns one item is an item failure.
pub async fn unblock(connection: &Connection, options: &UnblockOptions, host: &Host) -> Result<()> {
    let (list, waits) = (List::new(connection, host), Waits::default());
    let recorder = Recorder::new(connection, options.comment.as_deref(), options.require_journal);
    let inquiry = Inquiry::new(connection, Past::audited(connection));
    let examiner = Examiner::new(connection, TestOptions::default(), host)?;
    let mut run = Run { connection, options, host, list, dealt_with: Vec::new(), recorder, inquiry, waits, examiner };
    match (run.items().await, &options.wait) {
        (Ok(()), Some(wait)) => run.waits.together(connection, wait, &mut run.recorder, host).await,
        (Err(error), Some(_)) if error.code() == Code::ConfirmationImpossible => {
            // What was sent before is on its way, and Wait-RestrictedSender can go on with it.
            run.waits.untold(host).await?;
            Err(error)
        }
        (ended, _) => ended,
    }
}

/// One run of the operation.
struct Run<'a> {
    connection: &'a Connection,
    options: &'a UnblockOptions,
    host: &'a Host,
    list: List<'a>,
    /// The keys whose unblock was sent, or is on its way anyhow.
    dealt_with: Vec<Key>,
    recorder: Recorder<'a>,
    inquiry: Inquiry<'a>,
    waits: Waits<'a>,
    examiner: Examiner<'a>,
}

/// How the unblock of one entry ended.
enum Ended {
    /// The admin said no, or it was dealt with before.
    Nothing,
    /// Its entry will leave the list, or may.
    Removing(Box<UnblockResult>),
}

impl Run<'_> {
    async fn items(&mut self) -> Result<()> {
        while let Some(item) = self.host.next().await? {
            self.item(&item).await?;
        }
        Ok(())
    }

    /// Deals with one item; whatever fails concerns only this item.
    async fn item(&mut self, item: &Item) -> Result<()> {
        let blank = UnblockResult::new(self.connection, &item.target);
        let entries = match self.entries(item).await {
            Ok(entries) => entries,
            Err(error) => return self.failed(blank, error).await,
        };
        for (key, known) in entries {
            let mut result = blank.clone();
            result.set_key(&key);
            result.connector_name.clone_from(&known.connector_name);
            match self.entry(&key, &known, &mut result).await {
                Ok(Ended::Nothing) => {}
                Ok(Ended::Removing(result)) => self.removing(key, known, *result).await?,
                Err(error) => {
                    if error.code() == Code::OutcomeUnknown {
                        self.dealt_with.push(key);
                    }
                    self.failed(result, error).await?;
                }
            }
        }
        Ok(())
    }

    async fn failed(&self, mut result: UnblockResult, error: Error) -> Result<()> {
        if matches!(error.code(), Code::Cancelled | Code::ConfirmationImpossible) {
            return Err(error);
        }
        result.outcome = match error.code() {
            Code::NotListed | Code::UnknownAddress | Code::AlreadyGone => Outcome::NotListed,
            _ => Outcome::Failed,
        };
        result.request_id.clone_from(&error.request_id);
        result.note(self.connection.now(), error.message.clone());
        self.host.item_failed(error).await?;
        if self.options.pass_thru || self.options.wait.is_some() {
            self.host.row(Row::Unblock(result)).await?;
        }
        Ok(())
    }

    async fn removing(&mut self, key: Key, known: Known, result: UnblockResult) -> Result<()> {
        self.dealt_with.push(key.clone());
        if self.options.wait.is_some() {
            self.waits.add(result, Who::Listed(vec![key]), known.since);
        } else if self.options.pass_thru {
            self.host.row(Row::Unblock(result)).await?;
        }
        Ok(())
    }

    /// The entries to unblock for an item. An object of the list is its own entry and needs no looking up.
    async fn entries(&mut self, item: &Item) -> Result<Vec<(Key, Known)>> {
        let named = item.target.key_in(self.connection.origin(), item.number)?;
        match &item.target.known {
            Some(known) if !self.options.include_aliases => Ok(vec![(named, known.clone())]),
            _ => self.listed(&named).await,
        }
    }

    /// The entries of whoever was named. Where a person has several and only one is wanted, it is the one that was
    /// named, else the first in the service's order; the others are pointed out, since each needs its own unblock.
    async fn listed(&mut self, named: &Key) -> Result<Vec<(Key, Known)>> {
        let organization = self.connection.organization();
        let finding = self.list.find(named).await.map_err(|error| error.about(named.to_string()))?;
        let Some(first) = finding.entries.first() else {
            let error = finding.nothing(named, organization);
            return Err(error.with(|details| details.message.push_str(" Nothing was changed.")));
        };
        warn_of_unread_addresses(named, &finding, self.host).await?;
        let keys: Vec<_> = finding.entries.iter().map(|entry| entry.key.to_string()).collect();
        if self.options.include_aliases && keys.len() > 1 {
            let all = keys.join(", ");
            self.host
                .detail(format!("The person of {named} is listed in {organization} as {all}; each is unblocked."))
                .await?;
        } else if keys.len() > 1 {
            let others = keys[1..].join(", ");
            let first = &first.key;
            self.host
                .warn(format!(
                    "The person of {first} is also listed as {others}; each needs its own unblock (-IncludeAliases)."
                ))
                .await?;
        }
        if !same(&first.key, named) {
            let first = &first.key;
            self.host.detail(format!("{named} is listed in {organization} as {first}, the same person.")).await?;
        }
        let wanted = if self.options.include_aliases { finding.entries.len() } else { 1 };
        let mut entries = Vec::with_capacity(wanted);
        for mut entry in finding.entries.into_iter().take(wanted) {
            self.inquiry.complete(&mut entry, self.host).await?;
            entries.push(entry.into_known());
        }
        Ok(entries)
    }

    /// Unblocks one entry, if it is not on its way off the list and the admin agrees.
    async fn entry(&mut self, key: &Key, known: &Known, result: &mut UnblockResult) -> Result<Ended> {
        let (connection, now) = (self.connection, self.connection.now());
        if self.dealt_with.iter().any(|other| same(other, key)) {
            self.host.detail(format!("{key} is dealt with already.")).await?;
            return Ok(Ended::Nothing);
        }
        let since = known.since.and_then(minute).unwrap_or_else(|| "a time that is not known".to_owned());
        result.note(now, format!("Listed since {since}. The service's reason: {}", known.reason));
        let request = self.inquiry.past.last_request(key, self.host).await?;
        if let Some(request) = request.filter(|request| request.is_on_its_way(known.since, now)) {
            return self.is_on_its_way(key, request, result).await;
        }
        let mut known = known.clone();
        known.circumstances.unblocks = self.inquiry.past.of(key, known.since, self.host).await?;
        let (evidence, overridden) = self.evidence(key, &known).await?;
        known.circumstances.evidence = evidence.as_ref().map(|known| known.verdict);
        if let Some(evidence) = &evidence {
            result.note(evidence.at, format!("The evidence says {}. {}", evidence.verdict.name(), evidence.summary));
        }
        let Description { reason, decision, .. } = Description::of(key.entity_type(), &known, now);
        let summary = reason.summary();
        let typed = result.named.clone().filter(|typed| !typed.eq_ignore_ascii_case(&key.to_string()));
        let unblocks = self.inquiry.past.unblocks(key, self.host).await?;
        let refusal = self.inquiry.past.history(self.host).await?.last_refusal();
        if let Some(warning) = unblocks.warning(refusal.as_ref()) {
            self.host.warn(warning).await?;
        }
        let subject = Subject {
            key,
            named: typed.as_deref(),
            summary: &summary,
            since: known.since,
            connector_name: known.connector_name.as_deref(),
            decision: &decision,
            unblocks: &unblocks,
            evidence: evidence.as_ref(),
            override_reason: overridden.as_ref().map(|overridden| overridden.reason.as_str()),
        };
        let confirmation = confirmation::ask(connection, &subject);
        if !self.host.confirm(confirmation).await.map_err(|error| error.about(key.to_string()))? {
            return Ok(Ended::Nothing);
        }
        self.recorder.requested(key, overridden.as_ref(), self.host).await?;
        match self.remove(key, &known, result).await {
            Err(error) if error.code() == Code::Cancelled => Err(error),
            Err(error) => {
                let error = beyond_help(error, &unblocks);
                self.recorder.failed(key, &error, self.host).await?;
                Err(error)
            }
            Ok(()) => Ok(Ended::Removing(Box::new(result.clone()))),
        }
    }

    /// What the evidence says, where it is required or known; and why it is unblocked in spite of that.
    async fn evidence(&self, key: &Key, known: &Known) -> Result<(Option<Remembered>, Option<Overridden>)> {
        if !self.options.require_evidence {
            let verdicts = self.connection.verdicts();
            return Ok((verdicts.lately(key, known.since, self.connection.now()), None));
        }
        let subject = Asked { key: key.clone(), named: key.to_string(), known: Some(known.clone()) };
        let (report, _) = Box::pin(self.examiner.report(&subject)).await?;
        let reason = self.options.override_reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
        let overridden = match (report.verdict, reason) {
            (Verdict::Safe, _) => None,
            (_, None) => return Err(report.refusal().about(key.to_string())),
            (verdict, Some(reason)) => {
                let evidence = format!("{}. {}", verdict.name(), report.summary);
                let warning =
                    format!("{key} is unblocked although the evidence says {evidence} Your reason is kept: {reason}");
                self.host.detail(warning).await?;
                Some(Overridden { reason: reason.to_owned(), evidence })
            }
        };
        Ok((Some(report.remembered(known.since)), overridden))
    }

    /// A second request would not make it faster, and the service counts them.
    async fn is_on_its_way(&self, key: &Key, request: Request, result: &mut UnblockResult) -> Result<Ended> {
        let (at, organization) = (minute(request.at).unwrap_or_default(), self.connection.organization());
        let warning = if request.taken {
            format!(
                "{key} was unblocked in {organization} at {at}, and that is on its way: usually within an hour, at most 24 \
                 hours. It was not unblocked again."
            )
        } else {
            let usually = minute(request.at.saturating_add(USUALLY)).unwrap_or_default();
            format!(
                "An unblock of {key} was sent to {organization} at {at}, and what the service answered is not known: it \
                 may be on its way. It was not sent again; unblock again if it is still listed at {usually}."
            )
        };
        self.host.warn(warning).await?;
        result.outcome = Outcome::Removing;
        result.requested_at = Some(request.at);
        result.note(
            self.connection.now(),
            format!("Not unblocked again: the unblock of {at} is, or may be, on its way."),
        );
        result.request_id = request.id;
        Ok(Ended::Removing(Box::new(result.clone())))
    }

    async fn remove(&mut self, key: &Key, known: &Known, result: &mut UnblockResult) -> Result<()> {
        let connection = self.connection;
        let id = key.to_string();
        let (name, parameter) = match key {
            Key::Sender(_) => ("Remove-BlockedSenderAddress", "SenderAddress"),
            Key::Connector(_) => ("Remove-BlockedConnector", "ConnectorId"),
        };
        let cmdlet = Cmdlet::new(name).with(parameter, Some(&id)).with("Reason", self.options.comment.as_deref());
        let at = connection.now();
        result.requested_at = Some(at);
        let note = |id, taken| connection.requests().note(key, Request { at, id, since: known.since, taken });
        // Whoever leaves before the reply must not send it again.
        note(None, false);
        match connection.exchange(self.host).change(cmdlet).await {
            Ok(Changed { request_id, warnings }) => {
                note(request_id.clone(), true);
                let request = request_id.as_deref().unwrap_or("without an id");
                result.note(at, format!("{name} was sent and accepted (request {request})."));
                result.outcome = Outcome::Removing;
                result.request_id = request_id;
                self.recorder.happened(What::Answered, key, result.request_id.as_deref(), self.host).await?;
                for warning in warnings {
                    self.host.warn(warning).await?;
                }
                let organization = connection.organization();
                self.host
                    .detail(format!(
                        "{organization} took the unblock of {id}. It usually takes effect within an hour, at most \
                         within 24 hours."
                    ))
                    .await
            }
            Err(error) => {
                if !is_ambiguous(&error) {
                    connection.requests().forget(key);
                }
                result.note(at, format!("{name} was sent and failed: {error}"));
                self.after_failure(key, error, result).await
            }
        }
    }

    async fn after_failure(&mut self, key: &Key, error: Error, result: &mut UnblockResult) -> Result<()> {
        let organization = self.connection.organization();
        if is_ambiguous(&error) {
            return self.after_lost_reply(key, error, result).await;
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
    /// removed stays listed for a while, and a single look may miss it before it is gone for good.
    async fn after_lost_reply(&mut self, key: &Key, error: Error, result: &mut UnblockResult) -> Result<()> {
        let organization = self.connection.organization();
        let lost = format!("The reply to the unblock of {key} in {organization} was lost ({error})");
        let (seen, may_be_gone) = match List::new(self.connection, self.host).entries(key.entity_type()).await {
            Ok(entries) if entries.iter().any(|entry| same(&entry.key, key)) => ("it is still listed", false),
            Ok(_) => ("a look at the list misses it", true),
            Err(_) => ("the list could not be read", false),
        };
        result.note(self.connection.now(), format!("The reply was lost; {seen}."));
        if !may_be_gone && self.options.wait.is_none() {
            let message = format!(
                "Whether the unblock of {key} in {organization} took effect is not known: the reply was lost and {seen}."
            );
            return Err(Error::new(Code::OutcomeUnknown, message).because_of(&error).about(key.to_string()));
        }
        let unknown = Error::new(Code::OutcomeUnknown, lost.clone()).because_of(&error);
        self.recorder.failed(key, &unknown, self.host).await?;
        result.outcome = Outcome::Removing;
        result.request_id.clone_from(&error.request_id);
        let (but, then) =
            if may_be_gone { ("but", "it takes effect") } else { ("and", "it may be leaving all the same") };
        let waits = if self.options.wait.is_some() { "; the wait tells" } else { "" };
        self.host.warn(format!("{lost}, {but} {seen}: {then}{waits}. It was not sent again.")).await
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
