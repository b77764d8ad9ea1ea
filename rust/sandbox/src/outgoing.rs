//! What the organization sends: counted by the limit engine, stopped where a limit or the service says so, and kept for
//! the message trace. Whoever trips a limit or sends too much spam is restricted.

mod addressed;
mod permission;
mod reason;
mod refused;
mod sender;
mod sent;
mod spam;

use std::collections::HashMap;

use restricted_sender_limits::Submission as Counted;
use restricted_sender_limits::{Action, Engine, Limit, Outcome, Policy, Second, ServiceLimits, Settings, Until};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::alert::{AlertKind, Alerts};
use crate::directory::domain_of;
use crate::outbound_policy;
use crate::outbound_policy::Sender as Writer;
use crate::restriction::{Entity, Restriction, Restrictions, Subject};
use crate::scenario::INITIAL_DOMAIN;
use crate::tenant::Tenant;
use crate::trace::Mailing;
use crate::traffic::Traffic;

use addressed::Addressed;
use sender::Sender;
use spam::SpamLimit;

pub(crate) use permission::refuses;
pub(crate) use refused::Refused;
pub(crate) use sent::{Message, SentMail, Status};
pub(crate) use spam::is_spam;

/// How many senders are counted, so that made-up ones cannot fill the memory.
const MOST_SENDERS: usize = 100_000;

/// Counts mail that limits are not asked about.
const NO_LIMITS: Policy = Policy { external_per_hour: 0, internal_per_hour: 0, per_day: 0, action: Action::Alert };

/// Who hands a message over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Submitter {
    /// Somebody who has signed in, by user principal name.
    User(String),
    /// A server or device that a connector lets in.
    Connector(Uuid),
}

/// A message that somebody hands over.
#[derive(Clone, Debug)]
pub(crate) struct Submission<'a> {
    pub(crate) by: &'a Submitter,
    pub(crate) from: &'a str,
    pub(crate) recipients: &'a [String],
    pub(crate) subject: &'a str,
    /// As in its header, with angle brackets.
    pub(crate) message_id: Option<&'a str>,
    /// Where it comes from.
    pub(crate) client_address: &'a str,
    /// In bytes.
    pub(crate) size: u32,
    pub(crate) is_spam: bool,
    /// Its header, where it has one.
    pub(crate) header: Option<&'a [u8]>,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has gone out, and is counted.
    Accepted { trace_id: Uuid },
    /// Handed over again at that time, it goes out if nothing else stands against it.
    Delayed { until: OffsetDateTime },
    /// It does not go out, and does not count.
    Refused(Refused),
}

/// A message with everything that has been found out about it.
struct Mail<'a> {
    submission: &'a Submission<'a>,
    /// The name that its sender is counted and restricted under.
    sender: String,
    addressed: Addressed,
    policy: Policy,
}

/// What has been sent, and by whom.
pub(crate) struct Outgoing {
    engine: Engine,
    /// By name in lower case.
    senders: HashMap<String, Sender>,
    spam_limit: SpamLimit,
    is_trial: bool,
    pub(crate) sent: SentMail,
    pub(crate) alerts: Alerts,
}

/// Decides about a message and, where it goes out, counts it. Whoever wrote it hears of whom it does not reach.
pub(crate) fn submit(tenant: &Tenant, submission: &Submission<'_>) -> Verdict {
    if let Some(refused) = refuses(tenant, submission.by, submission.from) {
        return refuse(tenant, submission, refused);
    }
    let mail = Mail {
        sender: permission::counted_as(tenant, submission),
        addressed: Addressed::of(tenant, submission.recipients),
        policy: policy_for(tenant, submission.from),
        submission,
    };
    let now = tenant.now();
    let verdict = {
        // The order of these two is the same everywhere.
        let mut outgoing = tenant.outgoing();
        let mut restrictions = tenant.restrictions();
        outgoing.decide(&mail, &mut restrictions, now)
    };
    match verdict {
        Verdict::Refused(refused) => refuse(tenant, submission, refused),
        Verdict::Accepted { trace_id } => {
            let failed = mail.addressed.rows.into_iter().filter(|(_, status)| *status == Status::Failed);
            let unknown: Vec<String> = failed.map(|(address, _)| address).collect();
            if !unknown.is_empty() {
                let refused = Refused::no_such_recipient();
                tenant.reports().send(submission, unknown, &refused, Some(trace_id), now);
            }
            verdict
        }
        Verdict::Delayed { .. } => verdict,
    }
}

