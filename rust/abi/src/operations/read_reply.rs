//! Rows of replies that were kept, page by page: what benchmarks measure, without a network.

use std::sync::Arc;

use restricted_sender_core::connection::Origin;
use restricted_sender_core::error::Result;
use restricted_sender_core::{restriction, Clock};

use super::{Spec, Start};
use crate::cell::RsCellType;

pub const READ: Spec = Spec {
    name: "read-reply",
    parameters: &[("Replies", RsCellType::List), ("Organization", RsCellType::Text)],
    input: &[],
    needs_connection: false,
    start: |start| Box::pin(read(start)),
};

async fn read(Start { mut parameters, host, .. }: Start) -> Result<()> {
    let replies = parameters.texts("Replies");
    let origin = Arc::new(Origin {
        organization: parameters.text("Organization").unwrap_or_default(),
        tenant_id: None,
        practice: false,
        portals: Arc::default(),
    });
    let now = Clock::system().now();
    for reply in replies {
        restriction::read(&reply, &origin, now, &host).await?;
    }
    Ok(())
}
