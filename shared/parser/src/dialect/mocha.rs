//! Mocha, by any of its reporters: the counts, the list of failures, and of `spec` the single tests.
//!
//! Every reporter for people ends in `12 passing (3s)`, `2 pending`, `1 failing` and a numbered list,
//! in which a failure's name is the path of its titles, one below the other, up to a colon; its
//! message follows, less indented (mochajs.org, "Reporters"). Cypress prints a run like this for
//! each of its files. `spec` prints a test behind `✓`, `1)` or `-`, indented below its suites; other
//! tools do so too, therefore such lines count only where Mocha is known to run.

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestCase, TestOutcome, TestSummary};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Dialect;
use super::titles::Titles;
use crate::pattern::pattern;
use crate::report::{Line, Report};
use crate::text::cut;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Mocha {
    /// Whether a command that runs Mocha was seen, and the suites of the next test.
    heard: bool,
    titles: Titles,
    /// The counts, as long as their lines go on.
    summary: Option<TestSummary>,
    /// The list of failures.
    list: List,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct List {
    /// Failures that are still to come.
    left: u64,
    /// The number of the last one.
    number: u64,
    /// The name of the failure at hand, as long as its titles go on, and the indentation of the next.
    name: Option<(String, usize)>,
    /// In the message of a failure.
    in_message: bool,
}

/// The longest name of a test, in bytes.
const MAX_NAME: usize = 500;
/// How far the second title of a failure is indented; a message is by less.
const FIRST_NESTED: usize = 7;

static PASSING: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:[✓✔√] )?(\d+) (?:passing|tests? complete) \(([\d.]+) ?(ms|s|m|h|d)\w*\)$"));
static COUNT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*(?:[•✖×] )?(\d+)(?: of \d+ tests)? (pending|failing|failed|tests? pending):?$"));
static DURATION: LazyLock<Regex> = LazyLock::new(|| pattern(r" \((\d+)ms\)$"));

impl Dialect for Mocha {
    const NAME: &'static str = "mocha";
    const LITERALS: &'static [&'static str] =
        &[" passing (", "mocha ", "/mocha", "cypress run", "tests complete (", "test complete ("];

    fn awake(&self) -> bool {
        self.heard || self.summary.is_some() || self.list.left > 0 || self.list.in_message
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.contains(" passing (") || text.contains("complete (") {
            self.passing(text, report);
        } else if self.summary.is_some() {
            self.count(text, report);
        } else if self.list.left > 0 || self.list.in_message {
            self.list.line(text, report);
        } else if self.heard {
            self.spec(text, report);
        } else if is_command(text) {
            self.heard = true;
            if text.contains("cypress run") {
                report.framework("cypress");
            }
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.close(report);
        self.list.tell(None, report);
    }
}

impl Mocha {
    /// `12 passing (3s)`
    fn passing(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(found) = PASSING.captures(text) else { return };
        self.end(report);
        report.claim();
        let passed = found[1].parse().unwrap_or(0);
        let number: f64 = found[2].parse().unwrap_or(0.0);
        let unit = match &found[3] {
            "ms" => 0.001,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => 1.0,
        };
        // 0.305 and not 305 * 0.001, which is a hair more.
        let duration_s = if unit < 1.0 { number / 1000.0 } else { number * unit };
        (self.list, self.titles) = (List::default(), Titles::default());
        self.summary = Some(TestSummary {
            framework: "mocha".to_owned(),
            run: passed,
            passed,
            duration_s: Some(duration_s),
            line: report.line.number,
            ..TestSummary::default()
        });
    }

    /// `2 pending`, `1 failing`; anything else ends the counts.
    fn count(&mut self, text: &str, report: &mut Report<'_>) {
        let Some(found) = COUNT.captures(text) else { return self.close(report) };
        let Some(summary) = &mut self.summary else { return };
        report.claim();
        let number = found[1].parse().unwrap_or(0);
        if found[2].ends_with("pending") {
            summary.skipped = number;
        } else {
            summary.failed = number;
            summary.run = summary.passed.saturating_add(number);
        }
    }

    fn close(&mut self, report: &mut Report<'_>) {
        let Some(summary) = self.summary.take() else { return };
        self.list = List { left: summary.failed, ..List::default() };
        report.failed_if(summary.failed > 0);
        report.summary(summary);
    }