fn refuse(tenant: &Tenant, submission: &Submission<'_>, refused: Refused) -> Verdict {
    tenant.reports().send(submission, submission.recipients.to_vec(), &refused, None, tenant.now());
    Verdict::Refused(refused)
}

/// The policy that the From address selects, by the tenant's own rules.
fn policy_for(tenant: &Tenant, from: &str) -> Policy {
    let writer = tenant.directory.find(from);
    let groups = tenant.groups();
    let is_in = |name: &str| {
        let group = tenant.directory.find(name);
        let (Some(group), Some(writer)) = (group, writer) else { return false };
        groups.expand(&tenant.directory, group).iter().any(|member| member.guid == writer.guid)
    };
    let policies = tenant.outbound_policies();
    let policy = policies.effective(&Writer { address: from, is_in: &is_in });
    policy.map_or(NO_LIMITS, |policy| Policy {
        external_per_hour: policy.limits.external_per_hour,
        internal_per_hour: policy.limits.internal_per_hour,
        per_day: policy.limits.per_day,
        action: match policy.action {
            outbound_policy::Action::Alert => Action::Alert,
            outbound_policy::Action::BlockUserForToday => Action::BlockUserForToday,
            outbound_policy::Action::BlockUser => Action::BlockUser,
        },
    })
}

impl Outgoing {
    /// An organization with so many licences, on trial without any, that has sent what the story tells of.
    pub(crate) fn new(seed: u64, licences: u32, told: &[Mailing], now: OffsetDateTime) -> Self {
        let is_trial = licences == 0;
        let service = if is_trial { ServiceLimits::trial() } else { ServiceLimits::of_licences(licences) };
        let mut outgoing = Self {
            engine: Engine::new(service, Settings::default()),
            senders: HashMap::new(),
            spam_limit: SpamLimit::of_seed(seed),
            is_trial,
            sent: SentMail::new(seed),
            alerts: Alerts::default(),
        };
        outgoing.remember(told, now);
        outgoing
    }

    /// Adds what was sent before now to the trace, and what of it is of the last 24 hours to what is counted.
    pub(crate) fn tell(&mut self, traffic: &Traffic, now: OffsetDateTime) {
        let since = now.saturating_sub(time::Duration::DAY);
        for message in traffic.messages().filter(|message| message.received > since) {
            let Some(mut sender) = self.take(&message.sender) else { continue };
            let recipients = message.counted();
            sender.count(message.received, recipients, is_spam(&message.subject));
            let (at, id) = (message.received.into(), sender.id);
            self.engine.record(&Counted { at, sender: id, recipients, from_initial_domain: false }, &NO_LIMITS);
            self.senders.insert(message.sender.to_lowercase(), sender);
        }
        self.sent.tell(traffic.messages().map(Message::from), now);
    }

    /// Counts what the story tells of the last 24 hours.
    fn remember(&mut self, told: &[Mailing], now: OffsetDateTime) {
        let since = now.saturating_sub(time::Duration::DAY);
        let mut messages: Vec<_> = told.iter().flat_map(|mailing| mailing.messages_since(since)).collect();
        messages.sort_by_key(|message| message.received);
        for message in messages {
            let Some(mut sender) = self.take(message.sender) else { continue };
            sender.count(message.received, message.recipients, is_spam(message.subject));
            let counted = Counted {
                at: message.received.into(),
                sender: sender.id,
                recipients: message.recipients,
                from_initial_domain: false,
            };
            self.engine.record(&counted, &NO_LIMITS);
            self.senders.insert(message.sender.to_lowercase(), sender);
        }
    }

    /// What is known of a sender, to be put back; nothing where there are too many to know another one.
    fn take(&mut self, name: &str) -> Option<Sender> {
        match self.senders.remove(&name.to_lowercase()) {
            Some(sender) => Some(sender),
            None if self.senders.len() >= MOST_SENDERS => None,
            None => Some(Sender::new(self.engine.add_sender())),
        }
    }

