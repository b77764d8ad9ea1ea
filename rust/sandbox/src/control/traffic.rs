//! Weeks of mail for the message trace, and the trace as a file.

use std::str::FromStr;
use std::sync::Arc;

use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::StatusCode;
use serde::Deserialize;
use url::form_urlencoded;

use super::{bad, read, Refused};
use crate::reply::{self, Reply};
use crate::tenant::Tenant;
use crate::traffic::{Encoding, Shape, TracedMessage, Traffic, UnknownName};

/// How far the trace goes back.
const MOST_WEEKS: u32 = 12;

/// So many senders for so many weeks are no more rows than the trace can hold.
const MOST_SENDER_WEEKS: u32 = 2000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    senders: u32,
    weeks: u32,
    #[serde(default)]
    seed: u64,
}

/// `POST /sandbox/traffic`: adds mail that was sent before today.
pub(super) fn fill(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let Wanted { senders, weeks, seed } = read(body, r#"{"senders": 500, "weeks": 2, "seed": 1}"#)?;
    if weeks > MOST_WEEKS || senders.saturating_mul(weeks) > MOST_SENDER_WEEKS {
        let what_to_do = format!("give at most {MOST_WEEKS} weeks, and {MOST_SENDER_WEEKS} for senders times weeks");
        return Err(bad(what_to_do));
    }
    let now = tenant.now();
    tenant.outgoing().tell(&Traffic { seed, senders, weeks, end: now }, now);
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// `GET /sandbox/trace?shape=summary&encoding=utf-16le`: what was sent, made-up traffic included, as a file that admins
/// export. What the story tells is not in it.
pub(super) fn export(tenant: &Tenant, query: &str) -> Result<Reply, Refused> {
    let shape = chosen(query, "shape", Shape::V2)?;
    let encoding = chosen(query, "encoding", Encoding::Utf8)?;
    let sent: Vec<_> = tenant.outgoing().sent.messages().map(Arc::clone).collect();
    let messages =
        sent.iter().map(|message| TracedMessage::of(message, |address| tenant.directory.is_outside(address)));
    let mut file = Vec::new();
    // Memory takes whatever is written to it.
    let _ = shape.write(messages, encoding, &mut file);
    let mut reply = reply::empty(StatusCode::OK).map(|_| file.into());
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/csv"));
    Ok(reply)
}

fn chosen<T: FromStr<Err = UnknownName>>(query: &str, name: &str, usual: T) -> Result<T, Refused> {
    match form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name) {
        None => Ok(usual),
        Some((_, text)) => text.parse().map_err(|error| bad(format!("there is no {name} '{text}': {error}"))),
    }
}
