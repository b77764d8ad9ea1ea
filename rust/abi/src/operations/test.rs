//! `Test-RestrictedSender`.

use restricted_sender_core::error::Result;
use restricted_sender_core::restriction;

use super::{Spec, Start, TARGET};

pub const TEST: Spec = Spec {
    name: "test-restricted-sender",
    parameters: &[],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(test(start)),
};

async fn test(Start { session, host, .. }: Start) -> Result<()> {
    restriction::test(&session.connected()?.connection, &host).await
}
