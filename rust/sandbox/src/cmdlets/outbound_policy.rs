//! Cmdlets about outbound spam policies and the rules that lead to them.

use uuid::Uuid;

use super::{everywhere, mandatory, named, optional, Cmdlet, Invocation, Kind, Output};
use crate::audit::Actor;
use crate::outbound_policy::{Action, ConditionsChange, PolicyChange, RuleChange, FORWARDING_MODES, HIGHEST_LIMIT};
use crate::parameter::{Arguments, Parameter};
use crate::refusal::Refusal;
use crate::row::Row;
use crate::tenant::Tenant;

const POLICY: &str = "Microsoft.Exchange.Data.Directory.SystemConfiguration.HostedOutboundSpamFilterPolicy";
const RULE: &str = "Microsoft.Exchange.MessagingPolicies.HygieneRules.HostedOutboundSpamFilterRule";

const ACTION: Kind = Kind::OneOf("OutboundSpamFilterActionWhenThresholdReached", &Action::NAMES);
const FORWARDING: Kind = Kind::OneOf("AutoForwardingMode", &FORWARDING_MODES);
const LIMIT: Kind = Kind::Number(HIGHEST_LIMIT);

/// What can be set of a policy; the first one names it.
const fn policy_parameters(name: &'static str) -> [Parameter; 11] {
    [
        mandatory(name, Kind::Text),
        optional("ActionWhenThresholdReached", ACTION),
        optional("AdminDisplayName", Kind::TextOrNull),
        optional("AutoForwardingMode", FORWARDING),
        optional("BccSuspiciousOutboundAdditionalRecipients", Kind::TextsOrNull),
        optional("BccSuspiciousOutboundMail", Kind::Bool),
        optional("NotifyOutboundSpam", Kind::Bool),
        optional("NotifyOutboundSpamRecipients", Kind::TextsOrNull),
        optional("RecipientLimitExternalPerHour", LIMIT),
        optional("RecipientLimitInternalPerHour", LIMIT),
        optional("RecipientLimitPerDay", LIMIT),
    ]
}

/// What can be set of a rule, after its name and its policy, and what only one of the two cmdlets takes.
const fn rule_parameters(first: [Parameter; 3]) -> [Parameter; 11] {
    let [name, policy, other] = first;
    [
        name,
        policy,
        other,
        optional("Comments", Kind::TextOrNull),
        optional("ExceptIfFrom", Kind::TextsOrNull),
        optional("ExceptIfFromMemberOf", Kind::TextsOrNull),
        optional("ExceptIfSenderDomainIs", Kind::TextsOrNull),
        optional("From", Kind::TextsOrNull),
        optional("FromMemberOf", Kind::TextsOrNull),
        optional("Priority", Kind::Number(u32::MAX)),
        optional("SenderDomainIs", Kind::TextsOrNull),
    ]
}

const SET_POLICY: [Parameter; 11] = policy_parameters("Identity");
const NEW_POLICY: [Parameter; 11] = policy_parameters("Name");
const SET_RULE: [Parameter; 11] = rule_parameters([
    mandatory("Identity", Kind::Text),
    optional("HostedOutboundSpamFilterPolicy", Kind::Text),
    optional("Name", Kind::Text),
]);
const NEW_RULE: [Parameter; 11] = rule_parameters([
    mandatory("Name", Kind::Text),
    mandatory("HostedOutboundSpamFilterPolicy", Kind::Text),
    optional("Enabled", Kind::Bool),
]);
const SWITCHED_RULE: [Parameter; 1] = [mandatory("Identity", Kind::Text)];

