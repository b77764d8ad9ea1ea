//! Checks of what the mailbox does by itself: forwarding, rules, protocols, its audit.

use super::account::undated;
use super::read;
use crate::domains::Domains;
use crate::evidence::dossier::{Age, Dossier};
use crate::evidence::facts::{address_in, InboxRule};
use crate::evidence::finding::{fact, sign, Finding};
use crate::evidence::frame::Frame;
use crate::evidence::paste::line;
use crate::evidence::suspicion::{giveaways, is_hiding_place, is_own_rule, says_nothing};

/// The line that turns a mailbox's forwarding off.
pub fn stop_forwarding(mailbox: &str) -> String {
    let end = "-ForwardingSmtpAddress $null -ForwardingAddress $null -DeliverToMailboxAndForward $false";
    line("Set-Mailbox", &[("Identity", mailbox)], end)
}

pub fn forwarding(dossier: &Dossier, _: &Frame) -> Finding {
    let (mailbox, domains) = (read!(dossier.mailbox), read!(dossier.domains));
    let copy = match mailbox.keeps_copy {
        Some(true) => ", keeping a copy",
        Some(false) => ", keeping none",
        None => "",
    };
    let (mut seen, mut doubts) = (Vec::new(), Vec::new());
    let mut target = |address: &str, how: &str| {
        if domains.hold(address) {
            seen.push(fact(None, format!("{how} {address}, within the organization{copy}")));
        } else {
            seen.push(sign(None, format!("{how} {address}, outside the organization{copy}")));
        }
    };
    if let Some(address) = &mailbox.forwarding_address {
        target(address, "Everything is forwarded to");
    }
    if let Some(recipient) = &mailbox.forwarding_recipient {
        match &mailbox.forwarding_recipient_external {
            Some(Some(address)) => target(address, &format!("Everything is forwarded to the contact {recipient},")),
            Some(None) => seen.push(fact(
                None,
                format!("Everything is forwarded to {recipient}, a recipient of the organization{copy}"),
            )),
            None => doubts.push(Finding::unclear(format!(
                "Everything is forwarded to {recipient}; whether that is outside could not be told."
            ))),
        }
    }
    if mailbox.forwarding_address.is_none() && mailbox.forwarding_recipient.is_none() {
        seen.push(fact(None, "Nothing is forwarded"));
    }
    Finding::of(seen, vec![stop_forwarding(dossier.mailbox_name())], doubts)
}

pub fn inbox_rules(dossier: &Dossier, _: &Frame) -> Finding {
    let (rules, domains) = (read!(dossier.inbox_rules), read!(dossier.domains));
    let (mut seen, mut commands, mut objects, mut harmless) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for rule in rules.iter().filter(|rule| !is_own_rule(&rule.name)) {
        match suspicion(rule, domains) {
            None => harmless += 1,
            Some(what) if rule.enabled => {
                seen.push(sign(None, format!("The rule '{}' {what}", rule.name)));
                commands.push(switch_rule(dossier.mailbox_name(), &rule.identity, false));
                objects.push(rule.identity.clone());
            }
            Some(what) => seen.push(fact(None, format!("The rule '{}' {what}; it is off", rule.name))),
        }
    }
    seen.push(fact(None, format!("{harmless} other rules")));
    Finding::of(seen, commands, Vec::new()).about(objects)
}

/// The line that turns an inbox rule on or off.
pub fn switch_rule(mailbox: &str, rule: &str, on: bool) -> String {
    let cmdlet = if on { "Enable-InboxRule" } else { "Disable-InboxRule" };
    line(cmdlet, &[("Mailbox", mailbox), ("Identity", rule)], "-Confirm:$false")
}

