//! unittest, and what prints as it does: nose, nose2, Django's runner, stestr.
//!
//! With `-v` a line a test (`test_total (cart.CartTest) ... ok`), or two where it has a docstring;
//! then a block for each failure: a rule of `=`, `FAIL: ` and the name, a rule of `-`, the traceback;
//! then `Ran 3 tests in 0.002s` and `OK` or `FAILED (failures=1)`. The skipped tests are among those
//! that ran. As `unittest.runner` of Python 2.7 to 3.13 writes it.

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, RecordKind, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, captured};
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Unittest {
    place: Place,
    /// Whether tests are named while they run.
    verbose: bool,
    /// The line before, if it is a test's name, whose docstring follows.
    named: String,
    /// The failure whose block is being read.
    failure: Option<Failure>,
    /// Tests that failed since the last run ended: of one with parts, several may.
    failed: u64,
    last_failed: String,
    /// Blocks of failures.
    blocks: u64,
    ran: TestSummary,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Place {
    #[default]
    Outside,
    /// Behind a rule of `=`.
    Title,
    /// Between a failure's name and the rule of `-`.
    Heading,
    /// In the text of a failure, outside tracebacks.
    Body,
    /// In a traceback.
    Traceback,
    /// In the message of an exception.
    Message,
    /// Behind `Ran 3 tests`: the verdict follows within so many lines.
    Closing(u8),
    /// In stestr's list of totals.
    Totals,
    /// In a failure of trial, which names the tests behind what went wrong.
    Trial,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Failure {
    name: String,
    result: TestOutcome,
    message: Option<String>,
    line: u64,
}

/// The longest name that is kept.
const MAX_NAME: usize = 500;

static RAN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^Ran:? (\d+) tests? in ([\d.]+) ?s"));
static VERDICT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(OK|FAILED|PASSED)(?: \((.+)\))?$"));
static TOTAL: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ - ([A-Z][A-Za-z ]+): (\d+)$"));

impl Dialect for Unittest {
    const NAME: &'static str = "unittest";
    const STARTS: &'static [&'static str] =
        &["======================================================================"];
    const LITERALS: &'static [&'static str] = &[
        " ... ok", " ... FAIL", " ... ERROR", " ... skipped", " ... SKIP", " ... expected failure",
        " tests in ", " test in ",
    ];

    fn awake(&self) -> bool {
        self.place != Place::Outside || self.verbose
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(ran) = captured(&RAN, text, "Ran") {
            self.end_failure(report);
            self.ran = TestSummary {
                run: ran[1].parse().unwrap_or(0),
                duration_s: ran[2].parse().ok(),
                line: line.number,
                ..TestSummary::default()
            };
            // Only stestr has a colon, and a list below.
            self.place = if text.starts_with("Ran:") { Place::Totals } else { Place::Closing(0) };
            report.claim();
            return;
        }
        if is_rule(text, b'=') {
            self.end_failure(report);
            self.place = Place::Title;
            return;
        }
        match self.place {
            Place::Outside => {
                self.result(text, report);
            }
            Place::Title => self.title(line, report),
            Place::Heading => {
                if is_rule(text, b'-') {
                    self.place = Place::Body;
                }
            }
            Place::Body | Place::Traceback | Place::Message => self.body(line, report),
            Place::Closing(lines) => self.closing(text, lines, report),
            Place::Totals => self.total(text, report),
            Place::Trial => self.trial(text, report),
        }
    }
}

impl Unittest {
    /// A line of a run with `-v`.
    fn result(&mut self, text: &str, report: &mut Report<'_>) {
        let Some((before, word)) = split_result(text) else {
            self.named.clear();
            if self.verbose && is_name(text) {
                cut(text, MAX_NAME).clone_into(&mut self.named);
            }
            return;
        };
        if !self.verbose && !begins_run(before) {
            // libtest, configure and others write such lines, too.
            return;
        }
        self.verbose = true;
        let named = std::mem::take(&mut self.named);
        let (name, duration_s) = timed(if is_name(before) || named.is_empty() { before } else { &named });
        let result = match word {
            "ok" => TestOutcome::Pass,
            "FAILED" => TestOutcome::Fail,
            // The block below says more of it.
            "FAIL" | "ERROR" | "unexpected success" => return,
            _ if word.starts_with("expected") => TestOutcome::Pass,
            _ => TestOutcome::Skip,
        };
        report.claim();
        report.timed_test("unittest", name, class(name), result, duration_s);
    }

