//! XCTest and Swift Testing, by `swift test`, `xcodebuild`, xcpretty and xcbeautify.
//!
//! XCTest tells the totals of each suite and of those around it: only the outermost count. Where
//! tests run side by side, `xcodebuild` tells none at all, and the tests themselves are counted.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Xctest {
    /// How many suites are open.
    depth: u32,
    /// Tests since the last totals.
    passed: u64,
    failed: u64,
    skipped: u64,
}

static CASE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Test [Cc]ase '(?:-\[(\S+) (.+?)\]|(\S+?)[./](\S+?))' (passed|failed|skipped)(?: on '.*?')? \(([\d.]+) seconds\)\.?$"));
static PRETTY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^ {2,}([✓✔✗✖⊘]) (test\w*)(?:(?: on '.*?')? \(([\d.]+) seconds\)|, (.+))$"));
static EXECUTED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*Executed (\d+) tests?, with (?:(\d+) tests? skipped and )?(\d+) failures? \(\d+ unexpected\) in ([\d.]+)"));
static ISSUE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S+\.swift|\S+\.mm?):\d+: error: -?\[?\S"));
static SWIFT_CASE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\S+\s+Test "?(.+?)"?(?: with \d+ test cases?)? (passed|failed|skipped)(?: after ([\d.]+) seconds?.*|\.|: .*)?$"#));
static SWIFT_RUN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\S+\s+Test run with (\d+) tests?(?: in \d+ suites?)? (passed|failed) after ([\d.]+) seconds?"));

impl Dialect for Xctest {
    const NAME: &'static str = "xctest";
    const LITERALS: &'static [&'static str] = &[
        "Test Suite '", "Test Case '", "Test case '", "Executed ", ": error: -[", " ✓ test", " ✔ test", " ✗ test", " ✖ test",
        "** TEST FAILED **", "** TEST SUCCEEDED **", "Test run with ", " recorded an issue ", " passed after ",
        " failed after ", "() skipped",
    ];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.starts_with("Test Suite '") {
            self.suite(text, report);
        } else if let Some(case) = text.starts_with("Test ").then(|| CASE.captures(text)).flatten() {
            self.case(&case, report);
        } else if let Some(totals) = text.contains("Executed ").then(|| EXECUTED.captures(text)).flatten() {
            self.executed(&totals, report);
        } else if text.contains(": error: -[") && ISSUE.is_match(text) {
            report.error(Severity::Error, Reason::Assertion, text);
        } else if let Some(case) = text.contains(" test").then(|| PRETTY.captures(text)).flatten() {
            self.pretty(&case, report);
        } else if text.starts_with("** TEST ") {
            self.ended(text.contains("FAILED"), report);
        } else if text.contains(" recorded an issue ") && text.contains(" Test ") {
            report.error(Severity::Error, Reason::Assertion, text);
        } else if text.contains(" Test ") {
            self.swift(text, report);
        }
    }
}

impl Xctest {
    fn suite(&mut self, text: &str, report: &mut Report<'_>) {
        if text.contains("' started at ") || text.ends_with("' started.") {
            self.depth = self.depth.saturating_add(1);
        } else if text.contains("' passed at ") || text.contains("' failed at ") {
            self.depth = self.depth.saturating_sub(1);
        }
        report.framework("xctest");
    }

    fn case(&mut self, case: &Captures<'_>, report: &mut Report<'_>) {
        let group = |first: usize, other: usize| case.get(first).or(case.get(other)).map(|found| found.as_str());
        let result = self.count(&case[5]);
        let (name, class) = (group(2, 4).unwrap_or_default(), group(1, 3));
        report.tell_case(&Case { class, duration_s: case[6].parse().ok(), ..Case::new("xctest", name, result) });
    }

    fn count(&mut self, word: &str) -> TestOutcome {
        let (count, result) = match word {
            "passed" => (&mut self.passed, TestOutcome::Pass),
            "failed" => (&mut self.failed, TestOutcome::Fail),
            _ => (&mut self.skipped, TestOutcome::Skip),
        };
        *count += 1;
        result
    }

    fn pretty(&mut self, case: &Captures<'_>, report: &mut Report<'_>) {
        let result = self.count(match &case[1] {
            "✓" | "✔" => "passed",
            "✗" | "✖" => "failed",
            _ => "skipped",
        });
        let (duration_s, message) = (case.get(3).and_then(|found| found.as_str().parse().ok()), case.get(4));
        let message = message.map(|found| found.as_str());
        report.tell_case(&Case { duration_s, message, ..Case::new("xctest", &case[2], result) });
        if let Some(message) = message.filter(|_| result == TestOutcome::Fail) {
            report.error(Severity::Error, Reason::Assertion, message);
        } else {
            report.claim();
        }
    }

