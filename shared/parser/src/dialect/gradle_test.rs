//! The test task of Gradle: single tests, their failures, the counts.
//!
//! `shop.CartTest > adds FAILED` and the exception, indented, below it; which results are printed is
//! the build's choice (`testLogging`). A task with failures ends in `12 tests completed, 3 failed, 1
//! skipped`: as Gradle means it, the skipped ones are among the completed, and what did not fail has
//! passed. A task without failures prints no counts; its tests are counted here if they were printed.
//! The plug-in test-logger prints the class once, its tests below, and `FAILURE: Executed 5 tests in
//! 1.2s (1 failed)`.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::gradle::task;
use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct GradleTest {
    /// The failed test whose exception follows.
    failed: Option<TestCase>,
    /// Below a failed test.
    in_failure: bool,
    /// Whether lines of its stack were seen.
    in_frames: bool,
    /// What was printed of the task that runs.
    passed: u64,
    failures: u64,
    skipped: u64,
    /// The line of the last test.
    last: u64,
    /// Whether the plug-in has told the counts of the task.
    counted: bool,
    /// In a task that tests, and the class whose tests the plug-in tells.
    in_task: bool,
    class: Option<String>,
    /// Tests that failed, by the begins of their lines: the retry plug-in runs them again.
    tried: Vec<String>,
}

/// How many failed tests are known when they are run again.
const MAX_TRIED: usize = 64;
/// The longest name of a class that is remembered, in bytes.
const MAX_CLASS: usize = 300;

static COMPLETED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\d+) tests? completed(?:, (\d+) failed)?(?:, (\d+) skipped)?$"));
static EXECUTED: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"^(?:SUCCESS|FAILURE): Executed (\d+) tests in ((?:\d+h ?)?(?:\d+m ?)?[\d.]+m?s)(?: \((?:(\d+) failed)?(?:, )?(?:(\d+) skipped)?\))?",
    ));
static QUALIFIED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^((?:[\w$]+\.)+[A-Z][\w$]*)\.[^.]"));
static CLASS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:[a-z_][\w$]*\.)*[A-Z][\w$]*$"));

impl Dialect for GradleTest {
    const NAME: &'static str = "gradle_test";
    const LITERALS: &'static [&'static str] = &[
        " FAILED", " PASSED", " SKIPPED", " completed, ", "> Task :", "BUILD FAILED", "BUILD SUCCESSFUL",
        ": Executed ",
    ];
    const STARTS: &'static [&'static str] = &[":"];

    fn awake(&self) -> bool {
        self.in_failure || self.in_task
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        let task = if text.starts_with(['>', ':']) { task(text, true) } else { None };
        if task.is_some() || text.starts_with("BUILD ") {
            self.end(report);
            self.in_task = task.is_some_and(|(path, _)| path.to_ascii_lowercase().contains("test"));
        } else if self.counts(text, report) {
            self.stop(report);
        } else if let Some((name, result)) = result(text) {
            let (class, name) = split_name(name);
            self.test((&class, &name), result, report);
        } else if let Some((name, result)) = plugin_result(text)
            && let Some(class) = self.class.take()
        {
            self.test((&class, &format!("{class}.{name}")), result, report);
            self.class = Some(class);
        } else if self.in_failure {
            self.details(line, report);
        } else if !text.starts_with(' ') && text.contains('.') && text.len() < MAX_CLASS && CLASS.is_match(text) {
            self.class = Some(text.to_owned());
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.stop(report);
        if self.passed > 0 && !self.counted {
            self.summary(
                (self.passed + self.failures + self.skipped, self.failures, self.skipped),
                None,
                self.last,
                report,
            );
        }
        *self = Self::default();
    }
}

impl GradleTest {
    fn stop(&mut self, report: &mut Report<'_>) {
        self.in_failure = false;
        report.tell_pending(&mut self.failed);
    }

    fn test(&mut self, (class, name): (&str, &str), result: TestOutcome, report: &mut Report<'_>) {
        self.stop(report);
        let test = report.case("junit", name, Some(class), result);
        self.last = report.line.number;
        match result {
            TestOutcome::Pass => {
                self.passed += 1;
                self.retried(report);
            }
            TestOutcome::Skip => self.skipped += 1,
            TestOutcome::Fail | TestOutcome::Error => self.failures += 1,
        }
        if result == TestOutcome::Fail {
            (self.in_failure, self.in_frames) = (true, false);
            if let Some(tried) = line_name(report.line.text).filter(|_| self.tried.len() < MAX_TRIED) {
                self.tried.push(cut(tried, MAX_CLASS).to_owned());
            }
            report.error(Severity::Error, Reason::Assertion, report.line.text);
            self.failed = Some(test);
        } else {
            report.claim();
            report.tell_test(test);
        }
    }

