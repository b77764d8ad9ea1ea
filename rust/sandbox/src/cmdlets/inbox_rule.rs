//! Cmdlets about rules in a mailbox.

use super::mailbox::with;
use super::{mandatory, optional, with_mailboxes, Cmdlet, Invocation, Kind, Output};
use crate::audit::Actor;
use crate::mailbox::{InboxRule, SweepRule};
use crate::refusal::Refusal;
use crate::row::{Row, Value};
use crate::tenant::Tenant;

const RULE: &str = "Microsoft.Exchange.Management.Common.InboxRule";

pub(super) static CMDLETS: [Cmdlet; 4] = [
    Cmdlet {
        name: "Get-InboxRule",
        output_type: RULE,
        parameters: &[
            mandatory("Mailbox", Kind::Text),
            optional("Identity", Kind::Text),
            optional("IncludeHidden", Kind::Switch),
        ],
        run: get,
        exists: with_mailboxes,
    },
    Cmdlet {
        name: "Disable-InboxRule",
        output_type: "",
        parameters: &[
            mandatory("Identity", Kind::Text),
            optional("Mailbox", Kind::Text),
            optional("Force", Kind::Switch),
            optional("AlwaysDeleteOutlookRulesBlob", Kind::Switch),
        ],
        run: |tenant, invocation| switch(tenant, invocation, "Disable-InboxRule", false),
        exists: with_mailboxes,
    },
    Cmdlet {
        name: "Enable-InboxRule",
        output_type: "",
        parameters: &[
            mandatory("Identity", Kind::Text),
            optional("Mailbox", Kind::Text),
            optional("Force", Kind::Switch),
            optional("AlwaysDeleteOutlookRulesBlob", Kind::Switch),
        ],
        run: |tenant, invocation| switch(tenant, invocation, "Enable-InboxRule", true),
        exists: with_mailboxes,
    },
    Cmdlet {
        name: "Get-SweepRule",
        output_type: "Microsoft.Exchange.Management.Sweep.SweepRule",
        parameters: &[mandatory("Mailbox", Kind::Text), optional("Identity", Kind::Text)],
        run: get_sweep_rules,
        exists: with_mailboxes,
    },
];

fn get(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let arguments = invocation.arguments;
    let mailbox = arguments.text("Mailbox").unwrap_or_default();
    let hidden = arguments.text("IncludeHidden") == Some("true");
    let (owner, alias, rules) = with(tenant, mailbox, |recipient, account| {
        (recipient.display_name.clone(), recipient.alias.clone(), account.mailbox.rules.clone())
    })?;
    if let Some(identity) = arguments.text("Identity") {
        let place = find(&rules, &alias, identity)?;
        let row = rules.get(place).map(|rule| row(rule, &owner, &alias, place + 1));
        return Ok(Output::rows((1..).zip(row).collect()));
    }
    let shown = rules.iter().filter(|rule| hidden || !rule.hidden).zip(1..);
    let all = shown.map(|(rule, priority)| row(rule, &owner, &alias, priority));
    Ok(Output::rows((1..).zip(all).collect()))
}

/// The place of the rule that is called so: by its name, its number, or a mailbox and one of these.
fn find(rules: &[InboxRule], alias: &str, identity: &str) -> Result<usize, Refusal> {
    let name = match identity.split_once('\\') {
        Some((mailbox, name)) if mailbox.eq_ignore_ascii_case(alias) => name,
        _ => identity,
    };
    let is_it = |rule: &InboxRule| rule.id.to_string() == name || rule.name.eq_ignore_ascii_case(name);
    let mut found = rules.iter().enumerate().filter(|(_, rule)| is_it(rule)).map(|(place, _)| place);
    match (found.next(), found.next()) {
        (Some(place), None) => Ok(place),
        (None, _) => Err(Refusal::not_found(identity)),
        (Some(_), Some(_)) => Err(Refusal::ambiguous_rule(identity)),
    }
}

