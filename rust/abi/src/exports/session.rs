//! Sessions.
use std::sync::Arc;

use crate::border::{border, Out};
use crate::session::SESSIONS;
use crate::status::RsStatus;

/// Opens a session without a connection; the operation `connect-restricted-sender` makes it.
///
/// # Safety
/// `session`, `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_session_open(session: *mut i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `session`.
    let session = unsafe { Out::at(session) };
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        let session = session.present()?;
        session.give(SESSIONS.insert(Arc::default()));
        Ok(RsStatus::Ok)
    })
}

/// Closes a session. Operations that are under way keep its connection until they end.
///
/// # Safety
/// `error` must be null or valid for writing.
#[no_mangle]
pub unsafe extern "C" fn rs_session_close(session: i64, error: *mut i64) -> RsStatus {
    // SAFETY: the caller vouches for `error`.
    let error = unsafe { Out::at(error) };
    border(error, || {
        SESSIONS.remove(session)?;
        Ok(RsStatus::Ok)
    })
}
