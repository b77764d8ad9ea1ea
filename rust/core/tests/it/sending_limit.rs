//! Which outbound spam policy applies to whom, and what it and the service allow.

use crate::tenant::{address, run, Said, Tenant};
use restricted_sender_core::error::{Code, Result};
use restricted_sender_core::limits::{get, Options, Outcome, SendingLimit};
use restricted_sender_core::restriction::{Action, Target};
use restricted_sender_sandbox::Scenario;
use serde_json::json;

const MEMBERS: &str = "Get-DistributionGroupMember";
const LINKS: &str = "Get-UnifiedGroupLinks";
const MEGAN: &str = "megan.bowen@contoso.com";

async fn asked(tenant: &Tenant, options: Options, targets: Vec<Target>) -> (Said, Result<()>) {
    run!(targets, host => get(&tenant.connection, &options, &host))
}

async fn limit(tenant: &Tenant, target: Target) -> SendingLimit {
    let (mut said, result) = asked(tenant, Options::default(), vec![target]).await;
    result.unwrap();
    assert_eq!(said.limits.len(), 1, "{:?}", said.failed);
    // What concerns this sender is told at once; what concerns the policy stands in the row.
    assert!(said.limits[0].warnings.starts_with(&said.warnings), "{:?}", said.warnings);
    said.limits.remove(0)
}

fn from(address: &str, sender: Option<&str>) -> Target {
    Target { from: Some(address.into()), sender_address: sender.map(str::to_owned), ..Target::default() }
}

fn source<'a>(limit: &'a SendingLimit, name: &str) -> &'a str {
    limit.sources.iter().find(|(known, _)| known == name).map_or("", |(_, source)| source)
}

#[tokio::test]
async fn each_sender_gets_the_policy_of_the_first_rule_that_matches() {
    let tenant = Tenant::new(Scenario::Empty).await;
    for (sender, policy, rule) in [
        (MEGAN, "Executives", Some("Executives")),
        // Whoever signs in by another name writes from the primary address.
        ("megan.bowen@contoso.onmicrosoft.com", "Executives", Some("Executives")),
        ("scanner@print.contoso.com", "Devices", Some("Devices")),
        ("plotter@print.contoso.com", "Default", None),
        ("campaigns@contoso.com", "Campaigns", Some("Campaigns")),
        ("offers@contoso.com", "Default", None),
        ("pradeep.gupta@contoso.com", "Default", None),
        ("shop@shop.contoso.com", "Default", None),
        ("grady.archie@contoso.com", "Projects", Some("Project Falcon")),
        ("lee.gu@contoso.com", "Default", None),
    ] {
        let limit = limit(&tenant, address(sender)).await;
        assert_eq!((limit.policy.as_deref(), limit.rule.as_deref()), (Some(policy), rule), "{sender}: {:?}", limit.why);
        assert_eq!(limit.sender.as_deref(), Some(sender));
        let decides = limit.rules.iter().filter(|rule| rule.outcome == Outcome::Matches).map(|rule| rule.name.as_str());
        assert_eq!(decides.collect::<Vec<_>>(), rule.into_iter().collect::<Vec<_>>());
        assert_eq!(limit.rules.len(), 8);
        assert!(limit.rules.iter().all(|rule| !rule.why.is_empty() && rule.outcome != Outcome::CannotTell));
    }
}