    fn decide(&mut self, mail: &Mail<'_>, list: &mut Restrictions, now: OffsetDateTime) -> Verdict {
        if let Submitter::Connector(id) = mail.submission.by {
            if list.holds(&Entity::Connector(*id), now) {
                return Verdict::Refused(Refused::bad_connector());
            }
        }
        let Some(mut sender) = self.take(&mail.sender) else { return Verdict::Refused(Refused::too_busy()) };
        let verdict = self.decide_about(mail, &mut sender, list, now);
        self.senders.insert(mail.sender.to_lowercase(), sender);
        verdict
    }

    fn decide_about(
        &mut self,
        mail: &Mail<'_>,
        sender: &mut Sender,
        list: &mut Restrictions,
        now: OffsetDateTime,
    ) -> Verdict {
        let entity = Entity::sender(&mail.sender);
        let restricted = self.engine.restriction(sender.id, now.into());
        if list.holds(&entity, now) || list.holds(&Entity::sender(mail.submission.from), now) {
            return Verdict::Refused(match restricted {
                Some((Limit::RecipientRate, _)) => Refused::recipient_rate(),
                _ => Refused::bad_sender(),
            });
        }
        // The list decides who is restricted. Whom somebody has taken off it, no policy restricts again on that day.
        if let Some(at) = sender.newly_released(list.released(&entity)) {
            self.engine.unblock(sender.id, at.into());
        } else if restricted.is_some_and(|(limit, _)| limit != Limit::RecipientRate) {
            self.engine.unblock(sender.id, now.into());
        }
        let counted = Counted {
            at: Second::from(now),
            sender: sender.id,
            recipients: mail.addressed.counted,
            from_initial_domain: domain_of(mail.submission.from)
                .is_some_and(|domain| domain.eq_ignore_ascii_case(INITIAL_DOMAIN)),
        };
        match self.engine.submit(&counted, &mail.policy) {
            Outcome::Refuse { limit, .. } => Verdict::Refused(Refused::by(limit, self.is_trial)),
            Outcome::Delay { until } => Verdict::Delayed { until: until.into() },
            outcome => {
                sender.count(now, mail.addressed.counted, mail.submission.is_spam);
                let trace_id = self.sent.keep(mail.submission, &mail.addressed, now);
                self.react(outcome, mail, sender, trace_id, list, now);
                Verdict::Accepted { trace_id }
            }
        }
    }

    /// Restricts the sender of a message that has gone out, and tells of it, where it was one too many.
    fn react(
        &mut self,
        outcome: Outcome,
        mail: &Mail<'_>,
        sender: &Sender,
        trace_id: Uuid,
        list: &mut Restrictions,
        now: OffsetDateTime,
    ) {
        let spam = sender.spam(now);
        let (reason, until, temporary) = match outcome {
            Outcome::Block { limit: Limit::RecipientRate, until } => {
                let used = self.engine.used(sender.id, now.into()).recipients_last_24_hours;
                (reason::recipient_rate(used), until, false)
            }
            Outcome::Block { limit, until } => {
                self.alerts.raise(AlertKind::LimitExceeded, &mail.sender, now);
                (reason::policy_limit(limit, sender.today(now)), until, until != Until::Unblocked)
            }
            Outcome::Alert { .. } => {
                self.alerts.raise(AlertKind::LimitExceeded, &mail.sender, now);
                return;
            }
            _ if self.spam_limit.is_reached_by(&spam) && mail.submission.is_spam => {
                let reason = reason::spam(&spam, trace_id, mail.submission.client_address, self.spam_limit.score);
                (reason, Until::Unblocked, false)
            }
            _ => {
                if mail.submission.is_spam && self.spam_limit.is_near(&spam) {
                    self.alerts.raise(AlertKind::SuspiciousPatterns, &mail.sender, now);
                }
                return;
            }
        };
        let expires = match until {
            Until::At(second) => Some(second.into()),
            Until::Unblocked => None,
        };
        let subject = Subject::Sender { address: mail.sender.clone(), temporary, expires };
        // Who is listed already sends nothing that could be one too many, and a full list holds nobody else.
        if list.restrict(Restriction { subject, reason, created: now, changed: now }, now).is_ok() {
            self.alerts.raise(AlertKind::UserRestricted, &mail.sender, now);
        }
    }
}
