//! Catch2 and doctest: C++ frameworks whose tests have titles between rules.
//!
//! Catch2 prints `-----`, the title, `-----`, the place, then `file:line: FAILED:`; doctest prints
//! `=====`, `TEST CASE:  title`, then `file:line: ERROR: …`. Both end in a table of counts.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Catch2 {
    heading: Heading,
    /// The test whose messages follow.
    title: Option<String>,
    /// Whether it was told as failed.
    told: bool,
    in_failure: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Heading {
    #[default]
    None,
    /// Behind a rule: the title follows.
    Title,
    /// Behind the title: a rule follows.
    End,
}

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\S+?(?::\d+|\(\d+\)): (?:FAILED:|(?:FATAL )?ERROR: )"));
static ALL_PASSED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^All tests passed \(\d+ assertions? in (\d+) test cases?\)$"));

/// How long Catch2's and doctest's rules are.
const RULE: usize = 79;

impl Dialect for Catch2 {
    const NAME: &'static str = "catch2";
    const STARTS: &'static [&'static str] =
        &["-------------------------------------------------------------------------------"];
    const LITERALS: &'static [&'static str] = &[
        "TEST CASE:  ", ": FAILED:", ": ERROR: CHECK",
        ": FATAL ERROR: REQUIRE", ": ERROR: test case", "test cases: ", "All tests passed (",
    ];

    fn awake(&self) -> bool {
        self.heading == Heading::Title || self.in_failure
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if is_rule(text) {
            self.heading = if self.heading == Heading::End { Heading::None } else { Heading::Title };
            self.in_failure = false;
        } else if let Some(title) = text.strip_prefix("TEST CASE:  ") {
            self.begin(title);
        } else if self.heading == Heading::Title {
            self.begin(text);
            self.heading = Heading::End;
        } else if (text.contains("FAILED:") || text.contains("ERROR: ")) && FAILED.is_match(text) {
            self.failed(report);
        } else if let Some(all) = ALL_PASSED.captures(text) {
            let run = all[1].parse().unwrap_or(0);
            self.totals("catch2", (run, 0, 0), report);
        } else if let Some((head, table)) = text.split_once("test cases:") {
            let doctest = head.starts_with("[doctest]");
            if head.is_empty() || doctest {
                self.table(if doctest { "doctest" } else { "catch2" }, table, report);
            }
        } else if self.in_failure {
            self.in_failure = !text.is_empty() && !text.starts_with("=====");
            if self.in_failure {
                report.join();
                report.extend();
            }
        }
    }
}

fn is_rule(text: &str) -> bool {
    text.len() == RULE && text.bytes().all(|byte| byte == b'-')
}

impl Catch2 {
    fn begin(&mut self, title: &str) {
        let title = cut(title.trim(), 200);
        // A section is shown as a heading of its own, indented below its test.
        self.told &= self.title.as_deref() == Some(title);
        self.title = Some(title.to_owned());
    }

    fn failed(&mut self, report: &mut Report<'_>) {
        let Some(title) = self.title.clone() else { return };
        if !std::mem::replace(&mut self.told, true) {
            report.tell_case(&Case::new("catch2", &title, TestOutcome::Fail));
        }
        self.in_failure = true;
        report.error(Severity::Error, Reason::Assertion, report.line.text);
    }

    /// `  3 | 2 passed | 1 failed | 0 skipped`
    fn table(&mut self, framework: &str, table: &str, report: &mut Report<'_>) {
        let all: u64 = table.split('|').next().and_then(|all| all.trim().parse().ok()).unwrap_or(0);
        let (failed, skipped) = (counts::before(table, "failed"), counts::before(table, "skipped"));
        // Those that doctest skips are none of its test cases.
        let run = if framework == "doctest" { all } else { all.saturating_sub(skipped) };
        self.totals(framework, (run, failed, skipped), report);
    }

    fn totals(&mut self, framework: &str, (run, failed, skipped): (u64, u64, u64), report: &mut Report<'_>) {
        report.claim();
        report.failed_if(failed > 0);
        let (framework, passed) = (framework.to_owned(), run.saturating_sub(failed));
        report.summary(TestSummary { framework, run, passed, failed, skipped, duration_s: None, line: 0 });
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_named_by_its_title_and_explained() {
        let seen = read(include_str!("../../testdata/catch2.log"));
        assert_eq!(seen.tests, ["fail - Cart removes items"]);
        assert_eq!(seen.explanation, ["8-11 catch2 assertion"]);
        assert_eq!(seen.summaries, ["catch2 3 run 2 passed 1 failed 0 skipped"]);
    }

    #[test]
    fn doctest_is_read_too() {
        let seen = read(
            "[doctest] doctest version is \"2.4.11\"\n===============================================================================\n\
             cart.cpp:10:\nTEST CASE:  Cart removes items\n\ncart.cpp:12: ERROR: CHECK( a == b ) is NOT correct!\n  values: CHECK( 1 == 0 )\n\n\
             ===============================================================================\n\
             [doctest] test cases:  3 |  2 passed | 1 failed | 0 skipped\n[doctest] Status: FAILURE!\n",
        );
        assert_eq!(seen.tests, ["fail - Cart removes items"]);
        assert_eq!(seen.summaries, ["doctest 3 run 2 passed 1 failed 0 skipped"]);
        let seen = read("All tests passed (10 assertions in 3 test cases)\n");
        assert_eq!(seen.summaries, ["catch2 3 run 3 passed 0 failed 0 skipped"]);
    }
}
