//! Surefire and Failsafe, Maven's runners of JUnit and TestNG tests.
//!
//! Each class ends in a line `Tests run: 3, Failures: 1, …, Time elapsed: 0.1 s <<< FAILURE! -- in
//! shop.CartTest`, followed by its failures in full; each module in the same numbers without a time,
//! below a list of its failures. Only the module's numbers are counted. As Surefire means them, the
//! skipped tests are among those run, and what neither failed nor was in error has passed. Before
//! version 2.13 and with `printSummary` off the list is all that names a failed test
//! (maven.apache.org/surefire).

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::{Dialect, captured, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Surefire {
    /// Lines that may still belong to the failed test above.
    failure_lines: u8,
    /// Whether frames of the failed test's stack were seen.
    in_frames: bool,
    /// The failed test whose exception follows.
    failed: Option<TestCase>,
    /// The class whose tests are told.
    class: Option<String>,
    /// What the classes of this module came to so far, and the seconds that they took.
    classes: Counts,
    seconds: f64,
    /// Whether failures were told in full, so that the list at the end repeats them.
    told: bool,
    /// The list at the end that is open.
    list: Option<TestOutcome>,
    /// In the list of tests that passed when they were run again.
    flakes: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Counts {
    run: u64,
    failed: u64,
    skipped: u64,
}

/// An exception's message seldom has more lines; what is longer is output.
const MAX_FAILURE_LINES: u8 = 30;
/// The longest name of a class that is remembered, in bytes.
const MAX_CLASS: usize = 300;
/// The longest message of a test, in bytes.
const MAX_MESSAGE: usize = 500;

static COUNTS: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"^(?:\[(?:INFO|ERROR|WARNING)\] )?\s*Tests run: (\d+), Failures: (\d+), Errors: (\d+)(?:, Skipped: (\d+))?(?:, Flakes: \d+)?(, Time elapsed: ([\d.,]+))?(?:.*? in (\S+))?",
    ));
static FAILED: LazyLock<Regex> = LazyLock::new(|| pattern(
        r"^(?:\[ERROR\] )?\s*(\S.*?)(?:\s+(?:-- )?Time elapsed: ([\d.,]+) s(?:ec)?)?\s+<<< (FAILURE|ERROR)!\s*$",
    ));
