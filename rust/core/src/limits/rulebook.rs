//! Reads the policies and rules of an organization, and looks into the groups that decide: one by one, only where no
//! other condition settles it, and each once for all authors of an operation.

use std::collections::HashSet;

use super::author::Author;
use super::group::{Contents, Group, Groups, Kind, Members};
use super::policies::OutboundPolicies;
use super::resolution::Resolution;
use super::{folded, is};
use crate::error::{Code, Error, Result};
use crate::exchange::{is_not_found, Cmdlet, Exchange, Record};

/// How many groups one operation looks into: each takes a request or two.
const MOST_GROUPS: usize = 50;

/// How many members one operation keeps, of all groups together: some 100 bytes each. The largest distribution group of
/// Exchange Online has 100,000.
const MOST_MEMBERS: usize = 200_000;

/// The policies and rules of an organization, and what was found out of its groups.
#[derive(Debug)]
pub struct Rulebook {
    pub policies: OutboundPolicies,
    pub groups: Groups,
    looked_into: usize,
    /// How many more members may be kept.
    room: usize,
}

impl Rulebook {
    /// Asks the organization for all policies and rules.
    ///
    /// # Errors
    /// Whatever keeps either list from being read.
    pub async fn of(exchange: Exchange<'_>) -> Result<Self> {
        let policies = exchange.read_all(Cmdlet::new("Get-HostedOutboundSpamFilterPolicy")).await?;
        let rules = exchange.read_all(Cmdlet::new("Get-HostedOutboundSpamFilterRule")).await?;
        let policies = OutboundPolicies::read(policies, rules);
        Ok(Self { policies, groups: Groups::default(), looked_into: 0, room: MOST_MEMBERS })
    }

    /// Looks at what the groups are that enabled rules are for, without reading who is in them.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn look_at_groups(&mut self, exchange: Exchange<'_>) -> Result<()> {
        let rules = self.policies.rules.iter().filter(|rule| rule.is_enabled);
        let mut names: Vec<_> = rules.flat_map(|rule| &rule.conditions.member_of).cloned().collect();
        let mut seen = HashSet::new();
        names.retain(|name| seen.insert(folded(name)));
        for group in names.into_iter().map(|name| Group { name, kind: None }) {
            let contents = match self.kind(exchange, &group).await {
                Ok(Ok(Kind::Dynamic)) => Contents::Dynamic,
                Ok(Ok(_)) => continue,
                Ok(Err(why)) => unreadable(&group, &why),
                Err(error) => unread(&group, error)?,
            };
            self.groups.insert(&group.name, contents);
        }
        Ok(())
    }

    /// Looks into the groups that decide for `author`. One that cannot be read leaves what depends on it untold.
    ///
    /// # Errors
    /// When the caller has gone.
    pub async fn look_into_groups(&mut self, exchange: Exchange<'_>, author: &Author) -> Result<()> {
        while let Some(group) = self.resolve(author).unread {
            let contents = match self.contents(exchange, &group).await {
                Ok(contents) => contents,
                Err(error) => unread(&group, error)?,
            };
            if let Contents::Members(members) = &contents {
                self.room = self.room.saturating_sub(members.count());
            }
            self.groups.insert(&group.name, contents);
        }
        Ok(())
    }

    /// What the rules say for `author`, by the groups that were looked into.
    pub fn resolve(&self, author: &Author) -> Resolution<'_> {
        self.policies.resolve(author, &self.groups)
    }

    /// What kind of group it is; the inner error is for people.
    async fn kind(&mut self, exchange: Exchange<'_>, group: &Group) -> Result<Result<Kind, String>> {
        if self.looked_into == MOST_GROUPS {
            return Ok(Err(format!("It is not among the {MOST_GROUPS} that one command looks into.")));
        }
        self.looked_into += 1;
        match group.kind {
            Some(kind) => Ok(Ok(kind)),
            None => kind_of(exchange, &group.name).await,
        }
    }

    async fn contents(&mut self, exchange: Exchange<'_>, group: &Group) -> Result<Contents> {
        let kind = match self.kind(exchange, group).await? {
            Ok(kind) => kind,
            Err(why) => return Ok(unreadable(group, &why)),
        };
        let name = Some(group.name.as_str());
        let members = match kind {
            Kind::Dynamic => return Ok(Contents::Dynamic),
            Kind::Distribution => Cmdlet::new("Get-DistributionGroupMember").with("Identity", name),
            Kind::Microsoft365 => {
                Cmdlet::new("Get-UnifiedGroupLinks").with("Identity", name).with("LinkType", Some("Members"))
            }
        };
        let mut pages = exchange.read(members.with("ResultSize", Some("Unlimited")));
        let mut members = Members::default();
        loop {
            match pages.next().await {
                Ok(Some(page)) => page.into_iter().for_each(|row| members.add(row)),
                Ok(None) => return Ok(Contents::Members(members)),
                Err(error) => {
                    pages.begin_again(error).await?;
                    members = Members::default();
                }
            }
            if members.count() > self.room {
                let why = format!("One command keeps {MOST_MEMBERS} members, and there are more.");
                return Ok(unreadable(group, &why));
            }
        }
    }
}

