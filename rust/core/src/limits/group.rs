//! Who is in which group, as far as the groups were looked into. Groups within groups count; dynamic ones do not
//! (Microsoft Learn, "Configure outbound spam policies").

use std::collections::{HashMap, HashSet};

use super::author::Author;
use super::folded;

/// How many groups deep a member may be: deeper ones are taken for a mistake in the directory.
const DEEPEST: usize = 10;

/// What sort of group it is, which decides how its members are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A distribution group or a mail-enabled security group.
    Distribution,
    /// A Microsoft 365 group.
    Microsoft365,
    /// One whose members are found by a filter when a message comes.
    Dynamic,
}

impl Kind {
    /// The kind of a recipient of that `RecipientTypeDetails`; nothing for one that is no group.
    pub fn of(recipient_type: &str) -> Option<Self> {
        match folded(recipient_type).as_str() {
            "groupmailbox" => Some(Self::Microsoft365),
            "dynamicdistributiongroup" => Some(Self::Dynamic),
            "roomlist" => Some(Self::Distribution),
            other => other.ends_with("group").then_some(Self::Distribution),
        }
    }
}

/// A group that something names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// As it is named: an address, or whatever else a rule calls it by.
    pub name: String,
    /// Its kind, where whoever names it tells.
    pub kind: Option<Kind>,
}

/// What is known of a group that was looked into.
#[derive(Debug, Clone)]
pub enum Contents {
    Members(Members),
    Dynamic,
    /// Why it could not be looked into.
    Unreadable(String),
}

/// The members of a group.
#[derive(Debug, Clone, Default)]
pub struct Members {
    /// Addresses, [folded].
    pub people: HashSet<String>,
    pub groups: Vec<Group>,
}

/// The groups that were looked into.
#[derive(Debug, Clone, Default)]
pub struct Groups(HashMap<String, Contents>);

/// Whether somebody is in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// Yes, by way of these groups within it.
    In(Vec<String>),
    Out,
    /// No, whoever it is: the group is dynamic.
    OfNobody,
    CannotTell(String),
    /// This group has to be looked into before.
    Unread(Group),
}

impl Groups {
    /// Keeps what was found out of a group.
    pub fn insert(&mut self, name: &str, contents: Contents) {
        self.0.insert(folded(name), contents);
    }

    /// What is known of the group of that name.
    pub fn of_name(&self, name: &str) -> Option<&Contents> {
        self.0.get(&folded(name))
    }

