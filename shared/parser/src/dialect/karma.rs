//! Karma: what failed in which browser, the counts.
//!
//! `Chrome 90.0 (Linux): Executed 5 of 10 (1 FAILED) (0.5 secs / 0.3 secs)` is written again and
//! again while the tests run; the last one of each browser counts. A failure is `Chrome 90.0 (Linux)
//! Cart removes FAILED` with its message indented below (karma-runner.github.io, "Configuration
//! File", `reporters`).

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Karma {
    /// Each browser's counts so far.
    browsers: Vec<(String, TestSummary)>,
    /// The failed test, whose message follows.
    failed: Option<TestCase>,
    in_failure: bool,
}

/// How many browsers are told apart, and the longest name of one, in bytes.
const MAX_BROWSERS: usize = 16;
const MAX_BROWSER: usize = 80;

static EXECUTED: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"^(?:(\S.*?): )?Executed (\d+) of (\d+)\s*(?:\((\d+) FAILED\))?\s*(?:\(skipped (\d+)\))?\s*(?:SUCCESS|DISCONNECTED|ERROR)?\s*(?:\(((?:[\d.]+ (?:hours?|mins?|secs?) ?)+)/)?",
    ));
static FAILED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([A-Z][\w ]*? [\d.]+ \([^)]*\)) (.+) FAILED$"));

impl Dialect for Karma {
    const NAME: &'static str = "karma";
    const LITERALS: &'static [&'static str] = &["Executed ", ") FAILED", " FAILED", "] Karma v", ":karma): Karma v"];

    fn awake(&self) -> bool {
        self.in_failure
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if text.contains("Karma v") && text.contains("server started") {
            self.end(report);
            report.framework("karma");
        } else if let Some(executed) = text.contains("Executed ").then(|| EXECUTED.captures(text)).flatten() {
            self.stop(report);
            self.executed(&executed, report);
        } else if let Some(failed) = text.ends_with(" FAILED").then(|| FAILED.captures(text)).flatten() {
            self.stop(report);
            self.in_failure = true;
            self.failed = Some(report.case("karma", &failed[2], Some(&failed[1]), TestOutcome::Fail));
            report.error(Severity::Error, Reason::Assertion, &failed[2]);
        } else if self.in_failure {
            self.details(line.text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.stop(report);
        for (_, mut summary) in std::mem::take(&mut self.browsers) {
            summary.passed = summary.run.saturating_sub(summary.failed);
            report.failed_if(summary.failed > 0);
            report.summary(summary);
        }
    }
}

impl Karma {
    fn executed(&mut self, executed: &regex::Captures<'_>, report: &mut Report<'_>) {
        let number = |group| counts::number(executed, group);
        report.claim();
        let browser = cut(executed.get(1).map_or("", |found| found.as_str()), MAX_BROWSER);
        let summary = TestSummary {
            framework: "karma".to_owned(),
            // Karma does not count the skipped ones as executed.
            run: number(2),
            failed: number(4),
            skipped: number(5),
            duration_s: executed.get(6).and_then(|time| counts::seconds(time.as_str())),
            line: report.line.number,
            ..TestSummary::default()
        };
        let place = |browsers: &[(String, TestSummary)]| {
            browsers.iter().position(|(known, _)| known == browser)
        };
        if place(&self.browsers).is_some_and(|at| self.browsers[at].1.run > summary.run) {
            // Another run has begun.
            self.end(report);
        }
        match place(&self.browsers) {
            Some(at) => self.browsers[at].1 = summary,
            None if self.browsers.len() < MAX_BROWSERS => {
                self.browsers.push((browser.to_owned(), summary));
            }
            None => {}
        }
    }

    /// The message of a failure, up to its first frame.
    fn details(&mut self, line: &str, report: &mut Report<'_>) {
        let text = line.trim_start();
        if !line.starts_with([' ', '\t']) || text.starts_with("at ") {
            self.stop(report);
        } else {
            report.tell_line(&mut self.failed, text);
        }
    }

    fn stop(&mut self, report: &mut Report<'_>) {
        self.in_failure = false;
        report.tell_pending(&mut self.failed);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_browser_is_counted_once_and_its_failures_are_found() {
        let seen = read(include_str!("../../testdata/karma.log"));
        assert_eq!(seen.tests, ["fail Chrome 90.0 (Linux) Cart full removes"]);
        assert_eq!(seen.summaries, ["karma 3 run 2 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["3-4 karma assertion"]);
    }
}
