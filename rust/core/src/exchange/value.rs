//! What a cmdlet returns: records of named, typed values, read from JSON with type companions
//! (`"X@data.type": "System.DateTime"` says what `"X"` is).

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// One value of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Real(f64),
    /// Text, and everything that has no type of its own here (GUIDs, names of enums).
    Text(String),
    /// A moment; times without an offset are UTC.
    Date(OffsetDateTime),
    /// Several values.
    List(Vec<Value>),
    /// An object within the object, as its JSON text.
    Json(String),
}

/// One object that a cmdlet returned. Names keep the service's order; members with `@` in their name are not part of it.
/// A value that was taken out leaves its place empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record(Vec<(Cow<'static, str>, Option<Value>)>);

impl Record {
    /// A record of these names and values.
    #[must_use]
    pub fn of(values: Vec<(String, Value)>) -> Self {
        Self(values.into_iter().map(|(name, value)| (Cow::Owned(name), Some(value))).collect())
    }

    /// Takes the value of that name out, without regard to case; `Null` when there is none.
    pub fn take(&mut self, name: &str) -> Value {
        let member = self.0.iter_mut().find(|(known, value)| value.is_some() && known.eq_ignore_ascii_case(name));
        member.and_then(|(_, value)| value.take()).unwrap_or(Value::Null)
    }

    /// Takes a text out; empty counts as none.
    pub fn take_text(&mut self, name: &str) -> Option<String> {
        self.take(name).into_text().filter(|text| !text.is_empty())
    }

    /// Takes a moment out. What is there but is no moment stays in the record, for the admin to see.
    pub fn take_date(&mut self, name: &str) -> Option<OffsetDateTime> {
        match self.take(name) {
            Value::Date(date) => Some(date),
            Value::Null => None,
            other => {
                let parsed = if let Value::Text(text) = &other { parse_date(text) } else { None };
                if parsed.is_none() {
                    self.0.push((Cow::Owned(name.to_owned()), Some(other)));
                }
                parsed
            }
        }
    }

