//! What became of the rules for one author, and which policy applies.

use super::group::Group;
use super::listed;
use super::policy::OutboundPolicy;
use super::rule::Rule;

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It decides.
    Matches,
    /// It is for others.
    DoesNotMatch,
    /// One before it decides.
    NotReached,
    /// It may match: something that it takes could not be read.
    CannotTell,
    /// It is disabled.
    Disabled,
}

impl Outcome {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Matches => "Matches",
            Self::DoesNotMatch => "DoesNotMatch",
            Self::NotReached => "NotReached",
            Self::CannotTell => "CannotTell",
            Self::Disabled => "Disabled",
        }
    }
}

/// A rule, what became of it, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SendingRule {
    /// The lowest is asked first.
    pub priority: Option<u32>,
    /// Its name.
    pub name: String,
    /// The policy that it leads to.
    pub policy: Option<String>,
    /// For whom it is, with the service's names of conditions and exceptions.
    pub applies_to: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why.
    pub why: String,
}

impl SendingRule {
    pub(super) fn of(rule: &Rule, outcome: Outcome, why: String) -> Self {
        Self {
            priority: rule.priority,
            name: rule.name.clone(),
            policy: rule.policy.clone(),
            applies_to: rule.in_words(),
            outcome,
            why,
        }
    }
}

/// A policy that applies, or may.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The rule that leads to it; nothing for the default policy.
    pub rule: Option<&'a Rule>,
    /// Nothing where the organization does not have the policy.
    pub policy: Option<&'a OutboundPolicy>,
}

/// What the rules say for one author.
#[derive(Debug)]
pub struct Resolution<'a> {
    /// All rules in their order.
    pub rules: Vec<SendingRule>,
    /// The one that applies; all that may, where that cannot be told. Never empty.
    pub candidates: Vec<Candidate<'a>>,
    /// A group that has to be looked into before more can be told.
    pub unread: Option<Group>,
}

impl Candidate<'_> {
    /// What the policy is called.
    pub fn name(&self) -> String {
        let known = self.policy.map(|policy| policy.name.clone());
        known.or_else(|| self.rule?.policy.clone()).unwrap_or_else(|| "the default policy".to_owned())
    }
}

impl Resolution<'_> {
    /// Why the policy applies, or why that cannot be told.
    pub fn why(&self) -> String {
        match self.candidates.as_slice() {
            [Candidate { rule: Some(_), .. }] => self.said(Outcome::Matches),
            [Candidate { rule: None, .. }] => "No rule matches; the default policy is for everybody else.".to_owned(),
            several => {
                let names: Vec<_> = several.iter().map(Candidate::name).collect();
                let names = listed(names.iter().map(String::as_str));
                format!("Which policy applies is not known: {names}. {}", self.said(Outcome::CannotTell))
            }
        }
    }

    /// What the policy that applies sets, and its name; nothing where it is not known.
    pub fn policy(&self) -> Option<(String, restricted_sender_limits::Policy)> {
        let [Candidate { policy: Some(policy), .. }] = self.candidates.as_slice() else { return None };
        let (external, internal) = (policy.external_per_hour?, policy.internal_per_hour?);
        let (per_day, action) = (policy.per_day?, policy.action?);
        let limits = restricted_sender_limits::Policy {
            external_per_hour: external,
            internal_per_hour: internal,
            per_day,
            action,
        };
        Some((policy.name.clone(), limits))
    }

    /// What is said of the rules of which that came.
    fn said(&self, outcome: Outcome) -> String {
        let rules = self.rules.iter().filter(|rule| rule.outcome == outcome);
        rules.map(|rule| rule.why.as_str()).collect::<Vec<_>>().join(" ")
    }
}
