//! An operation that panics on purpose, so that tests can see that a panic stays on our side of the border.

use super::{Spec, Start, Work};
use crate::cell::RsCellType;
use crate::panics;

pub const PANIC: Spec =
    Spec { name: "panic", parameters: &[("Where", RsCellType::Text)], input: &[], needs_connection: false, start };

#[allow(clippy::panic, reason = "it is what it is for")]
fn start(Start { mut parameters, .. }: Start) -> Work {
    match parameters.text("Where").as_deref() {
        Some("call") => panic!("a panic in the call, on purpose"),
        Some("spawned") => Box::pin(async {
            // What the core would do that works in tasks of its own.
            panics::spawned(async { panic!("a panic in a spawned task, on purpose") }).await
        }),
        _ => Box::pin(async { panic!("a panic in the task, on purpose") }),
    }
}
