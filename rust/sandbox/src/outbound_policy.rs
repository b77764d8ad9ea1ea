//! Outbound spam policies: what happens to those who send too much (`Get-HostedOutboundSpamFilterPolicy`), and to whom
//! it happens (`Get-HostedOutboundSpamFilterRule`). Pure: takes the time as an argument.

mod policy;
mod rule;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::refusal::Refusal;
use crate::row::Row;

pub(crate) use policy::{Action, Limits, Policy, PolicyChange, FORWARDING_MODES, HIGHEST_LIMIT};
pub(crate) use rule::{Conditions, ConditionsChange, Rule, RuleChange, Sender};

/// How many policies there can be, and how many rules (?).
const MOST: usize = 500;

/// All policies and rules, the rules by priority: the first one comes first.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutboundPolicies {
    pub(crate) policies: Vec<Policy>,
    pub(crate) rules: Vec<Rule>,
}

impl OutboundPolicies {
    /// The policy that holds for mail from a sender: that of the first enabled rule that is about them, or the default
    /// one.
    pub(crate) fn effective(&self, sender: &Sender<'_>) -> Option<&Policy> {
        let rule = self.rules.iter().find(|rule| rule.is_enabled && rule.is_about(sender));
        let by_rule = rule.and_then(|rule| self.policy(&rule.policy));
        by_rule.or_else(|| self.policies.iter().find(|policy| policy.is_default))
    }

    pub(crate) fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.is_called(name))
    }

    /// Changes a policy as an admin does, which it remembers the time of. Whether anything is another way now.
    pub(crate) fn change(&mut self, name: &str, change: PolicyChange, now: OffsetDateTime) -> Result<bool, Refusal> {
        let policy = self.policies.iter_mut().find(|policy| policy.is_called(name));
        Ok(policy.ok_or_else(|| Refusal::not_found(name))?.change(change, now))
    }

    /// Another policy, which holds for nobody until a rule leads to it.
    pub(crate) fn add(
        &mut self,
        name: &str,
        change: PolicyChange,
        guid: Uuid,
        now: OffsetDateTime,
    ) -> Result<Row, Refusal> {
        check_new(name, self.policy(name).is_some(), self.policies.len())?;
        let mut policy = Policy::new(name, guid, now);
        policy.change(change, now);
        let row = policy.row();
        self.policies.push(policy);
        Ok(row)
    }

    /// Another rule, the last one unless its priority says otherwise.
    pub(crate) fn add_rule(&mut self, name: &str, change: RuleChange, guid: Uuid) -> Result<Row, Refusal> {
        check_new(name, self.rules.iter().any(|rule| rule.is_called(name)), self.rules.len())?;
        let rule = Rule { name: name.to_owned(), guid, is_enabled: true, ..Rule::default() };
        let last = self.rules.len();
        self.put(rule, last, change)
    }

    /// Changes a rule. Whether anything is another way now.
    pub(crate) fn change_rule(&mut self, name: &str, change: RuleChange) -> Result<bool, Refusal> {
        let place = self.rules.iter().position(|rule| rule.is_called(name)).ok_or_else(|| Refusal::not_found(name))?;
        let new_name = change.name.as_deref().filter(|new| !new.eq_ignore_ascii_case(name));
        if let Some(new) = new_name {
            check_new(new, self.rules.iter().any(|rule| rule.is_called(new)), 0)?;
        }
        let before = self.rules.clone();
        let rule = self.rules.remove(place);
        if let Err(refusal) = self.put(rule, place, change) {
            self.rules = before;
            return Err(refusal);
        }
        Ok(self.rules != before)
    }

    /// Puts a rule in its place among the others, if it can be what it is to be.
    fn put(&mut self, mut rule: Rule, place: usize, change: RuleChange) -> Result<Row, Refusal> {
        let place = change.priority.unwrap_or(place);
        if place > self.rules.len() {
            return Err(Refusal::bad_rule(format!("The priority must be from 0 to {}.", self.rules.len())));
        }
        rule.change(change);
        let policy = self.policy(&rule.policy).ok_or_else(|| Refusal::not_found(&rule.policy))?;
        if policy.is_default {
            let message = format!("The default policy '{}' holds for everybody else and takes no rule.", policy.name);
            return Err(Refusal::bad_rule(message));
        }
        rule.policy.clone_from(&policy.name);
        if let Some(other) = self.rules.iter().find(|other| other.policy == rule.policy) {
            let message = format!("The policy '{}' already has the rule '{}'.", rule.policy, other.name);
            return Err(Refusal::bad_rule(message));
        }
        if rule.conditions.is_empty() {
            let message = "A rule needs a condition: From, FromMemberOf or SenderDomainIs.";
            return Err(Refusal::bad_rule(message.to_owned()));
        }
        let row = rule.row(place);
        self.rules.insert(place, rule);
        Ok(row)
    }
}

fn check_new(name: &str, exists: bool, count: usize) -> Result<(), Refusal> {
    if exists {
        return Err(Refusal::already_exists(name));
    }
    if name.trim().is_empty() {
        return Err(Refusal::bad_rule("The name must not be empty.".to_owned()));
    }
    if count >= MOST {
        return Err(Refusal::bad_rule(format!("There are {MOST} already, and there can be no more.")));
    }
    Ok(())
}
