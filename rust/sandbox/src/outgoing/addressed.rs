//! Whom a message goes to: as limits count, and as the message trace shows it.

use std::collections::{HashMap, HashSet};

use restricted_sender_limits::Recipients;

use super::sent::Status;
use crate::tenant::Tenant;

pub(super) struct Addressed {
    /// Groups count once, and for the organization's limits their members.
    pub(super) counted: Recipients,
    /// A group, and then everybody in it.
    pub(super) rows: Vec<(String, Status)>,
    /// Those of them whom nobody wrote to, by their places, each with the place of the group that they are in.
    pub(super) members: Vec<(usize, usize)>,
}

impl Addressed {
    /// Whoever is named twice, or is in two groups, gets it once.
    pub(super) fn of(tenant: &Tenant, recipients: &[String]) -> Self {
        let directory = &tenant.directory;
        let groups = tenant.groups();
        let is_outside = |address: &str| directory.is_outside(address);
        let mut all = Self { counted: Recipients::default(), rows: Vec::new(), members: Vec::new() };
        let (mut named, mut reached) = (HashSet::new(), HashMap::new());
        for address in recipients.iter().filter(|address| named.insert(address.to_lowercase())) {
            let found = directory.find(address);
            if is_outside(address) {
                all.counted.external += 1;
            } else {
                all.counted.internal += 1;
            }
            let status = match found.map(|found| found.kind) {
                Some(kind) if kind.is_group() => Status::Expanded,
                // Nobody of the organization has this address.
                None if !is_outside(address) => Status::Failed,
                _ => Status::Delivered,
            };
            let place = *reached.entry(address.to_lowercase()).or_insert_with(|| {
                all.rows.push((address.clone(), status));
                all.rows.len() - 1
            });
            // A member of a group before it is also written to.
            all.members.retain(|(member, _)| *member != place);
            let Some(group) = found.filter(|found| found.kind.is_group()) else { continue };
            for member in groups.expand(directory, group) {
                reached.entry(member.primary_address.to_lowercase()).or_insert_with(|| {
                    let status = if member.kind.is_group() { Status::Expanded } else { Status::Delivered };
                    all.rows.push((member.primary_address.clone(), status));
                    all.members.push((all.rows.len() - 1, place));
                    all.rows.len() - 1
                });
            }
        }
        let outside = all.rows.iter().filter(|(address, status)| *status != Status::Expanded && is_outside(address));
        all.counted.expanded_external = u32::try_from(outside.count()).unwrap_or(u32::MAX);
        all
    }
}
