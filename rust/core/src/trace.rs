//! The message trace: who has sent what to whom, read from the files that Exchange and its admins make of it.
//!
//! [`Reader`] reads files with several threads into [`Ledger`]s, and [`Ledger::enter`] takes rows
//! that come otherwise. A row is one message to one recipient; of a message that is met twice one is kept.

mod blocks;
mod ledger;
mod moment;
mod names;
mod read;
mod record;
mod row;
mod rows;
mod shape;
mod sheets;
mod tally;

pub use ledger::{Book, Ledger, Line, PARTS};
pub use moment::DateOrder;
pub use read::Reader;
pub use row::{Kind, Recipient, DOMAINS};
pub use rows::{Gathered, Rows};
pub use sheets::Sheets;
pub use tally::{Defect, Tally, Unusable};

#[cfg(test)]
pub use row::Row;

#[cfg(test)]
mod tests;
