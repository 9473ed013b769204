//! `go test`: text, `-v` and `-json`; benchmarks; gotestsum's list of failures and totals.
//!
//! Without `-v` only failed tests are named, and their messages follow, indented by four more than
//! the `--- FAIL` line; with `-v` they stand before it, behind `=== RUN`. `-json` (go doc test2json)
//! has one object for each line of that and for each result; those of several packages alternate. A
//! test that was announced and has no result when its package ends could not be run to its end.

mod json;
mod lines;

use std::sync::LazyLock;

use logmill_model::{Reason, Severity, TestOutcome, TestSummary};
use regex::{Captures, Regex};
use serde::{Deserialize, Serialize};

use self::json::Json;
use super::{Dialect, captured};
use crate::errors::PastBlock;
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

const FRAMEWORK: &str = "go";

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct GoTest {
    /// The package whose text is read.
    package: Package,
    /// Tests that were announced and have not ended.
    open: Opens,
    /// What the tests logged that have not ended.
    logged: Logs,
    /// What failed tests logged: a panic behind them would tell more.
    waiting: Vec<PastBlock>,
    /// The test that is running, where tests are announced.
    running: Option<String>,
    /// Whether the last line was logged by a test, so that an indented one goes on with it.
    in_message: bool,
    block: Option<Block>,
    /// The line of the last test that failed with its subtests.
    failed_at: u64,
    json: Json,
    /// Whether tests were told since gotestsum's last totals.
    told: bool,
    /// In gotestsum's list of what failed.
    listing: bool,
}

/// A block of lines that is open.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
enum Block {
    /// Behind `--- FAIL`: messages may follow.
    Failure,
    /// Behind `panic: test timed out`: the tests that were running follow.
    Timeout,
    /// A report of the race detector.
    Race,
}

/// What is known of a package before it ends.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Package {
    /// Tells packages apart that run at once; 0 is that of the text.
    id: u32,
    counts: Counts,
    /// The benchmark told last: with `-count` it has several lines.
    benchmark: Option<String>,
    /// Why the whole package ended.
    panic: Option<String>,
    /// Whether a test failed that ran specs of another framework, which were told.
    specs_failed: bool,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Opens(Vec<Open>);

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Open {
    package: u32,
    name: String,
    line: u64,
}

/// What tests logged that have not ended yet. Whether it is an error is known when the test ends.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Logs(Vec<Logged>);

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Logged {
    package: u32,
    test: String,
    block: PastBlock,
}

/// How many of them are kept.
const MAX_LOGGED: usize = 8;
/// The most bytes of the names of all open tests, and of one.
const MAX_OPEN: usize = 4096;
const MAX_NAME: usize = 120;

static CASE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^--- (PASS|FAIL|SKIP|BENCH): ((?:Test|Benchmark|Example|Fuzz)\S*)(?: \(([\d.]+)(?:s| seconds)\))?$"));
static PACKAGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(ok  |FAIL|\?   )(?:\t| {2,})(\S+)(?:\s+(?:([\d.]+)s|\(cached\)|\[([a-z ]+)\]))(?:\s|$)"));
static BENCHMARK: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(Benchmark\S*?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op\b"));
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^=== (FAIL|SKIP): (\S+) (\S*)(?: \(re-run \d+\))? \(([\d.]+)s\)$"));
static DONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^DONE (?:\d+ runs, )?(\d+) tests?(?:, (\d+) skipped)?(?:, (\d+) failures?)?(?:, (\d+) errors?)? in ([\d.]+)s$"));

impl Dialect for GoTest {
    const NAME: &'static str = "go";
    const LITERALS: &'static [&'static str] = &[
        "--- FAIL: ", "--- PASS: ", "--- SKIP: ", "--- BENCH: ", "=== RUN", "=== CONT", "=== NAME", "=== FAIL: ",
        "=== SKIP: ", "FAIL\t", "ok  \t", "FAIL    ", "ok      ", ".go:", "panic: ", " ns/op", "WARNING: DATA RACE",
        "\"Action\":\"", "DONE ",
    ];

    fn awake(&self) -> bool {
        self.block.is_some() || self.in_message || !self.waiting.is_empty()
    }

    fn line(&mut self, line: Line<'_>, report: &mut Report<'_>) {
        let text = line.text;
        if text.starts_with('{') && text.contains("\"Action\":\"") && self.json(line, report) {
            return;
        }
        if !text.is_empty() && !text.trim_start().starts_with("--- ") {
            self.settle(text, report);
        }
        if let Some(announced) = text.strip_prefix("=== ") {
            self.announced(announced, line.number, report);
        } else if let Some(case) = self.case_of(text) {
            self.case(&case, report);
        } else if let Some(package) = captured(&PACKAGE, text, "  ").or_else(|| captured(&PACKAGE, text, "\t")) {
            self.package(&package, report);
        } else if self.block.is_some() && self.inside(text, report) {
            // Read.
        } else if self.running.is_some() && self.message(line, report) {
            // Kept until the test ends.
        } else if let Some(benchmark) = captured(&BENCHMARK, text, " ns/op") {
            self.told = true;
            self.package.benchmark(&benchmark, report);
        } else if text.starts_with("panic: ") {
            self.panic(text, report);
        } else if text == "WARNING: DATA RACE" && (self.running.is_some() || self.told) {
            self.block = Some(Block::Race);
            report.error(Severity::Error, Reason::Assertion, text);
        } else if let Some(done) = text.starts_with("DONE ").then(|| DONE.captures(text)).flatten() {
            self.done(&done, report);
        }
    }

    fn end(&mut self, report: &mut Report<'_>) {
        self.settle("", report);
        // A test's executable that was run by itself names no package.
        if self.package.panic.is_some() {
            self.package.unfinished(&mut self.open, report);
        }
        self.package.end(None, report);
        self.json.finish(report);
    }
}

