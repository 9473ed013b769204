//! AVA: the failures and the counts of its reporter.
//!
//! `✔ adds`, `✘ [fail]: removes` (`✖ removes` before version 4) while the tests run; then each
//! failure below a line `─`, and the counts, `1 test failed`, `2 tests passed`, one a line
//! (github.com/avajs/ava).

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Ava {
    /// Behind the line that parts the tests from their failures.
    place: Place,
    failed: Option<TestCase>,
    /// The counts, as long as their lines go on.
    summary: Option<TestSummary>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Place {
    #[default]
    Outside,
    /// The name of a failure, or the counts, follow.
    Line,
    /// In a failure, before or behind its source.
    Failure,
    Message,
}

static COUNT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\d+) (?:tests?|known failures?|uncaught exceptions?|unhandled rejections?)(?: (passed|failed|skipped|todo))?$"));

impl Dialect for Ava {
    const NAME: &'static str = "ava";
    const LITERALS: &'static [&'static str] = &["  ─", " tests passed", " test passed", " tests failed", " test failed"];

    fn awake(&self) -> bool {
        self.place != Place::Outside || self.summary.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        let indented = line.text.len() - text.len() == 2;
        if line.text.trim_end() == "  ─" {
            self.tell_failed(None, report);
            self.place = Place::Line;
            report.claim();
        } else if let Some(count) = indented.then(|| COUNT.captures(text)).flatten() {
            self.count(&count, report);
        } else if text.is_empty() {
            if self.summary.is_some() {
                self.end(report);
            } else if self.place != Place::Outside {
                report.hold();
            }
        } else if self.place != Place::Outside {
            self.failure(line.text, text, report);
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

impl Ava {
    fn count(&mut self, count: &regex::Captures<'_>, report: &mut Report<'_>) {
        let number: u64 = count[1].parse().unwrap_or(0);
        self.tell_failed(None, report);
        self.place = Place::Outside;
        report.claim();
        let summary = self.summary.get_or_insert_with(|| TestSummary {
            framework: "ava".to_owned(),
            line: report.line.number,
            ..TestSummary::default()
        });
        match count.get(2).map_or("", |found| found.as_str()) {
            "passed" => summary.passed = number,
            "failed" => summary.failed = number,
            "skipped" => summary.skipped = number,
            _ => {}
        }
    }

    /// The name of a failure, its place, its source, and what was expected.
    fn failure(&mut self, line: &str, text: &str, report: &mut Report<'_>) {
        if !line.starts_with("  ") {
            // Not AVA's: it indents everything.
            self.tell_failed(None, report);
            self.place = Place::Outside;
        } else if self.place == Place::Line {
            self.place = Place::Failure;
            self.failed = Some(report.case("ava", text, None, TestOutcome::Fail));
            report.error(Severity::Error, Reason::Assertion, text);
        } else if text.starts_with("› ") || text.starts_with("at ") {
            self.place = Place::Failure;
            self.tell_failed(None, report);
            report.claim();
        } else if self.place == Place::Message || !is_source(text) {
            self.place = Place::Message;
            report.join();
            if self.failed.is_some() {
                self.tell_failed(Some(text), report);
                report.reword(text);
            } else {
                report.extend();
            }
        } else {
            report.hold();
        }
    }

    fn tell_failed(&mut self, message: Option<&str>, report: &mut Report<'_>) {
        if let Some(test) = self.failed.take() {
            report.tell_test(TestCase { message: message.map(str::to_owned), ..test });
        }
    }
}

/// `cart.test.js:12`, and the lines around it: `  12: t.is(1, 0);`
fn is_source(text: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once(':').is_some_and(|(before, behind)| number(before) || number(behind))
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_is_found_with_what_was_expected_and_the_tests_are_counted() {
        let seen = read(include_str!("../../testdata/ava.log"));
        assert_eq!(seen.tests, ["fail - Cart › removes"]);
        assert_eq!(seen.summaries, ["ava 3 run 2 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["7-17 ava assertion"]);
    }
}
