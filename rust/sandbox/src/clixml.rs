//! Rows as PowerShell's own serialization (CLIXML), which the official module asks for: the client deserializes the
//! text and puts `Deserialized.` before the type names itself.

use std::fmt::Write;

use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};

use crate::row::{Row, Value};

const TIME: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");

/// How much of a value's own structure is kept (`X-SerializationLevel`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Level {
    /// Every value with properties of its own becomes an object: a list is a typed collection.
    Full,
    /// Lists are plain ones.
    #[default]
    Partial,
}

impl Level {
    /// What the header says; without it, or when it says something else, `Partial` (?).
    pub(crate) fn from_header(text: Option<&str>) -> Self {
        if text.is_some_and(|text| text.trim().eq_ignore_ascii_case("full")) {
            Self::Full
        } else {
            Self::Partial
        }
    }
}

/// One row as a CLIXML document.
pub(crate) fn document(row: &Row, type_name: &str, level: Level) -> String {
    let mut writer = Writer { text: String::with_capacity(1024), references: 0 };
    writer.text.push_str(r#"<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">"#);
    writer.open_object(None, &[type_name, "System.Object"]);
    if level == Level::Full {
        writer.element("ToString", None, type_name);
    }
    writer.text.push_str("<Props>");
    for (name, value) in &row.0 {
        writer.property(name, value, level);
    }
    writer.text.push_str("</Props></Obj></Objs>");
    writer.text
}

struct Writer {
    text: String,
    /// Numbers objects and type lists alike; they are counted apart by the reader.
    references: u32,
}

impl Writer {
    fn property(&mut self, name: &str, value: &Value, level: Level) {
        match value {
            Value::Null => self.nil(name),
            Value::Bool(value) => self.element("B", Some(name), if *value { "true" } else { "false" }),
            Value::Int(value) => self.element("I32", Some(name), &value.to_string()),
            Value::Big(value) => self.element("U64", Some(name), &value.to_string()),
            Value::Text(text) => self.element("S", Some(name), text),
            Value::Guid(guid) => self.element("G", Some(name), &guid.to_string()),
            Value::Time(time) => self.element("DT", Some(name), &written(*time)),
            Value::Texts(texts) => {
                let list = ["System.Collections.ArrayList", "System.Object"];
                let collection = ["Microsoft.Exchange.Data.MultiValuedProperty`1[System.String]", "System.Object"];
                self.open_object(Some(name), if level == Level::Full { &collection } else { &list });
                self.text.push_str("<LST>");
                for text in texts {
                    self.element("S", None, text);
                }
                self.text.push_str("</LST></Obj>");
            }
        }
    }

    fn open_object(&mut self, name: Option<&str>, types: &[&str]) {
        let reference = self.references;
        self.references += 1;
        self.text.push_str("<Obj");
        self.name(name);
        // Writing to a String does not fail.
        let _ = write!(self.text, r#" RefId="{reference}"><TN RefId="{reference}">"#);
        for name in types {
            self.element("T", None, name);
        }
        self.text.push_str("</TN>");
    }

    fn nil(&mut self, name: &str) {
        self.text.push_str("<Nil");
        self.name(Some(name));
        self.text.push_str(" />");
    }

    fn element(&mut self, tag: &str, name: Option<&str>, contents: &str) {
        let _ = write!(self.text, "<{tag}");
        self.name(name);
        self.text.push('>');
        escape(contents, &mut self.text);
        let _ = write!(self.text, "</{tag}>");
    }

    fn name(&mut self, name: Option<&str>) {
        if let Some(name) = name {
            self.text.push_str(" N=\"");
            escape(name, &mut self.text);
            self.text.push('"');
        }
    }
}

fn written(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(TIME).unwrap_or_default()
}

/// XML's own escapes, and PowerShell's `_xHHHH_` for what XML cannot hold or a reader might change: control
/// characters, UTF-16 surrogates, and an underscore that would look like the start of such an escape.
fn escape(contents: &str, text: &mut String) {
    let mut characters = contents.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '_' if matches!(characters.peek(), Some('x' | 'X')) => text.push_str("_x005F_"),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' | '\u{10000}'.. => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(text, "_x{unit:04X}_");
                }
            }
            plain => text.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use uuid::Uuid;

    fn row() -> Row {
        Row(vec![
            ("SenderAddress", "o'brien@contoso.com".into()),
            ("CreatedDatetime", Value::Time(datetime!(2026-11-23 08:00:01.5 +2))),
            ("ConnectorId", Value::Guid(Uuid::nil())),
            ("EmailAddresses", Value::Texts(vec!["SMTP:ann@contoso.com".into(), "<&>".into()])),
            ("Nobody", Value::Texts(Vec::new())),
            ("TemporaryBlock", Value::Bool(true)),
            ("ExpirationTime", Value::Null),
            ("ObjectVersion", Value::Int(-7)),
            ("RuleIdentity", Value::Big(7)),
        ])
    }

    #[test]
    fn every_kind_of_value() {
        assert_eq!(
            document(&row(), "A.B", Level::Partial),
            concat!(
                r#"<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">"#,
                r#"<Obj RefId="0"><TN RefId="0"><T>A.B</T><T>System.Object</T></TN><Props>"#,
                r#"<S N="SenderAddress">o'brien@contoso.com</S>"#,
                r#"<DT N="CreatedDatetime">2026-11-23T06:00:01.5000000Z</DT>"#,
                r#"<G N="ConnectorId">00000000-0000-0000-0000-000000000000</G>"#,
                r#"<Obj N="EmailAddresses" RefId="1"><TN RefId="1"><T>System.Collections.ArrayList</T>"#,
                r#"<T>System.Object</T></TN><LST><S>SMTP:ann@contoso.com</S><S>&lt;&amp;&gt;</S></LST></Obj>"#,
                r#"<Obj N="Nobody" RefId="2"><TN RefId="2"><T>System.Collections.ArrayList</T>"#,
                r#"<T>System.Object</T></TN><LST></LST></Obj>"#,
                r#"<B N="TemporaryBlock">true</B><Nil N="ExpirationTime" /><I32 N="ObjectVersion">-7</I32>"#,
                r#"<U64 N="RuleIdentity">7</U64>"#,
                r#"</Props></Obj></Objs>"#,
            )
        );
    }

    #[test]
    fn full_says_more() {
        let text = document(&row(), "A.B", Level::Full);
        assert!(text.contains("</TN><ToString>A.B</ToString><Props>"));
        assert!(text.contains("MultiValuedProperty`1[System.String]"));
    }

    #[test]
    fn levels() {
        for (header, level) in [
            (None, Level::Partial),
            (Some("Full"), Level::Full),
            (Some(" FULL"), Level::Full),
            (Some("Partial"), Level::Partial),
            (Some("Whatever"), Level::Partial),
        ] {
            assert_eq!(Level::from_header(header), level);
        }
    }

    #[test]
    fn escapes() {
        let escaped = |contents: &str| {
            let mut text = String::new();
            escape(contents, &mut text);
            text
        };
        assert_eq!(escaped("a\r\nb\0\u{85}"), "a_x000D__x000A_b_x0000__x0085_");
        assert_eq!(escaped("_x_X_y__x"), "_x005F_x_x005F_X_y__x005F_x");
        assert_eq!(escaped("😀é"), "_xD83D__xDE00_é");
        assert_eq!(escaped("<&\">"), "&lt;&amp;&quot;&gt;");
        assert_eq!(escaped("\u{fffe}\u{ffff}"), "_xFFFE__xFFFF_");
    }
}
