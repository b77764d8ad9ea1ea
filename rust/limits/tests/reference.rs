//! The engine against a reference that keeps every message and counts all of them anew for each question.

use proptest::prelude::*;
use restricted_sender_limits::{
    Action, Engine, Hour, Limit, Outcome, Policy, Recipients, Second, SenderId, ServiceLimits, Settings, Submission,
    Trip, Until,
};
use time::{Duration, OffsetDateTime};

const START: OffsetDateTime = time::macros::datetime!(2026-11-27 20:00 UTC);

/// One step of a random history.
#[derive(Debug, Clone)]
struct Step {
    /// Seconds after the step before.
    pause: u32,
    sender: usize,
    policy: usize,
    recipients: Recipients,
    from_initial_domain: bool,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Submit,
    Record,
    Unblock,
}

struct Message {
    at: OffsetDateTime,
    sender: usize,
    recipients: Recipients,
    from_initial_domain: bool,
}

struct Reference {
    settings: Settings,
    service: ServiceLimits,
    messages: Vec<Message>,
    blocks: Vec<Option<(Limit, Option<OffsetDateTime>)>>,
    unblocked: Vec<Option<time::Date>>,
}

fn midnight_after(at: OffsetDateTime) -> OffsetDateTime {
    at.date().midnight().assume_utc() + Duration::DAY
}

fn over(trip: Trip, used: u32, limit: u32) -> bool {
    match trip {
        Trip::Reaching => used >= limit,
        Trip::Exceeding => used > limit,
    }
}

impl Reference {
    /// What fits, summed up.
    fn sum(&self, fits: impl Fn(&Message) -> bool, count: impl Fn(&Recipients) -> u32) -> u32 {
        self.messages.iter().filter(|message| fits(message)).map(|message| count(&message.recipients)).sum()
    }

    fn rate(&self, sender: usize, at: OffsetDateTime) -> u32 {
        let fits = |message: &Message| message.sender == sender && at - message.at < Duration::DAY;
        self.sum(fits, |recipients| recipients.all())
    }

    fn tenant(&self, at: OffsetDateTime) -> u32 {
        self.sum(|message| at - message.at < Duration::DAY, |recipients| recipients.expanded_external)
    }

    fn initial_domain(&self, at: OffsetDateTime) -> u32 {
        let fits = |message: &Message| message.from_initial_domain && at - message.at < Duration::DAY;
        self.sum(fits, |recipients| recipients.expanded_external)
    }

    fn minute(&self, sender: usize, at: OffsetDateTime) -> u32 {
        self.sum(|message| message.sender == sender && at - message.at < Duration::MINUTE, |_| 1)
    }

    /// The first second from `at` on of which `is_free` holds, if the day after it has one.
    fn first(&self, at: OffsetDateTime, is_free: impl Fn(OffsetDateTime) -> bool) -> Option<OffsetDateTime> {
        let ends = |message: &Message| [message.at + Duration::MINUTE, message.at + Duration::DAY];
        let mut moments: Vec<_> = self.messages.iter().flat_map(ends).filter(|moment| *moment > at).collect();
        moments.sort();
        moments.into_iter().find(|moment| is_free(*moment))
    }

    fn until(&self, at: OffsetDateTime, is_over: impl Fn(OffsetDateTime) -> bool) -> Until {
        self.first(at, |moment| !is_over(moment)).map_or(Until::Unblocked, |moment| Until::At(moment.into()))
    }

    fn block(&self, sender: usize, at: OffsetDateTime) -> Option<(Limit, Option<OffsetDateTime>)> {
        self.blocks[sender].filter(|(_, until)| until.is_none_or(|until| at < until))
    }

    fn submit(&mut self, message: Message, policy: &Policy) -> Outcome {
        let (at, sender, service, trip) = (message.at, message.sender, self.service, self.settings.service);
        let refuse = |limit, until| Outcome::Refuse { limit, until };
        if message.recipients.all() > service.recipients_per_message {
            return refuse(Limit::RecipientsPerMessage, None);
        }
        if let Some((limit, until)) = self.block(sender, at) {
            return refuse(limit, Some(until.map_or(Until::Unblocked, |until| Until::At(until.into()))));
        }
        let rate = |at| over(trip, self.rate(sender, at), service.recipient_rate);
        if rate(at) {
            return refuse(Limit::RecipientRate, Some(self.until(at, rate)));
        }
        let external = message.recipients.expanded_external > 0;
        let tenant = |at| over(trip, self.tenant(at), service.tenant_external);
        if external && tenant(at) {
            return refuse(Limit::TenantExternal, Some(self.until(at, tenant)));
        }
        let initial = |at| over(trip, self.initial_domain(at), service.initial_domain);
        if external && message.from_initial_domain && initial(at) {
            return refuse(Limit::InitialDomain, Some(self.until(at, initial)));
        }
        let full = |at| self.minute(sender, at) >= service.messages_per_minute;
        if full(at) {
            let until = self.first(at, |moment| !full(moment));
            return until
                .map_or(refuse(Limit::MessagesPerMinute, None), |until| Outcome::Delay { until: until.into() });
        }
        self.record(message, policy)
    }

