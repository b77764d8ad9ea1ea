//! The core against a practice tenant, as an operation uses it: one program, since linking one for each file would take
//! longer than running it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod batch;
mod circumstances;
mod compliance;
mod evidence;
mod faults;
mod graph;
mod group;
mod history;
mod journal;
mod proof;
mod protect;
mod redirect;
mod report;
mod restriction;
mod retry;
mod sending_limit;
mod sign_in;
mod tenant;
mod trace;
mod usage;
mod wait;
