//! `Test-RestrictedSender`: is this one restricted? The answer that scripts should ask for, because it has a third
//! value for "could not tell".

use std::sync::Arc;

use super::list::{Identity, List};
use super::{EntityType, Key};
use crate::connection::{Connection, Origin};
use crate::error::{Error, Result};
use crate::host::{Host, Item, Row};

/// Whether an entity is restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is listed.
    Restricted,
    /// The list was read to its end and holds none of its keys.
    NotRestricted,
    /// Something that was needed for an answer could not be read.
    Unknown,
}

impl State {
    /// The name as the module shows it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Restricted => "Restricted",
            Self::NotRestricted => "NotRestricted",
            Self::Unknown => "Unknown",
        }
    }
}

/// The answer for one item of input.
#[derive(Debug, Clone)]
pub struct SenderState {
    /// What was asked about: an address as it was typed.
    pub sender_address: Option<String>,
    /// What was asked about: a connector's id.
    pub connector_id: Option<String>,
    /// Which kind of entity that names; nothing where the input names none.
    pub entity_type: Option<EntityType>,
    /// The answer.
    pub state: State,
    /// The listed key that matched.
    pub key: Option<String>,
    /// The keys that were looked for in a list that was read.
    pub checked: Vec<String>,
    /// Why the answer is `Unknown`.
    pub error: Option<Error>,
    /// The organization that was asked.
    pub origin: Arc<Origin>,
}

/// Answers for each item of input with exactly one row.
///
/// # Errors
/// Only when the caller has gone: whatever cannot be read makes the answer `Unknown`.
pub async fn test(connection: &Connection, host: &Host) -> Result<()> {
    let mut list = List::new(connection, host);
    while let Some(item) = host.next().await? {
        let row = answer(connection, &mut list, item).await;
        host.row(Row::State(row)).await?;
    }
    Ok(())
}

async fn answer(connection: &Connection, list: &mut List<'_>, item: Item) -> SenderState {
    let mut row = SenderState {
        sender_address: item.target.sender_address.clone(),
        connector_id: item.target.connector_id.clone(),
        entity_type: None,
        state: State::Unknown,
        key: None,
        checked: Vec::new(),
        error: None,
        origin: connection.origin().clone(),
    };
    match item.target.key(item.number) {
        Ok(key) => {
            row.entity_type = Some(key.entity_type());
            look_up(connection, list, &key, &mut row).await;
        }
        Err(error) => row.error = Some(error),
    }
    row
}

async fn look_up(connection: &Connection, list: &mut List<'_>, key: &Key, row: &mut SenderState) {
    match list.find(key).await {
        Err(error) => row.error = Some(error.about(key.to_string())),
        Ok(finding) => {
            row.checked.clone_from(&finding.checked);
            if let Some(entry) = finding.entries.first() {
                row.state = State::Restricted;
                row.key = Some(entry.key.to_string());
                return;
            }
            match finding.identity {
                Identity::Known => row.state = State::NotRestricted,
                // A typing error must not read as "not restricted".
                Identity::Nobody | Identity::Unreadable(_) => {
                    row.error = Some(finding.nothing(key, connection.organization()));
                }
            }
        }
    }
}
