//! Weeks of mail for the message trace.

use hyper::StatusCode;
use serde::Deserialize;

use super::{bad, read, Refused};
use crate::reply::{self, Reply};
use crate::tenant::Tenant;
use crate::traffic::Traffic;

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
