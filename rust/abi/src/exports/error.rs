//! Errors.
use crate::border::{border, Out, ERRORS};
use crate::cell::RsCell;
use crate::status::RsStatus;

/// Reads an error: its cells are the columns of `RS_ROW_TYPE_ERROR`, valid until the error is closed.
///
/// # Safety
/// `cells`, `count`, `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_error_row(
    failure: i64,
    cells: *mut *const RsCell,
    count: *mut i64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `cells`.
    let cells = unsafe { Out::at(cells) };
    // SAFETY: the caller vouches for `count`.
    let count = unsafe { Out::at(count) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        let (cells, count) = (cells.present()?, count.present()?);
        let row = ERRORS.get(failure)?;
        cells.give(row.pointer());
        count.give(row.columns());
        Ok(RsStatus::Ok)
    })
}

/// Closes an error.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_error_close(failure: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        ERRORS.remove(failure)?;
        Ok(RsStatus::Ok)
    })
}
