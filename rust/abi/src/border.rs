//! The border itself: everything that comes in is checked here, everything that fails goes out as an error object.

use std::marker::PhantomData;
use std::sync::Arc;

use libc::c_char;
use restricted_sender_core::error::{Code, Error, Result};

use crate::block::Block;
use crate::handle::Table;
use crate::panics;
use crate::row::{self, RsRowType};
use crate::status::RsStatus;

/// The errors that C holds, each as the row that it reads.
pub static ERRORS: Table<Block> = Table::new(3, "error");

/// Runs the body of an exported function: a failure or a panic becomes an error handle in `error`, if wanted.
pub fn border(error: Out<i64>, body: impl FnOnce() -> Result<RsStatus>) -> RsStatus {
    panics::caught(body).unwrap_or_else(|failure| {
        if error.is_wanted() {
            error.write(ERRORS.insert(Arc::new(Block::of(RsRowType::Error, row::error, &failure))));
        }
        RsStatus::Failed
    })
}

/// A place for an output. Only what is a place can be written.
#[derive(Debug, Clone, Copy)]
pub struct Out<T>(*mut T);

impl<T> Out<T> {
    /// The place at `pointer`.
    ///
    /// # Safety
    /// Until the exported function returns, `pointer` must be null or valid for writing a `T`.
    pub unsafe fn at(pointer: *mut T) -> Self {
        Self(pointer)
    }

    fn is_wanted(self) -> bool
    where
        T: Copy,
    {
        !self.0.is_null()
    }

    fn write(self, value: T) {
        // SAFETY: `at` demands that what is not null can be written, and both callers have ruled null out.
        unsafe { self.0.write(value) }
    }

    /// Refuses null, before anything is done whose result would be lost.
    ///
    /// # Errors
    /// [`Code::Misuse`] for null.
    pub fn present(self) -> Result<Place<T>> {
        if self.0.is_null() {
            return Err(misuse("an output is null"));
        }
        Ok(Place(self))
    }
}

/// A place that is not null.
pub struct Place<T>(Out<T>);

impl<T> Place<T> {
    /// Writes the output.
    pub fn give(self, value: T) {
        self.0.write(value);
    }
}

/// A text that comes in: pointer and length.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    pointer: *const c_char,
    length: i64,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> Text<'a> {
    /// The text at `pointer`.
    ///
    /// # Safety
    /// Until the exported function returns, `pointer` must be null or valid for reading `length` bytes that nobody
    /// changes.
    pub unsafe fn at(pointer: *const c_char, length: i64) -> Self {
        Self { pointer, length, bytes: PhantomData }
    }

    /// The text itself.
    ///
    /// # Errors
    /// [`Code::Misuse`] for null (unless the length is 0), a negative length, or bytes that are not UTF-8.
    pub fn read(self) -> Result<&'a str> {
        let length = usize::try_from(self.length).map_err(|_| misuse("a text has a negative length"))?;
        if length == 0 {
            return Ok("");
        }
        if self.pointer.is_null() {
            return Err(misuse("a text is null"));
        }
        // SAFETY: not null, and `at` demands that `length` bytes can be read.
        let bytes = unsafe { std::slice::from_raw_parts(self.pointer.cast::<u8>(), length) };
        std::str::from_utf8(bytes).map_err(|error| misuse("a text is not UTF-8").caused_by(&error))
    }
}

/// The error of a caller who does what the interface does not allow.
pub fn misuse(what: &str) -> Error {
    Error::new(Code::Misuse, format!("The library was called wrongly: {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pointer: *const u8, length: i64) -> Result<String> {
        // SAFETY: each call below gives null or an array of at least that length.
        unsafe { Text::at(pointer.cast(), length) }.read().map(str::to_owned)
    }

    #[test]
    fn texts_are_checked() {
        assert_eq!(read("né".as_ptr(), 3).unwrap(), "né");
        assert_eq!(read(std::ptr::null(), 0).unwrap(), "");
        for (pointer, length) in [(std::ptr::null(), 1), ("x".as_ptr(), -1), ([0xff_u8].as_ptr(), 1)] {
            assert_eq!(read(pointer, length).unwrap_err().code(), Code::Misuse);
        }
    }

    #[test]
    fn failures_and_panics_go_out_as_handles() {
        let mut handle = 0_i64;
        // SAFETY: `handle` outlives the calls.
        let out = unsafe { Out::at(&raw mut handle) };
        assert_eq!(border(out, || Err(misuse("on purpose"))), RsStatus::Failed);
        let first = handle;
        assert!(ERRORS.get(first).is_ok());
        assert_eq!(border(out, || panic!("on purpose")), RsStatus::Failed);
        assert_ne!(handle, first);
        assert_eq!(border(out, || Ok(RsStatus::Done)), RsStatus::Done);
        // SAFETY: null is allowed.
        let nowhere = unsafe { Out::<i64>::at(std::ptr::null_mut()) };
        let before = ERRORS.live();
        assert_eq!(border(nowhere, || Err(misuse("on purpose"))), RsStatus::Failed);
        assert!(nowhere.present().is_err());
        assert_eq!(ERRORS.live(), before, "an error that nobody wants is not kept");
        ERRORS.remove(first).unwrap();
        ERRORS.remove(handle).unwrap();
    }
}
