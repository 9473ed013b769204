//! The test harnesses of Mozilla and of web-platform-tests: mochitest, reftest, xpcshell, wptrunner.
//!
//! All print lines of fields between bars, mozlog's format `tbpl` (firefox-source-docs, "mozlog";
//! before 2014 each harness its own): `TEST-START | test`, `TEST-PASS | test | check` for a check in
//! it, `TEST-UNEXPECTED-FAIL | test | message` for one that is not as expected, and at the end
//! `TEST-OK | test | took 12ms`, `TEST-END | test | finished in 12ms` or only the result with its
//! time. A reftest is one line, `REFTEST TEST-PASS | page | image comparison`. A test that fails as
//! expected (`TEST-FAIL`, `TEST-KNOWN-FAIL`) passes. The harnesses' own sums are of checks, so the
//! tests are counted here.

use logmill_model::{Outcome, Reason, Severity, TestCase, TestOutcome, TestSummary};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Mozlog {
    /// Tests that failed and may not have ended yet.
    failed: Vec<String>,
    /// Whether tests' ends are printed: those that passed are not known otherwise.
    ends: bool,
    counts: Counts,
}

/// The tests since the run began.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// Harnesses run no more than some tests at once.
const MAX_OPEN: usize = 16;
/// The longest name that is compared, in bytes.
const MAX_NAME: usize = 300;

impl Dialect for Mozlog {
    const NAME: &'static str = "mozlog";
    const LITERALS: &'static [&'static str] = &[
        "TEST-UNEXPECTED-",
        "TEST-OK | ",
        "TEST-END | ",
        "TEST-SKIP | ",
        " | took ",
        " | test passed (time: ",
        "REFTEST TEST-",
        "REFTEST ERROR | ",
        "PROCESS-CRASH | ",
        "SUITE-END | ",
    ];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.contains("PROCESS-CRASH | ") || text.contains("REFTEST ERROR | ") {
            report.error(Severity::Error, Reason::Assertion, text);
        } else if text.starts_with("SUITE-END | ") {
            self.ends = true;
            self.tell(text.rsplit_once("took ").and_then(|(_, time)| seconds(time)), report);
        } else if let Some(fields) = Fields::of(text) {
            self.test(&fields, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.tell(None, report);
    }
}

/// The fields of a line about a test.
struct Fields<'a> {
    /// What is behind `TEST-`.
    kind: &'a str,
    name: &'a str,
    message: &'a str,
    is_reftest: bool,
}

impl<'a> Fields<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (before, rest) = text.split_once("TEST-")?;
        let (kind, rest) = rest.split_once(" | ")?;
        let (name, message) = rest.split_once(" | ").unwrap_or((rest, ""));
        let is_reftest = before.ends_with("REFTEST ");
        // `TEST-PASS(EXPECTED RANDOM)`
        let kind = kind.split('(').next().unwrap_or(kind);
        Some(Self { kind, name: cut(name.trim(), MAX_NAME), message, is_reftest })
    }

    /// Whether a test is named, and not a part of the harness.
    fn is_test(&self) -> bool {
        self.name.contains(['/', '\\']) || self.name.contains("test_")
    }

    fn duration_s(&self) -> Option<f64> {
        let words = ["took ", "finished in ", "test passed (time: "];
        words.iter().find_map(|words| seconds(self.message.strip_prefix(words)?))
    }

    /// How the test ended that this line ends; none if it ends none.
    fn end(&self) -> Option<TestOutcome> {
        let timed = self.duration_s().is_some();
        match self.kind {
            "SKIP" => Some(TestOutcome::Skip),
            "OK" | "END" => Some(TestOutcome::Pass),
            "PASS" | "FAIL" | "TIMEOUT" | "CRASH" | "ERROR" if timed => Some(TestOutcome::Pass),
            kind if kind.starts_with("KNOWN-") && timed => Some(TestOutcome::Pass),
            "KNOWN-FAIL" if self.is_reftest && self.message.starts_with("(SKIP)") => {
                Some(TestOutcome::Skip)
            }
            "PASS" | "KNOWN-FAIL" if self.is_reftest => {
                let is_end = ["image comparison", "(LOAD ONLY)"];
                is_end.iter().any(|end| self.message.starts_with(end)).then_some(TestOutcome::Pass)
            }
            _ => None,
        }
    }
}

/// `1203ms`, `4s`, `216.000ms)`
fn seconds(time: &str) -> Option<f64> {
    let end = time.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(time.len());
    let number: f64 = time[..end].parse().ok()?;
    Some(if time[end..].starts_with("ms") { number / 1000.0 } else { number })
}

