//! Whom a message is from, as the rules of outbound spam policies see it.

use std::collections::HashSet;

use super::{folded, is};

/// Whom a message is from.
#[derive(Debug, Clone)]
pub struct Author {
    /// The From address of the message.
    pub address: String,
    /// Every address of whom it belongs to, since groups list their members by one of them; why it is not known, where
    /// the directory could not be asked.
    pub known_as: Result<Vec<String>, String>,
}

impl Author {
    /// The domain of the From address.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether it is one of these, given [folded].
    pub fn is_among(&self, people: &HashSet<String>) -> bool {
        let all = self.known_as.as_deref().unwrap_or_default();
        std::iter::once(&self.address).chain(all).any(|address| people.contains(&folded(address)))
    }

    /// Whether the From address is this one.
    pub fn writes_from(&self, address: &str) -> bool {
        is(&self.address, address)
    }

    /// Whether the From address is of this domain or of one below it.
    pub fn writes_within(&self, domain: &str) -> bool {
        is_within(self.domain(), domain)
    }
}

/// Whether `name` is this domain or one below it: conditions include subdomains.
pub fn is_within(name: &str, domain: &str) -> bool {
    let (name, domain) = (folded(name), folded(domain));
    !domain.is_empty() && name.strip_suffix(&domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

#[cfg(test)]
impl Author {
    /// Somebody who has one address.
    pub fn of(address: &str) -> Self {
        Self { address: address.to_owned(), known_as: Ok(vec![address.to_owned()]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_holds_those_below_it_and_no_other() {
        for (name, domain, holds) in [
            ("contoso.com", "Contoso.com", true),
            ("mail.CONTOSO.com", "contoso.com", true),
            ("notcontoso.com", "contoso.com", false),
            ("contoso.com", "mail.contoso.com", false),
            ("contoso.com", "", false),
        ] {
            assert_eq!(is_within(name, domain), holds, "{name} within {domain}");
        }
    }
}
