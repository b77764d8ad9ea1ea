//! One rule: whose mail a policy is for.

use uuid::Uuid;

use super::policy::replace;
use crate::row::{Row, Value};

/// Addresses, groups and domains of senders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) from: Vec<String>,
    pub(crate) member_of: Vec<String>,
    /// With their subdomains.
    pub(crate) domain_is: Vec<String>,
}

/// Whose mail a policy is for. Values of one condition are alternatives, all conditions must hold, and no exception.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) guid: Uuid,
    pub(crate) is_enabled: bool,
    pub(crate) policy: String,
    pub(crate) comments: String,
    pub(crate) conditions: Conditions,
    pub(crate) exceptions: Conditions,
}

/// What an admin changes in a rule; the rest stays.
#[derive(Debug, Default)]
pub(crate) struct RuleChange {
    pub(crate) name: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) priority: Option<usize>,
    pub(crate) is_enabled: Option<bool>,
    pub(crate) comments: Option<String>,
    pub(crate) conditions: ConditionsChange,
    pub(crate) exceptions: ConditionsChange,
}

/// The same of its conditions or exceptions; an empty list ends one.
#[derive(Debug, Default)]
pub(crate) struct ConditionsChange {
    pub(crate) from: Option<Vec<String>>,
    pub(crate) member_of: Option<Vec<String>>,
    pub(crate) domain_is: Option<Vec<String>>,
}

impl Conditions {
    pub(crate) fn is_empty(&self) -> bool {
        self.from.is_empty() && self.member_of.is_empty() && self.domain_is.is_empty()
    }

    fn change(&mut self, change: ConditionsChange) {
        replace(&mut self.from, change.from);
        replace(&mut self.member_of, change.member_of);
        replace(&mut self.domain_is, change.domain_is);
    }
}

impl Rule {
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.guid.to_string().eq_ignore_ascii_case(name)
    }

    pub(super) fn change(&mut self, change: RuleChange) {
        replace(&mut self.name, change.name);
        replace(&mut self.policy, change.policy);
        replace(&mut self.comments, change.comments);
        self.is_enabled = change.is_enabled.unwrap_or(self.is_enabled);
        self.conditions.change(change.conditions);
        self.exceptions.change(change.exceptions);
    }

    /// As `Get-HostedOutboundSpamFilterRule` shows it, with its place among all rules.
    pub(crate) fn row(&self, priority: usize) -> Row {
        // A condition that is not set has no value (?).
        let texts = |texts: &Vec<String>| if texts.is_empty() { Value::Null } else { Value::Texts(texts.clone()) };
        Row(vec![
            ("Name", self.name.as_str().into()),
            ("Identity", self.name.as_str().into()),
            ("Guid", Value::Guid(self.guid)),
            ("Priority", Value::Int(i32::try_from(priority).unwrap_or(i32::MAX))),
            ("State", self.state().into()),
            ("HostedOutboundSpamFilterPolicy", self.policy.as_str().into()),
            ("Comments", self.comments.as_str().into()),
            ("From", texts(&self.conditions.from)),
            ("FromMemberOf", texts(&self.conditions.member_of)),
            ("SenderDomainIs", texts(&self.conditions.domain_is)),
            ("ExceptIfFrom", texts(&self.exceptions.from)),
            ("ExceptIfFromMemberOf", texts(&self.exceptions.member_of)),
            ("ExceptIfSenderDomainIs", texts(&self.exceptions.domain_is)),
        ])
    }

    pub(crate) fn state(&self) -> &'static str {
        if self.is_enabled {
            "Enabled"
        } else {
            "Disabled"
        }
    }
}
