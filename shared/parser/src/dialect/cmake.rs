//! CMake and CTest: errors of the configuration, tests with their results.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Cmake {
    /// In the text of an error; whether its last line was empty.
    in_error: Option<bool>,
    /// Behind a failed test, whose output follows up to an empty line.
    in_output: bool,
    /// Tests of the run that were skipped.
    skipped: u64,
}

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static CASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^ *\d+/\d+ Test +#\d+: (.+?) \.*(\**)(Passed|Failed|Exception: \S+|SEGFAULT|Timeout|Not Run|Skipped|Subprocess aborted|Child aborted|\(Disabled\)).*?([\d.]+) sec")
        .unwrap()
});
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static TOTAL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d+% tests passed, (\d+) tests? failed out of (\d+)").unwrap());

impl Dialect for Cmake {
    const NAME: &'static str = "cmake";
    const LITERALS: &'static [&'static str] = &["CMake Error", " Test #", " Test  #", "% tests passed, "];

    fn awake(&self) -> bool {
        self.in_error.is_some() || self.in_output
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.starts_with("CMake Error") {
            self.in_error = Some(false);
            report.build_tool("cmake");
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, Reason::Configuration, text);
        } else if let Some(after_empty) = self.in_error {
            self.details(text, after_empty, report);
        } else if let Some(case) = case(text) {
            self.case(&case, report);
        } else if let Some(total) = TOTAL.captures(text) {
            self.total(&total, report);
        } else if self.in_output {
            self.in_output = !text.is_empty();
            if self.in_output {
                report.extend();
            }
        }
    }
}

/// ` 4/24 Test  #4: ring.wrap ...***Failed    0.00 sec`, tried only on lines that end so.
fn case(text: &str) -> Option<Captures<'_>> {
    if text.ends_with(" sec") && text.contains(" Test ") { CASE.captures(text) } else { None }
}

impl Cmake {
    /// The text of an error is indented, with single empty lines in it.
    fn details(&mut self, text: &str, after_empty: bool, report: &mut Report<'_>) {
        if text.is_empty() && !after_empty {
            self.in_error = Some(true);
            report.hold();
        } else if text.starts_with("  ") || text.starts_with("Call Stack") {
            self.in_error = Some(false);
            report.join();
            report.extend();
        } else {
            self.in_error = None;
        }
    }

    fn case(&mut self, case: &Captures<'_>, report: &mut Report<'_>) {
        let result = match &case[3] {
            "Passed" => TestOutcome::Pass,
            "Failed" => TestOutcome::Fail,
            "Skipped" | "Not Run" | "(Disabled)" => TestOutcome::Skip,
            _ => TestOutcome::Error,
        };
        report.timed_test("ctest", case[1].trim_end_matches([' ', '.']), None, result, case[4].parse().ok());
        self.in_output = matches!(result, TestOutcome::Fail | TestOutcome::Error);
        self.skipped += u64::from(result == TestOutcome::Skip);
        if self.in_output {
            let reason = if &case[3] == "Timeout" { Reason::Timeout } else { Reason::Assertion };
            report.error(Severity::Error, reason, case[0].trim());
        }
    }

    fn total(&mut self, total: &Captures<'_>, report: &mut Report<'_>) {
        let number = |group: usize| -> u64 { total[group].parse().unwrap_or(0) };
        let (failed, all) = (number(1), number(2));
        report.build_tool("cmake");
        report.verdict(if failed > 0 { Outcome::Failed } else { Outcome::Success });
        report.summary(TestSummary {
            framework: "ctest".to_owned(),
            run: all,
            passed: all.saturating_sub(failed),
            failed,
            skipped: self.skipped,
            duration_s: None,
            line: 0,
        });
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn an_error_of_the_configuration_is_explained_with_its_text() {
        let seen = read("CMake Error at CMakeLists.txt:4 (find_package):\n  Could not find X.\n\n  Add it.\n\n\n-- Configuring incomplete\n");
        assert_eq!(seen.explanation, ["1-4 cmake configuration"]);
    }

    #[test]
    fn the_tests_of_a_run_are_counted() {
        let seen = read(
            "1/2 Test #1: cart .............   Passed    0.01 sec\n\
             2/2 Test #2: price ............***Exception: SegFault  0.20 sec\n\n\
             50% tests passed, 1 tests failed out of 2\n",
        );
        assert_eq!(seen.tests, ["pass - cart", "error - price"]);
        assert_eq!(seen.summaries, ["ctest 2 run 1 passed 1 failed 0 skipped"]);
    }
}
