//! The outbound spam policies of an organization, and the rules that lead to them.

use time::OffsetDateTime;

use super::author::Author;
use super::condition::Answer;
use super::group::Groups;
use super::is;
use super::policy::{changed, OutboundPolicy};
use super::resolution::{Candidate, Outcome, Resolution, SendingRule};
use super::rule::Rule;
use crate::exchange::Record;

/// All of them.
#[derive(Debug)]
pub struct OutboundPolicies {
    pub policies: Vec<OutboundPolicy>,
    /// In the order in which they are asked, disabled ones at their places.
    pub rules: Vec<Rule>,
    /// When any rule was last changed, where the service tells: a sender may have had another policy before.
    pub rules_changed: Option<OffsetDateTime>,
}

impl OutboundPolicies {
    /// The rows of `Get-HostedOutboundSpamFilterPolicy` and `Get-HostedOutboundSpamFilterRule`.
    pub fn read(policies: Vec<Record>, mut rules: Vec<Record>) -> Self {
        let rules_changed = rules.iter_mut().filter_map(changed).max();
        let mut rules: Vec<_> = rules.into_iter().map(Rule::read).collect();
        rules.sort_by_key(|rule| rule.priority);
        Self { policies: policies.into_iter().filter_map(OutboundPolicy::read).collect(), rules, rules_changed }
    }

    /// The policy that a rule leads to, where there is one.
    pub fn policy_of(&self, rule: &Rule) -> Option<&OutboundPolicy> {
        let name = rule.policy.as_deref()?;
        self.policies.iter().find(|policy| is(&policy.name, name))
    }

    /// The default policy.
    pub fn default_policy(&self) -> Option<&OutboundPolicy> {
        self.policies.iter().find(|policy| policy.is_default)
    }

    /// Asks the rules in their order for `author`, by what is known of the groups.
    pub fn resolve(&self, author: &Author, groups: &Groups) -> Resolution<'_> {
        let (mut rules, mut candidates, mut unread) = (Vec::with_capacity(self.rules.len()), Vec::new(), None);
        let mut decided: Option<&Rule> = None;
        for rule in &self.rules {
            let (outcome, why) = match (rule.is_enabled, decided) {
                (false, _) => (Outcome::Disabled, "The rule is disabled.".to_owned()),
                (true, Some(first)) => {
                    (Outcome::NotReached, format!("The rule {} comes before and matches.", first.name))
                }
                (true, None) => match rule.answer(author, groups) {
                    Answer::No(why) => (Outcome::DoesNotMatch, why),
                    Answer::CannotTell(why) => (Outcome::CannotTell, why),
                    Answer::Yes(why) if rule.priority.is_some() => (Outcome::Matches, why),
                    Answer::Yes(why) => {
                        (Outcome::CannotTell, format!("{why} When it is asked is not known: it has no priority."))
                    }
                    Answer::Unread(group) => {
                        let why = format!("The group {} was not looked into.", group.name);
                        unread = unread.or(Some(group));
                        (Outcome::CannotTell, why)
                    }
                },
            };
            if matches!(outcome, Outcome::Matches | Outcome::CannotTell) {
                candidates.push(Candidate { rule: Some(rule), policy: self.policy_of(rule) });
            }
            if outcome == Outcome::Matches {
                decided = Some(rule);
            }
            rules.push(SendingRule::of(rule, outcome, why));
        }
        if decided.is_none() {
            candidates.push(Candidate { rule: None, policy: self.default_policy() });
        }
        Resolution { rules, candidates, unread }
    }
}
