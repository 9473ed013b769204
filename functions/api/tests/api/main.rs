//! Pages from data, and the router where its stores fail.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod pages;
mod router;
mod sample;
