//! Measures everybody in a trace, with several threads.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ScopedJoinHandle};

use restricted_sender_limits::{Policy, Second, ServiceLimits, Settings};

use super::course::{self, Line};
use super::message::each_sender;
use super::organization::{Busiest, External, Organization};
use super::sender::{Measure, Sending};
use super::shown::Shown;
use crate::trace::{Book, Gathered, Kind, Ledger, Recipient, Rows, Tally, DOMAINS, PARTS};

/// What to measure against.
pub struct Scale<'a> {
    /// The moment to look from; nothing for that of the last row.
    pub at: Option<Second>,
    /// The limits of the service.
    pub service: ServiceLimits,
    /// Whether the number of licences is known, on which the limit of the organization rests.
    pub has_licences: bool,
    /// How to count where the service does not say.
    pub settings: Settings,
    /// The policy that applies to a sender; nothing where it is not known.
    pub policy: &'a (dyn Fn(&str) -> Option<Policy> + Sync),
    /// Whom a plot may show; nothing where none is wanted.
    pub plotted: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
}

/// Everybody, measured.
#[derive(Debug)]
pub struct Measured {
    /// Each sender, the busiest first.
    pub senders: Vec<Sending>,
    /// All together.
    pub organization: Organization,
    /// Those of them that a plot shows.
    pub shown: Shown,
    /// What counts against the limits of the organization, where a plot is wanted.
    pub lines: Vec<Line>,
}

/// What one thread has found.
#[derive(Default)]
struct Found {
    senders: Vec<Sending>,
    shown: Shown,
    external: External,
    domains: Vec<u64>,
    duplicates: u64,
}

/// Measures what several readers have taken down.
#[must_use]
pub fn analyse(book: &Book, ledgers: Vec<Ledger>, scale: &Scale<'_>) -> Measured {
    let mut tally = Tally::default();
    let (mut latest, mut readers) = (None, Vec::with_capacity(ledgers.len()));
    for ledger in ledgers {
        tally.add(ledger.tally);
        latest = latest.max(ledger.latest);
        readers.push(Mutex::new(ledger.parts));
    }
    let at = scale.at.or(latest).unwrap_or_default();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut found = Found { domains: vec![0; DOMAINS as usize], ..Found::default() };
        let mut rows = Gathered::default();
        loop {
            let part = next.fetch_add(1, Ordering::Relaxed);
            if part >= PARTS {
                return found;
            }
            take(&readers, part, &mut rows);
            found.look_at(&mut rows, book, scale, at);
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let all: Vec<Found> = thread::scope(|scope| {
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let found = |thread: ScopedJoinHandle<'_, Found>| thread.join().unwrap_or_else(|panic| resume_unwind(panic));
        working.into_iter().map(found).collect()
    });
    let mut found = all.into_iter().reduce(Found::and).unwrap_or_default();
    tally.duplicates += found.duplicates;
    found.senders.sort_unstable_by(|one, other| {
        let recipients = |sending: &Sending| sending.internal + sending.external;
        recipients(other).cmp(&recipients(one)).then_with(|| one.sender.cmp(&other.sender))
    });
    let domains = found.domains.iter().zip(0..DOMAINS - 1).filter(|(count, _)| **count > 0);
    let domains =
        domains.map(|(count, number)| Busiest { name: book.domains.name(number), recipients: *count }).collect();
    let Found { senders, shown, external, .. } = found;
    let lines = match scale.plotted {
        Some(_) => external.lines(&scale.service, scale.settings.service, scale.has_licences, at),
        None => Vec::new(),
    };
    let organization = Organization::of(&senders, &external, domains, tally, at, &scale.service, scale.has_licences);
    Measured { senders, organization, shown, lines }
}

/// Gathers the rows of a part, of all readers.
fn take(readers: &[Mutex<Vec<Rows>>], part: usize, rows: &mut Gathered) {
    rows.clear();
    for reader in readers {
        let mut parts = reader.lock().unwrap_or_else(PoisonError::into_inner);
        let theirs = std::mem::take(&mut parts[part]);
        drop(parts);
        rows.add(theirs);
    }
}

impl Found {
    fn look_at(&mut self, rows: &mut Gathered, book: &Book, scale: &Scale<'_>, at: Second) {
        let Self { senders, shown, external, domains, duplicates } = self;
        let outside = |recipient: Recipient| {
            if matches!(recipient.kind(), Kind::External | Kind::ExternalMember) {
                domains[recipient.domain()] += 1;
            }
        };
        *duplicates += each_sender(rows, at, outside, |number, messages| {
            let sender = book.senders.name(number);
            external.add(&sender, messages);
            let policy = (scale.policy)(&sender);
            let measure = Measure { policy: policy.as_ref(), service: scale.service, settings: scale.settings, at };
            let Some(sending) = measure.of(sender, messages) else { return };
            if scale.plotted.is_some_and(|plotted| plotted(&sending.sender)) {
                let lines = || course::of_sender(messages, policy.as_ref(), &scale.service, &scale.settings, at);
                shown.consider(&sending, lines);
            }
            senders.push(sending);
        });
    }

    fn and(mut self, mut other: Self) -> Self {
        self.senders.append(&mut other.senders);
        self.shown = self.shown.and(other.shown);
        self.external.append(other.external);
        self.duplicates += other.duplicates;
        self.domains.iter_mut().zip(other.domains).for_each(|(sum, count)| *sum += count);
        self
    }
}
