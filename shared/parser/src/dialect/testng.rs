//! TestNG by itself: its tests and the counts of its reporters.
//!
//! At its default verbosity it prints `Total tests run: 5, Passes: 2, Failures: 2, Skips: 1` below the
//! name of the suite, from level 2 on `PASSED: shop.CartTest.adds` and `FAILED: …` with the exception
//! (testng.org, `verbose`). Surefire counts its tests by itself.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, captured, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct TestNg {
    /// The failed test, whose exception follows.
    failed: Option<TestCase>,
    in_failure: bool,
    /// Whether a runner counts the tests that runs TestNG.
    counted_elsewhere: bool,
}

static TOTAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:\[\w+\] )?Total tests run: (\d+),(?: Passes: (\d+),)? Failures: (\d+), Skips: (\d+)$"));
static CASE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:\[\w+\] )?(PASSED|FAILED|SKIPPED): ([\w.$]+(?:\(.*\))?)$"));

impl Dialect for TestNg {
    const NAME: &'static str = "testng";
    const LITERALS: &'static [&'static str] =
        &["Total tests run: ", "PASSED: ", "FAILED: ", "SKIPPED: ", " T E S T S"];

    fn awake(&self) -> bool {
        self.in_failure
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if let Some(total) = captured(&TOTAL, text, "Total tests run: ") {
            self.stop(report);
            self.total(&total, report);
        } else if let Some(case) = captured(&CASE, text, "ED: ") {
            self.stop(report);
            if !self.counted_elsewhere {
                self.case(&case[1], &case[2], report);
            }
        } else if text == "T E S T S" {
            self.counted_elsewhere = true;
        } else if self.in_failure {
            self.details(text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.stop(report);
    }
}

impl TestNg {
    fn case(&mut self, word: &str, name: &str, report: &mut Report<'_>) {
        let result = match word {
            "PASSED" => TestOutcome::Pass,
            "SKIPPED" => TestOutcome::Skip,
            _ => TestOutcome::Fail,
        };
        let method = name.find('(').unwrap_or(name.len());
        let class = name[..method].rfind('.').map(|dot| &name[..dot]);
        let test = report.case("testng", name, class, result);
        if result == TestOutcome::Fail {
            (self.failed, self.in_failure) = (Some(test), true);
            report.error(Severity::Error, Reason::Assertion, name);
        } else {
            report.tell_test(test);
        }
    }

    /// The exception belongs to the failure as far as its first frame.
    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if text.is_empty() || text.starts_with("at ") {
            self.stop(report);
        } else {
            report.tell_line(&mut self.failed, text);
        }
    }

    fn stop(&mut self, report: &mut Report<'_>) {
        self.in_failure = false;
        report.tell_pending(&mut self.failed);
    }

    fn total(&self, total: &regex::Captures<'_>, report: &mut Report<'_>) {
        let number = |group| counts::number(total, group);
        let (failed, skipped) = (number(3), number(4));
        report.claim();
        if self.counted_elsewhere {
            return;
        }
        report.failed_if(failed > 0);
        report.summary(counts::summary("testng", (number(1), failed, skipped), None));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn tests_are_found_and_counted() {
        let seen = read(include_str!("../../testdata/testng.log"));
        assert_eq!(seen.tests, [
            "pass shop.CartTest shop.CartTest.adds",
            "fail shop.CartTest shop.CartTest.takes(2)",
            "skip shop.CartTest shop.CartTest.clears",
        ]);
        assert_eq!(seen.summaries, ["testng 2 run 1 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["2-3 testng assertion"]);
    }

    #[test]
    fn what_surefire_counts_is_not_counted_again() {
        let seen = read(" T E S T S\nTotal tests run: 5, Failures: 0, Skips: 0\nTests run: 5, Failures: 0, Errors: 0, Skipped: 0\n");
        assert_eq!(seen.summaries, ["junit 5 run 5 passed 0 failed 0 skipped"]);
    }
}
