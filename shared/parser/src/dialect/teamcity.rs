//! TeamCity's service messages, which test runners of all kinds print for its server:
//! `##teamcity[testFailed name='a' message='expected |'1|'' details='…' flowId='1']`
//! (jetbrains.com/help/teamcity/service-messages.html). `|` escapes: `|'`, `|n`, `|r`, `||`, `|[`, `|]`,
//! `|0x00E4`.

use logmill_model::{Outcome, Reason, RecordKind, Severity, TestCase, TestOutcome, TestSummary};
use serde::{Deserialize, Serialize};

use super::Dialect;
use crate::report::{Line, Report};
use crate::steps::Nesting;
use crate::text::cut;

const FRAMEWORK: &str = "teamcity";
const BEGIN: &str = "##teamcity[";
/// How many tests may run at once, suites and blocks lie one in another.
const MAX_RUNNING: usize = 64;
const MAX_OPEN: usize = 32;
/// The longest value that is kept, in bytes.
const MAX_VALUE: usize = 300;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Teamcity {
    /// The suites that are open.
    suites: Vec<String>,
    /// Tests that have failed or were left out and have not finished yet.
    running: Vec<Running>,
    /// What the tests came to since the outermost suite began.
    run: u64,
    failed: u64,
    skipped: u64,
    milliseconds: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Running {
    case: TestCase,
    flow: String,
}

impl Dialect for Teamcity {
    const NAME: &'static str = "teamcity";
    const LITERALS: &'static [&'static str] = &[BEGIN];

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let Some(message) = Message::read(line.text) else { return };
        report.kind(RecordKind::Marker);
        match message.name {
            "testSuiteStarted" => self.begin_suite(&message),
            "testSuiteFinished" => self.end_suite(report),
            "testFailed" => self.note(&message, TestOutcome::Fail, report),
            "testIgnored" => self.note(&message, TestOutcome::Skip, report),
            "testFinished" => self.finish(&message, report),
            "blockOpened" => report.open_step(&message.value("name"), Nesting::Group),
            "blockClosed" => _ = report.end_named(&message.value("name"), Some(Outcome::Unknown), None),
            "buildProblem" => {
                let text = message.value("description");
                report.error(Severity::Error, Reason::Summary, &text);
                report.verdict(Outcome::Failed);
            }
            "message" if message.value("status") == "ERROR" => {
                report.error(Severity::Error, Reason::Other, &message.value("text"));
            }
            _ => {}
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.summarize(report);
    }
}

impl Teamcity {
    fn begin_suite(&mut self, message: &Message<'_>) {
        if self.suites.len() < MAX_OPEN {
            self.suites.push(message.value("name"));
        }
    }

    fn end_suite(&mut self, report: &mut Report<'_>) {
        self.suites.pop();
        if self.suites.is_empty() {
            self.summarize(report);
        }
    }

    /// A test failed or was left out; that it finished is still to come, but of some runners not.
    fn note(&mut self, message: &Message<'_>, result: TestOutcome, report: &mut Report<'_>) {
        let text = message.value("message");
        if result == TestOutcome::Fail {
            report.error(Severity::Error, Reason::Assertion, &text);
            report.verdict(Outcome::Failed);
        }
        if self.running.len() >= MAX_RUNNING {
            let oldest = self.running.remove(0);
            self.tell(oldest, None, report);
        }
        let mut case = self.case(message, result, report);
        case.message = Some(text).filter(|text| !text.is_empty());
        self.running.push(Running { case, flow: message.value("flowId") });
    }

    fn case(
        &self,
        message: &Message<'_>,
        result: TestOutcome,
        report: &mut Report<'_>,
    ) -> TestCase {
        let suite = self.suites.last().map(String::as_str);
        report.case(FRAMEWORK, &message.value("name"), suite, result)
    }

