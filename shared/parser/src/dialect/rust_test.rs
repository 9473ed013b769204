//! The test harness of Rust (`cargo test`): single tests, the panic that failed each, the counts.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

/// How many failed tests are remembered, and how much of a name, in bytes.
const MAX_TOLD: usize = 64;
const MAX_NAME: usize = 100;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct RustTest {
    /// In the section that shows what each failed test printed.
    in_failures: bool,
    /// In a panic's message.
    in_panic: bool,
    /// In the list of names that ends that section.
    in_list: bool,
    /// The failed tests that were told: what a test prints may hide its result.
    told: Vec<String>,
}

static RESULT: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"^test result: (ok|FAILED)\. (\d+) passed; (\d+) failed; (\d+) ignored;.*?(?:finished in ([\d.]+)s)?$",
    ));

impl Dialect for RustTest {
    const NAME: &'static str = "rust_test";
    const LITERALS: &'static [&'static str] = &["failures:"];
    const STARTS: &'static [&'static str] = &["test ", "---- "];

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
            self.case(rest, report);
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
    /// `cart::adds ... ok`, `cart::adds - should panic ... FAILED`, `x ... ignored, slow`
    fn case(&mut self, rest: &str, report: &mut Report<'_>) {
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
        if result == TestOutcome::Fail && self.told.len() < MAX_TOLD {
            self.told.push(cut(name, MAX_NAME).to_owned());
        }
        report.claim();
        report.build_tool("cargo");
        report.test("cargo", name, module(name), result);
    }

    /// A failed test whose result could not be read.
    fn listed(&mut self, name: &str, report: &mut Report<'_>) {
        report.claim();
        if !self.told.iter().any(|told| told == cut(name, MAX_NAME)) {
            report.test("cargo", name, module(name), TestOutcome::Fail);
        }
    }

    fn failure(&mut self, text: &str, report: &mut Report<'_>) {
        if self.in_list {
            if let Some(name) = text.strip_prefix("    ") {
                self.listed(name, report);
            }
        } else if text.starts_with("thread '") && text.contains("panicked at") {
            self.in_panic = true;
            report.confirm(Severity::Error, Reason::Assertion, text);
        } else if is_title(text) {
            self.in_panic = false;
            report.suspect(text);
        } else if !self.in_panic {
            // What the test printed, or the list of names at the end.
            if text == "failures:" {
                self.in_list = true;
            } else if text.is_empty() {
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
            (self.in_panic, self.in_list) = (false, true);
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

fn module(name: &str) -> Option<&str> {
    name.rsplit_once("::").map(|(module, _)| module)
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

    #[test]
    fn a_result_that_the_test_s_output_hides_is_read_from_the_list() {
        let seen = read(
            "test cart::adds ... loud\nfailures:\n\n---- cart::adds stdout ----\nthread 'cart::adds' panicked at a.rs:1:2:\nno\n\n\n\
             failures:\n    cart::adds\n\ntest result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        assert_eq!(seen.tests, ["fail cart cart::adds"]);
    }
}
