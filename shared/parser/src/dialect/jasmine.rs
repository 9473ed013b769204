//! Jasmine, also under Protractor and as Karma's framework: the list of failures, the counts.
//!
//! Behind `Failures:` each spec is `1) Cart removes` with `Message:` and `Stack:`; the counts are
//! `3 specs, 1 failure, 1 pending spec` and `Finished in 0.01 seconds` (jasmine.github.io).

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Jasmine {
    /// Behind `Failures:`, which other tools print, too: the first failure, until `Message:`.
    failures: bool,
    failed: Option<TestCase>,
    in_message: bool,
    /// The counts, waiting for the time that follows them.
    summary: Option<TestSummary>,
}

static COUNTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:Ran \d+ of )?(\d+) specs?, (\d+) failures?(?:, (\d+) pending specs?)?"));

impl Dialect for Jasmine {
    const NAME: &'static str = "jasmine";
    const LITERALS: &'static [&'static str] = &["Failures:", " specs, ", " spec, "];

    fn awake(&self) -> bool {
        self.failures || self.summary.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim();
        if let Some(counts) = text.contains(" spec").then(|| COUNTS.captures(text)).flatten() {
            self.counts(&counts, report);
        } else if self.summary.is_some() {
            self.close(text, report);
        } else if line.text == "Failures:" || line.text == "Failures: " {
            self.failures = true;
        } else if self.failures {
            self.failure(line.text, text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.close("", report);
    }
}

impl Jasmine {
    fn failure(&mut self, line: &str, text: &str, report: &mut Report<'_>) {
        if let Some((number, name)) = line.split_once(") ")
            && !number.is_empty()
            && number.len() < 6
            && number.bytes().all(|byte| byte.is_ascii_digit())
        {
            // Not yet known to be Jasmine's.
            self.in_message = false;
            self.failed = Some(report.case("jasmine", name, None, TestOutcome::Fail));
            report.suspect(name);
        } else if line == "  Message:" {
            self.in_message = true;
            report.confirm(Severity::Error, Reason::Assertion, text);
        } else if line == "  Stack:" || line == "Pending:" {
            self.in_message = false;
            self.failures &= line == "  Stack:";
        } else if self.in_message && text.is_empty() {
            report.hold();
        } else if self.in_message {
            report.tell_line(&mut self.failed, text);
        } else if !line.is_empty() && !line.starts_with(' ') {
            // What another tool prints.
            *self = Self::default();
        }
    }

    fn counts(&mut self, counts: &regex::Captures<'_>, report: &mut Report<'_>) {
        report.claim();
        let number = |group| counts::number(counts, group);
        let (all, failed, skipped) = (number(1), number(2), number(3));
        let run = all.saturating_sub(skipped);
        *self = Self::default();
        self.summary = Some(TestSummary {
            framework: "jasmine".to_owned(),
            run,
            passed: run.saturating_sub(failed),
            failed,
            skipped,
            duration_s: None,
            line: report.line.number,
        });
    }

    fn close(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(mut summary) = self.summary.take() else { return };
        if let Some(time) = text.strip_prefix("Finished in ") {
            summary.duration_s = time.split(' ').next().and_then(|seconds| seconds.parse().ok());
        }
        report.failed_if(summary.failed > 0);
        report.summary(summary);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_is_found_with_its_message_and_the_specs_are_counted() {
        let seen = read(include_str!("../../testdata/jasmine.log"));
        assert_eq!(seen.tests, ["fail - Cart full removes"]);
        assert_eq!(seen.summaries, ["jasmine 2 run 1 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["5-7 jasmine assertion"]);
    }
}
