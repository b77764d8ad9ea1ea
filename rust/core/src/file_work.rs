//! File work on threads of its own: it may wait for a disk, and the other operations must not.

use std::ops::ControlFlow;

use tokio::sync::mpsc;
use tokio::task::JoinError;

use crate::error::{Code, Error, Result};
use crate::host::{Host, Row};

/// Does work on a thread of its own.
///
/// # Errors
/// [`Code::Panic`] when the thread stopped.
pub(crate) async fn on_a_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| stopped(&error))
}

/// A thread that reads files failed in a way that nobody foresaw.
pub(crate) fn stopped(error: &JoinError) -> Error {
    Error::new(Code::Panic, "A thread that reads files stopped.").caused_by(error)
}

/// What a thread says to the host of its operation.
pub(crate) enum Say {
    Rows(Vec<Row>),
    Warning(String),
    Failed(Error),
}

/// The thread's end: each word waits until there is room, so memory stays flat.
pub(crate) struct Voice(mpsc::Sender<Say>);

/// The operation's end.
pub(crate) struct Ear(mpsc::Receiver<Say>);

/// Both ends, between which so many words may lie unread.
pub(crate) fn voice(unread: usize) -> (Voice, Ear) {
    let (say, said) = mpsc::channel(unread);
    (Voice(say), Ear(said))
}

/// Does work that says something meanwhile, and tells it to the host.
///
/// # Errors
/// That of the work; [`Code::Cancelled`] when the caller has gone.
pub(crate) async fn telling<T: Send + 'static>(
    host: &Host,
    work: impl FnOnce(Voice) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (voice, ear) = voice(4);
    let (worked, told) = tokio::join!(on_a_thread(move || work(voice)), ear.tell(host));
    told.and(worked?)
}

impl Voice {
    /// Breaks where nobody listens any more.
    pub(crate) fn say(&self, something: Say) -> ControlFlow<()> {
        match self.0.blocking_send(something) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Whether nobody listens any more.
    pub(crate) fn is_unheard(&self) -> bool {
        self.0.is_closed()
    }
}

impl Ear {
    /// Tells the host what is said, until the thread has ended.
    pub(crate) async fn tell(mut self, host: &Host) -> Result<()> {
        while let Some(something) = self.0.recv().await {
            match something {
                Say::Rows(rows) => host.rows(rows).await?,
                Say::Warning(text) => host.warn(text).await?,
                Say::Failed(error) => host.item_failed(error).await?,
            }
        }
        Ok(())
    }
}