    /// The line behind a rule of `=`.
    fn title(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        self.place = Place::Outside;
        if matches!(line.text, "[FAIL]" | "[ERROR]") {
            self.place = Place::Trial;
            report.claim();
            report.verdict(Outcome::Failed);
            return;
        }
        let Some((word, name)) = line.text.split_once(": ") else { return };
        let result = match word {
            "FAIL" | "UNEXPECTED SUCCESS" => TestOutcome::Fail,
            "ERROR" => TestOutcome::Error,
            _ => return,
        };
        let mut name = name.strip_prefix("Doctest: ").unwrap_or(name).trim_end();
        let mut message = None;
        if let Some((kind, why)) = name.strip_prefix("Failure: ").and_then(|what| what.split_once(" (")) {
            // nose could not load a file, and has no name for it.
            (name, message) = (kind, Some(cut(why.trim_end_matches(')'), MAX_NAME).to_owned()));
        }
        report.claim();
        report.kind(RecordKind::Test);
        report.framework("unittest");
        report.verdict(Outcome::Failed);
        self.count(name);
        self.failure = Some(Failure { name: cut(name, MAX_NAME).to_owned(), result, message, line: line.number });
        self.place = Place::Heading;
    }

    fn count(&mut self, name: &str) {
        self.blocks += 1;
        let base = name.split_inclusive(')').next().unwrap_or(name);
        if ["setUpClass (", "tearDownClass (", "setUpModule (", "tearDownModule ("].iter().any(|fixture| name.starts_with(fixture)) {
            // It is no test, and not among those that ran.
        } else if base != self.last_failed || base == name {
            self.failed += 1;
        }
        cut(base, MAX_NAME).clone_into(&mut self.last_failed);
    }

    /// A line of a failure of trial: `app.test.test_cart.CartTest.test_total` ends it.
    fn trial(&mut self, text: &str, report: &mut Report<'_>) {
        if is_dotted(text) && text.matches('.').count() > 1 {
            self.count(text);
            let class = text.rsplit_once('.').map(|(class, _)| class);
            report.test("unittest", text, class, TestOutcome::Fail);
        }
    }

    /// A line of a failure: its last exception is its reason.
    fn body(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        let indented = text.starts_with([' ', '\t']);
        if text.starts_with("Traceback (most recent call last)") {
            if !report.has_block() {
                report.suspect(text);
            }
            report.extend();
            self.place = Place::Traceback;
        } else if self.place == Place::Traceback && !indented && !text.is_empty() {
            report.confirm(Severity::Error, reason(text), text);
            report.reword(text);
            if let Some(failure) = &mut self.failure {
                failure.message = Some(cut(text, MAX_NAME).to_owned());
            }
            self.place = Place::Message;
        } else if self.place == Place::Traceback {
            report.extend();
        } else if text.is_empty() || is_chain(text) {
            report.hold();
        } else if self.place == Place::Message && !is_aside(text) {
            report.extend();
        } else {
            // What the test printed.
            self.place = Place::Body;
        }
    }

    fn end_failure(&mut self, report: &mut Report<'_>) {
        let Some(failure) = self.failure.take() else { return };
        report.tell_test(TestCase {
            framework: "unittest".to_owned(),
            classname: class(&failure.name).map(str::to_owned),
            name: failure.name,
            result: failure.result,
            duration_s: None,
            message: failure.message,
            line: failure.line,
        });
    }

    fn closing(&mut self, text: &str, lines: u8, report: &mut Report<'_>) {
        if let Some(verdict) = VERDICT.captures(text) {
            let mut failed = 0;
            for count in verdict.get(2).map_or("", |counts| counts.as_str()).split(", ") {
                let Some((what, count)) = count.split_once('=') else { continue };
                let count: u64 = count.parse().unwrap_or(0);
                match what.to_ascii_lowercase().as_str() {
                    "failures" | "errors" | "unexpected successes" => failed += count,
                    "skipped" | "skip" | "skips" => self.ran.skipped += count,
                    _ => {}
                }
            }
            // Unexpected successes have no blocks in old versions.
            let failed_tests = self.failed + failed.saturating_sub(self.blocks);
            self.ran.failed = failed;
            self.ran.passed = self.ran.run.saturating_sub(failed_tests);
            let good = &verdict[1] != "FAILED" && failed == 0;
            report.verdict(if good { Outcome::Success } else { Outcome::Failed });
            self.end_run(report);
        } else if lines < 4 && (text.is_empty() || lines > 0) {
            self.place = Place::Closing(lines + 1);
        } else {
            self.ran.failed = self.blocks;
            self.ran.passed = self.ran.run.saturating_sub(self.failed);
            self.end_run(report);
        }
    }

