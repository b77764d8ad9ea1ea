//! The JSON envelope around what a cmdlet returns.

use serde::Deserialize;

use super::value::Record;
use crate::error::{Code, Error, Result};

/// A reply of `InvokeCommand`. A missing, null or empty `value` all mean: no objects.
#[derive(Debug, Default, Deserialize)]
pub struct Reply {
    #[serde(default)]
    pub value: Option<Vec<Record>>,
    #[serde(rename = "@odata.nextLink")]
    pub next_link: Option<String>,
    #[serde(rename = "@adminapi.warnings", default)]
    pub warnings: Option<Vec<String>>,
    /// Non-terminating errors of the cmdlet: the objects beside them are not the whole answer.
    #[serde(rename = "@adminapi.errors", default)]
    pub errors: Option<Vec<serde_json::Value>>,
    pub error: Option<ErrorBody>,
}

/// The `error` member of a failed reply. It may come with HTTP status 200.
#[derive(Debug, Default, Deserialize)]
pub struct ErrorBody {
    #[serde(default)]
    pub message: Option<String>,
    #[serde(default)]
    pub details: Option<Vec<ErrorDetail>>,
    #[serde(default)]
    pub innererror: Option<InnerError>,
}

/// One of `error.details`.
#[derive(Debug, Deserialize)]
pub struct ErrorDetail {
    #[serde(default)]
    pub message: Option<String>,
}

/// `error.innererror` and what nests in it.
#[derive(Debug, Deserialize)]
pub struct InnerError {
    #[serde(default)]
    pub message: Option<String>,
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub internalexception: Option<Box<InnerError>>,
}

impl ErrorBody {
    /// The service's best explanation and the type of its exception: the innermost exception, else the first detail
    /// (`Id|Type|Message`), else the general message.
    pub fn explanation(self) -> (Option<String>, Option<String>) {
        if let Some(inner) = self.innererror.and_then(|outer| outer.internalexception) {
            if let Some(message) = inner.message.filter(|text| !text.is_empty()) {
                return (Some(message), inner.kind);
            }
        }
        if let Some(detail) = self.details.and_then(|details| details.into_iter().next()?.message) {
            return match exception_in(&detail) {
                Some((kind, message)) => (Some(message.to_owned()), Some(kind.to_owned())),
                None => (Some(detail), None),
            };
        }
        (self.message, None)
    }
}

/// The type of an exception and what it says, in a text `Id|Type|Message`.
pub fn exception_in(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once('|')?;
    rest.split_once('|')
}

impl Reply {
    /// Reads a body. It is checked for UTF-8 as a whole, which is faster than string by string.
    ///
    /// # Errors
    /// Whatever makes it something else than a reply.
    pub fn read(body: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_str(std::str::from_utf8(body).map_err(serde::de::Error::custom)?)
    }
}

/// The records of a reply that was kept.
///
/// # Errors
/// [`Code::ResponseUnreadable`] when it is no reply to a cmdlet, or one that failed.
pub fn records(reply: &str) -> Result<Vec<Record>> {
    let unreadable = || Error::new(Code::ResponseUnreadable, "This is not the reply to a cmdlet that succeeded.");
    let reply: Reply = serde_json::from_str(reply).map_err(|error| unreadable().caused_by(&error))?;
    if reply.error.is_some() {
        return Err(unreadable());
    }
    Ok(reply.value.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explain(json: &str) -> (Option<String>, Option<String>) {
        serde_json::from_str::<Reply>(json).unwrap().error.unwrap().explanation()
    }

    #[test]
    fn no_objects_has_three_spellings() {
        for json in [r"{}", r#"{"value":null}"#, r#"{"value":[]}"#] {
            assert!(serde_json::from_str::<Reply>(json).unwrap().value.unwrap_or_default().is_empty());
        }
    }

    #[test]
    fn the_innermost_explanation_is_the_best() {
        let full = r#"{"error":{"code":"NotFound","message":"Error executing cmdlet",
            "details":[{"code":"Context","target":"","message":"Ex6F9304|My.NotFound|'x' | 'y' not found"}],
            "innererror":{"message":"outer","type":"T","internalexception":{"message":"inner","type":"My.Inner"}}}}"#;
        assert_eq!(explain(full), (Some("inner".into()), Some("My.Inner".into())));
        let detail =
            r#"{"error":{"message":"m","details":[{"code":13,"message":"Ex6F9304|My.NotFound|'x' | 'y' not found"}]}}"#;
        assert_eq!(explain(detail), (Some("'x' | 'y' not found".into()), Some("My.NotFound".into())));
        assert_eq!(explain(r#"{"error":{"code":5,"message":"m"}}"#), (Some("m".into()), None));
    }
}
