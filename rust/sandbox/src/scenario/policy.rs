//! Contoso's rules for sending: who may send how much, and what happens to those who send more.

use time::{Duration, OffsetDateTime};

use super::Teller;
use crate::outbound_policy::{Action, Conditions, Limits, OutboundPolicies, Policy, Rule};

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
            is_default: name == "Default",
            limits,
            action,
            changed: self.now.saturating_sub(ago),
            ..Policy::new(name, self.guid(), founded)
        }
    }

    fn outbound_rule(&mut self, name: &str, policy: &str, conditions: Conditions) -> Rule {
        Rule {
            name: name.to_owned(),
            guid: self.guid(),
            is_enabled: true,
            policy: policy.to_owned(),
            conditions,
            ..Rule::default()
        }
    }

    fn outbound_rules(&mut self) -> Vec<Rule> {
        let from = |address: &str| Conditions { from: vec![address.to_owned()], ..Conditions::default() };
        let printers = Conditions { domain_is: vec!["print.contoso.com".into()], ..Conditions::default() };
        let all_staff = Conditions { member_of: vec!["all.staff@contoso.com".into()], ..Conditions::default() };
        vec![
            self.outbound_rule("Executives", "Executives", from("megan.bowen@contoso.com")),
            self.outbound_rule("Newsletters", "Newsletters", from("news@contoso.com")),
            Rule {
                exceptions: from("plotter@print.contoso.com"),
                ..self.outbound_rule("Devices", "Devices", printers)
            },
            // A trial that somebody has not taken back.
            Rule { is_enabled: false, ..self.outbound_rule("Everybody strict", "Everybody strict", all_staff) },
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
        let from = |aliases: &[&str]| Conditions { from: texts(aliases), ..Conditions::default() };
        let group = |aliases: &[&str]| Conditions { member_of: texts(aliases), ..Conditions::default() };
        let campaigns = Conditions {
            from: [texts(&["campaigns", "pradeep.gupta", "offers", "grady.archie"]), vec![SHOP.into()]].concat(),
            member_of: texts(&["marketing"]),
            domain_is: vec!["contoso.com".into()],
        };
        let exceptions = Conditions {
            from: texts(&["offers"]),
            member_of: texts(&["interns"]),
            domain_is: vec!["shop.contoso.com".into()],
        };
        all.rules.extend([
            Rule { exceptions, ..self.outbound_rule("Campaigns", "Campaigns", campaigns) },
            self.outbound_rule("Project Falcon", "Projects", group(&["project.falcon"])),
            self.outbound_rule("Field staff", "Field staff", group(&["field.staff"])),
            self.outbound_rule("Campaigns of last year", "Campaigns of last year", from(&["campaigns"])),
        ]);
    }
}
