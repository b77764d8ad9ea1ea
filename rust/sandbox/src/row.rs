//! One row of a cmdlet's output and how it goes over the wire: every typed property comes with companions
//! (`X@data.type`, `X@odata.type`) that say what the JSON text really is.

use serde::ser::{SerializeMap, Serializer};
use serde::Serialize;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::OffsetDateTime;
use uuid::Uuid;

const WIRE_TIME: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]+00:00");

/// A time as the service writes it: `2026-11-23T08:00:00.0000000+00:00`.
pub(crate) fn wire_time(time: OffsetDateTime) -> String {
    time.to_offset(time::UtcOffset::UTC).format(WIRE_TIME).unwrap_or_default()
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i32),
    /// System.UInt64
    Big(u64),
    Text(String),
    Texts(Vec<String>),
    Guid(Uuid),
    Time(OffsetDateTime),
}

impl Value {
    pub(crate) fn of_texts(texts: &[&str]) -> Self {
        Self::Texts(texts.iter().map(|text| (*text).to_owned()).collect())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Properties in the order the cmdlet shows them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row(pub(crate) Vec<(&'static str, Value)>);

impl Row {
    /// Keeps the properties that `$select` names (compared without case); unknown names select nothing.
    pub(crate) fn select(&mut self, names: &[String]) {
        self.0.retain(|(name, _)| names.iter().any(|wanted| wanted.eq_ignore_ascii_case(name)));
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in &self.0 {
            match value {
                Value::Null => map.serialize_entry(name, &())?,
                Value::Bool(value) => map.serialize_entry(name, value)?,
                Value::Int(value) => {
                    map.serialize_entry(&format!("{name}@data.type"), "System.Int32")?;
                    map.serialize_entry(name, value)?;
                }
                Value::Big(value) => {
                    map.serialize_entry(&format!("{name}@data.type"), "System.UInt64")?;
                    map.serialize_entry(name, value)?;
                }
                Value::Text(text) => map.serialize_entry(name, text)?,
                Value::Texts(texts) => {
                    map.serialize_entry(&format!("{name}@odata.type"), "#Collection(String)")?;
                    map.serialize_entry(name, texts)?;
                }
                Value::Guid(guid) => {
                    map.serialize_entry(&format!("{name}@data.type"), "System.Guid")?;
                    map.serialize_entry(&format!("{name}@odata.type"), "#Guid")?;
                    map.serialize_entry(name, &guid.to_string())?;
                }
                Value::Time(time) => {
                    map.serialize_entry(&format!("{name}@data.type"), "System.DateTime")?;
                    map.serialize_entry(name, &wire_time(*time))?;
                }
            }
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn companions_precede_their_property() {
        let row = Row(vec![
            ("SenderAddress", "ann@contoso.com".into()),
            ("CreatedDatetime", Value::Time(datetime!(2026-11-23 08:00:01.5 +2))),
            ("ConnectorId", Value::Guid(Uuid::nil())),
            ("EmailAddresses", Value::Texts(vec!["SMTP:ann@contoso.com".into()])),
            ("TemporaryBlock", Value::Bool(true)),
            ("ExpirationTime", Value::Null),
            ("ObjectVersion", Value::Int(-7)),
            ("RuleIdentity", Value::Big(u64::MAX)),
        ]);
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            concat!(
                r#"{"SenderAddress":"ann@contoso.com","#,
                r#""CreatedDatetime@data.type":"System.DateTime","#,
                r#""CreatedDatetime":"2026-11-23T06:00:01.5000000+00:00","#,
                r##""ConnectorId@data.type":"System.Guid","ConnectorId@odata.type":"#Guid","##,
                r#""ConnectorId":"00000000-0000-0000-0000-000000000000","#,
                r##""EmailAddresses@odata.type":"#Collection(String)","EmailAddresses":["SMTP:ann@contoso.com"],"##,
                r#""TemporaryBlock":true,"ExpirationTime":null,"#,
                r#""ObjectVersion@data.type":"System.Int32","ObjectVersion":-7,"#,
                r#""RuleIdentity@data.type":"System.UInt64","RuleIdentity":18446744073709551615}"#
            )
        );
    }

    #[test]
    fn select_ignores_case_and_unknown_names() {
        let mut row = Row(vec![("Name", "a".into()), ("Alias", "b".into())]);
        row.select(&["NAME".into(), "Nonsense".into()]);
        assert_eq!(row, Row(vec![("Name", "a".into())]));
    }
}
