//! What people lose if an engine fails Logmill in passing: a log that was put, or the belief that
//! it is there once. The function runs here, in front of real local engines that are disturbed on
//! purpose, by plans that a printed seed repeats.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod disturbed;
mod schedules;
mod silent;

use logmill_tests::{compare, embedded, event, faults, given, proxy, queue, refusal};
