//! Taskcluster: the log of a task as its worker writes it.
//!
//! The worker's own lines are `[taskcluster 2025-02-13T21:32:14.225Z] text`, docker-worker's with a
//! blank in the stamp; what is wrong is `[taskcluster:error] text` without a stamp, and in old logs
//! everything is. The task's script stamps its output by phase: `[setup …]`, `[fetches …]`,
//! `[vcs …]`, `[cache …]`, `[task …]` (gecko's `run-task`). The last words are `Result: FAILED` of
//! generic-worker and `Unsuccessful task run with exit code: 1 completed in 977.041 seconds` of
//! docker-worker.

use jiff::Timestamp;
use logmill_model::{Level, Outcome, Reason, RecordKind, Severity};
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::stamp;
use crate::steps::Nesting;

/// A line's stamp.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Prefix<'a> {
    /// Who speaks: `taskcluster`, `taskcluster:warn`, `task`, `vcs`.
    speaker: &'a str,
    /// None where the worker writes no time.
    pub(super) at: Option<Timestamp>,
    pub(super) body: &'a str,
}

impl Prefix<'_> {
    /// Whether the worker speaks.
    pub(super) fn is_worker(&self) -> bool {
        is_worker(self.speaker)
    }

    /// The level in the speaker's name or, in old logs, the first word.
    pub(super) fn level(&self) -> Option<Level> {
        match self.speaker {
            "taskcluster:error" => Some(Level::Error),
            "taskcluster:warn" => Some(Level::Warn),
            "taskcluster" if self.at.is_none() && self.body.starts_with("Error:") => {
                Some(Level::Error)
            }
            _ => None,
        }
    }
}

fn is_worker(speaker: &str) -> bool {
    speaker.split(':').next() == Some("taskcluster")
}

/// The phases of a task's script; a log that was cut begins with one of them.
const PHASES: [&str; 6] = ["setup", "cache", "volume", "vcs", "fetches", "task"];

/// The prefix that a line begins with.
fn prefix(text: &str) -> Option<Prefix<'_>> {
    /// The longest name of a speaker, in bytes.
    const MAX_SPEAKER: usize = 40;
    let inner = text.strip_prefix('[')?;
    let is_name =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'.');
    let length = inner.bytes().take(MAX_SPEAKER).take_while(|byte| is_name(byte)).count();
    let (speaker, rest) = inner.split_at(length);
    let without_stamp = || {
        let body = rest.strip_prefix("] ").or_else(|| rest.strip_prefix(']'))?;
        is_worker(speaker).then_some(Prefix { speaker, at: None, body })
    };
    let stamped = || {
        let rest = rest.strip_prefix(' ')?;
        let stamp = stamp::at_start(rest).filter(stamp::Stamp::is_zoned)?;
        let body = rest[stamp.length..].strip_prefix(']')?;
        Some(Prefix { speaker, at: stamp.instant(), body: body.strip_prefix(' ').unwrap_or(body) })
    };
    if length == 0 { None } else { stamped().or_else(without_stamp) }
}

/// Follows a task from its first line to its last.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    begun: bool,
    /// How many steps have begun.
    pub(super) steps: u64,
    result: Option<Outcome>,
    /// Whether the worker said that the task is over.
    finished: bool,
}

