//! What the parser tells while it reads.

use logmill_model::{
    Build, Explanation, LogError, Record, Step, TerraformRun, TestCase, TestSummary,
};

/// One thing found in a log. It is lent: who wants to keep it clones it.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A log event, told when the next one begins; in the order of the lines.
    Record(&'a Record),
    /// A step, told when it ends.
    Step(&'a Step),
    /// An error, told when its block of lines ends.
    Error(&'a LogError),
    /// One test, told at the line that states its result.
    Test(&'a TestCase),
    /// What a framework printed at the end of a run of tests.
    TestSummary(&'a TestSummary),
    /// What a run of Terraform came to, told when the next one begins or the log ends.
    Terraform(&'a TerraformRun),
    /// A block of lines that tells why the build failed, the most telling first; told at the end.
    Explanation(&'a Explanation),
    /// What the whole log says; the last event.
    Build(&'a Build),
}

/// Takes events as they are found.
///
/// Any `FnMut(Event<'_>)` is one.
pub trait Sink {
    /// Takes one event. A sink that can fail remembers its first error and tells it at its end.
    fn event(&mut self, event: Event<'_>);
}

impl<F: FnMut(Event<'_>)> Sink for F {
    fn event(&mut self, event: Event<'_>) {
        self(event);
    }
}
