//! Apache Ant: targets as steps, the tests of its tasks `junit` and `junitlauncher`, javac's errors.
//!
//! A task's output stands behind its name: `    [junit] Tests run: 3, Failures: 1, …`. Which lines
//! there are depends on the formatter: `Running …` from `printsummary`, `Testsuite: …` with the
//! counts and the failed tests from `brief`, every test from `plain`
//! (ant.apache.org/manual/Tasks/junit.html). All suites of a task are summed up.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, captured, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::steps::Nesting;
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Ant {
    /// Whether Ant runs: a target's line alone tells little.
    running: bool,
    /// Behind `BUILD FAILED`, whose next line says where.
    failed: bool,
    /// The suite whose tests are told.
    suite: Option<String>,
    /// Whether its counts were seen: two formatters print them twice.
    counted: bool,
    /// The suites of this task so far.
    sum: Option<TestSummary>,
    /// The test whose result follows.
    test: Option<TestCase>,
    /// Lines of a failure that may follow.
    failure_lines: u8,
    /// Behind an error of javac.
    in_source: bool,
}

const MAX_FAILURE_LINES: u8 = 30;
/// The longest name of a suite that is remembered, in bytes.
const MAX_SUITE: usize = 300;

static COUNTS: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"^Tests run: (\d+), Failures: (\d+)(?:, Errors: (\d+))?(?:, Aborted: (\d+))?(?:, Skipped: (\d+))?, Time elapsed: ([\d.,]+) sec",
    ));
static CASE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Testcase: (.+?)(?:\(([\w.$]+)\))?(?: took ([\d.,]+) sec)?(?::\s*(FAILED|Caused an ERROR|SKIPPED\b.*))?\s*$"));
static SOURCE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(\S.*\.(?:java|groovy|scala)):(\d+): (?:error: )?(.+)$"));

impl Dialect for Ant {
    const NAME: &'static str = "ant";
    const LITERALS: &'static [&'static str] =
        &["Buildfile: ", "[junit] ", "[junitlauncher] ", "[javac] ", "BUILD FAILED", "BUILD SUCCESSFUL"];

    fn awake(&self) -> bool {
        self.running
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        let (task, output) = split(text);
        if self.failed {
            self.place(text, report);
        } else if text.starts_with("Buildfile: ") {
            self.begin(report);
            report.begin_run();
        } else if text.starts_with("BUILD ") && self.running {
            self.result(text, report);
        } else if matches!(task, "junit" | "junitlauncher") {
            self.begin(report);
            self.tests(output, line, report);
        } else if task == "javac" {
            self.begin(report);
            self.source(output, report);
        } else if self.running && is_target(text) {
            self.end(report);
            report.open_step(text.trim_end_matches(':'), Nesting::Tool);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.tell_test(None, report);
        self.failure_lines = 0;
        (self.suite, self.counted) = (None, false);
        if let Some(sum) = self.sum.take() {
            report.summary(sum);
        }
    }
}

impl Ant {
    fn begin(&mut self, report: &mut Report<'_>) {
        self.running = true;
        report.build_tool("ant");
    }

    fn result(&mut self, text: &str, report: &mut Report<'_>) {
        self.end(report);
        let failed = text.starts_with("BUILD FAILED");
        if !failed && !text.starts_with("BUILD SUCCESSFUL") {
            return;
        }
        let outcome = if failed { Outcome::Failed } else { Outcome::Success };
        report.close_step(Nesting::Tool, outcome);
        report.verdict(outcome);
        *self = Self { failed, ..Self::default() };
        if failed {
            report.error(Severity::Error, Reason::Summary, text);
        }
    }

