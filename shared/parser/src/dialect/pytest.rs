//! pytest: single tests, the block of a failure that says what was expected, the closing line.
//!
//! In a failure the lines of source are indented by four, the one that failed begins with `>`, and
//! what went wrong stands behind `E   `, followed by `file:line: Error`.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, RecordKind, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Pytest {
    /// Between the header of a run and its closing line.
    running: bool,
    /// In the section that shows the failures.
    in_failures: bool,
    /// In the short summary at the end.
    in_summary: bool,
    /// Whether single tests were told while they ran, so that the short summary repeats them.
    verbose: bool,
}

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static RESULT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(\S+\.py(?:::.+?)?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)(?: \(.*\))?(?:\s+\[ *\d+%\])?$")
        .unwrap()
});
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static COUNT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\d+) (passed|failed|errors?|skipped|xfailed|xpassed)\b").unwrap()
});
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static CLOSING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^=*\s*((?:\d+ [a-z]+(?:, )?)+|no tests (?:ran|collected)) in ([\d.]+) ?s").unwrap()
});

impl Dialect for Pytest {
    const NAME: &'static str = "pytest";
    const LITERALS: &'static [&'static str] = &[
        "= test session starts =", "= FAILURES =", "= ERRORS =", "= short test summary info =",
        " passed", " failed", " error", " skipped", "no tests ran", ".py::", "= warnings summary =",
    ];

    fn awake(&self) -> bool {
        self.in_failures || self.in_summary
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.starts_with("===") && self.section(text, report) {
            return;
        }
        let may_close = text.starts_with('=') || (self.running && text.contains(" in "));
        if let Some(closing) = may_close.then(|| CLOSING.captures(text)).flatten() {
            self.closing(&closing, report);
        } else if self.in_summary {
            self.short_summary(text, report);
        } else if self.in_failures {
            in_failure(text, report);
        } else if self.running
            && let Some(result) = RESULT.captures(text)
        {
            self.verbose = true;
            report.claim();
            tell(&result[1], outcome(&result[2]), report);
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
            "FAILURES" | "ERRORS" => (self.in_failures, self.running) = (true, true),
            "short test summary info" => {
                (self.in_failures, self.in_summary) = (false, true);
            }
            "warnings summary" | "PASSES" | "XFAILURES" => self.in_failures = false,
            _ => {
                if title.starts_with("slowest") || title.starts_with("warnings summary") {
                    self.in_failures = false;
                }
                return false;
            }
        }
        report.claim();
        true
    }

    fn short_summary(&mut self, text: &str, report: &mut Report<'_>) {
        let Some((word, rest)) = text.split_once(' ') else { return };
        if !matches!(word, "FAILED" | "ERROR" | "PASSED" | "XFAIL" | "XPASS") {
            return;
        }
        report.claim();
        report.kind(RecordKind::Test);
        let name = rest.split(" - ").next().unwrap_or(rest);
        // What failed to be collected was no test while the tests ran.
        let told = self.verbose && (word != "ERROR" || name.contains("::"));
        if !told && name.contains(".py") {
            tell(name, outcome(word), report);
        }
    }

    fn closing(&mut self, closing: &regex::Captures<'_>, report: &mut Report<'_>) {
        let mut summary = TestSummary { framework: "pytest".to_owned(), ..TestSummary::default() };
        for count in COUNT.captures_iter(&closing[1]) {
            let number: u64 = count[1].parse().unwrap_or(0);
            match &count[2] {
                "skipped" => summary.skipped += number,
                "failed" => (summary.failed, summary.run) = (summary.failed + number, summary.run + number),
                "passed" => (summary.passed, summary.run) = (number, summary.run + number),
                "xfailed" | "xpassed" => summary.run += number,
                _ => (summary.failed, summary.run) = (summary.failed + number, summary.run + number),
            }
        }
        summary.duration_s = closing[2].parse().ok();
        report.claim();
        report.verdict(if summary.failed > 0 { Outcome::Failed } else { Outcome::Success });
        report.summary(summary);
        *self = Self::default();
    }
}

/// A line of the section that shows the failures.
fn in_failure(text: &str, report: &mut Report<'_>) {
    if text.starts_with('>') {
        // The source line that failed; a later one, in a function that it called, tells more.
        report.suspect(text);
    } else if let Some(what) = text.strip_prefix("E  ") {
        report.join();
        report.confirm(Severity::Error, reason(what), what);
    } else if text.starts_with("____") {
        // The next failure.
        report.suspect(text);
    } else if is_place(text) {
        report.extend();
        report.claim();
    } else if text.trim().is_empty() {
        report.hold();
        report.claim();
    } else {
        // Source, captured output: other dialects may read it, but it ends the block.
        if text.starts_with("    ") {
            report.hold();
        }
        report.claim();
    }
}

/// `tests/test_cart.py:12: AssertionError`
fn is_place(text: &str) -> bool {
    let mut parts = text.split(':');
    let path = parts.next().unwrap_or("");
    let line = parts.next().unwrap_or("");
    path.ends_with(".py") && !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit())
}

fn reason(what: &str) -> Reason {
    let what = what.trim_start();
    if what.starts_with("ModuleNotFoundError") || what.starts_with("ImportError") {
        Reason::Dependency
    } else if what.starts_with("SyntaxError") || what.starts_with("IndentationError") {
        Reason::Compiler
    } else {
        Reason::Assertion
    }
}

fn outcome(word: &str) -> TestOutcome {
    match word {
        "FAILED" => TestOutcome::Fail,
        "ERROR" => TestOutcome::Error,
        "SKIPPED" => TestOutcome::Skip,
        _ => TestOutcome::Pass,
    }
}

fn tell(name: &str, result: TestOutcome, report: &mut Report<'_>) {
    let class = name.rsplit_once("::").map(|(class, _)| class);
    report.test("pytest", name, class, result);
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_is_explained_by_its_source_line_and_what_was_expected() {
        let seen = read(include_str!("../../testdata/pytest.log"));
        assert_eq!(seen.explanation, ["11-15 pytest assertion", "24-27 pytest dependency"]);
        assert_eq!(seen.summaries, ["pytest 5 run 2 passed 2 failed 1 skipped"]);
        assert_eq!(seen.tests, [
            "fail tests/test_cart.py tests/test_cart.py::test_total",
            "error tests/test_ship.py tests/test_ship.py::test_rate"
        ]);
    }

    #[test]
    fn tests_told_while_they_run_are_not_told_again() {
        let seen = read(
            "==== test session starts ====\na.py::test_a PASSED  [ 50%]\na.py::test_b[x y] FAILED [100%]\n\
             ==== short test summary info ====\nFAILED a.py::test_b[x y] - assert 1\n\
             ==== 1 failed, 1 passed in 0.01s ====\n",
        );
        assert_eq!(seen.tests, ["pass a.py a.py::test_a", "fail a.py a.py::test_b[x y]"]);
    }
}
