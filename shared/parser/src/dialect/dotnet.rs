//! .NET: `dotnet test` (VSTest's console logger, the terminal logger of SDK 9, the testing platform),
//! `vstest.console`, and the consoles of NUnit and xUnit.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Dotnet {
    /// In the message of a failed test.
    block: Block,
    /// Totals whose counts stand on lines of their own.
    totals: Option<Totals>,
    /// Whether tests are told as they end: a list at the end repeats those that failed.
    told: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Block {
    #[default]
    None,
    /// Behind a test that failed: `Error Message:` may follow.
    Failed,
    /// Behind `Error Message:`.
    Message,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Totals {
    all: u64,
    passed: u64,
    failed: u64,
    skipped: u64,
}

static CASE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+(Passed|Failed|Skipped|√|X|!|passed|failed|skipped)\s+(\S.*?) [\[(](?:< )?((?:\d+(?:\.\d+)? ?(?:ms|s|m|h) ?)+)[\])]$"));
static LINE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:Passed|Failed|Skipped)!\s+- Failed:\s+(\d+), Passed:\s+(\d+), Skipped:\s+(\d+), Total:\s+(\d+), Duration: (?:< )?(.+?)(?: - \S.*)?$"));
static SUMMARY: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Test summary: total: (\d+), failed: (\d+), succeeded: (\d+), skipped: (\d+), duration: (\S+)$"));
static OLD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Total tests: (\d+)\. Passed: (\d+)\. Failed: (\d+)\. Skipped: (\d+)\."));
static TOTAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(Total tests|total|Passed|succeeded|Failed|failed|Skipped|skipped): (\d+)$"));
static XUNIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+\S+\s+Total: (\d+), Errors: (\d+), Failed: (\d+), Skipped: (\d+),(?: Not Run: \d+,)? Time: ([\d.]+)s$"));
static NUNIT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*Test Count: \d+, Passed: \d+, Failed: \d+"));
static NUNIT_CASE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\d+\) (Failed|Error|Invalid) : (\S.*)$"));
static XUNIT_CASE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s{4,}([A-Za-z_]\S*\.\S.*) \[(FAIL|SKIP)\]$"));

impl Dialect for Dotnet {
    const NAME: &'static str = "dotnet";
    const LITERALS: &'static [&'static str] = &[
        "  Passed ", "  Failed ", "  Skipped ", "  √ ", "  X ", "  ! ", "!  - Failed: ", "Test summary: total: ",
        "Total tests: ", "Test run summary: ", "Test Count: ", ") Failed : ", ") Error : ", " [FAIL]", " [SKIP]",
        ", Errors: ", "Test Run Failed.", "Test Run Successful.", "  failed ", "  passed ", "  skipped ",
    ];

    fn awake(&self) -> bool {
        self.block != Block::None || self.totals.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if self.totals.is_some() && self.total(text, report) {
            return;
        }
        if let Some(case) = text.ends_with([']', ')']).then(|| CASE.captures(text)).flatten() {
            self.case(&case, report);
        } else if let Some(whole) = whole(text) {
            summary(&whole, report);
            *self = Self::default();
        } else if text.starts_with("Total tests: ") || text.starts_with("Test run summary: ") {
            self.totals = Some(Totals::default());
            self.total(text, report);
        } else if text.starts_with("Test Run Failed.") || text.starts_with("Test Run Successful.") {
            self.block = Block::None;
            let failed = text.contains("Failed");
            report.failed_if(failed);
        } else if let Some(case) = text.contains(" : ").then(|| NUNIT_CASE.captures(text)).flatten() {
            let result = if &case[1] == "Failed" { TestOutcome::Fail } else { TestOutcome::Error };
            self.failed(&case[2], "nunit", result, report);
        } else if let Some(case) = text.ends_with(']').then(|| XUNIT_CASE.captures(text)).flatten() {
            if &case[2] == "FAIL" {
                self.failed(&case[1], "xunit", TestOutcome::Fail, report);
            } else {
                report.tell_case(&Case::new("xunit", &case[1], TestOutcome::Skip));
            }
        } else if self.block != Block::None {
            self.details(text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.close(report);
    }
}

impl Dotnet {
    fn case(&mut self, case: &Captures<'_>, report: &mut Report<'_>) {
        let result = match &case[1] {
            "Passed" | "passed" | "√" => TestOutcome::Pass,
            "Failed" | "failed" | "X" => TestOutcome::Fail,
            _ => TestOutcome::Skip,
        };
        self.told = true;
        let name = &case[2];
        let duration_s = counts::seconds(&case[3]);
        report.tell_case(&Case { duration_s, class: class(name), ..Case::new("dotnet", name, result) });
        report.claim();
        self.block = Block::None;
        if result == TestOutcome::Fail {
            self.block = Block::Failed;
            report.error(Severity::Error, Reason::Assertion, name);
        }
    }

    /// A test that the consoles of NUnit and xUnit name, with its message.
    fn failed(&mut self, name: &str, framework: &str, result: TestOutcome, report: &mut Report<'_>) {
        if self.told {
            return;
        }
        report.tell_case(&Case { class: class(name), ..Case::new(framework, name, result) });
        report.error(Severity::Error, Reason::Assertion, name);
        self.block = Block::Message;
    }

    /// `  Error Message:`, the message, `  Stack Trace:`.
    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        let trimmed = text.trim();
        let in_message = self.block == Block::Message;
        if trimmed == "Error Message:" {
            self.block = Block::Message;
            report.extend();
        } else if trimmed == "Stack Trace:" || trimmed.starts_with("at ") || trimmed.starts_with("--- End of") {
            self.block = Block::None;
            report.claim();
        } else if trimmed.is_empty() && in_message {
            report.hold();
        } else if in_message || text.starts_with("    ") {
            report.join();
            report.extend();
        } else {
            self.block = Block::None;
        }
    }

    /// `     Passed: 5` behind `Total tests: 7`; whether the line is such a one.
    fn total(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        let Some(totals) = &mut self.totals else { return false };
        if text.starts_with("Test run summary: ") {
            return true;
        }
        let Some(total) = TOTAL.captures(text) else {
            self.close(report);
            return false;
        };
        let number = total[2].parse().unwrap_or(0);
        match &total[1] {
            "Total tests" | "total" => totals.all = number,
            "Passed" | "succeeded" => totals.passed = number,
            "Failed" | "failed" => totals.failed = number,
            _ => totals.skipped = number,
        }
        true
    }

    fn close(&mut self, report: &mut Report<'_>) {
        if let Some(totals) = self.totals.take().filter(|totals| totals.all > 0) {
            let Totals { passed, failed, skipped, .. } = totals;
            summary(&summed("dotnet", passed, failed, skipped, None), report);
            *self = Self::default();
        }
    }
}