#[tokio::test]
async fn every_rule_says_why_it_is_not_the_one() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let grady = limit(&tenant, address("grady.archie@contoso.com")).await;
    let said: Vec<_> = grady.rules.iter().map(|rule| (rule.name.as_str(), rule.outcome, rule.why.as_str())).collect();
    let matches = "grady.archie@contoso.com is a member of project.falcon@contoso.com (FromMemberOf).";
    assert_eq!(
        said,
        [
            (
                "Executives",
                Outcome::DoesNotMatch,
                "grady.archie@contoso.com is not named (From megan.bowen@contoso.com)."
            ),
            ("Newsletters", Outcome::DoesNotMatch, "grady.archie@contoso.com is not named (From news@contoso.com)."),
            ("Devices", Outcome::DoesNotMatch, "contoso.com is not within print.contoso.com (SenderDomainIs)."),
            ("Everybody strict", Outcome::Disabled, "The rule is disabled."),
            (
                "Campaigns",
                Outcome::DoesNotMatch,
                "grady.archie@contoso.com is no member of marketing@contoso.com (FromMemberOf)."
            ),
            ("Project Falcon", Outcome::Matches, matches),
            ("Field staff", Outcome::NotReached, "The rule Project Falcon comes before and matches."),
            ("Campaigns of last year", Outcome::NotReached, "The rule Project Falcon comes before and matches."),
        ]
    );
    assert_eq!((grady.why.as_deref(), grady.priority, grady.state), (Some(matches), Some(5), Some("Enabled")));
    let campaigns = limit(&tenant, address("campaigns@contoso.com")).await;
    let why = campaigns.why.unwrap();
    assert!(why.contains("by way of campaign.team@contoso.com") && why.contains("is named (From)"), "{why}");
    let pradeep = limit(&tenant, address("pradeep.gupta@contoso.com")).await;
    let why = &pradeep.rules[4].why;
    assert_eq!(why, "pradeep.gupta@contoso.com is a member of interns@contoso.com (ExceptIfFromMemberOf).");
    let dynamic = &pradeep.rules[6];
    assert!(dynamic.outcome == Outcome::DoesNotMatch && dynamic.why.contains("Dynamic groups"), "{}", dynamic.why);
}

#[tokio::test]
async fn whoever_is_named_by_another_address_is_told_what_mail_from_it_is_under() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let alex = limit(&tenant, address("news@contoso.com")).await;
    assert_eq!((alex.from.as_deref(), alex.policy.as_deref()), (Some("alex.wilber@contoso.com"), Some("Default")));
    let said = "This is for mail from alex.wilber@contoso.com; mail from news@contoso.com has the policy Newsletters: \
                -From names it.";
    assert_eq!(alex.warnings, [said]);
    assert_eq!(limit(&tenant, address("alex.wilber@contoso.com")).await.warnings, [""; 0]);
    let lee = limit(&tenant, address("lee@contoso.com")).await;
    assert_eq!(lee.from.as_deref(), Some("lee.gu@contoso.com"));
    assert_eq!(lee.warnings, [""; 0], "the same for both addresses");
}

#[tokio::test]
async fn the_from_address_selects_the_policy_and_the_authenticated_user_is_counted() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let news = limit(&tenant, from("news@contoso.com", Some(MEGAN))).await;
    assert_eq!((news.sender.as_deref(), news.from.as_deref()), (Some(MEGAN), Some("news@contoso.com")));
    assert_eq!(news.policy.as_deref(), Some("Newsletters"));
    let alone = limit(&tenant, from("news@contoso.com", None)).await;
    assert_eq!((alone.sender, alone.policy.as_deref()), (None, Some("Newsletters")), "whoever signs in");
    // Who writes from the other address of the person whom the rule names by the primary one is not named.
    let other = limit(&tenant, from("megan.bowen@contoso.onmicrosoft.com", Some(MEGAN))).await;
    assert_eq!((other.policy.as_deref(), other.initial_domain), (Some("Default"), Some(100)));
    assert_eq!(source(&other, "InitialDomain"), "Tenant");
    assert_eq!(limit(&tenant, address(MEGAN)).await.initial_domain, None);
}

#[tokio::test]
async fn limits_tell_where_they_come_from_and_0_is_the_services_own() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let limit = limit(&tenant, address("grady.archie@contoso.com")).await;
    let policy = (limit.external_per_hour, limit.internal_per_hour, limit.recipients_per_day);
    assert_eq!(policy, (Some(10_000), Some(200), Some(300)));
    assert_eq!((limit.recipient_rate, limit.messages_per_minute, limit.recipients_per_message), (10_000, 30, 500));
    assert_eq!((limit.action, limit.tenant_external), (Some(Action::BlockUserForToday), None));
    let sources: Vec<_> = limit.sources.iter().map(|(name, source)| (name.as_str(), source.as_str())).collect();
    let expected = [
        ("ExternalPerHour", "ServiceDefault"),
        ("InternalPerHour", "Policy"),
        ("RecipientsPerDay", "Policy"),
        ("RecipientRate", "Service"),
        ("MessagesPerMinute", "Service"),
        ("RecipientsPerMessage", "ServiceDefault"),
    ];
    assert_eq!(sources, expected);
    assert_eq!(limit.warnings.len(), 1, "{:?}", limit.warnings);
    assert!(limit.warnings[0].contains("says 0 (RecipientLimitExternalPerHour)"), "{}", limit.warnings[0]);

    for (licences, expected) in [(0, 5000), (25, 14_259)] {
        let options = Options { license_count: Some(licences), ..Options::default() };
        let (said, result) = asked(&tenant, options, vec![address(MEGAN)]).await;
        result.unwrap();
        assert_eq!(said.limits[0].tenant_external, Some(expected), "{licences} licences");
        assert_eq!(source(&said.limits[0], "TenantExternal"), "Tenant");
    }
}

