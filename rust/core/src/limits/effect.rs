//! Which rules have no effect, whoever writes. Only what follows from the rules themselves is claimed: who is in a
//! group changes, and is not looked at.

use super::author::is_within;
use super::is;
use super::rule::Rule;

impl Rule {
    /// Whether it can match nobody: each of its conditions would have to hold for somebody whom the other ones, or its
    /// exceptions, exclude.
    pub fn is_for_nobody(&self) -> bool {
        let (for_whom, except) = (&self.conditions, &self.exceptions);
        let is_out = |address: &String| {
            has(&except.from, address)
                || holds(&except.domains, address)
                || !for_whom.domains.is_empty() && !holds(&for_whom.domains, address)
        };
        all(&for_whom.from, is_out)
            || all(&for_whom.member_of, |group| has(&except.member_of, group))
            || all(&for_whom.domains, |domain| except.domains.iter().any(|other| is_within(domain, other)))
    }

    /// Whether whoever matches `later` matches this rule, too, so that `later` never decides after it.
    pub fn covers(&self, later: &Self) -> bool {
        let (ours, theirs) = (&self.conditions, &later.conditions);
        let by_address = ours.from.is_empty() || all(&theirs.from, |address| has(&ours.from, address));
        let by_group = ours.member_of.is_empty() || all(&theirs.member_of, |group| has(&ours.member_of, group));
        let by_domain = ours.domains.is_empty()
            || all(&theirs.from, |address| holds(&ours.domains, address))
            || all(&theirs.domains, |domain| ours.domains.iter().any(|other| is_within(domain, other)));
        !ours.is_empty() && by_address && by_group && by_domain && self.excludes_none_of(later)
    }

    /// Whether its exceptions concern nobody whom `later` matches.
    fn excludes_none_of(&self, later: &Self) -> bool {
        let (theirs, except) = (&later.conditions, &later.exceptions);
        let address_is_out = |address: &String| {
            has(&except.from, address)
                || holds(&except.domains, address)
                || !theirs.from.is_empty() && !has(&theirs.from, address)
                || !theirs.domains.is_empty() && !holds(&theirs.domains, address)
        };
        let domain_is_out = |domain: &String| {
            except.domains.iter().any(|other| is_within(domain, other))
                || all(&theirs.from, |address| !is_within(domain_of(address), domain))
                || all(&theirs.domains, |other| !is_within(other, domain) && !is_within(domain, other))
        };
        self.exceptions.from.iter().all(address_is_out)
            && self.exceptions.domains.iter().all(domain_is_out)
            && self.exceptions.member_of.iter().all(|group| has(&except.member_of, group))
    }
}

/// Whether there are values, and something is true of each of them.
fn all(values: &[String], is_true: impl Fn(&String) -> bool) -> bool {
    !values.is_empty() && values.iter().all(is_true)
}

fn has(values: &[String], value: &str) -> bool {
    values.iter().any(|one| is(one, value))
}

