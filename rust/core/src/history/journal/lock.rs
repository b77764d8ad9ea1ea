//! Who may write. The lock is on a file of its own: on Windows a locked file cannot be read through another handle,
//! and the journal should always be readable.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use fs4::fs_std::FileExt;

const NAME: &str = "lock";

/// A lock of the journal in a folder, held until it is dropped. The operating system drops it when a process dies.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Waits until nobody else writes or takes stock.
    ///
    /// # Errors
    /// Where the lock file cannot be made or locked.
    pub fn exclusive(folder: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(NAME))?;
        uninterrupted(|| FileExt::lock_exclusive(&file))?;
        Ok(Self(file))
    }

    /// Waits until nobody writes. `None` where there is no lock file: in a copy of a journal, where nobody writes.
    ///
    /// # Errors
    /// Where the lock file cannot be opened or locked.
    pub fn shared(folder: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(folder.join(NAME)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        uninterrupted(|| FileExt::lock_shared(&file))?;
        Ok(Some(Self(file)))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file unlocks it too, but Windows may take its time with that. What fails here is left to it.
        let _ = FileExt::unlock(&self.0);
    }
}

/// A signal that some other part of the process handles ends a wait early.
fn uninterrupted(mut wait: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match wait() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
