//! The build document: what sums one log up.

use serde::{Deserialize, Serialize};

use crate::step::seconds_between;
use crate::{Outcome, TerraformRun, Timestamp};

/// What one log says as a whole.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Build {
    /// How the build ended, by evidence.
    pub result: Outcome,
    /// The build tools whose output it holds, the first seen first.
    pub tools: Vec<String>,
    /// The test frameworks whose output it holds, the first seen first.
    pub frameworks: Vec<String>,
    /// The first stamp.
    pub started_at: Option<Timestamp>,
    /// The last stamp.
    pub finished_at: Option<Timestamp>,
    /// Lines, a last one without a line end included.
    pub lines: u64,
    /// Bytes, decompressed.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// Steps.
    pub steps: u64,
    /// Errors of severity error or fatal.
    pub errors: u64,
    /// Errors of severity warning.
    pub warnings: u64,
    /// Tests, added up over the summaries of every framework, once a module.
    pub tests: Option<TestCounts>,
    /// What Terraform planned or did, added up over its runs.
    pub terraform: Option<TerraformRun>,
    /// What was cut, dropped, repaired or assumed.
    pub cuts: Cuts,
}

impl Build {
    /// Seconds from the first to the last stamp.
    #[must_use]
    pub fn duration_s(&self) -> Option<f64> {
        seconds_between(self.started_at, self.finished_at)
    }

    /// Errors for each record, 0 to 1.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a ratio; counts stay far below 2^52")]
    pub fn error_rate(&self) -> f64 {
        if self.records == 0 { 0.0 } else { self.errors as f64 / self.records as f64 }
    }
}

/// Numbers of tests.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct TestCounts {
    /// All but the skipped ones.
    pub run: u64,
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed or could not be run to their end.
    pub failed: u64,
    /// Tests that were left out.
    pub skipped: u64,
}

/// What a document does not show as it stands in the log: everything that a limit cut or dropped,
/// that was repaired to be readable, or assumed.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Cuts {
    /// Lines over 64 KiB, of which only the beginning was kept.
    pub lines_cut: u64,
    /// The bytes that were left out of them.
    pub line_bytes_cut: u64,
    /// Records over 64 KiB, which end where the limit was.
    pub records_split: u64,
    /// Steps over the 512 that may be open at once; their lines belong to the step around them.
    pub steps_dropped: u64,
    /// Errors that were no candidates for the explanation because 64 better ones were.
    pub candidates_dropped: u64,
    /// Names, values and messages longer than what is kept of one, which end there.
    #[serde(default)]
    pub values_cut: u64,
    /// Lines of errors that were not kept, as there were too many of them.
    #[serde(default)]
    pub error_lines_cut: u64,
    /// What was forgotten before it was of use, as too much was open at once: tests that run, what
    /// they logged, names, results.
    #[serde(default)]
    pub forgotten: u64,
    /// Lines that were no valid UTF-8; the bad bytes became U+FFFD.
    pub invalid_utf8_lines: u64,
    /// NUL bytes, taken out.
    pub nul_bytes: u64,
    /// Places where a secret or personal data was masked.
    pub masked: u64,
    /// Stamps without a zone, read as UTC or in the zone that the caller named.
    pub zone_assumed: u64,
    /// Stamps without a year or a date, and no stamp before them that had one: read in the year or
    /// on the day that the caller named, or in 1970.
    #[serde(default)]
    pub date_assumed: u64,
    /// Why the input ended before its end, in words: a truncated or damaged archive, a limit.
    pub input: Option<String>,
}
