//! Surefire and Failsafe, Maven's runners of JUnit and TestNG tests.
//!
//! Each class ends in a line `Tests run: 3, Failures: 1, …, Time elapsed: 0.1 s <<< FAILURE! -- in
//! shop.CartTest`, each module in the same numbers without a time; only the latter are counted.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::{Dialect, captured};
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Surefire {
    /// Lines that may still belong to the failed test above.
    failure_lines: u8,
    /// Seconds that the classes of this module took.
    seconds: f64,
}

/// An exception's message seldom has more lines; what is longer is output.
const MAX_FAILURE_LINES: u8 = 30;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static COUNTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:\[\w+\] )?\s*Tests run: (\d+), Failures: (\d+), Errors: (\d+)(?:, Skipped: (\d+))?(?:, Flakes: \d+)?(, Time elapsed: ([\d.,]+))?",
    )
    .unwrap()
});
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:\[ERROR\] )?\s*(\S.*?)\s+(?:-- )?Time elapsed: ([\d.,]+) s(?:ec)?\s+<<< (FAILURE|ERROR)!",
    )
    .unwrap()
});

impl Dialect for Surefire {
    const NAME: &'static str = "surefire";
    const LITERALS: &'static [&'static str] = &["Tests run: ", "<<< FAILURE!", "<<< ERROR!"];

    fn awake(&self) -> bool {
        self.failure_lines > 0
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        if let Some(counts) = captured(&COUNTS, line.text, "Tests run: ") {
            self.failure_lines = 0;
            self.counts(&counts, report);
        } else if let Some(failed) = captured(&FAILED, line.text, "<<< ") {
            self.failure_lines = MAX_FAILURE_LINES;
            failure(&failed, report);
        } else if self.failure_lines > 0 {
            self.failure_lines -= 1;
            self.details(line, report);
        }
    }
}

impl Surefire {
    fn counts(&mut self, counts: &Captures<'_>, report: &mut Report<'_>) {
        let number = |group: usize| -> u64 {
            counts.get(group).and_then(|found| found.as_str().parse().ok()).unwrap_or(0)
        };
        let failed = number(2) + number(3);
        report.claim();
        if let Some(elapsed) = counts.get(6) {
            self.seconds += seconds(elapsed.as_str());
            return;
        }
        let (all, skipped) = (number(1), number(4));
        report.build_tool("maven");
        report.summary(TestSummary {
            framework: "junit".to_owned(),
            run: all.saturating_sub(skipped),
            passed: all.saturating_sub(skipped + failed),
            failed,
            skipped,
            duration_s: Some(std::mem::take(&mut self.seconds)),
            line: 0,
        });
    }

    /// The exception's message belongs to the failure, its frames only as far as the test itself.
    fn details(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if text.is_empty() || text.starts_with('[') {
            self.failure_lines = 0;
        } else if text.starts_with("at ") {
            report.hold();
        } else {
            report.join();
            if self.failure_lines + 1 == MAX_FAILURE_LINES {
                // The exception, right behind the test's name.
                report.reword(text);
            } else {
                report.extend();
            }
        }
    }
}

fn failure(failed: &Captures<'_>, report: &mut Report<'_>) {
    let (class, name) = split_name(&failed[1]);
    let result = if &failed[3] == "ERROR" { TestOutcome::Error } else { TestOutcome::Fail };
    report.timed_test("junit", name, class, result, Some(seconds(&failed[2])));
    report.error(Severity::Error, Reason::Assertion, failed[1].trim());
}

/// `shop.CartTest.adds`, or `adds(shop.CartTest)` before Surefire 3.
fn split_name(text: &str) -> (Option<&str>, &str) {
    if let Some((name, class)) = text.split_once('(') {
        let class = class.trim_end_matches(')');
        if !class.is_empty() && !class.contains([' ', ',']) && text.ends_with(')') && class.contains('.') {
            return (Some(class), name);
        }
    }
    let method = text.find(['(', '[', '{', ' ']).unwrap_or(text.len());
    match text[..method].rfind('.') {
        Some(dot) => (Some(&text[..dot]), &text[dot + 1..]),
        None => (None, text),
    }
}

fn seconds(text: &str) -> f64 {
    text.replace(',', "").parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_found_with_its_class_and_counted_once() {
        let seen = read(include_str!("../../testdata/surefire.log"));
        assert_eq!(seen.tests, ["fail shop.CartTest adds", "error shop.CartTest removes"]);
        assert_eq!(seen.summaries, ["junit 4 run 2 passed 2 failed 1 skipped"]);
        assert_eq!(seen.explanation, [
            "3-5 surefire assertion",
            "9-10 surefire assertion"
        ]);
    }
}
