//! Jest: single tests, the block of a failure up to its stack, the counts.
//!
//! `PASS` or `FAIL` and a file, below it with `--verbose` a tree of its tests; a failure begins with
//! `● suite › test` and is shown again behind `Summary of all failing tests`; `● Console` and the
//! like are output of tests and no failures (jestjs.io/docs/configuration, `reporters`).

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::titles::Titles;
use super::{Dialect, captured};
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Jest {
    /// In the block of a failure.
    in_failure: bool,
    /// Behind `Summary of all failing tests`.
    repeating: bool,
    /// In the tree of a file's tests, and the suites of the next one.
    in_tree: bool,
    titles: Titles,
    /// The failed test, whose message follows.
    failed: Option<TestCase>,
    /// The name of the last failed test: each of its errors begins with it.
    last_failed: Option<String>,
    /// The file whose tests are told.
    file: Option<String>,
    /// Whether a suite failed, perhaps before any of its tests ran.
    suites_failed: bool,
    /// The counts, waiting for the time that follows them.
    summary: Option<TestSummary>,
}

/// The longest name of a test that is remembered, in bytes.
const MAX_NAME: usize = 300;

static COUNT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\d+) (failed|passed|skipped|todo|pending|total)"));
static DURATION: LazyLock<Regex> = LazyLock::new(|| pattern(r" \((\d+(?:\.\d+)?) ?(m?s)\)$"));

impl Dialect for Jest {
    const NAME: &'static str = "jest";
    const LITERALS: &'static [&'static str] = &[
        "PASS ", "FAIL ", "● ", "✓ ", "✕ ", "○ ", "Tests: ", "Test Suites: ", "Time: ",
        "Summary of all failing tests",
    ];

    fn awake(&self) -> bool {
        self.in_failure || self.in_tree || self.summary.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        if report.claimed.is_some_and(|tool| tool != Self::NAME) {
            // Vitest writes its failures alike.
            return;
        }
        let text = line.text.trim_start();
        if text.starts_with("Test Suites: ") {
            self.suites_failed = text.contains(" failed");
        } else if text.starts_with("Tests: ") && text.trim_end().ends_with(" total") {
            self.tell_failed(None, report);
            (self.in_failure, self.in_tree) = (false, false);
            self.summary = Some(TestSummary { line: report.line.number, ..summary(text) });
            report.claim();
        } else if self.summary.is_some() {
            self.close(text, report);
        } else if let Some(file) = suite_file(line.text) {
            self.tell_failed(None, report);
            self.file = Some(cut(file, 300).to_owned());
            (self.in_failure, self.in_tree) = (false, true);
            (self.titles, self.last_failed) = (Titles::default(), None);
            report.framework("jest");
            report.claim();
        } else if text.starts_with("Summary of all failing tests") {
            self.repeating = true;
        } else if let Some(name) = failure_name(text) {
            self.failure(name, report);
        } else if self.in_failure {
            self.details(text, report);
        } else if self.in_tree {
            self.tree(line.text, text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.tell_failed(None, report);
        self.close("", report);
    }
}

impl Jest {
    fn failure(&mut self, name: &str, report: &mut Report<'_>) {
        self.tell_failed(None, report);
        (self.in_failure, self.in_tree) = (!is_note(name), false);
        if !self.in_failure || self.repeating {
            self.in_failure = false;
            report.claim();
            return;
        }
        if self.last_failed.as_deref() != Some(cut(name, MAX_NAME)) {
            let suite_failed = name == "Test suite failed to run";
            let result = if suite_failed { TestOutcome::Error } else { TestOutcome::Fail };
            self.failed = Some(report.case("jest", name, self.file.as_deref(), result));
            self.last_failed = Some(cut(name, MAX_NAME).to_owned());
        }
        report.error(Severity::Error, Reason::Assertion, name);
    }

    fn tell_failed(&mut self, message: Option<&str>, report: &mut Report<'_>) {
        if let Some(test) = self.failed.take() {
            report.tell_test(TestCase { message: message.map(str::to_owned), ..test });
        }
    }

    /// Everything up to the stack belongs to the failure.
    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if text.is_empty() {
            report.hold();
            report.claim();
        } else if text.starts_with("at ") || text.starts_with("Test Suites:") {
            self.tell_failed(None, report);
            self.in_failure = false;
            report.claim();
        } else {
            self.tell_failed(Some(text), report);
            report.join();
            report.extend();
            report.claim();
        }
    }

    /// A line of the tree of a file's tests, which ends where nothing is indented. Failed tests are
    /// told below it, with their messages.
    fn tree(&mut self, line: &str, text: &str, report: &mut Report<'_>) {
        let indent = line.len() - text.len();
        let Some(mark) = text.chars().next().filter(|_| indent > 0) else {
            self.in_tree = false;
            return;
        };
        let result = match mark {
            '✓' | '√' => TestOutcome::Pass,
            '○' | '✎' => TestOutcome::Skip,
            '✕' | '×' => return,
            _ => return self.titles.push(indent, text.trim_end()),
        };
        let name = text[mark.len_utf8()..].trim();
        if mark == '○' && name.starts_with("skipped ") && name.ends_with(" tests") {
            return;
        }
        let name = name.strip_prefix("skipped ").or_else(|| name.strip_prefix("todo ")).unwrap_or(name);
        let duration = captured(&DURATION, name, "s)");
        let name = duration.as_ref().map_or(name, |found| &name[..name.len() - found[0].len()]);
        let path = self.titles.path(indent, name, " › ");
        let mut test = report.case("jest", &path, self.file.as_deref(), result);
        test.duration_s = duration.and_then(|found| {
            let number: f64 = found[1].parse().ok()?;
            Some(if &found[2] == "ms" { number / 1000.0 } else { number })
        });
        report.tell_test(test);
        report.claim();
    }

    fn close(&mut self, text: &str, report: &mut Report<'_>) {
        if text.starts_with("Snapshots:") {
            return;
        }
        let Some(mut summary) = self.summary.take() else { return };
        if let Some(time) = text.strip_prefix("Time:") {
            summary.duration_s = time.trim().split([' ', 's', ',']).next().and_then(|s| s.parse().ok());
        }
        let failed = summary.failed > 0 || self.suites_failed;
        report.failed_if(failed);
        report.summary(summary);
        *self = Self::default();
    }
}

