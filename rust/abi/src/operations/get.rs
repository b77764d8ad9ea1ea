//! `Get-RestrictedSender`.

use restricted_sender_core::error::{Code, Error, Result};
use restricted_sender_core::restriction::{self, EntityType, Query};

use super::{Spec, Start, TARGET};
use crate::cell::RsCellType;

pub const GET: Spec = Spec {
    name: "get-restricted-sender",
    parameters: &[("Everything", RsCellType::Bool), ("EntityType", RsCellType::Text)],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(get(start)),
};

async fn get(Start { session, mut parameters, host }: Start) -> Result<()> {
    let entity_type = match parameters.text("EntityType") {
        None => None,
        Some(name) => Some(EntityType::named(&name).ok_or_else(|| {
            Error::new(Code::Misuse, format!("There is no entity type '{name}'; there are Mailbox and Connector."))
        })?),
    };
    let query = if parameters.flag("Everything") { Query::Everything(entity_type) } else { Query::Named };
    restriction::get(&session.connected()?.connection, query, &host).await
}
