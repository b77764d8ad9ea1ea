//! `Wait-RestrictedSender`.

use restricted_sender_core::error::Result;
use restricted_sender_core::restriction::{self, WaitOptions};

use super::{Spec, Start, TARGET};
use crate::cell::RsCellType;

pub const WAIT: Spec = Spec {
    name: "wait-restricted-sender",
    parameters: &[("TimeoutSec", RsCellType::Int64), ("PollIntervalSec", RsCellType::Int64)],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(wait(start)),
};

async fn wait(Start { session, mut parameters, host }: Start) -> Result<()> {
    let options = WaitOptions::of_seconds(parameters.int("TimeoutSec"), parameters.int("PollIntervalSec"))?;
    restriction::wait(&session.connected()?.connection, &options, &host).await
}
