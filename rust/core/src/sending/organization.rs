//! What the whole organization has sent, against its own limits.

use std::collections::{HashMap, VecDeque};

use restricted_sender_limits::{Limit, Second, ServiceLimits, Trip};

use super::course::{of_organization, Line};
use super::message::Message;
use super::peaks::Peak;
use super::sender::Sending;
use crate::exchange::is_initial_domain;
use crate::trace::Tally;

/// An organization, measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The moment that is looked from.
    pub at: Second,
    /// When the first message was sent; nothing where none was.
    pub first: Option<Second>,
    /// When the last one was.
    pub last: Option<Second>,
    /// How many have sent anything.
    pub senders: u64,
    /// How many messages.
    pub messages: u64,
    /// To how many recipients, groups not expanded.
    pub recipients: u64,
    /// External recipients of the last 24 hours, after groups are expanded.
    pub external: u32,
    /// The most of them in 24 hours.
    pub external_peak: Peak,
    /// The tenant external recipient rate limit, where the number of licences was given.
    pub external_limit: Option<u32>,
    /// External recipients of mail from the onmicrosoft.com domain in the last 24 hours.
    pub initial_domain: u32,
    /// The most of them in 24 hours.
    pub initial_domain_peak: Peak,
    /// The limit of that.
    pub initial_domain_limit: u32,
    /// How many senders have tripped a limit.
    pub tripped: u64,
    /// Who has written to the most recipients.
    pub busiest_senders: Vec<Busiest>,
    /// The external domains that were written to most.
    pub busiest_domains: Vec<Busiest>,
    /// What became of the lines of the trace.
    pub tally: Tally,
}

/// A name and how much it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Busiest {
    /// A sender or a domain.
    pub name: String,
    /// Recipients.
    pub recipients: u64,
}

/// How many of the busiest are named.
const MOST_NAMED: usize = 10;

const DAY: u32 = 86_400;
const MINUTE: usize = 60;

/// External recipients by the second in which they were written to.
#[derive(Debug, Default)]
pub struct External {
    all: Seconds,
    initial_domain: Seconds,
}

/// Counts by second, those of a minute together: a trace has far fewer minutes than messages.
#[derive(Debug, Default)]
struct Seconds(HashMap<u32, Box<[u32; MINUTE]>>);

impl Seconds {
    fn add(&mut self, at: Second, count: u32) {
        let (minute, second) = (at.unix_time() / MINUTE as u32, at.unix_time() as usize % MINUTE);
        let sum = &mut self.0.entry(minute).or_insert_with(|| Box::new([0; MINUTE]))[second];
        *sum = sum.saturating_add(count);
    }

    fn append(&mut self, other: Self) {
        for (minute, counts) in other.0 {
            let sums = self.0.entry(minute).or_insert_with(|| Box::new([0; MINUTE]));
            sums.iter_mut().zip(*counts).for_each(|(sum, count)| *sum = sum.saturating_add(count));
        }
    }

    /// Those in which there was anything, by time.
    fn in_order(&self) -> impl Iterator<Item = (Second, u32)> + Clone + '_ {
        let mut minutes: Vec<_> = self.0.iter().collect();
        minutes.sort_unstable_by_key(|(minute, _)| **minute);
        minutes.into_iter().flat_map(|(minute, counts)| {
            let within = (0..).zip(**counts).filter(|(_, count)| *count > 0);
            within.map(move |(second, count)| (Second::of_unix_time(minute * MINUTE as u32 + second), count))
        })
    }
}

impl External {
    /// Counts the messages of a sender.
    pub fn add(&mut self, sender: &str, messages: &[Message]) {
        let is_initial = sender.rsplit_once('@').is_some_and(|(_, domain)| is_initial_domain(domain));
        for message in messages.iter().filter(|message| message.recipients.expanded_external > 0) {
            self.all.add(message.at, message.recipients.expanded_external);
            if is_initial {
                self.initial_domain.add(message.at, message.recipients.expanded_external);
            }
        }
    }

