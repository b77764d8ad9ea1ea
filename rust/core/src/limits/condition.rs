//! What a rule compares a From address with.

use super::author::Author;
use super::group::{Group, Groups, Membership};
use super::listed;
use crate::exchange::Record;

/// What the service calls a rule's conditions: addresses, groups, domains.
pub const CONDITIONS: Names = ["From", "FromMemberOf", "SenderDomainIs"];
/// The same of its exceptions.
pub const EXCEPTIONS: Names = ["ExceptIfFrom", "ExceptIfFromMemberOf", "ExceptIfSenderDomainIs"];

type Names = [&'static str; 3];

/// The conditions of a rule, or its exceptions. Values of one type are alternatives; a type without values says
/// nothing.
#[derive(Debug, Clone)]
pub struct Conditions {
    names: Names,
    pub from: Vec<String>,
    pub member_of: Vec<String>,
    pub domains: Vec<String>,
}

/// What a condition, or a whole rule, says of an author, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Yes(String),
    No(String),
    CannotTell(String),
    /// This group has to be looked into before.
    Unread(Group),
}

impl Conditions {
    /// Those of a rule's record that have these names.
    pub fn read(rule: &mut Record, names: Names) -> Self {
        let mut values = |name| {
            let mut values = rule.take_texts(name);
            values.retain(|value| !value.is_empty());
            values
        };
        let [from, member_of, domains] = names.map(&mut values);
        Self { names, from, member_of, domains }
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.values().all(|(_, values)| values.is_empty())
    }

    /// What each type that is set says of the author.
    pub fn answers(&self, author: &Author, groups: &Groups) -> Vec<Answer> {
        let address = &author.address;
        let [from, member_of, domain] = self.names;
        let mut answers = Vec::new();
        if !self.from.is_empty() {
            answers.push(match self.from.iter().any(|one| author.writes_from(one)) {
                true => Answer::Yes(format!("{address} is named ({from}).")),
                false => Answer::No(format!("{address} is not named ({from} {}).", texts(&self.from))),
            });
        }
        if !self.member_of.is_empty() {
            answers.push(self.membership(member_of, author, groups));
        }
        if !self.domains.is_empty() {
            let holds = self.domains.iter().find(|one| author.writes_within(one));
            answers.push(match holds {
                Some(one) => Answer::Yes(format!("{} is within {one} ({domain}).", author.domain())),
                None => Answer::No(format!("{} is not within {} ({domain}).", author.domain(), texts(&self.domains))),
            });
        }
        answers
    }

    fn membership(&self, property: &str, author: &Author, groups: &Groups) -> Answer {
        let address = &author.address;
        let (mut unread, mut doubt, mut dynamic) = (None, None, false);
        for name in &self.member_of {
            match groups.membership(name, author) {
                Membership::In(within) if within.is_empty() => {
                    return Answer::Yes(format!("{address} is a member of {name} ({property})."));
                }
                Membership::In(within) => {
                    let way = within.join(", ");
                    return Answer::Yes(format!("{address} is a member of {name}, by way of {way} ({property})."));
                }
                Membership::Out => {}
                Membership::OfNobody => dynamic = true,
                Membership::CannotTell(why) => doubt = doubt.or(Some(why)),
                Membership::Unread(group) => unread = unread.or(Some(group)),
            }
        }
        let names = texts(&self.member_of);
        match (unread, doubt) {
            (Some(group), _) => Answer::Unread(group),
            (None, Some(why)) => {
                Answer::CannotTell(format!("Whether {address} is a member of {names} ({property}) is not known. {why}"))
            }
            (None, None) => {
                let no = format!("{address} is no member of {names} ({property}).");
                Answer::No(if dynamic { format!("{no} Dynamic groups do not count.") } else { no })
            }
        }
    }

    /// The types that are set with their values, for people.
    pub fn in_words(&self) -> impl Iterator<Item = String> + '_ {
        self.values().filter(|(_, values)| !values.is_empty()).map(|(name, values)| format!("{name} {}", texts(values)))
    }

    fn values(&self) -> impl Iterator<Item = (&'static str, &[String])> {
        self.names.into_iter().zip([&self.from[..], &self.member_of, &self.domains])
    }
}

fn texts(values: &[String]) -> String {
    listed(values.iter().map(String::as_str))
}
