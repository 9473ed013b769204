//! What the metadata keeps of an object's logs, as the function `parse` writes it. Only read here:
//! the writing side stays with its function, so that pages do not link a parser. A field that is
//! missing has its default, so that older rows stay readable.

use logmill_model::{Explanation, Outcome, TestCounts, Timestamp};
use serde::{Deserialize, Serialize};

/// The logs of one object, in their order.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Summary {
    /// One for each log.
    pub logs: Vec<LogSummary>,
    /// Logs beyond the room that the summary has.
    pub more: u64,
    /// Members of an archive that could not be used, each with the reason.
    pub aside: Vec<String>,
}

/// One log.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct LogSummary {
    /// Its part in the deployment; `""` where there is only one.
    pub part: String,
    /// How the build ended.
    pub result: Outcome,
    /// The first stamp.
    pub started_at: Option<Timestamp>,
    /// The last stamp.
    pub finished_at: Option<Timestamp>,
    /// Lines.
    pub lines: u64,
    /// Bytes, decompressed.
    pub bytes: u64,
    /// Errors of severity error or fatal.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// Tests.
    pub tests: Option<TestCounts>,
    /// Why it failed: the most telling block.
    pub explanation: Option<Explanation>,
    /// Why the input ended too early, if it did.
    pub cut: Option<String>,
}
