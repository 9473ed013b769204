//! The local search over HTTP, as its clients see it.
#![allow(clippy::unwrap_used, reason = "helpers of tests, outside test functions")]

mod aggregate;
mod client;
mod conformance;
mod model;
mod query;
mod refresh;
mod write;