    /// A line of the reporter `spec`.
    fn spec(&mut self, text: &str, report: &mut Report<'_>) {
        let rest = text.trim_start();
        let indent = text.len() - rest.len();
        if rest.is_empty() {
            return;
        }
        if indent == 0 {
            // What is not indented is output of tests; so is a good deal of what is.
            return;
        }
        let mut chars = rest.chars();
        let passed = matches!(chars.next(), Some('✓' | '✔' | '√'));
        let title = if passed { chars.as_str().strip_prefix(' ') } else { None };
        let pending = rest.strip_prefix("- ");
        if let Some(title) = title.or(pending).filter(|_| indent >= 2) {
            let duration = DURATION.captures(title);
            let title = duration.as_ref().map_or(title, |found| &title[..title.len() - found[0].len()]);
            let name = self.titles.path(indent, title, " ");
            let result = if passed { TestOutcome::Pass } else { TestOutcome::Skip };
            if passed || !self.titles.is_empty() {
                let mut test = report.case("mocha", &name, None, result);
                test.duration_s =
                    duration.and_then(|found| found[1].parse::<f64>().ok()).map(|ms| ms / 1000.0);
                report.tell_test(test);
                report.claim();
            }
        } else if indent.is_multiple_of(2) && indent <= 40 && !is_number(rest) {
            self.titles.push(indent, rest);
        }
    }
}

impl List {
    /// A line of the list of failures.
    fn line(&mut self, text: &str, report: &mut Report<'_>) {
        let rest = text.trim_start();
        let indent = text.len() - rest.len();
        if let Some(title) = self.begins(rest, indent) {
            self.tell(None, report);
            self.left -= 1;
            self.number += 1;
            self.in_message = true;
            self.name = Some((cut(title, MAX_NAME).to_owned(), FIRST_NESTED));
            report.error(Severity::Error, Reason::Assertion, title);
        } else if let Some((name, next)) = self.name.as_mut().filter(|(_, next)| *next == indent) {
            *next += 2;
            if name.len() + rest.len() < MAX_NAME {
                name.push(' ');
                name.push_str(rest);
            }
            report.join();
            report.reword(rest);
        } else if self.in_message {
            self.message(rest, report);
        }
    }

    /// `  1) Cart`
    fn begins<'t>(&self, rest: &'t str, indent: usize) -> Option<&'t str> {
        if self.left == 0 || !(1..=4).contains(&indent) {
            return None;
        }
        let (number, title) = rest.split_once(") ")?;
        (number.parse() == Ok(self.number + 1)).then_some(title)
    }

    fn message(&mut self, rest: &str, report: &mut Report<'_>) {
        if rest.is_empty() {
            report.hold();
            report.claim();
            return;
        }
        let first = self.name.is_some();
        self.tell(Some(rest), report);
        if rest.starts_with("at ") {
            self.in_message = false;
            report.claim();
        } else {
            report.join();
            if first {
                report.reword(rest);
            } else {
                report.extend();
            }
        }
    }

    /// Tells the failure at hand: its titles are complete.
    fn tell(&mut self, message: Option<&str>, report: &mut Report<'_>) {
        if let Some((name, _)) = self.name.take() {
            let test = report.case("mocha", &name, None, TestOutcome::Fail);
            let message = message.map(str::to_owned);
            report.tell_test(TestCase { message, ..test });
        }
    }
}

/// `1) removes`
fn is_number(rest: &str) -> bool {
    rest.split_once(')').is_some_and(|(number, _)| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// `> mocha --exit`, `$ nyc mocha`, `node_modules/.bin/mocha test`
fn is_command(text: &str) -> bool {
    let command = text.starts_with(['>', '$', '+']) || text.starts_with("[command]");
    command
        && text.split([' ', '\t']).any(|word| {
            matches!(word, "mocha" | "_mocha" | "cypress" | "electron-mocha" | "ts-mocha")
                || word.ends_with("/mocha")
                || word.ends_with("/_mocha")
        })
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    #[test]
    fn a_failure_has_the_path_of_its_titles_as_its_name_and_its_message_explains_it() {
        let seen = read(include_str!("../../testdata/mocha.log"));
        assert_eq!(seen.tests, [
            "pass - Cart adds",
            "skip - Cart clears",
            "fail - Cart when full removes:",
            "fail - Cart \"before all\" hook:",
        ]);
        assert_eq!(seen.summaries, ["mocha 3 run 1 passed 2 failed 1 skipped"]);
        assert_eq!(seen.explanation, ["19-27 mocha assertion", "32-34 mocha assertion"]);
        assert_eq!(seen.result, "failed");
    }

    #[test]
    fn the_counts_are_found_whatever_the_reporter_and_the_version() {
        let seen = read("\n  ․․․․\n\n  4 passing (305ms)\n\n");
        assert_eq!(seen.summaries, ["mocha 4 run 4 passed 0 failed 0 skipped"]);
        let seen = read("  ✔ 4 tests complete (12 ms)\n  • 1 test pending\n");
        assert_eq!(seen.summaries, ["mocha 4 run 4 passed 0 failed 1 skipped"]);
        let seen = read("  0 passing (2m)\n  1 failing\n\n  1) Cart removes:\n     Error: full\n");
        assert_eq!(seen.summaries, ["mocha 1 run 0 passed 1 failed 0 skipped"]);
        assert_eq!(seen.tests, ["fail - Cart removes:"]);
    }
}