pub(super) static CMDLETS: [Cmdlet; 8] = [
    Cmdlet {
        name: "Get-HostedOutboundSpamFilterPolicy",
        output_type: POLICY,
        parameters: &[optional("Identity", Kind::Text)],
        run: get_policy,
        exists: everywhere,
    },
    Cmdlet {
        name: "Set-HostedOutboundSpamFilterPolicy",
        output_type: "",
        parameters: &SET_POLICY,
        run: set_policy,
        exists: everywhere,
    },
    Cmdlet {
        name: "New-HostedOutboundSpamFilterPolicy",
        output_type: POLICY,
        parameters: &NEW_POLICY,
        run: new_policy,
        exists: everywhere,
    },
    Cmdlet {
        name: "Get-HostedOutboundSpamFilterRule",
        output_type: RULE,
        parameters: &[
            optional("Identity", Kind::Text),
            optional("State", Kind::OneOf("RuleState", &["Enabled", "Disabled"])),
        ],
        run: get_rule,
        exists: everywhere,
    },
    Cmdlet {
        name: "Set-HostedOutboundSpamFilterRule",
        output_type: "",
        parameters: &SET_RULE,
        run: set_rule,
        exists: everywhere,
    },
    Cmdlet {
        name: "New-HostedOutboundSpamFilterRule",
        output_type: RULE,
        parameters: &NEW_RULE,
        run: new_rule,
        exists: everywhere,
    },
    Cmdlet {
        name: "Enable-HostedOutboundSpamFilterRule",
        output_type: "",
        parameters: &SWITCHED_RULE,
        run: |tenant, invocation| switch(tenant, invocation, "Enable-HostedOutboundSpamFilterRule", true),
        exists: everywhere,
    },
    Cmdlet {
        name: "Disable-HostedOutboundSpamFilterRule",
        output_type: "",
        parameters: &SWITCHED_RULE,
        run: |tenant, invocation| switch(tenant, invocation, "Disable-HostedOutboundSpamFilterRule", false),
        exists: everywhere,
    },
];

fn get_policy(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let all = tenant.outbound_policies();
    let rows = all.policies.iter().map(|policy| (policy.name.as_str(), policy.row())).collect();
    named(rows, invocation.arguments.text("Identity"))
}

fn get_rule(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let state = invocation.arguments.text("State");
    let all = tenant.outbound_policies();
    let rules = all.rules.iter().enumerate();
    let rules = rules.filter(|(_, rule)| state.is_none_or(|wanted| wanted.eq_ignore_ascii_case(rule.state())));
    let rows = rules.map(|(priority, rule)| (rule.name.as_str(), rule.row(priority))).collect();
    named(rows, invocation.arguments.text("Identity"))
}

fn set_policy(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let name = invocation.arguments.text("Identity").unwrap_or_default();
    let change = policy_change(invocation.arguments);
    let is_changed = tenant.outbound_policies().change(name, change, tenant.now())?;
    Ok(set(tenant, invocation, "Set-HostedOutboundSpamFilterPolicy", &SET_POLICY, is_changed))
}

fn new_policy(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let name = invocation.arguments.text("Name").unwrap_or_default();
    let change = policy_change(invocation.arguments);
    let row = tenant.outbound_policies().add(name, change, Uuid::new_v4(), tenant.now())?;
    Ok(made(tenant, invocation, "New-HostedOutboundSpamFilterPolicy", &NEW_POLICY, row))
}

fn set_rule(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let name = invocation.arguments.text("Identity").unwrap_or_default();
    let new_name = invocation.arguments.text("Name").map(str::to_owned);
    let change = RuleChange { name: new_name, ..rule_change(tenant, invocation.arguments)? };
    let is_changed = tenant.outbound_policies().change_rule(name, change)?;
    Ok(set(tenant, invocation, "Set-HostedOutboundSpamFilterRule", &SET_RULE, is_changed))
}

fn new_rule(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let name = invocation.arguments.text("Name").unwrap_or_default();
    let is_enabled = flag(invocation.arguments, "Enabled");
    let change = RuleChange { is_enabled, ..rule_change(tenant, invocation.arguments)? };
    let row = tenant.outbound_policies().add_rule(name, change, Uuid::new_v4())?;
    Ok(made(tenant, invocation, "New-HostedOutboundSpamFilterRule", &NEW_RULE, row))
}

fn switch(
    tenant: &Tenant,
    invocation: &Invocation<'_>,
    cmdlet: &'static str,
    is_enabled: bool,
) -> Result<Output, Refusal> {
    let name = invocation.arguments.text("Identity").unwrap_or_default();
    let change = RuleChange { is_enabled: Some(is_enabled), ..RuleChange::default() };
    let is_changed = tenant.outbound_policies().change_rule(name, change)?;
    Ok(set(tenant, invocation, cmdlet, &SWITCHED_RULE, is_changed))
}