    /// `/src/build.xml:86: Test shop.CartTest failed`, behind `BUILD FAILED`.
    fn place(&mut self, text: &str, report: &mut Report<'_>) {
        self.failed = !text.trim().is_empty() && !text.starts_with("Total time:");
        if !self.failed {
            return;
        }
        let is_summary = ["failed", "Compile failed", "The following error occurred", " returned: "]
            .iter()
            .any(|part| text.contains(part));
        report.join();
        if is_summary || !text.contains(".xml:") {
            report.extend();
        } else {
            report.adopt(Severity::Error, Reason::Configuration);
            report.reword(text);
        }
    }

    /// A line of the task that runs tests.
    fn tests(&mut self, output: &str, line: Line<'_>, report: &mut Report<'_>) {
        let text = output.trim_start();
        let suite = text.strip_prefix("Testsuite: ").or_else(|| text.strip_prefix("Running "));
        if let Some(suite) = suite.filter(|suite| !suite.contains(' ')) {
            self.tell_test(None, report);
            self.failure_lines = 0;
            if self.suite.as_deref() != Some(suite) {
                self.suite = Some(cut(suite, MAX_SUITE).to_owned());
                self.counted = false;
            }
            report.framework("junit");
        } else if let Some(counts) = captured(&COUNTS, text, "Tests run: ") {
            self.count(&counts, report);
        } else if let Some(case) = captured(&CASE, text, "Testcase: ") {
            self.case(&case, report);
        } else if self.test.is_some() || self.failure_lines > 0 {
            self.details(text, line, report);
        } else if text.starts_with("Test ") && text.ends_with(" FAILED") {
            report.error(Severity::Error, Reason::Summary, text);
        }
    }

    fn count(&mut self, counts: &regex::Captures<'_>, report: &mut Report<'_>) {
        report.claim();
        if std::mem::replace(&mut self.counted, self.suite.is_some()) {
            return;
        }
        let number = |group| counts::number(counts, group);
        let sum = self.sum.get_or_insert_with(|| TestSummary {
            framework: "junit".to_owned(),
            duration_s: Some(0.0),
            ..TestSummary::default()
        });
        let (run, failed) = (number(1), number(2).saturating_add(number(3)));
        sum.run = sum.run.saturating_add(run);
        sum.failed = sum.failed.saturating_add(failed);
        sum.passed = sum.passed.saturating_add(run.saturating_sub(failed));
        sum.skipped = sum.skipped.saturating_add(number(5));
        let seconds = counts[6].replace(',', "").parse().unwrap_or(0.0);
        sum.duration_s = sum.duration_s.map(|sum| sum + seconds);
        sum.line = report.line.number;
    }

    fn case(&mut self, case: &regex::Captures<'_>, report: &mut Report<'_>) {
        self.tell_test(None, report);
        let class = case.get(2).map(|found| found.as_str()).or(self.suite.as_deref());
        let name = class.map_or_else(|| case[1].to_owned(), |class| format!("{class}.{}", &case[1]));
        let mut test = report.case("junit", &name, class, TestOutcome::Pass);
        test.duration_s = case.get(3).and_then(|found| found.as_str().replace(',', "").parse().ok());
        self.test = Some(test);
        self.failure_lines = 0;
        if let Some(result) = case.get(4) {
            self.mark(result.as_str(), report);
        } else {
            report.suspect(report.line.text);
        }
    }

    /// Whether the line says what became of the test above.
    fn mark(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        let Some(test) = &mut self.test else { return false };
        test.result = match text {
            "FAILED" => TestOutcome::Fail,
            "Caused an ERROR" => TestOutcome::Error,
            _ if text.starts_with("SKIPPED") => TestOutcome::Skip,
            _ => return false,
        };
        if test.result != TestOutcome::Skip {
            self.failure_lines = MAX_FAILURE_LINES;
            let name = test.name.clone();
            report.confirm(Severity::Error, Reason::Assertion, &name);
        }
        true
    }

