//! Panics become errors. The hook is private to this library's copy of the standard library, so nobody else's panics
//! are touched; ours leave the user's console alone and remember where they happened.

use std::any::Any;
use std::cell::RefCell;
use std::panic::{catch_unwind, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;

use futures_util::FutureExt;
use restricted_sender_core::error::{Code, Error, Result};

thread_local! {
    /// Where the last panic of this thread happened. A panic is caught on the thread that it happens on.
    static LOCATION: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn remember(info: &PanicHookInfo<'_>) {
    let location = info.location().map(ToString::to_string);
    LOCATION.with(|last| *last.borrow_mut() = location);
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        #[cfg(not(test))]
        std::panic::set_hook(Box::new(remember));
        // A test that fails must be able to say so.
        #[cfg(test)]
        {
            let tell = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                remember(info);
                tell(info);
            }));
        }
    });
}

/// Runs `body`; a panic in it is an error.
pub fn caught<T>(body: impl FnOnce() -> Result<T>) -> Result<T> {
    install();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(error(&*panic)))
}

/// Awaits `body`; a panic in it is an error.
pub async fn caught_in_task(body: impl std::future::Future<Output = Result<()>>) -> Result<()> {
    install();
    AssertUnwindSafe(body).catch_unwind().await.unwrap_or_else(|panic| Err(error(&*panic)))
}

/// Runs `body` in a task of its own; a panic in it is an error with its place.
pub async fn spawned(body: impl std::future::Future<Output = Result<()>> + Send + 'static) -> Result<()> {
    match tokio::spawn(caught_in_task(body)).await {
        Ok(result) => result,
        Err(error) => Err(Error::new(Code::Panic, "RestrictedSender failed.").caused_by(&error)),
    }
}

fn error(panic: &(dyn Any + Send)) -> Error {
    let said = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it did not say why".to_owned());
    let location = LOCATION.with(|last| last.borrow_mut().take()).unwrap_or_else(|| "an unknown place".to_owned());
    Error::new(Code::Panic, format!("RestrictedSender failed at {location}: {said}"))
}
