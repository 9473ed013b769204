//! What the tests of the whole system share: the program under test, engines in this process, a proxy
//! that disturbs them, and the documents that come of it.

#![recursion_limit = "256"]
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

pub use logmill_given as given;

pub mod binary;
pub mod compare;
pub mod embedded;
pub mod event;
pub mod faults;
pub mod http;
pub mod phase;
pub mod program;
pub mod proxy;
pub mod queue;
pub mod real;
pub mod refusal;
pub mod sql;
