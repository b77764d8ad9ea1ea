//! The practice tenant over real sockets: one program, since linking one for each file would take longer than running it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod account;
mod assertion;
mod audit;
mod authorize;
mod batch;
mod compliance;
mod graph;
mod group;
mod http;
mod organization;
mod outbound_policy;
mod permission;
mod practice;
mod program;
mod release;
mod reply;
mod role;
mod smtp;
mod story;
mod submission;
mod trace;
mod traffic;
