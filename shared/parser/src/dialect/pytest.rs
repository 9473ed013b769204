//! pytest: single tests, the block of a failure that says what was expected, the closing line.
//!
//! Under `-v` a line a test (`tests/test_a.py::test_b PASSED [ 50%]`, or from xdist
//! `[gw0] [ 50%] PASSED tests/test_a.py::test_b`). Behind `= FAILURES =` and `= ERRORS =` a block for
//! each: `____ TestA.test_b ____`, source indented by four, the line that failed behind `>`, what went
//! wrong behind `E   `, then `file:line: Error`. Behind `= short test summary info =` lines
//! `FAILED tests/test_a.py::test_b - why`, since 6.0 without being asked; the closing line counts. As
//! `_pytest/terminal.py` of 2.9 to 9.0 writes it.
//!
//! Tests are named as Python names them, `tests.test_a::TestA::test_b[x]`: a run prints the path in
//! one place and the module in another, from wherever it was started.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

mod failure;
mod names;

use failure::{Failure, Failures, in_failure};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Pytest {
    /// Between the header of a run and its closing line.
    running: bool,
    /// In the section that shows the failures.
    in_failures: bool,
    /// In the short summary at the end.
    in_summary: bool,
    failures: Failures,
}

static RESULT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S+\.\w+(?:::.+?)?) (SUB)?(PASS|FAIL|PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|xfail)(?: \(.*\))?(?:\s+\[ *\d+%\])?$"));
static WORKER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\[gw\d+\] (?:\[ *\d+%\] )?(PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS|xfail) (\S+\.\w+(?:::.+?)?)\s*$"));
static CLOSING: LazyLock<Regex> = LazyLock::new(|| pattern(concat!(
        r"^=*\s*((?:\d+ (?:passed|failed|errors?|skipped|deselected|xfailed|xpassed|reruns?|(?:pytest-)?warnings?",
        r"|subtests (?:passed|failed|skipped)|snapshots? [a-z]+)(?:, )?)+|no tests (?:ran|collected))",
        r" in ([\d.]+) ?s(?:econds)?\b[^=]*=*$"
    )));

impl Dialect for Pytest {
    const NAME: &'static str = "pytest";
    const LITERALS: &'static [&'static str] = &[
        "= test session starts =", "= FAILURES =", "= ERRORS =", "= short test summary info =",
        " passed", " failed", " error", " skipped", "no tests ran", ".py::", "= warnings summary =",
        "rootdir: ", "INTERNALERROR> ", "while loading conftest", "FAIL Required test coverage", "Coverage failure: ",
    ];

    fn awake(&self) -> bool {
        self.in_failures || self.in_summary
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.starts_with("===") && self.section(text, report) {
            return;
        }
        let may_close = text.contains(" in ") && text.starts_with(|first: char| first == '=' || first == 'n' || first.is_ascii_digit());
        if let Some(closing) = may_close.then(|| CLOSING.captures(text)).flatten() {
            self.closing(&closing, report);
        } else if self.in_summary && self.short_summary(line, report) {
            // Told.
        } else if self.in_failures {
            if let Some(failure) = self.failures.line(line) {
                tell_failure(failure, report);
            }
            in_failure(text, report);
        } else if self.running && text.contains("::") && self.result(line, report) {
            report.claim();
        } else if self.running && text.starts_with("rootdir: ") {
            self.failures.root(text[9..].split(", ").next().unwrap_or(""));
        } else {
            aside(text, report);
        }
    }
}

impl Pytest {
    /// Whether the line is the title of a section.
    fn section(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        let title = text.trim_matches(['=', ' ']);
        match title {
            "test session starts" => {
                *self = Self { running: true, ..Self::default() };
                report.framework("pytest");
            }
            "FAILURES" | "ERRORS" => {
                (self.in_failures, self.in_summary, self.running) = (true, false, true);
                self.close_failure(report);
            }
            "short test summary info" => {
                (self.in_failures, self.in_summary) = (false, true);
                self.close_failure(report);
            }
            _ => {
                if title.starts_with(|first: char| first.is_ascii_digit()) {
                    return false;
                }
                // Of warnings, slow tests, passed ones, coverage.
                (self.in_failures, self.in_summary) = (false, false);
                self.close_failure(report);
                if !matches!(title, "warnings summary" | "PASSES" | "XFAILURES") {
                    return false;
                }
            }
        }
        report.claim();
        true
    }

    fn close_failure(&mut self, report: &mut Report<'_>) {
        if let Some(failure) = self.failures.close() {
            tell_failure(failure, report);
        }
    }

    /// A test's result under `-v`. Whether the line is one.
    fn result(&mut self, line: Line<'_>, report: &mut Report<'_>) -> bool {
        let Some((node, word)) = plain_result(line.text).or_else(|| other_result(line.text)) else {
            return false;
        };
        let result = outcome(word);
        if matches!(result, TestOutcome::Fail | TestOutcome::Error) {
            self.failures.told(node, result);
        }
        tell(node, result, None, line.number, report);
        true
    }

