//! `Protect-SenderAccount`.

use restricted_sender_core::error::Result;
use restricted_sender_core::evidence::{self, ProtectOptions};

use super::{Spec, Start, TARGET};
use crate::cell::RsCellType;

pub const PROTECT: Spec = Spec {
    name: "protect-sender-account",
    parameters: &[
        ("DisableForwarding", RsCellType::Bool),
        ("DisableInboxRule", RsCellType::Bool),
        ("RevokeSession", RsCellType::Bool),
        ("BlockSignIn", RsCellType::Bool),
        ("ResetPassword", RsCellType::Bool),
        ("Comment", RsCellType::Text),
        ("RequireJournal", RsCellType::Bool),
        ("Since", RsCellType::Ticks),
    ],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(protect(start)),
};

async fn protect(Start { session, mut parameters, host }: Start) -> Result<()> {
    let options = ProtectOptions {
        disable_forwarding: parameters.flag("DisableForwarding"),
        disable_inbox_rule: parameters.flag("DisableInboxRule"),
        revoke_session: parameters.flag("RevokeSession"),
        block_sign_in: parameters.flag("BlockSignIn"),
        reset_password: parameters.flag("ResetPassword"),
        comment: parameters.text("Comment"),
        require_journal: parameters.flag("RequireJournal"),
        since: parameters.moment("Since"),
    };
    evidence::protect(&session.connected()?.connection, &options, &host).await
}
