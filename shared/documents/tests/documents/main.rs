//! Documents against a server that fails on purpose.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod faults;
