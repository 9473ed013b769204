//! Objects against a server of the S3 protocol, and against one that fails in scripted ways.
//!
//! The protocol's part runs on the local cloud's S3; `LOGMILL_TEST_S3_ENDPOINT` (with
//! `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`) gives it another endpoint.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod faults;
mod harness;
mod protocol;
mod ranges;
