//! How much each window held over time, reduced to what a picture can show.

use restricted_sender_limits::{Hour, Limit, Policy, Second, ServiceLimits, Settings, Trip};

use super::message::Message;

const HOUR: u32 = 3600;
const DAY: u32 = 24 * HOUR;

/// How many columns a line is reduced to, so that a million messages are no more than twice as many steps: each column
/// keeps its highest count and its last one.
pub const COLUMNS: u64 = 500;

/// What a window held over time, against the limit on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The limit that counts this window.
    pub limit: Limit,
    /// The most that it allows, in recipients; nothing where that is not known.
    pub most: Option<u32>,
    /// The hour that is meant, where the limit is one per hour.
    pub hour: Hour,
    /// When the limit was tripped first.
    pub tripped: Option<Second>,
    /// In the order of time.
    pub steps: Vec<Step>,
}

/// From this second on the window holds so many recipients, until the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// When the count changes.
    pub at: Second,
    /// Recipients.
    pub count: u64,
}

impl Line {
    /// The most that was reached, and when that was first.
    pub fn peak(&self) -> Option<Step> {
        self.steps.iter().copied().reduce(|one, other| if other.count > one.count { other } else { one })
    }

    /// What the window held at a moment.
    pub fn count_at(&self, at: Second) -> u64 {
        let next = self.steps.partition_point(|step| step.at <= at);
        next.checked_sub(1).map_or(0, |last| self.steps[last].count)
    }
}

/// The lines of a sender until `at`: the recipient rate, and each limit that the policy sets. `messages` are in order.
pub fn of_sender(
    messages: &[Message],
    policy: Option<&Policy>,
    service: &ServiceLimits,
    settings: &Settings,
    at: Second,
) -> Vec<Line> {
    let none = Policy::default();
    let policy = policy.unwrap_or(&none);
    let limits = [
        (Limit::RecipientRate, service.recipient_rate),
        (Limit::RecipientsPerDay, policy.per_day),
        (Limit::ExternalPerHour, policy.external_per_hour),
        (Limit::InternalPerHour, policy.internal_per_hour),
    ];
    // A policy sets none by 0.
    let set = limits.into_iter().filter(|(_, most)| *most > 0);
    set.map(|(limit, most)| {
        let sent = messages.iter().map(|message| (message.at, counted(message, limit)));
        let trip = if limit == Limit::RecipientRate { settings.service } else { settings.policy };
        let (steps, tripped) = steps(sent, leaves(limit, settings.hour), over(Some(most), trip), at);
        Line { limit, most: Some(most), hour: settings.hour, tripped, steps }
    })
    .collect()
}

/// The line of the organization, whose limits count any 24 hours. `sent` is in the order of time.
pub fn of_organization(
    limit: Limit,
    most: Option<u32>,
    sent: impl Iterator<Item = (Second, u32)> + Clone,
    trip: Trip,
    at: Second,
) -> Line {
    let hour = Hour::default();
    let (steps, tripped) = steps(sent, leaves(limit, hour), over(most, trip), at);
    Line { limit, most, hour, tripped, steps }
}

/// Whether a count trips a limit, where that is known.
fn over(most: Option<u32>, trip: Trip) -> impl Fn(u64) -> bool {
    move |count| most.is_some_and(|most| trip.is_over(u32::try_from(count).unwrap_or(u32::MAX), most))
}

fn counted(message: &Message, limit: Limit) -> u32 {
    match limit {
        Limit::ExternalPerHour => message.recipients.external,
        Limit::InternalPerHour => message.recipients.internal,
        _ => message.recipients.internal.saturating_add(message.recipients.external),
    }
}

/// The second, in Unix time, in which what was sent at a second counts no more.
fn leaves(limit: Limit, hour: Hour) -> fn(Second) -> u32 {
    match (limit, hour) {
        (Limit::ExternalPerHour | Limit::InternalPerHour, Hour::Rolling) => |at| at.unix_time().saturating_add(HOUR),
        (Limit::ExternalPerHour | Limit::InternalPerHour, Hour::Clock) => {
            |at| (at.unix_time() - at.unix_time() % HOUR).saturating_add(HOUR)
        }
        (Limit::RecipientsPerDay, _) => |at| at.next_day().unix_time(),
        _ => |at| at.unix_time().saturating_add(DAY),
    }
}