impl Job {
    /// The prefix that a line begins with; the worker's and its script's tell that the log is a task's.
    pub(super) fn prefix<'a>(&mut self, text: &'a str) -> Option<Prefix<'a>> {
        let prefix = prefix(text)?;
        self.begun |= prefix.is_worker() || PHASES.contains(&prefix.speaker);
        self.begun.then_some(prefix)
    }

    /// Looks at a line of the worker.
    pub(super) fn worker(&mut self, body: &str, level: Option<Level>, report: &mut Report<'_>) {
        report.kind(RecordKind::Marker);
        if level.is_some_and(|level| level >= Level::Error) {
            let cancelled = ["cancelled", "canceled"].iter().any(|word| body.contains(word));
            self.set(if cancelled { Outcome::Cancelled } else { Outcome::Failed });
        }
        match body.trim() {
            "=== Task Starting ===" => {
                self.steps += 1;
                report.close_step(Nesting::Ci, Outcome::Unknown);
                report.open_step("Task", Nesting::Ci);
            }
            "=== Task Finished ===" => {
                self.finished = true;
                if let Some(result) = self.result {
                    report.end_step(Nesting::Ci, Some(result));
                }
            }
            "Result: FAILED" => self.set(Outcome::Failed),
            "Result: SUCCEEDED" => self.set(Outcome::Success),
            body => self.last_words(body, report),
        }
    }

    /// docker-worker's last line.
    fn last_words(&mut self, body: &str, report: &mut Report<'_>) {
        let result = if body.starts_with("Unsuccessful task run with exit code: ") {
            report.error(Severity::Warning, Reason::Summary, body);
            Outcome::Failed
        } else if body.starts_with("Successful task run with exit code: ") {
            Outcome::Success
        } else {
            return;
        };
        self.set(result);
        if let Some(result) = self.result {
            report.end_step(Nesting::Ci, Some(result));
        }
    }

    /// One failure stays a failure.
    fn set(&mut self, result: Outcome) {
        if !matches!(self.result, Some(Outcome::Failed | Outcome::Cancelled)) {
            self.result = Some(result);
        }
    }

    /// How the task ended; none if the log is not one of Taskcluster.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let known = self.result.filter(|result| self.finished || *result != Outcome::Success);
        self.begun.then_some(known.unwrap_or_default())
    }

    /// How the step ended that is open at the end of the log.
    pub(super) fn last_step(&self) -> Option<Outcome> {
        self.outcome()
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::tests::read;

    const LOG: &str = include_str!("../../testdata/taskcluster.log");

    #[test]
    fn a_task_has_its_steps_and_its_result() {
        let seen = read(LOG);
        assert_eq!(
            seen.steps,
            [
                "9-10 success clobber",
                "11-11 skipped pull",
                "12-19 success run-tests",
                "5-22 failed Task",
            ]
        );
        assert_eq!(seen.result, "failed");
        let passed = LOG.replace(
            "Unsuccessful task run with exit code: 1",
            "Successful task run with exit code: 0",
        );
        assert_eq!(read(&passed).result, "success");
    }

    #[test]
    fn the_test_that_failed_explains_it_and_expected_errors_do_not() {
        let seen = read(LOG);
        let errors: Vec<_> =
            seen.errors.iter().filter(|error| !error.contains(" warning ")).collect();
        let failed = "18-18 error TEST-UNEXPECTED-TIMEOUT | /css/css-inline/initial-letter.html | expected FAIL";
        // A download that failed once has its own line in the viewer.
        assert_eq!(errors, ["8-8 error urllib.error.URLError: <urlopen error timed out>", failed]);
        assert_eq!(seen.explanation, ["18-18 taskcluster assertion"]);
    }

    #[test]
    fn a_task_that_ran_too_long_is_explained_by_the_workers_word() {
        let log = "[taskcluster 2025-02-12T02:47:20.605Z] === Task Starting ===\n\
                   [task 2025-02-12T03:17:15.938Z] 03:17:15     INFO - TEST-START | a.html\n\
                   [taskcluster:error] Aborting task...\n\
                   [taskcluster 2025-02-12T03:17:21.849Z] === Task Finished ===\n\
                   [taskcluster:error] Task aborted - max run time exceeded\n";
        let seen = read(log);
        assert_eq!(seen.explanation, ["5-5 taskcluster timeout"]);
        assert_eq!(seen.steps, ["1-4 failed Task"]);
    }

    #[test]
    fn a_task_that_only_ended_badly_is_explained_by_what_its_tools_say() {
        let log = "[taskcluster 2016-09-09 17:41:43.544Z] Task ID: x\n\
                   [taskcluster 2016-09-09 17:41:44.544Z] === Task Starting ===\n\
                   fatal: repository 'a' does not exist\n\
                   [taskcluster 2016-09-09 17:41:45.544Z] === Task Finished ===\n\
                   [taskcluster 2016-09-09 17:41:45.644Z] Unsuccessful task run with exit code: 128 completed in 1.1 seconds\n";
        let seen = read(log);
        assert_eq!(seen.explanation.len(), 1);
        assert!(seen.explanation[0].starts_with("3-3 "), "{:?}", seen.explanation);
    }

    #[test]
    fn lines_of_other_writers_keep_what_stands_in_brackets() {
        let log = "[main 2025-02-12T03:17:21.849Z] started\n[test_linux.sh:error] no zip\n";
        let seen = read(log);
        assert_eq!(seen.records[0].message, "[main 2025-02-12T03:17:21.849Z] started");
        assert_eq!(seen.result, "unknown");
    }
}
