//! PHPUnit and Pest: the numbered list of what failed, testdox's marks, the totals.
//!
//! `OK (5 tests, 9 assertions)`, or `Tests: 5, Assertions: 9, Failures: 1, Skipped: 1.` behind
//! `FAILURES!`, `ERRORS!` or `OK, but …`; Pest and Laravel write `Tests:  1 failed, 5 passed (9
//! assertions)`.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Dialect, counts};
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Phpunit {
    /// Whether PHPUnit has said that it runs.
    running: bool,
    /// What the list at hand holds.
    list: Option<List>,
    /// In the message of a failure, whose last lines were empty so many times.
    in_message: Option<u8>,
    /// Whether single tests are told by testdox, and the class whose tests follow.
    testdox: bool,
    class: Option<String>,
    duration_s: Option<f64>,
    /// Pest's counts, waiting for the time that follows them.
    summary: Option<TestSummary>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum List {
    Errors,
    Failures,
    /// Skipped tests, warnings, risky ones.
    Others,
}

static LIST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^There (?:was|were) \d+ (?:PHPUnit (?:test runner )?)?(error|failure|skipped test|incomplete test|risky test|warning|notice|deprecation)s?:$"));
static ENTRY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\d+\) ([A-Za-z_][\w\\]*)::(\w.*)$"));
static OK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^OK \((\d+) tests?, \d+ assertions?\)$"));
static TOTALS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^Tests: \d+, Assertions: \d+(?:, [A-Za-z ]+: \d+)*\.?$"));
static PEST_TOTALS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s+Tests:\s+(\d+ .+?) \(\d+ assertions?\)\s*$"));
static PEST_FAILED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s+(?:FAILED|•)\s+([A-Z][\w\\]*) > (.+?)\s*(?: [A-Z]\w+)?$"));
static DURATION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\s+(?:\[)?([\d.]+) ?(ms|s)\]?\s*$"));

impl Dialect for Phpunit {
    const NAME: &'static str = "phpunit";
    const LITERALS: &'static [&'static str] = &[
        "PHPUnit ", " assertion", "Assertions: ", "  PASS  ", "  FAIL  ", "  WARN  ", "  FAILED  ", "There was ",
        "There were ",
    ];

    fn awake(&self) -> bool {
        self.running || self.class.is_some() || self.in_message.is_some() || self.summary.is_some()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if let Some(empty) = self.in_message
            && self.message(text, empty, report)
        {
            return;
        }
        if text.starts_with("PHPUnit ") && text.contains(" by Sebastian Bergmann") {
            *self = Self { running: true, ..Self::default() };
            report.framework("phpunit");
        } else if let Some(ok) = text.starts_with("OK (").then(|| OK.captures(text)).flatten() {
            let run = ok[1].parse().unwrap_or(0);
            self.total(TestSummary { run, passed: run, ..TestSummary::default() }, report);
        } else if text.starts_with("Tests: ") && TOTALS.is_match(text) {
            self.totals(text, report);
        } else if let Some(totals) = text.contains("assertion").then(|| PEST_TOTALS.captures(text)).flatten() {
            self.summary = Some(pest(&totals[1]));
        } else if self.summary.is_some() {
            self.pest_end(text, report);
        } else if let Some(list) = text.ends_with(':').then(|| LIST.captures(text)).flatten() {
            self.list = Some(match &list[1] {
                "error" => List::Errors,
                "failure" => List::Failures,
                _ => List::Others,
            });
        } else if let Some(time) = text.strip_prefix("Time: ") {
            self.duration_s = counts::seconds(time.split(',').next().unwrap_or(time));
        } else if let Some(list) = self.list {
            self.entry(list, text, report);
        } else {
            self.pest(text, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.pest_end("", report);
    }
}

impl Phpunit {
    /// `1) CartTest::testAdds with data set #0 (1, 2)`, then the message.
    fn entry(&mut self, list: List, text: &str, report: &mut Report<'_>) {
        let Some(entry) = text.contains("::").then(|| ENTRY.captures(text)).flatten() else { return };
        let (class, name) = (&entry[1], &entry[2]);
        let (result, reason) = match list {
            List::Errors => (TestOutcome::Error, Reason::Exception),
            List::Failures => (TestOutcome::Fail, Reason::Assertion),
            List::Others => return,
        };
        if !self.testdox {
            report.tell_case(&Case { class: Some(class), ..Case::new("phpunit", name, result) });
        }
        report.error(Severity::Error, reason, text);
        self.in_message = Some(0);
    }

    /// The message reaches to the project's file behind an empty line.
    fn message(&mut self, text: &str, empty: u8, report: &mut Report<'_>) -> bool {
        if text.is_empty() && empty < 2 {
            self.in_message = Some(empty + 1);
            report.hold();
            return true;
        }
        let trimmed = text.trim_start();
        let ends = trimmed.is_empty()
            || ENTRY.is_match(text)
            || text == "--"
            || text.ends_with("S!")
            || trimmed.starts_with("Tests:")
            || trimmed.starts_with("at ");
        if ends {
            self.in_message = None;
            return false;
        }
        report.join();
        report.extend();
        if empty > 0 && text.starts_with('/') {
            self.in_message = None;
        }
        true
    }

    fn totals(&mut self, text: &str, report: &mut Report<'_>) {
        let count = |word| counts::after(text, word);
        let skipped = count("Skipped") + count("Incomplete");
        let failed = count("Failures") + count("Errors");
        let run = count("Tests").saturating_sub(skipped);
        let passed = run.saturating_sub(failed);
        self.total(TestSummary { run, passed, failed, skipped, ..TestSummary::default() }, report);
    }

    fn total(&mut self, summary: TestSummary, report: &mut Report<'_>) {
        report.claim();
        report.failed_if(summary.failed > 0);
        let framework = if summary.framework.is_empty() { "phpunit".to_owned() } else { summary.framework };
        let duration_s = summary.duration_s.or(self.duration_s);
        report.summary(TestSummary { framework, duration_s, ..summary });
        *self = Self::default();
    }

    /// `   PASS  Tests\Unit\CartTest`, `  ✓ adds items  0.02s`, testdox's ` ✔ Adds items`.
    fn pest(&mut self, text: &str, report: &mut Report<'_>) {
        let trimmed = text.trim();
        let header = ["PASS  ", "FAIL  ", "WARN  "].iter().find_map(|head| trimmed.strip_prefix(head));
        if let Some(class) = header.filter(|class| is_class(class.trim())) {
            self.class = Some(cut(class.trim(), 200).to_owned());
        } else if let Some(failed) = text.contains(" > ").then(|| PEST_FAILED.captures(text)).flatten() {
            report.error(Severity::Error, Reason::Assertion, &failed[2]);
            self.in_message = Some(0);
        } else if self.class.is_some() || self.running {
            self.mark(trimmed, report);
        }
    }

    fn mark(&mut self, text: &str, report: &mut Report<'_>) {
        let Some((mark, name)) = text.split_once(' ') else { return };
        let result = match mark {
            "✓" | "✔" => TestOutcome::Pass,
            "⨯" | "✘" => TestOutcome::Fail,
            "-" if self.class.is_some() && !self.running => TestOutcome::Skip,
            "↩" | "∅" => TestOutcome::Skip,
            _ if self.running && text.contains(" (") && text.ends_with(')') => return self.testdox_class(text),
            _ => return,
        };
        self.testdox |= self.running;
        let framework = if self.running { "phpunit" } else { "pest" };
        let duration = DURATION.captures(name);
        let name = duration.as_ref().map_or(name, |found| &name[..name.len() - found[0].len()]);
        let duration_s = duration.and_then(|found| counts::seconds(&format!("{}{}", &found[1], &found[2])));
        let class = self.class.as_deref();
        report.tell_case(&Case { class, duration_s, ..Case::new(framework, name.trim(), result) });
        report.claim();
    }

    /// `Cart (App\Tests\Cart)`
    fn testdox_class(&mut self, text: &str) {
        let class = text.rsplit_once('(').map_or("", |(_, class)| class.trim_end_matches(')'));
        if is_class(class) {
            self.class = Some(cut(class, 200).to_owned());
        }
    }

    fn pest_end(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(mut summary) = self.summary.take() else { return };
        let time = text.trim().strip_prefix("Duration:");
        summary.duration_s = time.and_then(counts::seconds);
        self.total(summary, report);
    }
}

fn is_class(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'\\')
}

