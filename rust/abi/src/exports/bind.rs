//! Binding: parameters before the start, fields of an item before each push, an answer before it is given.
//! A value that is bound again replaces the first.
use libc::c_char;
use zeroize::Zeroizing;

use crate::border::{border, misuse, Out, Text};
use crate::cell::moment;
use crate::fields::Bound;
use crate::operation::OPERATIONS;
use crate::status::RsStatus;

/// Binds a text. The library wipes its copy when it is done with it.
///
/// # Safety
/// `name` and `value` must be null or valid for reading as many bytes as the length says.
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_bind_text(
    operation: i64,
    name: *const c_char,
    name_length: i64,
    value: *const c_char,
    value_length: i64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { Text::at(name, name_length) };
    // SAFETY: the caller vouches for `value`.
    let value = unsafe { Text::at(value, value_length) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.bind(name.read()?, Bound::Text(Zeroizing::new(value.read()?.to_owned())))?;
        Ok(RsStatus::Ok)
    })
}

/// Adds a text to a list.
///
/// # Safety
/// `name` and `value` must be null or valid for reading as many bytes as the length says.
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_bind_text_item(
    operation: i64,
    name: *const c_char,
    name_length: i64,
    value: *const c_char,
    value_length: i64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { Text::at(name, name_length) };
    // SAFETY: the caller vouches for `value`.
    let value = unsafe { Text::at(value, value_length) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.add(name.read()?, value.read()?)?;
        Ok(RsStatus::Ok)
    })
}

/// Binds a truth value: 0 is false, everything else true.
///
/// # Safety
/// `name` must be null or valid for reading as many bytes as the length says.
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_bind_bool(
    operation: i64,
    name: *const c_char,
    name_length: i64,
    value: i32,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { Text::at(name, name_length) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.bind(name.read()?, Bound::Bool(value != 0))?;
        Ok(RsStatus::Ok)
    })
}

/// Binds a whole number.
///
/// # Safety
/// `name` must be null or valid for reading as many bytes as the length says.
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_bind_int64(
    operation: i64,
    name: *const c_char,
    name_length: i64,
    value: i64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { Text::at(name, name_length) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.bind(name.read()?, Bound::Int(value))?;
        Ok(RsStatus::Ok)
    })
}

/// Binds a number.
///
/// # Safety
/// `name` must be null or valid for reading as many bytes as the length says.
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_bind_double(
    operation: i64,
    name: *const c_char,
    name_length: i64,
    value: f64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { Text::at(name, name_length) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.bind(name.read()?, Bound::Real(value))?;
        Ok(RsStatus::Ok)
    })
}

/// Binds a moment in UTC, in units of 100 nanoseconds since the beginning of the year 1.
///
/// # Safety
/// `name` must be null or valid for reading as many bytes as the length says.
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_bind_ticks(
    operation: i64,
    name: *const c_char,
    name_length: i64,
    value: i64,
    error: *mut i64,
) -> RsStatus {
    // SAFETY: the caller vouches for `name`.
    let name = unsafe { Text::at(name, name_length) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        OPERATIONS.get(operation)?.bind(
            name.read()?,
            Bound::Moment(moment(value).ok_or_else(|| misuse("a moment lies beyond the year 9999"))?),
        )?;
        Ok(RsStatus::Ok)
    })
}
