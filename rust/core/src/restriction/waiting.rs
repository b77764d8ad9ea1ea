//! One entity that is waited for: what the looks said of it, and what came of it.

use std::collections::HashMap;

use time::{Duration, OffsetDateTime};

use super::decision::AT_MOST;
use super::list::{Identity, List};
use super::proof::{counts_from, Search};
use super::recorded::Recorder;
use super::sightings::Sightings;
use super::wait::recall;
use super::{minute, Key, Outcome, UnblockResult};
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::history::journal::What;
use crate::host::{Host, Row};

/// One entity that is waited for.
#[derive(Debug)]
pub struct Waiting {
    pub result: UnblockResult,
    who: Who,
    pub sightings: Sightings,
    /// The search for proof that it can send, where one is wanted.
    pub search: Option<Search>,
    /// The last look that failed.
    pub error: Option<Error>,
    /// Whether its outcome was handed over.
    pub told: bool,
}

/// By what keys an entity is listed.
#[derive(Debug)]
pub enum Who {
    /// By this one or by another of the same person: to be asked.
    Named(Key),
    /// By one of these.
    Listed(Vec<Key>),
}

impl Who {
    /// It in a form that compares without regard to case.
    pub fn folded(&self) -> String {
        match self {
            Self::Named(key) => key.folded(),
            Self::Listed(keys) => keys.iter().map(Key::folded).collect::<Vec<_>>().join(" "),
        }
    }
}

/// The listed keys of one kind, and since when each is listed.
pub type Listed = HashMap<String, Option<OffsetDateTime>>;

impl Waiting {
    pub fn new(result: UnblockResult, who: Who, since: Option<OffsetDateTime>) -> Self {
        let sightings = Sightings::of(result.requested_at, since);
        Self { result, who, sightings, search: None, error: None, told: false }
    }

    /// The address of somebody of whom it is not known yet by what keys they are listed.
    pub fn unknown_address(&self) -> Option<String> {
        match &self.who {
            Who::Named(Key::Sender(address)) => Some(address.clone()),
            _ => None,
        }
    }

    /// What this look says of it. Finds out first by which keys it is listed, if nobody did.
    pub async fn look(
        &mut self,
        connection: &Connection,
        listed: &Listed,
        list: &mut List<'_>,
        now: OffsetDateTime,
    ) -> Result<Option<Outcome>> {
        if let Who::Named(named) = &self.who {
            let keys = keys_of(named, list, self.result.requested_at.is_some()).await?;
            for key in &keys {
                recall(connection, key, &mut self.result);
            }
            self.sightings.requested_at = self.result.requested_at;
            self.who = Who::Listed(keys);
        }
        let Who::Listed(keys) = &self.who else { return Ok(None) };
        let found = keys.iter().find_map(|key| listed.get(&key.folded()).map(|created| (key, *created)));
        Ok(match found {
            Some((key, created)) => {
                self.result.set_key(key);
                self.sightings.see(created)
            }
            None => self.sightings.miss(now),
        })
    }

    /// Hands its outcome over. Later looks may still see it return, as long as others are waited for.
    pub async fn tell(
        &mut self,
        connection: &Connection,
        outcome: Outcome,
        now: OffsetDateTime,
        recorder: &mut Recorder<'_>,
        host: &Host,
    ) -> Result<()> {
        let key = self.key();
        let organization = connection.organization();
        if self.told {
            if outcome == Outcome::Returned {
                self.result.outcome = outcome;
                self.record(What::Returned, recorder, host).await?;
                return host.warn(returned(&key, organization)).await;
            }
            return Ok(());
        }
        self.end(outcome, now, self.sightings.summary(self.error.as_ref()));
        match outcome {
            Outcome::Released => {
                self.release(connection, recorder, host).await?;
                self.is_unproven(host).await?;
            }
            Outcome::Proven => self.is_proven(now, recorder, host).await?,
            Outcome::Returned => {
                self.record(What::Returned, recorder, host).await?;
                host.warn(returned(&key, organization)).await?;
            }
            Outcome::Removing => {
                host.warn(format!(
                    "The last look missed {key} in the list of {organization}, but too few looks agree to call it \
                     released. Ask again with Wait-RestrictedSender."
                ))
                .await?;
            }
            Outcome::StillListed if self.is_overdue(now) => {
                host.warn(format!(
                    "{key} is still listed in {organization}, more than 24 hours after its unblock. Open a ticket with \
                     Microsoft Support; the property SupportText has what they ask for."
                ))
                .await?;
            }
            Outcome::StillListed => {
                host.detail(format!(
                    "{key} is still listed in {organization}. An unblock may take 24 hours: wait on with \
                     Wait-RestrictedSender, and do not unblock again meanwhile."
                ))
                .await?;
            }
            Outcome::NotListed => self.is_unproven(host).await?,
            Outcome::Failed => {}
        }
        host.row(Row::Unblock(self.result.clone())).await
    }

    pub async fn fail(&mut self, outcome: Outcome, error: Error, now: OffsetDateTime, host: &Host) -> Result<()> {
        self.end(outcome, now, error.message.clone());
        host.item_failed(error).await?;
        host.row(Row::Unblock(self.result.clone())).await
    }

    /// It has left the list; what proves that it can send counts from now on.
    pub async fn release(&mut self, connection: &Connection, recorder: &mut Recorder<'_>, host: &Host) -> Result<()> {
        if self.is_known_to_be_gone() {
            return Ok(());
        }
        if let (Some(search), Some(gone)) = (&mut self.search, self.sightings.gone_since()) {
            search.from = Some(counts_from(self.sightings.listed_since(), self.sightings.requested_at, gone));
        }
        let (key, organization) = (self.key(), connection.organization());
        if self.sightings.gone() == Some(Outcome::NotListed) {
            return host.detail(format!("{key} is not in the list of {organization}.")).await;
        }
        self.record(What::Released, recorder, host).await?;
        host.detail(format!("{key} has left the list of {organization}.")).await
    }