    /// Takes a truth value out, also from the texts `True` and `False`.
    pub fn take_bool(&mut self, name: &str) -> Option<bool> {
        match self.take(name) {
            Value::Bool(value) => Some(value),
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    /// Takes a whole number out, also from its text.
    pub fn take_int(&mut self, name: &str) -> Option<i64> {
        match self.take(name) {
            Value::Int(value) => Some(value),
            Value::Text(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// Takes a list of texts out; a single text is a list of one.
    pub fn take_texts(&mut self, name: &str) -> Vec<String> {
        match self.take(name) {
            Value::List(values) => values.into_iter().filter_map(Value::into_text).collect(),
            other => other.into_text().into_iter().collect(),
        }
    }

    /// What has not been taken, in the service's order.
    #[must_use]
    pub fn rest(self) -> Vec<(String, Value)> {
        self.0.into_iter().filter_map(|(name, value)| Some((name.into_owned(), value?))).collect()
    }
}

impl Value {
    fn into_text(self) -> Option<String> {
        match self {
            Self::Null | Self::List(_) => None,
            Self::Text(text) | Self::Json(text) => Some(text),
            Self::Bool(value) => Some(value.to_string()),
            Self::Int(value) => Some(value.to_string()),
            Self::Real(value) => Some(value.to_string()),
            Self::Date(date) => date.format(&Rfc3339).ok(),
        }
    }

    /// Reads the text as its companion says; what does not fit stays text.
    fn typed(self, kind: Kind) -> Self {
        match (self, kind) {
            (Self::Text(text), Kind::Moment) => parse_date(&text).map_or(Self::Text(text), Self::Date),
            (Self::Text(text), Kind::Whole) => text.parse().map_or(Self::Text(text), Self::Int),
            (other, _) => other,
        }
    }
}

/// Reads `2026-11-01T08:07:47.0000000+00:00`, the same with `Z`, and without any offset (then it is UTC).
pub(crate) fn parse_date(text: &str) -> Option<OffsetDateTime> {
    const LOCAL: &[time::format_description::BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second][optional [.[subsecond]]]");
    OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| PrimitiveDateTime::parse(text, LOCAL).map(PrimitiveDateTime::assume_utc))
        .ok()
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Record;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record, A::Error> {
                let mut members: Vec<(Cow<'static, str>, Option<Value>)> = Vec::with_capacity(8);
                // A companion mostly stands just before its member, which is then read as what it is at once.
                let mut ahead: Option<(Cow<'static, str>, Kind)> = None;
                let mut kinds: Vec<(Cow<'static, str>, Kind)> = Vec::new();
                while let Some(name) = map.next_key::<Name>()? {
                    match name {
                        Name::Member(name) => {
                            let kind = ahead.take_if(|(of, _)| *of == name).map_or(Kind::Other, |(_, kind)| kind);
                            let value = map.next_value_seed(Of(kind))?;
                            members.push((name, Some(value)));
                        }
                        Name::KindOf(name) => kinds.extend(ahead.replace((name, map.next_value()?))),
                        Name::Hidden => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                for (of, kind) in kinds.into_iter().chain(ahead) {
                    if let Some((_, value)) = members.iter_mut().find(|(name, _)| *name == of) {
                        *value = value.take().map(|value| value.typed(kind));
                    }
                }
                Ok(Record(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// The name of a JSON member, and what the member is for.
enum Name {
    Member(Cow<'static, str>),
    KindOf(Cow<'static, str>),
    Hidden,
}

/// The names that come with every entry of a list: they need no memory of their own.
fn common(name: &str) -> Option<&'static str> {
    Some(match name {
        "SenderAddress" => "SenderAddress",
        "Reason" => "Reason",
        "CreatedDatetime" => "CreatedDatetime",
        "ChangedDatetime" => "ChangedDatetime",
        "TemporaryBlock" => "TemporaryBlock",
        "ConnectorId" => "ConnectorId",
        "ConnectorName" => "ConnectorName",
        "TenantId" => "TenantId",
        "CreatedTime" => "CreatedTime",
        "ExpirationTime" => "ExpirationTime",
        _ => return None,
    })
}

fn known(name: &str) -> Cow<'static, str> {
    common(name).map_or_else(|| Cow::Owned(name.to_owned()), Cow::Borrowed)
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                if let Some(common) = common(name) {
                    return Ok(Name::Member(Cow::Borrowed(common)));
                }
                let companion = name.strip_suffix("@data.type").or_else(|| name.strip_suffix("@odata.type"));
                Ok(match companion {
                    Some(of) if !of.is_empty() && !of.contains('@') => Name::KindOf(known(of)),
                    _ if name.contains('@') => Name::Hidden,
                    _ => Name::Member(Cow::Owned(name.to_owned())),
                })
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// What a companion says of its member, as far as it matters here.
#[derive(Clone, Copy)]
enum Kind {
    Moment,
    Whole,
    Other,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Text(kind) if kind == "System.DateTime" => Self::Moment,
            Value::Text(kind) if matches!(kind.as_str(), "System.Int32" | "System.Int64") => Self::Whole,
            _ => Self::Other,
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Of(Kind::Other).deserialize(deserializer)
    }
}

/// Reads a value of which its companion has told the kind.
struct Of(Kind);

impl<'de> DeserializeSeed<'de> for Of {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        struct Any(Kind);
        impl<'de> Visitor<'de> for Any {
            type Value = Value;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::Null)
            }

            fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
                Ok(Value::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(Value::Int(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(i64::try_from(value).map_or_else(|_| Value::Text(value.to_string()), Value::Int))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(Value::Real(value))
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(match self.0 {
                    Kind::Moment => parse_date(text).map(Value::Date),
                    Kind::Whole => text.parse().map(Value::Int).ok(),
                    Kind::Other => None,
                }
                .unwrap_or_else(|| Value::Text(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Value, E> {
                Ok(Value::Text(text).typed(self.0))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = seq.next_element()? {
                    values.push(value);
                }
                Ok(Value::List(values))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
                let object = serde_json::Value::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Value::Json(object.to_string()))
            }
        }
        deserializer.deserialize_any(Any(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn record(json: &str) -> Record {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn companions_give_types_wherever_they_stand() {
        let mut record = record(
            r##"{"CreatedDatetime@data.type":"System.DateTime","CreatedDatetime":"2026-11-01T08:07:47.0000000+00:00",
                "Count":"12","Count@data.type":"System.Int32","Id":"a","Id@odata.type":"#Guid","@odata.id":"hidden",
                "Names@odata.type":"#Collection(String)","Names":["a","b"],"Deep":{"a":[1]},"Nothing":null}"##,
        );
        assert_eq!(record.take_date("createddatetime"), Some(datetime!(2026-11-01 08:07:47 UTC)));
        assert_eq!(record.take("Count"), Value::Int(12));
        assert_eq!(record.take_texts("Names"), ["a", "b"]);
        assert_eq!(
            record.rest(),
            [
                ("Id".into(), Value::Text("a".into())),
                ("Deep".into(), Value::Json(r#"{"a":[1]}"#.into())),
                ("Nothing".into(), Value::Null)
            ]
        );
    }

    #[test]
    fn dates_end_in_z_an_offset_or_nothing() {
        let noon = Some(datetime!(2026-11-01 12:00 UTC));
        for text in
            ["2026-11-01T12:00:00Z", "2026-11-01T14:00:00+02:00", "2026-11-01T12:00:00", "2026-11-01T12:00:00.0000000"]
        {
            assert_eq!(parse_date(text), noon, "{text}");
        }
        assert_eq!(parse_date("1 November"), None);
    }

    #[test]
    fn an_unreadable_date_is_not_lost() {
        let mut record = record(r#"{"CreatedDatetime":"soon"}"#);
        assert_eq!(record.take_date("CreatedDatetime"), None);
        assert_eq!(record.rest(), [("CreatedDatetime".into(), Value::Text("soon".into()))]);
    }
}