/// What a cmdlet answers that has changed something, which the audit log knows of, or nothing.
fn set(
    tenant: &Tenant,
    invocation: &Invocation<'_>,
    cmdlet: &'static str,
    parameters: &[Parameter],
    is_changed: bool,
) -> Output {
    if !is_changed {
        let name = invocation.arguments.text("Identity").unwrap_or_default();
        let warning = format!("The command completed successfully but no settings of '{name}' have been modified.");
        return Output::Warning(warning);
    }
    record(tenant, invocation, cmdlet, parameters);
    Output::rows(Vec::new())
}

/// What a cmdlet answers that has made something.
fn made(
    tenant: &Tenant,
    invocation: &Invocation<'_>,
    cmdlet: &'static str,
    parameters: &[Parameter],
    row: Row,
) -> Output {
    record(tenant, invocation, cmdlet, parameters);
    Output::rows(vec![(1, row)])
}

fn record(tenant: &Tenant, invocation: &Invocation<'_>, cmdlet: &'static str, parameters: &[Parameter]) {
    let (now, given) = (tenant.now(), invocation.arguments.given(parameters));
    tenant.restrictions().audit(now).command(now, cmdlet, given, Actor::App(invocation.caller));
}

fn policy_change(arguments: &Arguments) -> PolicyChange {
    let number = |name: &str| arguments.text(name).and_then(|number| number.parse().ok());
    let mode = arguments.text("AutoForwardingMode");
    PolicyChange {
        description: arguments.text("AdminDisplayName").map(str::to_owned),
        external_per_hour: number("RecipientLimitExternalPerHour"),
        internal_per_hour: number("RecipientLimitInternalPerHour"),
        per_day: number("RecipientLimitPerDay"),
        action: arguments.text("ActionWhenThresholdReached").and_then(Action::named),
        auto_forwarding: FORWARDING_MODES
            .into_iter()
            .find(|known| mode.is_some_and(|mode| mode.eq_ignore_ascii_case(known))),
        copies: flag(arguments, "BccSuspiciousOutboundMail"),
        copies_to: list(arguments, "BccSuspiciousOutboundAdditionalRecipients"),
        notices: flag(arguments, "NotifyOutboundSpam"),
        notices_to: list(arguments, "NotifyOutboundSpamRecipients"),
    }
}

fn rule_change(tenant: &Tenant, arguments: &Arguments) -> Result<RuleChange, Refusal> {
    Ok(RuleChange {
        policy: arguments.text("HostedOutboundSpamFilterPolicy").map(str::to_owned),
        priority: arguments.text("Priority").and_then(|number| number.parse().ok()),
        comments: arguments.text("Comments").map(str::to_owned),
        conditions: conditions(tenant, arguments, ["From", "FromMemberOf", "SenderDomainIs"])?,
        exceptions: conditions(tenant, arguments, ["ExceptIfFrom", "ExceptIfFromMemberOf", "ExceptIfSenderDomainIs"])?,
        ..RuleChange::default()
    })
}

/// Addresses and domains must be of the organization, and groups must be there; a dynamic one is none (?).
fn conditions(
    tenant: &Tenant,
    arguments: &Arguments,
    [from, member_of, domain_is]: [&str; 3],
) -> Result<ConditionsChange, Refusal> {
    let change = ConditionsChange {
        from: list(arguments, from),
        member_of: list(arguments, member_of),
        domain_is: list(arguments, domain_is),
    };
    let is_ours = |domain: &str| tenant.directory.is_ours(domain);
    let is_known = |name: &str| tenant.directory.find(name).is_some() || !tenant.directory.is_outside(name);
    let is_group = |name: &str| tenant.directory.find(name).is_some_and(|found| found.kind.has_members());
    let unknown = [
        change.from.iter().flatten().find(|name| !is_known(name)),
        change.member_of.iter().flatten().find(|name| !is_group(name)),
        change.domain_is.iter().flatten().find(|domain| !is_ours(domain)),
    ];
    let refusal = unknown.into_iter().flatten().next().map(|name| Refusal::not_found(name));
    refusal.map_or(Ok(change), Err)
}

fn flag(arguments: &Arguments, name: &str) -> Option<bool> {
    arguments.text(name).map(|value| value == "true")
}

/// The texts that were given; nothing means none of them.
fn list(arguments: &Arguments, name: &str) -> Option<Vec<String>> {
    arguments.text(name)?;
    Some(arguments.texts(name).into_iter().filter(|text| !text.is_empty()).collect())
}
