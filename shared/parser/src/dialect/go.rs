//! The go command: `go test` in text, `go build` and `go vet`.
//!
//! Without `-v` only failed tests are named, and their messages follow, indented by four more than
//! the `--- FAIL` line; with `-v` they stand before it, behind `=== RUN`.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::{Dialect, captured};
use crate::errors::PastBlock;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Go {
    /// The test that is running, where tests are announced (`=== RUN`).
    running: Option<String>,
    /// What the tests logged that have not ended yet.
    logged: Vec<Logged>,
    /// Whether the last line was logged by a test, so that an indented one goes on with it.
    in_message: bool,
    /// Behind `--- FAIL`: messages may follow.
    in_failure: bool,
    /// Tests since the last package ended.
    counts: TestSummary,
    /// In the block of compiler messages behind `# package`.
    compiling: bool,
}

/// What a test logged. Whether it is an error is known when the test ends.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Logged {
    test: String,
    block: PastBlock,
}

/// How many of them are kept.
const MAX_LOGGED: usize = 8;

#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static CASE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*--- (PASS|FAIL|SKIP): (.+) \(([\d.]+)s\)$").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static PACKAGE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(ok  |FAIL|---)\t(\S+)\s+(?:([\d.]+)s|\(cached\)|\[.*\])").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static COMPILER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:vet: )?(\S+\.go):(\d+)(?::(\d+))?: (.+)$").unwrap());
#[expect(clippy::unwrap_used, reason = "a constant pattern, compiled by every test")]
static MESSAGE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s+\S+\.go:\d+: ").unwrap());

impl Dialect for Go {
    const NAME: &'static str = "go";
    const LITERALS: &'static [&'static str] = &[
        "--- FAIL: ", "--- PASS: ", "--- SKIP: ", "=== RUN", "=== CONT", "=== NAME", "FAIL\t", "ok  \t", ".go:",
        "# ", "go: ",
    ];

    fn awake(&self) -> bool {
        self.in_failure || self.in_message || self.compiling
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(announced) = text.strip_prefix("=== ") {
            // `=== RUN   TestX`, `=== CONT  TestX`, `=== NAME  TestX`, `=== PAUSE TestX`
            let name = announced.split_whitespace().nth(1).unwrap_or("");
            self.running = Some(cut(name, 200).to_owned());
            (self.in_failure, self.in_message) = (false, false);
            report.framework("go");
        } else if let Some(case) = captured(&CASE, text, "--- ") {
            self.case(&case, report);
        } else if let Some(package) = captured(&PACKAGE, text, "\t") {
            self.package(&package, report);
        } else if self.in_failure {
            self.details(text, report);
        } else if self.running.is_some() && self.message(line, report) {
            // Kept until the test ends.
        } else if let Some(package) = text.strip_prefix("# ") {
            self.compiling = is_package(package);
        } else if let Some(found) =
            captured(&COMPILER, text, ".go:").filter(|found| self.compiling || found.get(3).is_some())
        {
            // Linters write the same lines, and need not fail the build.
            if self.compiling {
                report.build_tool("go");
                report.verdict(Outcome::Failed);
                report.error(Severity::Error, Reason::Compiler, &found[4]);
            } else {
                report.error(Severity::Error, Reason::Lint, &found[4]);
            }
        } else if let Some(rest) = text.strip_prefix("go: ") {
            module(rest, report);
        } else if self.compiling && text.starts_with('\t') {
            // `have (int)` and `want (string)` below a type error.
            report.join();
            report.extend();
        } else {
            self.compiling = false;
        }
    }
}

impl Go {
    fn case(&mut self, case: &Captures<'_>, report: &mut Report<'_>) {
        let result = match &case[1] {
            "PASS" => TestOutcome::Pass,
            "FAIL" => TestOutcome::Fail,
            _ => TestOutcome::Skip,
        };
        match result {
            TestOutcome::Skip => self.counts.skipped += 1,
            TestOutcome::Pass => (self.counts.run, self.counts.passed) = (self.counts.run + 1, self.counts.passed + 1),
            _ => (self.counts.run, self.counts.failed) = (self.counts.run + 1, self.counts.failed + 1),
        }
        let (name, seconds) = (&case[2], case[3].parse().ok());
        let parent = name.rsplit_once('/').map(|(parent, _)| parent);
        report.timed_test("go", name, parent, result, seconds);
        let failed = result == TestOutcome::Fail;
        (self.in_message, self.in_failure) = (false, failed && self.running.is_none());
        if failed {
            report.verdict(Outcome::Failed);
        }
        if self.running.is_none() {
            if failed {
                // Of a test with subtests the innermost says what is wrong.
                report.suspect(&case[0]);
            }
            return;
        }
        report.claim();
        self.logged.retain(|logged| {
            let its = logged.test == name;
            if its && failed {
                report.past_error(&logged.block, Severity::Error, Reason::Assertion);
            }
            !its
        });
    }

