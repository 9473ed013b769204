//! Buildbot: the log of a build as Mozilla's masters uploaded it.
//!
//! A header of `key: value` lines (`builder`, `slave`, `starttime`, `results: success (0)`,
//! `buildid`, `builduid`, `revision`), then the output of one step after the other between
//! `========= Started compile (results: 0, elapsed: 5 secs) (at 2013-06-05 12:51:48.767751) =========`
//! and `========= Finished …` of the same form (buildbotcustom/bin/log_uploader.py). The codes of
//! results are those of `buildbot.status.results`.

use logmill_model::{Outcome, RecordKind};
use serde::{Deserialize, Serialize};

use crate::report::{Line, Report};
use crate::stamp::{self, Stamp};
use crate::steps::Nesting;

/// The header stands in the first lines.
const HEADER_LINES: u64 = 16;
/// So many of its keys are a header.
const HEADER_KEYS: u32 = 3;

/// Where a step begins or ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mark<'a> {
    is_start: bool,
    name: &'a str,
    code: &'a str,
    pub(super) stamp: Stamp,
}

/// The mark that a line is.
pub(super) fn mark(text: &str) -> Option<Mark<'_>> {
    let rest = text.strip_prefix("========= ")?;
    let (rest, is_start) = match rest.strip_prefix("Started ") {
        Some(rest) => (rest, true),
        None => (rest.strip_prefix("Finished ")?, false),
    };
    let (name, rest) = rest.split_once(" (results: ")?;
    let (code, rest) = rest.split_once(", elapsed: ")?;
    let stamp = stamp::at_start(rest.split_once(") (at ")?.1)?;
    let is_code = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(Mark { is_start, name, code, stamp })
}

/// Follows a build from its header to its last step.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    /// Whether the log is one of Buildbot.
    begun: bool,
    /// How many steps have begun.
    pub(super) steps: u64,
    header_keys: u32,
    /// What the header says.
    result: Option<Outcome>,
    /// Whether a step failed.
    failed: bool,
    /// Whether a step is open: a log that was cut has not passed.
    in_step: bool,
}

impl Job {
    /// Whether the log is one of Buildbot.
    pub(super) fn is_active(&self) -> bool {
        self.begun
    }

    /// Looks at a line before the first step.
    pub(super) fn header(&mut self, line: Line<'_>) {
        if self.steps > 0 || line.number > HEADER_LINES {
            return;
        }
        let Some((key, value)) = line.text.split_once(": ") else { return };
        match key {
            "builder" | "slave" | "worker" | "starttime" | "buildid" | "builduid" | "revision" => {}
            "results" => self.result = header_result(value),
            _ => return,
        }
        self.header_keys += 1;
        self.begun |= self.header_keys >= HEADER_KEYS;
    }

    /// Opens or closes the step that `text` marks.
    pub(super) fn mark(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(mark) = mark(text) else { return };
        report.kind(RecordKind::Marker);
        self.begun = true;
        if mark.is_start {
            self.steps += 1;
            self.in_step = true;
            report.cut_step(Nesting::Ci);
            report.open_step(mark.name, Nesting::Ci);
        } else {
            let outcome = outcome(mark.code);
            self.failed |= outcome == Outcome::Failed;
            self.in_step = false;
            report.end_step(Nesting::Ci, Some(outcome));
        }
    }

    /// How the build ended; none if the log is not one of Buildbot.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let by_steps = if self.failed {
            Outcome::Failed
        } else if self.in_step {
            Outcome::Unknown
        } else {
            Outcome::Success
        };
        self.begun.then_some(self.result.unwrap_or(by_steps))
    }

    /// How the step ended that is open at the end of the log; none if the log is not one of
    /// Buildbot.
    pub(super) fn last_step(&self) -> Option<Outcome> {
        self.begun.then_some(Outcome::Unknown)
    }
}

/// What the header's `warnings (1)` means.
fn header_result(value: &str) -> Option<Outcome> {
    let (_, code) = value.trim_end().strip_suffix(')')?.rsplit_once('(')?;
    Some(outcome(code))
}

/// What a code means: tests that failed are warnings (1).
fn outcome(code: &str) -> Outcome {
    match code {
        "0" => Outcome::Success,
        "1" | "2" | "4" | "5" => Outcome::Failed,
        "3" => Outcome::Skipped,
        "6" => Outcome::Cancelled,
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::tests::read;

    const LOG: &str = include_str!("../../testdata/buildbot.log");

    #[test]
    fn steps_have_the_name_the_result_and_the_lines_of_their_marks() {
        let seen = read(LOG);
        assert_eq!(
            seen.steps,
            [
                "9-11 success set props: master",
                "13-30 failed 'python scripts/desktop_unittest.py ...' warnings",
                "32-33 skipped set build property skipped",
                // Its end was cut off.
                "35-35 unknown reboot slave lost",
            ]
        );
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn steps_have_the_times_that_are_printed() {
        let mut times = Vec::new();
        let mut sink = |event: crate::Event<'_>| {
            if let crate::Event::Step(step) = event {
                times.push(format!("{:?} {:?}", step.started_at, step.finished_at));
            }
        };
        let mut parser = crate::Parser::new(crate::Options::default());
        // The end of one step is missing, and the last one's, too.
        let log = LOG.replacen("========= Finished", "finished?", 1);
        parser.push(log.as_bytes(), &mut sink);
        parser.finish(None, &mut sink);
        assert_eq!(times[0], "Some(2013-06-05T12:44:58.842738Z) None");
        assert_eq!(times[3], "Some(2013-06-05T12:46:55.480585Z) None");
        assert_eq!(times[1], "Some(2013-06-05T12:45:02.559674Z) Some(2013-06-05T12:46:55.430095Z)");
    }

    #[test]
    fn what_the_viewer_shows_is_an_error_and_what_a_passing_test_prints_is_none() {
        let seen = read(LOG);
        let errors: Vec<_> =
            seen.errors.iter().filter(|error| !error.contains(" warning ")).collect();
        assert_eq!(
            errors,
            [
                "23-23 error Assertion failure: aNode->IsLinked(), at ../../../accessible/src/base/Node.cpp:57",
                "24-24 error TEST-UNEXPECTED-FAIL | automation.py | Exited with code 11 during test run",
                "25-25 error PROCESS-CRASH | automation.py | application crashed [@ a11y::Node::Unlink]",
                "27-27 error Return code: 1",
            ]
        );
        assert_eq!(seen.explanation, ["23-23 buildbot assertion", "25-25 buildbot assertion"]);
    }

    #[test]
    fn a_build_without_marks_of_steps_has_the_result_of_its_header() {
        let header = "builder: a\nslave: b\nstarttime: 1.5\nresults: success (0)\n";
        assert_eq!(read(&format!("{header}fatal: no such thing\n")).result, "success");
        assert_eq!(read(&header.replace("success (0)", "exception (4)")).result, "failed");
        assert_eq!(read("builder: a\nresults: success (0)\n").result, "unknown");
    }

    #[test]
    fn a_log_without_its_header_is_known_by_its_marks() {
        let (_, log) = LOG.split_once("\n\n").unwrap();
        let seen = read(log);
        assert_eq!(seen.steps.len(), 4);
        // What was cut off has not passed, but a step failed.
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn a_mark_without_time_or_code_is_output() {
        let log = "========= Started a (results: 0, elapsed: 0 secs) ==========\n\
                   ========= Started b (results: x, elapsed: 0 secs) (at 2013-06-05 12:44:58.8) =====\n";
        assert!(read(log).steps.is_empty());
    }
}
