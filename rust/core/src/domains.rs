//! The organization's own domains: they tell who is inside.

use crate::error::{Code, Error, Result};
use crate::exchange::{Cmdlet, Exchange, Record};

/// The organization's own domains.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Domains(Vec<(String, bool)>);

impl Domains {
    /// Asks the organization for them.
    ///
    /// # Errors
    /// As [`read`](Self::read), and whatever keeps them from being read.
    pub(crate) async fn of(exchange: Exchange<'_>) -> Result<Self> {
        Self::read(exchange.read_all(Cmdlet::new("Get-AcceptedDomain")).await?)
    }

    /// The rows of `Get-AcceptedDomain`.
    ///
    /// # Errors
    /// [`Code::ResponseUnreadable`] where there is none: every organization has at least one.
    pub fn read(rows: Vec<Record>) -> Result<Self> {
        if rows.is_empty() {
            let message = "Exchange tells of no domain of the organization, which has at least one.";
            return Err(Error::new(Code::ResponseUnreadable, message));
        }
        let read = |mut row: Record| {
            let with_subdomains = row.take_bool("MatchSubDomains") == Some(true);
            Some((row.take_text("DomainName")?.to_lowercase(), with_subdomains))
        };
        Ok(Self(rows.into_iter().filter_map(read).collect()))
    }

    /// Domains as an admin names them: `contoso.com`, or `*.contoso.com` for it and all below it.
    #[must_use]
    pub fn named(names: &[String]) -> Self {
        let read = |name: &String| {
            let name = name.trim().trim_end_matches('.').to_lowercase();
            match name.strip_prefix("*.") {
                Some(below) => (below.to_owned(), true),
                None => (name, false),
            }
        };
        Self(names.iter().map(read).collect())
    }

    /// Whether mail to this address stays in the organization.
    pub fn hold(&self, address: &str) -> bool {
        address.rsplit_once('@').is_some_and(|(_, domain)| self.have(domain))
    }

    /// Whether the domain is one of them.
    pub fn have(&self, domain: &str) -> bool {
        let domain = domain.trim_end_matches('.').to_lowercase();
        self.0.iter().any(|(own, with_subdomains)| {
            domain == *own
                || *with_subdomains && domain.strip_suffix(own.as_str()).is_some_and(|before| before.ends_with('.'))
        })
    }

    /// Whether the name of a certificate, which may begin with `*.`, belongs to one of them or lies below one.
    pub fn cover(&self, certificate: &str) -> bool {
        let name = certificate.trim().trim_start_matches("*.").to_lowercase();
        self.0
            .iter()
            .any(|(own, _)| name == *own || name.strip_suffix(own.as_str()).is_some_and(|before| before.ends_with('.')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_hold_what_is_below_them_only_where_they_say_so() {
        let row = |json: &str| serde_json::from_str(json).unwrap();
        let read = Domains::read(vec![
            row(r#"{"DomainName":"contoso.com","MatchSubDomains":true}"#),
            row(r#"{"DomainName":"Contoso.onmicrosoft.com","MatchSubDomains":false}"#),
        ]);
        let named = Domains::named(&["*.Contoso.com".to_owned(), "contoso.onmicrosoft.com".to_owned()]);
        assert_eq!(read.unwrap(), named);
        assert!(named.hold("a@Contoso.com") && named.hold("a@print.contoso.com"));
        assert!(!named.hold("a@evilcontoso.com") && !named.hold("a@x.contoso.onmicrosoft.com"));
        assert!(!named.hold("contoso.com"));
        assert!(named.cover("*.contoso.onmicrosoft.com") && !named.cover("*.contoso.com.evil.example"));
    }

    #[test]
    fn no_domain_at_all_is_no_answer() {
        assert_eq!(Domains::read(Vec::new()).unwrap_err().code(), Code::ResponseUnreadable);
    }
}
