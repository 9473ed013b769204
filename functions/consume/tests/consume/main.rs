//! The function with its engines: every file of `events/consume`, and what a file cannot show.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]
#![recursion_limit = "256"]

mod cloud;
mod edges;
mod files;
mod mmdb;