/// `PASS src/cart.test.js (5.1 s)`
fn suite_file(text: &str) -> Option<&str> {
    let rest = text.trim_start();
    let rest = rest.strip_prefix("PASS ").or_else(|| rest.strip_prefix("FAIL "))?;
    let file = rest.trim_start().split(' ').find(|word| word.contains('.'))?;
    let name = file.rsplit('.').next().unwrap_or("");
    matches!(name, "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts" | "vue").then_some(file)
}

/// What stands behind `●`; notes, which Jest writes with two blanks, are no failures.
fn failure_name(text: &str) -> Option<&str> {
    let name = text.strip_prefix("● ")?;
    (!name.starts_with(' ')).then_some(name)
}

/// Headings behind `●` that are no failures.
fn is_note(name: &str) -> bool {
    matches!(name, "Console" | "Deprecation Warning" | "Validation Warning")
        || name.starts_with("LOGGING RETRY ERRORS")
        || name.ends_with(" Warning:")
}

fn summary(text: &str) -> TestSummary {
    let mut summary = TestSummary { framework: "jest".to_owned(), ..TestSummary::default() };
    for count in COUNT.captures_iter(text) {
        let number: u64 = count[1].parse().unwrap_or(0);
        match &count[2] {
            "failed" => summary.failed = number,
            "passed" => summary.passed = number,
            "skipped" | "pending" => summary.skipped += number,
            _ => {}
        }
    }
    summary.run = summary.passed + summary.failed;
    summary
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_is_explained_up_to_its_stack_and_told_once() {
        let seen = read(include_str!("../../testdata/jest.log"));
        assert_eq!(seen.explanation, ["9-18 jest assertion"]);
        assert_eq!(seen.summaries, ["jest 2 run 1 passed 1 failed 1 skipped"]);
        assert_eq!(seen.tests, [
            "pass src/cart.test.js cart › adds",
            "skip src/cart.test.js cart › clears",
            "fail src/cart.test.js cart › removes",
        ]);
    }
}
