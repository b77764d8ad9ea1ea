//! What an item of input names. Pipelines bring typed objects, property bags, rows of CSV files with empty columns,
//! and typing errors; what they mean is judged here and nowhere else.

use time::OffsetDateTime;
use uuid::Uuid;

use super::pattern::Pattern;
use super::{Circumstances, EntityType, Key};
use crate::connection::Origin;
use crate::error::{Code, Error, Result};

/// An item of input as it came: empty and blank fields count as absent.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// An address or, where patterns are taken, a pattern.
    pub sender_address: Option<String>,
    /// A connector's id.
    pub connector_id: Option<String>,
    /// What kind of entity it is about, where it tells: a report about a connector has a sender, too.
    pub entity_type: Option<EntityType>,
    /// The organization that the item comes from, where it tells.
    pub tenant_id: Option<String>,
    /// What is known of the entry when the item is an object of the list itself, whose key needs no looking up.
    pub known: Option<Known>,
    /// When an unblock of it was sent, where the item tells.
    pub requested_at: Option<OffsetDateTime>,
    /// The From address of a message, which need not be the sender's own.
    pub from: Option<String>,
}

/// What an object of the list tells about its entry.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The service's reason.
    pub reason: String,
    /// Since when it is restricted.
    pub since: Option<OffsetDateTime>,
    /// A connector's name.
    pub connector_name: Option<String>,
    /// `TemporaryBlock` of a sender.
    pub temporary_block: Option<bool>,
    /// `ExpirationTime` of a connector.
    pub expiration: Option<OffsetDateTime>,
    /// What was known besides the list when the object was read.
    pub circumstances: Circumstances,
}

/// What an item names.
#[derive(Debug)]
pub enum Named {
    /// One entity.
    One(Key),
    /// All senders whose address fits.
    Senders(Pattern),
}

impl Target {
    /// What the item names. `number` is its place in the input.
    ///
    /// # Errors
    /// [`Code::NothingNamed`], [`Code::BothNamed`], [`Code::InvalidAddress`], [`Code::InvalidConnectorId`].
    pub fn named(&self, number: u64) -> Result<Named> {
        match (present(self.sender_address.as_deref()), connector(self.connector_id.as_deref())?) {
            (Some(address), None) if self.entity_type == Some(EntityType::Connector) => Err(Error::new(
                Code::NothingNamed,
                format!("Item {number} of the input is about a connector and does not name it; the sender that it names ({address}) is not what is restricted."),
            )
            .about(address)),
            (Some(address), None) => named_address(address),
            (None, Some(id)) => Ok(Named::One(Key::Connector(id))),
            (None, None) => Err(Error::new(
                Code::NothingNamed,
                format!("Item {number} of the input names neither a sender address nor a connector."),
            )),
            (Some(address), Some(id)) => Err(Error::new(
                Code::BothNamed,
                format!("Item {number} of the input names a sender address ({address}) and a connector ({id})."),
            )
            .about(address)),
        }
    }

    /// The one entity that the item names.
    ///
    /// # Errors
    /// As [`named`](Self::named), and [`Code::PatternNotAllowed`].
    pub fn key(&self, number: u64) -> Result<Key> {
        match self.named(number)? {
            Named::One(key) => Ok(key),
            Named::Senders(pattern) => Err(Error::new(
                Code::PatternNotAllowed,
                format!("'{}' is a pattern; here each entity must be named.", pattern.text()),
            )
            .about(pattern.text())),
        }
    }

    /// The one entity that the item names, in the organization that it must come from as far as it tells.
    ///
    /// # Errors
    /// [`Code::WrongOrganization`], and as [`key`](Self::key).
    pub fn key_in(&self, origin: &Origin, number: u64) -> Result<Key> {
        self.must_belong_to(origin.tenant_id.as_deref(), &origin.organization)?;
        self.key(number)
    }

    /// The From address that the item names, where it names one.
    ///
    /// # Errors
    /// [`Code::InvalidAddress`], [`Code::PatternNotAllowed`].
    pub fn from(&self, number: u64) -> Result<Option<String>> {
        if present(self.from.as_deref()).is_none() {
            return Ok(None);
        }
        let key = Self { sender_address: self.from.clone(), ..Self::default() }.key(number)?;
        Ok(key.sender_address().map(str::to_owned))
    }

    /// Whether the item names neither a sender nor a connector.
    #[must_use]
    pub fn names_no_entity(&self) -> bool {
        [&self.sender_address, &self.connector_id].into_iter().all(|name| present(name.as_deref()).is_none())
    }

    /// Refuses an item of another organization than `tenant_id`, as far as both tell.
    ///
    /// # Errors
    /// [`Code::WrongOrganization`].
    pub fn must_belong_to(&self, tenant_id: Option<&str>, organization: &str) -> Result<()> {
        match (present(self.tenant_id.as_deref()), tenant_id) {
            (Some(theirs), Some(ours)) if !theirs.eq_ignore_ascii_case(ours) => {
                let what = self.sender_address.as_deref().or(self.connector_id.as_deref()).unwrap_or("The item");
                let message = format!(
                    "{what} belongs to the organization {theirs}, but the connection is to {organization} ({ours})."
                );
                Err(Error::new(Code::WrongOrganization, message).about(what))
            }
            _ => Ok(()),
        }
    }
}

