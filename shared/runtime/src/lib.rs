//! What every function and store shares: configuration ([`config`]), what they tell about
//! themselves ([`telemetry`]), when to try again ([`retry`]) and why ([`cause`]).
//!
//! Nothing here reads the environment: `main` hands it in.

pub mod cause;
pub mod config;
pub mod retry;
pub mod telemetry;