/// What speaks against a rule, whether it is on or off.
fn suspicion(rule: &InboxRule, domains: &Domains) -> Option<String> {
    let outside = rule.sends_to.iter().filter_map(|to| address_in(to)).filter(|address| !domains.hold(address));
    let mut signs: Vec<_> =
        outside.map(|address| format!("sends mail to {address}, outside the organization")).collect();
    if rule.deletes {
        signs.push("deletes mail".to_owned());
    }
    let found = giveaways(&rule.words);
    if let Some(folder) = rule.moves_to.as_deref().filter(|folder| is_hiding_place(folder)) {
        // Who tidies up into the archive does not hide from themselves that there is something.
        if rule.marks_read || !found.is_empty() || says_nothing(&rule.name) {
            let unseen = if rule.marks_read { " as read" } else { "" };
            signs.push(format!("hides mail{unseen} in {folder}"));
        }
    } else if rule.moves_to.is_some() && (rule.marks_read && !found.is_empty()) {
        signs.push("moves mail away as read".to_owned());
    }
    if signs.is_empty() {
        return None;
    }
    if !found.is_empty() {
        signs.push(format!("looks for {}", found.join(", ")));
    }
    if says_nothing(&rule.name) {
        signs.push("has a name that says nothing".to_owned());
    }
    Some(signs.join(", "))
}

pub fn sweep_rules(dossier: &Dossier, frame: &Frame) -> Finding {
    let rules = read!(dossier.sweep_rules);
    let (mut seen, mut commands, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    for rule in rules.iter().filter(|rule| rule.enabled) {
        let to = rule.moves_to.as_deref().unwrap_or("another folder");
        let what = format!("The sweep rule '{}' moves mail to {to}", rule.name);
        match dossier.dated(
            &["New-SweepRule", "Set-SweepRule", "Enable-SweepRule"],
            &[&rule.name],
            &dossier.names(),
            frame,
        ) {
            Age::New(change) => {
                seen.push(sign(Some(change.at), format!("{what}, made by {}", change.who)));
                let mailbox = dossier.mailbox_name();
                commands.push(line(
                    "Disable-SweepRule",
                    &[("Mailbox", mailbox), ("Identity", &rule.identity)],
                    "-Confirm:$false",
                ));
            }
            Age::Old => seen.push(fact(None, format!("{what}, and did long before the block"))),
            Age::CannotTell(error) => doubts.push(undated(&what, error)),
        }
    }
    if seen.is_empty() && doubts.is_empty() {
        seen.push(fact(None, "No sweep rule is on"));
    }
    Finding::of(seen, commands, doubts)
}

/// It informs. SMTP with a password that the organization's setting decides on is told as such.
pub fn protocols(dossier: &Dossier, _: &Frame) -> Finding {
    let protocols = read!(dossier.protocols);
    let mut on = Vec::new();
    let mut off = String::new();
    for (name, is_on, switch) in [
        ("IMAP", protocols.imap == Some(true), " -ImapEnabled $false"),
        ("POP", protocols.pop == Some(true), " -PopEnabled $false"),
        ("SMTP AUTH", protocols.smtp_off == Some(false), " -SmtpClientAuthenticationDisabled $true"),
    ] {
        if is_on {
            on.push(name);
            off.push_str(switch);
        }
    }
    if on.is_empty() {
        return Finding::passed(vec![fact(
            None,
            "IMAP, POP and SMTP AUTH are off, or follow the organization's setting",
        )]);
    }
    let command = line("Set-CASMailbox", &[("Identity", dossier.mailbox_name())], off.trim_start());
    Finding::failed(vec![fact(None, format!("On: {}", on.join(", ")))], vec![command])
}

pub fn mailbox_audit(dossier: &Dossier, _: &Frame) -> Finding {
    let mailbox = read!(dossier.mailbox);
    let bypassed = read!(dossier.audit_bypassed);
    let name = dossier.mailbox_name();
    let (mut seen, mut commands) = (Vec::new(), Vec::new());
    match mailbox.audit_enabled {
        Some(true) => seen.push(fact(None, "Mailbox auditing is on")),
        Some(false) => {
            seen.push(sign(None, "Mailbox auditing is off: nobody can say what was done in it"));
            commands.push(line("Set-Mailbox", &[("Identity", name)], "-AuditEnabled $true"));
        }
        None => return Finding::unclear("Exchange does not say whether mailbox auditing is on."),
    }
    if *bypassed == Some(true) {
        seen.push(sign(None, "What the account does is left out of mailbox auditing (AuditBypassEnabled)"));
        commands.push(line("Set-MailboxAuditBypassAssociation", &[("Identity", name)], "-AuditBypassEnabled $false"));
    }
    Finding::of(seen, commands, Vec::new())
}
