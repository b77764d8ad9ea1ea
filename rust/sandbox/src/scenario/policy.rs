//! Contoso's rules for sending: who may send how much, and what happens to those who send more.

use time::{Duration, OffsetDateTime};

use super::Teller;
use crate::outbound_policy::{Action, Limits, OutboundPolicies, Policy, Rule};

const STANDARD: Limits = Limits { external_per_hour: 500, internal_per_hour: 1000, per_day: 1000 };
const STRICT: Limits = Limits { external_per_hour: 400, internal_per_hour: 800, per_day: 800 };
/// Raised after the newsletter had run into it, which does not end a restriction.
const NEWSLETTERS: Limits = Limits { external_per_hour: 2000, internal_per_hour: 2000, per_day: 5000 };
const CAMPAIGNS: Limits = Limits { external_per_hour: 1500, internal_per_hour: 1000, per_day: 3000 };
const PROJECTS: Limits = Limits { external_per_hour: 0, internal_per_hour: 200, per_day: 300 };
const NONE: Limits = Limits { external_per_hour: 0, internal_per_hour: 0, per_day: 0 };

/// Somebody in a domain of their own.
const SHOP: &str = "shop@shop.contoso.com";

/// A name, its limits, what happens beyond them, and how long ago it was changed.
type Told = (&'static str, Limits, Action, Duration);

impl Teller {
    pub(super) fn outbound_policies(&mut self, founded: OffsetDateTime) -> OutboundPolicies {
        let policies = [
            ("Default", STANDARD, Action::BlockUserForToday, Duration::days(300)),
            ("Executives", STRICT, Action::BlockUser, Duration::days(90)),
            ("Newsletters", NEWSLETTERS, Action::BlockUserForToday, Duration::hours(2)),
            ("Devices", NONE, Action::Alert, Duration::days(40)),
        ];
        let policies = policies.map(|told| self.outbound_policy(told, founded));
        OutboundPolicies { policies: policies.into(), rules: self.outbound_rules() }
    }

    fn outbound_policy(&mut self, (name, limits, action, ago): Told, founded: OffsetDateTime) -> Policy {
        Policy {
            name,
            guid: self.guid(),
            is_default: name == "Default",
            limits,
            action,
            created: founded,
            changed: self.now.saturating_sub(ago),
        }
    }

    fn outbound_rule(&mut self, priority: u8, name: &'static str, policy: &'static str) -> Rule {
        Rule { name, guid: self.guid(), priority, is_enabled: true, policy, ..Rule::default() }
    }

    fn outbound_rules(&mut self) -> Vec<Rule> {
        vec![
            Rule { from: vec!["megan.bowen@contoso.com".into()], ..self.outbound_rule(0, "Executives", "Executives") },
            Rule { from: vec!["news@contoso.com".into()], ..self.outbound_rule(1, "Newsletters", "Newsletters") },
            Rule {
                sender_domain_is: vec!["print.contoso.com".into()],
                except_if_from: vec!["plotter@print.contoso.com".into()],
                ..self.outbound_rule(2, "Devices", "Devices")
            },
            // A trial that somebody has not taken back.
            Rule {
                is_enabled: false,
                from_member_of: vec!["all.staff@contoso.com".into()],
                ..self.outbound_rule(3, "Everybody strict", "Everybody strict")
            },
        ]
    }

    /// What joined the story later, with rules for those who did: one with all conditions and exceptions, one for a
    /// Microsoft 365 group, one without effect, since dynamic groups do not count, and one that never has its turn.
    pub(super) fn more_outbound_policies(&mut self, all: &mut OutboundPolicies, founded: OffsetDateTime) {
        let policies = [
            ("Everybody strict", STRICT, Action::BlockUser, Duration::days(200)),
            ("Campaigns", CAMPAIGNS, Action::BlockUser, Duration::days(30)),
            ("Projects", PROJECTS, Action::BlockUserForToday, Duration::days(15)),
            ("Field staff", STRICT, Action::Alert, Duration::days(60)),
            ("Campaigns of last year", STANDARD, Action::BlockUser, Duration::days(380)),
        ];
        all.policies.extend(policies.map(|told| self.outbound_policy(told, founded)));
        let texts = |texts: &[&str]| texts.iter().map(|text| format!("{text}@contoso.com")).collect::<Vec<_>>();
        all.rules.extend([
            Rule {
                from: [texts(&["campaigns", "pradeep.gupta", "offers", "grady.archie"]), vec![SHOP.into()]].concat(),
                from_member_of: texts(&["marketing"]),
                sender_domain_is: vec!["contoso.com".into()],
                except_if_from: texts(&["offers"]),
                except_if_from_member_of: texts(&["interns"]),
                except_if_sender_domain_is: vec!["shop.contoso.com".into()],
                ..self.outbound_rule(4, "Campaigns", "Campaigns")
            },
            Rule { from_member_of: texts(&["project.falcon"]), ..self.outbound_rule(5, "Project Falcon", "Projects") },
            Rule { from_member_of: texts(&["field.staff"]), ..self.outbound_rule(6, "Field staff", "Field staff") },
            Rule {
                from: texts(&["campaigns"]),
                ..self.outbound_rule(7, "Campaigns of last year", "Campaigns of last year")
            },
        ]);
    }
}
