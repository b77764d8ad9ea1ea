//! The limits that Exchange Online sets to outgoing mail, counted exactly: all windows at once, for each user and for
//! the organization.
//!
//! It is a crate of its own because whoever analyses what was sent and the sandbox tenant that blocks for real must
//! count alike. It knows nothing of how mail, policies or traces are read.
//!
//! A [`Submission`] goes in, an [`Outcome`] comes out: [`Engine::submit`] decides as the service does before it takes a
//! message, [`Engine::record`] counts what is known to have gone out. Figures and rules are those of Microsoft Learn,
//! "Exchange Online limits" (sending limits), "Configure outbound spam policies" and "Tenant external recipient rate
//! limit"; what these do not say stands in [`Settings`].
#![forbid(unsafe_code)]

mod engine;
mod history;
mod limits;
mod outcome;
mod second;
mod settings;
mod submission;

pub use engine::{Engine, SenderId, Used};
pub use limits::{Action, Policy, ServiceLimits};
pub use outcome::{Limit, Outcome, Until};
pub use second::Second;
pub use settings::{Hour, Settings, Trip};
pub use submission::{Recipient, Recipients, Submission};
