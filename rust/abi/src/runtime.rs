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
        .on_thread_start(spare_the_process)
        .enable_all()
        .build()
        .expect("the operating system gives no more threads")
});

/// The runtime. All traffic is on its own threads, never on the caller's.
pub fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// A write to a connection that the other side has closed raises SIGPIPE, which ends a process that does not ignore it.
/// Programs in Rust and .NET do; a C program that loads this library may not. It is blocked for our threads alone: the
/// write then fails as it should, and nothing of the process is changed.
#[cfg(unix)]
fn spare_the_process() {
    let mut signals = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set lives on this stack, and this is the call that initializes it.
    unsafe { libc::sigemptyset(signals.as_mut_ptr()) };
    // SAFETY: the set is initialized; SIGPIPE is a valid signal.
    unsafe { libc::sigaddset(signals.as_mut_ptr(), libc::SIGPIPE) };
    // SAFETY: the set is initialized, the mask of this thread only is changed, the old one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, signals.as_ptr(), std::ptr::null_mut()) };
}

#[cfg(not(unix))]
fn spare_the_process() {}
