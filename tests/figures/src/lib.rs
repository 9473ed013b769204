//! What the figures share: a log of any size, the engines that hold it, the function as a process of
//! its own, and what the search engine holds in the end.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a bench fails by panicking, its helpers too"
)]

pub mod cloud;
pub mod function;
pub mod log;
pub mod recorder;
pub mod search;

/// The middle one of some figures, or the mean of the two in the middle.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}
