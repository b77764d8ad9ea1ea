//! `$batch`: several calls in one request, in the JSON format of OData.

use std::collections::HashSet;

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::admin;
use crate::fault;
use crate::refusal::Refusal;
use crate::reply::{self, Reply};
use crate::request::{Outcome, Request};
use crate::tenant::Tenant;

/// How many calls one batch can hold.
const MOST_ITEMS: usize = 10;

/// Without this preference a batch ends with its first failure.
const CONTINUE_ON_ERROR: &str = "odata.continue-on-error";

#[derive(Deserialize)]
struct Batch {
    requests: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    id: String,
    method: String,
    url: String,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Option<Value>,
}

#[derive(Serialize)]
struct Responses {
    responses: Vec<Response>,
}

#[derive(Serialize)]
struct Response {
    id: String,
    status: u16,
    headers: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

/// Answers `POST …/$batch`; `outer` is the same request before it was read.
pub(crate) fn answer(tenant: &Tenant, request: &admin::Request<'_>, outer: &Request) -> Outcome {
    match request.sign_in_to_post(tenant) {
        Err(reply) => Outcome::Whole(request.dress(*reply)),
        Ok(_) => match parse(&outer.body) {
            Err(refusal) => Outcome::Whole(request.dress(refusal.reply())),
            Ok(items) => dressed(execute(tenant, items, outer), request),
        },
    }
}

fn dressed(outcome: Outcome, request: &admin::Request<'_>) -> Outcome {
    match outcome {
        Outcome::Whole(reply) => Outcome::Whole(request.dress(reply)),
        Outcome::Spoilt(reply, spoil) => Outcome::Spoilt(request.dress(reply), spoil),
        other => other,
    }
}

fn parse(body: &[u8]) -> Result<Vec<Item>, Refusal> {
    let Batch { requests } = serde_json::from_slice(body).map_err(|error| Refusal::bad_body(&error.to_string()))?;
    if requests.len() > MOST_ITEMS {
        return Err(Refusal::too_many_items(requests.len(), MOST_ITEMS));
    }
    let mut ids = HashSet::new();
    match requests.iter().find(|item| !ids.insert(&item.id)) {
        Some(item) => Err(Refusal::bad_body(&format!("the id '{}' stands there more than once", item.id))),
        None => Ok(requests),
    }
}

/// Does one after the other. What goes wrong with the connection under one of them goes wrong with the batch.
fn execute(tenant: &Tenant, items: Vec<Item>, outer: &Request) -> Outcome {
    let goes_on = reply::header(&outer.head.headers, "prefer")
        .is_some_and(|prefer| prefer.split([',', ';']).any(|part| part.trim().eq_ignore_ascii_case(CONTINUE_ON_ERROR)));
    let mut responses = Vec::with_capacity(items.len());
    let mut spoilt = None;
    for item in items {
        let outcome = match item.to_request(tenant, outer) {
            Some(request) => request.answer(tenant),
            None => Outcome::Whole(reply::empty(StatusCode::BAD_REQUEST)),
        };
        let reply = match outcome {
            Outcome::Whole(reply) => reply,
            Outcome::Spoilt(reply, spoil) => {
                spoilt = Some(spoil);
                reply
            }
            broken => return broken,
        };
        let failed = !reply.status().is_success();
        responses.push(Response::new(item.id, &reply));
        if failed && !goes_on {
            break;
        }
    }
    let reply = reply::json(StatusCode::OK, &Responses { responses });
    match spoilt {
        Some(spoil) => Outcome::Spoilt(reply, spoil),
        None => Outcome::Whole(reply),
    }
}

impl Item {
    /// The request this item stands for; `None` when there can be no such request, or not here.
    fn to_request(&self, tenant: &Tenant, outer: &Request) -> Option<Request> {
        let batch = Url::parse(&format!("{}{}", outer.base, outer.head.uri.path())).ok()?;
        let url = batch.join(&self.url).ok()?;
        let origin = url.origin().ascii_serialization();
        if !tenant.resources.contains(&origin) {
            return None;
        }
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let request = hyper::Request::builder().method(self.method.as_str()).uri(path).version(outer.head.version);
        let (mut head, ()) = request.body(()).ok()?.into_parts();
        head.headers = self.merged_headers(&outer.head.headers);
        let body = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        Some(Request { head, body: Bytes::from(body), base: outer.base.clone(), scheme: outer.scheme, in_batch: true })
    }

    /// The batch's own headers hold for its items unless they say otherwise.
    fn merged_headers(&self, outer: &HeaderMap) -> HeaderMap {
        let mut headers = outer.clone();
        // A fault is for the batch, not for each of its items; they order their own.
        headers.remove(fault::HEADER);
        for (name, value) in &self.headers {
            let text = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::try_from(text)) {
                headers.insert(name, value);
            }
        }
        headers
    }
}

impl Response {
    fn new(id: String, reply: &Reply) -> Self {
        let text = |value: &HeaderValue| value.to_str().ok().map(|text| Value::from(text.to_owned()));
        let headers =
            reply.headers().iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
        // What is not JSON, such as a run of NUL bytes, goes as text; nothing goes as nothing.
        let bytes = reply.body();
        let body = (!bytes.is_empty()).then(|| {
            serde_json::from_slice(bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes).into_owned()))
        });
        Self { id, status: reply.status().as_u16(), headers, body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies() {
        let item = r#"{"id":"é 1","method":"POST","url":"InvokeCommand"}"#;
        assert_eq!(parse(format!(r#"{{"requests":[{item}]}}"#).as_bytes()).unwrap().len(), 1);
        assert!(parse(br#"{"requests":[]}"#).unwrap().is_empty());
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"requests":{}}"#,
            r#"{"requests":[{}]}"#,
            r#"{"requests":[{"id":0,"method":"POST","url":"InvokeCommand"}]}"#,
            r#"{"requests":[{"id":"0","method":"POST","url":"x","headers":[]}]}"#,
            &format!(r#"{{"requests":[{item},{item}]}}"#),
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
