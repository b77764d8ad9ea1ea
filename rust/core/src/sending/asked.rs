//! What the organization says of its senders: the policy that applies to each, and whether they are listed.

use std::collections::HashMap;
use std::sync::Arc;

use restricted_sender_limits::Policy;

use super::agreement::Listed;
use crate::connection::Connection;
use crate::error::{Code, Result};
use crate::host::Host;
use crate::limits::{Author, Rulebook};
use crate::restriction::Addresses;
use crate::trace::{Ledger, Rows};

/// How many senders are looked up in the directory, in one batch: those with the most rows. Looking each of thousands up
/// would take hundreds of requests.
const MOST_LOOKED_UP: usize = 10;

/// What it says.
pub struct Asked {
    /// The policy of each sender for whom it is known, by name.
    pub policies: Arc<HashMap<String, (String, Policy)>>,
    /// Nothing where the list could not be read.
    pub listed: Option<Listed>,
    known: Known,
}

/// The addresses of those who were looked up; why they are not known, where the directory could not be asked.
#[derive(Default)]
struct Known(HashMap<String, Result<Vec<String>, String>>);

impl Asked {
    /// Asks about `senders`, of whom the first are looked up in the directory.
    ///
    /// # Errors
    /// When the caller has gone. What cannot be read is told in a warning, and is not known.
    pub async fn of(connection: &Connection, senders: &[String], host: &Host) -> Result<Self> {
        let known = Known::of(connection, &senders[..senders.len().min(MOST_LOOKED_UP)], host).await?;
        let policies = match policies(connection, senders, &known, host).await {
            Ok(policies) => policies,
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => {
                host.warn(format!("Only the limits of the service count: the policies could not be read. {error}"))
                    .await?;
                HashMap::new()
            }
        };
        let listed = match Listed::read(connection, host).await {
            Ok(listed) => Some(listed),
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => {
                host.warn(format!("Whether the list of restricted entities agrees could not be told. {error}")).await?;
                None
            }
        };
        Ok(Self { policies: Arc::new(policies), listed, known })
    }

    /// The other addresses of a sender who was looked up.
    pub fn addresses(&self, sender: &str) -> &[String] {
        self.known.0.get(sender).and_then(|known| known.as_deref().ok()).unwrap_or_default()
    }
}

impl Known {
    async fn of(connection: &Connection, senders: &[String], host: &Host) -> Result<Self> {
        if senders.is_empty() {
            return Ok(Self::default());
        }
        let mut known = HashMap::new();
        let found = Addresses::of_each(connection.exchange(host), senders).await;
        for (sender, found) in senders.iter().zip(found) {
            let addresses = match found {
                // A device has an address that no directory knows.
                Ok(found) => Ok(found.unwrap_or_default().after(sender)),
                Err(error) if error.code() == Code::Cancelled => return Err(error),
                Err(error) => Err(format!("Who {sender} is could not be read. {error}")),
            };
            known.insert(sender.clone(), addresses);
        }
        Ok(Self(known))
    }

    /// Whom mail from this address is from. Where nobody was looked up, it counts as the only address.
    fn author(&self, sender: &str) -> Author {
        let known_as = self.0.get(sender).cloned().unwrap_or_else(|| Ok(vec![sender.to_owned()]));
        Author { address: sender.to_owned(), known_as }
    }
}

/// The policy of each sender.
async fn policies(
    connection: &Connection,
    senders: &[String],
    known: &Known,
    host: &Host,
) -> Result<HashMap<String, (String, Policy)>> {
    let exchange = connection.exchange(host);
    let mut rulebook = Rulebook::of(exchange).await?;
    let (mut policies, mut unknown) = (HashMap::new(), 0_usize);
    for sender in senders {
        let author = known.author(sender);
        rulebook.look_into_groups(exchange, &author).await?;
        match rulebook.resolve(&author).policy() {
            Some(policy) => {
                policies.insert(sender.clone(), policy);
            }
            None => unknown += 1,
        }
    }
    if unknown > 0 {
        host.warn(format!(
            "Which policy applies to {unknown} of {} senders is not known, so that only the limits of the service count \
             for them. Get-OutboundSendingLimit says why.",
            senders.len()
        ))
        .await?;
    }
    Ok(policies)
}

/// All senders, those with the most rows first.
#[must_use]
pub fn busiest_first(ledgers: &[Ledger], senders: Vec<String>) -> Vec<String> {
    let mut rows = vec![0_u64; senders.len()];
    for row in ledgers.iter().flat_map(|ledger| ledger.parts.iter().flat_map(Rows::iter)) {
        if let Some(count) = rows.get_mut(row.sender as usize) {
            *count += 1;
        }
    }
    let mut all: Vec<_> = rows.into_iter().zip(senders).collect();
    all.sort_by(|(one, _), (other, _)| other.cmp(one));
    all.into_iter().map(|(_, sender)| sender).collect()
}
