//! CMake and CTest: errors of the configuration, tests with their results.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Cmake {
    /// In the text of an error; whether its last line was empty.
    in_error: Option<bool>,
    /// Behind a failed test, whose output follows up to an empty line.
    in_output: bool,
    /// Tests of the run that were skipped, which its total holds.
    skipped: u64,
    /// Tests that are disabled, which it does not.
    disabled: u64,
    /// Whether a failed test was told at its result.
    told: bool,
    /// In the list of what failed, which names the tests that were not told.
    listing: bool,
    /// The failed test whose output may follow: that of a program of GoogleTest tells its tests.
    pending: Option<TestCase>,
    /// Tests that were programs of GoogleTest whose tests were told and counted, and those of them
    /// that failed.
    programs: (u64, u64),
}

static CASE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ *\d+/\d+ Test +#\d+: (.+?) \.*(\**)(Passed|Failed|Exception: \S+|SEGFAULT|Timeout|Not Run|Skipped|Subprocess aborted|Child aborted|\(Disabled\)).*?([\d.]+) sec"));
static TOTAL: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\d+% tests passed, (\d+) tests? failed out of (\d+)"));

static LISTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s+\d+ - (.+) \(([A-Za-z][A-Za-z ]*)\)"));

impl Dialect for Cmake {
    const NAME: &'static str = "cmake";
    const LITERALS: &'static [&'static str] = &["CMake Error", " Test #", " Test  #", " Test   #", "    Start ", "% tests passed, ", "The following tests FAILED:"];

    fn awake(&self) -> bool {
        self.in_error.is_some() || self.in_output || self.listing
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.trim_start().starts_with("Start ") {
            self.settle(report);
        }
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
        } else if text.starts_with("The following tests FAILED:") {
            self.listing = !self.told;
        } else if self.listing {
            self.listed(text, report);
        } else if self.in_output {
            self.in_output = !text.is_empty();
            if self.in_output {
                report.extend();
            }
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.settle(report);
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
            "Skipped" | "(Disabled)" => TestOutcome::Skip,
            "Not Run" if case[0].contains("(Disabled)") => TestOutcome::Skip,
            _ => TestOutcome::Error,
        };
        self.in_output = matches!(result, TestOutcome::Fail | TestOutcome::Error);
        self.told |= self.in_output;
        self.settle(report);
        let name = case[1].trim_end_matches([' ', '.']);
        let test = TestCase { duration_s: case[4].parse().ok(), ..report.case("ctest", name, None, result) };
        if report.findings.programs.take() == Some(self.in_output) {
            // The tests of the program were told.
            self.program();
            report.claim();
            return;
        }
        if result == TestOutcome::Skip {
            let count = if &case[3] == "Skipped" { &mut self.skipped } else { &mut self.disabled };
            *count += 1;
        }
        if self.in_output {
            self.pending = Some(test);
            let reason = if &case[3] == "Timeout" { Reason::Timeout } else { Reason::Assertion };
            report.error(Severity::Error, reason, case[0].trim());
        } else {
            report.tell_test(test);
        }
    }

    /// Counts a test that is a program of GoogleTest, which failed or did not.
    fn program(&mut self) {
        self.programs.0 += 1;
        self.programs.1 += u64::from(self.in_output);
        self.in_output = false;
    }

    /// Tells the failed test whose output has ended, unless the tests in it were told.
    fn settle(&mut self, report: &mut Report<'_>) {
        let Some(test) = self.pending.take() else { return };
        if report.findings.programs.take() == Some(true) {
            self.programs.0 += 1;
            self.programs.1 += 1;
            report.findings.errors.withdraw(report.tool, test.line);
        } else {
            report.tell_test(test);
        }
    }

    /// `5 - adds_token (Failed)`
    fn listed(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(listed) = LISTED.captures(text) else {
            self.listing = text.trim().is_empty();
            return;
        };
        let failed = matches!(&listed[2], "Failed" | "Not Run");
        let result = if failed { TestOutcome::Fail } else { TestOutcome::Error };
        report.test("ctest", &listed[1], None, result);
    }

    fn total(&mut self, total: &Captures<'_>, report: &mut Report<'_>) {
        self.settle(report);
        let number = |group: usize| -> u64 { total[group].parse().unwrap_or(0) };
        let (programs, programs_failed) = self.programs;
        let failed = number(1).saturating_sub(programs_failed);
        let run = number(2).saturating_sub(self.skipped + programs);
        let skipped = self.skipped + self.disabled;
        report.build_tool("cmake");
        report.framework("ctest");
        report.failed_if(number(1) > 0);
        if programs == 0 || run + skipped > 0 {
            let (framework, passed) = ("ctest".to_owned(), run.saturating_sub(failed));
            report.summary(TestSummary { framework, run, passed, failed, skipped, duration_s: None, line: 0 });
        }
        *self = Self { told: self.told, ..Self::default() };
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
    fn skipped_tests_are_no_runs_and_what_could_not_be_started_failed() {
        let seen = read(
            "1/3 Test #1: cart .............***Skipped   0.01 sec\n2/3 Test #2: price ............***Not Run   0.00 sec\n\
             3/3 Test #3: tax ..............***Not Run (Disabled)   0.00 sec\n\n50% tests passed, 1 tests failed out of 2\n",
        );
        assert_eq!(seen.tests, ["skip - cart", "error - price", "skip - tax"]);
        assert_eq!(seen.summaries, ["ctest 1 run 0 passed 1 failed 2 skipped"]);
    }

    #[test]
    fn a_quiet_run_names_what_failed_in_its_list() {
        let seen = read(
            "50% tests passed, 1 tests failed out of 2\n\nThe following tests FAILED:\n\t  2 - price (Failed)\nErrors while running CTest\n",
        );
        assert_eq!(seen.tests, ["fail - price"]);
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

    #[test]
    fn tests_of_googletest_are_told_and_counted_once_though_ctest_counts_their_programs_too() {
        let shown = "[==========] Running 2 tests from 1 test suite.\n[ RUN      ] Cart.Adds\n[       OK ] Cart.Adds (0 ms)\n\
                     [ RUN      ] Cart.Removes\n/app/cart_test.cc:3: Failure\nExpected equality of these values:\n  1\n  2\n\
                     [  FAILED  ] Cart.Removes (0 ms)\n\n[==========] 2 tests from 1 test suite ran. (0 ms total)\n\
                     [  FAILED  ] 1 test, listed below:\n[  FAILED  ] Cart.Removes\n\n 1 FAILED TEST\n";
        let failed = "1/3 Test #1: cart_test ........................***Failed    0.01 sec\n";
        let rest = "\n    Start 2: tax_test\n2/3 Test #2: tax_test .........................   Passed    0.01 sec\n\
                    \x20   Start 3: smoke\n3/3 Test #3: smoke ............................***Failed    0.00 sec\n\n\
                    33% tests passed, 2 tests failed out of 3\n\nThe following tests FAILED:\n\t  1 - cart_test (Failed)\n\t  3 - smoke (Failed)\n";
        let verbose: String = shown.lines().map(|line| format!("1: {line}\n")).collect();
        let on_failure = format!("    Start 1: cart_test\n{failed}{shown}{rest}");
        let verbose = format!("test 1\n    Start 1: cart_test\n\n1: Test command: /app/cart_test\n{verbose}{failed}{rest}");
        for log in [on_failure, verbose] {
            let seen = read(&log);
            assert_eq!(seen.tests, ["pass Cart Cart.Adds", "fail Cart Cart.Removes", "pass - tax_test", "fail - smoke"]);
            assert_eq!(
                seen.summaries,
                ["gtest 2 run 1 passed 1 failed 0 skipped", "ctest 2 run 1 passed 1 failed 0 skipped"]
            );
            assert!(seen.explanation[0].ends_with("gtest assertion"), "{:?}", seen.explanation);
        }
    }

    #[test]
    fn a_program_of_googletest_that_died_is_counted_once() {
        let seen = read(
            "1: Test command: /app/cart_test\n1: [==========] Running 2 tests from 1 test suite.\n1: [ RUN      ] Cart.Adds\n\
             1/1 Test #1: cart_test ........................***Exception: SegFault  0.01 sec\n\n0% tests passed, 1 tests failed out of 1\n",
        );
        assert_eq!(seen.tests, ["error Cart Cart.Adds"]);
        assert_eq!(seen.summaries, ["gtest 1 run 0 passed 1 failed 0 skipped"]);
    }
}
