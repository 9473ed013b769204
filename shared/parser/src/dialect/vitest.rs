//! Vitest: failures with what was expected, the counts, of `--reporter=verbose` the single tests.
//!
//! A run begins with ` RUN  v3.2.7 /src`; failures stand behind `⎯⎯ Failed Tests 1 ⎯⎯`, each below a
//! line ` FAIL  file > suite > test`, the counts in a table at the end (vitest.dev/guide/reporters).

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::pattern::pattern;
use crate::report::{Line, Report};

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Vitest {
    /// Between the first line of a run and its counts.
    running: bool,
    /// Behind the line that names a failure.
    in_failure: bool,
    /// The failed test, whose message follows.
    failed: Option<TestCase>,
    /// Behind the title of errors that no test caught.
    unhandled: bool,
    /// Whether a file failed, perhaps before any of its tests ran.
    files_failed: bool,
    /// The counts, waiting for the time that follows them.
    summary: Option<TestSummary>,
}

static COUNT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(\d+) (failed|passed|skipped|todo)"));
static DURATION: LazyLock<Regex> = LazyLock::new(|| pattern(r" ([\d.]+)(ms|s)$"));

impl Dialect for Vitest {
    const NAME: &'static str = "vitest";
    const LITERALS: &'static [&'static str] = &[
        " RUN  v", "⎯⎯ Failed ", "⎯⎯ Unhandled ", " Test Files  ", "No test files found, exiting with code",
    ];

    fn awake(&self) -> bool {
        self.running
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text.trim_start();
        if text.starts_with("RUN  v") && line.text.len() > text.len() {
            *self = Self { running: true, ..Self::default() };
            report.framework("vitest");
            report.claim();
        } else if text.starts_with('⎯') {
            self.running = true;
            self.bar(text, report);
        } else if text.starts_with("Test Files  ") {
            self.running = true;
            self.stop(report);
            self.files_failed = text.contains(" failed");
            report.claim();
        } else if self.running {
            self.inside(text, report);
        } else if text.starts_with("No test files found, exiting with code 1") {
            report.error(Severity::Error, Reason::Configuration, text);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.stop(report);
        self.close(None, report);
    }
}

impl Vitest {
    /// `⎯⎯⎯ Failed Tests 1 ⎯⎯⎯`, or the end of a failure.
    fn bar(&mut self, text: &str, report: &mut Report<'_>) {
        self.stop(report);
        self.unhandled = text.contains(" Unhandled ");
        report.claim();
    }

    fn stop(&mut self, report: &mut Report<'_>) {
        self.in_failure = false;
        report.tell_pending(&mut self.failed);
    }

    fn inside(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(name) = text.strip_prefix("FAIL  ") {
            self.failure(name.trim_start(), report);
        } else if self.in_failure {
            self.details(text, report);
        } else if self.unhandled && !text.is_empty() {
            self.unhandled = false;
            // The next line is a note or the error itself, and the rest its frames.
            self.in_failure = true;
            report.error(Severity::Error, Reason::Exception, text);
        } else if let Some(counts) = text.strip_prefix("Tests  ") {
            self.summary = Some(TestSummary { line: report.line.number, ..summary(counts) });
            report.claim();
        } else if text.starts_with("Duration  ") && self.summary.is_some() {
            self.close(Some(text), report);
        } else {
            case(text, report);
        }
    }

    /// `src/cart.test.ts > Cart > removes`, or `src/cart.test.ts [ src/cart.test.ts ]` for a file
    /// that could not be run.
    fn failure(&mut self, name: &str, report: &mut Report<'_>) {
        self.stop(report);
        self.in_failure = true;
        // A project stands before the file.
        let (path, result) = match name.split_once(" [ ") {
            Some((file, _)) => (file, TestOutcome::Error),
            None => (name, TestOutcome::Fail),
        };
        let file = path.split(" > ").next().unwrap_or(path);
        let project = file.rfind(' ').map_or(0, |blank| blank + 1);
        self.failed = Some(report.case("vitest", &path[project..], Some(&file[project..]), result));
        report.error(Severity::Error, Reason::Assertion, name);
    }

    /// Everything up to the place in the source belongs to the failure.
    fn details(&mut self, text: &str, report: &mut Report<'_>) {
        if text.is_empty() {
            report.hold();
            report.claim();
        } else if text.starts_with("❯ ") {
            self.stop(report);
            report.join();
            report.extend();
        } else {
            report.tell_line(&mut self.failed, text);
            report.claim();
        }
    }

    fn close(&mut self, duration: Option<&str>, report: &mut Report<'_>) {
        let Some(mut summary) = self.summary.take() else { return };
        summary.duration_s = duration.and_then(|text| {
            let time = text.strip_prefix("Duration  ")?.split(' ').next()?;
            match time.strip_suffix("ms") {
                Some(ms) => ms.parse::<f64>().ok().map(|ms| ms / 1000.0),
                None => time.strip_suffix('s')?.parse().ok(),
            }
        });
        let failed = summary.failed > 0 || self.files_failed;
        report.failed_if(failed);
        report.claim();
        report.summary(summary);
        *self = Self::default();
    }
}

/// `✓ src/cart.test.ts > Cart > adds 32ms`, of the verbose reporter; failed tests are told below.
fn case(text: &str, report: &mut Report<'_>) {
    let Some(mark) = text.chars().next() else { return };
    let result = match mark {
        '✓' => TestOutcome::Pass,
        '↓' => TestOutcome::Skip,
        _ => return,
    };
    let name = text[mark.len_utf8()..].trim();
    let name = name.strip_suffix(" [skipped]").unwrap_or(name);
    let Some((file, _)) = name.split_once(" > ").filter(|(file, _)| file.contains('.')) else {
        return;
    };
    let project = file.rfind(' ').map_or(0, |blank| blank + 1);
    let (file, name) = (&file[project..], &name[project..]);
    let duration = DURATION.captures(name);
    let name = duration.as_ref().map_or(name, |found| &name[..name.len() - found[0].len()]);
    let mut test = report.case("vitest", name, Some(file), result);
    test.duration_s = duration.and_then(|found| {
        let number: f64 = found[1].parse().ok()?;
        Some(if &found[2] == "ms" { number / 1000.0 } else { number })
    });
    report.tell_test(test);
    report.claim();
}

fn summary(text: &str) -> TestSummary {
    let mut summary = TestSummary { framework: "vitest".to_owned(), ..TestSummary::default() };
    for count in COUNT.captures_iter(text) {
        let number: u64 = count[1].parse().unwrap_or(0);
        match &count[2] {
            "failed" => summary.failed = number,
            "passed" => summary.passed = number,
            "skipped" => summary.skipped = number,
            _ => {}
        }
    }
    summary.run = summary.passed.saturating_add(summary.failed);
    summary
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_is_told_once_with_its_file_and_what_was_expected() {
        let seen = read(include_str!("../../testdata/vitest.log"));
        assert_eq!(seen.tests, [
            "pass test/cart.test.js test/cart.test.js > Cart > adds",
            "skip test/cart.test.js test/cart.test.js > Cart > full > clears",
            "error test/order.test.js test/order.test.js",
            "fail test/cart.test.js test/cart.test.js > Cart > full > removes",
        ]);
        assert_eq!(seen.summaries, ["vitest 2 run 1 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["14-16 vitest assertion", "28-37 vitest assertion"]);
        assert_eq!(seen.result, "failed");
    }
}
