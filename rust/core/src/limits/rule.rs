//! Whom an outbound spam policy is for (`Get-HostedOutboundSpamFilterRule`).

use super::author::Author;
use super::condition::{Answer, Conditions, CONDITIONS, EXCEPTIONS};
use super::group::Groups;
use super::is;
use crate::exchange::Record;

/// A rule. Its conditions must all hold, and any exception excludes.
#[derive(Debug, Clone)]
pub struct Rule {
    pub name: String,
    /// The lowest is asked first; nothing where the service tells none that can be read.
    pub priority: Option<u32>,
    /// A disabled rule is not asked.
    pub is_enabled: bool,
    /// The name of the policy that it leads to.
    pub policy: Option<String>,
    pub conditions: Conditions,
    pub exceptions: Conditions,
}

impl Rule {
    /// Reads a row of `Get-HostedOutboundSpamFilterRule`.
    pub fn read(mut row: Record) -> Self {
        let policy = row.take_text("HostedOutboundSpamFilterPolicy");
        let name = row.take_text("Name").or_else(|| row.take_text("Identity")).or_else(|| policy.clone());
        Self {
            name: name.unwrap_or_else(|| "(without a name)".to_owned()),
            priority: row.take_text("Priority").and_then(|priority| priority.parse().ok()),
            is_enabled: row.take_text("State").is_none_or(|state| is(&state, "Enabled")),
            policy,
            conditions: Conditions::read(&mut row, CONDITIONS),
            exceptions: Conditions::read(&mut row, EXCEPTIONS),
        }
    }

    /// `State` as Exchange names it.
    pub fn state(&self) -> &'static str {
        if self.is_enabled {
            "Enabled"
        } else {
            "Disabled"
        }
    }

    /// Whether it matches what `author` sends, were it asked.
    pub fn answer(&self, author: &Author, groups: &Groups) -> Answer {
        if self.conditions.is_empty() {
            return Answer::CannotTell(NO_CONDITION.to_owned());
        }
        let (mut met, mut against, mut doubts, mut unread) = (Vec::new(), Vec::new(), Vec::new(), None);
        for answer in self.conditions.answers(author, groups) {
            match answer {
                Answer::Yes(why) => met.push(why),
                Answer::No(why) => against.push(why),
                Answer::CannotTell(why) => doubts.push(why),
                Answer::Unread(group) => unread = unread.or(Some(group)),
            }
        }
        for answer in self.exceptions.answers(author, groups) {
            match answer {
                Answer::Yes(why) => against.push(why),
                Answer::No(_) => {}
                Answer::CannotTell(why) => doubts.push(why),
                Answer::Unread(group) => unread = unread.or(Some(group)),
            }
        }
        match unread {
            _ if !against.is_empty() => Answer::No(against.join(" ")),
            Some(group) => Answer::Unread(group),
            None if !doubts.is_empty() => Answer::CannotTell(doubts.join(" ")),
            None => Answer::Yes(met.join(" ")),
        }
    }

    /// For whom it is, for people: its conditions and exceptions with the service's names.
    pub fn in_words(&self) -> String {
        let all: Vec<_> = self.conditions.in_words().chain(self.exceptions.in_words()).collect();
        all.join("; ")
    }
}

/// Assumption (?): the service asks for a condition when a rule is made, and no source says whom a rule without any is
/// for. It is taken for neither everybody nor nobody.
const NO_CONDITION: &str = "The rule has no condition; whom the service takes it for is not known.";
