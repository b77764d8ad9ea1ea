//! Finds out what decides about an entry besides its line in the list: the outbound spam policy, where one has blocked,
//! and the unblocks before. Whatever cannot be read is not known, and the decision then says less.

use super::decision::{Circumstances, Decision, Policy};
use super::identity::Addresses;
use super::outbound_policy::OutboundPolicies;
use super::past::Past;
use super::{Key, Restriction};
use crate::connection::Connection;
use crate::error::Result;
use crate::host::Host;
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
/// a list of thousands must not become thousands of them.
const MOST_LOOKED_UP: usize = 10;

/// The policies, once they were asked for.
#[derive(Debug)]
enum Asked {
    Known(OutboundPolicies),
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
        let Asked::Known(policies) = &*self.policies.insert(asked) else { return Ok(None) };
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
        match Addresses::of(self.connection.exchange(host), address).await {
            Ok(addresses) => Ok(policies.applying_to(&addresses.unwrap_or_default().after(address))),
            Err(error) => {
                host.detail(format!("Which outbound spam policy applies to {address} could not be told: {error}"))
                    .await?;
                Ok(None)
            }
        }
    }

    async fn ask(&self, host: &Host) -> Result<Asked> {
        match OutboundPolicies::of(self.connection.exchange(host)).await {
            Ok(policies) => Ok(Asked::Known(policies)),
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
