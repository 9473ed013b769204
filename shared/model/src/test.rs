//! Single tests and the summaries of test runs.

use serde::{Deserialize, Serialize};

/// How one test ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TestOutcome {
    /// It did what it should.
    Pass,
    /// An expectation did not hold.
    Fail,
    /// It could not be run to its end.
    Error,
    /// It was left out.
    Skip,
}

impl TestOutcome {
    /// The name as documents carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }
}

/// One test with its result.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct TestCase {
    /// `pytest`, `junit`, `go`, …
    pub framework: String,
    /// The name as the framework prints it.
    pub name: String,
    /// The class, module, file or package that holds it, where the framework says so.
    pub classname: Option<String>,
    /// How it ended.
    pub result: TestOutcome,
    /// How long it took, in seconds.
    pub duration_s: Option<f64>,
    /// Why it failed, where the line says so.
    pub message: Option<String>,
    /// The line that states the result.
    pub line: u64,
}

/// What a framework printed at the end of one run of tests, as it counts: some count a skipped test
/// as run, and Surefire, Gradle and Ant then as one that did not fail.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct TestSummary {
    /// `pytest`, `junit`, `go`, …
    pub framework: String,
    /// Tests that were run; for most frameworks all but the skipped ones.
    pub run: u64,
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed or could not be run to their end.
    pub failed: u64,
    /// Tests that were left out.
    pub skipped: u64,
    /// How long the run took, in seconds.
    pub duration_s: Option<f64>,
    /// The line that states it.
    pub line: u64,
}
