//! The lines of one test: announced, logged, ended.

use logmill_model::{Outcome, Reason, Severity, TestOutcome};
use regex::{Captures, Regex};

use super::{Block, CASE, FRAMEWORK, GoTest, LISTED, LazyLock, Logged, Logs, MAX_LOGGED, MAX_NAME};
use crate::errors::PastBlock;
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

pub(super) static MESSAGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+\S+\.go:\d+: ?"));

/// How many lines the failure of a test and of its subtests may have before the panic.
const MAX_BEFORE_PANIC: u64 = 50;

impl GoTest {
    /// `=== RUN   TestX`, `=== CONT  TestX`, `=== NAME  TestX`, `=== PAUSE TestX`; of gotestsum
    /// `=== FAIL: a/b TestX (0.00s)`.
    pub(super) fn announced(&mut self, announced: &str, line: u64, report: &mut Report<'_>) {
        if announced.starts_with("FAIL: ") || announced.starts_with("SKIP: ") {
            return self.listed(report);
        }
        let mut words = announced.split_whitespace();
        let (what, Some(name)) = (words.next(), words.next()) else { return };
        match what {
            Some("RUN") => {
                let is_kept = self.open.announce(0, name, line);
                report.forget(u64::from(!is_kept));
            }
            Some("CONT" | "NAME" | "PAUSE") => {}
            _ => return,
        }
        self.running = Some(cut(name, MAX_NAME).to_owned());
        (self.block, self.in_message) = (None, false);
        report.framework(FRAMEWORK);
    }

    fn listed(&mut self, report: &mut Report<'_>) {
        let Some(listed) = LISTED.captures(report.line.text) else { return };
        (self.listing, self.block) = (true, None);
        self.running = None;
        report.claim();
        if self.told || listed[3].is_empty() {
            return;
        }
        let failed = &listed[1] == "FAIL";
        let result = if failed { TestOutcome::Fail } else { TestOutcome::Skip };
        let (class, duration_s) = (Some(&listed[2]), listed[4].parse().ok());
        report.tell_case(&Case { class, duration_s, ..Case::new(FRAMEWORK, &listed[3], result) });
        if failed {
            self.block = Some(Block::Failure);
            report.suspect(&listed[0]);
        }
    }