/// `testAdds(shop.CartTest): message`, as the list names a test before version 2.13.
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s+([^\s(]+)\(([\w.$]+)\)(?::\s*(.*))?$"));
/// `CartTest.adds:14 message`, `CartTest>Base.adds:14->helper:3 » NullPointer`, from 2.13 on.
static PLACED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+(?:([\w$]+)>)?([\w.$]+)\.([^\s.:>»]+)(?::\d+)?(?:->\S+)*(?: ?» ?|\s+)?(.*)$"));

impl Dialect for Surefire {
    const NAME: &'static str = "surefire";
    const LITERALS: &'static [&'static str] = &[
        "Tests run: ", "<<< FAILURE!", "<<< ERROR!", "Failed tests:", "Tests in error:",
        "[ERROR] Failures:", "[ERROR] Errors:", " T E S T S", "Flakes:", "Flaked tests:",
    ];

    fn awake(&self) -> bool {
        self.failure_lines > 0 || self.list.is_some() || self.flakes
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        if let Some(counts) = captured(&COUNTS, line.text, "Tests run: ") {
            self.counts(&counts, report);
        } else if let Some(failed) = captured(&FAILED, line.text, "<<< ") {
            self.failure(&failed, report);
        } else if line.text.ends_with(" T E S T S") {
            report.framework("junit");
            report.build_tool("maven");
        } else if let Some((result, first)) = list(line.text) {
            (self.list, self.flakes) = (Some(result), false);
            if !first.trim().is_empty() {
                self.listed(first, report);
            }
        } else if matches!(untagged(line.text).trim(), "Flakes:" | "Flaked tests:") {
            self.flakes = true;
        } else if self.flakes {
            self.flake(untagged(line.text), report);
        } else if self.list.is_some() {
            self.listed(untagged(line.text), report);
        } else if self.failure_lines > 0 {
            self.failure_lines -= 1;
            self.details(line, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.tell_failed(report);
        // A module that was broken off: its classes are all that counts.
        let classes = std::mem::take(&mut self.classes);
        if classes.run > 0 {
            self.summary(classes, report.line.number, report);
        }
    }
}

impl Surefire {
    fn counts(&mut self, counts: &Captures<'_>, report: &mut Report<'_>) {
        self.tell_failed(report);
        (self.failure_lines, self.list, self.flakes) = (0, None, false);
        let number = |group| counts::number(counts, group);
        let counted =
            Counts { run: number(1), failed: number(2).saturating_add(number(3)), skipped: number(4) };
        report.claim();
        if let Some(elapsed) = counts.get(6) {
            self.seconds += seconds(elapsed.as_str());
            self.classes.run = self.classes.run.saturating_add(counted.run);
            self.classes.failed = self.classes.failed.saturating_add(counted.failed);
            self.classes.skipped = self.classes.skipped.saturating_add(counted.skipped);
            self.class = counts.get(7).map(|class| cut(class.as_str(), MAX_CLASS).to_owned());
            return;
        }
        self.classes = Counts::default();
        self.summary(counted, 0, report);
    }

    fn summary(&mut self, counted: Counts, line: u64, report: &mut Report<'_>) {
        report.build_tool("maven");
        report.summary(TestSummary {
            framework: "junit".to_owned(),
            run: counted.run,
            passed: counted.run.saturating_sub(counted.failed),
            failed: counted.failed,
            skipped: counted.skipped,
            duration_s: Some(std::mem::take(&mut self.seconds)),
            line,
        });
        self.told = false;
    }

    fn failure(&mut self, failed: &Captures<'_>, report: &mut Report<'_>) {
        self.tell_failed(report);
        (self.failure_lines, self.in_frames, self.told) = (MAX_FAILURE_LINES, false, true);
        let (class, name) = split_name(&failed[1]);
        let class = class.or(self.class.as_deref().filter(|class| *class != name));
        let result = if &failed[3] == "ERROR" { TestOutcome::Error } else { TestOutcome::Fail };
        let duration_s = failed.get(2).map(|found| seconds(found.as_str()));
        self.failed = Some(TestCase { duration_s, ..report.case("junit", name, class, result) });
        report.error(Severity::Error, Reason::Assertion, failed[1].trim());
    }

    fn tell_failed(&mut self, report: &mut Report<'_>) {
        report.tell_pending(&mut self.failed);
    }

    /// The exception's message belongs to the failure, its frames only as far as the test itself.
    fn details(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if text.starts_with("at ") || text.starts_with("... ") {
            self.in_frames = true;
            self.frame(text);
            report.hold();
        } else if text.is_empty() && !self.in_frames {
            // The message of an exception may hold an empty line.
            report.hold();
        } else if text.is_empty() || is_tagged(text) || text.starts_with("Running ") || text.starts_with("Results") {
            self.failure_lines = 0;
            self.tell_failed(report);
        } else {
            report.join();
            match &mut self.failed {
                Some(test) if test.message.is_none() => {
                    // The exception, right behind the test's name.
                    test.message = Some(cut(text, MAX_MESSAGE).to_owned());
                    report.reword(text);
                }
                _ => report.extend(),
            }
        }
    }

    /// A nested class is named by the frames alone: `at shop.CartTest$Empty.adds(CartTest.java:3)`
    fn frame(&mut self, text: &str) {
        let Some(test) = &mut self.failed else { return };
        let Some(class) = &mut test.classname else { return };
        let frame = text.strip_prefix("at ").and_then(|frame| frame.split('(').next());
        let Some((nested, method)) = frame.and_then(|frame| frame.rsplit_once('.')) else { return };
        let is_nested = nested.strip_prefix(class.as_str()).is_some_and(|rest| rest.starts_with('$'));
        if is_nested && method == test.name {
            cut(nested, MAX_CLASS).clone_into(class);
        }
    }

    /// `shop.CartTest.adds`, or `adds(shop.CartTest)`, in the list of those that passed at last; what
    /// its runs said follows.
    fn flake(&mut self, text: &str, report: &mut Report<'_>) {
        report.claim();
        let name = text.trim();
        if !name.is_empty() && !name.starts_with("Run ") && !name.contains(' ') {
            report.findings.errors.retried(report.tool, name);
        }
    }

    /// A line of the list of failures, which begins with the first of them.
    fn listed(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(result) = self.list else { return };
        if text.trim().is_empty() || is_tagged(text) {
            self.list = None;
            return;
        }
        if !text.starts_with(' ') || text.starts_with("  Run ") || text.starts_with("    ") {
            // More of a message, or one attempt of several.
            return;
        }
        let (name, class, message) = if let Some(test) = LISTED.captures(text) {
            (test.get(1), test.get(2), test.get(3))
        } else if let Some(test) = PLACED.captures(text) {
            (test.get(3), test.get(1).or(test.get(2)), test.get(4))
        } else {
            return;
        };
        let part = |found: Option<regex::Match<'_>>| found.map_or("", |found| found.as_str()).to_owned();
        let (name, class, message) = (part(name), part(class), part(message));
        report.claim();
        if self.told {
            return;
        }
        report.verdict(Outcome::Failed);
        report.error(Severity::Error, Reason::Assertion, text.trim());
        let test = report.case("junit", &name, Some(&class), result);
        let message = Some(message).filter(|message| !message.is_empty());
        report.tell_test(TestCase { message, ..test });
    }
}

/// The title of a list of failures: what its tests came to, and the first of them if it stands
/// behind the title.
fn list(text: &str) -> Option<(TestOutcome, &str)> {
    let text = untagged(text);
    if let Some(first) = text.strip_prefix("Failed tests:") {
        return Some((TestOutcome::Fail, first));
    }
    if let Some(first) = text.strip_prefix("Tests in error:") {
        return Some((TestOutcome::Error, first));
    }
    match text.trim_end() {
        "Failures:" => Some((TestOutcome::Fail, "")),
        "Errors:" => Some((TestOutcome::Error, "")),
        _ => None,
    }
}

/// A line without Maven's tag.
fn untagged(text: &str) -> &str {
    ["[ERROR] ", "[WARNING] ", "[INFO] "].iter().find_map(|tag| text.strip_prefix(tag)).unwrap_or(text)
}

fn is_tagged(text: &str) -> bool {
    text.starts_with("[INFO]") || text.starts_with("[ERROR]") || text.starts_with("[WARNING]")
}

/// `shop.CartTest.adds`, or `adds(shop.CartTest)` before Surefire 3.
fn split_name(text: &str) -> (Option<&str>, &str) {
    if let Some((name, class)) = text.split_once('(') {
        let class = class.trim_end_matches(')');
        if !class.is_empty() && !class.contains([' ', ',']) && text.ends_with(')') && class.contains('.') {
            return (Some(class), name);
        }
    }
    let method = text.find(['(', '[', '{', ' ']).unwrap_or(text.len());
    match text[..method].rfind('.') {
        // A class that could not be set up has no method: `shop.CartTest`.
        Some(dot) if !text[dot + 1..].starts_with(char::is_uppercase) => {
            (Some(&text[..dot]), &text[dot + 1..])
        }
        _ => (None, text),
    }
}

fn seconds(text: &str) -> f64 {
    text.replace(',', "").parse().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_found_with_its_class_and_counted_once() {
        let seen = read(include_str!("../../testdata/surefire.log"));
        assert_eq!(seen.tests, ["fail shop.CartTest adds", "error shop.CartTest removes"]);
        assert_eq!(seen.summaries, ["junit 5 run 3 passed 2 failed 1 skipped"]);
        assert_eq!(seen.explanation, [
            "3-5 surefire assertion",
            "9-10 surefire assertion"
        ]);
    }

    #[test]
    fn a_list_of_failures_names_the_tests_that_nothing_else_named() {
        let seen = read(
            "Results :\n\nFailed tests:   adds(shop.CartTest): expected:<3> but was:<2>\n  \
             takes(shop.CartTest)\n\nTests in error: \n  removes(shop.CartTest)\n\n\
             Tests run: 5, Failures: 2, Errors: 1, Skipped: 0\n",
        );
        assert_eq!(
            seen.tests,
            ["fail shop.CartTest adds", "fail shop.CartTest takes", "error shop.CartTest removes"]
        );
        let seen = read(
            "[ERROR] Failures: \n[ERROR]   CartTest.adds:14 total ==> expected: <3> but was: <2>\n\
             [ERROR]   CartTest>Base.takes:3->help:9 no\n[ERROR] Errors: \n\
             [ERROR]   CartTest.removes:22 » IllegalState empty\n[INFO] \n\
             [ERROR] Tests run: 5, Failures: 2, Errors: 1, Skipped: 0\n",
        );
        assert_eq!(seen.tests, ["fail CartTest adds", "fail CartTest takes", "error CartTest removes"]);
    }

    #[test]
    fn a_message_with_an_empty_line_is_explained_whole() {
        let seen = read(
            "[ERROR] shop.CartTest.adds -- Time elapsed: 0.004 s <<< FAILURE!\norg.E: total\n\n\
             of all: 3\n\tat shop.CartTest.adds(CartTest.java:14)\n\n[INFO] BUILD FAILURE\n",
        );
        assert_eq!(seen.explanation, ["1-4 surefire assertion"]);
    }

    #[test]
    fn a_test_that_passed_at_last_explains_nothing_and_is_not_among_those_that_failed() {
        let seen = read(
            "[ERROR] shop.CartTest.adds -- Time elapsed: 0.004 s <<< FAILURE!\norg.E: expected 3\n\tat shop.CartTest.adds(CartTest.java:14)\n\n\
             [ERROR] shop.CartTest.takes -- Time elapsed: 0.004 s <<< FAILURE!\norg.E: expected 4\n\tat shop.CartTest.takes(CartTest.java:20)\n\n\
             [INFO] Results:\n[WARNING] Flakes: \n[WARNING] shop.CartTest.adds\n[ERROR]   Run 1: CartTest.adds:14 expected 3\n[INFO]   Run 2: PASS\n[INFO] \n\
             [ERROR] Failures: \n[ERROR] shop.CartTest.takes\n[ERROR]   Run 1: CartTest.takes:20 expected 4\n[ERROR]   Run 2: CartTest.takes:20 expected 4\n[INFO] \n\
             [ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Flakes: 1\n",
        );
        assert_eq!(seen.summaries, ["junit 2 run 1 passed 1 failed 0 skipped"]);
        assert_eq!(seen.explanation, ["5-6 surefire assertion"]);
    }

    #[test]
    fn a_run_that_was_broken_off_is_counted_by_its_classes() {
        let seen = read(
            " T E S T S\nRunning a.B\nTests run: 2, Failures: 0, Errors: 0, Skipped: 1, Time elapsed: 0.1 sec\n\
             Tests run: 1, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.1 sec <<< FAILURE!\n",
        );
        assert_eq!(seen.summaries, ["junit 3 run 2 passed 1 failed 1 skipped"]);
    }
}
