//! Contoso's rules for sending: who may send how much, and what happens to those who send more.

use time::{Duration, OffsetDateTime};

use super::Teller;
use crate::outbound_policy::{Action, Limits, OutboundPolicies, Policy, Rule};

const STANDARD: Limits = Limits { external_per_hour: 500, internal_per_hour: 1000, per_day: 1000 };
const STRICT: Limits = Limits { external_per_hour: 400, internal_per_hour: 800, per_day: 800 };
/// Raised after the newsletter had run into it, which does not end a restriction.
const NEWSLETTERS: Limits = Limits { external_per_hour: 2000, internal_per_hour: 2000, per_day: 5000 };
const NONE: Limits = Limits { external_per_hour: 0, internal_per_hour: 0, per_day: 0 };

impl Teller {
    pub(super) fn outbound_policies(&mut self, founded: OffsetDateTime) -> OutboundPolicies {
        let policies = [
            ("Default", STANDARD, Action::BlockUserForToday, Duration::days(300)),
            ("Executives", STRICT, Action::BlockUser, Duration::days(90)),
            ("Newsletters", NEWSLETTERS, Action::BlockUserForToday, Duration::hours(2)),
            ("Devices", NONE, Action::Alert, Duration::days(40)),
        ];
        let policies = policies.map(|(name, limits, action, ago)| Policy {
            name,
            guid: self.guid(),
            is_default: name == "Default",
            limits,
            action,
            created: founded,
            changed: self.now.saturating_sub(ago),
        });
        OutboundPolicies { policies: policies.into(), rules: self.outbound_rules() }
    }

    fn outbound_rules(&mut self) -> Vec<Rule> {
        let mut rule = |priority, name, policy| Rule {
            name,
            guid: self.guid(),
            priority,
            is_enabled: true,
            policy,
            ..Rule::default()
        };
        vec![
            Rule { from: vec!["megan.bowen@contoso.com".into()], ..rule(0, "Executives", "Executives") },
            Rule { from: vec!["news@contoso.com".into()], ..rule(1, "Newsletters", "Newsletters") },
            Rule {
                sender_domain_is: vec!["print.contoso.com".into()],
                except_if_from: vec!["plotter@print.contoso.com".into()],
                ..rule(2, "Devices", "Devices")
            },
            // A trial that somebody has not taken back.
            Rule {
                is_enabled: false,
                from_member_of: vec!["all.staff@contoso.com".into()],
                ..rule(3, "Everybody strict", "Executives")
            },
        ]
    }
}
