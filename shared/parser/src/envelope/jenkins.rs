//! Jenkins: the console of a build.
//!
//! A pipeline says what it does in lines that begin with `[Pipeline] `: `[Pipeline] { (Build)` opens a
//! stage or a parallel branch, `[Pipeline] }` closes it (workflow-job and pipeline-stage-step plug-ins).
//! The lines of a branch may begin with `[branch] `; the Timestamper plug-in puts
//! `[2024-05-01T12:00:00.123Z] ` or `12:00:00  ` before all of them. `Finished: FAILURE` ends a build of
//! any kind.

use logmill_model::{Outcome, Reason, RecordKind, Severity};
use serde::{Deserialize, Serialize};

use crate::report::Report;
use crate::steps::Nesting;
use crate::text::cut;

const MARK: &str = "[Pipeline] ";
/// How many blocks may be open one in another, and how many branches have names.
const MAX_DEPTH: usize = 256;
const MAX_BRANCHES: usize = 32;
/// The longest name of a branch, in bytes.
const MAX_NAME: usize = 60;
/// What a stage is called that runs behind the others, whatever became of them.
const POST: &str = "Declarative: Post Actions";

/// Whether `text` is what only Jenkins says.
pub(super) fn is_begin(text: &str) -> bool {
    const BEGINNINGS: [&str; 8] = [
        "Started by user ",
        "Started by an SCM change",
        "Started by timer",
        "Started by upstream project ",
        "Started by GitHub push ",
        "Started by remote host ",
        "Building remotely on ",
        "Running in Durability level: ",
    ];
    text.starts_with(MARK)
        || BEGINNINGS.iter().any(|begin| text.starts_with(begin))
        || text.starts_with("Branch indexing") && text.len() <= 16
        || text.starts_with("Building in workspace /")
        || text.starts_with("Push event to branch ")
}

/// Whether `text` is a marker, or says how the build or a command of it ended.
pub(super) fn is_marker(text: &str) -> bool {
    text.starts_with(MARK)
        || text.starts_with("Finished: ")
        || text.starts_with("Stage \"") && text.contains("\" skipped due to ")
        || text.starts_with("ERROR: script returned exit code ")
        || text == "Build step 'Execute shell' marked build as failure"
}

/// Follows a build from its first stage to its last line.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Job {
    /// How many stages have begun.
    pub(super) stages: u64,
    /// The open blocks: whether each is a stage.
    blocks: Vec<bool>,
    branches: Vec<String>,
    /// Whether a stage is known to have failed.
    stage_failed: bool,
    /// Whether the open stage was skipped.
    skipped: bool,
    /// Whether the open stage runs behind the others, whatever became of them.
    post: bool,
    pub(super) outcome: Option<Outcome>,
}

impl Job {
    /// The length of the branch's name before the line, `[linux] `.
    pub(super) fn branch_prefix(&self, text: &str) -> usize {
        if self.branches.is_empty() || !text.starts_with('[') {
            return 0;
        }
        let name = text[1..].split_once("] ").map(|(name, _)| name);
        name.filter(|name| self.branches.iter().any(|branch| branch == name))
            .map_or(0, |name| name.len() + 3)
    }

    /// Reads a marker.
    pub(super) fn marker(&mut self, text: &str, report: &mut Report<'_>) {
        if let Some(mark) = text.strip_prefix(MARK) {
            report.kind(RecordKind::Marker);
            self.block(mark, report);
        } else if let Some(result) = text.strip_prefix("Finished: ") {
            self.finished(result.trim(), report);
        } else if text.starts_with("Stage \"") {
            self.skipped(text, report);
        } else if let Some(code) = text.strip_prefix("ERROR: script returned exit code ") {
            self.fail_stage(report);
            report.error(
                Severity::Error,
                super::exit_reason(code.trim()),
                &text["ERROR: ".len()..],
            );
        } else {
            report.error(Severity::Error, Reason::Summary, text);
        }
    }

    fn block(&mut self, mark: &str, report: &mut Report<'_>) {
        // Older versions name the branch before the brace.
        let mark = match mark.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((_, rest)) => rest,
            None => mark,
        };
        if let Some(name) = mark.strip_prefix("{ (").and_then(|name| name.strip_suffix(')')) {
            self.open_stage(name, report);
        } else if mark == "{" && self.blocks.len() < MAX_DEPTH {
            self.blocks.push(false);
        } else if mark == "}" && self.blocks.pop() == Some(true) {
            let nesting = self.nesting();
            let skipped = std::mem::take(&mut self.skipped);
            let result = match nesting {
                _ if skipped => Some(Outcome::Skipped),
                // A later line tells if it failed.
                Nesting::Ci if !std::mem::take(&mut self.post) => None,
                _ => Some(Outcome::Success),
            };
            report.end_step(nesting, result);
        }
    }

    fn open_stage(&mut self, name: &str, report: &mut Report<'_>) {
        if self.blocks.len() >= MAX_DEPTH {
            report.findings.steps.dropped += 1;
            return;
        }
        if let Some(branch) = name.strip_prefix("Branch: ") {
            let branch = cut(branch, MAX_NAME);
            let is_known = self.branches.iter().any(|known| known == branch);
            if is_known || self.branches.len() >= MAX_BRANCHES {
                report.forget(u64::from(!is_known));
            } else {
                self.branches.push(branch.to_owned());
            }
        }
        let nesting = self.nesting();
        self.blocks.push(true);
        self.stages += 1;
        self.skipped = false;
        self.post = nesting == Nesting::Ci && name == POST;
        report.open_step(name, nesting);
    }

    /// What a stage is that opens or closes here.
    fn nesting(&self) -> Nesting {
        if self.blocks.contains(&true) { Nesting::Group } else { Nesting::Ci }
    }

    /// `Stage "Deploy" skipped due to earlier failure(s)`, or `due to when conditional`.
    fn skipped(&mut self, text: &str, report: &mut Report<'_>) {
        report.kind(RecordKind::Marker);
        self.skipped = true;
        if text.contains("earlier failure") {
            self.stage_failed = true;
            report.settle_step(Outcome::Failed);
        }
    }

    fn fail_stage(&mut self, report: &mut Report<'_>) {
        if !self.stage_failed && !report.in_ci_step() {
            report.settle_step(Outcome::Failed);
        }
        self.stage_failed = true;
        report.fail_step();
    }

    fn finished(&mut self, result: &str, report: &mut Report<'_>) {
        let outcome = match result {
            "SUCCESS" => Outcome::Success,
            "FAILURE" | "UNSTABLE" => Outcome::Failed,
            "ABORTED" => Outcome::Cancelled,
            "NOT_BUILT" => Outcome::Skipped,
            _ => return,
        };
        let last = if outcome == Outcome::Failed && self.stage_failed {
            Outcome::Success
        } else {
            outcome
        };
        report.settle_step(last);
        self.outcome = Some(outcome);
        if outcome == Outcome::Failed {
            report.error(Severity::Error, Reason::Summary, &format!("Finished: {result}"));
        }
    }
}
