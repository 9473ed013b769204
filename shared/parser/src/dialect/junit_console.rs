//! JUnit's own launchers: the console of version 5, `JUnitCore` of version 4.
//!
//! The console prints a tree of the tests, the failures behind `Failures (2):`, and the counts as
//! `[         2 tests failed          ]` (junit.org/junit5, "Console Launcher"); `JUnitCore` prints
//! `There was 1 failure:`, `1) removes(shop.CartTest)` and `Tests run: 3,  Failures: 2`.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct JunitConsole {
    /// Behind the title of the failures.
    failures: bool,
    /// The test that failed, as it is called in the tree, until its class is known.
    name: Option<String>,
    failed: Option<TestCase>,
    in_message: bool,
    seconds: Option<f64>,
    summary: Option<TestSummary>,
}

static COUNT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\[\s*(\d+) tests (found|skipped|aborted|successful|failed)\s*\]$"));
static SOURCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^MethodSource \[className = '([^']*)', methodName = '([^']*)'"));
static LISTED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\d+\) (\S.*)\(([\w.$]+)\)$"));
static OLD_COUNTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:OK \((\d+) tests?\)|Tests run: (\d+),  Failures: (\d+))$"));

impl Dialect for JunitConsole {
    const NAME: &'static str = "junit_console";
    const LITERALS: &'static [&'static str] = &[
        "Failures (", "Test run finished after ", " tests found ", "There was 1 failure:",
        " failures:", "OK (", ",  Failures: ",
    ];

    fn awake(&self) -> bool {
        self.failures || self.summary.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if let Some(count) = text.contains(" tests ").then(|| COUNT.captures(text)).flatten() {
            self.count(&count, report);
        } else if let Some(time) = text.strip_prefix("Test run finished after ") {
            self.stop(report);
            self.seconds = time.strip_suffix(" ms").and_then(|ms| ms.parse::<f64>().ok()).map(|ms| ms / 1000.0);
            self.failures = false;
        } else if let Some(counts) = OLD_COUNTS.captures(line.text) {
            self.old_counts(&counts, report);
        } else if is_title(line.text) {
            self.failures = true;
        } else if self.failures {
            self.failure(line.text, text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.stop(report);
    }
}

impl JunitConsole {
    fn failure(&mut self, line: &str, text: &str, report: &mut Report<'_>) {
        if line.starts_with("FAILURES!") {
            self.stop(report);
            self.failures = false;
            return;
        }
        let indent = line.len() - text.len();
        if let Some(listed) = LISTED.captures(line) {
            self.stop(report);
            self.failed = Some(report.case("junit", &listed[1], Some(&listed[2]), TestOutcome::Fail));
            self.in_message = true;
            report.error(Severity::Error, Reason::Assertion, text);
        } else if indent == 2 && text.contains(':') {
            self.stop(report);
            self.name = text.rsplit(':').next().map(|name| crate::text::cut(name, 300).to_owned());
            report.suspect(text);
        } else if let Some(source) = SOURCE.captures(text) {
            let test = report.case("junit", &source[2], Some(&source[1]), TestOutcome::Fail);
            (self.failed, self.name) = (Some(test), None);
            report.hold();
        } else if let Some(message) = text.strip_prefix("=> ") {
            if let Some(name) = self.name.take() {
                self.failed = Some(report.case("junit", &name, None, TestOutcome::Fail));
            }
            self.in_message = true;
            report.confirm(Severity::Error, Reason::Assertion, message);
            self.tell(Some(message), report);
        } else if self.in_message {
            self.message(text, report);
        }
    }

    /// The message may hold an empty line; frames stand below it.
    fn message(&mut self, text: &str, report: &mut Report<'_>) {
        if text.is_empty() {
            report.hold();
        } else if text.starts_with("at ") || (text.ends_with(')') && !text.contains(' ')) || text == "[...]" {
            self.in_message = false;
        } else {
            report.join();
            if self.failed.is_some() {
                self.tell(Some(text), report);
                report.reword(text);
            } else {
                report.extend();
            }
        }
    }

    fn tell(&mut self, message: Option<&str>, report: &mut Report<'_>) {
        if let Some(test) = self.failed.take() {
            report.tell_test(TestCase { message: message.map(str::to_owned), ..test });
        }
    }

    fn stop(&mut self, report: &mut Report<'_>) {
        self.tell(None, report);
        (self.in_message, self.name) = (false, None);
    }

    fn count(&mut self, count: &regex::Captures<'_>, report: &mut Report<'_>) {
        let number: u64 = count[1].parse().unwrap_or(0);
        report.claim();
        let summary = self.summary.get_or_insert_with(|| TestSummary {
            framework: "junit".to_owned(),
            line: report.line.number,
            ..TestSummary::default()
        });
        match &count[2] {
            "skipped" | "aborted" => summary.skipped = summary.skipped.saturating_add(number),
            "successful" => summary.passed = number,
            "failed" => {
                summary.failed = number;
                summary.run = summary.passed.saturating_add(number);
                summary.duration_s = self.seconds;
                report.failed_if(number > 0);
                if let Some(summary) = self.summary.take() {
                    report.summary(summary);
                }
                *self = Self::default();
            }
            _ => {}
        }
    }

    /// `OK (3 tests)`, `Tests run: 3,  Failures: 2`
    fn old_counts(&mut self, counts: &regex::Captures<'_>, report: &mut Report<'_>) {
        self.stop(report);
        let number = |group| counts::number(counts, group);
        let (run, failed) = (number(1).saturating_add(number(2)), number(3));
        report.claim();
        report.failed_if(failed > 0);
        report.summary(TestSummary {
            framework: "junit".to_owned(),
            run,
            passed: run.saturating_sub(failed),
            failed,
            ..TestSummary::default()
        });
        *self = Self::default();
    }
}

/// `Failures (2):`, `There was 1 failure:`, `There were 2 failures:`
fn is_title(text: &str) -> bool {
    (text.starts_with("Failures (") && text.ends_with("):"))
        || text == "There was 1 failure:"
        || (text.starts_with("There were ") && text.ends_with(" failures:"))
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_is_found_with_its_class_and_its_whole_message() {
        let seen = read(include_str!("../../testdata/junit_console.log"));
        assert_eq!(seen.tests, ["fail shop.CartTest removes", "fail shop.CartTest$Inner boom"]);
        assert_eq!(seen.summaries, ["junit 3 run 1 passed 2 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["11-13 junit_console assertion", "15-19 junit_console assertion"]);
    }

    #[test]
    fn the_launcher_of_version_4_is_counted_too() {
        let seen = read(
            "JUnit version 4.13.2\n..E\nTime: 0.029\nThere was 1 failure:\n1) removes(shop.CartTest)\n\
             java.lang.AssertionError: not empty\n\tat shop.CartTest.removes(CartTest.java:3)\n\nFAILURES!!!\nTests run: 2,  Failures: 1\n",
        );
        assert_eq!(seen.tests, ["fail shop.CartTest removes"]);
        assert_eq!(seen.summaries, ["junit 2 run 1 passed 1 failed 0 skipped"]);
    }
}