    /// What counts against the limits of the organization, over time.
    pub fn lines(&self, service: &ServiceLimits, trip: Trip, has_licences: bool, at: Second) -> Vec<Line> {
        let most = has_licences.then_some(service.tenant_external);
        let mut lines = vec![of_organization(Limit::TenantExternal, most, self.all.in_order(), trip, at)];
        if !self.initial_domain.0.is_empty() {
            let most = Some(service.initial_domain);
            lines.push(of_organization(Limit::InitialDomain, most, self.initial_domain.in_order(), trip, at));
        }
        lines
    }

    /// Adds what another thread has counted.
    pub fn append(&mut self, other: Self) {
        self.all.append(other.all);
        self.initial_domain.append(other.initial_domain);
    }
}

/// What is used at `at`, and the peak before it, of what is in order.
fn window(sent: impl Iterator<Item = (Second, u32)>, at: Second) -> (u32, Peak) {
    let (mut within, mut peak, mut sum) = (VecDeque::new(), Peak::default(), 0_u64);
    let leave = |within: &mut VecDeque<(Second, u32)>, sum: &mut u64, now: Second| {
        while let Some((second, count)) = within.front() {
            if second.unix_time() + DAY > now.unix_time() {
                break;
            }
            *sum -= u64::from(*count);
            within.pop_front();
        }
    };
    let count = |sum: u64| u32::try_from(sum).unwrap_or(u32::MAX);
    for (second, recipients) in sent {
        leave(&mut within, &mut sum, second);
        within.push_back((second, recipients));
        sum += u64::from(recipients);
        peak.see(count(sum), second);
    }
    leave(&mut within, &mut sum, at);
    (count(sum), peak)
}

impl Organization {
    /// Measures an organization by its senders.
    pub fn of(
        senders: &[Sending],
        external: &External,
        domains: Vec<Busiest>,
        tally: Tally,
        at: Second,
        service: &ServiceLimits,
        has_licences: bool,
    ) -> Self {
        let (external_now, external_peak) = window(external.all.in_order(), at);
        let (initial_domain, initial_domain_peak) = window(external.initial_domain.in_order(), at);
        let recipients = |sending: &Sending| sending.internal + sending.external;
        let busiest =
            senders.iter().map(|sending| Busiest { name: sending.sender.clone(), recipients: recipients(sending) });
        Self {
            at,
            first: senders.iter().map(|sending| sending.first).min(),
            last: senders.iter().map(|sending| sending.last).max(),
            senders: senders.len() as u64,
            messages: senders.iter().map(|sending| sending.messages).sum(),
            recipients: senders.iter().map(recipients).sum(),
            external: external_now,
            external_peak,
            external_limit: has_licences.then_some(service.tenant_external),
            initial_domain,
            initial_domain_peak,
            initial_domain_limit: service.initial_domain,
            tripped: senders.iter().filter(|sending| sending.tripped.is_some()).count() as u64,
            busiest_senders: most(busiest.collect()),
            busiest_domains: most(domains),
            tally,
        }
    }
}

fn most(mut all: Vec<Busiest>) -> Vec<Busiest> {
    all.sort_unstable_by(|one, other| other.recipients.cmp(&one.recipients).then_with(|| one.name.cmp(&other.name)));
    all.truncate(MOST_NAMED);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_of_several_threads_are_put_together_by_time() {
        let at = Second::of_unix_time;
        let (mut one, mut other) = (Seconds::default(), Seconds::default());
        [(at(61), 1), (at(59), 2), (at(61), 3)].into_iter().for_each(|(second, count)| one.add(second, count));
        [(at(u32::MAX), 4), (at(60), 5), (at(59), u32::MAX)].into_iter().for_each(|(at, count)| other.add(at, count));
        one.append(other);
        let expected = [(at(59), u32::MAX), (at(60), 5), (at(61), 4), (at(u32::MAX), 4)];
        assert_eq!(one.in_order().collect::<Vec<_>>(), expected);
    }
}
