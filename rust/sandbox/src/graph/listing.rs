//! Answers with many objects in them, a page at a time.

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::properties::option;
use super::refusal::Refusal;
use super::{context, Request};
use crate::tenant::Tenant;

/// Objects per page where the client asks for nothing, and the most it gets.
const USUAL_PAGE: usize = 100;
const LARGEST_PAGE: usize = 999;

const SKIP_TOKEN: &str = "$skiptoken";

/// What a directory can be asked for, and a practice tenant cannot: an answer that ignored it would be wrong.
const UNSUPPORTED: [&str; 5] = ["$filter", "$search", "$orderby", "$expand", "$skip"];

/// The body of the page that is asked for. `of` says what it is made of.
pub(super) fn page(
    tenant: &Tenant,
    request: &Request<'_>,
    of: &str,
    all: Vec<Map<String, Value>>,
) -> Result<Value, Refusal> {
    if let Some(name) = UNSUPPORTED.into_iter().find(|name| option(request.query, name).is_some()) {
        return Err(Refusal::Bad(format!("Unsupported query option '{name}'.")));
    }
    let size = match option(request.query, "$top") {
        None => USUAL_PAGE,
        Some(top) => top.parse().ok().filter(|size| (1..=LARGEST_PAGE).contains(size)).ok_or_else(|| {
            Refusal::Bad(format!(
                "Invalid page size specified: '{top}'. Must be between 1 and {LARGEST_PAGE} inclusive."
            ))
        })?,
    };
    let after = match option(request.query, SKIP_TOKEN) {
        None => 0,
        Some(token) => tenant
            .pager
            .after(&token, request.path, tenant.now())
            .ok_or_else(|| Refusal::Bad("Invalid or expired skip token.".into()))?,
    };
    let first = usize::try_from(after).unwrap_or(usize::MAX).min(all.len());
    let last = first.saturating_add(size).min(all.len());
    let mut body = Map::new();
    body.insert("@odata.context".into(), context(request, of));
    if last < all.len() {
        let token = tenant.pager.token(request.path, last as u64, tenant.now());
        body.insert("@odata.nextLink".into(), next(request, &token).into());
    }
    let shown = all.into_iter().skip(first).take(size).map(Value::Object).collect();
    body.insert("value".into(), Value::Array(shown));
    Ok(body.into())
}

/// The link to the next page: the options of this one with another token.
fn next(request: &Request<'_>, token: &str) -> String {
    let others =
        form_urlencoded::parse(request.query.as_bytes()).filter(|(key, _)| !key.eq_ignore_ascii_case(SKIP_TOKEN));
    let query =
        form_urlencoded::Serializer::new(String::new()).extend_pairs(others).append_pair(SKIP_TOKEN, token).finish();
    format!("{}{}?{query}", request.base, request.path)
}
