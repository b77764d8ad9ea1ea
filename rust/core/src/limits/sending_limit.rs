//! What one sender may send, or whomever one rule is for.

use std::sync::Arc;

use restricted_sender_limits::{Action, ServiceLimits};

use super::policy::OutboundPolicy;
use super::resolution::{Candidate, Resolution, SendingRule};
use super::rulebook::Rulebook;
use crate::connection::Origin;
use crate::sending::Usage;

/// Where a limit comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The outbound spam policy sets it.
    Policy,
    /// The policy says 0, which leaves it to the service.
    ServiceDefault,
    /// The service sets it for every user.
    Service,
    /// The service sets it for the organization as a whole.
    Tenant,
}

impl Source {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Policy => "Policy",
            Self::ServiceDefault => "ServiceDefault",
            Self::Service => "Service",
            Self::Tenant => "Tenant",
        }
    }
}

/// The limits of a sender, or of whomever a rule is for. What cannot be told is nothing.
#[derive(Debug, Clone)]
pub struct SendingLimit {
    /// Who signs in to send, as named: who is counted. Nothing where a rule is shown, or only a From address was named.
    pub sender: Option<String>,
    /// The From address, which selects the policy. Nothing where a rule is shown.
    pub from: Option<String>,
    /// The policy's name.
    pub policy: Option<String>,
    /// The rule that leads to it; nothing for the default policy.
    pub rule: Option<String>,
    /// The rule's place: the lowest is asked first.
    pub priority: Option<u32>,
    /// Enabled or Disabled, where a rule leads to the policy.
    pub state: Option<&'static str>,
    /// For whom the rule is, with the service's names.
    pub applies_to: Option<String>,
    /// Why this policy applies, or why that cannot be told. Nothing where a rule is shown.
    pub why: Option<String>,
    /// What happens to whoever exceeds a limit of the policy.
    pub action: Option<Action>,
    /// External recipients of a user in an hour.
    pub external_per_hour: Option<u32>,
    /// Internal recipients of a user in an hour.
    pub internal_per_hour: Option<u32>,
    /// Recipients of a user on a day, UTC.
    pub recipients_per_day: Option<u32>,
    /// Recipients of a user in 24 hours.
    pub recipient_rate: u32,
    /// Messages of a user in a minute; what comes faster waits.
    pub messages_per_minute: u32,
    /// Recipients of one message, where the mailbox has no limit of its own.
    pub recipients_per_message: u32,
    /// External recipients of the organization in 24 hours for mail from its onmicrosoft.com domain; nothing for mail
    /// from another.
    pub initial_domain: Option<u32>,
    /// External recipients of the organization in 24 hours; nothing where the number of licences was not named.
    pub tenant_external: Option<u32>,
    /// Where each limit that is known comes from: its name as a column, and the [`Source`]'s name.
    pub sources: Vec<(String, String)>,
    /// The policies that may apply, where it cannot be told which does.
    pub may_apply: Vec<String>,
    /// All rules in their order, each with what became of it. None where a rule is shown.
    pub rules: Vec<SendingRule>,
    /// What the admin should know of this policy and rule, and of what could not be told.
    pub warnings: Vec<String>,
    /// What the sender has used; nothing where that was not asked for, or could not be read.
    pub usage: Option<Usage>,
    /// The organization that was asked.
    pub origin: Arc<Origin>,
}

/// The sender of a message that a resolution is about.
pub struct Asked {
    /// Who signs in.
    pub sender: Option<String>,
    /// The From address.
    pub from: String,
    /// Whether that is of the organization's onmicrosoft.com domain.
    pub from_initial_domain: bool,
}

/// The limits of the service for an organization with so many licences, 0 for a trial. Exchange does not tell the number:
/// without it, that of the organization as a whole means nothing.
pub fn service_limits(licences: Option<u32>) -> ServiceLimits {
    match licences {
        None | Some(0) => ServiceLimits::trial(),
        Some(licences) => ServiceLimits::of_licences(licences),
    }
}

impl SendingLimit {
    /// What the rules say of a sender.
    pub fn of_sender(
        asked: Asked,
        resolution: Resolution<'_>,
        rulebook: &Rulebook,
        licences: Option<u32>,
        origin: &Arc<Origin>,
    ) -> Self {
        let initial_domain = asked.from_initial_domain.then_some(service_limits(licences).initial_domain);
        let limit = Self { initial_domain, ..Self::of(&resolution.candidates, rulebook, licences, origin) };
        Self {
            why: Some(resolution.why()),
            rules: resolution.rules,
            sender: asked.sender,
            from: Some(asked.from),
            ..limit.with_sources()
        }
    }

