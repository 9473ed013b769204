//! Steps of a build, and how they ended.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How a step or a build ended.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum Outcome {
    Success,
    Failed,
    Skipped,
    Cancelled,
    /// The log holds no evidence.
    #[default]
    Unknown,
}

impl Outcome {
    /// The name as documents carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }
}

/// One step of a build: a step of the CI system, or a phase of a tool inside it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Step {
    /// From 1, in the order in which the steps began.
    pub number: u32,
    /// The step that this one is a part of, by its number.
    pub parent: Option<u32>,
    /// The name as the CI system or the tool writes it.
    pub name: String,
    /// How it ended, by evidence: exit codes, markers, what the tool said.
    pub result: Outcome,
    /// The stamp of its first line.
    pub started_at: Option<Timestamp>,
    /// The stamp of its last line.
    pub finished_at: Option<Timestamp>,
    /// First line in the log.
    pub start_line: u64,
    /// Last line in the log.
    pub end_line: u64,
    /// Errors reported while it was the innermost open step.
    pub errors: u32,
}

impl Step {
    /// Seconds between its first and its last stamp.
    #[must_use]
    pub fn duration_s(&self) -> Option<f64> {
        seconds_between(self.started_at, self.finished_at)
    }
}

/// Seconds from `start` to `end`; never negative, for clocks are set back.
pub(crate) fn seconds_between(start: Option<Timestamp>, end: Option<Timestamp>) -> Option<f64> {
    Some(end?.duration_since(start?).as_secs_f64().max(0.0))
}
