//! Travis CI: the log of a job as its build script writes it.
//!
//! `travis_fold:start:NAME` and `travis_fold:end:NAME` part the phases of the job, `travis_time:start:ID`
//! and `travis_time:end:ID:start=NS,finish=NS,duration=NS` stand around each command
//! (github.com/travis-ci/travis-build, `lib/travis/build/bash`); each marker ends in `\r`. Behind a
//! command of the script stands `The command "…" exited with N.`, and at the end
//! `Done. Your build exited with N.`

use jiff::Timestamp;
use logmill_model::{Outcome, Reason, RecordKind, Severity};
use serde::{Deserialize, Serialize};

use super::sections;
use crate::report::Report;
use crate::steps::Nesting;
use crate::text::cut;

pub(super) const WORDS: [&str; 2] = ["travis_fold:", "travis_time:"];
/// The longest name that is remembered, in bytes: that of a step.
const MAX_NAME: usize = 200;

/// Whether `text` is how Travis ends a command or a job.
pub(super) fn is_verdict(text: &str) -> bool {
    text.starts_with("The command \"") && text.contains("exited with ")
        || text.starts_with("Done. Your build exited with ")
        || text.starts_with("Done: Job Cancelled")
        || text.starts_with("Your build has been stopped.")
        || text.starts_with("No output has been received in the last ")
        || text.starts_with("The job exceeded the maximum ")
}

/// The last time that `markers` name.
pub(super) fn stamp(markers: &str) -> Option<Timestamp> {
    sections::each(markers).filter_map(|marker| times(marker)?.1).last()
}

/// When a command began and ended, as a `travis_time:end` says.
fn times(marker: &str) -> Option<(Option<Timestamp>, Option<Timestamp>)> {
    let (_, fields) = marker.strip_prefix("travis_time:end:")?.split_once(':')?;
    let time = |key: &str| {
        let value = fields.split(',').find_map(|field| field.strip_prefix(key))?;
        Timestamp::from_nanosecond(value.parse().ok()?).ok()
    };
    Some((time("start="), time("finish=")))
}

/// Follows a job from its first fold to its last line.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    /// How many folds and commands have begun.
    pub(super) steps: u64,
    /// Whether the innermost fold is known to have begun when its first command did.
    timed: bool,
    /// A command outside any fold has begun; the next line says which.
    awaits_name: bool,
    /// The command that is open outside any fold.
    command: String,
    pub(super) outcome: Option<Outcome>,
}

impl Job {
    /// Reads the markers before a line's text, and the text of the line behind a command's begin.
    pub(super) fn markers(&mut self, markers: &str, body: &str, report: &mut Report<'_>) {
        report.kind(RecordKind::Marker);
        for marker in sections::each(markers) {
            self.marker(marker, report);
        }
        if is_verdict(body) {
            self.verdict(body, report);
        } else {
            self.text(body, report);
        }
    }

    /// Names the command that has begun, if the line shows it: `$ make`.
    pub(super) fn text(&mut self, body: &str, report: &mut Report<'_>) {
        if let Some(command) = body.strip_prefix("$ ").filter(|_| self.awaits_name) {
            self.steps += 1;
            report.settle_step(Outcome::Success);
            cut(command.trim(), MAX_NAME).clone_into(&mut self.command);
            self.timed = false;
            report.open_step(&self.command, Nesting::Ci);
        }
        self.awaits_name &= body.is_empty();
    }

    fn marker(&mut self, marker: &str, report: &mut Report<'_>) {
        if let Some(name) = marker.strip_prefix("travis_fold:start:") {
            self.steps += 1;
            self.timed = false;
            report.settle_step(Outcome::Success);
            report.open_step(name, if report.in_ci_step() { Nesting::Group } else { Nesting::Ci });
        } else if let Some(name) = marker.strip_prefix("travis_fold:end:") {
            // Of a phase a later line tells if it failed.
            let told = !report.is_outer_step(name);
            report.end_named(name, told.then_some(Outcome::Success), None);
        } else if marker.starts_with("travis_time:start:") {
            self.awaits_name = !report.in_ci_step();
        } else if let Some((started, finished)) = times(marker) {
            if !std::mem::replace(&mut self.timed, true) {
                report.start_step(started);
            }
            let command = std::mem::take(&mut self.command);
            if !command.is_empty() {
                report.end_named(&command, None, finished);
            }
        }
    }

    /// Reads a line that says how something ended.
    pub(super) fn verdict(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(code) = text.strip_prefix("Done. Your build exited with ") {
            // The job's last word, whatever a command that may fail has said.
            let success = code.trim_end_matches('.') == "0";
            self.outcome = Some(if success { Outcome::Success } else { Outcome::Failed });
            report.settle_step(Outcome::Success);
            return;
        }
        if text.starts_with("Done: Job Cancelled") {
            self.outcome = Some(Outcome::Cancelled);
            return;
        }
        if !text.starts_with("The command \"") {
            let late = text.starts_with("No output") || text.starts_with("The job exceeded");
            let reason = if late { Reason::Timeout } else { Reason::Summary };
            self.fail(reason, text, report);
            return;
        }
        let code = text.rsplit("exited with ").next().unwrap_or(text);
        let code = code.split([' ', '.']).next().unwrap_or(code);
        if code == "0" {
            report.extend_waiting_step();
            report.settle_step(Outcome::Success);
        } else {
            self.fail(super::exit_reason(code), text, report);
        }
    }

    fn fail(&mut self, reason: Reason, text: &str, report: &mut Report<'_>) {
        self.outcome = Some(Outcome::Failed);
        report.extend_waiting_step();
        report.settle_step(Outcome::Failed);
        report.fail_step();
        report.error(Severity::Error, reason, text);
    }
}
