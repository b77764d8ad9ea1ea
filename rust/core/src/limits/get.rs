//! `Get-OutboundSendingLimit`: which policy applies to a sender, and what it and the service allow.

use super::resolution::{Candidate, Resolution};
use super::sending_limit::{service_limits, Asked, SendingLimit};
use super::{listed, Author, Rulebook};
use crate::connection::Connection;
use crate::error::{Code, Error, Result};
use crate::exchange::is_initial_domain;
use crate::host::{Host, Item, Row};
use crate::restriction::{Addresses, Key};
use crate::sending::{Counted, Usages};

/// What is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Every rule and the default policy, instead of what the input names.
    pub everything: bool,
    /// How many licences for Exchange Online the organization has; 0 for a trial.
    pub license_count: Option<u32>,
    /// Whether to read from the message trace what each sender has used.
    pub include_usage: bool,
}

/// Hands over one [`SendingLimit`] for each sender that the input names, or for each rule and the default policy.
///
/// # Errors
/// Whatever keeps the policies from being read: without them nothing can be told of anybody. What names no sender is an
/// item failure; a group, an address or a trace that cannot be read leaves what depends on it untold.
pub async fn get(connection: &Connection, options: &Options, host: &Host) -> Result<()> {
    let licences = options.license_count;
    if options.everything {
        let mut rulebook = read(connection, host).await?;
        rulebook.look_at_groups(connection.exchange(host)).await?;
        if options.include_usage {
            host.warn("No usage is shown: it is that of senders, and none is named.").await?;
        }
        for remark in rulebook.policies.remarks(&rulebook.groups) {
            host.warn(remark).await?;
        }
        let rows = SendingLimit::of_each(&rulebook, licences, connection.origin());
        return host.rows(rows.into_iter().map(Row::SendingLimit).collect()).await;
    }
    let (mut rulebook, mut usages) = (None, options.include_usage.then(Usages::default));
    while let Some(item) = host.next().await? {
        let named = match Named::by(&item, connection) {
            Ok(named) => named,
            Err(error) => {
                host.item_failed(error).await?;
                continue;
            }
        };
        let known = match rulebook.take() {
            Some(known) => known,
            None => read(connection, host).await?,
        };
        let (mut row, counted) = named.limit(connection, rulebook.insert(known), licences, host).await?;
        if let Some(usages) = &mut usages {
            add_usage(&mut row, counted, usages, connection, licences, host).await?;
        }
        host.row(Row::SendingLimit(row)).await?;
    }
    Ok(())
}

/// Adds what the sender has used. What keeps it from being read is a warning: then it is not known.
async fn add_usage(
    row: &mut SendingLimit,
    counted: Result<Counted, String>,
    usages: &mut Usages,
    connection: &Connection,
    licences: Option<u32>,
    host: &Host,
) -> Result<()> {
    let read = match counted {
        Ok(counted) => match usages.of(connection, &counted, service_limits(licences), host).await {
            Ok(usage) => Ok(usage),
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => Err(error.message.clone()),
        },
        Err(why) => Err(why),
    };
    let warning = match read {
        Ok(usage) => {
            row.usage = Some(usage);
            if usage.remaining.is_some() {
                return Ok(());
            }
            "How much is left is not known, since it is not known which policy applies.".to_owned()
        }
        Err(why) => format!("How much is used is not known. {why}"),
    };
    host.warn(warning.as_str()).await?;
    row.warnings.push(warning);
    Ok(())
}

async fn read(connection: &Connection, host: &Host) -> Result<Rulebook> {
    Rulebook::of(connection.exchange(host)).await.map_err(|error| error.about(connection.organization()))
}

/// Whom an item names.
struct Named {
    /// Who signs in, and is counted.
    sender: Option<String>,
    /// The From address, where it is named.
    from: Option<String>,
}