    /// Each rule with what it leads to, in their order, and the default policy.
    pub fn of_each(rulebook: &Rulebook, licences: Option<u32>, origin: &Arc<Origin>) -> Vec<Self> {
        let policies = &rulebook.policies;
        let rules = policies.rules.iter().map(|rule| Candidate { rule: Some(rule), policy: policies.policy_of(rule) });
        let default = Candidate { rule: None, policy: policies.default_policy() };
        let all = rules.chain([default]).map(|candidate| Self::of(&[candidate], rulebook, licences, origin));
        all.map(Self::with_sources).collect()
    }

    /// What these candidates have in common.
    fn of(candidates: &[Candidate<'_>], rulebook: &Rulebook, licences: Option<u32>, origin: &Arc<Origin>) -> Self {
        let (service, policies) = (service_limits(licences), &rulebook.policies);
        let one = if let [one] = candidates { Some(one) } else { None };
        let rule = one.and_then(|one| one.rule);
        let is_default = one.is_some_and(|one| one.rule.is_none());
        let warnings = candidates.iter().flat_map(|candidate| {
            let on_rule = candidate.rule.map(|rule| policies.remarks_on_rule(rule, &rulebook.groups));
            let on_policy = candidate.policy.map(|policy| policies.remarks_on_policy(policy));
            on_rule.into_iter().chain(on_policy).flatten()
        });
        Self {
            sender: None,
            from: None,
            policy: agreed(candidates, |policy| Some(policy.name.as_str())).map(str::to_owned),
            rule: rule.map(|rule| rule.name.clone()),
            priority: rule.and_then(|rule| rule.priority),
            state: rule.map(|rule| rule.state()),
            applies_to: rule.map(|rule| rule.in_words()).or_else(|| is_default.then(|| EVERYBODY_ELSE.to_owned())),
            why: None,
            action: agreed(candidates, |policy| policy.action),
            external_per_hour: agreed(candidates, |policy| policy.external_per_hour),
            internal_per_hour: agreed(candidates, |policy| policy.internal_per_hour),
            recipients_per_day: agreed(candidates, |policy| policy.per_day),
            recipient_rate: service.recipient_rate,
            messages_per_minute: service.messages_per_minute,
            recipients_per_message: service.recipients_per_message,
            initial_domain: None,
            tenant_external: licences.map(|_| service.tenant_external),
            sources: Vec::new(),
            may_apply: if one.is_some() { Vec::new() } else { candidates.iter().map(Candidate::name).collect() },
            rules: Vec::new(),
            warnings: warnings.collect(),
            usage: None,
            origin: Arc::clone(origin),
        }
    }

    /// Writes down where each limit comes from, and puts the service's own where the policy leaves it to the service.
    fn with_sources(mut self) -> Self {
        let rate = self.recipient_rate;
        let by_policy = [
            ("ExternalPerHour", &mut self.external_per_hour),
            ("InternalPerHour", &mut self.internal_per_hour),
            ("RecipientsPerDay", &mut self.recipients_per_day),
        ];
        let by_policy = by_policy.map(|(name, limit)| {
            let source = match limit {
                Some(0) => Source::ServiceDefault,
                _ => Source::Policy,
            };
            *limit = limit.map(|limit| if limit == 0 { rate } else { limit });
            (name, limit.is_some(), source)
        });
        let by_service = [
            ("RecipientRate", true, Source::Service),
            ("MessagesPerMinute", true, Source::Service),
            ("RecipientsPerMessage", true, Source::ServiceDefault),
            ("InitialDomain", self.initial_domain.is_some(), Source::Tenant),
            ("TenantExternal", self.tenant_external.is_some(), Source::Tenant),
        ];
        let known = by_policy.into_iter().chain(by_service).filter(|(_, is_known, _)| *is_known);
        self.sources = known.map(|(name, _, source)| (name.to_owned(), source.name().to_owned())).collect();
        self
    }
}

const EVERYBODY_ELSE: &str = "Everybody else";

/// What all candidates say alike.
fn agreed<'a, T: PartialEq>(
    candidates: &[Candidate<'a>],
    value: impl Fn(&'a OutboundPolicy) -> Option<T>,
) -> Option<T> {
    let mut values = candidates.iter().map(|candidate| candidate.policy.and_then(&value));
    let first = values.next()??;
    values.all(|other| other.as_ref() == Some(&first)).then_some(first)
}
