//! One rule: whose mail a policy is for.

use uuid::Uuid;

use super::policy::replace;
use crate::directory::{domain_of, is_within};
use crate::row::{Row, Value};

/// Whoever mail is from: its From address decides.
pub(crate) struct Sender<'a> {
    pub(crate) address: &'a str,
    /// Whether they are in the group of this name, or in one in it. Nobody is in a dynamic group.
    pub(crate) is_in: &'a dyn Fn(&str) -> bool,
}

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

    /// What each condition says of a sender; nothing where it is not set.
    fn verdicts(&self, sender: &Sender<'_>) -> [Option<bool>; 3] {
        let domain = domain_of(sender.address).unwrap_or_default();
        let any =
            |values: &[String], holds: &dyn Fn(&String) -> bool| (!values.is_empty()).then(|| values.iter().any(holds));
        [
            any(&self.from, &|from| from.eq_ignore_ascii_case(sender.address)),
            any(&self.member_of, &|group| (sender.is_in)(group)),
            any(&self.domain_is, &|wanted| is_within(domain, wanted)),
        ]
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

    pub(super) fn is_about(&self, sender: &Sender<'_>) -> bool {
        !self.conditions.is_empty()
            && self.conditions.verdicts(sender).into_iter().flatten().all(|holds| holds)
            && !self.exceptions.verdicts(sender).into_iter().flatten().any(|holds| holds)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_all_needed_and_any_exception_is_enough() {
        let texts = |text: &str| vec![text.to_owned()];
        let rule = Rule {
            conditions: Conditions {
                from: texts("ann@shop.contoso.com"),
                member_of: texts("staff"),
                domain_is: texts("contoso.com"),
            },
            ..Rule::default()
        };
        let is_about = |rule: &Rule, address: &str, groups: &[&str]| {
            rule.is_about(&Sender { address, is_in: &|group| groups.contains(&group) })
        };
        assert!(is_about(&rule, "Ann@SHOP.contoso.com", &["staff"]));
        assert!(!is_about(&rule, "bob@shop.contoso.com", &["staff"]));
        assert!(!is_about(&rule, "ann@shop.contoso.com", &[]));
        let elsewhere = Conditions { domain_is: texts("fabrikam.example"), ..rule.conditions.clone() };
        assert!(!is_about(&Rule { conditions: elsewhere, ..rule.clone() }, "ann@shop.contoso.com", &["staff"]));
        for exceptions in [
            Conditions { from: texts("ann@shop.contoso.com"), ..Conditions::default() },
            Conditions { member_of: texts("interns"), ..Conditions::default() },
            Conditions { domain_is: texts("shop.contoso.com"), ..Conditions::default() },
        ] {
            let rule = Rule { exceptions, ..rule.clone() };
            assert!(!is_about(&rule, "ann@shop.contoso.com", &["staff", "interns"]), "{rule:?}");
        }
        assert!(
            !is_about(&Rule::default(), "ann@shop.contoso.com", &["staff"]),
            "one without conditions is about nobody"
        );
    }
}
