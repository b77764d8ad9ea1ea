//! Requests: what the host does for an operation. Bind the answer, then give it.
use libc::c_char;

use crate::border::{border, Out, Text};
use crate::operation::OPERATIONS;
use crate::status::RsStatus;

/// Answers the request of the last step with what is bound. An absent `Confirmed` means no, an absent `Proxy` none;
/// `Signature` is base64; an absent `Value` is a variable that is not set; an address that was opened needs nothing.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_request_answer(operation: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.answer()?;
        Ok(RsStatus::Ok)
    })
}

/// Says that the host cannot answer the request of the last step, and why.
///
/// # Safety
/// `why` must be null or valid for reading as many bytes as the length says.
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_request_refuse(
    operation: i64,
    why: *const c_char,
    why_length: i64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `why`.
    let why = unsafe { Text::at(why, why_length) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.refuse(why.read()?)?;
        Ok(RsStatus::Ok)
    })
}
