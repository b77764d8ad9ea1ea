//! `Unblock-RestrictedSender`.

use restricted_sender_core::error::{Code, Error, Result};
use restricted_sender_core::restriction::{self, UnblockOptions, WaitOptions};

use super::{Spec, Start, TARGET};
use crate::cell::RsCellType;
use crate::fields::Fields;

pub const UNBLOCK: Spec = Spec {
    name: "unblock-restricted-sender",
    parameters: &[
        ("Comment", RsCellType::Text),
        ("PassThru", RsCellType::Bool),
        ("IncludeAliases", RsCellType::Bool),
        ("RequireJournal", RsCellType::Bool),
        ("RequireEvidence", RsCellType::Bool),
        ("Override", RsCellType::Text),
        ("Wait", RsCellType::Bool),
        ("TimeoutSec", RsCellType::Int64),
        ("PollIntervalSec", RsCellType::Int64),
    ],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(unblock(start)),
};

async fn unblock(Start { session, mut parameters, host }: Start) -> Result<()> {
    let override_reason = parameters.text("Override");
    let options = UnblockOptions {
        comment: parameters.text("Comment"),
        pass_thru: parameters.flag("PassThru"),
        include_aliases: parameters.flag("IncludeAliases"),
        wait: wait(&mut parameters)?,
        require_journal: parameters.flag("RequireJournal"),
        require_evidence: parameters.flag("RequireEvidence") || override_reason.is_some(),
        override_reason,
    };
    restriction::unblock(&session.connected()?.connection, &options, &host).await
}

fn wait(parameters: &mut Fields) -> Result<Option<WaitOptions>> {
    let wait = parameters.flag("Wait");
    let (timeout, poll_interval) = (parameters.int("TimeoutSec"), parameters.int("PollIntervalSec"));
    if !wait && (timeout.is_some() || poll_interval.is_some()) {
        let message = "-TimeoutSec and -PollIntervalSec say how to wait, but without -Wait nobody waits.";
        return Err(Error::new(Code::InvalidWait, message));
    }
    wait.then(|| WaitOptions::of_seconds(timeout, poll_interval)).transpose()
}