    /// `    cart_test.go:12: got 3, want 4`, and what is indented more below it. Whether the line is
    /// one.
    fn message(&mut self, line: Line<'_>, report: &mut Report<'_>) -> bool {
        let begins = line.text.contains(".go:") && MESSAGE.is_match(line.text);
        let goes_on = self.in_message && line.text.starts_with("        ");
        self.in_message = begins || goes_on;
        if goes_on && !begins {
            report.join();
            if let Some(last) = self.logged.last_mut() {
                last.block.extend(line.number, line.text);
            }
        } else if begins {
            // What a test says last is what it failed with.
            if self.logged.len() >= MAX_LOGGED {
                self.logged.remove(0);
            }
            let test = self.running.clone().unwrap_or_default();
            self.logged.push(Logged { test, block: PastBlock::new(line.number, line.text) });
        }
        if self.in_message {
            report.claim();
        }
        self.in_message
    }

    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if text.contains(".go:") && MESSAGE.is_match(text) {
            report.join();
            report.confirm(Severity::Error, Reason::Assertion, text);
        } else if text.starts_with("    ") || text.starts_with('\t') {
            report.join();
            report.extend();
        } else {
            self.in_failure = false;
        }
    }

    fn package(&mut self, package: &Captures<'_>, report: &mut Report<'_>) {
        let failed = &package[1] == "FAIL";
        (self.in_failure, self.compiling, self.running) = (false, false, None);
        self.logged.clear();
        report.build_tool("go");
        report.claim();
        report.verdict(if failed { Outcome::Failed } else { Outcome::Success });
        let counts = std::mem::take(&mut self.counts);
        report.framework("go");
        if counts.run + counts.skipped > 0 {
            let duration_s = package.get(3).and_then(|found| found.as_str().parse().ok());
            report.summary(TestSummary { framework: "go".to_owned(), duration_s, ..counts });
        }
    }
}

/// A package path, as `go build` puts it behind `# `: no heading of a document.
fn is_package(text: &str) -> bool {
    let path = text.split(' ').next().unwrap_or("");
    (path == text || text[path.len()..].starts_with(" [")) && !path.is_empty() && !path.starts_with('#')
}

fn module(rest: &str, report: &mut Report<'_>) {
    if rest.starts_with("downloading ") || rest.starts_with("finding ") || rest.starts_with("found ") {
        return;
    }
    let missing = ["not found", "no required module", "unknown revision", "invalid version", "cannot find", "missing go.sum"];
    if missing.iter().any(|words| rest.contains(words)) {
        report.build_tool("go");
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Dependency, rest);
    } else if rest.starts_with("errors parsing") || rest.contains(": error") || rest.contains("requires go >=") {
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Configuration, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_explained_by_its_message() {
        let seen = read(include_str!("../../testdata/go.log"));
        assert_eq!(seen.explanation, ["4-5 go assertion"]);
        assert_eq!(seen.tests, ["fail - TestTotal", "fail TestTotal TestTotal/two_items"]);
        assert_eq!(seen.summaries, ["go 2 run 0 passed 2 failed 0 skipped"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn of_tests_that_log_as_they_run_only_the_failed_ones_explain() {
        let seen = read(
            "=== RUN   TestA\n    a_test.go:1: want luck\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n\
             === RUN   TestB/x\n    a_test.go:9: got 1, want 2\n        a: b\n--- FAIL: TestB (0.00s)\n\
             \x20   --- FAIL: TestB/x (0.00s)\nFAIL\nFAIL\ta/b\t0.01s\n",
        );
        assert_eq!(seen.explanation, ["6-7 go assertion"]);
    }

    #[test]
    fn what_does_not_compile_is_explained_by_the_compiler() {
        let seen = read("# example.com/shop/ship\n./rate.go:7:12: undefined: zone\nFAIL\texample.com/shop/ship [build failed]\n");
        assert_eq!(seen.explanation, ["2-2 go compiler"]);
    }
}