impl Opens {
    /// Notes a test that begins; whether there is room for it.
    fn announce(&mut self, package: u32, name: &str, line: u64) -> bool {
        let name = cut(name, MAX_NAME);
        let held: usize = self.0.iter().map(|open| open.name.len()).sum();
        let has_room = held + name.len() <= MAX_OPEN;
        if has_room {
            self.0.push(Open { package, name: name.to_owned(), line });
        }
        has_room
    }

    fn place(&self, package: u32, name: &str) -> Option<usize> {
        let name = cut(name, MAX_NAME);
        self.0.iter().rposition(|open| open.package == package && open.name == name)
    }

    fn close(&mut self, package: u32, name: &str) {
        if let Some(at) = self.place(package, name) {
            self.0.remove(at);
        }
    }

    fn take(&mut self, package: u32) -> Vec<Open> {
        let (its, others) = std::mem::take(&mut self.0).into_iter().partition(|open| open.package == package);
        self.0 = others;
        its
    }
}

impl Counts {
    fn any(self) -> bool {
        self.passed + self.failed + self.skipped > 0
    }
}

impl Package {
    /// Tells a test and counts it.
    fn case(&mut self, case: &Case<'_>, report: &mut Report<'_>) {
        match case.result {
            TestOutcome::Pass => self.counts.passed += 1,
            TestOutcome::Skip => self.counts.skipped += 1,
            _ => self.counts.failed += 1,
        }
        let parent = case.name.rsplit_once('/').map(|(parent, _)| parent);
        report.tell_case(&Case { class: case.class.or(parent), ..*case });
    }

    fn benchmark(&mut self, benchmark: &Captures<'_>, report: &mut Report<'_>) {
        let name = &benchmark[1];
        if self.benchmark.as_deref() == Some(cut(name, MAX_NAME)) {
            return;
        }
        self.benchmark = Some(cut(name, MAX_NAME).to_owned());
        self.case(&Case::new(FRAMEWORK, name, TestOutcome::Pass), report);
    }

    /// Tells the tests that have no result; whether there are any.
    fn unfinished(&mut self, open: &mut Opens, report: &mut Report<'_>) -> bool {
        let open = open.take(self.id);
        let panic = self.panic.take_if(|_| !open.is_empty());
        for test in &open {
            let case = Case::new(FRAMEWORK, &test.name, TestOutcome::Error);
            let (line, message) = (Some(test.line), panic.as_deref());
            self.case(&Case { line, message, ..case }, report);
        }
        !open.is_empty()
    }

    /// Tells what failed where no test did: the build, or the package as a whole.
    fn failed(&mut self, what: &str, package: &str, report: &mut Report<'_>) {
        let panic = self.panic.take();
        let class = Some(package);
        let case = Case::new(FRAMEWORK, what, TestOutcome::Error);
        self.case(&Case { class, message: panic.as_deref(), ..case }, report);
    }

    /// Tells what the package came to.
    fn end(&mut self, duration_s: Option<f64>, report: &mut Report<'_>) {
        let Counts { passed, failed, skipped } = self.counts;
        *self = Self { id: self.id, ..Self::default() };
        // What Go's tools call tests holds the skipped ones.
        let run = passed + failed + skipped;
        if run > 0 {
            let framework = FRAMEWORK.to_owned();
            report.summary(TestSummary { framework, run, passed, failed, skipped, duration_s, line: 0 });
        }
    }
}

impl GoTest {
    fn package(&mut self, package: &Captures<'_>, report: &mut Report<'_>) {
        let (failed, name) = (&package[1] == "FAIL", &package[2]);
        (self.block, self.in_message, self.running) = (None, false, None);
        self.logged.0.retain(|logged| logged.package != 0);
        report.build_tool("go");
        if self.package.counts.any() || !self.package.specs_failed {
            report.framework(FRAMEWORK);
        }
        report.findings.specs = None;
        report.claim();
        report.failed_if(failed);
        let what = package.get(4).map(|found| found.as_str());
        let known = matches!(what, Some("build failed" | "setup failed"));
        let unfinished = !known && self.package.unfinished(&mut self.open, report);
        if failed && known {
            self.package.failed(&format!("[{}]", what.unwrap_or_default()), name, report);
        } else if failed && self.package.counts.failed == 0 && !unfinished && !self.package.specs_failed {
            self.package.failed("Failure", name, report);
        }
        let seconds = package.get(3).and_then(|found| found.as_str().parse().ok());
        self.package.end(seconds, report);
    }

    /// gotestsum's totals, which count where nothing else did.
    fn done(&mut self, done: &Captures<'_>, report: &mut Report<'_>) {
        let number = |group: usize| done.get(group).map_or(0, |found| found.as_str().parse().unwrap_or(0));
        let (run, skipped, failed) = (number(1), number(2), number(3) + number(4));
        if !std::mem::take(&mut self.told) {
            report.summary(TestSummary {
                framework: FRAMEWORK.to_owned(),
                run,
                passed: run.saturating_sub(skipped + failed),
                failed,
                skipped,
                duration_s: done[5].parse().ok(),
                line: 0,
            });
        }
        self.listing = false;
        report.build_tool("go");
        report.failed_if(failed > 0);
    }
}

#[cfg(test)]
mod tests;
