//! Rows that come through the pipeline, some at a time, each time as a table with a header of its own.

use std::sync::Arc;

use super::ledger::{Book, Ledger};
use super::moment::DateOrder;
use super::record::Records;
use super::shape::Columns;
use super::tally::Defect;
use crate::error::{Code, Error, Result};

/// What separates fields of such a table.
const DELIMITER: u8 = b',';

/// Tables of rows on their way into a ledger.
#[derive(Debug)]
pub struct Sheets {
    ledger: Ledger,
    order: Option<DateOrder>,
}

impl Sheets {
    pub fn new(book: &Arc<Book>, order: Option<DateOrder>) -> Self {
        Self { ledger: Ledger::of(book), order }
    }

    /// Takes a table down.
    ///
    /// # Errors
    /// [`Code::TraceUnreadable`] where its header is none of a message trace.
    pub fn add(&mut self, text: &str) -> Result<()> {
        let mut records = Records::of(text.as_bytes(), DELIMITER);
        let columns = Columns::of(&records.header()).map_err(|why| refused(&why))?;
        let order = self.order.unwrap_or(DateOrder::MonthFirst);
        while let Some(record) = records.next(&columns) {
            let number = self.ledger.tally.lines + 1;
            if let Err(defect) = self.ledger.enter(&record, &columns, order) {
                self.ledger.tally.refuse(defect, || number);
            }
        }
        if records.is_within_marks() {
            let number = self.ledger.tally.lines + 1;
            self.ledger.tally.refuse(Defect::Endless, || number);
        }
        Ok(())
    }

    /// What has been taken down.
    ///
    /// # Errors
    /// [`Code::TraceUnreadable`] where the dates do not tell their order, or tell of another: what has come through a
    /// pipeline cannot be read again.
    pub fn finish(self) -> Result<Ledger> {
        let assumed = DateOrder::MonthFirst;
        match (self.order, self.ledger.evidence.order(assumed)) {
            (Some(_), _) => Ok(self.ledger),
            (None, Ok(order)) if order == assumed => Ok(self.ledger),
            (None, Ok(_)) => Err(refused("its dates stand with the day first; give -DateOrder DayFirst")),
            (None, Err(error)) => Err(refused(&error.to_string())),
        }
    }
}

fn refused(why: &str) -> Error {
    Error::new(
        Code::TraceUnreadable,
        format!("What came through the pipeline cannot be read as a message trace: {why}."),
    )
}