/// Totals that stand on one line.
fn whole(text: &str) -> Option<TestSummary> {
    if text.contains("!  - Failed: ") {
        let line = LINE.captures(text)?;
        return Some(summed("dotnet", number(&line, 2), number(&line, 1), number(&line, 3), counts::seconds(&line[5])));
    }
    if text.starts_with("Test summary: ") {
        let line = SUMMARY.captures(text)?;
        return Some(summed("dotnet", number(&line, 3), number(&line, 2), number(&line, 4), counts::seconds(&line[5])));
    }
    if text.starts_with("Total tests: ") {
        let line = OLD.captures(text)?;
        return Some(summed("dotnet", number(&line, 2), number(&line, 3), number(&line, 4), None));
    }
    if text.contains("Test Count: ") && NUNIT.is_match(text) {
        let count = |word| counts::after(text, word);
        let skipped = count("Skipped") + count("Inconclusive");
        return Some(summed("nunit", count("Passed") + count("Warnings"), count("Failed"), skipped, None));
    }
    if text.contains(", Errors: ") {
        let line = XUNIT.captures(text)?;
        let (failed, skipped) = (number(&line, 2) + number(&line, 3), number(&line, 4));
        let passed = number(&line, 1).saturating_sub(number(&line, 3) + skipped);
        return Some(summed("xunit", passed, failed, skipped, line[5].parse().ok()));
    }
    None
}

fn number(line: &Captures<'_>, group: usize) -> u64 {
    line[group].parse().unwrap_or(0)
}

fn summed(framework: &str, passed: u64, failed: u64, skipped: u64, duration_s: Option<f64>) -> TestSummary {
    let framework = framework.to_owned();
    TestSummary { framework, run: passed + failed, passed, failed, skipped, duration_s, line: 0 }
}

fn summary(summary: &TestSummary, report: &mut Report<'_>) {
    report.claim();
    report.build_tool("dotnet");
    report.failed_if(summary.failed > 0);
    report.summary(summary.clone());
}

/// The class in `Shop.CartTests.Adds(count: 1)`.
fn class(name: &str) -> Option<&str> {
    let path = name.split('(').next().unwrap_or(name);
    path.rsplit_once('.').map(|(class, _)| class)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_explained_by_its_message() {
        let seen = read(include_str!("../../testdata/dotnet.log"));
        assert_eq!(seen.tests, [
            "pass Shop.CartTests Shop.CartTests.Adds",
            "fail Shop.CartTests Shop.CartTests.Removes(count: 1)",
            "skip Shop.CartTests Shop.CartTests.Waits"
        ]);
        assert_eq!(seen.explanation, ["4-8 dotnet assertion"]);
        assert_eq!(seen.summaries, ["dotnet 2 run 1 passed 1 failed 1 skipped"]);
    }

    #[test]
    fn totals_are_read_in_every_form() {
        for log in [
            "Test Run Failed.\nTotal tests: 4\n     Passed: 2\n     Failed: 1\n    Skipped: 1\n Total time: 1.2 Seconds\n",
            "Total tests: 4. Passed: 2. Failed: 1. Skipped: 1.\n",
            "Test summary: total: 4, failed: 1, succeeded: 2, skipped: 1, duration: 1.2s\n",
            "Test run summary: Failed! - bin/x.dll (net9.0|x64)\n  total: 4\n  failed: 1\n  succeeded: 2\n  skipped: 1\n  duration: 1s\n",
        ] {
            assert_eq!(read(log).summaries, ["dotnet 3 run 2 passed 1 failed 1 skipped"], "{log}");
        }
        let nunit = "1) Failed : Shop.CartTests.Removes\n  Expected: 0\n  But was:  1\n\nTest Run Summary\n  Overall result: Failed\n  Test Count: 4, Passed: 2, Failed: 1, Warnings: 0, Inconclusive: 0, Skipped: 1\n";
        let seen = read(nunit);
        assert_eq!(seen.tests, ["fail Shop.CartTests Shop.CartTests.Removes"]);
        assert_eq!(seen.summaries, ["nunit 3 run 2 passed 1 failed 1 skipped"]);
        let xunit = "    Shop.CartTests.Removes [FAIL]\n      Assert.Equal() Failure\n=== TEST EXECUTION SUMMARY ===\n   Shop.Tests  Total: 4, Errors: 0, Failed: 1, Skipped: 1, Time: 0.123s\n";
        assert_eq!(read(xunit).summaries, ["xunit 3 run 2 passed 1 failed 1 skipped"]);
    }
}
