//! Minitest, Rails and test-unit: `5 runs, 9 assertions, 1 failures, 1 errors, 1 skips`, a numbered
//! list of failures, one line a test where asked for (`-v`, minitest-reporters).

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Minitest {
    /// Behind the heading of a failure.
    block: Block,
    /// Whether single tests are told as they end.
    verbose: bool,
    duration_s: Option<f64>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Block {
    #[default]
    None,
    /// The test's name is still to come; whether it could not be run to its end.
    Heading { error: bool },
    Message,
}

static HEADING: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?: *\d+\) )?(Failure|Error|Skipped):$"));
static NAME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([A-Z]\S*)#(test_.+?)(?: \[[^\]]+\])?:?$"));
static UNIT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?: *\d+\) )?(Failure|Error): (test.*?)\(([^()]+)\)"));
static VERBOSE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^([A-Z]\S*)#(test_.+) = ([\d.]+) s = ([.FES])$"));
static REPORTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s+(test_.+?)\s+(PASS|FAIL|ERROR|SKIP) \(([\d.]+)s\)$"));
static TOTALS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\d+ (?:runs|tests), \d+ assertions, \d+ failures, \d+ errors\b"));

impl Dialect for Minitest {
    const NAME: &'static str = "minitest";
    const LITERALS: &'static [&'static str] = &[
        "Failure:", "Error:", "#test_", " assertions, ", " PASS (", " FAIL (", " ERROR (", " SKIP (",
        "Finished in ", "Finished tests in ",
    ];

    fn awake(&self) -> bool {
        self.block != Block::None
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if self.block != Block::None && self.inside(text, report) {
            return;
        }
        if text.contains(" assertions, ") && TOTALS.is_match(text) {
            self.totals(text, report);
        } else if let Some(time) = text.strip_prefix("Finished ") {
            let time = time.split_once("in ").map_or("", |(_, time)| time);
            self.duration_s = counts::seconds(time.split([',', '(']).next().unwrap_or(""));
        } else if let Some(heading) = text.ends_with(':').then(|| HEADING.captures(text)).flatten() {
            self.block = Block::Heading { error: &heading[1] == "Error" };
        } else if let Some(unit) = text.contains("test").then(|| UNIT.captures(text)).flatten() {
            let error = &unit[1] == "Error";
            self.failed(&unit[3], &unit[2], error, report);
        } else if text.contains("#test_") && text.contains(" s = ") {
            self.verbose(text, report);
        } else if text.ends_with("s)") {
            self.reported(text, report);
        }
    }
}

impl Minitest {
    fn inside(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        match self.block {
            Block::Heading { error } => {
                self.block = Block::None;
                let Some(name) = NAME.captures(text) else { return false };
                self.failed(&name[1], &name[2], error, report);
                true
            }
            Block::Message if text.is_empty() || text.starts_with("=====") => {
                self.block = Block::None;
                false
            }
            Block::Message => {
                report.join();
                report.extend();
                true
            }
            Block::None => false,
        }
    }

    fn failed(&mut self, class: &str, name: &str, error: bool, report: &mut Report<'_>) {
        if !self.verbose {
            let result = if error { TestOutcome::Error } else { TestOutcome::Fail };
            report.tell_case(&Case { class: Some(class), ..Case::new("minitest", name, result) });
        }
        let reason = if error { Reason::Exception } else { Reason::Assertion };
        self.block = Block::Message;
        report.error(Severity::Error, reason, report.line.text);
    }

    fn verbose(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(case) = VERBOSE.captures(text) else { return };
        self.verbose = true;
        let result = match &case[4] {
            "." => TestOutcome::Pass,
            "F" => TestOutcome::Fail,
            "E" => TestOutcome::Error,
            _ => TestOutcome::Skip,
        };
        let (class, duration_s) = (Some(&case[1]), case[3].parse().ok());
        report.tell_case(&Case { class, duration_s, ..Case::new("minitest", &case[2], result) });
        report.claim();
    }

    fn reported(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(case) = REPORTED.captures(text) else { return };
        self.verbose = true;
        let result = match &case[2] {
            "PASS" => TestOutcome::Pass,
            "FAIL" => TestOutcome::Fail,
            "ERROR" => TestOutcome::Error,
            _ => TestOutcome::Skip,
        };
        let name = cut(&case[1], 300);
        report.tell_case(&Case { duration_s: case[3].parse().ok(), ..Case::new("minitest", name, result) });
        report.claim();
    }

    fn totals(&mut self, text: &str, report: &mut Report<'_>) {
        let all = counts::before(text, "run").max(counts::before(text, "test"));
        let failed = counts::before(text, "failure") + counts::before(text, "error");
        let skipped = ["skip", "pending", "omission"].iter().map(|word| counts::before(text, word)).sum();
        report.claim();
        report.failed_if(failed > 0);
        report.summary(counts::summary("minitest", (all, failed, skipped), self.duration_s));
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn failures_are_named_and_explained_and_skips_are_no_runs() {
        let seen = read(include_str!("../../testdata/minitest.log"));
        assert_eq!(seen.tests, ["fail CartTest test_removes", "error CartTest test_pays"]);
        assert_eq!(seen.explanation, ["11-13 minitest assertion"]);
        assert_eq!(seen.errors.len(), 2);
        assert_eq!(seen.summaries, ["minitest 4 run 2 passed 2 failed 1 skipped"]);
    }

    #[test]
    fn verbose_runs_and_test_unit_are_read() {
        let seen = read(
            "CartTest#test_adds = 0.00 s = .\nCartTest#test_pays = 0.01 s = E\n\n  1) Error:\nCartTest#test_pays:\nNoMethodError: x\n\n\
             2 runs, 1 assertions, 0 failures, 1 errors, 0 skips\n",
        );
        assert_eq!(seen.tests, ["pass CartTest test_adds", "error CartTest test_pays"]);
        let seen = read(
            "Failure: test_adds(CartTest)\ncart_test.rb:12:in `test_adds'\n<3> expected but was\n<2>\n=====\n\
             Finished in 0.005 seconds.\n3 tests, 9 assertions, 1 failures, 0 errors, 0 pendings, 1 omissions, 0 notifications\n",
        );
        assert_eq!(seen.tests, ["fail CartTest test_adds"]);
        assert_eq!(seen.summaries, ["minitest 2 run 1 passed 1 failed 1 skipped"]);
    }
}
