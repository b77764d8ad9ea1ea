//! Checks of a restricted connector: who changed it, whom it takes mail from, what went through it.

use std::collections::BTreeSet;

use super::organization::{changed, turn_off, Changed};
use super::sent::{is_before, is_within};
use super::{read, there};
use crate::evidence::dossier::Dossier;
use crate::evidence::facts::Connector;
use crate::evidence::finding::{fact, sign, Finding};
use crate::evidence::frame::Frame;

/// The connector, or why it is not there.
fn connector(dossier: &Dossier) -> Result<&Connector, Box<Finding>> {
    match (&dossier.connector, &dossier.inbound) {
        (Some(connector), _) => Ok(connector),
        (None, Some(Err(error))) => Err(Box::new(Finding::unreadable(error))),
        (None, Some(Ok(_))) => {
            Err(Box::new(Finding::unclear("The organization's inbound connectors have none of this id.")))
        }
        (None, None) => Err(Box::new(Finding::unread())),
    }
}

pub fn changes(dossier: &Dossier, frame: &Frame) -> Finding {
    let connector = there!(connector(dossier));
    match changed(dossier, connector, frame) {
        Changed::New(what, at) => {
            let off = turn_off(connector);
            Finding::failed(vec![sign(Some(at), what)], vec![off])
        }
        Changed::Old(at) => Finding::passed(vec![fact(Some(at), "It was last changed long before the block")]),
        Changed::Untold(finding) => *finding,
    }
}

/// Networks that are everybody's: a connector that takes them takes mail from anybody.
const EVERYBODY: [&str; 3] = ["0.0.0.0/0", "::/0", "0.0.0.0-255.255.255.255"];

pub fn identity(dossier: &Dossier, _: &Frame) -> Finding {
    let connector = there!(connector(dossier));
    let off = turn_off(connector);
    let (mut seen, mut doubts) = (Vec::new(), Vec::new());
    if let Some(certificate) = &connector.certificate {
        if connector.on_premises {
            match &dossier.domains {
                Some(Ok(domains)) if domains.cover(certificate) => {
                    seen.push(fact(
                        None,
                        format!("It takes the certificate {certificate}, of a domain of the organization"),
                    ));
                }
                Some(Ok(_)) => {
                    seen.push(sign(
                        None,
                        format!("It takes the certificate {certificate}, of a domain that is not the organization's"),
                    ));
                }
                Some(Err(error)) => doubts.push(Finding::unreadable(error)),
                None => doubts.push(Finding::unread()),
            }
        } else {
            seen.push(fact(None, format!("It takes the partner's certificate {certificate}")));
        }
    }
    if !connector.addresses.is_empty() {
        let addresses = connector.addresses.join(", ");
        if connector.addresses.iter().any(|address| EVERYBODY.contains(&address.as_str())) {
            seen.push(sign(None, format!("It takes mail from anybody ({addresses})")));
        } else {
            seen.push(fact(None, format!("It takes mail from {addresses}: make sure that they are yours")));
        }
    }
    if connector.certificate.is_none() && connector.addresses.is_empty() {
        seen.push(sign(None, "It asks neither for a certificate nor for an address: anybody can send through it"));
    }
    Finding::of(seen, vec![off], doubts)
}

/// What the message trace shows of its addresses: whether all who sent are of the organization.
pub fn relayed(dossier: &Dossier, frame: &Frame) -> Finding {
    let connector = there!(connector(dossier));
    let (sent, domains) = (read!(dossier.sent), read!(dossier.domains));
    let blamed = dossier.reason.as_ref().and_then(|reason| reason.client_ip);
    let through: Vec<_> = sent
        .iter()
        .filter(|message| {
            message.from.is_some_and(|from| {
                blamed == Some(from) || connector.addresses.iter().any(|network| is_within(from, network))
            })
        })
        .collect();
    if through.is_empty() {
        return Finding::unclear(
            "The message trace shows nothing that came from its addresses, so what was relayed cannot be told.",
        );
    }
    let senders: BTreeSet<_> = through.iter().map(|message| message.sender.to_lowercase()).collect();
    let foreign: Vec<_> = senders
        .iter()
        .filter(|sender| {
            let domain = sender.rsplit_once('@').map(|(_, domain)| domain);
            !domains.hold(sender) && !connector.sender_domains.iter().any(|own| is_sender_domain(domain, own))
        })
        .cloned()
        .collect();
    let last = through.iter().filter_map(|message| message.at).max();
    let count = through.len();
    let mut seen =
        vec![fact(last, format!("messages from its addresses: {count}, different senders: {}", senders.len()))];
    if let Some(address) = blamed.filter(|blamed| {
        !connector.addresses.is_empty() && !connector.addresses.iter().any(|network| is_within(*blamed, network))
    }) {
        seen.push(sign(None, format!("The service blames {address}, which is none of its addresses")));
    }
    if let Some(address) = blamed {
        let from_there = || through.iter().filter(|message| message.from == Some(address));
        if from_there().next().is_some() && !from_there().any(|message| is_before(message, frame)) {
            seen.push(sign(last, format!("The service blames {address}, which nothing came from before")));
        }
    }
    if !foreign.is_empty() {
        let some = foreign.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
        let what = format!("{} of them are not of the organization: {some}", foreign.len());
        seen.push(sign(last, what));
    }
    let off = turn_off(connector);
    Finding::of(seen, vec![off], Vec::new())
}

/// How many senders are named.
const MOST_NAMED: usize = 5;

/// Whether a domain is one that a partner's connector is for. They are written `smtp:contoso.com;1` or `contoso.com`, and
/// `*` is everybody.
fn is_sender_domain(domain: Option<&str>, own: &str) -> bool {
    let own = own.trim_start_matches("smtp:").split(';').next().unwrap_or(own);
    own != "*" && domain.is_some_and(|domain| domain.eq_ignore_ascii_case(own.trim_start_matches("*.")))
}
