//! What the service's documents say of rules and policies, as examples: Microsoft Learn, "Configure outbound spam
//! policies", and the help of `New-HostedOutboundSpamFilterRule`.

use restricted_sender_limits::Action;

use super::author::Author;
use super::folded;
use super::group::{Contents, Group, Groups, Kind, Members};
use super::policies::OutboundPolicies;
use super::resolution::Outcome;

const POLICIES: &str = r#"[
    {"Name":"Default","IsDefault":true,"ActionWhenThresholdReached":"BlockUserForToday",
     "RecipientLimitExternalPerHour":500,"RecipientLimitInternalPerHour":1000,"RecipientLimitPerDay":1000},
    {"Name":"Strict","IsDefault":false,"ActionWhenThresholdReached":"BlockUser",
     "RecipientLimitExternalPerHour":400,"RecipientLimitInternalPerHour":800,"RecipientLimitPerDay":800},
    {"Name":"Open","IsDefault":false,"ActionWhenThresholdReached":"Alert",
     "RecipientLimitExternalPerHour":0,"RecipientLimitInternalPerHour":0,"RecipientLimitPerDay":10000}]"#;

/// The policies above with these rules, each of which leads to the policy of its first word.
fn policies(rules: &[&str]) -> OutboundPolicies {
    let rules: Vec<_> = rules
        .iter()
        .map(|rule| {
            let (policy, rest) = rule.split_once(' ').unwrap();
            format!(r#"{{"Name":"{policy}s","HostedOutboundSpamFilterPolicy":"{policy}",{rest}}}"#)
        })
        .collect();
    let rules = serde_json::from_str(&format!("[{}]", rules.join(","))).unwrap();
    OutboundPolicies::read(serde_json::from_str(POLICIES).unwrap(), rules)
}

/// The names of the policies that may apply.
fn applying(rules: &[&str], groups: &Groups, address: &str) -> Vec<String> {
    let policies = policies(rules);
    let resolution = policies.resolve(&Author::of(address), groups);
    resolution.candidates.iter().map(|candidate| candidate.policy.unwrap().name.clone()).collect()
}

fn decides(rules: &[&str], address: &str) -> String {
    let mut names = applying(rules, &Groups::default(), address);
    assert_eq!(names.len(), 1, "{names:?}");
    names.remove(0)
}

#[test]
fn enabled_rules_are_asked_by_priority_and_the_first_that_matches_ends_the_search() {
    let rules = [
        r#"Open "Priority":1,"SenderDomainIs":["contoso.com"]"#,
        r#"Strict "Priority":0,"From":["CEO@contoso.com","cfo@contoso.com"]"#,
        r#"Strict "Priority":2,"From":["megan@contoso.com"]"#,
    ];
    assert_eq!(decides(&rules, "ceo@contoso.com"), "Strict");
    assert_eq!(decides(&rules, "megan@contoso.com"), "Open");
    let policies = policies(&rules);
    let judged = policies.resolve(&Author::of("megan@contoso.com"), &Groups::default()).rules;
    let outcomes: Vec<_> = judged.iter().map(|rule| (rule.priority, rule.outcome)).collect();
    let expected = [(Some(0), Outcome::DoesNotMatch), (Some(1), Outcome::Matches), (Some(2), Outcome::NotReached)];
    assert_eq!(outcomes, expected);
    assert_eq!(judged[0].why, "megan@contoso.com is not named (From CEO@contoso.com or cfo@contoso.com).");
    assert_eq!(judged[1].why, "contoso.com is within contoso.com (SenderDomainIs).");
    assert_eq!(judged[2].why, "The rule Opens comes before and matches.");
}

#[test]
fn the_default_policy_is_for_everybody_else() {
    assert_eq!(decides(&[], "megan@contoso.com"), "Default");
    assert_eq!(decides(&[r#"Strict "Priority":0,"From":["ceo@contoso.com"]"#], "megan@contoso.com"), "Default");
}

#[test]
fn a_disabled_rule_leads_nobody_anywhere() {
    let rules = [r#"Strict "Priority":0,"State":"Disabled","From":["megan@contoso.com"]"#];
    assert_eq!(decides(&rules, "megan@contoso.com"), "Default");
    let policies = policies(&rules);
    let judged = policies.resolve(&Author::of("megan@contoso.com"), &Groups::default()).rules;
    assert_eq!(judged[0].outcome, Outcome::Disabled);
}

#[test]
fn values_of_a_condition_are_alternatives_types_must_all_hold_and_any_exception_excludes() {
    let rules = [
        r#"Strict "Priority":0,"From":["megan@contoso.com","lee@contoso.com","lee@fabrikam.com"],"SenderDomainIs":["contoso.com","adatum.com"],"ExceptIfFrom":["lee@contoso.com"],"ExceptIfSenderDomainIs":["mail.contoso.com"]"#,
    ];
    assert_eq!(decides(&rules, "megan@contoso.com"), "Strict");
    assert_eq!(decides(&rules, "lee@fabrikam.com"), "Default", "named, but of another domain");
    assert_eq!(decides(&rules, "adele@contoso.com"), "Default", "of the domain, but not named");
    assert_eq!(decides(&rules, "lee@contoso.com"), "Default", "excepted");
    let policies = policies(&rules);
    let judged = policies.resolve(&Author::of("lee@contoso.com"), &Groups::default()).rules;
    assert_eq!(judged[0].why, "lee@contoso.com is named (ExceptIfFrom).");
    let in_words = "From megan@contoso.com, lee@contoso.com or lee@fabrikam.com; SenderDomainIs contoso.com or \
                    adatum.com; ExceptIfFrom lee@contoso.com; ExceptIfSenderDomainIs mail.contoso.com";
    assert_eq!(judged[0].applies_to, in_words);
}

#[test]
fn a_domain_includes_its_subdomains_unless_they_are_excluded() {
    let rules =
        [r#"Strict "Priority":0,"SenderDomainIs":["contoso.com"],"ExceptIfSenderDomainIs":["print.contoso.com"]"#];
    assert_eq!(decides(&rules, "megan@contoso.com"), "Strict");
    assert_eq!(decides(&rules, "megan@mail.Contoso.com"), "Strict");
    assert_eq!(decides(&rules, "scanner@print.contoso.com"), "Default");
    assert_eq!(decides(&rules, "scanner@hall.print.contoso.com"), "Default");
    assert_eq!(decides(&rules, "megan@notcontoso.com"), "Default");
}

fn members(people: &[&str], groups: &[(&str, Kind)]) -> Contents {
    let groups = groups.iter().map(|(name, kind)| Group { name: (*name).to_owned(), kind: Some(*kind) }).collect();
    Contents::Members(Members { people: people.iter().map(|person| folded(person)).collect(), groups })
}

#[test]
fn groups_and_groups_within_them_count_and_dynamic_ones_do_not() {
    let mut groups = Groups::default();
    let within = [("sales@contoso.com", Kind::Distribution), ("board@contoso.com", Kind::Microsoft365)];
    groups.insert("staff@contoso.com", members(&["lee@contoso.com"], &within));
    groups.insert("sales@contoso.com", members(&["megan@contoso.com"], &[]));
    groups.insert("board@contoso.com", members(&["ceo@contoso.com"], &[]));
    groups.insert("everybody@contoso.com", Contents::Dynamic);
    let staff = [r#"Strict "Priority":0,"FromMemberOf":["Staff@contoso.com"]"#];
    for member in ["lee@contoso.com", "megan@contoso.com", "ceo@contoso.com"] {
        assert_eq!(applying(&staff, &groups, member), ["Strict"], "{member}");
    }
    assert_eq!(applying(&staff, &groups, "adele@contoso.com"), ["Default"]);
    let dynamic = [r#"Strict "Priority":0,"FromMemberOf":["everybody@contoso.com"]"#];
    assert_eq!(applying(&dynamic, &groups, "lee@contoso.com"), ["Default"]);
    let all_but_sales =
        [r#"Strict "Priority":0,"FromMemberOf":["staff@contoso.com"],"ExceptIfFromMemberOf":["sales@contoso.com"]"#];
    assert_eq!(applying(&all_but_sales, &groups, "megan@contoso.com"), ["Default"]);
    assert_eq!(applying(&all_but_sales, &groups, "lee@contoso.com"), ["Strict"]);

    let why = |rules, address| policies(rules).resolve(&Author::of(address), &groups).rules.remove(0).why;
    let by_way = "megan@contoso.com is a member of Staff@contoso.com, by way of sales@contoso.com (FromMemberOf).";
    assert_eq!(why(&staff, "megan@contoso.com"), by_way);
    let no = "lee@contoso.com is no member of everybody@contoso.com (FromMemberOf). Dynamic groups do not count.";
    assert_eq!(why(&dynamic, "lee@contoso.com"), no);
}

#[test]
fn a_group_that_cannot_be_read_leaves_the_rule_untold_unless_something_else_settles_it() {
    let mut groups = Groups::default();
    groups.insert("staff", Contents::Unreadable("Closed.".to_owned()));
    let rule = r#"Strict "Priority":0,"FromMemberOf":["staff"],"SenderDomainIs":["contoso.com"]"#;
    assert_eq!(applying(&[rule], &groups, "megan@contoso.com"), ["Strict", "Default"]);
    assert_eq!(applying(&[rule], &groups, "megan@fabrikam.com"), ["Default"], "of another domain anyway");
    let next = r#"Open "Priority":1,"SenderDomainIs":["contoso.com"]"#;
    assert_eq!(applying(&[rule, next], &groups, "megan@contoso.com"), ["Strict", "Open"]);
    let excepted = r#"Strict "Priority":0,"SenderDomainIs":["contoso.com"],"ExceptIfFromMemberOf":["staff"]"#;
    assert_eq!(applying(&[excepted], &groups, "megan@contoso.com"), ["Strict", "Default"]);

    let policies = policies(&[rule]);
    let resolution = policies.resolve(&Author::of("megan@contoso.com"), &groups);
    assert_eq!(resolution.rules[0].outcome, Outcome::CannotTell);
    let why = "Which policy applies is not known: Strict or Default. Whether megan@contoso.com is a member of staff \
               (FromMemberOf) is not known. Closed.";
    assert_eq!(resolution.why(), why);
}

#[test]
fn only_groups_that_decide_are_looked_into() {
    let unread = |rules: &[&str], address: &str| {
        let policies = policies(rules);
        let resolution = policies.resolve(&Author::of(address), &Groups::default());
        resolution.unread.map(|group| group.name)
    };
    let rule = r#"Strict "Priority":1,"FromMemberOf":["staff"],"SenderDomainIs":["contoso.com"]"#;
    assert_eq!(unread(&[rule], "megan@contoso.com").as_deref(), Some("staff"));
    assert_eq!(unread(&[rule], "megan@fabrikam.com"), None);
    let earlier = r#"Open "Priority":0,"From":["megan@contoso.com"]"#;
    assert_eq!(unread(&[rule, earlier], "megan@contoso.com"), None);
    assert_eq!(unread(&[&rule.replace("Strict ", r#"Strict "State":"Disabled","#)], "megan@contoso.com"), None);
}

#[test]
fn a_rule_without_condition_or_priority_is_neither_for_everybody_nor_for_nobody() {
    for rule in [r#"Strict "Priority":0"#, r#"Strict "From":["megan@contoso.com"]"#] {
        assert_eq!(applying(&[rule], &Groups::default(), "megan@contoso.com"), ["Strict", "Default"], "{rule}");
    }
    let other = r#"Strict "From":["lee@contoso.com"]"#;
    assert_eq!(decides(&[other], "megan@contoso.com"), "Default", "wherever it comes in, it is for another");
}

#[test]
fn what_has_no_effect_is_said() {
    let remarks = |rules: &[&str]| policies(rules).remarks(&Groups::default()).join("\n");
    let leads = [r#"Strict "Priority":0,"From":["a@contoso.com"]"#, r#"Open "Priority":1,"From":["b@contoso.com"]"#];
    let zero =
        "sets no limit of its own where it says 0 (RecipientLimitExternalPerHour, RecipientLimitInternalPerHour)";
    let high = "sets no less than the service's 10000 recipients in 24 hours, which are used up before: \
                RecipientLimitPerDay has no effect.";
    let said = remarks(&leads);
    assert!(said.contains(zero) && said.contains(high) && said.lines().count() == 2, "{said}");

    for (rule, remark) in [
        (r#"Strict "Priority":2,"State":"Disabled","From":["a@contoso.com"]"#, "The rule Stricts is disabled"),
        (
            r#"Gone "Priority":2,"From":["c@contoso.com"]"#,
            "The rule Gones leads to the policy Gone, which does not exist",
        ),
        (
            r#"Strict "Priority":2,"From":["a@contoso.com"]"#,
            "The rule Stricts never decides: whomever it is for, the rule Stricts before",
        ),
        (r#"Strict "Priority":2"#, "The rule Stricts has no condition"),
        (r#"Strict "From":["c@contoso.com"]"#, "The rule Stricts has no priority"),
        (
            r#"Strict "Priority":2,"From":["c@contoso.com"],"ExceptIfFrom":["c@contoso.com"]"#,
            "The rule Stricts matches nobody",
        ),
    ] {
        let said = remarks(&[leads[0], leads[1], rule]);
        assert!(said.contains(remark) && said.lines().count() == 3, "{rule}: {said}");
    }
    let shadows = r#"Strict "Priority":2,"State":"Disabled","SenderDomainIs":["contoso.com"]"#;
    let said = remarks(&[leads[0], leads[1], shadows, r#"Open "Priority":3,"From":["c@contoso.com"]"#]);
    assert!(!said.contains("never decides"), "a disabled rule shadows none: {said}");
    assert!(remarks(&leads[..1]).contains("No rule leads to the policy Open: it applies to nobody."));
}

#[test]
fn a_policy_tells_its_limits_and_its_action() {
    let policies = policies(&[]);
    let open = policies.policies.iter().find(|policy| policy.name == "Open").unwrap();
    assert_eq!((open.action, open.external_per_hour, open.per_day), (Some(Action::Alert), Some(0), Some(10_000)));
}
