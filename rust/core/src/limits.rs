//! How much a sender may send: which outbound spam policy applies to them, by which rule, and what it and the service
//! allow. How mail is counted against it is the crate `restricted-sender-limits`.
//!
//! The From address of a message selects the policy; the user who has signed in to send it is counted, and restricted
//! (Microsoft Learn, "Configure outbound spam policies"). Rules are asked by priority, and the first that matches ends
//! the search; the default policy is for everybody else.

mod author;
mod condition;
mod effect;
mod get;
mod group;
mod policies;
mod policy;
mod remark;
mod resolution;
mod rule;
mod rulebook;
mod sending_limit;
#[cfg(test)]
mod worked_examples;

pub use get::{get, Options};
pub use resolution::{Outcome, SendingRule};
pub use sending_limit::{SendingLimit, Source};

pub(crate) use author::Author;
#[cfg(test)]
pub(crate) use group::Groups;
#[cfg(test)]
pub(crate) use policies::OutboundPolicies;
pub(crate) use policy::OutboundPolicy;
pub(crate) use resolution::Resolution;
pub(crate) use rulebook::Rulebook;
pub(crate) use sending_limit::service_limits;

/// Whether two names or addresses mean the same.
fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// A name as a text that is the same for all that mean the same.
fn folded(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Several names for a sentence; long lists are cut.
fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 5;
    let names: Vec<_> = names.into_iter().collect();
    let (shown, rest) = names.split_at(names.len().min(MOST));
    match (shown, rest) {
        ([one], []) => (*one).to_owned(),
        ([first @ .., last], []) => format!("{} or {last}", first.join(", ")),
        (shown, rest) => format!("{} or {} more", shown.join(", "), rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_a_part_of_a_sentence() {
        assert_eq!(listed(["a"]), "a");
        assert_eq!(listed(["a", "b", "c"]), "a, b or c");
        assert_eq!(listed(["a", "b", "c", "d", "e", "f", "g"]), "a, b, c, d, e or 2 more");
    }
}
