//! Which outbound spam policy applies to a sender, as far as the action of the policy decides how a block ends.

use restricted_sender_limits::Action;
use time::OffsetDateTime;

use super::decision::Policy;
use crate::error::Result;
use crate::exchange::{Cmdlet, Exchange, Record};

/// The outbound spam policies of an organization, and its rules that say for whom each is.
#[derive(Debug)]
pub struct OutboundPolicies {
    policies: Vec<Named>,
    /// The enabled rules in the order in which the service asks them; nothing when one of them says too little.
    rules: Option<Vec<Rule>>,
    /// When any rule was last changed, where the service tells: the sender may have had another policy before.
    rules_changed: Option<OffsetDateTime>,
}

/// A policy under its name.
#[derive(Debug)]
struct Named {
    name: String,
    is_default: bool,
    action: Option<Action>,
    changed: Option<OffsetDateTime>,
}

/// For whom a policy is. Values of one condition are alternatives, conditions of different types must all hold, and
/// any exception excludes.
#[derive(Debug)]
struct Rule {
    /// The lowest comes first.
    priority: u32,
    policy: String,
    conditions: Conditions,
    exceptions: Conditions,
}

#[derive(Debug)]
struct Conditions {
    from: Vec<String>,
    member_of: Vec<String>,
    domains: Vec<String>,
}

/// An answer about a rule. Groups are not looked into, so that some rules only may fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fits {
    No,
    Maybe,
    Yes,
}

impl OutboundPolicies {
    /// Asks the organization for all of them.
    ///
    /// # Errors
    /// Whatever keeps either list from being read.
    pub async fn of(exchange: Exchange<'_>) -> Result<Self> {
        let policies = exchange.read_all(Cmdlet::new("Get-HostedOutboundSpamFilterPolicy")).await?;
        let rules = exchange.read_all(Cmdlet::new("Get-HostedOutboundSpamFilterRule")).await?;
        Ok(Self::read(policies, rules))
    }

    fn read(policies: Vec<Record>, mut rules: Vec<Record>) -> Self {
        let rules_changed = rules.iter_mut().filter_map(changed).max();
        let enabled = |rule: &mut Record| rule.take_text("State").is_none_or(|state| is(&state, "Enabled"));
        let mut rules: Option<Vec<_>> =
            rules.into_iter().filter_map(|mut rule| enabled(&mut rule).then(|| Rule::read(rule))).collect();
        if let Some(rules) = &mut rules {
            rules.sort_by_key(|rule| rule.priority);
        }
        Self { policies: policies.into_iter().filter_map(Named::read).collect(), rules, rules_changed }
    }

    /// The policy for a person who may send from each of `addresses`; nothing where it cannot be told. Policies that
    /// may apply and have the same action decide the same: then it has no name, and it changed when the last of them
    /// did.
    #[must_use]
    pub fn applying_to(&self, addresses: &[String]) -> Option<Policy> {
        let mut candidates: Vec<&Named> = Vec::new();
        for address in addresses {
            for policy in self.candidates(address)? {
                if !candidates.iter().any(|known| std::ptr::eq(*known, policy)) {
                    candidates.push(policy);
                }
            }
        }
        let (first, others) = candidates.split_first()?;
        let action = first.action?;
        let agree = others.iter().all(|policy| policy.action == Some(action));
        let mut changed = self.rules_changed;
        for policy in &candidates {
            // One that does not tell when it changed may have changed since the block.
            changed = changed.max(Some(policy.changed?));
        }
        let name = others.is_empty().then(|| first.name.clone());
        agree.then_some(Policy { name, action, changed: changed? })
    }

    /// The policies that may apply to this address: of the rules in their order, the first that fits ends the search.
    fn candidates(&self, address: &str) -> Option<Vec<&Named>> {
        let mut candidates = Vec::new();
        for rule in self.rules.as_deref()? {
            let fits = rule.fits(address);
            if fits != Fits::No {
                candidates.push(self.policies.iter().find(|policy| is(&policy.name, &rule.policy))?);
            }
            if fits == Fits::Yes {
                return Some(candidates);
            }
        }
        candidates.push(self.policies.iter().find(|policy| policy.is_default)?);
        Some(candidates)
    }
}

impl Named {
    fn read(mut policy: Record) -> Option<Self> {
        let changed = changed(&mut policy);
        Some(Self {
            name: policy.take_text("Name").or_else(|| policy.take_text("Identity"))?,
            is_default: policy.take_bool("IsDefault").unwrap_or_default(),
            action: policy.take_text("ActionWhenThresholdReached").and_then(|name| Action::named(&name)),
            changed,
        })
    }
}

/// When a policy or a rule was last changed. `WhenChanged` has no offset in some replies, so that it is only asked
/// where there is no UTC time.
fn changed(record: &mut Record) -> Option<OffsetDateTime> {
    record.take_date("WhenChangedUTC").or_else(|| record.take_date("WhenChanged"))
}

impl Rule {
    fn read(mut rule: Record) -> Option<Self> {
        Some(Self {
            priority: rule.take_text("Priority")?.parse().ok()?,
            policy: rule.take_text("HostedOutboundSpamFilterPolicy")?,
            conditions: Conditions {
                from: rule.take_texts("From"),
                member_of: rule.take_texts("FromMemberOf"),
                domains: rule.take_texts("SenderDomainIs"),
            },
            exceptions: Conditions {
                from: rule.take_texts("ExceptIfFrom"),
                member_of: rule.take_texts("ExceptIfFromMemberOf"),
                domains: rule.take_texts("ExceptIfSenderDomainIs"),
            },
        })
    }