#[tokio::test]
async fn a_group_that_cannot_be_read_is_never_a_no() {
    let tenant = Tenant::new(Scenario::Empty).await;
    tenant.forbid(LINKS).await;
    let grady = limit(&tenant, address("grady.archie@contoso.com")).await;
    assert_eq!((grady.policy.as_deref(), grady.rule.as_deref()), (None, None));
    assert_eq!(grady.may_apply, ["Projects", "Default"]);
    let falcon = &grady.rules[5];
    assert!(falcon.outcome == Outcome::CannotTell && falcon.why.contains("could not be read"), "{}", falcon.why);
    assert!(grady
        .why
        .as_deref()
        .is_some_and(|why| why.contains("Which policy applies is not known: Projects or Default.")));
    // What both say alike is known.
    assert_eq!((grady.action, grady.external_per_hour), (Some(Action::BlockUserForToday), None));
    assert_eq!((source(&grady, "ExternalPerHour"), source(&grady, "RecipientRate")), ("", "Service"));
    // Whom an earlier rule is for needs no group.
    assert_eq!(limit(&tenant, address(MEGAN)).await.policy.as_deref(), Some("Executives"));
    // One that is named by the rule before does not depend on it either.
    tenant.allow(LINKS).await;
    tenant.forbid(MEMBERS).await;
    let campaigns = limit(&tenant, address("campaigns@contoso.com")).await;
    assert_eq!(campaigns.may_apply, ["Campaigns", "Campaigns of last year"]);
}

#[tokio::test]
async fn groups_that_hold_each_other_are_looked_into_once() {
    let tenant = Tenant::new(Scenario::Empty).await;
    for (group, member) in [("campaign.team", "marketing"), ("interns", "campaign.team"), ("campaign.team", "interns")]
    {
        let change = json!({"group": format!("{group}@contoso.com"), "add": [format!("{member}@contoso.com")]});
        tenant.sandbox.control("POST", "groups", &change).unwrap();
    }
    let grady = limit(&tenant, address("grady.archie@contoso.com")).await;
    assert_eq!(grady.policy.as_deref(), Some("Projects"), "in none of them");
    assert_eq!(tenant.seen(MEMBERS).await, 3);
}

#[tokio::test]
async fn what_is_common_is_read_once_and_groups_only_where_they_decide() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let everybody = [MEGAN, "copier@print.contoso.com", "scanner@print.contoso.com"].map(address).to_vec();
    let (said, result) = asked(&tenant, Options::default(), everybody).await;
    result.unwrap();
    assert_eq!((said.limits.len(), tenant.seen(MEMBERS).await, tenant.seen(LINKS).await), (3, 0, 0));
    let others = ["lee.gu@contoso.com", "diego.siciliani@contoso.com", "grady.archie@contoso.com"].map(address);
    asked(&tenant, Options::default(), others.to_vec()).await.1.unwrap();
    // The rule Campaigns names Grady, and asks for two groups, one of them within the other.
    assert_eq!((tenant.seen(MEMBERS).await, tenant.seen(LINKS).await), (2, 1));
    assert_eq!(tenant.seen("Get-HostedOutboundSpamFilterRule").await, 2, "once for each command");
}

#[tokio::test]
async fn who_is_not_known_is_said_and_gets_what_rules_say_of_the_address() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let stranger = limit(&tenant, address("copier@print.contoso.com")).await;
    assert_eq!(stranger.policy.as_deref(), Some("Devices"));
    assert!(stranger.warnings[0].contains("knows nobody of the address copier@print"), "{:?}", stranger.warnings);

    tenant.forbid("Get-Recipient").await;
    let megan = limit(&tenant, address(MEGAN)).await;
    assert_eq!(megan.policy.as_deref(), Some("Executives"), "named by the address itself");
    assert!(megan.warnings[0].contains("could not be read"), "{:?}", megan.warnings);
    let lee = limit(&tenant, address("lee.gu@contoso.com")).await;
    assert_eq!(lee.may_apply, ["Projects", "Field staff", "Default"], "which groups they are is not known either");
}

