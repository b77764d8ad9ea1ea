//! The one runtime of the process. It is made when first needed and never ended: the library is never unloaded.

use once_cell::sync::Lazy;
use tokio::runtime::{Builder, Runtime};

/// Two threads carry any number of requests; they only wait for the network.
const THREADS: usize = 2;

#[allow(clippy::expect_used, reason = "without threads nothing works, and the border turns the panic into an error")]
static RUNTIME: Lazy<Runtime> = Lazy::new(|| {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name("restricted-sender")
        .enable_all()
        .build()
        .expect("the operating system gives no more threads")
});

/// The runtime.
pub fn runtime() -> &'static Runtime {
    &RUNTIME
}
