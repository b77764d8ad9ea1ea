//! `Get-RestrictedSender`.

use restricted_sender_core::error::Result;
use restricted_sender_core::restriction::{self, Query};

use super::{entity_type, Spec, Start, TARGET};
use crate::cell::RsCellType;

pub const GET: Spec = Spec {
    name: "get-restricted-sender",
    parameters: &[("Everything", RsCellType::Bool), ("EntityType", RsCellType::Text)],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(get(start)),
};

async fn get(Start { session, mut parameters, host }: Start) -> Result<()> {
    let entity_type = entity_type(&mut parameters)?;
    let query = if parameters.flag("Everything") { Query::Everything(entity_type) } else { Query::Named };
    restriction::get(&session.connected()?.connection, query, &host).await
}