fn present(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

fn connector(text: Option<&str>) -> Result<Option<Uuid>> {
    let Some(text) = present(text) else { return Ok(None) };
    match Uuid::parse_str(text) {
        Ok(id) if id.is_nil() => Ok(None),
        Ok(id) => Ok(Some(id)),
        Err(error) => {
            let message = format!("'{text}' is not the id of a connector.");
            Err(Error::new(Code::InvalidConnectorId, message).about(text).caused_by(&error))
        }
    }
}

fn named_address(text: &str) -> Result<Named> {
    if Pattern::is_pattern(text) {
        return match Pattern::parse(text) {
            Some(pattern) => Ok(Named::Senders(pattern)),
            None => refuse_address(text, "is not a pattern: a bracket is not closed"),
        };
    }
    check_address(text)?;
    Ok(Named::One(Key::Sender(text.to_owned())))
}

/// Refuses what is no mail address.
///
/// # Errors
/// [`Code::InvalidAddress`].
pub fn check_address(text: &str) -> Result<()> {
    let refuse = |why| refuse_address(text, why);
    let Some((local, domain)) = text.rsplit_once('@') else {
        return refuse("is not an email address: it has no @");
    };
    if local.is_empty() || domain.split('.').any(str::is_empty) {
        return refuse("is not an email address: a part of it is missing");
    }
    // RFC 5321 section 4.5.3.1: 64 for the local part, 255 for the domain.
    if text.len() > 64 + 1 + 255 {
        return refuse("is not an email address: it is too long");
    }
    if text.chars().any(|c| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '(' | ')' | ',' | ';' | ':' | '"' | '\\')
    }) || local.contains('@')
    {
        return refuse("is not an email address: it has a character that does not belong in one");
    }
    Ok(())
}

fn refuse_address<T>(text: &str, why: &str) -> Result<T> {
    Err(Error::new(Code::InvalidAddress, format!("'{text}' {why}.")).about(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: Option<&str>, connector: Option<&str>) -> Target {
        Target {
            sender_address: address.map(str::to_owned),
            connector_id: connector.map(str::to_owned),
            ..Target::default()
        }
    }

    const ID: &str = "5a2e8b1c-0000-4000-8000-00000000000a";

    #[test]
    fn empty_columns_count_as_absent() {
        assert_eq!(target(Some(" a@contoso.com "), Some("")).key(1).unwrap(), Key::Sender("a@contoso.com".into()));
        assert_eq!(target(Some("  "), Some(ID)).key(1).unwrap(), Key::Connector(Uuid::parse_str(ID).unwrap()));
        let nil = Uuid::nil().to_string();
        assert_eq!(target(Some("a@contoso.com"), Some(&nil)).key(1).unwrap(), Key::Sender("a@contoso.com".into()));
    }

    #[test]
    fn each_wrong_input_has_its_error() {
        let code = |target: Target| target.key(3).unwrap_err().code();
        assert_eq!(code(target(None, Some(" "))), Code::NothingNamed);
        let of_a_connector = Target { entity_type: Some(EntityType::Connector), ..target(Some("a@contoso.com"), None) };
        assert_eq!(code(of_a_connector), Code::NothingNamed, "its sender is not what is restricted");
        assert_eq!(code(target(Some("a@contoso.com"), Some(ID))), Code::BothNamed);
        assert_eq!(code(target(None, Some("a@contoso.com"))), Code::InvalidConnectorId);
        assert_eq!(code(target(Some("*@contoso.com"), None)), Code::PatternNotAllowed);
        for wrong in [
            "megan",
            "@contoso.com",
            "a@",
            "a@contoso..com",
            "a b@contoso.com",
            "Megan <a@contoso.com>",
            "a@b@contoso.com",
            "[a@contoso.com",
        ] {
            assert_eq!(code(target(Some(wrong), None)), Code::InvalidAddress, "{wrong}");
        }
        assert_eq!(code(target(Some(&format!("{}@contoso.com", "a".repeat(400))), None)), Code::InvalidAddress);
    }

    #[test]
    fn an_apostrophe_and_letters_of_any_script_are_fine() {
        for fine in ["o'brien@contoso.com", "jörg@bücher.example", "a+b_c=d@contoso.com"] {
            assert!(target(Some(fine), None).key(1).is_ok(), "{fine}");
        }
    }

    #[test]
    fn another_organization_is_refused_as_far_as_both_tell() {
        let mut item = target(Some("a@contoso.com"), None);
        assert!(item.must_belong_to(Some("t-1"), "contoso").is_ok());
        item.tenant_id = Some("T-1".into());
        assert!(item.must_belong_to(Some("t-1"), "contoso").is_ok());
        assert!(item.must_belong_to(None, "contoso").is_ok());
        let error = item.must_belong_to(Some("t-2"), "fabrikam").unwrap_err();
        assert_eq!(error.code(), Code::WrongOrganization);
        assert!(error.message.contains("fabrikam"), "{error}");
    }
}
