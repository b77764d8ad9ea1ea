//! All addresses of a person. Exchange lists a mailbox by its user principal name and each alias by itself, but the
//! admin types whatever is in the bounce.

use crate::error::Result;
use crate::exchange::{is_not_found, Cmdlet, Exchange, Record};

/// The addresses of one recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addresses {
    all: Vec<String>,
    /// The primary SMTP address; nothing when several recipients have one of their own.
    primary: Option<String>,
}

// Assumption (?): the user principal name comes in `WindowsLiveID`; `Get-Recipient` has no column of that name.
const USER_PRINCIPAL_NAME: &str = "WindowsLiveID";

impl Addresses {
    /// Asks the organization whose address this is; `None` when it knows nobody of that address.
    ///
    /// # Errors
    /// Whatever keeps the directory from being read. That is not the same as nobody.
    pub async fn of(exchange: Exchange<'_>, address: &str) -> Result<Option<Self>> {
        Self::among(exchange.read_all(whose(address)).await, address)
    }

    /// The same for several addresses, with fewer requests; in their order.
    pub async fn of_each(exchange: Exchange<'_>, addresses: &[String]) -> Vec<Result<Option<Self>>> {
        let cmdlets = addresses.iter().map(|address| whose(address)).collect();
        let found = exchange.read_each(cmdlets).await.into_iter().zip(addresses);
        found.map(|(found, address)| Self::among(found, address)).collect()
    }

    fn among(found: Result<Vec<Record>>, address: &str) -> Result<Option<Self>> {
        let recipients = match found {
            Ok(recipients) => recipients,
            Err(error) if is_not_found(&error) => return Ok(None),
            Err(error) => return Err(error),
        };
        // `-Identity` also matches names and ids: only who really has the address counts.
        let owners = recipients.into_iter().map(Self::read).filter(|addresses| addresses.has(address));
        Ok(owners.reduce(Self::and))
    }

    fn and(mut self, other: Self) -> Self {
        other.all.into_iter().for_each(|address| self.add(address));
        self.primary = None;
        self
    }

    /// In the order in which the service would list them: user principal name, primary address, aliases.
    fn read(mut recipient: Record) -> Self {
        let mut addresses = Self::default();
        let principal = recipient.take_text(USER_PRINCIPAL_NAME);
        addresses.primary = recipient.take_text("PrimarySmtpAddress");
        principal.into_iter().chain(addresses.primary.clone()).for_each(|address| addresses.add(address));
        for proxy in recipient.take_texts("EmailAddresses") {
            // Proxy addresses carry their kind: `SMTP:` the primary, `smtp:` an alias, others are no mail addresses.
            match proxy.split_once(':') {
                Some((kind, address)) if kind.eq_ignore_ascii_case("smtp") => addresses.add(address.to_owned()),
                Some(_) => {}
                None => addresses.add(proxy),
            }
        }
        addresses
    }

    fn add(&mut self, address: String) {
        if !address.is_empty() && !self.has(&address) {
            self.all.push(address);
        }
    }

    fn has(&self, address: &str) -> bool {
        self.all.iter().any(|known| known.eq_ignore_ascii_case(address))
    }

    /// The primary SMTP address, where there is one of that name.
    pub fn primary(&self) -> Option<&str> {
        self.primary.as_deref()
    }

    /// These addresses after `first`, each once.
    pub fn after(self, first: &str) -> Vec<String> {
        let mut all = Self { all: vec![first.to_owned()], primary: None };
        self.all.into_iter().for_each(|address| all.add(address));
        all.all
    }
}

fn whose(address: &str) -> Cmdlet {
    Cmdlet::new("Get-Recipient").with("Identity", Some(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_mail_addresses_count_each_once_in_the_order_of_the_list() {
        let recipient = serde_json::from_str(
            r#"{"PrimarySmtpAddress":"Megan.Bowen@contoso.com","WindowsLiveID":"megan@contoso.onmicrosoft.com",
                "EmailAddresses":["smtp:sales@contoso.com","SMTP:megan.bowen@contoso.com","SIP:m@contoso.com","X500:/o=x"]}"#,
        )
        .unwrap();
        let addresses = Addresses::read(recipient);
        assert_eq!(addresses.primary(), Some("Megan.Bowen@contoso.com"));
        let several =
            addresses.clone().and(Addresses { primary: Some("sales@contoso.com".into()), ..Default::default() });
        assert_eq!(several.primary(), None, "of several people, nobody's is the primary address");
        assert_eq!(
            addresses.after("sales@CONTOSO.com"),
            ["sales@CONTOSO.com", "megan@contoso.onmicrosoft.com", "Megan.Bowen@contoso.com"]
        );
    }
}
