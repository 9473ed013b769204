//! Runs of the function before engines that fail in passing, by a plan that a seed repeats.

pub mod delivery;
pub mod inputs;
pub mod kill;
pub mod outcome;
pub mod plan;
pub mod report;
pub mod run;
