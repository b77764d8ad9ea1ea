//! `Unblock-RestrictedSender -Wait` and `Wait-RestrictedSender`: look at the list until it tells what came of each
//! unblock. All that are waited for share each look.

use std::collections::{HashMap, HashSet};

use time::{Duration, OffsetDateTime};

use super::decision::{AT_MOST, USUALLY};
use super::list::{Identity, List};
use super::outcome::clock_face;
use super::recorded::Recorder;
use super::sightings::{Sightings, LOOK_AGAIN};
use super::{minute, EntityType, Key, Outcome, UnblockResult};
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::history::journal::What;
use crate::host::{Host, Progress, Row};

/// How long to wait, and how often to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitOptions {
    /// How long; zero is one look.
    pub timeout: Duration,
    /// How long from the first look to the second. Each pause is half as long again as the one before, up to ten
    /// minutes.
    pub poll_interval: Duration,
}

/// No pause grows longer than this.
const LONGEST_PAUSE: Duration = Duration::minutes(10);

/// How long a look that fails is tried again past the end of the wait: the last look decides, and a single lost reply
/// should not.
const LAST_TRIES: Duration = Duration::seconds(30);

/// Nobody waits longer: an unblock takes 24 hours at most.
const LONGEST_WAIT: Duration = Duration::days(7);

impl Default for WaitOptions {
    /// As long as an unblock usually takes.
    fn default() -> Self {
        Self { timeout: USUALLY, poll_interval: Duration::seconds(30) }
    }
}

impl WaitOptions {
    /// The options that were given in seconds; the rest as usual.
    ///
    /// # Errors
    /// [`Code::InvalidWait`] for a timeout that is not 0 to 7 days, or an interval that is not 1 second to 1 hour.
    pub fn of_seconds(timeout: Option<i64>, poll_interval: Option<i64>) -> Result<Self> {
        let usual = Self::default();
        Ok(Self {
            timeout: within("-TimeoutSec", timeout, 0, LONGEST_WAIT)?.unwrap_or(usual.timeout),
            poll_interval: within("-PollIntervalSec", poll_interval, 1, USUALLY)?.unwrap_or(usual.poll_interval),
        })
    }
}

fn within(name: &str, seconds: Option<i64>, least: i64, most: Duration) -> Result<Option<Duration>> {
    let most = most.whole_seconds();
    match seconds {
        Some(seconds) if !(least..=most).contains(&seconds) => {
            Err(Error::new(Code::InvalidWait, format!("{name} is {seconds}; it takes seconds from {least} to {most}.")))
        }
        seconds => Ok(seconds.map(Duration::seconds)),
    }
}

/// Waits until what the input names has left the list, or was not in it, changing nothing. `Target::requested_at` says
/// when an unblock was sent; of this connection's own unblocks that is known.
///
/// # Errors
/// When the caller has gone. Whatever concerns one item is an item failure.
pub async fn wait(connection: &Connection, options: &WaitOptions, host: &Host) -> Result<()> {
    let mut waits = Waits::default();
    while let Some(item) = host.next().await? {
        let mut result = UnblockResult::new(connection, &item.target);
        match item.target.key_in(connection.origin(), item.number) {
            Ok(key) => {
                result.set_key(&key);
                result.requested_at = item.target.requested_at;
                recall(connection, &key, &mut result);
                let since = item.target.known.as_ref().and_then(|known| known.since);
                let who = if item.target.known.is_some() { Who::Listed(vec![key]) } else { Who::Named(key) };
                waits.add(result, who, since);
            }
            Err(error) => {
                host.item_failed(error).await?;
                host.row(Row::Unblock(result)).await?;
            }
        }
    }
    waits.together(connection, options, &mut Recorder::of_a_wait(connection), host).await
}

/// Takes over what this connection knows of its own request, unless somebody names another moment.
fn recall(connection: &Connection, key: &Key, result: &mut UnblockResult) {
    let Some(request) = connection.requests().last(key) else { return };
    if *result.requested_at.get_or_insert(request.at) == request.at {
        result.request_id = request.id;
    }
}

/// Everything that an operation waits for.
#[derive(Debug, Default)]
pub struct Waits {
    all: Vec<Waiting>,
    keys: HashSet<String>,
    /// Whether the admin was told that a look failed; once is enough.
    told_of_failure: bool,
}

/// One entity that is waited for.
#[derive(Debug)]
struct Waiting {
    result: UnblockResult,
    who: Who,
    sightings: Sightings,
    /// The last look that failed.
    error: Option<Error>,
    /// Whether its outcome was handed over.
    told: bool,
}

