//! The parser as its users see it: bytes in, events out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod builds;
mod checkpoint;
mod frameworks;
mod hostile;
mod log;
mod regressions;
