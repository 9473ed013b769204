//! What every function and store shares: configuration ([`config`]), what they tell about
//! themselves ([`telemetry`]), and when to try again ([`retry`]).
//!
//! Nothing here reads the environment: `main` hands it in.

pub mod config;
pub mod retry;
pub mod telemetry;