    /// A test that passed after it had failed has not failed.
    fn retried(&mut self, report: &mut Report<'_>) {
        let Some(name) = line_name(report.line.text).map(|name| cut(name, MAX_CLASS)) else { return };
        let before = self.tried.len();
        self.tried.retain(|tried| tried != name);
        if self.tried.len() < before {
            self.failures = self.failures.saturating_sub((before - self.tried.len()) as u64);
            report.findings.errors.retried(report.tool, &format!("{name} FAILED"));
        }
    }

    /// The exception belongs to the failure as far as its first frame.
    fn details(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if text.is_empty() {
            // The message may hold an empty line; behind frames it parts the causes.
            report.hold();
        } else if !line.text.starts_with("    ") {
            self.stop(report);
        } else if text.starts_with("at ") {
            self.in_frames = true;
            report.hold();
        } else if !self.in_frames {
            report.tell_line(&mut self.failed, text);
        } else {
            report.claim();
        }
    }

    /// Whether the line is one of counts.
    fn counts(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        let digit = text.as_bytes().first().is_some_and(u8::is_ascii_digit);
        (digit && self.completed(text, report))
            || (text.contains(": Executed ") && self.executed(text, report))
    }

    /// `12 tests completed, 3 failed, 1 skipped`
    fn completed(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        let Some(counts) = COMPLETED.captures(text) else { return false };
        let number = |group| counts::number(&counts, group);
        report.claim();
        if !self.counted {
            self.summary((number(1), number(2), number(3)), None, 0, report);
        }
        self.counted = true;
        true
    }

    fn executed(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        let Some(counts) = EXECUTED.captures(text) else { return false };
        let number = |group| counts::number(&counts, group);
        report.claim();
        self.summary((number(1), number(3), number(4)), seconds(&counts[2]), 0, report);
        self.counted = true;
        true
    }

    fn summary(
        &mut self,
        (run, failed, skipped): (u64, u64, u64),
        duration_s: Option<f64>,
        line: u64,
        report: &mut Report<'_>,
    ) {
        report.build_tool("gradle");
        if failed > 0 {
            report.verdict(Outcome::Failed);
        }
        report.summary(TestSummary {
            framework: "junit".to_owned(),
            run,
            passed: run.saturating_sub(failed),
            failed,
            skipped,
            duration_s,
            line,
        });
    }
}

/// What stands before the result in `shop.CartTest > adds() FAILED`.
fn line_name(text: &str) -> Option<&str> {
    result(text).map(|(name, _)| name)
}

/// A test and its result: `shop.CartTest > adds(int) > [1] 5 FAILED`
fn result(text: &str) -> Option<(&str, TestOutcome)> {
    let (name, word) = text.rsplit_once(' ')?;
    let result = match word {
        "FAILED" => TestOutcome::Fail,
        "PASSED" => TestOutcome::Pass,
        "SKIPPED" => TestOutcome::Skip,
        _ => return None,
    };
    let named = !name.starts_with([' ', '>', '\t']) && name.contains(" > ");
    named.then_some((name, result))
}

/// The same as the plug-in prints it below the class: `  Test adds() PASSED (1.2s)`
fn plugin_result(text: &str) -> Option<(&str, TestOutcome)> {
    let text = text.strip_prefix("  ").filter(|text| !text.starts_with(' '))?;
    let text = text.rsplit_once(" (").filter(|(_, time)| time.ends_with("s)")).map_or(text, |split| split.0);
    if let Some(name) = text.strip_prefix("✔ ") {
        return Some((name, TestOutcome::Pass));
    }
    if let Some(name) = text.strip_prefix("✘ ") {
        return Some((name, TestOutcome::Fail));
    }
    let (name, word) = text.strip_prefix("Test ")?.rsplit_once(' ')?;
    let result = match word {
        "PASSED" => TestOutcome::Pass,
        "FAILED" => TestOutcome::Fail,
        "SKIPPED" => TestOutcome::Skip,
        _ => return None,
    };
    Some((name, result))
}

/// The class of a test and its name with the class: segments in front that name no class but the
/// runner are left out, and a last segment that names its class by itself is the whole name.
fn split_name(text: &str) -> (String, String) {
    let mut rest = text;
    while let Some((first, behind)) = rest.split_once(" > ")
        && (first.starts_with("Gradle Test ")
            || first.eq_ignore_ascii_case("Gradle suite")
            || first.eq_ignore_ascii_case("Gradle test"))
        && behind.contains(" > ")
    {
        rest = behind;
    }
    let (classes, last) = rest.rsplit_once(" > ").unwrap_or(("", rest));
    if (classes.contains(" > ") || !CLASS.is_match(classes))
        && let Some(found) = QUALIFIED.captures(last)
    {
        return (found[1].to_owned(), last.to_owned());
    }
    let class = classes.replace(" > ", ".");
    let name = format!("{class}.{last}");
    (class, name)
}