/// How much a window holds, from the first that was sent until a moment, and when it held as much as `is_over` first.
fn steps(
    sent: impl Iterator<Item = (Second, u32)> + Clone,
    leaves: fn(Second) -> u32,
    is_over: impl Fn(u64) -> bool,
    until: Second,
) -> (Vec<Step>, Option<Second>) {
    let sent = sent.filter(|(at, count)| *count > 0 && *at <= until);
    let mut tripped = None;
    let Some((first, _)) = sent.clone().next() else { return (Vec::new(), None) };
    let mut reduction = Reduction::new(first, until);
    let (mut within, mut leaving) = (0_u64, sent.clone().peekable());
    let mut leave = |within: &mut u64, now: Second, reduction: &mut Reduction| {
        while let Some((at, count)) = leaving.next_if(|(at, _)| leaves(*at) <= now.unix_time()) {
            *within = within.saturating_sub(u64::from(count));
            reduction.see(Second::of_unix_time(leaves(at)), *within);
        }
    };
    for (at, count) in sent {
        leave(&mut within, at, &mut reduction);
        within += u64::from(count);
        reduction.see(at, within);
        if tripped.is_none() && is_over(within) {
            tripped = Some(at);
        }
    }
    leave(&mut within, until, &mut reduction);
    (reduction.finish(), tripped)
}

/// Keeps of each column the highest step and the last one.
struct Reduction {
    from: Second,
    /// In seconds, at least one.
    length: u64,
    steps: Vec<Step>,
    column: u64,
    highest: Option<Step>,
    last: Option<Step>,
    /// What the latest second has come to so far.
    latest: Option<Step>,
}

impl Reduction {
    fn new(from: Second, until: Second) -> Self {
        let length = u64::from(until.unix_time() - from.unix_time()) + 1;
        Self { from, length, steps: Vec::new(), column: 0, highest: None, last: None, latest: None }
    }

    fn see(&mut self, at: Second, count: u64) {
        match &mut self.latest {
            Some(latest) if latest.at == at => latest.count = count,
            _ => {
                self.settle();
                self.latest = Some(Step { at, count });
            }
        }
    }

    /// Nothing more happens in the latest second.
    fn settle(&mut self) {
        let Some(step) = self.latest.take() else { return };
        let column = u64::from(step.at.unix_time() - self.from.unix_time()) * COLUMNS / self.length;
        if column != self.column {
            self.close();
            self.column = column;
        }
        if self.highest.is_none_or(|highest| step.count > highest.count) {
            self.highest = Some(step);
        }
        self.last = Some(step);
    }

    fn close(&mut self) {
        let (highest, last) = (self.highest.take(), self.last.take());
        self.steps.extend(highest);
        self.steps.extend(last.filter(|_| last != highest));
    }

    fn finish(mut self) -> Vec<Step> {
        self.settle();
        self.close();
        self.steps
    }
}

#[cfg(test)]
mod tests {
    use restricted_sender_limits::{Action, Engine, Recipients, Submission};
    use time::macros::datetime;

    use super::*;

    fn message(at: Second, internal: u32, external: u32) -> Message {
        let recipients = Recipients { internal, external, expanded_external: external };
        Message { at, id: 1, recipients, may_be_members: Recipients::default() }
    }

    fn later(seconds: u32) -> Second {
        Second::of_unix_time(Second::from(datetime!(2026-11-28 22:30 UTC)).unix_time() + seconds)
    }

    const POLICY: Policy =
        Policy { external_per_hour: 500, internal_per_hour: 0, per_day: 1000, action: Action::BlockUserForToday };

    fn lines(messages: &[Message], hour: Hour, until: Second) -> Vec<(Limit, Vec<(u32, u64)>)> {
        let settings = Settings { hour, ..Settings::default() };
        let lines = of_sender(messages, Some(&POLICY), &ServiceLimits::trial(), &settings, until);
        let step = |step: &Step| (step.at.unix_time() - later(0).unix_time(), step.count);
        lines.iter().map(|line| (line.limit, line.steps.iter().map(step).collect())).collect()
    }

