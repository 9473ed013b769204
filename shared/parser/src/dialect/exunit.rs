//! ExUnit (`mix test`): the numbered list of failures, one line a test with `--trace`, the totals.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Exunit {
    /// In the text of a failure.
    in_failure: bool,
    duration_s: Option<f64>,
    /// The module whose tests are told one by one.
    module: Option<String>,
    /// The test told last: a failure behind it is its own.
    traced: Option<Traced>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Traced {
    name: String,
    duration_s: Option<f64>,
    line: u64,
}

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^ +\d+\) ((?:test|doctest|property|feature) .+) \(([A-Z][\w.]*)\)$"));
static MODULE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^([A-Z][\w.]*) \[\S+\.exs\]$"));
static TRACED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ +\* ((?:test|doctest|property|feature) .+?) \((?:([\d.]+)ms|(skipped|excluded|invalid))\)(?: \[L#\d+\])?$"));
static TOTALS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:\d+ (?:doctests?|properties|property|features?), )*(?:\d+ tests?, )?\d+ failures?(?:, \d+ (?:excluded|invalid|skipped))*$"));

impl Dialect for Exunit {
    const NAME: &'static str = "exunit";
    const LITERALS: &'static [&'static str] =
        &[") test ", ") doctest ", ") property ", ".exs]", "  * test ", "  * doctest ", "  * property ", " failure", "Finished in "];

    fn awake(&self) -> bool {
        self.in_failure || self.traced.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if !text.is_empty() && !FAILED.is_match(text) {
            self.settle(report);
        }
        if let Some(failed) = text.starts_with(' ').then(|| FAILED.captures(text)).flatten() {
            self.in_failure = true;
            let traced = self.traced.take();
            let case = Case::new("exunit", &failed[1], TestOutcome::Fail);
            let (line, duration_s) = traced.map_or((None, None), |traced| (Some(traced.line), traced.duration_s));
            report.tell_case(&Case { class: Some(&failed[2]), line, duration_s, ..case });
            report.error(Severity::Error, Reason::Assertion, &failed[1]);
        } else if self.in_failure && self.failure(text, report) {
            // Read.
        } else if let Some(time) = text.strip_prefix("Finished in ") {
            self.duration_s = counts::seconds(time.split(" (").next().unwrap_or(time));
        } else if text.contains(" failure") && TOTALS.is_match(text) {
            self.totals(text, report);
        } else if let Some(module) = text.ends_with("exs]").then(|| MODULE.captures(text)).flatten() {
            self.module = Some(cut(&module[1], 200).to_owned());
        } else if let Some(traced) = text.trim_start().starts_with("* ").then(|| TRACED.captures(text)).flatten() {
            self.traced(&traced, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.settle(report);
    }
}

impl Exunit {
    /// Everything but the trace belongs to the failure; whether the line is one of it.
    fn failure(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        if text.is_empty() {
            report.hold();
        } else if text.trim() == "stacktrace:" || !text.starts_with("     ") {
            self.in_failure = false;
        } else {
            report.join();
            report.extend();
        }
        self.in_failure
    }

    /// A test of `--trace`; the line says the same of one that failed.
    fn traced(&mut self, traced: &regex::Captures<'_>, report: &mut Report<'_>) {
        let class = self.module.as_deref();
        let case = Case { class, ..Case::new("exunit", &traced[1], TestOutcome::Skip) };
        match traced.get(3).map(|word| word.as_str()) {
            Some("invalid") => report.tell_case(&Case { result: TestOutcome::Error, ..case }),
            Some(_) => report.tell_case(&case),
            None => {
                let milliseconds = traced.get(2).and_then(|found| found.as_str().parse::<f64>().ok());
                let duration_s = milliseconds.map(|number| number / 1000.0);
                let name = cut(&traced[1], 300).to_owned();
                self.traced = Some(Traced { name, duration_s, line: report.line.number });
            }
        }
    }

    /// Tells that the last test of `--trace` passed, for no failure followed it.
    fn settle(&mut self, report: &mut Report<'_>) {
        let Some(Traced { name, duration_s, line }) = self.traced.take() else { return };
        let case = Case::new("exunit", &name, TestOutcome::Pass);
        report.tell_case(&Case { class: self.module.as_deref(), duration_s, line: Some(line), ..case });
    }

    fn totals(&mut self, text: &str, report: &mut Report<'_>) {
        let count = |word| counts::before(text, word);
        let all = count("test") + count("doctest") + count("propertie") + count("property") + count("feature");
        if all == 0 && self.duration_s.is_none() {
            return;
        }
        let skipped = count("skipped") + count("excluded");
        let failed = count("failure") + count("invalid");
        report.claim();
        report.build_tool("mix");
        report.failed_if(failed > 0);
        report.summary(counts::summary("exunit", (all, failed, skipped), self.duration_s));
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failed_test_is_named_and_explained_up_to_its_trace() {
        let seen = read(include_str!("../../testdata/exunit.log"));
        assert_eq!(seen.tests, ["fail CartTest test removes items"]);
        assert_eq!(seen.explanation, ["3-8 exunit assertion"]);
        assert_eq!(seen.summaries, ["exunit 5 run 4 passed 1 failed 1 skipped"]);
    }

    #[test]
    fn a_trace_tells_every_test_with_its_result() {
        let seen = read(
            "CartTest [test/cart_test.exs]\n  * test adds (0.5ms) [L#4]\n  * test removes (1.5ms) [L#9]\n\n\
             \x20 1) test removes (CartTest)\n     test/cart_test.exs:9\n     1 is not 0\n\n  * test waits (skipped) [L#12]\n",
        );
        assert_eq!(seen.tests, ["pass CartTest test adds", "fail CartTest test removes", "skip CartTest test waits"]);
    }

    #[test]
    fn the_totals_of_others_are_not_exunit_s() {
        assert!(read("5 tests, 9 assertions, 1 failures\nsaw 1 failure\n").summaries.is_empty());
        let seen = read("Finished in 0.05 seconds (0.00s async, 0.05s sync)\n1 property, 3 tests, 0 failures\n");
        assert_eq!(seen.summaries, ["exunit 4 run 4 passed 0 failed 0 skipped"]);
    }
}