fn unreadable(group: &Group, why: &str) -> Contents {
    Contents::Unreadable(format!("The members of {} could not be read. {why}", group.name))
}

/// What an error leaves of a group; only that the caller has gone stays an error.
fn unread(group: &Group, error: Error) -> Result<Contents> {
    match error.code() {
        Code::Cancelled => Err(error),
        _ => Ok(unreadable(group, &error.message)),
    }
}

/// What kind of group a rule names; the inner error is for people.
async fn kind_of(exchange: Exchange<'_>, name: &str) -> Result<Result<Kind, String>> {
    let rows = match exchange.read_all(Cmdlet::new("Get-Recipient").with("Identity", Some(name))).await {
        Ok(rows) => rows,
        Err(error) if is_not_found(&error) => Vec::new(),
        Err(error) => return Err(error),
    };
    // `-Identity` also matches names that are alike: who really has the address is meant.
    let (named, alike): (Vec<_>, Vec<_>) = rows.into_iter().map(Recipient::read).partition(|one| one.has(name));
    let mut meant = if named.is_empty() { alike } else { named };
    Ok(match (meant.pop(), meant.is_empty()) {
        (Some(one), true) => Kind::of(&one.kind).ok_or_else(|| format!("It is no group but {}.", one.kind)),
        (Some(_), false) => Err("Several recipients have this name.".to_owned()),
        (None, _) => Err("There is no group of this name.".to_owned()),
    })
}

/// Somebody or some group, as lists of recipients and members tell.
struct Recipient {
    kind: String,
    address: Option<String>,
}

impl Recipient {
    fn read(mut row: Record) -> Self {
        let kind = row.take_text("RecipientTypeDetails").or_else(|| row.take_text("RecipientType"));
        Self { kind: kind.unwrap_or_default(), address: row.take_text("PrimarySmtpAddress") }
    }

    fn has(&self, address: &str) -> bool {
        self.address.as_deref().is_some_and(|own| is(own, address))
    }
}

impl Members {
    fn count(&self) -> usize {
        self.people.len() + self.groups.len()
    }

    /// Adds a row of a list of members.
    fn add(&mut self, mut row: Record) {
        let identity = row.take_text("Identity").or_else(|| row.take_text("Name"));
        let member = Recipient::read(row);
        match (Kind::of(&member.kind), member.address) {
            // Such groups do not count.
            (Some(Kind::Dynamic), _) => {}
            (Some(kind), address) => {
                // One without any name cannot be looked into, which the service will say.
                let name = address.or(identity).unwrap_or_default();
                self.groups.push(Group { name, kind: Some(kind) });
            }
            // Whoever has no address sends no mail.
            (None, address) => self.people.extend(address.map(|address| folded(&address))),
        }
    }
}
