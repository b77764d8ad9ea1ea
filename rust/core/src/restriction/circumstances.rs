//! Finds out what decides about an entry besides its line in the list: the outbound spam policy, where one has blocked,
//! and the unblocks before. Whatever cannot be read is not known, and the decision then says less.

use time::OffsetDateTime;

use super::decision::{Circumstances, Decision, Policy};
use super::identity::Addresses;
use super::past::Past;
use super::{Key, Restriction};
use crate::connection::Connection;
use crate::error::Result;
use crate::host::Host;
use crate::limits::{Author, OutboundPolicy, Resolution, Rulebook};
use crate::reason::BlockType;

/// The circumstances of an organization's entries. What they have in common is read once, when it is first needed.
#[derive(Debug)]
pub struct Inquiry<'a> {
    connection: &'a Connection,
    policies: Option<Asked>,
    looked_up: usize,
    /// What is known of earlier unblocks.
    pub past: Past<'a>,
}

/// How many senders of one operation are looked up in the directory for their policy: each is a request of its own, and
/// those that look into groups come on top. A list of thousands must not become thousands of them.
const MOST_LOOKED_UP: usize = 10;

/// The policies, once they were asked for.
#[derive(Debug)]
enum Asked {
    Known(Box<Rulebook>),
    /// The admin was told.
    Unreadable,
}

impl<'a> Inquiry<'a> {
    /// Nothing is read yet.
    pub fn new(connection: &'a Connection, past: Past<'a>) -> Self {
        Self { connection, policies: None, looked_up: 0, past }
    }

    /// Decides again about an entry, now that its circumstances are known.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn complete(&mut self, entry: &mut Restriction, host: &Host) -> Result<()> {
        let policy = match (&entry.key, entry.block_type) {
            (Key::Sender(address), BlockType::PolicyLimit) => self.policy_of(address, host).await?,
            _ => None,
        };
        let unblocks = self.past.of(&entry.key, entry.created, host).await?;
        let evidence = self.connection.verdicts().lately(&entry.key, entry.created, entry.listed_at);
        let evidence = evidence.map(|known| known.verdict);
        let circumstances = Circumstances { policy, unblocks, evidence };
        if circumstances != Circumstances::default() {
            entry.decision = Decision::of(&entry.case(), &circumstances, entry.listed_at);
            entry.circumstances = Some(Box::new(circumstances));
        }
        Ok(())
    }

    /// The policy that applies to whoever is listed by this address. They may send from any of their addresses.
    async fn policy_of(&mut self, address: &str, host: &Host) -> Result<Option<Policy>> {
        let asked = match self.policies.take() {
            Some(asked) => asked,
            None => self.ask(host).await?,
        };
        let Asked::Known(rulebook) = self.policies.insert(asked) else { return Ok(None) };
        self.looked_up += 1;
        if self.looked_up > MOST_LOOKED_UP {
            if self.looked_up == MOST_LOOKED_UP + 1 {
                let message = format!(
                    "The outbound spam policies of the first {MOST_LOOKED_UP} senders over a limit were looked up; name \
                     another to see which policy applies to it."
                );
                host.detail(message).await?;
            }
            return Ok(None);
        }
        let exchange = self.connection.exchange(host);
        let untold = |why: &str| format!("Which outbound spam policy applies to {address} could not be told: {why}");
        let addresses = match Addresses::of(exchange, address).await {
            Ok(addresses) => addresses.unwrap_or_default().after(address),
            Err(error) => {
                host.detail(untold(&error.message)).await?;
                return Ok(None);
            }
        };
        let authors: Vec<_> =
            addresses.iter().map(|one| Author { address: one.clone(), known_as: Ok(addresses.clone()) }).collect();
        for author in &authors {
            rulebook.look_into_groups(exchange, author).await?;
        }
        let resolutions: Vec<_> = authors.iter().map(|author| rulebook.resolve(author)).collect();
        let policy = in_common(&resolutions, rulebook.policies.rules_changed);
        let undecided = resolutions.iter().find(|resolution| resolution.candidates.len() > 1);
        let why = undecided.filter(|_| policy.is_none()).map(Resolution::why);
        drop(resolutions);
        if let Some(why) = why {
            host.detail(untold(&why)).await?;
        }
        Ok(policy)
    }

    async fn ask(&self, host: &Host) -> Result<Asked> {
        match Rulebook::of(self.connection.exchange(host)).await {
            Ok(rulebook) => Ok(Asked::Known(Box::new(rulebook))),
            Err(error) => {
                host.warn(format!(
                    "When a block by an outbound spam policy ends could not be told, because the policies of {} could not \
                     be read. {error}",
                    self.connection.organization()
                ))
                .await?;
                Ok(Asked::Unreadable)
            }
        }
    }
}

