//! `Unblock-RestrictedSender`.

use restricted_sender_core::error::Result;
use restricted_sender_core::restriction::{self, UnblockOptions};

use super::{Spec, Start, TARGET};
use crate::cell::RsCellType;

pub const UNBLOCK: Spec = Spec {
    name: "unblock-restricted-sender",
    parameters: &[("Comment", RsCellType::Text), ("PassThru", RsCellType::Bool), ("RequireJournal", RsCellType::Bool)],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(unblock(start)),
};

async fn unblock(Start { session, mut parameters, host }: Start) -> Result<()> {
    let options = UnblockOptions {
        comment: parameters.text("Comment"),
        pass_thru: parameters.flag("PassThru"),
        require_journal: parameters.flag("RequireJournal"),
    };
    restriction::unblock(&session.connected()?.connection, &options, &host).await
}