    fn total(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(total) = TOTAL.captures(text) {
            let count = total[2].parse().unwrap_or(0);
            match &total[1] {
                "Passed" => self.ran.passed = count,
                "Skipped" => self.ran.skipped = count,
                "Failed" | "Unexpected Success" => self.ran.failed += count,
                _ => {}
            }
        } else {
            report.failed_if(self.ran.failed > 0);
            self.end_run(report);
        }
    }

    fn end_run(&mut self, report: &mut Report<'_>) {
        report.claim();
        let ran = std::mem::take(self).ran;
        report.summary(TestSummary { framework: "unittest".to_owned(), ..ran });
    }
}

/// A line of nothing but `byte`, as long as unittest's or trial's.
fn is_rule(text: &str, byte: u8) -> bool {
    matches!(text.len(), 70 | 79) && text.bytes().all(|it| it == byte)
}

/// `test_total (cart.CartTest)`, `cart.test_total`, and what parametrised ones add.
fn is_name(text: &str) -> bool {
    text.ends_with(')') && text.split_once(" (").is_some_and(|(name, _)| !name.contains(' '))
}

/// Whether no other tool names a test so: by its class, by its module, by stestr's worker.
fn begins_run(name: &str) -> bool {
    let dotted = name.split(['(', ' ']).next().unwrap_or("");
    let is_known = name.starts_with('{') || name.starts_with("Doctest: ");
    is_known || is_name(name) || is_dotted(dotted)
}

/// `shop.tests.test_cart`
fn is_dotted(name: &str) -> bool {
    let is_path = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_');
    name.contains('.') && name.contains("test") && name.bytes().all(is_path)
}

/// What stands before and behind ` ... `, if that is a result.
fn split_result(text: &str) -> Option<(&str, &str)> {
    let mut from = 0;
    while let Some(at) = text[from..].find(" ... ") {
        let (before, word) = (&text[..from + at], &text[from + at + 5..]);
        let known = matches!(word, "ok" | "FAIL" | "FAILED" | "ERROR" | "expected failure" | "unexpected success")
            || word.starts_with("skipped '") || word.starts_with("skipped \"") || word.starts_with("SKIP");
        if known && !before.is_empty() {
            return Some((before, word));
        }
        from += at + 5;
    }
    None
}

/// stestr puts the worker before the name and the time behind it.
fn timed(name: &str) -> (&str, Option<f64>) {
    let Some((_, name)) = name.strip_prefix('{').and_then(|rest| rest.split_once("} ")) else {
        return (name, None);
    };
    match name.strip_suffix("s]").and_then(|name| name.rsplit_once(" [")) {
        Some((name, seconds)) => (name, seconds.parse().ok()),
        None => (name, None),
    }
}

/// The class in `test_total (cart.CartTest)`.
fn class(name: &str) -> Option<&str> {
    let (_, class) = name.rsplit_once(" (")?;
    class.split_once(')').map(|(class, _)| class)
}

fn is_chain(text: &str) -> bool {
    text.starts_with("During handling of") || text.starts_with("The above exception was")
}

/// Where what a test printed begins.
fn is_aside(text: &str) -> bool {
    text.starts_with("-----") || text.starts_with("Stdout:") || text.starts_with("Stderr:")
}

fn reason(exception: &str) -> Reason {
    let kind = exception.split(':').next().unwrap_or("");
    if kind.ends_with("ModuleNotFoundError") || kind.ends_with("ImportError") {
        Reason::Dependency
    } else if kind.ends_with("SyntaxError") || kind.ends_with("IndentationError") {
        Reason::Compiler
    } else {
        Reason::Assertion
    }
}

#[cfg(test)]
mod tests;
