//! What the message trace shows of a sender: where its mail came from, and whether it is one mailing.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::read;
use crate::evidence::dossier::Dossier;
use crate::evidence::facts::{Connector, Sent};
use crate::evidence::finding::{fact, sign, Finding};
use crate::evidence::frame::Frame;

/// For senders that have no account here: nobody can sign in as them, so all that can go wrong is that somebody else
/// sends in their name. Passed where each address that mail came from lately belongs to a connector of the organization
/// or was its address before.
pub fn sent_from(dossier: &Dossier, frame: &Frame) -> Finding {
    let (sent, inbound) = (read!(dossier.sent), read!(dossier.inbound));
    let (before, lately): (Vec<_>, Vec<_>) = sent.iter().partition(|message| is_before(message, frame));
    let before: BTreeSet<_> = before.into_iter().filter_map(|message| message.from).collect();
    let mut addresses: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for from in lately.iter().filter_map(|message| message.from) {
        *addresses.entry(from).or_default() += 1;
    }
    if addresses.is_empty() {
        return Finding::unclear("The message trace shows no message of it with the address that it came from.");
    }
    let untold = lately.len() - addresses.values().sum::<usize>();
    let (mut seen, mut doubts) = (Vec::new(), Vec::new());
    for (address, count) in addresses {
        let takes = |connector: &&Connector| {
            connector.enabled && connector.addresses.iter().any(|network| is_within(address, network))
        };
        let what = format!("{count} messages came from {address}");
        match inbound.iter().find(takes) {
            _ if before.contains(&address) => seen.push(fact(None, format!("{what}, as before"))),
            // Who can change a connector lets in whom they like.
            Some(connector) if connector.changed.is_none_or(|at| frame.is_new(at)) => {
                let name = &connector.name;
                seen.push(sign(connector.changed, format!("{what}, which the connector '{name}' takes since it was changed")));
            }
            Some(connector) => seen.push(fact(None, format!("{what}, of the connector '{}'", connector.name))),
            None if before.is_empty() => doubts.push(Finding::unclear(format!(
                "{what}, which is no address of the organization's connectors; what it sent before is not there to compare with."
            ))),
            None => {
                let new = "which is no address of the organization's connectors and was not seen before";
                seen.push(sign(None, format!("{what}, {new}")));
            }
        }
    }
    if untold > 0 {
        doubts.push(Finding::unclear(format!("Where {untold} messages came from is not told.")));
    }
    Finding::of(seen, Vec::new(), doubts)
}

pub fn is_before(message: &Sent, frame: &Frame) -> bool {
    message.at.is_some_and(|at| !frame.is_new(at))
}

/// What the messages have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    pub messages: usize,
    pub subjects: usize,
    pub addresses: usize,
}

impl Pattern {
    /// Nothing where nothing was sent.
    pub fn of(sent: &[Sent]) -> Option<Self> {
        let subjects: BTreeSet<_> = sent.iter().map(subject).collect();
        let addresses: BTreeSet<_> = sent.iter().filter_map(|message| message.from).collect();
        (!sent.is_empty()).then_some(Self {
            messages: sent.len(),
            subjects: subjects.len(),
            addresses: addresses.len(),
        })
    }

    /// Whether it is one mailing: hardly a subject, at most an address.
    pub fn is_uniform(&self) -> bool {
        self.messages >= FEWEST && self.subjects <= MOST_SUBJECTS && self.addresses <= 1
    }
}

/// A subject without its numbers, which differ from one message of a job to the next.
pub fn subject(message: &Sent) -> String {
    message.subject.to_lowercase().replace(|letter: char| letter.is_ascii_digit(), "")
}

/// Fewer messages have no pattern.
const FEWEST: usize = 5;

/// A mailing and its correction.
const MOST_SUBJECTS: usize = 2;

/// Whether an address lies in a network: an address, `address/bits` or `first-last`.
pub fn is_within(address: IpAddr, network: &str) -> bool {
    let network = network.trim();
    if let Some((first, last)) = network.split_once('-') {
        let parsed = (first.trim().parse::<IpAddr>(), last.trim().parse::<IpAddr>());
        return matches!(parsed, (Ok(first), Ok(last)) if first.is_ipv4() == address.is_ipv4() && first <= address && address <= last);
    }
    let (base, bits) = match network.split_once('/') {
        Some((base, bits)) => (base, bits.parse::<u32>().ok()),
        None => (network, Some(u32::MAX)),
    };
    let (Ok(base), Some(bits)) = (base.parse::<IpAddr>(), bits) else { return false };
    match (base, address) {
        (IpAddr::V4(base), IpAddr::V4(address)) => {
            let shift = 32 - bits.min(32);
            u32::from(base).checked_shr(shift).unwrap_or(0) == u32::from(address).checked_shr(shift).unwrap_or(0)
        }
        (IpAddr::V6(base), IpAddr::V6(address)) => {
            let shift = 128 - bits.min(128);
            u128::from(base).checked_shr(shift).unwrap_or(0) == u128::from(address).checked_shr(shift).unwrap_or(0)
        }
        _ => false,
    }
}
