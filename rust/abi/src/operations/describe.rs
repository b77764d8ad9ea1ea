//! What there is to tell about an entry of the list in full. Objects of the list ask for it when one of their further
//! properties is read, so it needs no connection: all that it says follows from what the object tells.

use restricted_sender_core::error::Result;
use restricted_sender_core::host::Row;
use restricted_sender_core::restriction::Description;

use super::{entity_type, known, Spec, Start};
use crate::border::misuse;
use crate::cell::RsCellType;

pub const DESCRIBE: Spec = Spec {
    name: "describe-restriction",
    parameters: &[
        ("EntityType", RsCellType::Text),
        ("Reason", RsCellType::Text),
        ("RestrictedSince", RsCellType::Ticks),
        ("TemporaryBlock", RsCellType::Bool),
        ("ExpirationTime", RsCellType::Ticks),
        ("OutboundPolicy", RsCellType::Text),
        ("ActionWhenThresholdReached", RsCellType::Text),
        ("PolicyChanged", RsCellType::Ticks),
        ("UnblockRequestedAt", RsCellType::Ticks),
        ("UnblockCount", RsCellType::Int64),
        ("UnblockRefused", RsCellType::Bool),
        ("Evidence", RsCellType::Text),
        // When the entry was read from the list.
        ("ListedAt", RsCellType::Ticks),
    ],
    input: &[],
    needs_connection: false,
    start: |start| Box::pin(describe(start)),
};

async fn describe(Start { mut parameters, host, .. }: Start) -> Result<()> {
    let missing = |name: &str| misuse(&format!("{name} is not bound"));
    let entity_type = entity_type(&mut parameters)?.ok_or_else(|| missing("EntityType"))?;
    let listed_at = parameters.moment("ListedAt").ok_or_else(|| missing("ListedAt"))?;
    host.row(Row::Description(Description::of(entity_type, &known(&mut parameters), listed_at))).await
}
