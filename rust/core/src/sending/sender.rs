//! One sender, measured.

use restricted_sender_limits::{
    Engine, Limit, Outcome, Policy, Recipients, Second, SenderId, ServiceLimits, Settings, Submission, Until, Used,
};
use uuid::Uuid;

use super::forecast::forecast;
use super::message::Message;
use super::peaks::Peaks;
use super::usage::Remaining;

/// What a sender has sent, against the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// The sender's address.
    pub sender: String,
    /// How many messages.
    pub messages: u64,
    /// To how many recipients inside.
    pub internal: u64,
    /// To how many outside.
    pub external: u64,
    /// When the first message was sent.
    pub first: Second,
    /// When the last one was.
    pub last: Second,
    /// The most in each window.
    pub peaks: Peaks,
    /// The limit that was tripped first.
    pub tripped: Option<Tripped>,
    /// What is used at the moment that is looked from.
    pub used: Used,
    /// How many more recipients inside may be written to at that moment, by the limits that are known.
    pub remaining_internal: u32,
    /// The same outside.
    pub remaining_external: u32,
    /// Until when nothing goes out, from that moment.
    pub restricted: Option<(Limit, Until)>,
    /// What comes of going on like this.
    pub forecast: Option<Forecast>,
    /// Whether there are messages to groups, of which the trace does not tell all.
    pub groups: Groups,
}

/// The message that tripped a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tripped {
    /// Which limit.
    pub limit: Limit,
    /// The message trace id of the message.
    pub message: u128,
    /// When it was sent.
    pub at: Second,
}

impl Tripped {
    /// The message trace id as the service writes it.
    #[must_use]
    pub fn message_trace_id(&self) -> String {
        Uuid::from_u128(self.message).to_string()
    }
}

/// A limit that is going to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// Which.
    pub limit: Limit,
    /// When.
    pub at: Second,
    /// How many recipients an hour that takes: as many as in the last one.
    pub per_hour: u32,
}

/// How far messages to groups blur the figures: the trace shows a group and its members, and who stands beside a group
/// may be either a recipient or a member, which does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Groups {
    /// There are none, or it is known who their members are.
    None,
    /// The counts are the most that it can be; the tripped limit is the same at the least.
    AtMost,
    /// At the least, another limit or none is tripped.
    Doubtful,
}

impl Groups {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "Exact",
            Self::AtMost => "AtMost",
            Self::Doubtful => "Doubtful",
        }
    }
}

impl Sending {
    /// From when mail goes out again; nothing where it does, or only after an unblock.
    #[must_use]
    pub fn can_send_again_at(&self) -> Option<Second> {
        can_send_again_at(self.restricted)
    }
}

/// From when mail goes out again by what restricts it; nothing where that takes an unblock.
pub fn can_send_again_at(restricted: Option<(Limit, Until)>) -> Option<Second> {
    match restricted {
        Some((_, Until::At(second))) => Some(second),
        Some((_, Until::Unblocked)) | None => None,
    }
}

/// What a sender is measured against.
#[derive(Debug, Clone, Copy)]
pub struct Measure<'a> {
    /// The policy that applies; nothing where it is not known, and then only the service's limits count.
    pub policy: Option<&'a Policy>,
    pub service: ServiceLimits,
    pub settings: Settings,
    /// The moment that is looked from.
    pub at: Second,
}

impl Measure<'_> {
    /// Measures the messages of a sender, in the order of their time; later ones than the moment that is looked from do
    /// not count. Nothing where none is left.
    pub fn of(&self, sender: String, messages: &[Message]) -> Option<Sending> {
        let messages = &messages[..messages.partition_point(|message| message.at <= self.at)];
        let (first, last) = (messages.first()?.at, messages.last()?.at);
        let most = self.count(messages, |message| message.recipients);
        let are_blurred = messages.iter().any(|message| message.may_be_members != Recipients::default());
        let groups = if are_blurred {
            let least = self.count(messages, Message::at_least);
            if least.tripped.map(|tripped| tripped.limit) == most.tripped.map(|tripped| tripped.limit) {
                Groups::AtMost
            } else {
                Groups::Doubtful
            }
        } else {
            Groups::None
        };
        let sum =
            |part: fn(Recipients) -> u32| messages.iter().map(|message| u64::from(part(message.recipients))).sum();
        let restricted = most.restricted;
        let remaining = match restricted {
            Some(_) => Remaining { internal: 0, external: 0 },
            None => self.remaining(most.used),
        };
        Some(Sending {
            sender,
            messages: messages.len() as u64,
            internal: sum(|recipients| recipients.internal),
            external: sum(|recipients| recipients.external),
            first,
            last,
            peaks: most.peaks,
            tripped: most.tripped,
            used: most.used,
            remaining_internal: remaining.internal,
            remaining_external: remaining.external,
            restricted,
            forecast: forecast(messages, self.at, self.policy, &self.service).filter(|_| restricted.is_none()),
            groups,
        })
    }

    /// What is left by the limits that are known, where nothing is restricted.
    pub fn remaining(&self, used: Used) -> Remaining {
        let policy = self.policy.copied().unwrap_or_default();
        // 0 sets none.
        let left = |limit: u32, used: u32| if limit == 0 { u32::MAX } else { limit.saturating_sub(used) };
        let rate = self.service.recipient_rate.saturating_sub(used.recipients_last_24_hours);
        let all = rate.min(left(policy.per_day, used.recipients_today));
        Remaining {
            internal: all.min(left(policy.internal_per_hour, used.internal_this_hour)),
            external: all.min(left(policy.external_per_hour, used.external_this_hour)),
        }
    }

    fn count(&self, messages: &[Message], recipients: impl Fn(&Message) -> Recipients) -> Counted {
        let none = Policy::default();
        let policy = self.policy.unwrap_or(&none);
        let mut engine = Engine::new(self.service, self.settings);
        let sender: SenderId = engine.add_sender();
        let (mut peaks, mut tripped) = (Peaks::default(), None);
        for message in messages {
            let submission =
                Submission { at: message.at, sender, recipients: recipients(message), from_initial_domain: false };
            let outcome = engine.record(&submission, policy);
            peaks.see(engine.used(sender, message.at), message.at);
            if let Outcome::Block { limit, .. } | Outcome::Alert { limit } = outcome {
                tripped = tripped.or(Some(Tripped { limit, message: message.id, at: message.at }));
            }
        }
        Counted { peaks, tripped, used: engine.used(sender, self.at), restricted: engine.restriction(sender, self.at) }
    }
}

struct Counted {
    peaks: Peaks,
    tripped: Option<Tripped>,
    used: Used,
    restricted: Option<(Limit, Until)>,
}

impl Message {
    /// The recipients without those who may be members.
    fn at_least(&self) -> Recipients {
        let (all, members) = (self.recipients, self.may_be_members);
        Recipients {
            internal: all.internal - members.internal,
            external: all.external - members.external,
            expanded_external: all.expanded_external,
        }
    }
}
