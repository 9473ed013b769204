//! GoogleTest: `[ RUN      ] Suite.Name`, its messages, `[  FAILED  ] Suite.Name (0 ms)`, and the
//! totals of a program, whose list of failures repeats the names.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Gtest {
    /// Whether a program runs: between its first and its last `[==========]`.
    program: bool,
    /// The test that runs, and its line.
    running: Option<(String, u64)>,
    /// In the message of a failure.
    in_failure: bool,
    passed: u64,
    failed: u64,
    skipped: u64,
}

static RESULT: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"\[(       OK |  FAILED  |  SKIPPED )\] (\S+?)(?:, where .*?)?(?: \((\d+) ms\))?$",
    ));
static TOTALS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\[==========\] (\d+) tests? from \d+ test (?:case|suite)s? ran\.(?: \((\d+) ms total\))?"));

impl Dialect for Gtest {
    const NAME: &'static str = "gtest";
    const LITERALS: &'static [&'static str] =
        &["[==========]", "[ RUN      ]", "[       OK ]", "[  FAILED  ]", "[  SKIPPED ]"];

    fn awake(&self) -> bool {
        self.running.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if self.running.is_some() && text.ends_with(" sec") && text.contains(" Test ") {
            // CTest says how the program ended.
            self.died(report);
        }
        if let Some(totals) = text.starts_with("[==========]").then(|| TOTALS.captures(text)).flatten() {
            let seconds: Option<f64> = totals.get(2).and_then(|found| found.as_str().parse().ok());
            self.ended(seconds.map(|ms| ms / 1000.0), report);
        } else if text.starts_with("[==========] Running ") {
            // One that ran before has died.
            self.died(report);
            *self = Self { program: true, ..Self::default() };
            report.framework("gtest");
        } else if let Some(name) = text.strip_prefix("[ RUN      ] ") {
            self.running = Some((cut(name, 200).to_owned(), line.number));
            self.in_failure = false;
        } else if let Some(result) = self.result_of(text) {
            self.result(&result, report);
        } else if self.running.is_some() {
            self.output(text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.died(report);
    }
}

impl Gtest {
    /// A test's result; behind the totals the same line names it again, without its time.
    fn result_of<'t>(&self, text: &'t str) -> Option<regex::Captures<'t>> {
        let result = text.contains(" ] ").then(|| RESULT.captures(text)).flatten()?;
        (self.program && self.running.is_some() || result.get(3).is_some()).then_some(result)
    }

    fn result(&mut self, result: &regex::Captures<'_>, report: &mut Report<'_>) {
        self.running = None;
        self.in_failure = false;
        report.claim();
        let (count, outcome) = match result[1].trim() {
            "OK" => (&mut self.passed, TestOutcome::Pass),
            "FAILED" => (&mut self.failed, TestOutcome::Fail),
            _ => (&mut self.skipped, TestOutcome::Skip),
        };
        *count += 1;
        let duration_s = result.get(3).and_then(|found| found.as_str().parse::<f64>().ok()).map(|ms| ms / 1000.0);
        let name = &result[2];
        let class = name.rsplit_once('.').map(|(class, _)| class);
        report.tell_case(&Case { class, duration_s, ..Case::new("gtest", name, outcome) });
    }

    /// `cart_test.cc:12: Failure` (`cart_test.cc(12): error: …` by MSVC), then what was expected.
    fn output(&mut self, text: &str, report: &mut Report<'_>) {
        if text.ends_with(": Failure") || text.contains("): error: ") {
            self.in_failure = true;
            report.error(Severity::Error, Reason::Assertion, text);
        } else if self.in_failure {
            self.in_failure = !text.is_empty();
            if self.in_failure {
                report.join();
                report.extend();
            }
        }
    }

    /// A program that ended within a test.
    fn died(&mut self, report: &mut Report<'_>) {
        if let Some((name, line)) = self.running.take() {
            self.failed += 1;
            let case = Case::new("gtest", &name, TestOutcome::Error);
            let class = name.rsplit_once('.').map(|(class, _)| class);
            report.tell_case(&Case { class, line: Some(line), ..case });
        }
        if self.program {
            self.ended(None, report);
        }
    }

    fn ended(&mut self, duration_s: Option<f64>, report: &mut Report<'_>) {
        let Self { passed, failed, skipped, .. } = std::mem::take(self);
        report.failed_if(failed > 0);
        report.findings.programs = Some(failed > 0);
        report.summary(TestSummary {
            framework: "gtest".to_owned(),
            run: passed + failed,
            passed,
            failed,
            skipped,
            duration_s,
            line: 0,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_explained_and_its_name_told_once() {
        let seen = read(include_str!("../../testdata/gtest.log"));
        assert_eq!(seen.tests, ["pass Cart Cart.Adds", "fail Sizes/Cart Sizes/Cart.Removes/0", "skip Cart Cart.Waits"]);
        assert_eq!(seen.explanation, ["6-9 gtest assertion"]);
        assert_eq!(seen.summaries, ["gtest 2 run 1 passed 1 failed 1 skipped"]);
    }

    #[test]
    fn results_without_times_count_once() {
        let seen = read(
            "[==========] Running 1 test from 1 test suite.\n[ RUN      ] Cart.Adds\n[  FAILED  ] Cart.Adds\n\
             [==========] 1 test from 1 test suite ran.\n[  FAILED  ] 1 test, listed below:\n[  FAILED  ] Cart.Adds\n",
        );
        assert_eq!(seen.tests, ["fail Cart Cart.Adds"]);
    }

    #[test]
    fn a_test_that_ended_the_program_is_in_error() {
        let seen = read("[==========] Running 2 tests from 1 test suite.\n[ RUN      ] Cart.Adds\nSegmentation fault (core dumped)\n");
        assert_eq!(seen.tests, ["error Cart Cart.Adds"]);
        assert_eq!(seen.summaries, ["gtest 1 run 0 passed 1 failed 0 skipped"]);
    }
}
