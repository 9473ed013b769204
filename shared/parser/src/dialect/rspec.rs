//! RSpec: the numbered list of failures, the totals, the list of what to run again, which names
//! every failed example (rspec.info, progress and documentation formatters alike).

use std::sync::LazyLock;

use logmill_model::{Outcome, Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Rspec {
    /// Behind `Failures:`, in the list.
    in_failures: bool,
    /// Behind the frame of the project: what follows is more of the trace.
    in_trace: bool,
    /// How long the run took, until its totals follow.
    duration_s: Option<f64>,
    finished: bool,
}

static TITLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ {2,}\d+(?:\.\d+)?\) \S"));
static TOTALS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\d+ examples?, \d+ failures?(?:, \d+ [a-z ]+)*$"));
static AGAIN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^rspec '?(\S+?)(?::\d+|\[[\d:,]+\])?'? # (.+)$"));

impl Dialect for Rspec {
    const NAME: &'static str = "rspec";
    const LITERALS: &'static [&'static str] =
        &["Failures:", " examples, ", " example, ", "rspec ", "Finished in ", "Failure/Error: "];

    fn awake(&self) -> bool {
        self.in_failures
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(time) = text.strip_prefix("Finished in ") {
            *self = Self { finished: true, ..Self::default() };
            self.duration_s = counts::seconds(time.split(" (").next().unwrap_or(time));
        } else if text.contains(" example") && TOTALS.is_match(text) {
            self.totals(text, report);
        } else if let Some(again) = text.starts_with("rspec ").then(|| AGAIN.captures(text)).flatten() {
            report.claim();
            let class = Some(&again[1]);
            report.tell_case(&Case { class, ..Case::new("rspec", &again[2], TestOutcome::Fail) });
        } else if text == "Failures:" {
            self.in_failures = true;
        } else if self.in_failures {
            self.failure(text, report);
        }
    }
}

impl Rspec {
    fn failure(&mut self, text: &str, report: &mut Report<'_>) {
        let trimmed = text.trim_start();
        if TITLE.is_match(text) {
            self.in_trace = false;
            report.suspect(trimmed.split_once(") ").map_or(trimmed, |(_, title)| title));
        } else if !text.is_empty() && !text.starts_with("  ") {
            // Minitest and others have a list of failures as well.
            self.in_failures = false;
        } else if trimmed.starts_with("Failure/Error: ") {
            report.join();
            report.confirm(Severity::Error, Reason::Assertion, trimmed);
        } else if self.in_trace {
            report.claim();
        } else if trimmed.is_empty() {
            report.hold();
        } else if report.has_block() {
            self.in_trace = trimmed.starts_with("# ");
            report.join();
            report.extend();
        }
    }

    fn totals(&mut self, text: &str, report: &mut Report<'_>) {
        let failed = counts::before(text, "failure");
        let errors = counts::before(text, "error");
        let verdict = if failed + errors > 0 { Outcome::Failed } else { Outcome::Success };
        report.claim();
        report.verdict(verdict);
        // Runs side by side end in a sum that has no time of its own.
        if !std::mem::take(&mut self.finished) {
            return;
        }
        let (all, skipped) = (counts::before(text, "example"), counts::before(text, "pending"));
        let run = all.saturating_sub(skipped);
        report.summary(TestSummary {
            framework: "rspec".to_owned(),
            run,
            passed: run.saturating_sub(failed),
            failed: failed + errors,
            skipped,
            duration_s: self.duration_s.take(),
            line: 0,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_example_is_named_and_explained() {
        let seen = read(include_str!("../../testdata/rspec.log"));
        assert_eq!(seen.explanation, ["5-12 rspec assertion"]);
        assert_eq!(seen.tests, ["fail ./spec/cart_spec.rb Cart removes items"]);
        assert_eq!(seen.summaries, ["rspec 4 run 3 passed 1 failed 1 skipped"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn the_sum_of_runs_side_by_side_does_not_count_again() {
        let seen = read(
            "Finished in 0.1 seconds (files took 1 second to load)\n3 examples, 0 failures\n\n\
             Finished in 1 minute 0.5 seconds (files took 1 second to load)\n2 examples, 0 failures\n\n\
             5 examples, 0 failures\n\nTook 61 seconds\n",
        );
        assert_eq!(seen.summaries.len(), 2);
        assert_eq!(seen.result, "success");
    }
}