    /// The message of a failure, up to its first frame.
    fn details(&mut self, text: &str, line: Line<'_>, report: &mut Report<'_>) {
        if self.failure_lines == 0 {
            if !self.mark(text, report) {
                self.tell_test(None, report);
            }
            return;
        }
        self.failure_lines -= 1;
        if text.is_empty() && self.test.is_none() {
            // The message may hold an empty line.
            report.hold();
        } else if text.is_empty() || text.starts_with("at ") {
            self.failure_lines = 0;
            self.tell_test(None, report);
        } else if self.test.is_some() {
            self.tell_test(Some(text), report);
            report.reword(line.text);
        } else {
            report.join();
            report.extend();
        }
    }

    fn tell_test(&mut self, message: Option<&str>, report: &mut Report<'_>) {
        if let Some(test) = self.test.take() {
            report.tell_test(TestCase { message: message.map(str::to_owned), ..test });
        }
    }

    /// `/src/Cart.java:12: error: cannot find symbol`, its source line and its mark.
    fn source(&mut self, output: &str, report: &mut Report<'_>) {
        if let Some(source) = captured(&SOURCE, output, ".") {
            let message = &source[3];
            self.in_source = true;
            if message.starts_with("warning:") {
                report.error(Severity::Warning, Reason::Compiler, message);
            } else {
                report.error(Severity::Error, Reason::Compiler, message);
            }
        } else if self.in_source && output.starts_with(' ') {
            report.join();
            report.extend();
        } else {
            // Source lines need not be indented; a count ends them.
            let counts = output.ends_with(" error") || output.ends_with(" errors");
            self.in_source &= !counts && !output.ends_with(" warnings") && !output.ends_with(" warning");
            if self.in_source {
                report.extend();
            }
        }
    }
}

/// The task that a line is from, and what it wrote: `    [junit] Running shop.CartTest`.
fn split(text: &str) -> (&str, &str) {
    let rest = text.trim_start();
    let Some((task, output)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return ("", text);
    };
    if rest.len() == text.len() && task.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return ("", text);
    }
    (task, output.strip_prefix(' ').unwrap_or(output))
}

/// `compile-tests:`
fn is_target(text: &str) -> bool {
    text.strip_suffix(':').is_some_and(|name| {
        !name.is_empty()
            && name.len() < 100
            && !name.starts_with(['/', '-'])
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn suites_are_summed_up_and_failures_found_with_their_class() {
        let seen = read(include_str!("../../testdata/ant.log"));
        assert_eq!(seen.tests, [
            "fail shop.CartTest shop.CartTest.removes",
            "pass shop.OrderTest shop.OrderTest.sends",
            "error shop.OrderTest shop.OrderTest.pays",
        ]);
        assert_eq!(seen.summaries, ["junit 5 run 3 passed 2 failed 0 skipped"]);
        assert_eq!(seen.tools, ["ant"]);
        assert_eq!(seen.result, "failed");
        assert_eq!(seen.steps, ["3-5 success compile", "6-26 failed test"]);
        assert_eq!(seen.explanation, ["10-12 ant assertion", "20-23 ant assertion"]);
    }

    #[test]
    fn an_error_of_javac_is_the_reason_and_the_failed_target_is_not() {
        let seen = read(
            "Buildfile: /src/build.xml\n\ncompile:\n    [javac] Compiling 2 source files\n\
             \x20   [javac] /src/Cart.java:12: error: cannot find symbol\n    [javac]         Cart c;\n\
             \x20   [javac]         ^\n    [javac] 1 error\n\nBUILD FAILED\n\
             /src/build.xml:9: Compile failed; see the compiler error output for details.\n\nTotal time: 1 second\n",
        );
        assert_eq!(seen.explanation, ["5-7 ant compiler"]);
    }

    #[test]
    fn counts_that_two_formatters_print_are_counted_once() {
        let seen = read(
            "    [junit] Running shop.CartTest\n    [junit] Testsuite: shop.CartTest\n\
             \x20   [junit] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 sec\n\
             \x20   [junit] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.1 sec\n",
        );
        assert_eq!(seen.summaries, ["junit 2 run 2 passed 0 failed 0 skipped"]);
    }
}
