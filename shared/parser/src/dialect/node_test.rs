//! Node's own test runner, by its reporter `spec`: the tests, the failures, the counts.
//!
//! Suites are `▶ name`, tests `✔ name (0.5ms)`, `✖ …` and `﹣ … # SKIP`, the counts lines `ℹ tests 5`;
//! behind `✖ failing tests:` each failure is told with its place, behind `Failed tests:` without it
//! by the reporter `dot` (nodejs.org/api/test.html). Its reporter `tap` is read as such.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct NodeTest {
    /// Whether the runner runs: its marks alone are those of other tools.
    running: bool,
    /// The counts, as long as their lines go on.
    summary: Option<TestSummary>,
    /// Behind `✖ failing tests:`.
    failing: bool,
    /// Where the test that failed stands.
    file: Option<String>,
    /// The failed test, whose message follows.
    failed: Option<TestCase>,
    /// In the message of a failure.
    in_failure: bool,
}

/// The longest path of a file that is remembered, in bytes.
const MAX_FILE: usize = 300;

static CASE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(.*) \(([\d.]+)ms\)(?: # .*)?$"));

impl Dialect for NodeTest {
    const NAME: &'static str = "node_test";
    const LITERALS: &'static [&'static str] =
        &["▶ ", "ℹ tests ", "✖ failing tests:", "Failed tests:", "node --test", "node:test"];

    fn awake(&self) -> bool {
        self.running
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if let Some(count) = line.text.strip_prefix("ℹ ") {
            self.count(count, report);
        } else if line.text == "✖ failing tests:" || line.text == "Failed tests:" {
            (self.running, self.failing) = (true, true);
            report.claim();
        } else if self.failing {
            self.failure(line.text, report);
        } else if self.running {
            case(text, report);
        } else {
            self.running = text.starts_with("▶ ") || line.text.contains("node --test");
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.tell_failed(None, report);
        self.close(report);
    }
}

impl NodeTest {
    /// `tests 5`, `pass 4`, …, `duration_ms 404.5`
    fn count(&mut self, text: &str, report: &mut Report<'_>) {
        let Some((word, number)) = text.split_once(' ') else { return };
        let count: u64 = number.parse().unwrap_or(0);
        if word == "tests" && number.parse::<u64>().is_ok() {
            self.close(report);
            self.running = true;
            self.summary = Some(TestSummary {
                framework: "node".to_owned(),
                line: report.line.number,
                ..TestSummary::default()
            });
        }
        let Some(summary) = &mut self.summary else { return };
        report.claim();
        match word {
            "pass" => summary.passed = count,
            "fail" | "cancelled" => summary.failed = summary.failed.saturating_add(count),
            "skipped" | "todo" => summary.skipped = summary.skipped.saturating_add(count),
            "duration_ms" => {
                summary.duration_s = number.parse::<f64>().ok().map(|ms| ms / 1000.0);
                self.close(report);
            }
            _ => {}
        }
    }

    fn close(&mut self, report: &mut Report<'_>) {
        let Some(mut summary) = self.summary.take() else { return };
        summary.run = summary.passed.saturating_add(summary.failed);
        report.failed_if(summary.failed > 0);
        self.running = summary.failed > 0;
        report.summary(summary);
    }

    /// `test at test/cart.test.js:2:64`, `✖ removes (1.7ms)` and the exception below.
    fn failure(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(place) = text.strip_prefix("test at ") {
            self.tell_failed(None, report);
            self.in_failure = false;
            self.file = place.rsplitn(3, ':').nth(2).map(|file| cut(file, MAX_FILE).to_owned());
            report.suspect(text);
        } else if let Some(name) = text.strip_prefix("✖ ") {
            let case_of = CASE.captures(name);
            let name = case_of.as_ref().map_or(name, |found| found.get(1).map_or(name, |name| name.as_str()));
            self.tell_failed(None, report);
            let mut test = report.case("node", name, self.file.as_deref(), TestOutcome::Fail);
            test.duration_s = case_of
                .as_ref()
                .and_then(|found| found[2].parse::<f64>().ok())
                .map(|ms| ms / 1000.0);
            self.failed = Some(test);
            self.in_failure = true;
            if report.has_block() && self.file.is_some() {
                report.hold();
            } else {
                report.suspect(text);
            }
        } else if self.in_failure {
            self.details(text.trim_start(), report);
        } else if !text.is_empty() && !text.starts_with([' ', '}']) {
            *self = Self::default();
        }
    }

    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if text.is_empty() {
            report.hold();
            report.claim();
        } else if text.starts_with("at ") {
            self.in_failure = false;
            self.tell_failed(None, report);
            report.claim();
            // More frames and the properties of the exception follow, up to the next test.
            self.file = None;
        } else if text.ends_with(" subtest failed'") || text.ends_with(" subtests failed'") {
            // A suite, whose tests are told by themselves.
            (self.failed, self.in_failure) = (None, false);
        } else {
            report.join();
            if self.failed.is_some() {
                self.tell_failed(Some(text), report);
                report.confirm(Severity::Error, Reason::Assertion, text);
                report.reword(text);
            } else {
                report.extend();
            }
        }
    }

    fn tell_failed(&mut self, message: Option<&str>, report: &mut Report<'_>) {
        if let Some(test) = self.failed.take() {
            report.tell_test(TestCase { message: message.map(str::to_owned), ..test });
        }
    }
}

/// `✔ adds (8.9ms)`, `﹣ clears (0.2ms) # SKIP`; failures are told at the end.
fn case(text: &str, report: &mut Report<'_>) {
    let Some(mark) = text.chars().next().filter(|mark| matches!(mark, '✔' | '﹣')) else { return };
    let Some(found) = CASE.captures(text[mark.len_utf8()..].trim_start()) else { return };
    let skipped = mark == '﹣' || text.ends_with("# TODO");
    let result = if skipped { TestOutcome::Skip } else { TestOutcome::Pass };
    let mut test = report.case("node", &found[1], None, result);
    test.duration_s = found[2].parse::<f64>().ok().map(|ms| ms / 1000.0);
    report.tell_test(test);
    report.claim();
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_is_told_once_with_its_file_and_its_message() {
        let seen = read(include_str!("../../testdata/node_test.log"));
        assert_eq!(seen.tests, ["pass - adds", "skip - clears", "fail test/cart.test.js removes"]);
        assert_eq!(seen.summaries, ["node 2 run 1 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["22-24 node_test assertion"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn the_failures_behind_dots_are_found_without_their_suites() {
        let seen = read(
            "..X.\n\nFailed tests:\n\n✖ removes (10.8ms)\n  SyntaxError: bad\n      at f (/src/a.js:1:2)\n\
             ✖ Cart (30.3ms)\n  '1 subtest failed'\n",
        );
        assert_eq!(seen.tests, ["fail - removes"]);
        assert_eq!(seen.errors, ["5-6 error SyntaxError: bad"]);
    }
}
