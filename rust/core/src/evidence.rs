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
mod password;
mod paste;
mod plan;
mod protect;
mod protection;
mod reading;
mod remembered;
mod report;
mod several;
mod suspicion;
mod test;
mod verdict;

pub use check::{Check, CheckName, CheckState, Fact, Source};
pub use protect::protect;
pub use protection::{ProtectOptions, Protection, Protective};
pub(crate) use remembered::{Remembered, Verdicts};
pub use report::{LooksLike, Report, SinceBasis, TestOptions, Verdict};
pub use test::test;
pub(crate) use test::{Asked, Examiner};