/// `1m 2.5s` or `250ms`, in seconds.
fn seconds(text: &str) -> Option<f64> {
    if let Some(thousandths) = text.strip_suffix("ms") {
        return thousandths.parse::<f64>().ok().map(|number| number / 1000.0);
    }
    let mut sum = 0.0;
    let mut digits = String::new();
    for char in text.chars() {
        match char {
            '0'..='9' | '.' => digits.push(char),
            'h' | 'm' | 's' => {
                let unit = match char {
                    'h' => 3600.0,
                    'm' => 60.0,
                    _ => 1.0,
                };
                sum += unit * digits.parse::<f64>().ok()?;
                digits.clear();
            }
            _ => {}
        }
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;
    use super::split_name;

    #[test]
    fn failures_are_found_with_their_class_and_counted_once() {
        let seen = read(include_str!("../../testdata/gradle_test.log"));
        assert_eq!(seen.tests, [
            "pass shop.CartTest shop.CartTest.adds",
            "fail shop.CartTest shop.CartTest.removes",
            "skip shop.CartTest shop.CartTest.clears",
        ]);
        assert_eq!(seen.summaries, ["junit 12 run 11 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["5-8 gradle_test assertion"]);
    }

    #[test]
    fn tests_of_a_task_without_counts_are_counted() {
        let seen = read(
            "> Task :test\n\nCartTest > adds PASSED\n\nCartTest > clears SKIPPED\n\nBUILD SUCCESSFUL in 1s\n",
        );
        assert_eq!(seen.summaries, ["junit 2 run 2 passed 0 failed 1 skipped"]);
    }

    #[test]
    fn a_test_has_its_class_in_its_name_however_deep_it_lies() {
        let name = |text| split_name(text).1;
        assert_eq!(name("shop.CartTest > adds[0]"), "shop.CartTest.adds[0]");
        assert_eq!(name("CartTest > Empty > has no total()"), "CartTest.Empty.has no total()");
        assert_eq!(name("TestNG > All > shop.CartTest.adds"), "shop.CartTest.adds");
        assert_eq!(name("CartTest > adds(int) > shop.CartTest.adds(int)[3]"), "shop.CartTest.adds(int)[3]");
        assert_eq!(
            name("Gradle Test Run :test > Gradle Test Executor 3 > CartTest > adds"),
            "CartTest.adds"
        );
    }

    #[test]
    fn the_counts_of_the_plug_in_are_not_counted_again() {
        let seen = read(
            "> Task :test\nshop.CartTest\n  Test adds() PASSED\n\nFAILURE: Executed 5 tests in 1m 2.5s (1 failed, 1 skipped)\n\n\
             5 tests completed, 1 failed, 1 skipped\n\n> Task :test FAILED\n",
        );
        assert_eq!(seen.summaries, ["junit 5 run 4 passed 1 failed 1 skipped"]);
        assert_eq!(seen.tests, ["pass shop.CartTest shop.CartTest.adds()"]);
    }

    #[test]
    fn a_test_of_the_same_name_in_another_module_is_another_test() {
        let seen = read(
            ":app:test\n\nshop.CartTest > adds FAILED\n    java.lang.AssertionError at CartTest.java:5\n\n\
             1 test completed, 1 failed\n:app:test FAILED\n:lib:test\n\nshop.CartTest > adds PASSED\n:lib:check\n\n\
             BUILD FAILED in 3s\n",
        );
        assert_eq!(seen.summaries, ["junit 1 run 0 passed 1 failed 0 skipped", "junit 1 run 1 passed 0 failed 0 skipped"]);
        assert_eq!(seen.explanation.len(), 1, "{:?}", seen.explanation);
        assert!(seen.explanation[0].starts_with("3-"), "{:?}", seen.explanation);
    }

    #[test]
    fn a_test_that_passed_at_last_has_not_failed() {
        let seen = read(
            "> Task :test\n\nshop.CartTest > adds() FAILED\n    org.E: expected 3\n        at shop.CartTest.adds(CartTest.java:14)\n\n\
             shop.CartTest > adds() PASSED\n\nshop.CartTest > takes() FAILED\n    org.E: expected 4\n        at shop.CartTest.takes(CartTest.java:20)\n\n\
             > Task :check FAILED\nBUILD FAILED\n",
        );
        assert_eq!(seen.summaries, ["junit 2 run 1 passed 1 failed 0 skipped"]);
        assert!(seen.explanation.iter().all(|why| !why.starts_with("3-")), "{:?}", seen.explanation);
    }
}