    fn executed(&mut self, totals: &Captures<'_>, report: &mut Report<'_>) {
        report.claim();
        if self.depth > 0 {
            return;
        }
        let number = |group: usize| -> u64 { totals.get(group).map_or(0, |found| found.as_str().parse().unwrap_or(0)) };
        let (all, skipped, failures) = (number(1), number(2), number(3));
        let run = all.saturating_sub(skipped);
        // One test may have several failures.
        let failed = if self.failed > 0 { self.failed } else { failures.min(run) };
        *self = Self::default();
        if all > 0 {
            tell("xctest", (run, failed, skipped), totals[4].parse().ok(), report);
        }
    }

    /// The end of `xcodebuild`: what no totals counted counts now.
    fn ended(&mut self, failed: bool, report: &mut Report<'_>) {
        let tests = std::mem::take(self);
        let run = tests.passed + tests.failed;
        if run > 0 {
            tell("xctest", (run, tests.failed, tests.skipped), None, report);
        }
        report.failed_if(failed);
    }

    /// `✔ Test adds() passed after 0.001 seconds.`, `✘ Test run with 5 tests failed after …`
    fn swift(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(run) = SWIFT_RUN.captures(text) {
            let all: u64 = run[1].parse().unwrap_or(0);
            let (failed, skipped) = (self.failed, self.skipped);
            *self = Self { depth: self.depth, ..Self::default() };
            if all > 0 {
                let run_tests = all.saturating_sub(skipped);
                tell("swift-testing", (run_tests, failed, skipped), counts::seconds(&run[3]), report);
            }
            report.failed_if(&run[2] == "failed");
        } else if let Some(case) = SWIFT_CASE.captures(text) {
            let result = self.count(&case[2]);
            let duration_s = case.get(3).and_then(|found| found.as_str().parse().ok());
            report.tell_case(&Case { duration_s, ..Case::new("swift-testing", &case[1], result) });
            report.claim();
        }
    }
}

fn tell(framework: &str, (run, failed, skipped): (u64, u64, u64), duration_s: Option<f64>, report: &mut Report<'_>) {
    let (framework, passed) = (framework.to_owned(), run.saturating_sub(failed));
    report.failed_if(failed > 0);
    report.summary(TestSummary { framework, run, passed, failed, skipped, duration_s, line: 0 });
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn the_totals_of_suites_in_suites_count_once() {
        let seen = read(include_str!("../../testdata/xctest.log"));
        assert_eq!(seen.tests, ["pass ShopTests.CartTests testAdds", "fail ShopTests.CartTests testRemoves"]);
        assert_eq!(seen.summaries, ["xctest 2 run 1 passed 1 failed 0 skipped"]);
        assert_eq!(seen.explanation, ["6-6 xctest assertion"]);
    }

    #[test]
    fn tests_side_by_side_are_counted_themselves() {
        let seen = read(
            "Test case 'CartTests.testAdds()' passed on 'iPhone 16 - Clone 1' (0.003 seconds)\n\
             Test case 'CartTests/testRemoves()' failed on 'iPhone 16 - Clone 2' (0.012 seconds)\n** TEST FAILED **\n",
        );
        assert_eq!(seen.tests, ["pass CartTests testAdds()", "fail CartTests testRemoves()"]);
        assert_eq!(seen.summaries, ["xctest 2 run 1 passed 1 failed 0 skipped"]);
    }

    #[test]
    fn swift_testing_and_xcpretty_are_read() {
        let seen = read(
            "✔ Test adds() passed after 0.001 seconds.\n✘ Test removes() recorded an issue at CartTests.swift:12:5: Expectation failed: 1 == 0\n\
             ✘ Test removes() failed after 0.002 seconds with 1 issue.\n✔ Suite CartTests passed after 0.003 seconds.\n\
             ✘ Test run with 2 tests in 1 suite failed after 0.003 seconds with 1 issue.\n",
        );
        assert_eq!(seen.tests, ["pass - adds()", "fail - removes()"]);
        assert_eq!(seen.summaries, ["swift-testing 2 run 1 passed 1 failed 0 skipped"]);
        assert_eq!(seen.explanation, ["2-2 xctest assertion"]);
        let seen = read("    ✓ testAdds (0.001 seconds)\n    ✗ testRemoves, XCTAssertEqual failed\nExecuted 2 tests, with 1 failure (0 unexpected) in 0.003 (0.004) seconds\n");
        assert_eq!(seen.tests, ["pass - testAdds", "fail - testRemoves"]);
        assert_eq!(seen.summaries, ["xctest 2 run 1 passed 1 failed 0 skipped"]);
    }
}
