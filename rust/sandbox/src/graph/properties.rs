//! Which properties of an object a client is shown (`$select`), and how Graph writes times.

use serde_json::{Map, Value};
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, UtcOffset};
use url::form_urlencoded;

use super::refusal::Refusal;

const TIME: &[FormatItem<'_>] = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");

/// A time as Graph writes it: `2026-11-23T08:00:00Z`.
pub(super) fn written(time: OffsetDateTime) -> Value {
    time.to_offset(UtcOffset::UTC).format(TIME).unwrap_or_default().into()
}

/// The value of a query option, its name compared without case.
pub(super) fn option(query: &str, name: &str) -> Option<String> {
    let mut options = form_urlencoded::parse(query.as_bytes());
    options.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
}

/// The members of an object that is written as JSON here.
pub(super) fn members(object: Value) -> Map<String, Value> {
    match object {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// The properties that `$select` names, or `usual` where it is not given. What begins with `@` is no property, and
/// always shown.
///
/// # Errors
/// When the type, named as in `microsoft.graph.user`, has no such property.
pub(super) fn selected(
    all: Map<String, Value>,
    query: &str,
    usual: impl Fn(&str) -> bool,
    of: &'static str,
) -> Result<Map<String, Value>, Refusal> {
    let select = option(query, "$select");
    let wanted: Option<Vec<&str>> =
        select.as_deref().map(|names| names.split(',').map(str::trim).filter(|name| !name.is_empty()).collect());
    let is = |name: &str, wanted: &str| name.eq_ignore_ascii_case(wanted);
    let unknown = wanted.iter().flatten().find(|wanted| !all.keys().any(|name| is(name, wanted)));
    if let Some(unknown) = unknown {
        return Err(Refusal::NoSuchProperty { property: (*unknown).to_owned(), of });
    }
    let is_shown = |name: &str| {
        name.starts_with('@')
            || match &wanted {
                Some(wanted) => wanted.iter().any(|wanted| is(name, wanted)),
                None => usual(name),
            }
    };
    Ok(all.into_iter().filter(|(name, _)| is_shown(name)).collect())
}
