//! The organization's recipients and domains, as `Get-Recipient` and `Get-AcceptedDomain` show them.

use std::collections::HashMap;

use uuid::Uuid;

use crate::row::{Row, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecipientKind {
    UserMailbox,
    SharedMailbox,
    DistributionGroup,
    /// A security group that mail can be sent to.
    SecurityGroup,
    /// A Microsoft 365 group.
    UnifiedGroup,
    /// Whoever a filter finds: it has no list of members.
    DynamicGroup,
    /// Somebody outside whom the organization's address book knows.
    Contact,
}

impl RecipientKind {
    /// Whether it is a group that somebody belongs to by being listed in it.
    pub(crate) fn has_members(self) -> bool {
        matches!(self, Self::DistributionGroup | Self::SecurityGroup | Self::UnifiedGroup)
    }

    pub(crate) fn is_group(self) -> bool {
        self.has_members() || self == Self::DynamicGroup
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Recipient {
    pub(crate) kind: RecipientKind,
    pub(crate) display_name: String,
    pub(crate) alias: String,
    pub(crate) guid: Uuid,
    /// Of the user or group in the directory that Graph shows; another one than Exchange's own.
    pub(crate) object_id: Uuid,
    /// The user principal name; groups and contacts have none.
    pub(crate) upn: Option<String>,
    pub(crate) primary_address: String,
    pub(crate) other_addresses: Vec<String>,
}

impl Recipient {
    /// Everything that `-Identity` may say to mean this recipient.
    fn identities(&self) -> impl Iterator<Item = String> + '_ {
        let texts = [&self.primary_address, &self.alias, &self.display_name];
        let texts = texts.into_iter().chain(&self.upn).chain(&self.other_addresses).map(|text| text.to_lowercase());
        texts.chain([self.guid.to_string()])
    }

    /// Where the organization has no mailboxes here, those on premises are mail users.
    pub(crate) fn row(&self, has_mailboxes: bool) -> Row {
        let (kind, details) = match self.kind {
            RecipientKind::UserMailbox | RecipientKind::SharedMailbox if !has_mailboxes => ("MailUser", "MailUser"),
            RecipientKind::UserMailbox => ("UserMailbox", "UserMailbox"),
            RecipientKind::SharedMailbox => ("UserMailbox", "SharedMailbox"),
            RecipientKind::DistributionGroup => ("MailUniversalDistributionGroup", "MailUniversalDistributionGroup"),
            RecipientKind::SecurityGroup => ("MailUniversalSecurityGroup", "MailUniversalSecurityGroup"),
            RecipientKind::UnifiedGroup => ("MailUniversalDistributionGroup", "GroupMailbox"),
            RecipientKind::DynamicGroup => ("DynamicDistributionGroup", "DynamicDistributionGroup"),
            RecipientKind::Contact => ("MailContact", "MailContact"),
        };
        // The prefix of the primary address is in capitals: that is how Exchange marks it.
        let mut addresses = vec![format!("SMTP:{}", self.primary_address)];
        addresses.extend(self.other_addresses.iter().map(|address| format!("smtp:{address}")));
        let name = Value::from(self.display_name.as_str());
        Row(vec![
            ("Name", name.clone()),
            ("DisplayName", name.clone()),
            ("Identity", name),
            ("Alias", self.alias.as_str().into()),
            ("Guid", Value::Guid(self.guid)),
            ("ExternalDirectoryObjectId", self.object_id.to_string().as_str().into()),
            ("PrimarySmtpAddress", self.primary_address.as_str().into()),
            ("EmailAddresses", Value::Texts(addresses)),
            ("WindowsLiveID", self.upn.as_deref().unwrap_or_default().into()),
            ("RecipientType", kind.into()),
            ("RecipientTypeDetails", details.into()),
        ])
    }
}

/// What follows the last `@` of an address.
pub(crate) fn domain_of(address: &str) -> Option<&str> {
    address.rsplit_once('@').map(|(_, domain)| domain)
}

/// Whether a domain is another one or lies in it, whatever their case.
pub(crate) fn is_within(domain: &str, other: &str) -> bool {
    let inner = domain.len().checked_sub(other.len()).and_then(|start| domain.split_at_checked(start));
    inner.is_some_and(|(before, end)| end.eq_ignore_ascii_case(other) && (before.is_empty() || before.ends_with('.')))
}

/// A domain the organization receives mail for.
#[derive(Clone, Debug)]
pub(crate) struct AcceptedDomain {
    pub(crate) domain: String,
    pub(crate) default: bool,
    pub(crate) match_subdomains: bool,
    pub(crate) initial: bool,
}

impl AcceptedDomain {
    fn covers(&self, domain: &str) -> bool {
        if self.match_subdomains {
            is_within(domain, &self.domain)
        } else {
            domain.eq_ignore_ascii_case(&self.domain)
        }
    }

    pub(crate) fn row(&self) -> Row {
        Row(vec![
            ("Name", self.domain.as_str().into()),
            ("DomainName", self.domain.as_str().into()),
            ("DomainType", "Authoritative".into()),
            ("Default", Value::Bool(self.default)),
            ("MatchSubDomains", Value::Bool(self.match_subdomains)),
            ("InitialDomain", Value::Bool(self.initial)),
        ])
    }
}

#[derive(Debug)]
pub(crate) struct Directory {
    recipients: Vec<Recipient>,
    by_identity: HashMap<String, usize>,
    by_guid: HashMap<Uuid, usize>,
    pub(crate) domains: Vec<AcceptedDomain>,
}

impl Directory {
    pub(crate) fn new(recipients: Vec<Recipient>, domains: Vec<AcceptedDomain>) -> Self {
        let mut by_identity = HashMap::new();
        for (position, recipient) in recipients.iter().enumerate() {
            for identity in recipient.identities() {
                by_identity.entry(identity).or_insert(position);
            }
        }
        let by_guid = (0..).zip(&recipients).map(|(position, recipient)| (recipient.guid, position)).collect();
        Self { recipients, by_identity, by_guid, domains }
    }

    pub(crate) fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    /// Whether mail to this domain stays inside.
    pub(crate) fn is_ours(&self, domain: &str) -> bool {
        self.domains.iter().any(|ours| ours.covers(domain))
    }

    /// Whether mail to this address leaves the organization.
    pub(crate) fn is_outside(&self, address: &str) -> bool {
        domain_of(address).is_none_or(|domain| !self.is_ours(domain))
    }

    /// The recipient with this Exchange identifier.
    pub(crate) fn of_guid(&self, guid: Uuid) -> Option<&Recipient> {
        self.by_guid.get(&guid).and_then(|position| self.recipients.get(*position))
    }

    /// The recipient with this address, user principal name, name, alias or GUID.
    pub(crate) fn find(&self, identity: &str) -> Option<&Recipient> {
        self.by_identity.get(&identity.to_lowercase()).and_then(|position| self.recipients.get(*position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_and_what_lies_in_it() {
        for (domain, other, expected) in [
            ("contoso.com", "CONTOSO.com", true),
            ("shop.contoso.com", "contoso.com", true),
            ("notcontoso.com", "contoso.com", false),
            ("contoso.com", "shop.contoso.com", false),
            ("é.com", "xé.com", false),
            ("", "contoso.com", false),
        ] {
            assert_eq!(is_within(domain, other), expected, "{domain} in {other}");
        }
    }
}
