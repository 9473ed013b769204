//! gocheck (`gopkg.in/check.v1`): the tests of suites behind a test of `go test`.
//!
//! `FAIL: cart_test.go:17: CartSuite.TestTotal` (`PANIC: `; with `-check.v` also `PASS: `, `SKIP: `,
//! `MISS: `), an empty line, the place with its source, `... obtained int = 3`; at the end
//! `OOPS: 1 passed, 1 skipped, 3 FAILED, 1 PANICKED, 1 MISSED`, or `OK: 12 passed`.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

const FRAMEWORK: &str = "gocheck";

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Gocheck {
    /// The failed test that waits for what went wrong.
    pending: Option<TestCase>,
    /// In the lines of a failure.
    in_failure: bool,
}

static RESULT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(FAIL|PANIC|MISS|SKIP|PASS): \S+\.go:\d+: (\w+\.\w+)(?:\t([\d.]+)s| \(.*\))?$"));
static TOTALS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:OOPS|OK): (\d+ passed(?:, \d+ (?:skipped|expected failures|FAILED|PANICKED|FIXTURE-PANICKED|MISSED))*)$"));

impl Dialect for Gocheck {
    const NAME: &'static str = "gocheck";
    const LITERALS: &'static [&'static str] =
        &["FAIL: ", "PANIC: ", "MISS: ", "SKIP: ", "PASS: ", "OOPS: ", "OK: "];

    fn awake(&self) -> bool {
        self.in_failure
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(result) = RESULT.captures(text) {
            report.tell_pending(&mut self.pending);
            let outcome = match &result[1] {
                "PASS" => TestOutcome::Pass,
                "FAIL" => TestOutcome::Fail,
                "PANIC" => TestOutcome::Error,
                _ => TestOutcome::Skip,
            };
            let (name, duration_s) = (&result[2], result.get(3).and_then(|found| found.as_str().parse().ok()));
            let class = name.split('.').next();
            report.claim();
            report.framework(FRAMEWORK);
            let case = TestCase { duration_s, ..report.case(FRAMEWORK, name, class, outcome) };
            self.in_failure = matches!(outcome, TestOutcome::Fail | TestOutcome::Error);
            if self.in_failure {
                self.pending = Some(case);
                report.suspect(text);
            } else {
                report.tell_test(case);
            }
        } else if let Some(totals) = TOTALS.captures(text) {
            report.tell_pending(&mut self.pending);
            *self = Self::default();
            ended(&totals[1], report);
        } else if text.starts_with("------") {
            report.tell_pending(&mut self.pending);
            self.in_failure = false;
        } else if let Some(what) = text.strip_prefix("... ").filter(|_| self.in_failure) {
            self.said(what, report);
        } else if self.in_failure {
            report.hold();
            report.claim();
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        report.tell_pending(&mut self.pending);
    }
}

impl Gocheck {
    /// `obtained int = 3`, `Error: no rates`, `Panic: why (PC=0x48B499)`
    fn said(&mut self, what: &str, report: &mut Report<'_>) {
        // The fixture that failed is named by itself.
        let is_missed = what.starts_with("Panic: Fixture has panicked");
        if is_missed && let Some(pending) = self.pending.take() {
            report.tell_test(TestCase { result: TestOutcome::Skip, ..pending });
            self.in_failure = false;
            return;
        }
        report.join();
        report.confirm(Severity::Error, Reason::Assertion, what);
        let Some(pending) = &mut self.pending else { return };
        match &mut pending.message {
            None => pending.message = Some(cut(what, 200).to_owned()),
            Some(message) if what.starts_with("expected ") && message.starts_with("obtained ") && !message.contains(", expected ") => {
                message.push_str(", ");
                message.push_str(cut(what, 200));
            }
            Some(_) => {}
        }
    }
}

fn ended(totals: &str, report: &mut Report<'_>) {
    let count = |word| counts::before(totals, word);
    let passed = count("passed") + count("expected failure");
    let failed = count("FAILED") + count("PANICKED") + count("FIXTURE-PANICKED");
    let skipped = count("skipped") + count("MISSED");
    report.build_tool("go");
    report.failed_if(failed > 0);
    report.findings.specs = Some(failed > 0);
    report.summary(TestSummary {
        framework: FRAMEWORK.to_owned(),
        run: passed + failed,
        passed,
        failed,
        skipped,
        duration_s: None,
        line: 0,
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn failed_tests_are_named_with_what_was_expected_and_the_test_around_them_is_not_counted() {
        let seen = read(include_str!("../../testdata/gocheck.log"));
        assert_eq!(
            seen.tests,
            [
                "pass CartSuite CartSuite.TestAdds",
                "fail CartSuite CartSuite.TestErr",
                "error CartSuite CartSuite.TestPanics",
                "fail CartSuite CartSuite.TestTotal",
                "skip CartSuite CartSuite.TestWaits",
                "fail FixSuite FixSuite.SetUpTest",
                "skip FixSuite FixSuite.TestOne"
            ]
        );
        assert_eq!(seen.messages[2], "33 obtained int = 3, expected int = 4");
        assert_eq!(seen.summaries, ["gocheck 5 run 1 passed 4 failed 2 skipped"]);
        assert_eq!(seen.explanation, ["4-13 gocheck assertion", "17-19 gocheck assertion", "33-39 gocheck assertion", "46-50 gocheck assertion"]);
    }

    #[test]
    fn suites_that_passed_are_counted_and_words_like_theirs_are_not() {
        let seen = read("OK: 12 passed, 1 skipped\n--- PASS: Test (0.01s)\nok  \texample.com/cart\t0.021s\nOK: 3 passed of 4\nOOPS: an idea\n");
        assert_eq!(seen.summaries, ["gocheck 12 run 12 passed 0 failed 1 skipped"]);
    }
}