impl Named {
    fn by(item: &Item, connection: &Connection) -> Result<Self> {
        let origin = connection.origin();
        item.target.must_belong_to(origin.tenant_id.as_deref(), &origin.organization)?;
        let from = item.target.from(item.number)?;
        if from.is_some() && item.target.names_no_entity() {
            return Ok(Self { sender: None, from });
        }
        match item.target.key(item.number)? {
            Key::Sender(address) => Ok(Self { sender: Some(address), from }),
            Key::Connector(id) => {
                let message = format!("{id} is a connector: outbound spam policies are for senders.");
                Err(Error::new(Code::InvalidAddress, message).about(id.to_string()))
            }
        }
    }

    /// The limits, by the From address: without one that is named, the sender's primary address. With them, who is
    /// counted, or why that is not known.
    async fn limit(
        self,
        connection: &Connection,
        rulebook: &mut Rulebook,
        licences: Option<u32>,
        host: &Host,
    ) -> Result<(SendingLimit, Result<Counted, String>)> {
        let exchange = connection.exchange(host);
        let address = self.from.clone().or_else(|| self.sender.clone()).unwrap_or_default();
        let mut warnings = Vec::new();
        let (from, known_as) = match Addresses::of(exchange, &address).await {
            Ok(Some(addresses)) => {
                let primary = addresses.primary().filter(|_| self.from.is_none()).map(str::to_owned);
                (primary.unwrap_or_else(|| address.clone()), Ok(addresses.after(&address)))
            }
            Ok(None) => {
                let organization = connection.organization();
                warnings.push(format!("{organization} knows nobody of the address {address}: is it spelt right?"));
                (address.clone(), Ok(vec![address.clone()]))
            }
            Err(error) if error.code() == Code::Cancelled => return Err(error),
            Err(error) => {
                let why = format!("Who {address} is could not be read. {error}");
                warnings.push(format!("{why} This is for mail from that address, whichever is the primary one."));
                (address.clone(), Err(why))
            }
        };
        let author = Author { address: from, known_as };
        rulebook.look_into_groups(exchange, &author).await?;
        if !author.writes_from(&address) {
            // Whoever is named by another address may mean the mail from it.
            let other = Author { address, ..author.clone() };
            rulebook.look_into_groups(exchange, &other).await?;
            warnings.extend(differs(&rulebook.resolve(&author), &rulebook.resolve(&other), &author, &other));
        }
        let resolution = rulebook.resolve(&author);
        let policy = resolution.policy().map(|(_, policy)| policy);
        let counted = match (&self.sender, &self.from) {
            (Some(_), None) => author.known_as.clone(),
            (Some(sender), Some(_)) => addresses_of(sender, connection, host).await?,
            (None, _) => Err("It is counted for who signs in, whom -SenderAddress names.".to_owned()),
        };
        let counted = counted.map(|addresses| Counted { addresses, policy });
        let from_initial_domain = is_initial_domain(author.domain());
        let asked = Asked { sender: self.sender, from: author.address, from_initial_domain };
        let mut limit = SendingLimit::of_sender(asked, resolution, rulebook, licences, connection.origin());
        for warning in &warnings {
            host.warn(warning.as_str()).await?;
        }
        limit.warnings.splice(0..0, warnings);
        Ok((limit, counted))
    }
}

/// Every address that somebody may send from; the inner error is for people.
async fn addresses_of(sender: &str, connection: &Connection, host: &Host) -> Result<Result<Vec<String>, String>> {
    match Addresses::of(connection.exchange(host), sender).await {
        Ok(found) => Ok(Ok(found.unwrap_or_default().after(sender))),
        Err(error) if error.code() == Code::Cancelled => Err(error),
        Err(error) => Ok(Err(format!("Who {sender} is could not be read. {error}"))),
    }
}

/// What to say where mail from another address of the same person has another policy.
fn differs(ours: &Resolution<'_>, theirs: &Resolution<'_>, author: &Author, other: &Author) -> Option<String> {
    let names = |resolution: &Resolution<'_>| resolution.candidates.iter().map(Candidate::name).collect::<Vec<_>>();
    let (ours, theirs) = (names(ours), names(theirs));
    let (primary, address) = (&author.address, &other.address);
    (ours != theirs).then(|| {
        let theirs = listed(theirs.iter().map(String::as_str));
        format!("This is for mail from {primary}; mail from {address} has the policy {theirs}: -From names it.")
    })
}
