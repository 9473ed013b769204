//! Ginkgo, versions 1 and 2: the specs behind a test of `go test`.
//!
//! A failed spec is a block from `• [FAILED] [0.001 seconds]` (version 1: `• Failure [0.001 seconds]`) to
//! dashes: its titles, an empty line, what went wrong. Behind `Summarizing 2 Failures:` each has a
//! line, `  [FAIL] Cart when empty [It] has no total`; then `Ran 7 of 9 Specs in 0.001 seconds` and
//! `FAIL! -- 3 Passed | 4 Failed | 1 Pending | 1 Skipped`. A suite that passed may be one line:
//! `[1795305301] Shop Suite - 9/9 specs ••••••••• SUCCESS! 1.2ms PASS`.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

const FRAMEWORK: &str = "ginkgo";

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Ginkgo {
    /// The failed spec whose block is read.
    block: Option<Block>,
    /// What went wrong in the specs whose blocks were read, by their names.
    failures: Vec<(String, String)>,
    /// In the list of what failed.
    listing: bool,
    /// The line of the first block of the suite.
    first: Option<u64>,
    duration_s: Option<f64>,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Block {
    titles: String,
    message: String,
    part: Part,
}

/// The part of a block.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
enum Part {
    #[default]
    Titles,
    /// Behind the first empty line: what went wrong.
    Message,
    Rest,
}

/// How many failures are kept until the list names them.
const MAX_FAILURES: usize = 64;
/// The longest title and the longest message, in bytes.
const MAX_TEXT: usize = 300;

/// What begins the block of a failure.
const BEGINS: [&str; 8] = [
    "• [FAILED]", "• [PANICKED]", "• [TIMEDOUT]", "• [INTERRUPTED]", "• [ABORTED]", "• Failure", "•! Panic", "•... Timeout",
];

static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^ *\[(Fail|FAIL|Panic!|PANICKED!|Timeout\.\.\.|TIMEDOUT|INTERRUPTED|ABORTED)\] (.+)$")
});
static NODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r" ?\[(?:It|TOP-LEVEL|Measure|DeferCleanup[^\]]*|(?:Synchronized|Just|Report)?(?:Before|After)(?:Each|All|Suite))\]")
});
static RAN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Ran \d+ of \d+ Specs? in ([\d.]+) seconds"));
static TOTALS: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^(?:FAIL|SUCCESS)!.*? ?-- (\d+) Passed \| (\d+) Failed \| (?:\d+ Flaked \| )?(\d+) Pending \| (\d+) Skipped")
});
static ONE_LINE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\[\d+\] .+ - (\d+)/(\d+) specs .*SUCCESS! (\S+)"));

impl Dialect for Ginkgo {
    const NAME: &'static str = "ginkgo";
    const LITERALS: &'static [&'static str] = &[
        "• [FAILED]", "• [PANICKED]", "• [TIMEDOUT]", "• [INTERRUPTED]", "• [ABORTED]", "• Failure", "•! Panic", "•... Timeout",
        "Summarizing ", " Specs in ", " Spec in ", " Passed | ", " SUCCESS! ", "•SUCCESS! ",
    ];

    fn awake(&self) -> bool {
        self.block.is_some() || self.listing
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if BEGINS.iter().any(|begin| text.starts_with(begin)) {
            self.close(report);
            self.block = Some(Block::default());
            self.first.get_or_insert(line.number);
            report.framework(FRAMEWORK);
            report.suspect(text);
        } else if text.starts_with("Summarizing ") && (text.ends_with(" Failures:") || text.ends_with(" Failure:")) {
            self.close(report);
            self.listing = true;
            report.framework(FRAMEWORK);
        } else if let Some(ran) = RAN.captures(text) {
            (self.listing, self.duration_s) = (false, ran[1].parse().ok());
        } else if let Some(totals) = TOTALS.captures(text) {
            self.totals(&totals, report);
        } else if let Some(suite) = ONE_LINE.captures(text) {
            let (run, all) = (counts::number(&suite, 1), counts::number(&suite, 2));
            let skipped = all.saturating_sub(run);
            self.summary((run, 0, skipped), counts::seconds(&suite[3]), report);
        } else if self.listing {
            self.listed(text, report);
        } else if self.block.is_some() {
            self.inside(text, report);
        }
    }
}