fn pest(totals: &str) -> TestSummary {
    let count = |word| counts::before(totals, word);
    let (passed, failed) = (count("passed") + count("warning") + count("risky"), count("failed"));
    TestSummary {
        framework: "pest".to_owned(),
        run: passed + failed,
        passed,
        failed,
        skipped: count("skipped") + count("todo") + count("incomplete"),
        ..TestSummary::default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn what_failed_is_named_and_explained_up_to_the_project_s_line() {
        let seen = read(include_str!("../../testdata/phpunit.log"));
        assert_eq!(seen.tests, ["error CartTest testPays", "fail CartTest testAdds with data set #0 (1, 2)"]);
        assert_eq!(seen.errors.len(), 2);
        assert_eq!(seen.explanation, ["18-21 phpunit assertion"]);
        assert_eq!(seen.summaries, ["phpunit 4 run 2 passed 2 failed 1 skipped"]);
    }

    #[test]
    fn runs_that_passed_and_testdox_are_read() {
        let seen = read("OK (5 tests, 9 assertions)\n");
        assert_eq!((seen.summaries.join(""), seen.result), ("phpunit 5 run 5 passed 0 failed 0 skipped".to_owned(), "success"));
        let seen = read(
            "PHPUnit 10.5.1 by Sebastian Bergmann and contributors.\n\nCart (App\\Tests\\Cart)\n ✔ Adds items  3 ms\n ✘ Removes items\n   │\n\n\
             There was 1 failure:\n\n1) App\\Tests\\Cart::testRemoves\nFailed asserting that 1 is 0.\n\n/app/a.php:3\n\nFAILURES!\nTests: 2, Assertions: 2, Failures: 1.\n",
        );
        assert_eq!(seen.tests, ["pass App\\Tests\\Cart Adds items", "fail App\\Tests\\Cart Removes items"]);
    }

    #[test]
    fn pest_s_tests_are_read() {
        let seen = read(
            "   FAIL  Tests\\Unit\\CartTest\n  ✓ it adds                    0.02s\n  ⨯ it removes\n  - it waits\n  ──────\n\
             \x20  FAILED  Tests\\Unit\\CartTest > it removes\n  Failed asserting that 1 is 0.\n\n\n\
             \x20 Tests:    1 failed, 1 skipped, 1 passed (2 assertions)\n  Duration: 0.12s\n",
        );
        assert_eq!(seen.tests, [
            "pass Tests\\Unit\\CartTest it adds",
            "fail Tests\\Unit\\CartTest it removes",
            "skip Tests\\Unit\\CartTest it waits"
        ]);
        assert_eq!(seen.summaries, ["pest 2 run 1 passed 1 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["6-7 phpunit assertion"]);
    }
}
