//! The organization's list, read once for an operation, and the search for one entity in it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use time::OffsetDateTime;

use super::circumstances::Inquiry;
use super::identity::Addresses;
use super::past::Past;
use super::{EntityType, Key, Restriction};
use crate::connection::{Connection, Origin};
use crate::error::{Code, Error, Result};
use crate::exchange::{Cmdlet, Pages, Record};
use crate::host::{Host, Progress, Row};

/// The list of one organization. Each half is read when it is first needed; a failed read is tried again at the next
/// need and never stands for an empty list.
#[derive(Debug)]
pub struct List<'a> {
    connection: &'a Connection,
    host: &'a Host,
    until: Option<OffsetDateTime>,
    senders: Option<Vec<Restriction>>,
    connectors: Option<Vec<Restriction>>,
    /// Whose addresses were asked for in advance, and what came of it.
    people: HashMap<String, Result<Option<Addresses>>>,
}

/// What the search for one entity found.
#[derive(Debug)]
pub struct Finding {
    /// The entries of this entity, the one that was named first.
    pub entries: Vec<Restriction>,
    /// The keys that were looked for in the list.
    pub checked: Vec<String>,
    /// What is known of who was asked for.
    pub identity: Identity,
}

/// What is known of an entity besides the list.
#[derive(Debug)]
pub enum Identity {
    /// The organization knows it (a connector's id speaks for itself).
    Known,
    /// The organization knows nobody of this address.
    Nobody,
    /// It could not be asked; further addresses may be listed.
    Unreadable(Error),
}

impl<'a> List<'a> {
    /// A list that has not been read yet.
    pub fn new(connection: &'a Connection, host: &'a Host) -> Self {
        Self { connection, host, until: None, senders: None, connectors: None, people: HashMap::new() }
    }

    /// The same, but what fails is not tried again after that moment.
    pub fn until(self, moment: OffsetDateTime) -> Self {
        Self { until: Some(moment), ..self }
    }

    /// Asks whose these addresses are, with fewer requests than when each is [looked for](Self::find) by itself.
    pub async fn look_up(&mut self, addresses: Vec<String>) {
        let exchange = self.connection.exchange(self.host).until(self.until);
        let found = Addresses::of_each(exchange, &addresses).await;
        self.people.extend(addresses.into_iter().zip(found));
    }

    /// The organization that it is the list of.
    pub fn organization(&self) -> &'a str {
        self.connection.organization()
    }

    /// All entries of one type.
    ///
    /// # Errors
    /// Whatever keeps the list from being read to its end.
    pub async fn entries(&mut self, entity_type: EntityType) -> Result<&[Restriction]> {
        let half = match entity_type {
            EntityType::Mailbox => &mut self.senders,
            EntityType::Connector => &mut self.connectors,
        };
        if half.is_none() {
            *half = Some(Reading::new(self.connection, self.host, entity_type, self.until).whole().await?);
        }
        Ok(half.as_deref().unwrap_or_default())
    }

    /// Looks for an entity under every key that it may be listed by.
    ///
    /// # Errors
    /// Whatever keeps the list from being read.
    pub async fn find(&mut self, key: &Key) -> Result<Finding> {
        let mut primary = None;
        let (keys, identity) = match key {
            Key::Connector(_) => (vec![key.clone()], Identity::Known),
            Key::Sender(address) => {
                // Read the list first: when it cannot be read, nothing else matters.
                self.entries(EntityType::Mailbox).await?;
                let found = match self.people.remove(address) {
                    Some(found) => found,
                    None => Addresses::of(self.connection.exchange(self.host).until(self.until), address).await,
                };
                let (addresses, identity) = match found {
                    Ok(Some(addresses)) => (addresses, Identity::Known),
                    Ok(None) => (Addresses::default(), Identity::Nobody),
                    Err(error) => (Addresses::default(), Identity::Unreadable(error.about(address))),
                };
                primary = addresses.primary().map(str::to_owned);
                (addresses.after(address).into_iter().map(Key::Sender).collect(), identity)
            }
        };
        let listed = self.entries(key.entity_type()).await?;
        let mut entries: Vec<_> =
            keys.iter().flat_map(|key| listed.iter().filter(|entry| same(&entry.key, key))).cloned().collect();
        entries.iter_mut().for_each(|entry| entry.primary_smtp_address.clone_from(&primary));
        Ok(Finding { entries, checked: keys.iter().map(ToString::to_string).collect(), identity })
    }
}

