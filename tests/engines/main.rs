//! What people lose if the whole chain works on our own engines only: S3 and SQS that others made,
//! OpenSearch, and each metadata store.

#![recursion_limit = "256"]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod chain;
mod cloud;
mod disturbed;
mod dynamodb;
mod logs;
mod postgres;
mod refused;

use logmill_tests::{compare, embedded, event, faults, given, http, real, refusal};

/// What a variable of `cargo engines test` says.
fn engine(variable: &str) -> String {
    std::env::var(variable).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| {
        panic!(
            "{variable} is not set: `cargo engines up` starts the engines and `cargo engines test` \
             runs this test against them"
        )
    })
}
