//! `go test -json`: the lines and the results of several packages at once.

use logmill_model::{Outcome, Reason, Severity, TestOutcome};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::lines::why;
use super::{BENCHMARK, FRAMEWORK, GoTest, LazyLock, Logs, MAX_LOGGED, Opens, PACKAGE, Package};
use crate::dialect::captured;
use crate::errors::PastBlock;
use crate::pattern::pattern;
use crate::report::{Case, Line, Report};
use crate::text::cut;

/// How many packages are followed at once; `go test` runs as many as there are processors.
const MAX_PACKAGES: usize = 8;
/// The most of a package's path, and of a line that is not whole, in bytes.
const MAX_PATH: usize = 160;
const MAX_PARTIAL: usize = 400;

#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Json {
    running: Vec<Running>,
    last_id: u32,
    /// The panic of the package that it names.
    panic: Option<(u32, PastBlock)>,
}

/// A package that has not ended.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct Running {
    name: String,
    package: Package,
    in_message: bool,
    /// The beginning of a line that the next output goes on with.
    partial: String,
    /// Where the messages begin of the test that failed last, while no other one runs.
    failed_at: Option<u64>,
    /// `[build failed]` or the like.
    failure: Option<String>,
}

/// An event as the command `test2json` describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Action {
    action: String,
    #[serde(default)]
    package: String,
    #[serde(default)]
    test: String,
    #[serde(default)]
    output: String,
    elapsed: Option<f64>,
    failed_build: Option<String>,
}

static COMPILER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:vet: )?\S+\.go:\d+(?::\d+)?: ."));

impl GoTest {
    /// Reads an event; whether the line is one.
    pub(super) fn json(&mut self, line: Line<'_>, report: &mut Report<'_>) -> bool {
        let Ok(action) = serde_json::from_str::<Action>(line.text) else { return false };
        self.told = true;
        report.build_tool("go");
        report.framework(FRAMEWORK);
        report.claim();
        if action.action == "build-output" {
            compiled(action.output.trim_end(), line.number, report);
            return true;
        }
        let at = self.json.at(&action.package, report);
        let Json { running, panic, .. } = &mut self.json;
        let mut around = Around { open: &mut self.open, logged: &mut self.logged, panic };
        match (action.action.as_str(), action.test.as_str()) {
            ("output", test) => running[at].output((test, &action.output), &mut around, report),
            ("run", name) if !name.is_empty() => {
                running[at].failed_at = None;
                let is_kept = around.open.announce(running[at].package.id, name, line.number);
                report.forget(u64::from(!is_kept));
            }
            ("pass" | "fail" | "skip", "") => running.remove(at).end(&action, &mut around, report),
            ("pass" | "fail" | "skip", _) => running[at].case(&action, &mut around, report),
            _ => {}
        }
        true
    }
}

impl Json {
    /// The place of a package. Where too many run, the oldest is told as far as it is known.
    fn at(&mut self, name: &str, report: &mut Report<'_>) -> usize {
        let name = cut(name, MAX_PATH);
        if let Some(at) = self.running.iter().position(|running| running.name == name) {
            return at;
        }
        if self.running.len() >= MAX_PACKAGES {
            self.running.remove(0).package.end(None, report);
            report.forget(1);
        }
        self.last_id = self.last_id.wrapping_add(1).max(1);
        let package = Package { id: self.last_id, ..Package::default() };
        self.running.push(Running { name: name.to_owned(), package, ..Running::default() });
        self.running.len() - 1
    }

    pub(super) fn finish(&mut self, report: &mut Report<'_>) {
        for mut running in std::mem::take(&mut self.running) {
            running.package.end(None, report);
        }
    }
}

/// What all packages share.
struct Around<'a> {
    open: &'a mut Opens,
    logged: &'a mut Logs,
    panic: &'a mut Option<(u32, PastBlock)>,
}

