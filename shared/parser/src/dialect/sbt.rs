//! sbt with ScalaTest, specs2, MUnit and JUnit: failures, compiler errors, counts, the build's end.
//!
//! Lines are `[info] …` and `[error] …`. ScalaTest prints `- removes *** FAILED ***` below the name
//! of its suite, specs2 `x remove`, MUnit `==> X shop.CartTest.removes`, JUnit `Test
//! shop.CartTest.removes failed: …`; sbt itself sums each project up: `Failed: Total 5, Failed 1,
//! Errors 0, Passed 4, Skipped 1` (scala-sbt.org, "Testing"). ScalaTest under Maven prints its own
//! counts, which are read where sbt's cannot follow.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, captured, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Sbt {
    running: bool,
    /// The framework that was heard of since the last counts.
    framework: Option<String>,
    /// The suite of the tests that follow.
    suite: Option<String>,
    /// The failed test, whose message follows.
    failed: Option<TestCase>,
    in_failure: bool,
    /// Behind a compiler's message: its source line and its mark follow.
    in_source: bool,
    /// How long the tests took, as ScalaTest says.
    seconds: Option<f64>,
}

/// The longest name of a suite that is remembered, in bytes.
const MAX_SUITE: usize = 300;

static COUNTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:Passed|Failed|Error): Total (\d+), Failed (\d+), Errors (\d+), Passed (\d+)(?:, Skipped (\d+))?(?:, Ignored (\d+))?(?:, Canceled (\d+))?(?:, Pending (\d+))?"));
static SCALATEST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Tests: succeeded (\d+), failed (\d+), canceled (\d+), ignored (\d+), pending (\d+)"));
static JUNIT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^Test ([\w.$]+)\.([^\s.]+) failed: (.+)$"));
static MUNIT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^==> X ((?:\w+\.)*?[A-Z][\w$]*)\.(.+?)\s+([\d.]+)s (.*)$"));
static SOURCE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:-- (?:\[E\d+\] )?.*: )?(/?\S[^:]*\.(?:scala|java|sbt)):(\d+)(?::(\d+))?(?:: | -+$)(.*)$"));

