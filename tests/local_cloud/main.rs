//! What people lose if `logmill up` fails them: a log that was put, the reason why a build failed,
//! or the belief that both are there once. It is started as they start it, and stopped, also badly.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod bucket;
mod cloud;
mod commands;
mod dead_letters;
mod documents;
mod inputs;
mod kills;
mod phases;
mod processing;
mod services;

use logmill_tests::{binary, http, phase, proxy};