    #[test]
    fn each_window_fills_and_empties_at_its_time() {
        let sent = [message(later(0), 1, 2), message(later(0), 0, 2), message(later(600), 4, 3)];
        let after_two_days = later(2 * DAY);
        assert_eq!(
            lines(&sent, Hour::Rolling, after_two_days),
            [
                (Limit::RecipientRate, vec![(0, 5), (600, 12), (DAY, 7), (DAY + 600, 0)]),
                // Midnight is an hour and a half later.
                (Limit::RecipientsPerDay, vec![(0, 5), (600, 12), (5400, 0)]),
                (Limit::ExternalPerHour, vec![(0, 4), (600, 7), (HOUR, 3), (HOUR + 600, 0)]),
            ]
        );
        let by_the_clock = lines(&sent, Hour::Clock, after_two_days).remove(2);
        assert_eq!(by_the_clock.1, [(0, 4), (600, 7), (1800, 0)]);
    }

    #[test]
    fn nothing_is_told_of_what_comes_later_or_of_who_sent_nothing() {
        let sent = [message(later(0), 1, 0), message(later(60), 1, 0)];
        assert_eq!(lines(&sent, Hour::Rolling, later(59))[0].1, [(0, 1)]);
        assert!(lines(&sent, Hour::Rolling, later(59))[2].1.is_empty(), "nothing went outside");
        assert!(lines(&[], Hour::Rolling, later(0))[0].1.is_empty());
        let line = of_organization(Limit::TenantExternal, None, [(later(5), 7)].into_iter(), Trip::Reaching, later(9));
        assert_eq!(
            (line.peak(), line.count_at(later(4)), line.count_at(later(5))),
            (line.steps.first().copied(), 0, 7)
        );
    }

    #[test]
    fn a_limit_of_the_service_trips_when_it_is_reached_and_one_of_a_policy_beyond_it() {
        let sent = [message(later(0), 0, 1000), message(later(60), 0, 1), message(later(120), 0, 8999)];
        let tripped = |messages: &[Message]| -> Vec<_> {
            let service = ServiceLimits::trial();
            let lines = of_sender(messages, Some(&POLICY), &service, &Settings::default(), later(DAY));
            lines.iter().map(|line| line.tripped).collect()
        };
        assert_eq!(tripped(&sent), [Some(later(120)), Some(later(60)), Some(later(0))]);
        assert_eq!(tripped(&sent[..1]), [None, None, Some(later(0))]);
        let line =
            of_organization(Limit::TenantExternal, Some(7), [(later(5), 7)].into_iter(), Trip::Reaching, later(9));
        assert_eq!(line.tripped, Some(later(5)));
    }

    #[test]
    fn a_million_messages_are_a_thousand_steps_and_no_peak_is_lost() {
        let sent: Vec<_> = (0..1_000_000_u32).map(|number| message(later(number / 2), 0, number % 7)).collect();
        let until = later(500_000);
        let line = of_sender(&sent, None, &ServiceLimits::trial(), &Settings::default(), until).remove(0);
        assert!(line.steps.len() <= 2 * COLUMNS as usize, "{}", line.steps.len());
        assert!(line.steps.is_sorted_by(|one, other| one.at < other.at));
        let mut engine = Engine::new(ServiceLimits::trial(), Settings::default());
        let sender = engine.add_sender();
        let mut highest = vec![0; COLUMNS as usize];
        for message in &sent {
            let Message { at, recipients, .. } = *message;
            engine.record(&Submission { at, sender, recipients, from_initial_domain: false }, &Policy::default());
            let column = u64::from(at.unix_time() - later(0).unix_time()) * COLUMNS / 500_001;
            let used = u64::from(engine.used(sender, at).recipients_last_24_hours);
            highest[column as usize] = used.max(highest[column as usize]);
        }
        let mut drawn = vec![0; COLUMNS as usize];
        for step in &line.steps {
            let column = u64::from(step.at.unix_time() - later(0).unix_time()) * COLUMNS / 500_001;
            drawn[column as usize] = step.count.max(drawn[column as usize]);
        }
        assert!(drawn == highest, "the highest of each column is what the engine counts");
    }

    #[test]
    fn the_last_second_that_there_is_does_no_harm() {
        let end = Second::of_unix_time(u32::MAX);
        let sent = [message(end, 1, 1), message(end, 1, 1)];
        assert_eq!(lines(&sent, Hour::Rolling, end).len(), 3);
    }
}
