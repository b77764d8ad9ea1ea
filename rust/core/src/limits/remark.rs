//! What an admin should know of the policies and rules: what has no effect, and what means something else than it
//! seems to.

use restricted_sender_limits::ServiceLimits;

use super::group::{Contents, Groups};
use super::policies::OutboundPolicies;
use super::policy::OutboundPolicy;
use super::rule::Rule;

impl OutboundPolicies {
    /// Everything, the rules first in their order. `groups` are those that were looked at.
    pub fn remarks(&self, groups: &Groups) -> Vec<String> {
        let rules = self.rules.iter().flat_map(|rule| self.remarks_on_rule(rule, groups));
        let policies = self.policies.iter().flat_map(|policy| self.remarks_on_policy(policy));
        let no_default = "There is no default policy among those that the organization tells of.".to_owned();
        rules.chain(policies).chain(self.default_policy().is_none().then_some(no_default)).collect()
    }

    /// What there is to know of a rule.
    pub fn remarks_on_rule(&self, rule: &Rule, groups: &Groups) -> Vec<String> {
        let name = &rule.name;
        if !rule.is_enabled {
            return vec![format!("The rule {name} is disabled: it leads nobody to a policy.")];
        }
        let mut remarks = Vec::new();
        if self.policy_of(rule).is_none() {
            remarks.push(match &rule.policy {
                Some(policy) => format!("The rule {name} leads to the policy {policy}, which does not exist."),
                None => format!("The rule {name} leads to no policy."),
            });
        }
        if rule.priority.is_none() {
            remarks.push(format!("The rule {name} has no priority: when it is asked is not known."));
        }
        if rule.conditions.is_empty() {
            remarks.push(format!("The rule {name} has no condition: whom it is for is not known."));
        } else if rule.is_for_nobody() {
            remarks.push(format!(
                "The rule {name} matches nobody: its conditions exclude each other, or its exceptions take all back."
            ));
        } else if let Some(earlier) = self.shadowing(rule) {
            remarks.push(format!(
                "The rule {name} never decides: whomever it is for, the rule {} before it matches, too.",
                earlier.name
            ));
        }
        let member_of: Vec<_> = rule.conditions.member_of.iter().map(|name| groups.of_name(name)).collect();
        if !member_of.is_empty() && member_of.iter().all(|group| matches!(group, Some(Contents::Dynamic))) {
            remarks
                .push(format!("The rule {name} matches nobody: its groups are dynamic, and such groups do not count."));
        }
        remarks.extend(member_of.into_iter().flatten().filter_map(|group| match group {
            Contents::Unreadable(why) => Some(format!("Whom the rule {name} is for is not known for certain. {why}")),
            Contents::Members(_) | Contents::Dynamic => None,
        }));
        remarks
    }

    /// A rule before this one that matches whomever this one is for.
    fn shadowing(&self, rule: &Rule) -> Option<&Rule> {
        let comes_before = |other: &Rule| other.priority.zip(rule.priority).is_some_and(|(other, this)| other < this);
        self.rules.iter().find(|other| other.is_enabled && comes_before(other) && other.covers(rule))
    }

    /// What there is to know of a policy.
    pub fn remarks_on_policy(&self, policy: &OutboundPolicy) -> Vec<String> {
        let name = &policy.name;
        let most = ServiceLimits::trial().recipient_rate;
        let mut remarks = Vec::new();
        let leads_here = |rule: &Rule| self.policy_of(rule).is_some_and(|led| std::ptr::eq(led, policy));
        if !policy.is_default && !self.rules.iter().any(leads_here) {
            remarks.push(format!("No rule leads to the policy {name}: it applies to nobody."));
        }
        if policy.action.is_none() {
            remarks.push(format!("What the policy {name} does when a limit is exceeded is not known to this version."));
        }
        let named = |wanted: &dyn Fn(Option<u32>) -> bool| -> Option<String> {
            let names: Vec<_> =
                policy.limits().into_iter().filter(|(_, limit)| wanted(*limit)).map(|(n, _)| n).collect();
            (!names.is_empty()).then(|| names.join(", "))
        };
        if let Some(names) = named(&|limit| limit.is_none()) {
            remarks.push(format!("The policy {name} does not tell its limits in a way that can be read: {names}."));
        }
        if let Some(names) = named(&|limit| limit == Some(0)) {
            remarks.push(format!(
                "The policy {name} sets no limit of its own where it says 0 ({names}): there only the service's {most} \
                 recipients in 24 hours count."
            ));
        }
        if let Some(names) = named(&|limit| limit.is_some_and(|limit| limit >= most)) {
            remarks.push(format!(
                "The policy {name} sets no less than the service's {most} recipients in 24 hours, which are used up \
                 before: {names} has no effect."
            ));
        }
        remarks
    }
}