    /// Whether `author` is in the group of that name, or in one within it. Each group is looked at once, also where
    /// groups hold each other.
    pub fn membership(&self, name: &str, author: &Author) -> Membership {
        let mut seen = HashSet::from([folded(name)]);
        // Each with the groups that lead to it from the one that is asked about.
        let mut level = vec![(Group { name: name.to_owned(), kind: None }, Vec::new())];
        let (mut unread, mut doubt) = (None, None);
        for _ in 0..=DEEPEST {
            let mut below = Vec::new();
            for (group, by_way_of) in level {
                match self.of_name(&group.name) {
                    None => unread = unread.or(Some(group)),
                    Some(Contents::Unreadable(why)) => doubt = doubt.or_else(|| Some(why.clone())),
                    Some(Contents::Dynamic) if by_way_of.is_empty() => return Membership::OfNobody,
                    Some(Contents::Dynamic) => {}
                    Some(Contents::Members(members)) if author.is_among(&members.people) => {
                        return Membership::In(by_way_of);
                    }
                    Some(Contents::Members(members)) => {
                        let new = members.groups.iter().filter(|within| seen.insert(folded(&within.name)));
                        below.extend(new.map(|within| {
                            let way = by_way_of.iter().cloned().chain([within.name.clone()]);
                            (within.clone(), way.collect::<Vec<_>>())
                        }));
                    }
                }
            }
            level = below;
        }
        if !level.is_empty() {
            doubt = doubt.or_else(|| Some(format!("Groups within {name} are more than {DEEPEST} deep.")));
        }
        match (unread, doubt, &author.known_as) {
            (Some(group), ..) => Membership::Unread(group),
            (None, Some(why), _) => Membership::CannotTell(why),
            (None, None, Err(why)) => Membership::CannotTell(why.clone()),
            (None, None, Ok(_)) => Membership::Out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(name: &str) -> Group {
        Group { name: name.to_owned(), kind: Some(Kind::Distribution) }
    }

    fn members(people: &[&str], groups: &[&str]) -> Contents {
        Contents::Members(Members {
            people: people.iter().map(|person| folded(person)).collect(),
            groups: groups.iter().map(|name| group(name)).collect(),
        })
    }

    fn groups(all: &[(&str, Contents)]) -> Groups {
        let mut groups = Groups::default();
        all.iter().for_each(|(name, contents)| groups.insert(name, contents.clone()));
        groups
    }

    #[test]
    fn groups_within_groups_count_and_may_hold_each_other() {
        let known = groups(&[
            ("All@contoso.com", members(&["Lee@contoso.com"], &["sales@contoso.com"])),
            ("sales@contoso.com", members(&[], &["EMEA@contoso.com", "all@contoso.com"])),
            ("emea@contoso.com", members(&["Megan@contoso.com"], &["sales@contoso.com"])),
        ]);
        let is_in = |person: &str| known.membership("all@contoso.com", &Author::of(person));
        assert_eq!(is_in("LEE@contoso.com"), Membership::In(vec![]));
        assert_eq!(
            is_in("megan@contoso.com"),
            Membership::In(vec!["sales@contoso.com".into(), "EMEA@contoso.com".into()])
        );
        assert_eq!(is_in("adele@contoso.com"), Membership::Out);
    }

    #[test]
    fn whoever_writes_from_an_alias_is_a_member_by_the_primary_address() {
        let known = groups(&[("all", members(&["megan@contoso.com"], &[]))]);
        let mut author = Author::of("sales@contoso.com");
        assert_eq!(known.membership("all", &author), Membership::Out);
        author.known_as = Ok(vec!["Megan@contoso.com".into()]);
        assert_eq!(known.membership("all", &author), Membership::In(vec![]));
        author.known_as = Err("The directory is closed.".into());
        assert_eq!(known.membership("all", &author), Membership::CannotTell("The directory is closed.".into()));
    }

    #[test]
    fn what_was_not_read_is_never_a_no() {
        let lee = Author::of("lee@contoso.com");
        assert!(matches!(groups(&[]).membership("all", &lee), Membership::Unread(_)));
        let half = groups(&[("all", members(&["megan@contoso.com"], &["sales"]))]);
        assert_eq!(half.membership("all", &lee), Membership::Unread(group("sales")));
        assert_eq!(
            half.membership("all", &Author::of("megan@contoso.com")),
            Membership::In(vec![]),
            "no need to read on"
        );

        let closed = Contents::Unreadable("No.".into());
        let closed =
            groups(&[("all", members(&[], &["sales", "emea"])), ("sales", closed), ("emea", members(&[], &[]))]);
        assert_eq!(closed.membership("all", &lee), Membership::CannotTell("No.".into()));
        assert_eq!(groups(&[("all", Contents::Dynamic)]).membership("all", &lee), Membership::OfNobody);
    }

    #[test]
    fn groups_are_followed_ten_deep_and_no_further() {
        let deep = |depth: usize| {
            let mut known = Groups::default();
            for level in 0..depth {
                known.insert(&level.to_string(), members(&[], &[&(level + 1).to_string()]));
            }
            known.insert(&depth.to_string(), members(&["lee@contoso.com"], &[]));
            known.membership("0", &Author::of("lee@contoso.com"))
        };
        assert!(matches!(deep(DEEPEST), Membership::In(way) if way.len() == DEEPEST));
        assert!(matches!(deep(DEEPEST + 1), Membership::CannotTell(why) if why.contains("more than 10 deep")));
    }

    #[test]
    fn kinds_are_told_by_the_type_of_recipient() {
        for (recipient_type, kind) in [
            ("MailUniversalDistributionGroup", Some(Kind::Distribution)),
            ("MailUniversalSecurityGroup", Some(Kind::Distribution)),
            ("RoomList", Some(Kind::Distribution)),
            ("GroupMailbox", Some(Kind::Microsoft365)),
            ("DynamicDistributionGroup", Some(Kind::Dynamic)),
            ("UserMailbox", None),
            ("", None),
        ] {
            assert_eq!(Kind::of(recipient_type), kind, "{recipient_type}");
        }
    }
}