    fn finish(&mut self, message: &Message<'_>, report: &mut Report<'_>) {
        let (name, flow) = (message.value("name"), message.value("flowId"));
        let known = self.running.iter().position(|test| test.case.name == name && test.flow == flow);
        let test = match known {
            Some(at) => self.running.remove(at),
            None => Running { case: self.case(message, TestOutcome::Pass, report), flow },
        };
        let milliseconds = message.value("duration").parse::<u32>().ok();
        self.tell(test, milliseconds, report);
    }

    fn tell(&mut self, test: Running, milliseconds: Option<u32>, report: &mut Report<'_>) {
        match test.case.result {
            TestOutcome::Skip => self.skipped += 1,
            TestOutcome::Pass => self.run += 1,
            _ => (self.run, self.failed) = (self.run + 1, self.failed + 1),
        }
        self.milliseconds += u64::from(milliseconds.unwrap_or(0));
        let duration_s = milliseconds.map(|milliseconds| f64::from(milliseconds) / 1000.0);
        report.tell_test(TestCase { duration_s, ..test.case });
    }

    #[allow(clippy::cast_precision_loss, reason = "milliseconds of a build stay far below 2^52")]
    fn summarize(&mut self, report: &mut Report<'_>) {
        for test in std::mem::take(&mut self.running) {
            self.tell(test, None, report);
        }
        if self.run + self.skipped > 0 {
            report.summary(TestSummary {
                framework: FRAMEWORK.to_owned(),
                run: self.run,
                passed: self.run - self.failed,
                failed: self.failed,
                skipped: self.skipped,
                duration_s: Some(self.milliseconds as f64 / 1000.0),
                ..TestSummary::default()
            });
            if self.failed == 0 {
                report.verdict(Outcome::Success);
            }
        }
        *self = Self::default();
    }
}

/// A service message.
struct Message<'a> {
    name: &'a str,
    attributes: &'a str,
}

impl<'a> Message<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (_, rest) = text.split_once(BEGIN)?;
        let (name, attributes) = rest.split_once(' ').unwrap_or((rest.trim_end_matches(']'), ""));
        Some(Self { name, attributes })
    }

    /// An attribute's value without its escapes; empty where there is none.
    fn value(&self, key: &str) -> String {
        let mut rest = self.attributes;
        while let Some((name, behind)) = rest.split_once("='") {
            let end = end_of_value(behind);
            if name.trim() == key {
                return unescaped(&behind[..end]);
            }
            rest = behind.get(end + 1..).unwrap_or("");
        }
        String::new()
    }
}

/// Where the quote stands that ends a value.
fn end_of_value(text: &str) -> usize {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'\'' && !escaped;
        escaped = byte == b'|' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        if text.len() >= MAX_VALUE {
            break;
        }
        if character != '|' {
            text.push(character);
            continue;
        }
        match characters.next() {
            Some('n' | 'r' | 'l' | 'p' | 'x') => text.push('\n'),
            Some('0') => {
                let code: String = characters.by_ref().skip(1).take(4).collect();
                text.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
            }
            Some(other) => text.push(other),
            None => {}
        }
    }
    cut(text.lines().next().unwrap_or(""), MAX_VALUE).to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::read;

    const LOG: &str = include_str!("../../testdata/teamcity.log");

    #[test]
    fn tests_of_service_messages_are_counted_by_their_results() {
        let seen = read(LOG);
        assert_eq!(
            seen.tests,
            ["pass shop adds", "fail shop it's [1]", "skip shop later", "fail shop never finishes"]
        );
        assert_eq!(seen.summaries, ["teamcity 3 run 1 passed 2 failed 1 skipped"]);
        assert_eq!(seen.steps, ["1-10 unknown setup"]);
        assert_eq!(seen.result, "failed");
        assert!(seen.errors.iter().any(|error| error.ends_with("expected '1' but was ä")));
    }

    #[test]
    fn a_forged_message_is_read_as_far_as_it_goes() {
        let seen = read("##teamcity[testFinished name='a|\n##teamcity[\n##teamcity[testFinished\n");
        assert_eq!(seen.tests, ["pass - a", "pass - "]);
    }
}
