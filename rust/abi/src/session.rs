//! A session: the connection to one organization, and the practice tenant beside it where there is one.

use std::sync::{Arc, Mutex, PoisonError};

use restricted_sender_core::connection::Connection;
use restricted_sender_core::error::{Code, Error, Result};
use restricted_sender_sandbox::Sandbox;
use tempfile::TempDir;

use crate::handle::Table;

/// The sessions that C holds.
pub static SESSIONS: Table<Session> = Table::new(1, "session");

/// A session. It begins without a connection; the operation `connect` makes it.
#[derive(Default)]
pub struct Session(Mutex<Option<Arc<Connected>>>);

/// What an operation needs of its session, and keeps alive.
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// The embedded practice tenant; it ends with the last who needs it.
    pub sandbox: Option<Sandbox>,
    /// The folder of a practice tenant's journal; it ends with the connection, too.
    #[allow(dead_code, reason = "it is held, not read: the folder goes when it is dropped")]
    pub practice_journal: Option<TempDir>,
}

impl Session {
    /// The connection.
    ///
    /// # Errors
    /// [`Code::NotConnected`].
    pub fn connected(&self) -> Result<Arc<Connected>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(not_connected)
    }

    /// Makes `connected` the session's connection.
    ///
    /// # Errors
    /// [`Code::AlreadyConnected`] when it has one.
    pub fn connect(&self, connected: Connected) -> Result<()> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*current {
            Some(there) => Err(already_connected(there)),
            None => {
                *current = Some(Arc::new(connected));
                Ok(())
            }
        }
    }

    /// Refuses a second connection before any request is sent for it.
    ///
    /// # Errors
    /// [`Code::AlreadyConnected`].
    pub fn must_be_free(&self) -> Result<()> {
        self.connected().map_or(Ok(()), |there| Err(already_connected(&there)))
    }
}

/// The session of a handle, as an operation needs it.
///
/// # Errors
/// [`Code::NotConnected`] for none, [`Code::Disconnected`] for one that was closed.
pub fn find(handle: i64) -> Result<Arc<Session>> {
    if handle == 0 {
        return Err(not_connected());
    }
    SESSIONS.get(handle).map_err(|error| {
        if SESSIONS.was(handle) {
            Error::new(Code::Disconnected, "The connection was closed.")
        } else {
            error
        }
    })
}

fn not_connected() -> Error {
    Error::new(Code::NotConnected, "There is no connection to an organization.")
}

fn already_connected(there: &Connected) -> Error {
    let organization = there.connection.organization();
    Error::new(Code::AlreadyConnected, format!("This session is connected to {organization}.")).about(organization)
}
