//! What the metadata keeps of an object's logs, to be listed without the search engine: written by
//! the function that parses, as JSON, read by lists. A field that is missing has its default, so that
//! older rows stay readable.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Build, Explanation, Outcome, TestCounts};

/// How many bytes of an explanation a summary keeps.
const MAX_TEXT: usize = 600;
/// How many bytes the summaries of one object may have together; those behind lose their texts,
/// and beyond twice as many logs are only counted.
const ROOM: usize = 200 * 1024;

/// The logs of one object, in their order.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Summary {
    /// One for each log.
    pub logs: Vec<LogSummary>,
    /// Logs beyond the room that there is.
    pub more: u64,
    /// Members of an archive that could not be used, each with the reason, for people.
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

impl Summary {
    /// Adds a log, as far as there is room.
    pub fn push(&mut self, part: &str, build: &Build, explanation: Option<&Explanation>) {
        let used: usize = self.logs.iter().map(LogSummary::size).sum();
        if used > ROOM + ROOM / 8 {
            self.more += 1;
            return;
        }
        let explanation = explanation.filter(|_| used < ROOM).map(|found| Explanation {
            message: found.message[..found.message.floor_char_boundary(MAX_TEXT)].to_owned(),
            ..found.clone()
        });
        self.logs.push(LogSummary {
            part: part.to_owned(),
            result: build.result,
            started_at: build.started_at,
            finished_at: build.finished_at,
            lines: build.lines,
            bytes: build.bytes,
            errors: build.errors,
            warnings: build.warnings,
            tests: build.tests,
            explanation,
            cut: build.cuts.input.clone(),
        });
    }

    /// The worst result of its logs.
    #[must_use]
    pub fn result(&self) -> Outcome {
        let any = |outcome| self.logs.iter().any(|log| log.result == outcome);
        [Outcome::Failed, Outcome::Cancelled, Outcome::Unknown, Outcome::Skipped, Outcome::Success]
            .into_iter()
            .find(|outcome| any(*outcome))
            .unwrap_or_default()
    }
}

impl LogSummary {
    /// About how many bytes it takes as JSON.
    fn size(&self) -> usize {
        let text = self.explanation.as_ref().map_or(0, |found| found.message.len() * 2 + 120);
        300 + self.part.len() + text + self.cut.as_ref().map_or(0, String::len)
    }
}
