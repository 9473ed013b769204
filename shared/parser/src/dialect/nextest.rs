//! cargo-nextest (nexte.st): `PASS [   0.005s] crate::bin module::test`, then a summary that names
//! what failed again. What a failed test printed is the harness's own output, indented in newer
//! versions; its results must not count twice.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Nextest {
    /// From `Starting 5 tests` to the summary.
    running: bool,
    /// Behind the summary, where what failed is named again: retried tests only there.
    summed: bool,
    /// In an indented panic.
    in_panic: bool,
}

static CASE: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"^\s+(?:TRY (\d+) )?(PASS|FAIL|LEAK|LEAK-FAIL|FAIL \+ LEAK|TIMEOUT|TMT|ABORT|SIG[A-Z]+)\s+\[\s*([\d.]+)s\]\s+(?:\(\s*[\d─-]+/\s*\d+\)\s+)?(\S+)\s+(.+)$",
    ));

impl Dialect for Nextest {
    const NAME: &'static str = "nextest";
    const LITERALS: &'static [&'static str] = &[
        "    Starting ", "PASS [", "FAIL [", "LEAK [", "TMT [", "TIMEOUT [", "ABORT [", " SIG", "Summary [",
        "error: test run failed",
    ];

    fn awake(&self) -> bool {
        self.running
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        let trimmed = text.trim_start();
        if trimmed.starts_with("Starting ") && text.contains(" test") && text.contains(" across ") {
            *self = Self { running: true, ..Self::default() };
            report.build_tool("cargo");
        } else if let Some(summary) = trimmed.strip_prefix("Summary [").filter(|_| text.contains(" run: ")) {
            self.summary(summary, report);
        } else if (self.running || self.summed) && text.starts_with("  ") && text.contains("s] ") {
            self.case(text, report);
        } else if text == "error: test run failed" {
            report.error(Severity::Error, Reason::Summary, text);
        } else if self.running {
            self.output(text, trimmed, report);
        }
    }
}

impl Nextest {
    fn case(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(case) = CASE.captures(text) else { return };
        report.claim();
        self.in_panic = false;
        let passed = matches!(&case[2], "PASS" | "LEAK");
        let retried = case.get(1).is_some();
        if self.summed != (retried && !passed) {
            return;
        }
        let result = match &case[2] {
            "PASS" | "LEAK" => TestOutcome::Pass,
            "FAIL" | "FAIL + LEAK" | "LEAK-FAIL" => TestOutcome::Fail,
            _ => TestOutcome::Error,
        };
        if passed && retried {
            report.findings.errors.retried(report.tool, &format!("'{}'", &case[5]));
        }
        let (class, duration_s) = (Some(&case[4]), case[3].parse().ok());
        report.tell_case(&Case { class, duration_s, ..Case::new("cargo", &case[5], result) });
        if matches!(&case[2], "TIMEOUT" | "TMT") {
            report.error(Severity::Error, Reason::Timeout, text);
        }
    }

    /// What a failed test printed; the harness's lines in it are no results.
    fn output(&mut self, text: &str, trimmed: &str, report: &mut Report<'_>) {
        if trimmed.starts_with("thread '") && trimmed.contains("panicked at") {
            self.in_panic = true;
            report.error(Severity::Error, Reason::Assertion, trimmed);
        } else if self.in_panic && !trimmed.is_empty() && !trimmed.starts_with("note: ") {
            report.join();
            if trimmed.starts_with("left: ") || trimmed.starts_with("right: ") {
                report.extend();
            } else {
                report.reword(trimmed);
            }
        } else {
            self.in_panic = false;
            if text.starts_with("test ") || text.starts_with("failures:") {
                report.claim();
            }
        }
    }

    fn summary(&mut self, summary: &str, report: &mut Report<'_>) {
        *self = Self { summed: true, ..Self::default() };
        let (time, totals) = summary.split_once(']').unwrap_or(("", summary));
        let run: u64 = totals.trim().split([' ', '/']).next().and_then(|run| run.parse().ok()).unwrap_or(0);
        let passed = totals.split_once(": ").map_or(0, |(_, each)| counts::before(each, "passed"));
        let failed = run.saturating_sub(passed);
        report.claim();
        report.failed_if(failed > 0);
        report.summary(TestSummary {
            framework: "cargo".to_owned(),
            run,
            passed,
            failed,
            skipped: counts::before(totals, "skipped"),
            duration_s: counts::seconds(time),
            line: 0,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_test_counts_once_though_its_harness_prints_it_too() {
        let seen = read(include_str!("../../testdata/nextest.log"));
        assert_eq!(seen.tests, [
            "pass shop::cart cart::adds",
            "fail shop::cart cart::removes",
            "error shop cart::waits"
        ]);
        assert_eq!(seen.summaries, ["cargo 3 run 1 passed 2 failed 1 skipped"]);
        assert_eq!(seen.explanation.first().map(String::as_str), Some("14-17 nextest assertion"));
    }

    #[test]
    fn a_retried_test_has_its_last_result() {
        let seen = read(
            "    Starting 2 tests across 1 binary\n  TRY 1 FAIL [   0.01s] shop cart::a\n  TRY 2 PASS [   0.01s] shop cart::a\n\
             \x20 TRY 1 FAIL [   0.01s] shop cart::b\n  TRY 2 FAIL [   0.01s] shop cart::b\n\
             \x20    Summary [   0.05s] 2 tests run: 1 passed (1 flaky), 1 failed, 0 skipped\n\
             \x20 TRY 2 FAIL [   0.01s] shop cart::b\n",
        );
        assert_eq!(seen.tests, ["pass shop cart::a", "fail shop cart::b"]);
    }

    #[test]
    fn what_a_test_said_before_it_passed_explains_nothing() {
        let seen = read(
            "    Starting 2 tests across 1 binary\n  TRY 1 FAIL [   0.01s] shop cart::a\n    thread 'cart::a' panicked at src/cart.rs:3:5:\n    no price\n\
             \x20 TRY 2 PASS [   0.01s] shop cart::a\n        FAIL [   0.01s] shop cart::b\n    thread 'cart::b' panicked at src/cart.rs:9:5:\n    no tax\n\
             \x20    Summary [   0.1s] 2 tests run: 1 passed (1 flaky), 1 failed, 0 skipped\nerror: test run failed\n",
        );
        assert_eq!(seen.explanation, ["7-8 nextest assertion"]);
    }
}