    /// Whether it has left the list and proof is still looked for.
    pub fn is_searched(&self) -> bool {
        !self.told && self.is_known_to_be_gone()
    }

    /// Whether proof is looked for and it was told that it has left the list.
    fn is_known_to_be_gone(&self) -> bool {
        self.search.as_ref().is_some_and(|search| search.from.is_some())
    }

    /// Takes over what the search has found.
    pub fn take_proof(&mut self) -> bool {
        let proven = self.search.as_mut().and_then(|search| search.proven.take());
        self.result.proven = proven.or(self.result.proven.take());
        self.result.proven.is_some()
    }

    async fn is_proven(&mut self, now: OffsetDateTime, recorder: &mut Recorder<'_>, host: &Host) -> Result<()> {
        let Some(proven) = self.result.proven.clone() else { return Ok(()) };
        self.result.note(now, proven.to_string());
        if let Some(key) = self.listed_key() {
            recorder.proven(key, &proven, self.result.request_id.as_deref(), host).await?;
        }
        host.detail(format!("{} can send again. {proven}", self.key())).await
    }

    /// The time is over, and no proof was found, where it was looked for.
    async fn is_unproven(&self, host: &Host) -> Result<()> {
        let Some(Search { error, from: Some(from), .. }) = &self.search else { return Ok(()) };
        let (key, from) = (self.key(), minute(*from).unwrap_or_default());
        match error {
            Some(error) => {
                let message = format!("{key} is not in the list any more; whether it can send could not be told.");
                host.item_failed(Error::new(Code::ProofUnknown, message).about(key).because_of(error)).await
            }
            None => {
                host.warn(format!(
                    "{key} is not in the list any more, and no message of it to anybody outside was seen that was sent after \
                     {from} and delivered. It may not have sent one, or the trace does not show it yet: wait on with -Proof \
                     Sent, and let them write to somebody outside."
                ))
                .await
            }
        }
    }

    async fn record(&self, what: What, recorder: &mut Recorder<'_>, host: &Host) -> Result<()> {
        match self.listed_key() {
            Some(key) => recorder.happened(what, key, self.result.request_id.as_deref(), host).await,
            None => Ok(()),
        }
    }

    fn listed_key(&self) -> Option<&Key> {
        match &self.who {
            Who::Named(key) => Some(key),
            Who::Listed(keys) => keys.iter().find(|key| key.to_string().eq_ignore_ascii_case(&self.key())),
        }
    }

    fn end(&mut self, outcome: Outcome, now: OffsetDateTime, note: String) {
        self.told = true;
        let result = &mut self.result;
        result.outcome = outcome;
        if outcome != Outcome::NotListed {
            result.released_at = self.sightings.gone_since();
        }
        let end = result.released_at.unwrap_or(now);
        result.elapsed = result.requested_at.map(|requested| (end - requested).max(Duration::ZERO));
        result.note(now, note);
    }

    /// Whether looks still say something of it: until its outcome is known, and whether it comes back after a release.
    pub fn is_watched(&self) -> bool {
        !self.told || matches!(self.result.outcome, Outcome::Released | Outcome::Proven)
    }

    pub fn cannot_tell(&self, connection: &Connection) -> Error {
        let (key, organization) = (self.key(), connection.organization());
        let message =
            format!("Whether {key} has left the list of {organization} is not known: no look at it succeeded.");
        let error = Error::new(Code::OutcomeUnknown, message).about(key);
        match &self.error {
            Some(cause) => error.because_of(cause),
            None => error,
        }
    }

    fn is_overdue(&self, now: OffsetDateTime) -> bool {
        self.result.requested_at.is_some_and(|requested| now > requested.saturating_add(AT_MOST))
    }

    pub fn key(&self) -> String {
        self.result.sender_address.clone().or_else(|| self.result.connector_id.clone()).unwrap_or_default()
    }
}

impl Sightings {
    /// The looks in a sentence, for a ticket.
    fn summary(&self, last_failure: Option<&Error>) -> String {
        let gone = self.gone_since().and_then(minute).map(|gone| format!(", gone since {gone}")).unwrap_or_default();
        let failure = last_failure.map(|error| format!(" (the last: {error})")).unwrap_or_default();
        let (listed, missed, failed) = (self.listed, self.missed, self.failed);
        format!("Looks at the list: {listed} showed it, {missed} did not{gone}, {failed} failed{failure}.")
    }
}

/// The keys that `named` may be listed by. The key that is listed now is the one that is waited for: the one that was
/// named, else the first in the service's order. Where none is, any of them would be.
async fn keys_of(named: &Key, list: &mut List<'_>, was_requested: bool) -> Result<Vec<Key>> {
    let finding = list.find(named).await?;
    if let Some(entry) = finding.entries.first() {
        return Ok(vec![entry.key.clone()]);
    }
    match (&finding.identity, named) {
        (Identity::Known, Key::Sender(_)) => Ok(finding.checked.into_iter().map(Key::Sender).collect()),
        // Somebody unblocked it under this key, so it is one, whoever is known today.
        (Identity::Known, Key::Connector(_)) => Ok(vec![named.clone()]),
        (Identity::Nobody, _) if was_requested => Ok(vec![named.clone()]),
        _ => Err(finding.nothing(named, list.organization())),
    }
}

fn returned(key: &str, organization: &str) -> String {
    format!(
        "{key} has been restricted again in {organization} after it had left the list. Find out why before you unblock it \
         again: the service counts unblocks."
    )
}