impl Mozlog {
    fn test(&mut self, fields: &Fields<'_>, report: &mut Report<'_>) {
        if let Some(how) = fields.kind.strip_prefix("UNEXPECTED-") {
            // Linters write their warnings so.
            if how != "WARNING" {
                self.unexpected(how, fields, report);
            }
            return;
        }
        let Some(result) = fields.end().filter(|_| fields.is_test()) else { return };
        self.ends = true;
        if let Some(at) = self.failed.iter().position(|name| name == fields.name) {
            self.failed.swap_remove(at);
            return;
        }
        if result == TestOutcome::Skip {
            self.counts.skipped += 1;
        } else {
            self.counts.passed += 1;
        }
        report.timed_test(Self::NAME, fields.name, None, result, fields.duration_s());
    }

    /// A check that is not as expected: the first one fails its test.
    fn unexpected(&mut self, how: &str, fields: &Fields<'_>, report: &mut Report<'_>) {
        report.error(Severity::Error, Reason::Assertion, report.line.text);
        report.verdict(Outcome::Failed);
        if !fields.is_test() || self.failed.iter().any(|name| name == fields.name) {
            return;
        }
        if self.failed.len() == MAX_OPEN {
            self.failed.remove(0);
            report.forget(1);
        }
        self.failed.push(fields.name.to_owned());
        self.counts.failed += 1;
        let result = match how {
            "ERROR" | "CRASH" => TestOutcome::Error,
            _ => TestOutcome::Fail,
        };
        let case = report.case(Self::NAME, fields.name, None, result);
        let message = (!fields.message.is_empty()).then(|| fields.message.to_owned());
        report.tell_test(TestCase { message, ..case });
    }

    /// Tells what the run came to that is over.
    fn tell(&mut self, duration_s: Option<f64>, report: &mut Report<'_>) {
        let Counts { passed, failed, skipped } = std::mem::take(&mut self.counts);
        self.failed.clear();
        if !self.ends || passed + failed + skipped == 0 {
            return;
        }
        let framework = Self::NAME.to_owned();
        let run = passed + failed;
        let summary =
            TestSummary { framework, run, passed, failed, skipped, duration_s, ..Default::default() };
        report.summary(summary);
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::tests::read;

    const LOG: &str = include_str!("../../testdata/mozlog.log");

    #[test]
    fn each_test_has_one_result_however_many_checks_it_makes() {
        assert_eq!(
            read(LOG).tests,
            [
                "pass - dom/base/test/test_a.html",
                "fail - dom/base/test/test_b.html",
                "skip - dom/base/test/test_c.html",
                "pass - netwerk/test/unit/test_d.js",
                "pass - netwerk\\test\\unit\\test_e.js",
                "pass - chrome://mochitests/content/browser/browser_f.js",
                "pass - file:///tests/layout/reftests/g.html == file:///tests/layout/reftests/g-ref.html",
                "skip - file:///tests/layout/reftests/h.html",
                "error - /css/i.html",
            ]
        );
    }

    #[test]
    fn a_run_is_summed_up_by_its_tests() {
        let sum = "mozlog 7 run 5 passed 2 failed 2 skipped";
        assert_eq!(read(LOG).summaries, [sum]);
        // One that was killed has no end.
        let (cut, _) = LOG.split_once("SUITE-END").unwrap();
        assert_eq!(read(cut).summaries, [sum]);
    }

    #[test]
    fn old_logs_that_hold_no_ends_of_tests_are_not_summed_up_as_if_none_had_passed() {
        let log = "1 INFO TEST-PASS | /tests/test_a.html | 1\n\
                   2 ERROR TEST-UNEXPECTED-FAIL | /tests/test_b.html | 2\n";
        let seen = read(log);
        assert_eq!(seen.tests, ["fail - /tests/test_b.html"]);
        assert!(seen.summaries.is_empty());
    }

    #[test]
    fn what_was_not_expected_is_an_error_and_what_a_passing_test_prints_is_none() {
        let seen = read(LOG);
        let lines: Vec<_> =
            seen.errors.iter().filter_map(|error| error.split(' ').next()).collect();
        assert_eq!(lines, ["7-7", "8-8", "18-18", "20-20", "21-21"]);
        assert_eq!(seen.explanation[0], "7-7 mozlog assertion");
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn a_linters_warning_fails_no_test() {
        let seen = read("TEST-UNEXPECTED-WARNING | a/b.js:3:1 | deprecated (mozilla/rule)\n");
        assert!(seen.tests.is_empty() && seen.errors.is_empty());
    }

    #[test]
    fn times_are_seconds() {
        use super::seconds;
        assert_eq!(seconds("1203ms"), Some(1.203));
        assert_eq!(seconds("4s"), Some(4.0));
        assert_eq!(seconds("216.000ms)"), Some(0.216));
        assert_eq!(seconds("long"), None);
    }
}
