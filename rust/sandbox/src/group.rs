//! Who is in which group. Groups are in groups, in circles too: the service does not prevent that.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::directory::{Directory, Recipient};

/// How many members a group can have, so that the control plane cannot fill the memory; the service takes as many.
const MOST_MEMBERS: usize = 100_000;

/// The members of groups, those by the Exchange identifiers of their recipients, in the order they came.
#[derive(Debug, Default)]
pub(crate) struct Groups(HashMap<Uuid, Vec<Uuid>>);

impl Groups {
    /// Adds a member to a group that does not have it. `Err` says what is wrong.
    pub(crate) fn add(&mut self, group: &Recipient, member: &Recipient) -> Result<(), String> {
        if !group.kind.has_members() {
            return Err(format!("'{}' is no group with members", group.display_name));
        }
        let members = self.0.entry(group.guid).or_default();
        if members.len() >= MOST_MEMBERS {
            return Err(format!("'{}' is full: a group has up to {MOST_MEMBERS} members", group.display_name));
        }
        if !members.contains(&member.guid) {
            members.push(member.guid);
        }
        Ok(())
    }

    /// Takes a member out of a group, if it is in it.
    pub(crate) fn remove(&mut self, group: &Recipient, member: &Recipient) {
        if let Some(members) = self.0.get_mut(&group.guid) {
            members.retain(|id| *id != member.guid);
        }
    }

    /// Those who stand in the group itself.
    pub(crate) fn members<'a>(&'a self, directory: &'a Directory, group: &Recipient) -> Vec<&'a Recipient> {
        let ids = self.0.get(&group.guid).into_iter().flatten();
        ids.filter_map(|id| directory.of_guid(*id)).collect()
    }

    /// Everybody in the group, and in the groups in it; the groups themselves as well. Each once.
    pub(crate) fn expand<'a>(&'a self, directory: &'a Directory, group: &Recipient) -> Vec<&'a Recipient> {
        let (mut seen, mut found) = (HashSet::from([group.guid]), Vec::new());
        let mut open = self.members(directory, group);
        open.reverse();
        while let Some(next) = open.pop() {
            if seen.insert(next.guid) {
                found.push(next);
                open.extend(self.members(directory, next).into_iter().rev());
            }
        }
        found
    }
}
