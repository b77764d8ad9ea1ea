//! Which properties of an object a client is shown (`$select`).

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::refusal::Refusal;

/// The value of a query option, its name compared without case.
pub(super) fn option(query: &str, name: &str) -> Option<String> {
    let mut options = form_urlencoded::parse(query.as_bytes());
    options.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.into_owned())
}

/// The properties that `$select` names, or those that are shown where it is not given.
///
/// # Errors
/// When the type, named as in `microsoft.graph.user`, has no such property.
pub(super) fn selected(
    all: &Map<String, Value>,
    query: &str,
    usual: &[&str],
    of: &'static str,
) -> Result<Map<String, Value>, Refusal> {
    let Some(select) = option(query, "$select") else {
        return Ok(all.iter().filter(|(name, _)| usual.contains(&name.as_str())).map(owned).collect());
    };
    let names = select.split(',').map(str::trim).filter(|name| !name.is_empty());
    names
        .map(|wanted| {
            let known = all.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(owned);
            known.ok_or_else(|| Refusal::NoSuchProperty { property: wanted.to_owned(), of })
        })
        .collect()
}

fn owned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}