/// Whether the address is of one of these domains, or below one.
fn holds(domains: &[String], address: &str) -> bool {
    domains.iter().any(|domain| is_within(domain_of(address), domain))
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::subsequence;

    use super::super::author::Author;
    use super::super::condition::Answer;
    use super::super::folded;
    use super::super::group::{Contents, Groups, Members};
    use super::*;

    const ADDRESSES: [&str; 4] = ["a@contoso.com", "b@contoso.com", "a@mail.contoso.com", "a@fabrikam.com"];
    const DOMAINS: [&str; 3] = ["contoso.com", "mail.contoso.com", "fabrikam.com"];
    const GROUPS: [&str; 2] = ["staff", "sales"];

    fn rule(json: &str) -> Rule {
        Rule::read(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn a_rule_is_shadowed_only_where_that_is_certain() {
        for (earlier, later, covers) in [
            (r#"{"SenderDomainIs":["contoso.com"]}"#, r#"{"From":["a@mail.contoso.com"]}"#, true),
            (r#"{"SenderDomainIs":["mail.contoso.com"]}"#, r#"{"SenderDomainIs":["contoso.com"]}"#, false),
            (
                r#"{"From":["a@contoso.com","b@contoso.com"]}"#,
                r#"{"From":["B@contoso.com"],"FromMemberOf":["x"]}"#,
                true,
            ),
            (r#"{"From":["a@contoso.com"],"FromMemberOf":["x"]}"#, r#"{"From":["a@contoso.com"]}"#, false),
            (r#"{"FromMemberOf":["staff","sales"]}"#, r#"{"FromMemberOf":["Sales"]}"#, true),
            (r#"{"FromMemberOf":["staff"]}"#, r#"{"From":["a@contoso.com"]}"#, false),
            (r#"{}"#, r#"{"From":["a@contoso.com"]}"#, false),
            (
                r#"{"SenderDomainIs":["contoso.com"],"ExceptIfFrom":["a@contoso.com"]}"#,
                r#"{"From":["a@contoso.com","b@contoso.com"]}"#,
                false,
            ),
            (
                r#"{"SenderDomainIs":["contoso.com"],"ExceptIfFrom":["a@contoso.com"]}"#,
                r#"{"From":["b@contoso.com"]}"#,
                true,
            ),
            (
                r#"{"SenderDomainIs":["contoso.com"],"ExceptIfSenderDomainIs":["mail.contoso.com"]}"#,
                r#"{"SenderDomainIs":["contoso.com"]}"#,
                false,
            ),
            (
                r#"{"SenderDomainIs":["contoso.com","fabrikam.com"],"ExceptIfSenderDomainIs":["mail.contoso.com"]}"#,
                r#"{"SenderDomainIs":["fabrikam.com"]}"#,
                true,
            ),
            (
                r#"{"SenderDomainIs":["contoso.com"],"ExceptIfFromMemberOf":["staff"]}"#,
                r#"{"From":["b@contoso.com"]}"#,
                false,
            ),
        ] {
            assert_eq!(rule(earlier).covers(&rule(later)), covers, "{earlier} before {later}");
        }
    }

    #[test]
    fn a_rule_whose_own_parts_exclude_everybody_is_for_nobody() {
        for (json, nobody) in [
            (r#"{"From":["a@contoso.com"],"ExceptIfFrom":["A@contoso.com"]}"#, true),
            (r#"{"From":["a@contoso.com","b@contoso.com"],"ExceptIfFrom":["A@contoso.com"]}"#, false),
            (r#"{"From":["a@contoso.com"],"SenderDomainIs":["fabrikam.com"]}"#, true),
            (r#"{"SenderDomainIs":["mail.contoso.com"],"ExceptIfSenderDomainIs":["contoso.com"]}"#, true),
            (r#"{"SenderDomainIs":["contoso.com"],"ExceptIfSenderDomainIs":["mail.contoso.com"]}"#, false),
            (r#"{"FromMemberOf":["staff"],"ExceptIfFromMemberOf":["staff"]}"#, true),
        ] {
            assert_eq!(rule(json).is_for_nobody(), nobody, "{json}");
        }
    }

    prop_compose! {
        fn any_rule()(
            from in subsequence(&ADDRESSES[..], 0..3), member_of in subsequence(&GROUPS[..], 0..2),
            domains in subsequence(&DOMAINS[..], 0..3), not_from in subsequence(&ADDRESSES[..], 0..2),
            not_member_of in subsequence(&GROUPS[..], 0..2), not_domains in subsequence(&DOMAINS[..], 0..2),
        ) -> Rule {
            let json = serde_json::json!({
                "From": from, "FromMemberOf": member_of, "SenderDomainIs": domains, "ExceptIfFrom": not_from,
                "ExceptIfFromMemberOf": not_member_of, "ExceptIfSenderDomainIs": not_domains, "Priority": 0,
            });
            rule(&json.to_string())
        }
    }

    prop_compose! {
        fn any_groups()(members in prop::array::uniform2(subsequence(&ADDRESSES[..], 0..=4))) -> Groups {
            let mut groups = Groups::default();
            for (name, people) in GROUPS.into_iter().zip(members) {
                let people = people.into_iter().map(folded).collect();
                groups.insert(name, Contents::Members(Members { people, groups: Vec::new() }));
            }
            groups
        }
    }

    fn matches(rule: &Rule, address: &str, groups: &Groups) -> bool {
        matches!(rule.answer(&Author::of(address), groups), Answer::Yes(_))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn what_is_claimed_holds_for_every_author(earlier in any_rule(), later in any_rule(), groups in any_groups()) {
            for address in ADDRESSES.into_iter().chain(["c@contoso.com", "x@below.mail.contoso.com", "x@fabrikam.com"]) {
                let is_matched = matches(&later, address, &groups);
                prop_assert!(!later.is_for_nobody() || !is_matched, "{later:?} matches {address}");
                let is_claimed = earlier.covers(&later) && is_matched;
                prop_assert!(!is_claimed || matches(&earlier, address, &groups), "{address}: {earlier:?}, {later:?}");
            }
        }
    }
}
