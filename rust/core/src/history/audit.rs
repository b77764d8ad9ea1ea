//! The service's own record of restrictions: events of the unified audit log. Record type 51 (`HygieneEvent`),
//! operation `HygieneTenantEvents`, says that an entity was listed or delisted; its members are those of the Office
//! 365 Management Activity API's schema.

use std::borrow::Cow;

use serde::Deserialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::exchange::parse_date;
use crate::restriction::Key;

/// What the audit log says happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Audited {
    /// The service restricted the entity.
    Listed,
    /// The entity left the list: it was unblocked, or the restriction ended.
    Delisted,
    /// An admin unblocked it.
    Unblocked,
}

/// One record of the audit log about a restricted entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// The record's id; the same record in two exports has the same.
    pub id: String,
    /// When, as the service tells (to the second).
    pub time: OffsetDateTime,
    /// What happened.
    pub what: Audited,
    /// Which entity.
    pub key: Key,
    /// The service's reason, as it came; empty when it gives none.
    pub reason: String,
    /// Who unblocked it.
    pub account: Option<String>,
    /// The comment of who unblocked it.
    pub comment: Option<String>,
    /// The organization's id.
    pub organization_id: Option<String>,
}

/// Why a record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Defect {
    /// There is no `AuditData`.
    NoAuditData,
    /// It is not a whole JSON object of an audit record.
    NotJson,
    /// It is far larger than any record.
    TooLarge,
    /// Its `CreationTime` is missing or is no time.
    NoTime,
    /// Its `Event` is neither `Listed` nor `Delisted`.
    UnknownEvent,
    /// It does not say which entity it is about.
    NoEntity,
}

impl Defect {
    /// Why, for the admin.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Self::NoAuditData => "it has no AuditData",
            Self::NotJson => "its AuditData is not whole JSON (spreadsheets cut cells after 32,767 characters)",
            Self::TooLarge => "it is larger than any record of the audit log",
            Self::NoTime => "its CreationTime is missing or is no time",
            Self::UnknownEvent => "its Event is neither Listed nor Delisted",
            Self::NoEntity => "it does not say which entity it is about",
        }
    }
}

const HYGIENE: &str = "HygieneTenantEvents";

// Assumption (?): an admin's unblock is an ExchangeAdmin record whose operation is the cmdlet; the entity is in the
// parameter of this name, as it is for every cmdlet that is known to be audited.
pub(super) const UNBLOCKS: [(&str, &str); 2] =
    [("Remove-BlockedSenderAddress", "SenderAddress"), ("Remove-BlockedConnector", "ConnectorId")];

/// Which record it is. Records of other operations have members of the same names and other types, so nothing more
/// is read before that is known.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(rename = "Operation", borrow, default)]
    operation: Cow<'a, str>,
    #[serde(rename = "AuditData", alias = "auditData", borrow)]
    audit_data: Option<AuditData<'a>>,
}

