//! Decides about messages and counts them.

use crate::history::{History, Sent};
use crate::limits::{Action, Policy, ServiceLimits};
use crate::outcome::{Limit, Outcome, Until};
use crate::second::Second;
use crate::settings::Settings;
use crate::submission::Submission;

/// A user of an [`Engine`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenderId(u32);

/// Counts the mail of one organization.
///
/// Memory: 128 bytes for each sender, and 16 for each second of the last 24 hours in which it sent anything,
/// up to twice that while it grows: 2.1 MB at most.
#[derive(Debug, Clone)]
pub struct Engine {
    settings: Settings,
    service: ServiceLimits,
    senders: Vec<Sender>,
    /// External recipients, groups expanded.
    tenant: History,
    /// The same of mail from the onmicrosoft.com domain.
    initial_domain: History,
}

/// Two cache lines side by side, which come together: with 100,000 senders, waiting for memory is most of the work.
#[derive(Debug, Clone, Default)]
#[repr(align(128))]
struct Sender {
    history: History,
    block: Option<Block>,
    /// The day on which an admin has unblocked: no policy restricts on the rest of it.
    spared: Option<Second>,
}

#[derive(Debug, Clone, Copy)]
struct Block {
    limit: Limit,
    until: Until,
}

/// How much a sender has used at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Used {
    /// Messages of the last minute.
    pub messages_last_minute: u32,
    /// External recipients of the hour.
    pub external_this_hour: u32,
    /// Internal recipients of the hour.
    pub internal_this_hour: u32,
    /// Recipients of the day, UTC.
    pub recipients_today: u32,
    /// Recipients of the last 24 hours.
    pub recipients_last_24_hours: u32,
}

impl Engine {
    /// An organization that has sent nothing yet.
    #[must_use]
    pub fn new(service: ServiceLimits, settings: Settings) -> Self {
        Self { settings, service, senders: Vec::new(), tenant: History::default(), initial_domain: History::default() }
    }

    /// Another sender.
    pub fn add_sender(&mut self) -> SenderId {
        let id = SenderId(u32::try_from(self.senders.len()).unwrap_or(u32::MAX));
        self.senders.push(Sender::default());
        id
    }

    /// Decides about a message as the service does, and counts it if it goes out. `policy` is the one that its From
    /// address selects.
    ///
    /// # Panics
    /// When the sender is of another engine.
    pub fn submit(&mut self, submission: &Submission, policy: &Policy) -> Outcome {
        let submission = &self.in_order(submission);
        match self.what_stands_against(submission) {
            Some(outcome) => outcome,
            None => self.count(submission, policy),
        }
    }

    /// Counts a message that is known to have gone out, whatever stood against it, and tells what it tripped. Whoever
    /// is restricted already trips nothing more.
    ///
    /// # Panics
    /// When the sender is of another engine.
    pub fn record(&mut self, submission: &Submission, policy: &Policy) -> Outcome {
        let submission = &self.in_order(submission);
        self.count(submission, policy)
    }

    /// An admin unblocks: no policy restricts the sender again on that day. What the service has set, stays.
    ///
    /// # Panics
    /// When the sender is of another engine.
    pub fn unblock(&mut self, sender: SenderId, at: Second) {
        let sender = &mut self.senders[sender.0 as usize];
        sender.block = None;
        sender.spared = Some(at.day_begins());
    }

    /// How much a sender has used.
    ///
    /// # Panics
    /// When the sender is of another engine.
    #[must_use]
    pub fn used(&mut self, sender: SenderId, at: Second) -> Used {
        let Self { settings, senders, .. } = self;
        let history = senders[sender.0 as usize].history_at(at, settings);
        Used {
            messages_last_minute: history.minute().messages,
            external_this_hour: history.hour().external,
            internal_this_hour: history.hour().internal,
            recipients_today: history.today().recipients(),
            recipients_last_24_hours: history.day().recipients(),
        }
    }

    /// How long a sender can send nothing, and which limit says so; nothing where mail can be sent.
    ///
    /// # Panics
    /// When the sender is of another engine.
    #[must_use]
    pub fn restriction(&mut self, sender: SenderId, at: Second) -> Option<(Limit, Until)> {
        let Self { settings, service, senders, .. } = self;
        let sender = &mut senders[sender.0 as usize];
        if let Some(block) = sender.block(at) {
            return Some((block.limit, block.until));
        }
        let (history, rate) = (sender.history_at(at, settings), over_the_rate(service, settings));
        rate(history.day()).then(|| (Limit::RecipientRate, room_in_day(history, rate)))
    }

    /// Time does not run backwards: a message that is told of too late counts as of the last one's second.
    fn in_order(&self, submission: &Submission) -> Submission {
        let sender = self.senders[submission.sender.0 as usize].history.last();
        let last = [sender, self.tenant.last(), self.initial_domain.last()].into_iter().flatten().max();
        Submission { at: last.map_or(submission.at, |last| last.max(submission.at)), ..*submission }
    }

