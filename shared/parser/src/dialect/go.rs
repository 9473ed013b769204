//! The go command: `go test` in text, `go build` and `go vet`.
//!
//! Without `-v` only failed tests are named, and their messages follow, indented by four more than
//! the `--- FAIL` line; with `-v` they stand before it, behind `=== RUN`.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Go {
    /// Whether single tests are announced (`=== RUN`).
    verbose: bool,
    /// Behind `--- FAIL`: messages may follow.
    in_failure: bool,
    /// Tests since the last package ended.
    counts: TestSummary,
    /// In the block of compiler messages behind `# package`.
    compiling: bool,
}

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
        self.in_failure || self.compiling
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.starts_with("=== ") {
            self.verbose = true;
            self.in_failure = false;
            report.framework("go");
        } else if let Some(case) = CASE.captures(text) {
            self.case(&case, report);
        } else if let Some(package) = PACKAGE.captures(text) {
            self.package(&package, report);
        } else if MESSAGE.is_match(text) && (self.verbose || self.in_failure) {
            self.message(text, report);
        } else if self.in_failure {
            self.details(text, report);
        } else if let Some(package) = text.strip_prefix("# ") {
            self.compiling = is_package(package);
        } else if let Some(found) = COMPILER.captures(text).filter(|found| self.compiling || found.get(3).is_some()) {
            report.build_tool("go");
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, Reason::Compiler, &found[4]);
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
    fn case(&mut self, case: &regex::Captures<'_>, report: &mut Report<'_>) {
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
        self.in_failure = result == TestOutcome::Fail;
        if self.in_failure {
            // Of a test with subtests the innermost says what is wrong.
            report.verdict(Outcome::Failed);
            if self.verbose {
                report.claim();
            } else {
                report.suspect(&case[0]);
            }
        }
    }

    /// `    cart_test.go:12: got 3, want 4`
    fn message(&self, text: &str, report: &mut Report<'_>) {
        let message = text.trim_start();
        if self.in_failure && report.has_block() {
            report.join();
            report.confirm(Severity::Error, Reason::Assertion, message);
        } else if self.verbose {
            // Whether the test that logs this fails is said later.
            let reason = if looks_failed(message) { Reason::Assertion } else { Reason::Other };
            if reason == Reason::Assertion {
                report.error(Severity::Error, reason, message);
            }
        }
    }

    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if text.starts_with("    ") || text.starts_with('\t') {
            report.join();
            report.extend();
        } else {
            self.in_failure = false;
        }
    }

    fn package(&mut self, package: &regex::Captures<'_>, report: &mut Report<'_>) {
        let failed = &package[1] == "FAIL";
        (self.in_failure, self.compiling) = (false, false);
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

/// Words by which tests say what they expected.
fn looks_failed(message: &str) -> bool {
    ["want", "expected", "Expected", "got ", "Error Trace", "fail", "FAIL", "mismatch", "unexpected", "!="]
        .iter()
        .any(|word| message.contains(word))
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
    } else if rest.contains("error") || rest.contains("requires go >=") || rest.contains("errors parsing") {
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Configuration, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_explained_by_its_message() {
        let seen = read(include_str!("../../testdata/go_test.log"));
        assert_eq!(seen.explanation, ["4-5 go assertion"]);
        assert_eq!(seen.tests, ["fail - TestTotal", "fail TestTotal TestTotal/two_items"]);
        assert_eq!(seen.summaries, ["go 2 run 0 passed 2 failed 0 skipped"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn what_does_not_compile_is_explained_by_the_compiler() {
        let seen = read("# example.com/shop/ship\n./rate.go:7:12: undefined: zone\nFAIL\texample.com/shop/ship [build failed]\n");
        assert_eq!(seen.explanation, ["2-2 go compiler"]);
    }
}
