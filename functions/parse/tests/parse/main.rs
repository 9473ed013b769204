//! The function with its engines: every file of `events/parse`, and what a file cannot show.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod cloud;
mod edges;
mod faults;
mod files;
mod pauses;
