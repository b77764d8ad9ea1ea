//! Who is restricted, and how their releases go.

use hyper::StatusCode;
use serde::Deserialize;
use time::Duration;
use uuid::Uuid;

use super::{bad, read, Refused};
use crate::release::Release;
use crate::reply::{self, Reply};
use crate::restriction::{Entity, ListFull, NotRestricted, Restriction, Subject};
use crate::tenant::Tenant;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wanted {
    sender_address: Option<String>,
    connector_id: Option<String>,
    connector_name: Option<String>,
    reason: Option<String>,
    temporary_block: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Who {
    sender_address: Option<String>,
    connector_id: Option<String>,
}

/// As [`Release`].
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Planned {
    sender_address: Option<String>,
    connector_id: Option<String>,
    after_seconds: Option<u32>,
    returns_after_seconds: Option<u32>,
    #[serde(default)]
    missed_reads: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Counted {
    sender_address: Option<String>,
    connector_id: Option<String>,
    count: u32,
}

const WHO: &str = r#"{"senderAddress": "ann@contoso.com"} or {"connectorId": "GUID"}"#;

pub(super) fn restrict(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let example = r#"{"senderAddress": "ann@contoso.com", "reason": "..."} or
        {"connectorId": "GUID", "connectorName": "...", "reason": "..."}"#;
    let wanted: Wanted = read(body, example)?;
    let subject = match (wanted.sender_address, wanted.connector_id, wanted.connector_name) {
        (Some(address), None, None) if address.contains('@') => {
            Subject::Sender { address, temporary: wanted.temporary_block.unwrap_or_default(), expires: None }
        }
        (None, Some(id), name) => Subject::Connector { id: guid(&id)?, name: name.unwrap_or_default(), expires: None },
        _ => return Err(bad(format!("give either a sender's address or a connector: {example}"))),
    };
    let now = tenant.now();
    let reason = wanted.reason.unwrap_or_default();
    let restriction = Restriction { subject, reason, created: now, changed: now };
    match tenant.restrictions().restrict(restriction, now) {
        Ok(()) => Ok(reply::empty(StatusCode::CREATED)),
        Err(NotRestricted::AlreadyListed) => {
            Err(bad("it is restricted already; DELETE /sandbox/restrictions takes it off".into()))
        }
        Err(NotRestricted::ListFull) => Err(bad("the list is full; take some off first".into())),
    }
}

pub(super) fn lift(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let entity = read::<Who>(body, WHO).and_then(|who| entity(who.sender_address, who.connector_id))?;
    let gone = tenant.restrictions().remove(&entity, tenant.now());
    gone.map_err(|_| (StatusCode::NOT_FOUND, "it is not restricted; nothing to take off".into()))?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// Decides how the releases of an entity go that begin from now on.
pub(super) fn plan_release(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let example = r#"{"senderAddress": "ann@contoso.com", "afterSeconds": 90000, "returnsAfterSeconds": 600,
        "missedReads": 1}"#;
    let wanted: Planned = read(body, example)?;
    let seconds = |seconds: u32| Duration::seconds(seconds.into());
    let release = Release {
        after: wanted.after_seconds.map(seconds),
        returns_after: wanted.returns_after_seconds.map(seconds),
        missed_reads: wanted.missed_reads,
    };
    let entity = entity(wanted.sender_address, wanted.connector_id)?;
    tenant.restrictions().plan(entity, release).map_err(full)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

/// Lets the releases of an entity go as usual again.
pub(super) fn forget_plan(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let entity = read::<Who>(body, WHO).and_then(|who| entity(who.sender_address, who.connector_id))?;
    if tenant.restrictions().forget_plan(&entity) {
        Ok(reply::empty(StatusCode::NO_CONTENT))
    } else {
        Err((StatusCode::NOT_FOUND, "its releases go as usual; nothing to take back".into()))
    }
}

/// Sets how often an entity has been unblocked.
pub(super) fn count_unblocks(tenant: &Tenant, body: &[u8]) -> Result<Reply, Refused> {
    let wanted: Counted = read(body, r#"{"senderAddress": "ann@contoso.com", "count": 2}"#)?;
    let entity = entity(wanted.sender_address, wanted.connector_id)?;
    tenant.restrictions().count_unblocks(entity, wanted.count).map_err(full)?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

fn entity(sender_address: Option<String>, connector_id: Option<String>) -> Result<Entity, Refused> {
    match (sender_address, connector_id) {
        (Some(address), None) => Ok(Entity::sender(&address)),
        (None, Some(id)) => Ok(Entity::Connector(guid(&id)?)),
        _ => Err(bad(format!("give either a sender's address or a connector: {WHO}"))),
    }
}

fn full(_: ListFull) -> Refused {
    bad("so much has been set up for single senders that no more can be; open another tenant".into())
}

fn guid(text: &str) -> Result<Uuid, Refused> {
    Uuid::try_parse(text).map_err(|_| bad(format!("connectorId '{text}' is not a GUID; give one")))
}