    /// A line of the short summary. Whether it is one.
    fn short_summary(&mut self, line: Line<'_>, report: &mut Report<'_>) -> bool {
        let Some((word, rest)) = line.text.split_once(' ') else { return false };
        let sub = word.starts_with("SUBFAIL");
        if !sub && !matches!(word, "FAILED" | "FAIL" | "ERROR" | "PASSED" | "XFAIL" | "XPASS") {
            return false;
        }
        report.claim();
        let result = if sub { TestOutcome::Fail } else { outcome(word) };
        let (node, why) = names::split_reason(rest);
        let bad = matches!(result, TestOutcome::Fail | TestOutcome::Error);
        if !bad || !names::is_node(node) || self.failures.was_told(node, result) {
            return true;
        }
        let message = self.failures.take_message(node, result).or_else(|| why.map(|why| cut(why, MAX_MESSAGE).to_owned()));
        self.failures.told(node, result);
        tell(node, result, message, line.number, report);
        true
    }

    fn closing(&mut self, closing: &Captures<'_>, report: &mut Report<'_>) {
        let mut summary = TestSummary { framework: "pytest".to_owned(), ..TestSummary::default() };
        for count in closing[1].split(", ") {
            let Some((number, what)) = count.split_once(' ') else { continue };
            let number: u64 = number.parse().unwrap_or(0);
            match what {
                "skipped" => summary.skipped += number,
                "passed" => summary.passed += number,
                "failed" | "error" | "errors" => summary.failed += number,
                "xfailed" | "xpassed" => summary.run += number,
                _ => {}
            }
        }
        summary.run += summary.passed + summary.failed;
        summary.duration_s = closing[2].parse().ok();
        report.claim();
        report.failed_if(summary.failed > 0);
        for failure in self.failures.untold() {
            tell_failure(failure, report);
        }
        report.forget(self.failures.forgotten);
        report.summary(summary);
        *self = Self::default();
    }
}

/// What pytest says outside of its sections.
fn aside(text: &str, report: &mut Report<'_>) {
    if let Some(what) = text.strip_prefix("INTERNALERROR> ") {
        report.framework("pytest");
        report.verdict(Outcome::Failed);
        if report.has_block() && !what.starts_with("Traceback") {
            // The last line is the exception.
            if what.starts_with(' ') { report.extend() } else { report.reword(what) }
        } else {
            report.error(Severity::Error, Reason::Exception, what);
        }
    } else if text.starts_with("FAIL Required test coverage") || text.contains("Coverage failure: ") {
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Lint, text);
    } else if text.starts_with("ImportError while loading conftest") {
        report.framework("pytest");
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Dependency, text);
    }
}

/// The longest message that is kept.
const MAX_MESSAGE: usize = 200;

fn tell_failure(failure: Failure, report: &mut Report<'_>) {
    tell(&failure.node, failure.result, failure.message, failure.line, report);
}

/// The test and the word of `test_cart.py::test_add PASSED    [ 12%]`, as nearly all results stand.
fn plain_result(text: &str) -> Option<(&str, &str)> {
    let share = text.strip_suffix("%]").and_then(|text| text.rsplit_once('['));
    let (node, word) = share.map_or(text, |(text, _)| text.trim_end()).split_once(' ')?;
    let is_plain = matches!(word, "PASSED" | "FAILED" | "ERROR" | "SKIPPED" | "XFAIL" | "XPASS")
        && node.split_once("::").is_some_and(|(file, _)| file.ends_with(".py"));
    is_plain.then_some((node, word))
}

/// The test and the word of any result.
fn other_result(text: &str) -> Option<(&str, &str)> {
    let (node, word) = match RESULT.captures(text) {
        Some(found) => (found.get(1), found.get(3)),
        None => WORKER.captures(text).map(|found| (found.get(2), found.get(1)))?,
    };
    Some((node?.as_str(), word?.as_str()))
}

fn outcome(word: &str) -> TestOutcome {
    match word {
        "FAIL" | "FAILED" => TestOutcome::Fail,
        "ERROR" => TestOutcome::Error,
        "SKIPPED" => TestOutcome::Skip,
        _ => TestOutcome::Pass,
    }
}

fn tell(node: &str, result: TestOutcome, message: Option<String>, line: u64, report: &mut Report<'_>) {
    let (name, classname) = names::names(cut(node, 500));
    report.kind(logmill_model::RecordKind::Test);
    report.tell_test(TestCase {
        framework: "pytest".to_owned(),
        name,
        classname,
        result,
        duration_s: None,
        message,
        line,
    });
}

#[cfg(test)]
mod tests;