fn row(rule: &InboxRule, owner: &str, alias: &str, priority: usize) -> Row {
    // Recipients stand there as Outlook shows them, with the kind of their address.
    let people = |addresses: &[&str]| match addresses {
        [] => Value::Null,
        _ => Value::Texts(addresses.iter().map(|address| format!("\"{address}\" [SMTP:{address}]")).collect()),
    };
    let words = |words: &[&'static str]| if words.is_empty() { Value::Null } else { Value::of_texts(words) };
    Row(vec![
        ("Name", rule.name.into()),
        ("Identity", format!("{alias}\\{}", rule.id).as_str().into()),
        ("RuleIdentity", Value::Big(rule.id)),
        ("MailboxOwnerId", owner.into()),
        ("Enabled", Value::Bool(rule.enabled)),
        ("Priority", Value::Int(i32::try_from(priority).unwrap_or(i32::MAX))),
        ("InError", Value::Bool(false)),
        ("ErrorType", "NotSpecified".into()),
        ("SupportedByTask", Value::Bool(!rule.hidden)),
        ("From", people(rule.from)),
        ("SubjectContainsWords", words(rule.subject_contains)),
        ("SubjectOrBodyContainsWords", words(rule.subject_or_body_contains)),
        ("ForwardTo", people(rule.forward_to)),
        ("ForwardAsAttachmentTo", Value::Null),
        ("RedirectTo", people(rule.redirect_to)),
        ("DeleteMessage", Value::Bool(rule.delete)),
        ("SoftDeleteMessage", Value::Bool(false)),
        ("MoveToFolder", rule.move_to.map_or(Value::Null, Value::from)),
        ("CopyToFolder", Value::Null),
        ("MarkAsRead", Value::Bool(rule.mark_as_read)),
        ("StopProcessingRules", Value::Bool(rule.stop)),
    ])
}

/// Without a mailbox, the identity says whose rule it is.
fn switch(
    tenant: &Tenant,
    invocation: &Invocation<'_>,
    cmdlet: &'static str,
    enabled: bool,
) -> Result<Output, Refusal> {
    let identity = invocation.arguments.text("Identity").unwrap_or_default();
    let mailbox =
        invocation.arguments.text("Mailbox").or_else(|| identity.split_once('\\').map(|(mailbox, _)| mailbox));
    let mailbox = mailbox.ok_or_else(|| Refusal::missing_parameter("Mailbox"))?;
    let now = tenant.now();
    let changed = with(tenant, mailbox, |recipient, account| {
        let place = find(&account.mailbox.rules, &recipient.alias, identity)?;
        account.mailbox.changed = now;
        if let Some(rule) = account.mailbox.rules.get_mut(place) {
            rule.enabled = enabled;
        }
        Ok(())
    })?;
    changed?;
    let parameters = vec![("Identity", identity.to_owned()), ("Mailbox", mailbox.to_owned())];
    tenant.restrictions().audit(now).command(now, cmdlet, parameters, Actor::App(invocation.caller));
    Ok(Output::rows(Vec::new()))
}

fn get_sweep_rules(tenant: &Tenant, invocation: &Invocation<'_>) -> Result<Output, Refusal> {
    let mailbox = invocation.arguments.text("Mailbox").unwrap_or_default();
    let rules = with(tenant, mailbox, |_, account| account.mailbox.sweep_rules.clone())?;
    super::named(rules.iter().map(|rule| (rule.name, sweep_row(rule))).collect(), invocation.arguments.text("Identity"))
}

fn sweep_row(rule: &SweepRule) -> Row {
    Row(vec![
        ("Name", rule.name.into()),
        ("RuleId", rule.id.to_string().as_str().into()),
        ("Enabled", Value::Bool(true)),
        ("Provider", "Exchange16".into()),
        ("Sender", rule.sender.into()),
        ("SourceFolder", "Inbox".into()),
        ("DestinationFolder", rule.destination.into()),
        ("KeepForDays", Value::Int(10)),
        ("KeepLatest", Value::Null),
    ])
}