impl Around<'_> {
    fn panic_of(&mut self, id: u32) -> Option<&mut PastBlock> {
        self.panic.as_mut().filter(|(its, _)| *its == id).map(|(_, panic)| panic)
    }
}

impl Running {
    fn output(&mut self, (test, output): (&str, &str), around: &mut Around<'_>, report: &mut Report<'_>) {
        let number = report.line.number;
        self.partial.push_str(cut(output, MAX_PARTIAL.saturating_sub(self.partial.len())));
        if !output.ends_with('\n') {
            return;
        }
        let whole = std::mem::take(&mut self.partial);
        let text = whole.trim_end_matches('\n');
        if let Some(package) = captured(&PACKAGE, text, "\t") {
            let what = package.get(4).map(|found| found.as_str());
            self.failure = what.filter(|what| what.ends_with("failed")).map(str::to_owned);
        } else if let Some(panic) = around.panic_of(self.package.id) {
            if !text.starts_with("exit status") {
                panic.extend(number, text);
            }
        } else if text.starts_with("panic: ") {
            if let Some(line) = self.failed_at.take() {
                report.findings.errors.withdraw(report.tool, line);
            }
            *around.panic = Some((self.package.id, PastBlock::new(number, text)));
            self.package.panic = Some(cut(text, 300).to_owned());
        } else if let Some(benchmark) = captured(&BENCHMARK, text, " ns/op") {
            self.package.benchmark(&benchmark, report);
        } else {
            let is_full = around.logged.0.len() >= MAX_LOGGED;
            let read = around.logged.read((self.package.id, test), number, text, self.in_message);
            report.forget(u64::from(is_full && read == Some(true)));
            self.in_message = read.is_some();
        }
    }

    fn case(&mut self, action: &Action, around: &mut Around<'_>, report: &mut Report<'_>) {
        let result = match action.action.as_str() {
            "pass" => TestOutcome::Pass,
            "fail" => TestOutcome::Fail,
            _ => TestOutcome::Skip,
        };
        if result == TestOutcome::Pass && self.package.benchmark.as_deref() == Some(action.test.as_str()) {
            return;
        }
        let failed = result == TestOutcome::Fail;
        around.open.close(self.package.id, &action.test);
        let blocks = around.logged.take(self.package.id, &action.test);
        let panic = around.panic_of(self.package.id).map(|panic| panic.text());
        let message = panic.or(blocks.last().map(PastBlock::text)).filter(|_| failed).map(why);
        let case = Case::new(FRAMEWORK, &action.test, result);
        self.package.case(&Case { duration_s: action.elapsed, message, ..case }, report);
        if failed && panic.is_none() {
            self.failed_at = self.failed_at.or(blocks.first().map(PastBlock::line));
            for block in &blocks {
                report.past_error(block, Severity::Error, Reason::Assertion);
            }
        }
    }

    fn end(mut self, action: &Action, around: &mut Around<'_>, report: &mut Report<'_>) {
        let failed = action.action == "fail";
        report.failed_if(failed);
        if let Some((_, panic)) = around.panic.take_if(|(id, _)| *id == self.package.id) {
            let timeout = panic.text().starts_with("panic: test timed out");
            let reason = if timeout { Reason::Timeout } else { Reason::Exception };
            report.past_error(&panic, Severity::Error, reason);
        }
        let unfinished = self.package.unfinished(around.open, report);
        if failed && (self.failure.is_some() || action.failed_build.is_some()) {
            let what = format!("[{}]", self.failure.as_deref().unwrap_or("build failed"));
            self.package.failed(&what, &self.name, report);
        } else if failed && self.package.counts.failed == 0 && !unfinished {
            self.package.failed("Failure", &self.name, report);
        }
        self.package.end(action.elapsed, report);
    }
}

/// A line of the compiler.
fn compiled(text: &str, number: u64, report: &mut Report<'_>) {
    if COMPILER.is_match(text) {
        report.verdict(Outcome::Failed);
        report.past_error(&PastBlock::new(number, text), Severity::Error, Reason::Compiler);
    }
}