impl Finding {
    /// Why nothing was found, as an error that names the keys that were tried.
    pub fn nothing(self, named: &Key, organization: &str) -> Error {
        let tried = self.checked.join(", ");
        match self.identity {
            Identity::Unreadable(error) => error,
            Identity::Nobody => Error::new(
                Code::UnknownAddress,
                format!("{named} is not listed under this key, and {organization} knows nobody of this address."),
            ),
            Identity::Known => Error::new(
                Code::NotListed,
                format!("{named} is not restricted in {organization}: not listed under this key (tried: {tried})."),
            ),
        }
        .about(named.to_string())
    }
}

/// Whether two keys name the same entry.
pub fn same(one: &Key, other: &Key) -> bool {
    match (one, other) {
        (Key::Sender(one), Key::Sender(other)) => one.eq_ignore_ascii_case(other),
        (one, other) => one == other,
    }
}

/// An entry of the list from the service's record of it, as it looks at the moment `now`.
///
/// # Errors
/// [`Code::ResponseUnreadable`] when it has no key.
pub fn entry(
    entity_type: EntityType,
    record: Record,
    origin: &Arc<Origin>,
    now: OffsetDateTime,
) -> Result<Restriction> {
    match entity_type {
        EntityType::Mailbox => Restriction::of_sender(record, origin, now),
        EntityType::Connector => Restriction::of_connector(record, origin, now),
    }
    .ok_or_else(|| {
        let organization = &origin.organization;
        let message = format!("The list of {organization} has an entry without a key: it cannot be relied on.");
        Error::new(Code::ResponseUnreadable, message).about(organization)
    })
}

/// One half of the list on its way here, page by page.
pub struct Reading<'a> {
    connection: &'a Connection,
    host: &'a Host,
    entity_type: EntityType,
    pages: Pages<'a>,
}

impl<'a> Reading<'a> {
    /// Starts reading the entries of one type; what fails is not tried again after `until`, where that is given.
    pub fn new(
        connection: &'a Connection,
        host: &'a Host,
        entity_type: EntityType,
        until: Option<OffsetDateTime>,
    ) -> Self {
        let cmdlet = match entity_type {
            EntityType::Mailbox => "Get-BlockedSenderAddress",
            EntityType::Connector => "Get-BlockedConnector",
        };
        let exchange = connection.exchange(host).until(until);
        // No -ErrorAction ever goes with these cmdlets: the live service is said to answer it with an empty list.
        Self { connection, host, entity_type, pages: exchange.read(Cmdlet::new(cmdlet)) }
    }

    /// The next page.
    ///
    /// # Errors
    /// Whatever keeps it from being read; the list is then incomplete.
    pub async fn page(&mut self) -> Result<Option<Vec<Restriction>>> {
        let page = self.records().await?;
        page.map(|page| page.into_iter().map(self.entry()).collect()).transpose()
    }

    async fn records(&mut self) -> Result<Option<Vec<Record>>> {
        self.pages.next().await.map_err(|error| error.about(self.connection.organization()))
    }

    fn entry(&self) -> impl Fn(Record) -> Result<Restriction> + 'a {
        let (entity_type, origin, now) = (self.entity_type, self.connection.origin(), self.connection.now());
        move |record| entry(entity_type, record, origin, now)
    }

    /// All entries, of one reading.
    ///
    /// # Errors
    /// As [`page`](Self::page).
    pub async fn whole(mut self) -> Result<Vec<Restriction>> {
        let mut entries = Vec::new();
        loop {
            match self.page().await {
                Ok(Some(page)) => entries.extend(page),
                Ok(None) => return Ok(entries),
                Err(error) => {
                    self.pages.begin_again(error).await?;
                    entries.clear();
                }
            }
        }
    }

    /// Hands every entry over as it arrives. Where the list must be read a second time, what was handed over of the
    /// first reading is not handed over again.
    ///
    /// # Errors
    /// As [`page`](Self::page), and when the caller has gone.
    pub async fn hand_over(mut self) -> Result<()> {
        let (mut count, host) = (0, self.host);
        let mut inquiry = Inquiry::new(self.connection, Past::new(self.connection));
        let mut told = HashSet::new();
        loop {
            let mut page = match self.page().await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(()),
                Err(error) => {
                    self.pages.begin_again(error).await?;
                    continue;
                }
            };
            if self.pages.is_second() {
                page.retain(|entry| !told.contains(&entry.key.folded()));
            } else if self.pages.has_more() {
                told.extend(page.iter().map(|entry| entry.key.folded()));
            }
            for entry in &mut page {
                inquiry.complete(entry, host).await?;
            }
            count += host.each(page.into_iter().map(|entry| Ok(Row::Restriction(entry)))).await?;
            host.progress(Progress {
                activity: format!("Reading the restricted entities of {}", self.connection.organization()),
                status: format!("{}: {count} so far", self.entity_type.name()),
                percent: None,
            })
            .await?;
        }
    }
}
