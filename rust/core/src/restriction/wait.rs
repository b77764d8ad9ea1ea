//! `Unblock-RestrictedSender -Wait` and `Wait-RestrictedSender`: look at the list until it tells what came of each
//! unblock. All that are waited for share each look.

use std::collections::HashSet;

use time::{Duration, OffsetDateTime};

use super::decision::{AT_MOST, USUALLY};
use super::list::List;
use super::outcome::clock_face;
use super::proof::{Proof, Prover};
use super::recorded::Recorder;
use super::sightings::LOOK_AGAIN;
use super::waiting::{Listed, Waiting};
use super::{minute, EntityType, Key, Outcome, UnblockResult};
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::host::{Host, Progress, Row};

pub use super::waiting::Who;

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

/// Waits until what the input names has left the list, or was not in it, and, where that is wanted, until there is proof
/// that it can send; changing nothing, save that a test message is sent where that is wanted too. `Target::requested_at`
/// says when an unblock was sent; of this connection's own unblocks that is known.
///
/// # Errors
/// When the caller has gone; what keeps proof from being looked for. Whatever concerns one item is an item failure.
pub async fn wait(connection: &Connection, options: &WaitOptions, proof: &Proof, host: &Host) -> Result<()> {
    let prover = match proof {
        Proof::List => None,
        Proof::Sent(test) => Some(Prover::new(connection, test.as_ref(), host).await?),
    };
    let mut waits = Waits { prover, ..Waits::default() };
    while let Some(item) = host.next().await? {
        let mut result = UnblockResult::new(connection, &item.target);
        let added = match item.target.key_in(connection.origin(), item.number) {
            Ok(key) => {
                result.set_key(&key);
                result.requested_at = item.target.requested_at;
                recall(connection, &key, &mut result);
                let since = item.target.known.as_ref().and_then(|known| known.since);
                waits.add_named(result.clone(), &key, item.target.known.is_some(), since).await
            }
            Err(error) => Err(error),
        };
        match added {
            Err(error) if matches!(error.code(), Code::Cancelled | Code::ConfirmationImpossible) => return Err(error),
            Err(error) => {
                host.item_failed(error).await?;
                host.row(Row::Unblock(result)).await?;
            }
            Ok(()) => {}
        }
    }
    waits.together(connection, options, &mut Recorder::of_a_wait(connection), host).await
}

/// Takes over what this connection knows of its own request, unless somebody names another moment.
pub fn recall(connection: &Connection, key: &Key, result: &mut UnblockResult) {
    let Some(request) = connection.requests().last(key) else { return };
    if *result.requested_at.get_or_insert(request.at) == request.at {
        result.request_id = request.id;
    }
}

/// Everything that an operation waits for.
#[derive(Debug, Default)]
pub struct Waits<'a> {
    all: Vec<Waiting>,
    /// Who looks for proof, where it is wanted.
    prover: Option<Prover<'a>>,
    keys: HashSet<String>,
    /// Whether the admin was told that a look failed; once is enough.
    told_of_failure: bool,
}

impl Waits<'_> {
    /// Adds an entity. `since` tells since when the entry is listed that is waited for, where that is known. One that
    /// is waited for already is not added again: nothing, then.
    pub fn add(&mut self, result: UnblockResult, who: Who, since: Option<OffsetDateTime>) -> Option<&mut Waiting> {
        if !self.keys.insert(who.folded()) {
            return None;
        }
        self.all.push(Waiting::new(result, who, since));
        self.all.last_mut()
    }

    /// Adds an entity that the input names, and asks for what its proof needs.
    async fn add_named(
        &mut self,
        result: UnblockResult,
        key: &Key,
        is_listed: bool,
        since: Option<OffsetDateTime>,
    ) -> Result<()> {
        let who = if is_listed { Who::Listed(vec![key.clone()]) } else { Who::Named(key.clone()) };
        let search = match &self.prover {
            Some(prover) if !self.keys.contains(&who.folded()) => prover.search(key).await?,
            _ => None,
        };
        if let Some(waiting) = self.add(result, who, since) {
            waiting.search = search;
        }
        Ok(())
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
            let (now, searched) = (connection.now(), self.searched());
            self.look(connection, [now, deadline], recorder, host).await?;
            self.prove(connection, [now, deadline], recorder, host).await?;
            if now >= deadline {
                return self.give_up(connection, now, recorder, host).await;
            }
            if self.open().next().is_none() {
                return Ok(());
            }
            if self.searched() > searched {
                // Proof may follow soon.
                pause = options.poll_interval;
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

    /// How many have left the list and are not proven yet.
    fn searched(&self) -> usize {
        self.all.iter().filter(|waiting| waiting.is_searched()).count()
    }

    /// One look for proof that those can send who have left the list.
    async fn prove(
        &mut self,
        connection: &Connection,
        [now, deadline]: [OffsetDateTime; 2],
        recorder: &mut Recorder<'_>,
        host: &Host,
    ) -> Result<()> {
        let Some(prover) = &self.prover else { return Ok(()) };
        let searched = self.all.iter_mut().filter(|waiting| waiting.is_searched());
        let mut searches: Vec<_> =
            searched.filter_map(|waiting| Some((waiting.key(), waiting.search.as_mut()?))).collect();
        for (sender, said) in prover.look(&mut searches, deadline.saturating_add(LAST_TRIES)).await? {
            if let Some(waiting) = self.all.iter_mut().find(|waiting| waiting.key() == sender) {
                waiting.result.note(now, said);
            }
        }
        for waiting in self.all.iter_mut().filter(|waiting| waiting.is_searched()) {
            if waiting.take_proof() {
                waiting.tell(connection, Outcome::Proven, now, recorder, host).await?;
            }
        }
        Ok(())
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
                    Ok(Some(Outcome::Released | Outcome::NotListed)) if waiting.search.is_some() && !waiting.told => {
                        waiting.release(connection, recorder, host).await?;
                    }
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
        let searched = match self.searched() {
            0 => String::new(),
            searched => format!(" {searched} left the list; looking for a delivered message."),
        };
        Progress {
            activity: format!("Waiting for unblocks in {}", connection.title()),
            status: format!(
                "{} of {} done after {}; usually within {}, at most {}.{searched}{next}",
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

fn could_not_look(connection: &Connection, error: &Error) -> String {
    format!(
        "A look at the list of {} failed, which says nothing about who is in it; the wait goes on. {error}",
        connection.organization()
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
