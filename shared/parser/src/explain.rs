//! Which errors tell why the build failed.
//!
//! Every error is weighed by what kind of failure it speaks of: a compiler's diagnostic or a failed
//! assertion tells more than an exception that something may have caught, and that more than a line
//! with the word error in it. What lies in a step that failed goes before what does not.

use logmill_model::{Explanation, Outcome, Reason};

use crate::errors::Candidate;
use crate::state::Findings;

/// How many blocks explain a failure at most.
const MAX_BLOCKS: usize = 8;
/// An error without any verdict of a tool breaks a build only if it is one of the log's last lines.
const LAST_LINES: u64 = 30;

impl Candidate {
    /// How much the error tells by its kind, 0 to 100.
    pub(crate) fn weight(&self) -> u8 {
        let weight = match self.reason {
            Reason::Compiler => 90,
            Reason::Assertion => 85,
            Reason::Dependency | Reason::Resource => 80,
            Reason::Configuration => 75,
            Reason::Timeout => 65,
            Reason::Exception | Reason::Lint => 60,
            Reason::Command => 55,
            Reason::Network => 50,
            Reason::Other => 30,
            Reason::Summary => 10,
        };
        // What the CI system does not show explains a failure only where it shows nothing.
        if self.minor { weight / 10 } else { weight }
    }
}

impl Candidate {
    /// Whether one such error ends a build, so that those before it were survived.
    pub(crate) fn stands_alone(&self) -> bool {
        !matches!(
            self.reason,
            Reason::Compiler | Reason::Assertion | Reason::Configuration | Reason::Lint
        )
    }
}

/// How the build ended, by the strongest evidence: what the CI system says, what the tools say, an
/// error at the very end.
pub(crate) fn outcome(ci: Option<Outcome>, findings: &Findings, lines: u64) -> Outcome {
    let known = ci.filter(|outcome| *outcome != Outcome::Unknown);
    if let Some(outcome) = known.or_else(|| findings.tools_outcome()).or(ci) {
        return outcome;
    }
    let last = findings.errors.candidates.iter().any(|candidate| {
        candidate.reason != Reason::Other
            && !candidate.minor
            && candidate.end_line + LAST_LINES > lines
    });
    if last { Outcome::Failed } else { Outcome::Unknown }
}

/// The blocks that tell why it failed, the most telling first; none unless it failed.
pub(crate) fn explain(outcome: Outcome, candidates: &[Candidate]) -> Vec<Explanation> {
    if !matches!(outcome, Outcome::Failed | Outcome::Cancelled) {
        return Vec::new();
    }
    let mut ranked: Vec<&Candidate> = candidates.iter().collect();
    ranked.sort_by_key(|candidate| {
        // Of diagnostics the first is the root of those behind it; of exceptions the last is the one
        // that nothing caught.
        let line =
            if candidate.stands_alone() { u64::MAX - candidate.line } else { candidate.line };
        (!candidate.in_failed_step, std::cmp::Reverse(candidate.weight()), line)
    });
    let Some(&best) = ranked.first() else { return Vec::new() };
    // An error outside the failed step explains it only where the step itself says nothing.
    let said = ranked.iter().find(|candidate| candidate.reason != Reason::Summary);
    let best = if best.reason == Reason::Summary { said.copied().unwrap_or(best) } else { best };
    ranked
        .into_iter()
        .filter(|candidate| tells_as_much(candidate, best))
        .take(MAX_BLOCKS)
        .map(|candidate| Explanation {
            line: candidate.line,
            end_line: candidate.end_line,
            headline: candidate.headline.clone(),
            headline_line: candidate.headline_line,
            reason: candidate.reason,
            tool: candidate.tool.clone(),
            step: candidate.step,
            message: candidate.text.clone(),
        })
        .collect()
}

/// Whether `candidate` stands beside `best` rather than behind it. Of lines that only hold the word
/// error, the last ones tell the most, and one is enough.
fn tells_as_much(candidate: &Candidate, best: &Candidate) -> bool {
    if std::ptr::eq(candidate, best) {
        return true;
    }
    !best.stands_alone()
        && candidate.in_failed_step == best.in_failed_step
        && candidate.weight() >= 50
        && candidate.tool == best.tool
        && candidate.weight() + 10 >= best.weight()
}