#[tokio::test]
async fn without_a_name_every_rule_and_the_default_policy_are_shown_with_what_is_wrong_with_them() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let (said, result) = asked(&tenant, Options { everything: true, ..Options::default() }, vec![]).await;
    result.unwrap();
    let rows: Vec<_> = said
        .limits
        .iter()
        .map(|row| (row.priority, row.policy.as_deref().unwrap(), row.state, row.applies_to.as_deref().unwrap()))
        .collect();
    assert_eq!(rows[0], (Some(0), "Executives", Some("Enabled"), "From megan.bowen@contoso.com"));
    assert_eq!(rows[3], (Some(3), "Everybody strict", Some("Disabled"), "FromMemberOf all.staff@contoso.com"));
    assert_eq!(rows[8], (None, "Default", None, "Everybody else"));
    assert_eq!(rows.len(), 9);
    assert!(said.limits.iter().all(|row| row.sender.is_none() && row.from.is_none() && row.rules.is_empty()));
    let never = "The rule Campaigns of last year never decides: whomever it is for, the rule Campaigns before it";
    for expected in [
        "The rule Everybody strict is disabled",
        "The policy Devices sets no limit of its own",
        "The policy Projects sets no limit",
    ] {
        assert_eq!(said.warnings.iter().filter(|said| said.starts_with(expected)).count(), 1, "{:?}", said.warnings);
    }
    // Campaigns names more conditions than the one after it: that one is not shadowed for certain.
    assert!(!said.warnings.iter().any(|said| said.starts_with(never)), "{:?}", said.warnings);
    let dynamic = "The rule Field staff matches nobody: its groups are dynamic, and such groups do not count.";
    assert!(said.warnings.iter().any(|said| said == dynamic), "{:?}", said.warnings);
    assert_eq!(said.limits[6].warnings, [dynamic]);
    // What the groups of enabled rules are was asked, and not who is in them.
    assert_eq!((tenant.seen("Get-Recipient").await, tenant.seen(MEMBERS).await, tenant.seen(LINKS).await), (3, 0, 0));

    tenant.forbid("Get-Recipient").await;
    let (said, result) = asked(&tenant, Options { everything: true, ..Options::default() }, vec![]).await;
    result.unwrap();
    let unknown = said.warnings.iter().filter(|said| said.contains("is not known for certain")).count();
    assert_eq!((said.limits.len(), unknown), (9, 3), "{:?}", said.warnings);
}

#[tokio::test]
async fn what_names_no_sender_fails_by_itself_and_policies_that_cannot_be_read_fail_everything() {
    let tenant = Tenant::new(Scenario::Empty).await;
    let connector = Target { connector_id: Some("5a2e8b1c-0000-4000-8000-00000000000a".into()), ..Target::default() };
    let elsewhere = Target { tenant_id: Some("elsewhere".into()), ..address(MEGAN) };
    let sent_elsewhere = Target { tenant_id: Some("elsewhere".into()), ..from(MEGAN, None) };
    let wrong = vec![
        Target::default(),
        connector,
        elsewhere,
        sent_elsewhere,
        address("megan"),
        from("*@contoso.com", Some(MEGAN)),
    ];
    let (said, result) = asked(&tenant, Options::default(), [wrong, vec![address(MEGAN)]].concat()).await;
    result.unwrap();
    let codes: Vec<_> = said.failed.iter().map(|error| error.code()).collect();
    let expected = [
        Code::NothingNamed,
        Code::InvalidAddress,
        Code::WrongOrganization,
        Code::WrongOrganization,
        Code::InvalidAddress,
        Code::PatternNotAllowed,
    ];
    assert_eq!(codes, expected);
    assert_eq!(said.limits.len(), 1);

    tenant.forbid("Get-HostedOutboundSpamFilterRule").await;
    for options in [Options::default(), Options { everything: true, ..Options::default() }] {
        let (said, result) = asked(&tenant, options, vec![address(MEGAN)]).await;
        assert_eq!(result.unwrap_err().code(), Code::NoRole);
        assert!(said.limits.is_empty());
    }
}
