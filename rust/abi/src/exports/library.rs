//! The library itself: its version, its row types, what is open.
use libc::c_char;

use crate::border::{border, misuse, Out, ERRORS};
use crate::operation::OPERATIONS;
use crate::row;
use crate::session::SESSIONS;
use crate::status::RsStatus;

/// The library's version. The module refuses a library of another version than its own.
///
/// # Safety
/// `text`, `length`, `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_version(text: *mut *const c_char, length: *mut i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `text`.
    let text = unsafe { Out::at(text) };
    // SAFETY: the caller vouches for `length`.
    let length = unsafe { Out::at(length) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        let (text, length) = (text.present()?, length.present()?);
        let version = env!("CARGO_PKG_VERSION");
        text.give(version.as_ptr().cast());
        length.give(version.len() as i64);
        Ok(RsStatus::Ok)
    })
}

/// How many sessions, operations and errors are open, together: zero when everything was closed.
///
/// # Safety
/// `count`, `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_live_handles(count: *mut i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `count`.
    let count = unsafe { Out::at(count) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        let live = SESSIONS.live() + OPERATIONS.live() + ERRORS.live();
        count.present()?.give(live as i64);
        Ok(RsStatus::Ok)
    })
}

/// Name and type (an `RsCellType`) of a column of a row type; `RS_STATUS_DONE` after the last column.
///
/// # Safety
/// `name`, `length`, `cell_type`, `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_row_type_column(
    row_type: i32,
    index: i64,
    name: *mut *const c_char,
    length: *mut i64,
    cell_type: *mut i32,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { Out::at(name) };
    // SAFETY: the caller vouches for `length`.
    let length = unsafe { Out::at(length) };
    // SAFETY: the caller vouches for `cell_type`.
    let cell_type = unsafe { Out::at(cell_type) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        let (name, length, cell_type) = (name.present()?, length.present()?, cell_type.present()?);
        let columns = row::columns(row_type).ok_or_else(|| misuse("there is no such row type"))?;
        let index = usize::try_from(index).map_err(|_| misuse("a column has a negative number"))?;
        let Some((column, kind)) = columns.get(index) else { return Ok(RsStatus::Done) };
        name.give(column.as_ptr().cast());
        length.give(column.len() as i64);
        cell_type.give(*kind as i32);
        Ok(RsStatus::Ok)
    })
}
