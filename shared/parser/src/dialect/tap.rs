//! TAP, the Test Anything Protocol, versions 12 to 14: tape, node-tap, Node's runner, bats, prove.
//!
//! `ok 1 - adds`, `not ok 2 - removes` with a block of YAML or comments behind it, `# SKIP` and
//! `# TODO`; subtests are indented below `# Subtest: name`, and the point that sums them up is no
//! test of its own. Many producers end in `# tests 5`, `# pass 4`, `# fail 1`; the points are counted
//! where they do not (testanything.org).

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Tap {
    running: bool,
    /// The indentation of the last point: one that is less indented sums up those before it.
    depth: usize,
    /// The points so far.
    points: TestSummary,
    /// The failed test, and lines that may say why.
    failed: Option<TestCase>,
    failure_lines: u8,
    /// The counts, as long as their lines go on.
    summary: Option<TestSummary>,
}

const MAX_FAILURE_LINES: u8 = 40;

static POINT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(not )?ok (\d+)(?: -)?(?: (.*?))?\s*(?:# ?((?i:skip|todo)\b.*|time=([\d.]+)ms.*))?(?:\{)?$"));

impl Dialect for Tap {
    const NAME: &'static str = "tap";
    const LITERALS: &'static [&'static str] = &["TAP version ", "not ok ", "# tests "];
    const STARTS: &'static [&'static str] = &["1.."];

    fn awake(&self) -> bool {
        self.running
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        let indent = line.text.len() - text.len();
        if text.starts_with("TAP version ") && indent == 0 {
            self.end(report);
            *self = Self { running: true, ..Self::default() };
            report.framework("tap");
        } else if let Some(point) = is_point(text).then(|| POINT.captures(text)).flatten() {
            self.running = true;
            self.point(&point, indent, report);
        } else if is_plan(text) {
            self.running |= indent == 0;
        } else if let Some(count) = line.text.strip_prefix("# ") {
            self.comment(count, report);
        } else if self.running {
            self.close_counts(report);
            self.details(text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.tell_failed(None, report);
        self.close_counts(report);
        if self.points.run + self.points.skipped > 0 {
            let points = std::mem::take(&mut self.points);
            tell(TestSummary { line: report.line.number, ..points }, report);
        }
        *self = Self::default();
    }
}

impl Tap {
    fn point(&mut self, point: &regex::Captures<'_>, indent: usize, report: &mut Report<'_>) {
        self.tell_failed(None, report);
        self.close_counts(report);
        let sums_up = indent < self.depth;
        self.depth = indent;
        report.claim();
        if sums_up {
            // Its subtests are told.
            self.failure_lines = 0;
            return;
        }
        let (failed, name) = (point.get(1).is_some(), point.get(3).map_or("", |found| found.as_str()));
        let directive = point.get(4).map_or("", |found| found.as_str()).to_ascii_lowercase();
        let result = if directive.starts_with("skip") || directive.starts_with("todo") {
            TestOutcome::Skip
        } else if failed {
            TestOutcome::Fail
        } else {
            TestOutcome::Pass
        };
        let name = if name.is_empty() { &point[2] } else { name };
        let mut test = report.case("tap", name, None, result);
        test.duration_s =
            point.get(5).and_then(|found| found.as_str().parse::<f64>().ok()).map(|ms| ms / 1000.0);
        let points = &mut self.points;
        match result {
            TestOutcome::Skip => points.skipped += 1,
            TestOutcome::Fail => (points.failed, points.run) = (points.failed + 1, points.run + 1),
            _ => (points.passed, points.run) = (points.passed + 1, points.run + 1),
        }
        if result == TestOutcome::Fail {
            self.failure_lines = MAX_FAILURE_LINES;
            report.error(Severity::Error, Reason::Assertion, name);
            self.failed = Some(test);
        } else {
            self.failure_lines = 0;
            report.tell_test(test);
        }
    }

    /// What stands behind a failed point, as far as the stack.
    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if self.failure_lines == 0 {
            return;
        }
        self.failure_lines -= 1;
        let key = text.split(':').next().unwrap_or("");
        if matches!(key, "..." | "stack" | "at" | "source") || text.starts_with("at ") {
            self.failure_lines = 0;
            self.tell_failed(None, report);
            report.claim();
        } else if text == "---" || matches!(key, "duration_ms" | "location" | "failureType" | "type") {
            report.extend();
        } else {
            report.join();
            if let Some(error) = text.strip_prefix("error: ").or_else(|| text.strip_prefix("message: ")) {
                self.tell_failed(Some(error.trim_matches(['\'', '"'])), report);
                report.reword(error);
            } else {
                report.extend();
            }
        }
    }

    /// `tests 5`, `pass  4`, …, behind all points; or more about a failed one.
    fn comment(&mut self, text: &str, report: &mut Report<'_>) {
        let (word, number) = text.split_once(' ').unwrap_or((text, ""));
        let number = number.trim();
        let count: u64 = number.parse().unwrap_or(0);
        if word == "tests" && number.parse::<u64>().is_ok() {
            self.tell_failed(None, report);
            (self.failure_lines, self.running) = (0, true);
            self.summary = Some(TestSummary { line: report.line.number, ..TestSummary::default() });
        }
        let Some(summary) = &mut self.summary else {
            if self.failure_lines > 0 {
                self.details(text, report);
            }
            return;
        };
        match word {
            "pass" => summary.passed = count,
            "fail" | "cancelled" => summary.failed = summary.failed.saturating_add(count),
            "skip" | "skipped" | "todo" => summary.skipped = summary.skipped.saturating_add(count),
            "duration_ms" => summary.duration_s = number.parse::<f64>().ok().map(|ms| ms / 1000.0),
            "tests" | "suites" | "ok" => {}
            _ => return self.close_counts(report),
        }
        report.claim();
    }

    /// Tells the counts that the producer printed, in place of those of the points.
    fn close_counts(&mut self, report: &mut Report<'_>) {
        if let Some(mut summary) = self.summary.take() {
            summary.run = summary.passed.saturating_add(summary.failed);
            tell(summary, report);
            *self = Self::default();
        }
    }

    fn tell_failed(&mut self, message: Option<&str>, report: &mut Report<'_>) {
        if let Some(test) = self.failed.take() {
            report.tell_test(TestCase { message: message.map(str::to_owned), ..test });
        }
    }
}

fn tell(mut summary: TestSummary, report: &mut Report<'_>) {
    "tap".clone_into(&mut summary.framework);
    report.failed_if(summary.failed > 0);
    report.summary(summary);
}

fn is_point(text: &str) -> bool {
    let number = text.strip_prefix("not ok ").or_else(|| text.strip_prefix("ok "));
    number.is_some_and(|number| number.starts_with(|first: char| first.is_ascii_digit()))
}

/// `1..5`
fn is_plan(text: &str) -> bool {
    text.strip_prefix("1..").is_some_and(|last| {
        !last.is_empty() && last.len() < 8 && last.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn points_are_tests_and_what_sums_up_subtests_is_none() {
        let seen = read(include_str!("../../testdata/tap.log"));
        assert_eq!(seen.tests, ["pass - adds", "fail - removes", "skip - clears", "pass - top"]);
        assert_eq!(seen.summaries, ["tap 3 run 2 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["6-10 tap assertion"]);
    }

    #[test]
    fn points_are_counted_where_nothing_else_counts_them() {
        let seen = read("1..3\nok 1 adds\nnot ok 2 removes\n# (in test file cart.bats, line 3)\nok 3 clears # skip later\n");
        assert_eq!(seen.summaries, ["tap 2 run 1 passed 1 failed 1 skipped"]);
    }
}
