//! What people lose if an engine fails Logmill in passing: a log that was put, or the belief that
//! it is there once. The function runs here, in front of real local engines that are disturbed on
//! purpose, by plans that a printed seed repeats.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod compare;
mod disturbed;
mod engines;
mod event;
mod given;
#[allow(dead_code, reason = "the other test binary uses the rest")]
#[path = "../local_cloud/http.rs"]
mod http;
mod inputs;
mod plan;
#[allow(dead_code, reason = "the other test binary uses the rest")]
mod proxy;
mod refusal;
mod schedules;
mod silent;
