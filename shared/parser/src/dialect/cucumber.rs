//! Cucumber (Ruby and JavaScript): `3 scenarios (1 failed, 2 passed)` and the scenarios that failed.
//! On the JVM it runs inside JUnit, whose totals count.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Cucumber {
    /// The counts, waiting for the time that follows the steps' counts.
    summary: Option<TestSummary>,
    /// Behind a failed step of the JavaScript formatter.
    in_failure: bool,
}

static TOTALS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\d+ scenarios?(?: \([a-z0-9, ]+\))?$"));
static TIME: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\d+)m(\d+\.\d+)s"));
static FAILED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:cucumber (?:-p \S+ )*(\S+?)(?::\d+)* # |\d+\) )Scenario(?: Outline)?: (.+?)(?: # (\S+?)(?::\d+)*)?$"));

impl Dialect for Cucumber {
    const NAME: &'static str = "cucumber";
    const LITERALS: &'static [&'static str] = &[" scenario", ") Scenario", "# Scenario", "    ✖ "];

    fn awake(&self) -> bool {
        self.summary.is_some() || self.in_failure
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(summary) = &mut self.summary {
            if let Some(time) = TIME.captures(text) {
                let seconds = counts::seconds(&format!("{}:{}", &time[1], &time[2]));
                summary.duration_s = seconds;
            } else if text.contains(" step") {
                return;
            }
            self.summed(report);
        } else if TOTALS.is_match(text) {
            self.totals(text, report);
        } else if let Some(failed) = text.contains("Scenario").then(|| FAILED.captures(text)).flatten() {
            let class = failed.get(1).or(failed.get(3)).map(|found| found.as_str());
            report.tell_case(&Case { class, ..Case::new("cucumber", &failed[2], TestOutcome::Fail) });
            self.in_failure = failed.get(1).is_none();
            if self.in_failure {
                report.suspect(&failed[2]);
            }
        } else if self.in_failure && text.starts_with(' ') {
            let step = text.trim_start();
            if step.starts_with('✖') {
                report.confirm(Severity::Error, Reason::Assertion, step);
            } else if !step.starts_with("at ") {
                report.extend();
            }
        } else {
            self.in_failure = false;
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.summed(report);
    }
}

impl Cucumber {
    fn totals(&mut self, text: &str, report: &mut Report<'_>) {
        if report.findings.frameworks.iter().any(|name| name == "junit" || name == "testng") {
            return;
        }
        let count = |word| counts::before(text, word);
        let skipped = count("skipped") + count("pending");
        let all = count("scenario");
        let (run, passed) = (all.saturating_sub(skipped), count("passed"));
        let failed = run.saturating_sub(passed);
        report.claim();
        report.failed_if(failed > 0);
        let framework = "cucumber".to_owned();
        self.summary =
            Some(TestSummary { framework, run, passed, failed, skipped, duration_s: None, line: 0 });
    }

    fn summed(&mut self, report: &mut Report<'_>) {
        if let Some(summary) = self.summary.take() {
            report.summary(summary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn scenarios_are_counted_and_failed_ones_named() {
        let seen = read(include_str!("../../testdata/cucumber.log"));
        assert_eq!(seen.tests, ["fail features/cart.feature Removes items"]);
        assert_eq!(seen.summaries, ["cucumber 2 run 1 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["3-6 cucumber assertion"]);
        let seen = read("cucumber features/cart.feature:10 # Scenario: Adds\n\n1 scenario (1 failed)\n3 steps (1 failed, 2 passed)\n0m0.012s\n");
        assert_eq!(seen.tests, ["fail features/cart.feature Adds"]);
    }
}