/// By what keys an entity is listed.
#[derive(Debug)]
pub enum Who {
    /// By this one or by another of the same person: to be asked.
    Named(Key),
    /// By one of these.
    Listed(Vec<Key>),
}

/// The listed keys of one kind, and since when each is listed.
type Listed = HashMap<String, Option<OffsetDateTime>>;

impl Waits {
    /// Adds an entity. `since` tells since when the entry is listed that is waited for, where that is known. One that
    /// is waited for already is not added again.
    pub fn add(&mut self, result: UnblockResult, who: Who, since: Option<OffsetDateTime>) {
        let named = match &who {
            Who::Named(key) => key.folded(),
            Who::Listed(keys) => keys.iter().map(Key::folded).collect::<Vec<_>>().join(" "),
        };
        if self.keys.insert(named) {
            let sightings = Sightings::of(result.requested_at, since);
            self.all.push(Waiting { result, who, sightings, error: None, told: false });
        }
    }

    /// Waits for all of them, handing each outcome over as soon as it is certain.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn together(
        mut self,
        connection: &Connection,
        options: &WaitOptions,
        recorder: &mut Recorder<'_>,
        host: &Host,
    ) -> Result<()> {
        if self.all.is_empty() {
            return Ok(());
        }
        let mut timer = connection.timer();
        let began = connection.now();
        let deadline = began.saturating_add(options.timeout);
        let mut pause = options.poll_interval;
        loop {
            let now = connection.now();
            self.look(connection, [now, deadline], recorder, host).await?;
            if now >= deadline {
                return self.give_up(connection, now, recorder, host).await;
            }
            if self.open().next().is_none() {
                return Ok(());
            }
            let next = if self.open().any(|waiting| waiting.sightings.is_vanishing()) {
                LOOK_AGAIN
            } else {
                let this = pause;
                // An interval that was given as longer stays as it is.
                pause = pause.max(LONGEST_PAUSE.min(pause * 3 / 2));
                this
            };
            let next = now.saturating_add(next).min(deadline);
            host.progress(self.progress(connection, began, next)).await?;
            timer.sleep_until(next).await;
        }
    }

    /// Hands over what is not waited for after all, as it was when it was sent.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn untold(self, host: &Host) -> Result<()> {
        let untold = self.all.into_iter().filter(|waiting| !waiting.told);
        host.rows(untold.map(|waiting| Row::Unblock(waiting.result)).collect()).await
    }

    fn open(&self) -> impl Iterator<Item = &Waiting> {
        self.all.iter().filter(|waiting| !waiting.told)
    }

    /// One look at the list: each half that anybody waits for is read once.
    async fn look(
        &mut self,
        connection: &Connection,
        [now, deadline]: [OffsetDateTime; 2],
        recorder: &mut Recorder<'_>,
        host: &Host,
    ) -> Result<()> {
        let mut list = List::new(connection, host).until(deadline.saturating_add(LAST_TRIES));
        for entity_type in [EntityType::Mailbox, EntityType::Connector] {
            let is_of_it = |waiting: &Waiting| waiting.result.entity_type == Some(entity_type);
            if !self.open().any(is_of_it) {
                continue;
            }
            let listed: Result<Listed> = list
                .entries(entity_type)
                .await
                .map(|entries| entries.iter().rev().map(|entry| (entry.key.folded(), entry.created)).collect());
            if listed.is_ok() {
                let watched = self.all.iter().filter(|waiting| is_of_it(waiting) && waiting.is_watched());
                list.look_up(watched.filter_map(Waiting::unknown_address).collect()).await;
            }
            for waiting in self.all.iter_mut().filter(|waiting| is_of_it(waiting) && waiting.is_watched()) {
                let seen = match &listed {
                    Ok(listed) => waiting.look(connection, listed, &mut list, now).await,
                    Err(error) => Err(error.clone()),
                };
                match seen {
                    Ok(Some(outcome)) => waiting.tell(connection, outcome, now, recorder, host).await?,
                    Ok(None) => {}
                    Err(error) if waiting.told => drop(error),
                    Err(error) if error.code() == Code::UnknownAddress => {
                        waiting.fail(Outcome::NotListed, error, now, host).await?;
                    }
                    Err(error) => {
                        if !std::mem::replace(&mut self.told_of_failure, true) {
                            host.warn(could_not_look(connection, &error)).await?;
                        }
                        waiting.sightings.fail();
                        waiting.error = Some(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// The time is over.
    async fn give_up(
        &mut self,
        connection: &Connection,
        now: OffsetDateTime,
        recorder: &mut Recorder<'_>,
        host: &Host,
    ) -> Result<()> {
        for waiting in self.all.iter_mut().filter(|waiting| !waiting.told) {
            match waiting.sightings.at_the_end() {
                Outcome::Failed => {
                    let error = waiting.cannot_tell(connection);
                    waiting.fail(Outcome::Failed, error, now, host).await?;
                }
                outcome => waiting.tell(connection, outcome, now, recorder, host).await?,
            }
        }
        Ok(())
    }

    fn progress(&self, connection: &Connection, began: OffsetDateTime, next: OffsetDateTime) -> Progress {
        let open = self.open().count();
        let first = self.open().filter_map(|waiting| waiting.result.requested_at).min().unwrap_or(began);
        let elapsed = (connection.now() - first).max(Duration::ZERO);
        let percent = elapsed.whole_seconds().saturating_mul(100) / USUALLY.whole_seconds();
        let next = minute(next).map(|next| format!(" Next look: {next}.")).unwrap_or_default();
        Progress {
            activity: format!("Waiting for unblocks in {}", connection.title()),
            status: format!(
                "{} of {} done after {}; usually within {}, at most {}.{next}",
                self.all.len() - open,
                self.all.len(),
                clock_face(elapsed),
                clock_face(USUALLY),
                clock_face(AT_MOST),
            ),
            // 100 would say that it is over.
            percent: u8::try_from(percent.min(99)).ok(),
        }
    }
}

impl Waiting {
    /// The address of somebody of whom it is not known yet by what keys they are listed.
    fn unknown_address(&self) -> Option<String> {
        match &self.who {
            Who::Named(Key::Sender(address)) => Some(address.clone()),
            _ => None,
        }
    }

    /// What this look says of it. Finds out first by which keys it is listed, if nobody did.
    async fn look(
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
    async fn tell(
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
                self.record(What::Released, recorder, host).await?;
                host.detail(format!("{key} has left the list of {organization}.")).await?;
            }
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
            Outcome::NotListed | Outcome::Failed => {}
        }
        host.row(Row::Unblock(self.result.clone())).await
    }

    async fn fail(&mut self, outcome: Outcome, error: Error, now: OffsetDateTime, host: &Host) -> Result<()> {
        self.end(outcome, now, error.message.clone());
        host.item_failed(error).await?;
        host.row(Row::Unblock(self.result.clone())).await
    }

    async fn record(&self, what: What, recorder: &mut Recorder<'_>, host: &Host) -> Result<()> {
        let key = match &self.who {
            Who::Named(key) => Some(key),
            Who::Listed(keys) => keys.iter().find(|key| key.to_string().eq_ignore_ascii_case(&self.key())),
        };
        match key {
            Some(key) => recorder.happened(what, key, self.result.request_id.as_deref(), host).await,
            None => Ok(()),
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
    fn is_watched(&self) -> bool {
        !self.told || self.result.outcome == Outcome::Released
    }

    fn cannot_tell(&self, connection: &Connection) -> Error {
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

    fn key(&self) -> String {
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

fn could_not_look(connection: &Connection, error: &Error) -> String {
    format!(
        "A look at the list of {} failed, which says nothing about who is in it; the wait goes on. {error}",
        connection.organization()
    )
}

fn returned(key: &str, organization: &str) -> String {
    format!(
        "{key} has been restricted again in {organization} after it had left the list. Find out why before you unblock it \
         again: the service counts unblocks."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_checked() {
        assert_eq!(WaitOptions::of_seconds(None, None).unwrap(), WaitOptions::default());
        let week = 7 * 24 * 3600;
        let options = WaitOptions::of_seconds(Some(week), Some(3600)).unwrap();
        assert_eq!((options.timeout, options.poll_interval), (Duration::days(7), Duration::hours(1)));
        assert!(WaitOptions::of_seconds(Some(0), Some(1)).is_ok());
        for (timeout, poll) in [(Some(-1), None), (Some(week + 1), None), (None, Some(0)), (None, Some(3601))] {
            let error = WaitOptions::of_seconds(timeout, poll).unwrap_err();
            assert_eq!(error.code(), Code::InvalidWait);
            let name = if timeout.is_some() { "-TimeoutSec" } else { "-PollIntervalSec" };
            assert!(error.message.contains(name), "{error}");
        }
    }
}