    fn record(&mut self, message: Message, policy: &Policy) -> Outcome {
        let (at, sender, settings) = (message.at, message.sender, self.settings);
        let hour = |before: &Message| match settings.hour {
            Hour::Rolling => at - before.at < Duration::HOUR,
            Hour::Clock => at.date() == before.at.date() && at.hour() == before.at.hour(),
        };
        let external =
            |this: &Self| this.sum(|before| before.sender == sender && hour(before), |recipients| recipients.external);
        let internal =
            |this: &Self| this.sum(|before| before.sender == sender && hour(before), |recipients| recipients.internal);
        let today = |this: &Self| {
            this.sum(|before| before.sender == sender && before.at.date() == at.date(), |recipients| recipients.all())
        };
        let used = |this: &Self| [external(this), internal(this), today(this)];
        let (before, rate_before) = (used(self), self.rate(sender, at));
        self.messages.push(message);
        let (after, rate_after) = (used(self), self.rate(sender, at));
        if self.block(sender, at).is_some() {
            return Outcome::Accept;
        }
        let rate = |used| over(settings.service, used, self.service.recipient_rate);
        if rate(rate_before) {
            return Outcome::Accept;
        }
        if rate(rate_after) {
            let until = self.until(at, |moment| rate(self.rate(sender, moment)));
            return Outcome::Block { limit: Limit::RecipientRate, until };
        }
        let limits = [
            (Limit::ExternalPerHour, policy.external_per_hour),
            (Limit::InternalPerHour, policy.internal_per_hour),
            (Limit::RecipientsPerDay, policy.per_day),
        ];
        for ((limit, most), (before, after)) in limits.into_iter().zip(before.into_iter().zip(after)) {
            if most == 0 || !over(settings.policy, after, most) {
                continue;
            }
            if policy.action == Action::Alert {
                if !over(settings.policy, before, most) {
                    return Outcome::Alert { limit };
                }
                continue;
            }
            if self.unblocked[sender] == Some(at.date()) {
                return Outcome::Accept;
            }
            let until = (policy.action == Action::BlockUserForToday).then(|| midnight_after(at));
            self.blocks[sender] = Some((limit, until));
            let until = until.map_or(Until::Unblocked, |until| Until::At(until.into()));
            return Outcome::Block { limit, until };
        }
        Outcome::Accept
    }
}

fn step() -> impl Strategy<Value = Step> {
    let pause = prop_oneof![3 => 0..3_u32, 3 => 0..120_u32, 3 => 0..4000_u32, 1 => 0..90_000_u32];
    let recipients = (0..4_u32, 0..4_u32, 0..6_u32).prop_map(|(internal, external, members)| Recipients {
        internal,
        external,
        expanded_external: external + members,
    });
    let what = prop_oneof![8 => Just(What::Submit), 3 => Just(What::Record), 1 => Just(What::Unblock)];
    (pause, 0..3_usize, 0..3_usize, recipients, any::<bool>(), what).prop_map(
        |(pause, sender, policy, recipients, from_initial_domain, what)| Step {
            pause,
            sender,
            policy,
            recipients,
            from_initial_domain,
            what,
        },
    )
}

fn settings() -> impl Strategy<Value = Settings> {
    let hour = prop_oneof![Just(Hour::Rolling), Just(Hour::Clock)];
    let trip = || prop_oneof![Just(Trip::Reaching), Just(Trip::Exceeding)];
    (hour, trip(), trip()).prop_map(|(hour, policy, service)| Settings { hour, policy, service })
}

fn policy() -> impl Strategy<Value = Policy> {
    let action = prop_oneof![Just(Action::Alert), Just(Action::BlockUserForToday), Just(Action::BlockUser)];
    (0..12_u32, 0..12_u32, 0..25_u32, action).prop_map(|(external_per_hour, internal_per_hour, per_day, action)| {
        Policy { external_per_hour, internal_per_hour, per_day, action }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn the_engine_decides_as_a_reference_that_counts_everything_anew(
        settings in settings(),
        policies in prop::array::uniform3(policy()),
        steps in prop::collection::vec(step(), 1..80),
    ) {
        let service = ServiceLimits {
            recipient_rate: 40,
            messages_per_minute: 5,
            recipients_per_message: 5,
            tenant_external: 60,
            initial_domain: 20,
        };
        let mut engine = Engine::new(service, settings);
        let senders: Vec<SenderId> = (0..3).map(|_| engine.add_sender()).collect();
        let mut reference = Reference {
            settings, service, messages: Vec::new(), blocks: vec![None; 3], unblocked: vec![None; 3],
        };
        let mut now = START;
        for step in steps {
            now += Duration::seconds(i64::from(step.pause));
            let Step { sender, recipients, from_initial_domain, .. } = step;
            let submission = Submission { at: now.into(), sender: senders[sender], recipients, from_initial_domain };
            let message = Message { at: now, sender, recipients, from_initial_domain };
            let policy = &policies[step.policy];
            match step.what {
                What::Submit => {
                    prop_assert_eq!(engine.submit(&submission, policy), reference.submit(message, policy));
                }
                What::Record => {
                    prop_assert_eq!(engine.record(&submission, policy), reference.record(message, policy));
                }
                What::Unblock => {
                    engine.unblock(senders[sender], now.into());
                    reference.blocks[sender] = None;
                    reference.unblocked[sender] = Some(now.date());
                }
            }
            let used = engine.used(senders[sender], Second::from(now));
            prop_assert_eq!(used.recipients_last_24_hours, reference.rate(sender, now));
            prop_assert_eq!(used.messages_last_minute, reference.minute(sender, now));
        }
    }
}
