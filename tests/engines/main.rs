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

use logmill_tests::given::engine;
use logmill_tests::{compare, embedded, event, faults, given, http, real, refusal};
