//! The whole state of a parser between two pieces: one value that can be stored and restored.

use logmill_model::{Build, Cuts, Outcome, TerraformRun, TestCounts, TestSummary, Timestamp};
use serde::{Deserialize, Serialize};

use crate::continuation::Continuation;
use crate::dialect::Dialects;
use crate::envelope::Ci;
use crate::errors::Errors;
use crate::lines::Lines;
use crate::records::Records;
use crate::service::Service;
use crate::steps::Steps;

/// Everything that a parser knows of the log so far.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct State {
    pub(crate) lines: Lines,
    /// The last line's number.
    pub(crate) number: u64,
    pub(crate) bytes: u64,
    pub(crate) ci: Ci,
    pub(crate) continuation: Continuation,
    pub(crate) service: Service,
    pub(crate) records: Records,
    pub(crate) dialects: Dialects,
    pub(crate) findings: Findings,
    pub(crate) cuts: Cuts,
}

impl State {
    /// The document that sums the log up.
    pub(crate) fn build(&self, result: Outcome, cuts: Cuts) -> Build {
        let findings = &self.findings;
        Build {
            result,
            tools: findings.tools(),
            frameworks: findings.frameworks.clone(),
            started_at: findings.first_stamp,
            finished_at: findings.last_stamp,
            lines: self.number,
            bytes: self.bytes,
            records: self.records.count,
            steps: findings.steps.count(),
            errors: findings.errors.errors,
            warnings: findings.errors.warnings,
            tests: findings.tests,
            terraform: findings.terraform,
            cuts: Cuts {
                records_split: self.records.split,
                steps_dropped: findings.steps.dropped,
                candidates_dropped: findings.errors.candidates_dropped,
                values_cut: findings.values_cut
                    + findings.errors.messages_cut
                    + findings.steps.names_cut,
                error_lines_cut: findings.errors.lines_cut,
                forgotten: findings.forgotten,
                ..cuts
            },
        }
    }
}

/// What the dialects found so far.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Findings {
    pub(crate) steps: Steps,
    pub(crate) errors: Errors,
    pub(crate) tools: Vec<String>,
    pub(crate) frameworks: Vec<String>,
    pub(crate) tests: Option<TestCounts>,
    pub(crate) terraform: Option<TerraformRun>,
    /// Whether specs failed that the test of `go test` which runs has run by itself.
    pub(crate) specs: Option<bool>,
    /// Whether tests failed in the program of GoogleTest that the test of CTest which runs has run.
    pub(crate) programs: Option<bool>,
    pub(crate) first_stamp: Option<Timestamp>,
    pub(crate) last_stamp: Option<Timestamp>,
    /// Names, values and messages that were cut.
    pub(crate) values_cut: u64,
    /// What was not kept until it was of use.
    pub(crate) forgotten: u64,
    /// How each tool ended, in which lane.
    verdicts: Vec<Verdict>,
}

/// How a tool ended.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Verdict {
    tool: String,
    outcome: Outcome,
    lane: u32,
}

impl Findings {
    /// Notes how `tool` ended: one failure stays a failure.
    pub(crate) fn verdict(&mut self, tool: &str, outcome: Outcome) {
        let lane = self.steps.lane();
        let mut verdicts = self.verdicts.iter_mut();
        match verdicts.find(|known| known.tool == tool && known.lane == lane) {
            Some(known) if known.outcome != Outcome::Failed => known.outcome = outcome,
            Some(_) => {}
            None => self.verdicts.push(Verdict { tool: tool.to_owned(), outcome, lane }),
        }
    }

    /// Takes back what was said in the lane at hand, whose step has this number: it succeeded
    /// nevertheless.
    pub(crate) fn survived(&mut self, step: u32) {
        let lane = self.steps.lane();
        self.verdicts.retain(|known| known.lane != lane || known.outcome != Outcome::Failed);
        self.errors.survived(step);
    }

    /// The build tools as they were met; package managers, which install what a build needs, last.
    fn tools(&self) -> Vec<String> {
        let mut tools = self.tools.clone();
        tools.sort_by_key(|tool| matches!(tool.as_str(), "npm" | "yarn" | "pnpm"));
        tools
    }

    /// Forgets how `tool` ended: it runs again.
    pub(crate) fn forget_verdict(&mut self, tool: &str) {
        let lane = self.steps.lane();
        self.verdicts.retain(|known| known.tool != tool || known.lane != lane);
    }

    /// What the tools' verdicts come to.
    pub(crate) fn tools_outcome(&self) -> Option<Outcome> {
        let any = |outcome| self.verdicts.iter().any(|known| known.outcome == outcome);
        [Outcome::Failed, Outcome::Success].into_iter().find(|outcome| any(*outcome))
    }

    pub(crate) fn count_tests(&mut self, summary: &TestSummary) {
        let tests = self.tests.get_or_insert_default();
        tests.run += summary.run;
        tests.passed += summary.passed;
        tests.failed += summary.failed;
        tests.skipped += summary.skipped;
    }
}