/// The policy for a person of whom each of `resolutions` is about an address; nothing where it cannot be told. Policies
/// that may apply and have the same action decide the same: then it has no name, and it changed when the last of them
/// did, or a rule.
fn in_common(resolutions: &[Resolution<'_>], rules_changed: Option<OffsetDateTime>) -> Option<Policy> {
    let mut candidates: Vec<&OutboundPolicy> = Vec::new();
    for candidate in resolutions.iter().flat_map(|resolution| &resolution.candidates) {
        let policy = candidate.policy?;
        if !candidates.iter().any(|known| std::ptr::eq(*known, policy)) {
            candidates.push(policy);
        }
    }
    let (first, others) = candidates.split_first()?;
    let action = first.action?;
    let agree = others.iter().all(|policy| policy.action == Some(action));
    let mut changed = rules_changed;
    for policy in &candidates {
        // One that does not tell when it changed may have changed since the block.
        changed = changed.max(Some(policy.changed?));
    }
    let name = others.is_empty().then(|| first.name.clone());
    agree.then_some(Policy { name, action, changed: changed? })
}

#[cfg(test)]
mod tests {
    use restricted_sender_limits::Action;
    use time::macros::datetime;

    use super::*;
    use crate::limits::{Groups, OutboundPolicies};

    const POLICIES: &str = r#"[
        {"Name":"Default","IsDefault":true,"ActionWhenThresholdReached":"BlockUserForToday","WhenChangedUTC":"2026-01-01T00:00:00Z"},
        {"Name":"Strict","IsDefault":false,"ActionWhenThresholdReached":"BlockUser","WhenChangedUTC":"2026-02-01T00:00:00Z"},
        {"Name":"Staff","IsDefault":false,"ActionWhenThresholdReached":"BlockUserForToday","WhenChangedUTC":"2026-03-01T00:00:00Z"}]"#;

    fn policy(rule: &str, addresses: &[&str]) -> Option<Policy> {
        let rules = serde_json::from_str(&format!("[{rule}]")).unwrap();
        let policies = OutboundPolicies::read(serde_json::from_str(POLICIES).unwrap(), rules);
        let groups = Groups::default();
        let resolve = |address: &&str| policies.resolve(&Author::of(address), &groups);
        in_common(&addresses.iter().map(resolve).collect::<Vec<_>>(), policies.rules_changed)
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        let megan = "megan@contoso.com";
        let strict_group =
            r#"{"Priority":0,"HostedOutboundSpamFilterPolicy":"Strict","FromMemberOf":["group@contoso.com"]}"#;
        assert_eq!(policy(strict_group, &[megan]), None, "a member is blocked for good, others for the day");

        let group = strict_group.replace("Strict", "Staff");
        let known = policy(&group, &[megan]).unwrap();
        assert_eq!((known.name, known.action), (None, Action::BlockUserForToday), "both end with the day");
        assert_eq!(known.changed, datetime!(2026-03-01 00:00 UTC));

        let hers = r#"{"Priority":0,"HostedOutboundSpamFilterPolicy":"Strict","From":["megan@contoso.com"]}"#;
        assert_eq!(policy(hers, &[megan]).unwrap().name.as_deref(), Some("Strict"));
        assert_eq!(policy(hers, &[megan, "alias@contoso.com"]), None, "either may have sent");
        assert_eq!(policy(&hers.replace("Strict", "Gone"), &[megan]), None);
        assert_eq!(policy(&hers.replace(r#""Priority":0,"#, ""), &[megan]), None, "where it comes in is not known");
        assert_eq!(policy(hers, &[]), None);
    }

    #[test]
    fn a_change_of_any_rule_counts() {
        let rule = r#"{"Priority":0,"HostedOutboundSpamFilterPolicy":"Strict","From":["x@contoso.com"],"WhenChanged":"2026-04-01T00:00:00"}"#;
        let known = policy(rule, &["megan@contoso.com"]).unwrap();
        assert_eq!((known.name.as_deref(), known.changed), (Some("Default"), datetime!(2026-04-01 00:00 UTC)));
    }
}
