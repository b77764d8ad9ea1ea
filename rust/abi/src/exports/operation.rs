//! Operations: prepare, start, push, step, read, cancel, close.
use std::sync::Arc;
use std::time::Duration;

use libc::c_char;

use crate::border::{border, Out, Text};
use crate::cell::RsCell;
use crate::operation::{Operation, OPERATIONS};
use crate::session;
use crate::status::RsStatus;

/// Prepares the operation of that name on a session. Session 0 stands for none, which is an error that says how to
/// connect.
///
/// # Safety
/// `name` must be null or valid for reading as many bytes as the length says.
/// `operation`, `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_operation_prepare(
    session: i64,
    name: *const c_char,
    name_length: i64,
    operation: *mut i64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { Text::at(name, name_length) };
    // SAFETY: the caller vouches for `operation`.
    let operation = unsafe { Out::at(operation) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        let operation = operation.present()?;
        let prepared = Operation::prepare(session::find(session)?, name.read()?)?;
        operation.give(OPERATIONS.insert(Arc::new(prepared)));
        Ok(RsStatus::Ok)
    })
}

/// Starts the operation with the parameters that are bound.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_operation_start(operation: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.start()?;
        Ok(RsStatus::Ok)
    })
}

/// Pushes the fields that are bound as the next item of the input. After it, step until `RS_STATUS_INPUT`.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_operation_push(operation: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.push()?;
        Ok(RsStatus::Ok)
    })
}

/// Ends the input. After it, step until `RS_STATUS_DONE`.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_operation_finish(operation: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.finish()?;
        Ok(RsStatus::Ok)
    })
}

/// Waits for what the operation says next, at most `timeout_ms` milliseconds (negative: without end). Ends what the
/// last row pointed to. One thread at a time.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_operation_step(operation: i64, timeout_ms: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        let timeout = u64::try_from(timeout_ms).ok().map(Duration::from_millis);
        OPERATIONS.get(operation)?.step(timeout)
    })
}

/// Reads what the last step found: one row or several of one type. Their cells lie one row after the other, `columns`
/// cells each, valid until the next step or the close.
///
/// # Safety
/// `row_type`, `cells`, `columns`, `rows`, `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_operation_rows(
    operation: i64,
    row_type: *mut i32,
    cells: *mut *const RsCell,
    columns: *mut i64,
    rows: *mut i64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `row_type`.
    let row_type = unsafe { Out::at(row_type) };
    // SAFETY: the caller vouches for `cells`.
    let cells = unsafe { Out::at(cells) };
    // SAFETY: the caller vouches for `columns`.
    let columns = unsafe { Out::at(columns) };
    // SAFETY: the caller vouches for `rows`.
    let rows = unsafe { Out::at(rows) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        let (row_type, cells) = (row_type.present()?, cells.present()?);
        let (columns, rows) = (columns.present()?, rows.present()?);
        OPERATIONS.get(operation)?.found(|block| {
            row_type.give(block.row_type() as i32);
            cells.give(block.pointer());
            columns.give(block.columns());
            rows.give(block.rows());
        })?;
        Ok(RsStatus::Ok)
    })
}

/// Ends the operation wherever it is, from any thread. A step that waits comes back at once with
/// `RS_STATUS_FAILED` and the error RS9001.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_operation_cancel(operation: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.cancel();
        Ok(RsStatus::Ok)
    })
}

/// Closes the operation; one that is under way is cancelled. What its rows pointed to ends here.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_operation_close(operation: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.remove(operation)?.cancel();
        Ok(RsStatus::Ok)
    })
}
