//! Playwright Test: the tests of its reporter `list`, the failures, the counts.
//!
//! `Running 3 tests using 1 worker`, a test `✓  1 [chromium] › cart.spec.ts:3:5 › Cart › adds (1.2s)`,
//! a failure `1) [chromium] › cart.spec.ts:10:5 › Cart › removes ────` and what was expected; at the
//! end `1 failed`, `1 flaky`, `1 skipped`, `3 passed (4.5s)`, each with its tests below
//! (playwright.dev/docs/test-reporters).

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Playwright {
    running: bool,
    /// The failed test, whose message follows.
    failed: Option<TestCase>,
    in_failure: bool,
    /// The name of the last failure: each of its errors and retries begins with it.
    last: Option<String>,
    /// The counts, as long as their lines go on.
    summary: Option<TestSummary>,
}

/// The longest name of a test that is remembered, in bytes.
const MAX_NAME: usize = 300;

static CASE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:(ok|x|✓|✘|-)\s+)?(\d+)\)? (?:\[([^\]]+)\] › )?(\S+?):\d+:\d+ › (.+?)(?: \(([\d.]+)(ms|s|m)\))?\s*─*$"));
static COUNT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\d+) (failed|flaky|skipped|passed|did not run|interrupted)(?: \(([\d.]+)(ms|s|m|h)\))?$"));

impl Dialect for Playwright {
    const NAME: &'static str = "playwright";
    const LITERALS: &'static [&'static str] = &[" tests using ", " test using "];

    fn awake(&self) -> bool {
        self.running
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if text.starts_with("Running ") && text.contains(" using ") && text.contains(" worker") {
            self.end(report);
            *self = Self { running: true, ..Self::default() };
            report.framework("playwright");
            return;
        }
        if !self.running {
            return;
        }
        if let Some(count) = starts_with_digit(text).then(|| COUNT.captures(text)).flatten() {
            self.count(&count, report);
        } else if let Some(case) = text.contains(" › ").then(|| CASE.captures(text)).flatten() {
            self.case(&case, report);
        } else if self.in_failure {
            self.details(text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.tell_failed(None, report);
        if let Some(mut summary) = self.summary.take() {
            summary.run = summary.passed.saturating_add(summary.failed);
            report.failed_if(summary.failed > 0);
            report.summary(summary);
        }
        *self = Self::default();
    }
}

impl Playwright {
    fn case(&mut self, case: &regex::Captures<'_>, report: &mut Report<'_>) {
        self.tell_failed(None, report);
        self.in_failure = false;
        if self.summary.is_some() {
            // The lists between the counts name them again.
            report.claim();
            return;
        }
        let (mark, file, name) = (case.get(1).map_or("", |found| found.as_str()), &case[4], &case[5]);
        let result = match mark {
            "ok" | "✓" => TestOutcome::Pass,
            "-" => TestOutcome::Skip,
            // A test that failed may pass when it is tried again; failures are told at the end.
            "x" | "✘" => {
                report.claim();
                return;
            }
            _ => TestOutcome::Fail,
        };
        let mut test = report.case("playwright", name, Some(file), result);
        test.duration_s = case
            .get(6)
            .and_then(|found| found.as_str().parse::<f64>().ok())
            .map(|number| number * unit(case.get(7).map_or("s", |found| found.as_str())));
        if result != TestOutcome::Fail {
            report.claim();
            return report.tell_test(test);
        }
        self.in_failure = true;
        report.error(Severity::Error, Reason::Assertion, name);
        if self.last.as_deref() != Some(cut(name, MAX_NAME)) {
            self.last = Some(cut(name, MAX_NAME).to_owned());
            self.failed = Some(test);
        }
    }

    /// Everything up to the stack belongs to the failure.
    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if text.is_empty() {
            report.hold();
            report.claim();
        } else if text.starts_with("at ") {
            self.tell_failed(None, report);
            self.in_failure = false;
            report.claim();
        } else {
            report.join();
            if self.failed.is_some() {
                self.tell_failed(Some(text), report);
                report.reword(text);
            } else {
                report.extend();
            }
            report.claim();
        }
    }

    /// `3 passed (4.5s)`, which is the last of the counts.
    fn count(&mut self, count: &regex::Captures<'_>, report: &mut Report<'_>) {
        self.tell_failed(None, report);
        self.in_failure = false;
        report.claim();
        let summary = self.summary.get_or_insert_with(|| TestSummary {
            framework: "playwright".to_owned(),
            line: report.line.number,
            ..TestSummary::default()
        });
        let number: u64 = count[1].parse().unwrap_or(0);
        match &count[2] {
            "failed" | "interrupted" => summary.failed = summary.failed.saturating_add(number),
            "skipped" | "did not run" => summary.skipped = summary.skipped.saturating_add(number),
            _ => summary.passed = summary.passed.saturating_add(number),
        }
        if let Some(time) = count.get(3) {
            let unit = unit(count.get(4).map_or("s", |found| found.as_str()));
            summary.duration_s = time.as_str().parse::<f64>().ok().map(|number| number * unit);
            self.end(report);
        }
    }

    fn tell_failed(&mut self, message: Option<&str>, report: &mut Report<'_>) {
        if let Some(test) = self.failed.take() {
            report.tell_test(TestCase { message: message.map(str::to_owned), ..test });
        }
    }
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

fn unit(name: &str) -> f64 {
    match name {
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_is_told_once_with_its_file_and_what_was_expected() {
        let seen = read(include_str!("../../testdata/playwright.log"));
        assert_eq!(seen.tests, [
            "pass cart.spec.js Cart › adds",
            "skip cart.spec.js Cart › clears",
            "fail cart.spec.js Cart › removes",
        ]);
        assert_eq!(seen.summaries, ["playwright 2 run 1 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["8-16 playwright assertion"]);
    }
}