impl Ginkgo {
    fn inside(&mut self, text: &str, report: &mut Report<'_>) {
        if text.starts_with("------") {
            return self.close(report);
        }
        let Some(block) = &mut self.block else { return };
        let said = text.trim();
        report.join();
        match block.part {
            Part::Titles if said.is_empty() => block.part = Part::Message,
            // Places of the titles stand between them.
            Part::Titles if !said.contains(".go:") => append(&mut block.titles, said),
            Part::Message if said.is_empty() && block.message.is_empty() => {}
            // The panic itself follows.
            Part::Message if said.is_empty() && block.message == "Test Panicked" => {}
            Part::Message if said.is_empty() => block.part = Part::Rest,
            Part::Message if said.starts_with("In [") || said.contains(".go:") || said == "Full Stack Trace" => {
                if block.message != "Test Panicked" {
                    block.part = Part::Rest;
                }
            }
            Part::Message => {
                let what = said.strip_prefix('[').and_then(|said| said.split_once("] ")).map_or(said, |(_, what)| what);
                append(&mut block.message, what);
                report.confirm(Severity::Error, Reason::Assertion, what);
                return;
            }
            Part::Titles | Part::Rest => {}
        }
        report.hold();
        report.claim();
    }

    fn close(&mut self, report: &mut Report<'_>) {
        let Some(Block { titles, message, .. }) = self.block.take() else { return };
        if self.failures.len() < MAX_FAILURES {
            self.failures.push((name(&titles), message));
        } else {
            report.forget(1);
        }
    }

    /// `  [FAIL] Cart when empty [It] has no total`, then its place.
    fn listed(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(listed) = LISTED.captures(text) else { return };
        let failed = matches!(&listed[1], "Fail" | "FAIL");
        let result = if failed { TestOutcome::Fail } else { TestOutcome::Error };
        let name = name(cut(&listed[2], MAX_TEXT));
        let at = self.failures.iter().position(|(known, _)| *known == name);
        let message = at.map(|at| self.failures.remove(at).1);
        report.claim();
        report.tell_case(&Case { message: message.as_deref(), ..Case::new(FRAMEWORK, &name, result) });
    }

    fn totals(&mut self, totals: &Captures<'_>, report: &mut Report<'_>) {
        let number = |group| counts::number(totals, group);
        let (passed, failed) = (number(1), number(2));
        if failed == 0 && let Some(first) = self.first {
            // What failed was tried again.
            report.findings.errors.withdraw(report.tool, first);
        }
        let duration_s = self.duration_s;
        self.summary((passed, failed, number(3) + number(4)), duration_s, report);
    }

    fn summary(&mut self, (passed, failed, skipped): (u64, u64, u64), duration_s: Option<f64>, report: &mut Report<'_>) {
        *self = Self::default();
        report.build_tool("go");
        report.failed_if(failed > 0);
        report.findings.specs = Some(failed > 0);
        let (framework, run) = (FRAMEWORK.to_owned(), passed + failed);
        report.summary(TestSummary { framework, run, passed, failed, skipped, duration_s, line: 0 });
    }
}

/// The titles without the node at which it failed.
fn name(titles: &str) -> String {
    let name = NODE.replace_all(titles, "");
    let name = if name.trim().is_empty() { titles } else { &name };
    name.trim().to_owned()
}

