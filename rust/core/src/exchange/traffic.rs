//! What has gone over a connection so far.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::Code;

/// The requests of a connection, counted.
#[derive(Debug, Default)]
pub struct Traffic {
    requests: AtomicU64,
    retries: AtomicU64,
    /// The hosts that have answered anything.
    answered: Mutex<HashSet<String>>,
}

/// A request, and what came of it. It holds nothing that is secret: neither headers nor bodies.
#[derive(Debug)]
pub struct Sent {
    /// Whom it was sent to: scheme, host and port.
    pub host: String,
    /// HTTP method.
    pub method: String,
    /// HTTP status and the service's id of the request, or why there was no complete reply.
    pub outcome: Result<(u16, Option<String>), Code>,
    /// From the beginning of the request to the end of the reply. Real time.
    pub took: Duration,
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.took.as_millis();
        match &self.outcome {
            Ok((status, None)) => write!(f, "HTTP {status} after {ms} ms"),
            Ok((status, Some(id))) => write!(f, "HTTP {status} after {ms} ms, request {id}"),
            Err(code) => write!(f, "no reply after {ms} ms ({code}, {})", code.name()),
        }
    }
}

tokio::task_local! {
    static SENT: RefCell<Vec<Sent>>;
}

/// Does `work` and returns what it sent, too. A token is asked for in many ways and depths, none of which knows who
/// waits for it: so requests are noted where they are sent, and whoever began tells of them.
pub async fn noted<T>(work: impl Future<Output = T>) -> (T, Vec<Sent>) {
    let all = async {
        let result = work.await;
        (result, SENT.with(RefCell::take))
    };
    SENT.scope(RefCell::default(), all).await
}

/// Notes a request for whoever listens.
pub fn note(sent: Sent) {
    // Nobody has to listen.
    let _ = SENT.try_with(|all| all.borrow_mut().push(sent));
}

impl Traffic {
    /// Counts a request.
    pub fn count(&self, sent: &Sent) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if sent.outcome.is_ok() {
            self.answered.lock().unwrap_or_else(PoisonError::into_inner).insert(sent.host.clone());
        }
    }

    /// Counts a request that is about to be sent again.
    pub fn repeated(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether that host has ever answered.
    pub fn has_answered(&self, host: &str) -> bool {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner).contains(host)
    }

    /// How many requests were sent and answered, or failed.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many of them repeated one that had failed.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }
}
