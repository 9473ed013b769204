//! Documents against a server that fails on purpose.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

mod faults;
mod lifecycle;
mod signing;