/// Appends a line to what was said so far, as far as there is room.
fn append(said: &mut String, line: &str) {
    let room = MAX_TEXT.saturating_sub(said.len() + 1);
    if !said.is_empty() && room > 0 {
        said.push(' ');
    }
    said.push_str(cut(line, room));
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn failed_specs_are_named_with_what_was_expected_and_the_test_around_them_is_not_counted() {
        let seen = read(include_str!("../../testdata/ginkgo.log"));
        assert_eq!(
            seen.tests,
            [
                "fail - Tax applies",
                "fail - Cart when empty has no total",
                "error - Cart when empty panics",
                "fail - Cart prices of cake"
            ]
        );
        assert_eq!(
            seen.messages,
            [
                "62 no rates Expected <bool>: true to be false",
                "64 Expected <int>: 3 to equal <int>: 0",
                "66 Test Panicked assignment to entry in nil map",
                "68 Expected <int>: 2 to equal <int>: 3"
            ]
        );
        assert_eq!(seen.summaries, ["ginkgo 7 run 3 passed 4 failed 2 skipped"]);
        assert_eq!((seen.result, seen.tools), ("failed", vec!["go".to_owned()]));
        assert_eq!(seen.explanation.len(), 4, "{:?}", seen.explanation);
        assert!(seen.explanation.iter().all(|why| why.ends_with(" ginkgo assertion")));
    }

    #[test]
    fn specs_of_version_1_are_read_too() {
        let seen = read(
            "•\n------------------------------\n• Failure [0.000 seconds]\nCart\n/app/cart_test.go:8\n  when empty\n  /app/cart_test.go:10\n\
             \x20   has no total [It]\n    /app/cart_test.go:11\n\n    Expected\n        <int>: 3\n    to equal\n        <int>: 0\n\n    /app/cart_test.go:11\n\
             ------------------------------\n\n\nSummarizing 1 Failure:\n\n[Fail] Cart when empty [It] has no total \n/app/cart_test.go:11\n\n\
             Ran 6 of 8 Specs in 0.005 seconds\nFAIL! -- 5 Passed | 1 Failed | 1 Pending | 1 Skipped\n--- FAIL: TestShop (0.01s)\nFAIL\nFAIL\texample.com/shop1\t0.018s\nFAIL\n",
        );
        assert_eq!(seen.tests, ["fail - Cart when empty has no total"]);
        assert_eq!(seen.messages, ["22 Expected <int>: 3 to equal <int>: 0"]);
        assert_eq!(seen.summaries, ["ginkgo 6 run 5 passed 1 failed 2 skipped"]);
        assert_eq!(seen.explanation, ["3-14 ginkgo assertion"]);
    }

    #[test]
    fn a_spec_that_passed_at_last_explains_nothing_and_a_test_beside_the_specs_counts() {
        let seen = read(
            "=== RUN   TestShop\n• Failure [0.000 seconds]\nCart\n/app/cart_test.go:8\n\n  Expected\n  nothing\n------------------------------\n•\n\
             Ran 2 of 2 Specs in 0.005 seconds\nSUCCESS! -- 2 Passed | 0 Failed | 1 Flaked | 0 Pending | 0 Skipped\n--- PASS: TestShop (0.01s)\n\
             === RUN   TestPlain\n--- FAIL: TestPlain (0.00s)\nFAIL\nFAIL\texample.com/shop1\t0.018s\n",
        );
        assert_eq!(seen.summaries, ["ginkgo 2 run 2 passed 0 failed 0 skipped", "go 1 run 0 passed 1 failed 0 skipped"]);
        assert_eq!(seen.tests, ["fail - TestPlain"]);
        assert!(seen.explanation.iter().all(|why| !why.contains("ginkgo")), "{:?}", seen.explanation);
    }

    #[test]
    fn a_suite_in_one_line_is_counted() {
        let seen = read("[1795305301] Shop Suite - 8/9 specs •••••••• SUCCESS! 1.2ms PASS\n");
        assert_eq!(seen.summaries, ["ginkgo 8 run 8 passed 0 failed 1 skipped"]);
    }
}
