//! Azure Pipelines: the log of a job, stamped as GitHub's runner does, which is its descendant.
//!
//! `##[section]Starting: Build` and `##[section]Finishing: Build` stand around a task
//! (github.com/microsoft/azure-pipelines-agent); `##vso[task.logissue type=error]…` is a command of a
//! tool that an agent did not take.

use logmill_model::{Outcome, Reason, RecordKind, Severity};
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::steps::Nesting;

const STARTING: &str = "##[section]Starting: ";
const FINISHING: &str = "##[section]Finishing: ";

/// Whether `text` begins a task.
pub(super) fn is_begin(text: &str) -> bool {
    text.starts_with(STARTING)
}

/// Whether `text` is one of the words that a job reads.
pub(super) fn is_marker(text: &str) -> bool {
    text.starts_with("##")
        && (text.starts_with(STARTING)
            || text.starts_with(FINISHING)
            || text.starts_with("##[error]")
            || is_command(text))
}

/// Whether `text` is a command to the agent.
pub(super) fn is_command(text: &str) -> bool {
    text.starts_with("##vso[task.logissue ") || text.starts_with("##vso[task.complete ")
}

/// Follows a job from its first task to its last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    /// How many tasks have begun.
    pub(super) tasks: u64,
    failed: bool,
    cancelled: bool,
    /// Whether the last task has finished.
    ended: bool,
}

impl Job {
    /// Reads a marker.
    pub(super) fn marker(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(name) = text.strip_prefix(STARTING) {
            report.kind(RecordKind::Marker);
            self.tasks += 1;
            self.ended = false;
            let nesting = if report.in_ci_step() { Nesting::Group } else { Nesting::Ci };
            report.open_step(name, nesting);
        } else if let Some(name) = text.strip_prefix(FINISHING) {
            report.kind(RecordKind::Marker);
            report.end_named(name, Some(Outcome::Success), None);
            self.ended = !report.in_ci_step();
        } else if let Some(text) = text.strip_prefix("##[error]") {
            self.error(text, report);
        } else {
            self.command(text, report);
        }
    }

    fn error(&mut self, text: &str, report: &mut Report<'_>) {
        if text.starts_with("The operation was canceled") {
            self.cancelled = true;
            report.error(Severity::Error, Reason::Summary, text);
            return;
        }
        self.failed = true;
        report.fail_step();
        let code =
            text.split_once("exited with code '").and_then(|(_, rest)| rest.split('\'').next());
        let reason = match code {
            Some(code) => super::exit_reason(code),
            None if text.contains("ran longer than the maximum time") => Reason::Timeout,
            None if text.contains("failed with exit code") => Reason::Summary,
            None => Reason::Other,
        };
        report.error(Severity::Error, reason, text);
    }

    /// `##vso[task.logissue type=error;sourcepath=a.c;linenumber=1]message`,
    /// `##vso[task.complete result=Failed;]done`.
    fn command(&mut self, text: &str, report: &mut Report<'_>) {
        let Some((head, message)) = text.split_once(']') else { return };
        report.kind(RecordKind::Marker);
        if head.contains("type=error") {
            self.error(message, report);
        } else if head.contains("type=warning") {
            report.error(Severity::Warning, Reason::Other, message);
        } else if head.contains("result=Failed") {
            self.failed = true;
            report.fail_step();
        }
    }

    pub(super) fn outcome(&self) -> Option<Outcome> {
        if self.failed {
            Some(Outcome::Failed)
        } else if self.cancelled {
            Some(Outcome::Cancelled)
        } else {
            (self.tasks > 0).then_some(if self.ended { Outcome::Success } else { Outcome::Unknown })
        }
    }
}