/// `AuditData` is the record as JSON text, in some exports as an object.
#[derive(Deserialize)]
#[serde(untagged)]
enum AuditData<'a> {
    #[serde(borrow)]
    Text(Cow<'a, str>),
    Object(serde_json::Map<String, serde_json::Value>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Body {
    #[serde(default)]
    id: String,
    creation_time: Option<String>,
    user_id: Option<String>,
    organization_id: Option<String>,
    event: Option<String>,
    event_value: Option<String>,
    reason: Option<String>,
    result_status: Option<String>,
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Parameter {
    name: String,
    value: Option<serde_json::Value>,
}

impl AuditEvent {
    /// Reads an object of an export: the record itself, or a row that has it in `AuditData`. `None` for a record that
    /// is about something else, or about an unblock that failed.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read(json: &[u8]) -> Result<Option<Self>, Defect> {
        let head: Head<'_> = serde_json::from_slice(json).map_err(|_| Defect::NotJson)?;
        match head.audit_data {
            None if head.operation.is_empty() => Err(Defect::NoAuditData),
            None => Self::of(&head.operation, json),
            Some(AuditData::Text(text)) => Self::read_audit_data(text.as_bytes()),
            Some(AuditData::Object(object)) => {
                Self::read_audit_data(&serde_json::to_vec(&object).map_err(|_| Defect::NotJson)?)
            }
        }
    }

    /// Reads the record in `AuditData`, as [`read`](Self::read) does.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn read_audit_data(json: &[u8]) -> Result<Option<Self>, Defect> {
        if json.trim_ascii().is_empty() {
            return Err(Defect::NoAuditData);
        }
        let head: Head<'_> = serde_json::from_slice(json).map_err(|_| Defect::NotJson)?;
        if head.operation.is_empty() {
            return Err(Defect::NotJson);
        }
        Self::of(&head.operation, json)
    }

    fn of(operation: &str, json: &[u8]) -> Result<Option<Self>, Defect> {
        let unblock = UNBLOCKS.iter().find(|(cmdlet, _)| cmdlet.eq_ignore_ascii_case(operation));
        if unblock.is_none() && operation != HYGIENE {
            return Ok(None);
        }
        let body: Body = serde_json::from_slice(json).map_err(|_| Defect::NotJson)?;
        let time = body.creation_time.as_deref().and_then(parse_date).ok_or(Defect::NoTime)?;
        if let Some((_, parameter)) = unblock {
            return body.unblocked(time, parameter);
        }
        let what = match body.event.as_deref() {
            Some(event) if event.eq_ignore_ascii_case("Listed") => Audited::Listed,
            Some(event) if event.eq_ignore_ascii_case("Delisted") => Audited::Delisted,
            _ => return Err(Defect::UnknownEvent),
        };
        Ok(Some(Self {
            id: body.id,
            time,
            what,
            key: entity(body.event_value.as_deref()).ok_or(Defect::NoEntity)?,
            reason: body.reason.unwrap_or_default(),
            account: None,
            comment: None,
            organization_id: body.organization_id,
        }))
    }
}

impl Body {
    fn unblocked(self, time: OffsetDateTime, parameter: &str) -> Result<Option<AuditEvent>, Defect> {
        if self
            .result_status
            .as_deref()
            .is_some_and(|status| ["False", "Failed"].iter().any(|failed| status.eq_ignore_ascii_case(failed)))
        {
            return Ok(None);
        }
        let value = |name: &str| {
            let given = self.parameters.iter().find(|given| given.name.eq_ignore_ascii_case(name))?;
            given.value.as_ref()?.as_str().map(str::to_owned)
        };
        Ok(Some(AuditEvent {
            time,
            what: Audited::Unblocked,
            key: entity(value(parameter).as_deref()).ok_or(Defect::NoEntity)?,
            reason: String::new(),
            comment: value("Reason").filter(|comment| !comment.is_empty()),
            id: self.id,
            account: self.user_id,
            organization_id: self.organization_id,
        }))
    }
}

/// The entity of that name.
// Assumption (?): `EventValue` is documented as the user; where it is an id, it is a connector's.
fn entity(value: Option<&str>) -> Option<Key> {
    let value = value?.trim();
    match Uuid::parse_str(value) {
        Ok(id) => Some(Key::Connector(id)),
        Err(_) if value.is_empty() => None,
        Err(_) => Some(Key::Sender(value.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::uuid;

    const LISTED: &str = r#"{"CreationTime":"2026-11-02T08:00:05","Id":"a-1","Operation":"HygieneTenantEvents",
        "OrganizationId":"t-1","RecordType":51,"UserKey":"k","UserType":4,"Version":1,"Workload":"Exchange",
        "UserId":"Tenant","Audit":"system text","Event":"Listed","EventId":11,"EventValue":"Megan@contoso.com",
        "Reason":"OutboundSpamLast24Hours=842;"}"#;

    const UNBLOCKED: &str = r#"{"CreationTime":"2026-11-02T09:00:00","Id":"a-2","Operation":"Remove-BlockedSenderAddress",
        "OrganizationId":"t-1","RecordType":1,"ResultStatus":"True","UserId":"adele@contoso.com","ObjectId":"",
        "Parameters":[{"Name":"SenderAddress","Value":"megan@contoso.com"},{"Name":"Reason","Value":"secured"}]}"#;

    #[test]
    fn listed_delisted_and_unblocked_are_read() {
        let listed = AuditEvent::read_audit_data(LISTED.as_bytes()).unwrap().unwrap();
        assert_eq!(
            listed,
            AuditEvent {
                id: "a-1".into(),
                time: datetime!(2026-11-02 08:00:05 UTC),
                what: Audited::Listed,
                key: Key::Sender("Megan@contoso.com".into()),
                reason: "OutboundSpamLast24Hours=842;".into(),
                account: None,
                comment: None,
                organization_id: Some("t-1".into()),
            }
        );
        let delisted = LISTED.replace("\"Listed\"", "\"Delisted\"").replace("Megan@contoso.com", ID);
        let delisted = AuditEvent::read_audit_data(delisted.as_bytes()).unwrap().unwrap();
        assert_eq!((delisted.what, delisted.key), (Audited::Delisted, Key::Connector(uuid!(ID))));
        let unblocked = AuditEvent::read_audit_data(UNBLOCKED.as_bytes()).unwrap().unwrap();
        assert_eq!(unblocked.what, Audited::Unblocked);
        assert_eq!(unblocked.key, Key::Sender("megan@contoso.com".into()));
        assert_eq!(unblocked.account.as_deref(), Some("adele@contoso.com"));
        assert_eq!(unblocked.comment.as_deref(), Some("secured"));
    }

    const ID: &str = "5a2e8b1c-0000-4000-8000-00000000000a";

    #[test]
    fn audit_data_comes_as_text_as_object_or_alone() {
        let alone = AuditEvent::read(LISTED.as_bytes());
        let text =
            serde_json::json!({"RecordType": "HygieneEvent", "Operations": "HygieneTenantEvents", "AuditData": LISTED});
        assert_eq!(AuditEvent::read(text.to_string().as_bytes()), alone);
        let object = format!(r#"{{"id":"x","auditData":{LISTED}}}"#);
        assert_eq!(AuditEvent::read(object.as_bytes()), alone);
        assert!(alone.unwrap().is_some());
    }

    #[test]
    fn records_about_something_else_are_none_whatever_their_members() {
        for other in [
            r#"{"Operation":"New-InboxRule","Parameters":"x","Reason":7,"Event":{"a":1}}"#.to_owned(),
            r#"{"Operation":"MailItemsAccessed","CreationTime":null}"#.to_owned(),
            UNBLOCKED.replace("\"True\"", "\"False\""),
        ] {
            assert_eq!(AuditEvent::read_audit_data(other.as_bytes()), Ok(None), "{other}");
        }
    }

    #[test]
    fn each_defect_is_told() {
        for (record, defect) in [
            (String::new(), Defect::NoAuditData),
            (LISTED[..200].to_owned(), Defect::NotJson),
            ("{\"Id\":\"x\"}".to_owned(), Defect::NotJson),
            (LISTED.replace("2026-11-02T08:00:05", "11/2/2026"), Defect::NoTime),
            (LISTED.replace("\"Listed\"", "\"Dreamt\""), Defect::UnknownEvent),
            (LISTED.replace("Megan@contoso.com", " "), Defect::NoEntity),
            (UNBLOCKED.replace("\"SenderAddress\"", "\"Identity\""), Defect::NoEntity),
        ] {
            assert_eq!(AuditEvent::read_audit_data(record.as_bytes()), Err(defect), "{record}");
        }
        assert_eq!(AuditEvent::read(b"{\"a\":1}"), Err(Defect::NoAuditData));
        assert_eq!(AuditEvent::read(b"{\"AuditData\":null}"), Err(Defect::NoAuditData));
    }
}
