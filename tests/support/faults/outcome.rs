//! What became of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::compare::Difference;
use crate::faults::plan::{Cut, Fault};
use crate::refusal::Engine;

/// What became of one run.
#[derive(Debug)]
pub struct Outcome {
    /// How often each fault was injected, before which engine.
    pub injected: BTreeMap<(Fault, Engine), usize>,
    /// What is not as undisturbed.
    pub difference: Difference,
    /// Objects that were given up, and replayed.
    pub failed_first: usize,
    /// Letters of logs that were completed all the same: the letter was kept, the row was not.
    pub needless_letters: usize,
    /// How long it took until all was completed.
    pub took: Duration,
    /// The longest that an invocation went on past its time.
    pub late: Duration,
    /// Calls whose message was to be delivered again.
    pub failed_calls: usize,
    /// Events that were delivered three times or more often, and those after a later one.
    pub delivered: Delivered,
    /// How often a database's connection ended amid a transaction.
    pub cut: Cut,
    /// What was found where something differs.
    pub reasons: Vec<String>,
}

/// How a queue delivered events.
#[derive(Clone, Copy, Debug)]
pub struct Delivered {
    /// How many three times or more often.
    pub thrice: usize,
    /// How many times one after one that was sent later.
    pub out_of_order: usize,
}