    fn fits(&self, address: &str) -> Fits {
        let conditions = self.conditions.answers(address).min();
        let exceptions = self.exceptions.answers(address).max();
        match (conditions.unwrap_or(Fits::Yes), exceptions.unwrap_or(Fits::No)) {
            (Fits::No, _) | (_, Fits::Yes) => Fits::No,
            (Fits::Yes, Fits::No) => Fits::Yes,
            _ => Fits::Maybe,
        }
    }
}

impl Conditions {
    /// What each type of condition that is set says of the address.
    fn answers(&self, address: &str) -> impl Iterator<Item = Fits> {
        let known = |holds: bool| if holds { Fits::Yes } else { Fits::No };
        let from = self.from.iter().any(|one| is(one, address));
        let domain = self.domains.iter().any(|domain| is_within(address, domain));
        [
            (!self.from.is_empty()).then(|| known(from)),
            (!self.member_of.is_empty()).then_some(Fits::Maybe),
            (!self.domains.is_empty()).then(|| known(domain)),
        ]
        .into_iter()
        .flatten()
    }
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether the address is of this domain or of one below it: conditions include subdomains.
fn is_within(address: &str, domain: &str) -> bool {
    let Some((_, host)) = address.rsplit_once('@') else { return false };
    let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
    host.strip_suffix(&domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const POLICIES: &str = r#"[
        {"Name":"Default","IsDefault":true,"ActionWhenThresholdReached":"BlockUserForToday","WhenChangedUTC":"2026-01-01T00:00:00Z"},
        {"Name":"Strict","IsDefault":false,"ActionWhenThresholdReached":"BlockUser","WhenChangedUTC":"2026-02-01T00:00:00Z"},
        {"Name":"Staff","IsDefault":false,"ActionWhenThresholdReached":"BlockUserForToday","WhenChangedUTC":"2026-03-01T00:00:00Z"}]"#;

    fn rule(priority: u8, policy: &str, conditions: &str) -> String {
        format!(
            r#"{{"State":"Enabled","Priority":{priority},"HostedOutboundSpamFilterPolicy":"{policy}",{conditions}}}"#
        )
    }

    fn policies(rules: &[String]) -> OutboundPolicies {
        let rules = format!("[{}]", rules.join(","));
        OutboundPolicies::read(serde_json::from_str(POLICIES).unwrap(), serde_json::from_str(&rules).unwrap())
    }

    fn name(rules: &[String], addresses: &[&str]) -> Option<String> {
        let addresses: Vec<_> = addresses.iter().map(|address| (*address).to_owned()).collect();
        policies(rules).applying_to(&addresses)?.name
    }

    #[test]
    fn the_first_rule_that_fits_decides_and_the_default_is_for_everybody_else() {
        let rules = [
            rule(1, "Staff", r#""SenderDomainIs":["contoso.com"]"#),
            rule(0, "Strict", r#""From":["CEO@contoso.com"],"SenderDomainIs":["contoso.com"]"#),
        ];
        for (address, policy) in [
            ("ceo@contoso.com", "Strict"),
            ("megan@contoso.com", "Staff"),
            ("megan@mail.Contoso.com", "Staff"),
            ("megan@notcontoso.com", "Default"),
            ("megan@fabrikam.com", "Default"),
        ] {
            assert_eq!(name(&rules, &[address]).as_deref(), Some(policy), "{address}");
        }
        let excepted = [rule(0, "Strict", r#""SenderDomainIs":["contoso.com"],"ExceptIfFrom":["megan@contoso.com"]"#)];
        assert_eq!(name(&excepted, &["megan@contoso.com"]).as_deref(), Some("Default"));
        let disabled = [rule(0, "Strict", r#""From":["megan@contoso.com"]"#).replace("Enabled", "Disabled")];
        assert_eq!(name(&disabled, &["megan@contoso.com"]).as_deref(), Some("Default"));
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        let megan = ["megan@contoso.com".to_owned()];
        let strict_group = policies(&[rule(0, "Strict", r#""FromMemberOf":["group@contoso.com"]"#)]);
        assert_eq!(strict_group.applying_to(&megan), None, "a member is blocked for good, others for the day");

        let group = policies(&[rule(0, "Staff", r#""FromMemberOf":["group@contoso.com"]"#)]);
        let policy = group.applying_to(&megan).unwrap();
        assert_eq!((policy.name, policy.action), (None, Action::BlockUserForToday), "both end with the day");
        assert_eq!(policy.changed, datetime!(2026-03-01 00:00 UTC));

        let of_one_address = [rule(0, "Strict", r#""From":["megan@contoso.com"]"#)];
        assert_eq!(name(&of_one_address, &["megan@contoso.com", "alias@contoso.com"]), None, "either may have sent");
        assert_eq!(name(&[rule(0, "Gone", r#""From":["megan@contoso.com"]"#)], &["megan@contoso.com"]), None);
        let no_priority = [r#"{"State":"Enabled","HostedOutboundSpamFilterPolicy":"Strict"}"#.to_owned()];
        assert_eq!(name(&no_priority, &["megan@contoso.com"]), None, "where it comes in is not known");
        assert_eq!(policies(&[]).applying_to(&[]), None);
    }

    #[test]
    fn a_change_of_any_rule_counts() {
        let rule = rule(0, "Strict", r#""From":["x@contoso.com"],"WhenChanged":"2026-04-01T00:00:00""#);
        let policy = policies(&[rule]).applying_to(&["megan@contoso.com".to_owned()]).unwrap();
        assert_eq!((policy.name.as_deref(), policy.changed), (Some("Default"), datetime!(2026-04-01 00:00 UTC)));
    }
}