    /// The result of a test. One that stands behind what the test printed counts only if that test
    /// was announced: a test may well print what `go test` prints.
    pub(super) fn case_of<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        let mut begins = text.match_indices("--- ");
        let (before, case) =
            begins.find_map(|(at, _)| Some((&text[..at], CASE.captures(&text[at..])?)))?;
        let alone = before.trim().is_empty() && (case.get(3).is_some() || case[2].starts_with("Benchmark"));
        (alone || self.open.place(0, &case[2]).is_some()).then_some(case)
    }

    pub(super) fn case(&mut self, case: &Captures<'_>, report: &mut Report<'_>) {
        if self.listing {
            return;
        }
        report.claim();
        let name = &case[2];
        let result = match &case[1] {
            // Only its log follows; its result has a line of its own.
            "BENCH" => return,
            "PASS" => TestOutcome::Pass,
            "FAIL" => TestOutcome::Fail,
            _ => TestOutcome::Skip,
        };
        self.told = true;
        let failed = result == TestOutcome::Fail;
        self.open.close(0, name);
        let blocks = self.logged.take(0, name);
        if !name.contains('/') && report.findings.specs.take() == Some(failed) {
            // The specs that it ran were told and counted.
            self.package.specs_failed |= failed;
            (self.in_message, self.block) = (false, None);
            return;
        }
        let message = blocks.last().filter(|_| failed).map(|block| why(block.text()));
        let duration_s = case.get(3).and_then(|found| found.as_str().parse().ok());
        self.package.case(&Case { duration_s, message, ..Case::new(FRAMEWORK, name, result) }, report);
        (self.in_message, self.block) = (false, failed.then_some(Block::Failure));
        if !failed {
            return;
        }
        report.verdict(Outcome::Failed);
        if !report.line.text.starts_with(' ') {
            self.failed_at = report.line.number;
        }
        if blocks.is_empty() {
            // Of a test with subtests the innermost says what is wrong.
            report.suspect(case[0].trim_start());
        }
        self.waiting.extend(blocks);
    }

    /// Tells what failed tests logged, unless a panic at `text` ended them.
    pub(super) fn settle(&mut self, text: &str, report: &mut Report<'_>) {
        if self.waiting.is_empty() {
            return;
        }
        let blocks = std::mem::take(&mut self.waiting);
        if !text.starts_with("panic: ") {
            for block in &blocks {
                report.past_error(block, Severity::Error, Reason::Assertion);
            }
        }
    }

    /// `    cart_test.go:12: got 3, want 4`, and what is indented more below it. Whether the line is
    /// one.
    pub(super) fn message(&mut self, line: Line<'_>, report: &mut Report<'_>) -> bool {
        let test = self.running.as_deref().unwrap_or_default();
        let is_full = self.logged.0.len() >= MAX_LOGGED;
        let read = self.logged.read((0, test), line.number, line.text, self.in_message);
        report.forget(u64::from(is_full && read == Some(true)));
        self.in_message = read.is_some();
        if read == Some(false) {
            report.join();
        }
        if self.in_message {
            report.claim();
        }
        self.in_message
    }

    /// Reads a line of the open block; whether it is one.
    pub(super) fn inside(&mut self, text: &str, report: &mut Report<'_>) -> bool {
        match self.block {
            Some(Block::Failure) if text.contains(".go:") && MESSAGE.is_match(text) => {
                report.join();
                report.confirm(Severity::Error, Reason::Assertion, text);
                true
            }
            Some(Block::Failure) if text.starts_with("    ") || text.starts_with('\t') => {
                report.join();
                report.extend();
                true
            }
            Some(Block::Timeout) if text == "running tests:" || text.starts_with('\t') => {
                report.join();
                report.extend();
                true
            }
            Some(Block::Race) if text.is_empty() => {
                report.hold();
                true
            }
            Some(Block::Race) if !text.starts_with("=======") => {
                report.join();
                report.extend();
                true
            }
            _ => {
                self.block = None;
                false
            }
        }
    }

    /// A panic ends the package; the dialect of stack traces tells it, but for a timeout.
    pub(super) fn panic(&mut self, text: &str, report: &mut Report<'_>) {
        self.package.panic = Some(cut(text, 300).to_owned());
        self.running = None;
        if self.failed_at > 0 && report.line.number - self.failed_at < MAX_BEFORE_PANIC {
            report.findings.errors.withdraw(report.tool, self.failed_at);
        }
        if text.starts_with("panic: test timed out after ") {
            report.verdict(Outcome::Failed);
            report.error(Severity::Error, Reason::Timeout, text);
            self.block = Some(Block::Timeout);
        }
    }
}

impl Logs {
    /// Takes what `test` logged.
    pub(super) fn take(&mut self, package: u32, test: &str) -> Vec<PastBlock> {
        let short = cut(test, MAX_NAME);
        let (its, others) = std::mem::take(&mut self.0).into_iter().partition(|logged| logged.package == package && logged.test == short);
        self.0 = others;
        let its: Vec<Logged> = its;
        its.into_iter().map(|logged| logged.block).collect()
    }

    /// Keeps a line if a test logged it: whether it begins a message, or goes on with one.
    pub(super) fn read(
        &mut self,
        (package, test): (u32, &str),
        number: u64,
        text: &str,
        in_message: bool,
    ) -> Option<bool> {
        if text.contains(".go:") && MESSAGE.is_match(text) {
            // What a test says last is what it failed with.
            if self.0.len() >= MAX_LOGGED {
                self.0.remove(0);
            }
            let test = cut(test, MAX_NAME).to_owned();
            self.0.push(Logged { package, test, block: PastBlock::new(number, text) });
            return Some(true);
        }
        if !in_message || !text.starts_with("        ") {
            return None;
        }
        let last = self.0.iter_mut().rfind(|logged| logged.package == package)?;
        last.block.extend(number, text);
        Some(false)
    }
}

/// What a message says. Those of testify stand in a table below the place.
pub(super) fn why(text: &str) -> &str {
    let first = text.lines().next().unwrap_or("").trim();
    let table = text.lines().find_map(|line| line.trim_start().strip_prefix("Error:"));
    table.map_or(first, str::trim)
}
