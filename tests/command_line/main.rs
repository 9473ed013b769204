//! What people lose if the command line fails: the reason of a failed build, or a log that was a bit
//! out of order. The program is run as they run it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

mod archives;
mod deployed;
mod explanation;
mod masking;
mod outputs;
mod page;
mod texts;

use logmill_tests::program;
