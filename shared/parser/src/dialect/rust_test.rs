//! The test harness of Rust (`cargo test`): single tests, the panic that failed each, the counts.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct RustTest {
    /// In the section that shows what each failed test printed.
    in_failures: bool,
    /// In a panic's message.
    in_panic: bool,
}

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static RESULT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^test result: (ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored;.*?(?:finished in ([\d.]+)s)?$",
    )
    .unwrap()
});

impl Dialect for RustTest {
    const NAME: &'static str = "rust_test";
    const LITERALS: &'static [&'static str] = &["test ", "failures:", "---- "];

    fn awake(&self) -> bool {
        self.in_failures
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if report.claimed.is_some() {
            // Another runner shows what this one printed.
            *self = Self::default();
            return;
        }
        if let Some(result) = text.starts_with("test result: ").then(|| RESULT.captures(text)).flatten() {
            *self = Self::default();
            counts(&result, report);
        } else if self.in_failures {
            self.failure(text, report);
        } else if let Some(rest) = text.strip_prefix("test ") {
            case(rest, report);
        } else if text == "failures:" || is_title(text) {
            self.in_failures = true;
            report.claim();
            if is_title(text) {
                report.suspect(text);
            }
        }
    }
}

impl RustTest {
    fn failure(&mut self, text: &str, report: &mut Report<'_>) {
        if text.starts_with("thread '") && text.contains("panicked at") {
            self.in_panic = true;
            report.confirm(Severity::Error, Reason::Assertion, text);
        } else if is_title(text) {
            self.in_panic = false;
            report.suspect(text);
        } else if !self.in_panic {
            // What the test printed, or the list of names at the end.
            if text.is_empty() {
                report.hold();
            } else if text.starts_with("    ") {
                report.claim();
            } else if let Some(message) = text.strip_prefix("Error: ") {
                report.error(Severity::Error, Reason::Assertion, message);
            }
        } else if text.starts_with("note: ") || text.starts_with("stack backtrace") {
            self.in_panic = false;
            report.claim();
        } else if text.is_empty() {
            report.hold();
            report.claim();
        } else if text == "failures:" {
            self.in_panic = false;
        } else if text.starts_with("  left: ") || text.starts_with(" right: ") {
            report.join();
            report.extend();
        } else {
            // The panic's own message says more than its place.
            report.join();
            report.reword(text);
        }
    }
}

/// `---- cart::adds stdout ----`
fn is_title(text: &str) -> bool {
    text.starts_with("---- ") && text.ends_with(" ----")
}

/// `cart::adds ... ok`, `cart::adds - should panic ... FAILED`, `x ... ignored, slow`
fn case(rest: &str, report: &mut Report<'_>) {
    let Some((name, result)) = rest.rsplit_once(" ... ") else { return };
    let word = result.split([',', ' ', '<']).next().unwrap_or("");
    let result = match word {
        "ok" => TestOutcome::Pass,
        "FAILED" => TestOutcome::Fail,
        "ignored" => TestOutcome::Skip,
        "bench:" => TestOutcome::Pass,
        _ => return,
    };
    let name = name.trim_end_matches(" - should panic");
    report.claim();
    report.build_tool("cargo");
    report.test("cargo", name, name.rsplit_once("::").map(|(module, _)| module), result);
}

fn counts(result: &regex::Captures<'_>, report: &mut Report<'_>) {
    let number = |group: usize| -> u64 { result[group].parse().unwrap_or(0) };
    // What was measured is a benchmark, told as a test that passed.
    let measured = result[0].split(';').find_map(|part| part.trim().strip_suffix(" measured"));
    let measured: u64 = measured.and_then(|number| number.parse().ok()).unwrap_or(0);
    let (passed, failed) = (number(2) + measured, number(3));
    report.claim();
    report.build_tool("cargo");
    report.verdict(if &result[1] == "ok" { Outcome::Success } else { Outcome::Failed });
    report.summary(TestSummary {
        framework: "cargo".to_owned(),
        run: passed + failed,
        passed,
        failed,
        skipped: number(4),
        duration_s: result.get(5).and_then(|found| found.as_str().parse().ok()),
        line: 0,
    });
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_explained_by_its_panic() {
        let seen = read(include_str!("../../testdata/rust_test.log"));
        assert_eq!(seen.explanation, ["9-14 rust_test assertion"]);
        assert_eq!(seen.tests, ["pass cart cart::adds", "fail cart cart::removes", "skip - slow"]);
        assert_eq!(seen.summaries, ["cargo 2 run 1 passed 1 failed 1 skipped"]);
    }
}
