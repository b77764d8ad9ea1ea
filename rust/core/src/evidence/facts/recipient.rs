//! Who has an address, as the directory tells it.

use uuid::Uuid;

use super::bare;
use crate::exchange::Record;

/// What the directory says of who has an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recipient {
    /// `RecipientTypeDetails`.
    pub kind: String,
    /// Its id in Microsoft Entra.
    pub object_id: Option<Uuid>,
    /// What the account signs in with.
    pub principal: Option<String>,
    /// The primary SMTP address.
    pub primary: Option<String>,
    /// Everything that a record may call it by.
    pub names: Vec<String>,
    /// Where mail to it goes, if that is outside.
    pub external: Option<String>,
}

impl Recipient {
    /// Reads a row of `Get-Recipient`.
    pub fn read(mut row: Record) -> Self {
        let object_id = row.take_text("ExternalDirectoryObjectId");
        let mut names = Vec::new();
        for name in ["Identity", "Name", "DisplayName", "Alias", "Guid", "DistinguishedName"] {
            names.extend(row.take_text(name));
        }
        // Assumption (?): the user principal name comes in `WindowsLiveID`, as for the addresses of a person.
        let principal = row.take_text("WindowsLiveID");
        let primary = row.take_text("PrimarySmtpAddress");
        names.extend(row.take_texts("EmailAddresses").into_iter().filter_map(|proxy| match proxy.split_once(':') {
            Some((kind, address)) if kind.eq_ignore_ascii_case("smtp") => Some(address.to_owned()),
            Some(_) => None,
            None => Some(proxy),
        }));
        names.extend([&principal, &primary, &object_id].into_iter().flatten().cloned());
        Self {
            kind: row.take_text("RecipientTypeDetails").unwrap_or_default(),
            object_id: object_id.and_then(|id| Uuid::parse_str(&id).ok()),
            external: row.take_text("ExternalEmailAddress").map(|address| bare(&address).to_owned()),
            principal,
            primary,
            names,
        }
    }

    /// Whether it has this address, and not only a name like it.
    pub fn has(&self, address: &str) -> bool {
        self.names.iter().any(|name| name.eq_ignore_ascii_case(address))
    }

    /// Whether it has a mailbox here; nothing where the service names no type.
    pub fn has_mailbox(&self) -> Option<bool> {
        let kind = self.kind.to_lowercase();
        (!kind.is_empty()).then(|| kind.ends_with("mailbox") && !kind.starts_with("remote"))
    }

    /// Whether somebody could sign in as it, so that it should have an account in Microsoft Entra.
    pub fn may_sign_in(&self) -> Option<bool> {
        let kind = self.kind.to_lowercase();
        (!kind.is_empty()).then(|| {
            kind.ends_with("mailbox") && !kind.starts_with("group") && !kind.starts_with("publicfolder")
                || kind.ends_with("user")
        })
    }
}
