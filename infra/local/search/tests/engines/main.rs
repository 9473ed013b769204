//! The local search and the real OpenSearch get the same requests, and must give the same answers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

mod analyzer;
mod answers;
mod differential;
mod documents;
mod engine;
mod queries;
mod requests;
mod run;
