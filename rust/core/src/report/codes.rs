//! `Get-NonDeliveryCode`: what a status code means.

use restricted_sender_ndr::code::table::{rows, TABLE};
use restricted_sender_ndr::Reply;

use crate::error::{Code, Error, Result};
use crate::host::{Host, Row};

/// Hands over the rows of each code, the closest meaning first; the whole table where none is given. A code can stand
/// in a server's whole reply.
///
/// # Errors
/// [`Code::Cancelled`] when the caller has gone. A text without a code fails alone, as [`Code::InvalidStatusCode`].
pub async fn codes(codes: Vec<String>, host: &Host) -> Result<()> {
    if codes.is_empty() {
        return host.rows(TABLE.iter().map(Row::NonDeliveryCode).collect()).await;
    }
    for code in codes {
        match Reply::parse(&code).status {
            Some(status) => host.rows(rows(status).into_iter().map(Row::NonDeliveryCode).collect()).await?,
            None => {
                let message = format!("'{code}' is not a status code of something that failed.");
                host.item_failed(Error::new(Code::InvalidStatusCode, message).about(code)).await?;
            }
        }
    }
    Ok(())
}
