//! Checks of what the whole organization's mail runs through: mail flow rules and connectors.

use super::read;
use super::sent::is_within;
use crate::evidence::dossier::{Age, Dossier};
use crate::evidence::facts::Connector;
use crate::evidence::finding::{fact, sign, Finding};
use crate::evidence::frame::Frame;
use crate::evidence::paste::line;

pub fn transport_rules(dossier: &Dossier, frame: &Frame) -> Finding {
    let rules = read!(dossier.transport_rules);
    let (mut seen, mut commands, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    for rule in rules.iter().filter(|rule| rule.enabled) {
        let name = &rule.name;
        let Some(changed) = rule.changed else {
            doubts
                .push(Finding::unclear(format!("Exchange does not say when the mail flow rule '{name}' was changed.")));
            continue;
        };
        if !frame.is_new(changed) {
            continue;
        }
        let by = by(dossier, &["New-TransportRule", "Set-TransportRule", "Enable-TransportRule"], name, frame);
        if rule.diverts.is_empty() {
            seen.push(fact(
                Some(changed),
                format!("The mail flow rule '{name}' was changed{by}; it sends nothing elsewhere"),
            ));
        } else {
            let what = rule.diverts.join("; ");
            seen.push(sign(Some(changed), format!("The mail flow rule '{name}' was changed{by}: {what}")));
            commands.push(line("Disable-TransportRule", &[("Identity", name)], "-Confirm:$false"));
        }
    }
    seen.push(fact(None, format!("{} mail flow rules in all", rules.len())));
    Finding::of(seen, commands, doubts)
}

/// Who did it, as far as the audit log tells.
pub fn by(dossier: &Dossier, operations: &[&str], name: &str, frame: &Frame) -> String {
    match dossier.dated(operations, &[name], &[name], frame) {
        Age::New(change) => format!(" by {}", change.who),
        Age::Old | Age::CannotTell(_) => String::new(),
    }
}

/// The connectors besides the one that is checked. A change counts where it may be a part of what happened: of outbound
/// connectors, which take everybody's mail; of inbound ones that the sender's mail comes through; of those that were changed
/// together with the one that is checked. Others are told.
pub fn connectors(dossier: &Dossier, frame: &Frame) -> Finding {
    let (inbound, outbound) = (read!(dossier.inbound), read!(dossier.outbound));
    let own = dossier.connector.as_ref();
    let (mut seen, mut commands, mut doubts) = (Vec::new(), Vec::new(), Vec::new());
    let mut count = 0;
    for connector in inbound.iter().chain(outbound).filter(|connector| connector.enabled) {
        if own.is_some_and(|own| own.inbound == connector.inbound && own.name == connector.name) {
            continue;
        }
        count += 1;
        match changed(dossier, connector, frame) {
            Changed::New(what, at) if concerns(dossier, connector, at, frame) => {
                seen.push(sign(Some(at), what));
                commands.push(turn_off(connector));
            }
            Changed::New(what, at) => {
                seen.push(fact(
                    Some(at),
                    format!("{what}; what this is about does not run through it, but look at it"),
                ));
            }
            Changed::Old(_) => {}
            Changed::Untold(doubt) => doubts.push(*doubt),
        }
    }
    seen.push(fact(None, format!("{count} other connectors are on")));
    Finding::of(seen, commands, doubts)
}

/// The line that turns a connector off.
pub fn turn_off(connector: &Connector) -> String {
    let set = if connector.inbound { "Set-InboundConnector" } else { "Set-OutboundConnector" };
    line(set, &[("Identity", &connector.name)], "-Enabled $false")
}

/// Two changes so close together are one piece of work.
const TOGETHER: time::Duration = time::Duration::days(1);

/// Whether a change of `other` may be a part of what happened.
fn concerns(dossier: &Dossier, other: &Connector, at: time::OffsetDateTime, frame: &Frame) -> bool {
    if !dossier.is_sender() {
        let own = dossier.connector.as_ref().and_then(|own| own.changed).filter(|own| frame.is_new(*own));
        return own.is_some_and(|own| (own - at).abs() <= TOGETHER);
    }
    if !other.inbound {
        return true;
    }
    match &dossier.sent {
        Some(Ok(sent)) => sent.iter().any(|message| {
            message.from.is_some_and(|from| other.addresses.iter().any(|network| is_within(from, network)))
        }),
        // Where its mail came from is a check of its own, which then says that it could not be told.
        _ => false,
    }
}

/// Whether a connector was changed lately.
pub enum Changed {
    New(String, time::OffsetDateTime),
    Old(time::OffsetDateTime),
    Untold(Box<Finding>),
}

pub fn changed(dossier: &Dossier, connector: &Connector, frame: &Frame) -> Changed {
    let name = &connector.name;
    let operations: &[&str] = if connector.inbound {
        &["New-InboundConnector", "Set-InboundConnector"]
    } else {
        &["New-OutboundConnector", "Set-OutboundConnector"]
    };
    match connector.changed {
        Some(changed) if frame.is_new(changed) => {
            Changed::New(format!("The connector '{name}' was changed{}", by(dossier, operations, name, frame)), changed)
        }
        Some(changed) => Changed::Old(changed),
        None => {
            let why = format!("Exchange does not say when the connector '{name}' was changed.");
            Changed::Untold(Box::new(Finding::unclear(why)))
        }
    }
}
