//! `Test-SenderAccount`.

use restricted_sender_core::error::Result;
use restricted_sender_core::evidence::{self, CheckName, TestOptions};

use super::{Spec, Start, TARGET};
use crate::border::misuse;
use crate::cell::RsCellType;

pub const TEST: Spec = Spec {
    name: "test-sender-account",
    parameters: &[("Check", RsCellType::List), ("Since", RsCellType::Ticks)],
    input: TARGET,
    needs_connection: true,
    start: |start| Box::pin(test(start)),
};

async fn test(Start { session, mut parameters, host }: Start) -> Result<()> {
    let checks = parameters.texts("Check").iter().map(|name| check(name)).collect::<Result<_>>()?;
    let options = TestOptions { checks, since: parameters.moment("Since") };
    evidence::test(&session.connected()?.connection, &options, &host).await
}

fn check(name: &str) -> Result<CheckName> {
    CheckName::named(name).ok_or_else(|| misuse(&format!("there is no check '{name}'")))
}