impl Dialect for Sbt {
    const NAME: &'static str = "sbt";
    const LITERALS: &'static [&'static str] = &[
        "[info] ", "[error] ", "[success] Total time", "Tests: succeeded ", "*** FAILED ***", "==> X ",
    ];

    fn awake(&self) -> bool {
        self.in_failure
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(text) = text.strip_prefix("[info] ") {
            self.read(text, true, report);
        } else if let Some(text) = text.strip_prefix("[error] ") {
            self.error(text, report);
        } else if text.starts_with("[success] Total time") {
            self.begin(report);
            report.verdict(Outcome::Success);
        } else if !self.munit(text, report) {
            self.read(text, false, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.stop(report);
    }
}

impl Sbt {
    fn begin(&mut self, report: &mut Report<'_>) {
        self.running = true;
        report.build_tool("sbt");
    }

    fn heard(&mut self, framework: &str, report: &mut Report<'_>) {
        report.framework(framework);
        self.framework = Some(framework.to_owned());
    }

    /// A line of sbt or of the tests that it runs; without sbt, of ScalaTest.
    fn read(&mut self, text: &str, tagged: bool, report: &mut Report<'_>) {
        if tagged && is_sbt(text) {
            self.begin(report);
            report.begin_run();
        } else if let Some(counts) = captured(&SCALATEST, text, "Tests: succeeded ") {
            self.stop(report);
            self.heard("scalatest", report);
            if !tagged {
                self.scalatest(&counts, report);
            }
        } else if let Some(time) = text.strip_prefix("Run completed in ") {
            self.stop(report);
            self.seconds = Some(seconds(time));
        } else if tagged && COUNTS.is_match(text) {
            self.counts(text, report);
        } else if let Some(name) = text.trim_start().strip_suffix(" *** FAILED ***") {
            self.heard("scalatest", report);
            self.fail(name.trim_start_matches("- "), report);
        } else if self.in_failure {
            self.details(text, tagged, report);
        } else if self.running && tagged {
            self.inside(text, report);
        }
    }

    /// The names of suites and frameworks.
    fn inside(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(suite) = text.strip_suffix(" should").filter(|suite| is_name(suite)) {
            self.suite = Some(cut(suite, MAX_SUITE).to_owned());
        } else if text.starts_with("Total for specification ") {
            self.heard("specs2", report);
        } else if text.starts_with("Test run ") && text.contains(" finished: ") {
            self.heard("junit", report);
        } else if text.strip_suffix(':').is_some_and(is_name) {
            self.suite = Some(cut(text.trim_end_matches(':'), MAX_SUITE).to_owned());
        }
    }

    fn error(&mut self, text: &str, report: &mut Report<'_>) {
        if COUNTS.is_match(text) {
            self.counts(text, report);
        } else if let Some(test) = captured(&JUNIT, text, " failed: ") {
            self.begin(report);
            self.stop(report);
            self.heard("junit", report);
            let case = report.case("junit", &test[2], Some(&test[1]), TestOutcome::Fail);
            report.error(Severity::Error, Reason::Assertion, &test[3]);
            report.tell_test(TestCase { message: Some(test[3].to_owned()), ..case });
        } else if self.munit(text, report) {
            self.begin(report);
        } else if let Some(name) = text.strip_prefix("  x ").or_else(|| text.strip_prefix("  ! ")) {
            self.heard("specs2", report);
            self.fail(name, report);
        } else if self.in_failure && self.framework.as_deref() == Some("specs2") {
            self.details(text, true, report);
        } else if let Some(source) = captured(&SOURCE, text, ":") {
            self.begin(report);
            self.in_source = true;
            let message = if source[4].is_empty() { text } else { &source[4] };
            report.error(Severity::Error, Reason::Compiler, message.trim_start_matches("error: "));
        } else if text.starts_with("Total time: ") {
            self.begin(report);
            self.stop(report);
            report.claim();
            report.verdict(Outcome::Failed);
        } else if text.starts_with('(') && text.contains(')') {
            self.begin(report);
            report.error(Severity::Error, task_reason(text), text);
        } else if self.in_source && (text.starts_with(' ') || text.starts_with('|')) {
            report.join();
            report.extend();
        } else if self.running {
            self.in_source = false;
            if text.starts_with("Failed tests:") || text.starts_with('\t') || text.contains(" errors found") || text.ends_with(" error found") {
                report.claim();
            }
        }
    }

    /// `==> X shop.CartTest.removes  0.3s munit.ComparisonFailException: …`, also without a tag.
    fn munit(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        let Some(test) = captured(&MUNIT, text, "==> X ") else { return false };
        self.stop(report);
        self.heard("munit", report);
        let case = report.case("munit", &test[2], Some(&test[1]), TestOutcome::Fail);
        let duration_s = test[3].parse().ok();
        report.error(Severity::Error, Reason::Assertion, &test[4]);
        report.tell_test(TestCase { message: Some(test[4].to_owned()), duration_s, ..case });
        true
    }

    fn fail(&mut self, name: &str, report: &mut Report<'_>) {
        self.stop(report);
        let framework = self.framework.clone().unwrap_or_else(|| "scalatest".to_owned());
        self.failed = Some(report.case(&framework, name, self.suite.as_deref(), TestOutcome::Fail));
        self.in_failure = true;
        report.error(Severity::Error, Reason::Assertion, name);
    }

    /// What stands further indented below a failed test, as far as its stack.
    fn details(&mut self, text: &str, tagged: bool, report: &mut Report<'_>) {
        let rest = text.trim_start();
        let inside = text.starts_with("  ") && !rest.starts_with("- ") && tagged == self.running;
        if !inside || rest.starts_with("at ") || rest.starts_with("... ") {
            self.stop(report);
            return;
        }
        report.tell_line(&mut self.failed, rest);
    }

    fn stop(&mut self, report: &mut Report<'_>) {
        self.in_failure = false;
        report.tell_pending(&mut self.failed);
    }

    /// sbt's counts of a project.
    fn counts(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(counts) = COUNTS.captures(text) else { return };
        let number = |group| counts::number(&counts, group);
        self.begin(report);
        self.stop(report);
        report.claim();
        let (failed, passed) = (number(2).saturating_add(number(3)), number(4));
        let framework = self.framework.take().unwrap_or_else(|| "sbt".to_owned());
        let skipped = (5..=8).map(number).fold(0, u64::saturating_add);
        report.summary(TestSummary {
            framework,
            run: passed.saturating_add(failed),
            passed,
            failed,
            skipped,
            duration_s: self.seconds.take(),
            line: 0,
        });
        self.suite = None;
    }

    fn scalatest(&mut self, counts: &regex::Captures<'_>, report: &mut Report<'_>) {
        let number = |group: usize| -> u64 { counts[group].parse().unwrap_or(0) };
        let (passed, failed) = (number(1), number(2));
        report.claim();
        report.summary(TestSummary {
            framework: "scalatest".to_owned(),
            run: passed.saturating_add(failed),
            passed,
            failed,
            skipped: number(3).saturating_add(number(4)).saturating_add(number(5)),
            duration_s: self.seconds.take(),
            line: 0,
        });
    }
}

/// Whether only sbt says so, behind `[info]`.
fn is_sbt(text: &str) -> bool {
    text.starts_with("welcome to sbt ")
        || text.starts_with("Loading project definition from ")
        || text.starts_with("Loading global plugins from ")
        || text.starts_with("Set current project to ")
        || text.starts_with("set current project to ")
        || text.starts_with("loading project definition from ")
}

/// `CartSpec`, `shop.CartSpec`
fn is_name(text: &str) -> bool {
    text.starts_with(char::is_alphabetic)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._$".contains(&byte))
}

/// `(Test / test) sbt.TestsFailedException: Tests unsuccessful`
fn task_reason(text: &str) -> Reason {
    let has = |part: &str| text.contains(part);
    if has("TestsFailedException") || has("CompileFailed") || has("Nonzero exit") {
        Reason::Summary
    } else if has("ResolveException") || has("ResolutionException") || has("unresolved dependency") {
        Reason::Dependency
    } else if has("OutOfMemoryError") {
        Reason::Resource
    } else {
        Reason::Configuration
    }
}

/// `1 second, 200 milliseconds.`
fn seconds(text: &str) -> f64 {
    let mut sum = 0.0;
    for part in text.trim_end_matches('.').split(", ") {
        let (number, unit) = part.split_once(' ').unwrap_or((part, ""));
        let number: f64 = number.parse().unwrap_or(0.0);
        sum += match unit.trim_end_matches('s') {
            "millisecond" => number / 1000.0,
            "minute" => number * 60.0,
            "hour" => number * 3600.0,
            _ => number,
        };
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn failures_are_found_with_their_suite_and_each_project_counted_once() {
        let seen = read(include_str!("../../testdata/sbt.log"));
        assert_eq!(seen.tests, ["fail CartSpec removes", "fail shop.OrderTest pays"]);
        assert_eq!(seen.summaries, ["junit 4 run 2 passed 2 failed 1 skipped"]);
        assert_eq!(seen.tools, ["sbt"]);
        assert_eq!(seen.result, "failed");
        assert_eq!(seen.explanation, ["5-6 sbt assertion", "8-8 sbt assertion"]);
    }

    #[test]
    fn failures_of_munit_and_specs2_are_found() {
        let seen = read(
            "[info] set current project to cart (in build file:/src/)\n\
             ==> X shop.CartMunit.removes  0.3s munit.ComparisonFailException: /src/Cart.scala:6\n\
             [info] CartSpecs2\n[info] cart should\n[info]   + add\n[error]   x remove\n\
             [error]    1 != 0 (CartSpec.scala:7)\n[info] Total for specification CartSpecs2\n",
        );
        assert_eq!(seen.tests, ["fail shop.CartMunit removes", "fail cart remove"]);
        assert_eq!(seen.explanation, ["2-2 sbt assertion", "6-7 sbt assertion"]);
    }

    #[test]
    fn scalatest_is_counted_without_sbt_too() {
        let seen = read("Run completed in 1 second, 200 milliseconds.\nTests: succeeded 4, failed 1, canceled 0, ignored 1, pending 0\n");
        assert_eq!(seen.summaries, ["scalatest 5 run 4 passed 1 failed 1 skipped"]);
    }
}
