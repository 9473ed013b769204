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
mod dynamodb;
mod logs;
mod postgres;

use logmill_tests::{compare, embedded, event};

/// What a variable of `cargo engines test` says.
fn engine(variable: &str) -> String {
    std::env::var(variable).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| {
        panic!(
            "{variable} is not set: `cargo engines up` starts the engines and `cargo engines test` \
             runs this test against them"
        )
    })
}

/// The port of an engine that is reached by a plain address on this machine.
fn port(url: &str) -> u16 {
    let port = url.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok());
    port.unwrap_or_else(|| panic!("{url} names no port"))
}
