//! `Get-RestrictedSender`: who is blocked, why, since when.

use std::sync::Arc;

use time::OffsetDateTime;

use super::circumstances::Inquiry;
use super::list::{entry, Finding, Identity, List, Reading};
use super::past::Past;
use super::target::Named;
use super::{EntityType, Key};
use crate::connection::{Connection, Origin};
use crate::error::{Code, Error, Result};
use crate::exchange::records;
use crate::host::{Host, Item, Row};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Query {
    /// The whole list, or one type of it.
    Everything(Option<EntityType>),
    /// What the input names.
    Named,
}

/// Hands over the entries that are asked for.
///
/// An entity that is named exactly and not listed is an item failure; a pattern that fits nothing is none. A person's
/// entries all count, whichever of the person's addresses was named.
///
/// # Errors
/// Whatever keeps the list from being read when everything is asked for.
pub async fn get(connection: &Connection, query: Query, host: &Host) -> Result<()> {
    match query {
        Query::Everything(Some(entity_type)) => Reading::new(connection, host, entity_type, None).hand_over().await,
        Query::Everything(None) => {
            // The two halves are two cmdlets with roles of their own: one that fails does not hide the other.
            let senders = Reading::new(connection, host, EntityType::Mailbox, None).hand_over().await;
            if matches!(&senders, Err(error) if error.code() == Code::Cancelled) {
                return senders;
            }
            let connectors = Reading::new(connection, host, EntityType::Connector, None).hand_over().await;
            match (senders, connectors) {
                (Ok(()), Err(error)) => Err(incomplete("connectors", error)),
                (Err(error), Ok(())) => Err(incomplete("mailboxes", error)),
                (Err(error), Err(_)) => Err(error),
                (Ok(()), Ok(())) => Ok(()),
            }
        }
        Query::Named => {
            let (mut list, mut inquiry) =
                (List::new(connection, host), Inquiry::new(connection, Past::new(connection)));
            while let Some(item) = host.next().await? {
                if let Err(error) = get_item(connection, &mut list, &mut inquiry, &item, host).await {
                    if error.code() == Code::Cancelled {
                        return Err(error);
                    }
                    host.item_failed(error).await?;
                }
            }
            Ok(())
        }
    }
}

/// Hands over the senders of a reply to `Get-BlockedSenderAddress` that was kept, without asking anybody, as
/// they look at the moment `now`.
///
/// # Errors
/// [`Code::ResponseUnreadable`] when it is no such reply.
pub async fn read(reply: &str, origin: &Arc<Origin>, now: OffsetDateTime, host: &Host) -> Result<()> {
    let entries = records(reply)?.into_iter().map(|record| entry(EntityType::Mailbox, record, origin, now));
    host.each(entries.map(|entry| entry.map(Row::Restriction))).await?;
    Ok(())
}

/// The other half was read; the admin must see that this one was not.
fn incomplete(what: &str, error: Error) -> Error {
    error.with(|details| details.message = format!("The restricted {what} could not be listed. {}", details.message))
}

async fn get_item(
    connection: &Connection,
    list: &mut List<'_>,
    inquiry: &mut Inquiry<'_>,
    item: &Item,
    host: &Host,
) -> Result<()> {
    let mut entries = match item.target.named(item.number)? {
        Named::Senders(pattern) => {
            let entries = list.entries(EntityType::Mailbox).await?.iter();
            entries.filter(|entry| entry.key.sender_address().is_some_and(|key| pattern.fits(key))).cloned().collect()
        }
        Named::One(key) => {
            let finding = list.find(&key).await.map_err(|error| error.about(key.to_string()))?;
            if finding.entries.is_empty() {
                return Err(finding.nothing(&key, connection.organization()));
            }
            warn_of_unread_addresses(&key, &finding, host).await?;
            finding.entries
        }
    };
    for entry in &mut entries {
        inquiry.complete(entry, host).await?;
    }
    host.rows(entries.into_iter().map(Row::Restriction).collect()).await
}

/// A listed sender may be listed under further addresses that nobody could tell us.
pub(super) async fn warn_of_unread_addresses(key: &Key, finding: &Finding, host: &Host) -> Result<()> {
    match &finding.identity {
        Identity::Unreadable(error) => {
            host.warn(format!("Whether further addresses of {key} are restricted could not be told: {error}")).await
        }
        Identity::Known | Identity::Nobody => Ok(()),
    }
}
