//! Runs in which every engine fails in passing, by a plan. Nothing may be lost, nothing doubled.
//!
//! `cargo soak faults` makes 500 of them; `LOGMILL_FAULTS_SEED` repeats one with the same plans.

use crate::embedded::Engines;
use crate::faults::report::{play, report};
use crate::given;

/// How many runs share engines. Each refresh of a run is one of all.
const SHARING: usize = 50;
/// How many runs are under way at once; they mostly wait.
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_engines_lose_no_log_and_double_none() {
    let first = given::seed("LOGMILL_FAULTS_SEED");
    let runs = given::number("LOGMILL_FAULTS", 6);
    given::say(&format!("LOGMILL_FAULTS_SEED={first}: {runs} runs"));
    let seeds: Vec<u64> = (first..first + runs).collect();
    let mut outcomes = Vec::new();
    for seeds in seeds.chunks(SHARING) {
        outcomes.extend(play(&Engines::start().await, seeds, AT_ONCE).await);
    }
    assert_eq!(outcomes.len() as u64, runs);
    report(&outcomes);
}
