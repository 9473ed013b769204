//! Build documents and records as they are indexed, read leniently: a document of an older version
//! lacks fields, and a page shows what there is.

use logmill_documents::Hit;
use logmill_model::{
    Cuts, Explanation, Level, LogError, Outcome, Step, TestCase, TestCounts, Timestamp,
};
use serde::Deserialize;

use crate::view::Line;

/// The build document of one log.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct BuildDocument {
    /// How the build ended.
    pub result: Outcome,
    /// The first stamp.
    pub started_at: Option<Timestamp>,
    /// The last stamp.
    pub finished_at: Option<Timestamp>,
    /// Seconds between these two.
    pub duration_s: Option<f64>,
    /// The build tools whose output it holds.
    pub tools: Vec<String>,
    /// The test frameworks whose output it holds.
    pub frameworks: Vec<String>,
    /// Its steps, in the order in which they began.
    pub steps: Vec<Step>,
    /// Its errors and warnings.
    pub errors: Vec<LogError>,
    /// Why it failed: the blocks that explain it, the most telling first.
    pub explanation: Vec<Explanation>,
    /// Tests.
    pub tests: Option<TestCounts>,
    /// Its failed tests.
    pub failures: Vec<TestCase>,
    /// Sizes.
    pub metrics: Metrics,
    /// What was cut.
    pub cuts: AllCuts,
}

/// The sizes of a log.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields of logmill_model::Build")]
pub struct Metrics {
    pub lines: u64,
    pub bytes: u64,
    pub records: u64,
    pub steps: u64,
    pub errors: u64,
    pub warnings: u64,
}

/// What was cut in the log, and of the lists of its build document.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct AllCuts {
    /// In the log.
    #[serde(flatten)]
    pub log: Cuts,
    /// Steps that the document leaves out.
    pub steps_cut: u64,
    /// Errors that the document leaves out.
    pub errors_cut: u64,
    /// Failed tests that the document leaves out.
    pub failures_cut: u64,
}

/// A record of a log.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub struct RecordDocument {
    /// The deployment that it belongs to; none for a service's own record.
    pub deployment_key: Option<String>,
    /// Which of its logs.
    pub part: String,
    /// First line, from 1.
    pub line: u64,
    /// Last line.
    pub end_line: u64,
    /// The level that it states.
    pub level: Option<Level>,
    /// The text, with its continuation lines.
    pub message: String,
    /// When it happened.
    #[serde(rename = "@timestamp")]
    pub at: Option<Timestamp>,
    /// The application.
    pub application: Option<String>,
    /// The service, of a service's own record.
    pub service: Option<String>,
}

/// The lines `from` to `to` of these records of one log, each once, in order.
#[must_use]
pub fn lines(hits: &[Hit], from: u64, to: u64) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for hit in hits {
        let Ok(record) = RecordDocument::deserialize(&hit.source) else { continue };
        let next = lines.last().map_or(0, |line| line.number + 1);
        lines.extend(
            record_lines(&record).filter(|line| line.number >= from.max(next) && line.number <= to),
        );
    }
    lines
}

/// The lines of one record.
pub fn record_lines(record: &RecordDocument) -> impl Iterator<Item = Line> + '_ {
    (record.line..=record.end_line.max(record.line))
        .zip(record.message.split('\n'))
        .map(|(number, text)| Line { number, text: text.to_owned(), level: record.level })
}