    fn what_stands_against(&mut self, submission: &Submission) -> Option<Outcome> {
        let Self { settings, service, senders, tenant, initial_domain } = self;
        let &Submission { at, recipients, .. } = submission;
        if recipients.all() > service.recipients_per_message {
            return Some(Outcome::Refuse { limit: Limit::RecipientsPerMessage, until: None });
        }
        let sender = &mut senders[submission.sender.0 as usize];
        if let Some(block) = sender.block(at) {
            return Some(Outcome::Refuse { limit: block.limit, until: Some(block.until) });
        }
        let refused = |history: &mut History, limit, is_over: &dyn Fn(Sent) -> bool| {
            let over = is_over_now(history, at, settings, |history| is_over(history.day()));
            over.then(|| Outcome::Refuse { limit, until: Some(room_in_day(history, is_over)) })
        };
        let rate = over_the_rate(service, settings);
        if let Some(outcome) = refused(&mut sender.history, Limit::RecipientRate, &rate) {
            return Some(outcome);
        }
        if recipients.expanded_external > 0 {
            let over = |sent: Sent| settings.service.is_over(sent.external, service.tenant_external);
            if let Some(outcome) = refused(tenant, Limit::TenantExternal, &over) {
                return Some(outcome);
            }
            let over = |sent: Sent| settings.service.is_over(sent.external, service.initial_domain);
            if submission.from_initial_domain {
                if let Some(outcome) = refused(initial_domain, Limit::InitialDomain, &over) {
                    return Some(outcome);
                }
            }
        }
        let full = |sent: Sent| sent.messages >= service.messages_per_minute;
        let history = &mut sender.history;
        let until = is_over_now(history, at, settings, |history| full(history.minute()))
            .then(|| history.minute_has_room(full))?;
        Some(match until {
            Some(until) => Outcome::Delay { until },
            None => Outcome::Refuse { limit: Limit::MessagesPerMinute, until: None },
        })
    }

    fn count(&mut self, submission: &Submission, policy: &Policy) -> Outcome {
        let Self { settings, service, senders, tenant, initial_domain } = self;
        let &Submission { at, recipients, .. } = submission;
        if recipients.expanded_external > 0 {
            let sent = Sent { messages: 1, internal: 0, external: recipients.expanded_external };
            tenant.add(at, sent, settings.hour);
            if submission.from_initial_domain {
                initial_domain.add(at, sent, settings.hour);
            }
        }
        let sender = &mut senders[submission.sender.0 as usize];
        let sent = Sent { messages: 1, internal: recipients.internal, external: recipients.external };
        sender.history.add(at, sent, settings.hour);
        if sender.block(at).is_some() {
            return Outcome::Accept;
        }
        sender.tripped(at, sent, policy, service, settings)
    }
}

impl Sender {
    /// What was sent until `at`, or until the last message where that is later.
    fn history_at(&mut self, at: Second, settings: &Settings) -> &History {
        let at = self.history.last().map_or(at, |last| last.max(at));
        self.history.slide(at, settings.hour);
        &self.history
    }

    /// The block that holds at `at`.
    fn block(&self, at: Second) -> Option<Block> {
        self.block.filter(|block| !matches!(block.until, Until::At(end) if end <= at))
    }

    /// What the message trips that was just counted: the service's own limit before those of the policy, which an
    /// admin can lift.
    fn tripped(
        &mut self,
        at: Second,
        sent: Sent,
        policy: &Policy,
        service: &ServiceLimits,
        settings: &Settings,
    ) -> Outcome {
        let rate = over_the_rate(service, settings);
        let over = |used: u32, limit: u32| limit > 0 && settings.policy.is_over(used, limit);
        let used = |history: &History| {
            [
                (Limit::ExternalPerHour, policy.external_per_hour, history.hour().external, sent.external),
                (Limit::InternalPerHour, policy.internal_per_hour, history.hour().internal, sent.internal),
                (Limit::RecipientsPerDay, policy.per_day, history.today().recipients(), sent.recipients()),
            ]
        };
        let any = |history: &History| {
            rate(history.day()) || used(history).iter().any(|&(_, limit, used, _)| over(used, limit))
        };
        if !is_over_now(&mut self.history, at, settings, any) {
            return Outcome::Accept;
        }
        if rate(self.history.day()) {
            let before = self.history.day().recipients().saturating_sub(sent.recipients());
            return if settings.service.is_over(before, service.recipient_rate) {
                Outcome::Accept
            } else {
                Outcome::Block { limit: Limit::RecipientRate, until: room_in_day(&self.history, rate) }
            };
        }
        let mut over_now = used(&self.history).into_iter().filter(|&(_, limit, used, _)| over(used, limit));
        let until = match policy.action {
            Action::Alert => {
                // Told once, when it is crossed.
                let crossed = over_now.find(|&(_, limit, used, new)| !over(used.saturating_sub(new), limit));
                return crossed.map_or(Outcome::Accept, |(limit, ..)| Outcome::Alert { limit });
            }
            _ if self.spared == Some(at.day_begins()) => return Outcome::Accept,
            Action::BlockUserForToday => Until::At(at.next_day()),
            Action::BlockUser => Until::Unblocked,
        };
        let Some((limit, ..)) = over_now.next() else { return Outcome::Accept };
        self.block = Some(Block { limit, until });
        Outcome::Block { limit, until }
    }
}

/// Whether whoever has sent so much in 24 hours has used up the recipient rate.
fn over_the_rate(service: &ServiceLimits, settings: &Settings) -> impl Fn(Sent) -> bool + Copy {
    let (limit, trip) = (service.recipient_rate, settings.service);
    move |sent| trip.is_over(sent.recipients(), limit)
}

/// Whether a history is over a limit at `at`. Its sums are never too small, so that they are made exact only where they
/// say that it is.
fn is_over_now(history: &mut History, at: Second, settings: &Settings, is_over: impl Fn(&History) -> bool) -> bool {
    is_over(history) && {
        history.slide(at, settings.hour);
        is_over(history)
    }
}

/// How long the 24 hours stay over a limit.
fn room_in_day(history: &History, is_over: impl Fn(Sent) -> bool) -> Until {
    history.day_has_room(is_over).map_or(Until::Unblocked, Until::At)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_fits_into_two_cache_lines() {
        assert_eq!(size_of::<Sender>(), 128);
    }
}
