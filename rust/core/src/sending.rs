//! What was sent, measured against the limits: how much, at which peak, which limit it tripped and by which message,
//! and when the sender may send again.
//!
//! Rows of the [message trace](crate::trace) become the messages of each sender, which the engine of the limits counts as
//! the service does. Pure but for reading; takes the moment that it looks from as an argument.

mod agreement;
mod analysis;
mod asked;
mod blocks;
mod course;
mod files;
mod forecast;
mod measure;
mod message;
mod organization;
mod peaks;
mod picture;
mod plot;
mod quota;
mod sender;
mod service;
mod shown;
mod usage;

pub use crate::trace::{DateOrder, Defect, Tally, Unusable};
pub use agreement::Agreement;
pub use measure::{measure, Options, OrganizationMeasured, SenderMeasured, Source};
pub use organization::{Busiest, Organization};
pub use peaks::{Peak, Peaks};
pub use picture::PlotTo;
pub use restricted_sender_limits::{Hour, Second, Settings};
pub use sender::{Forecast, Groups, Sending, Tripped};
pub use usage::{Remaining, Usage};

pub(crate) use service::MOST_ROWS;
pub(crate) use usage::{Counted, Usages};
