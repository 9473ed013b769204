//! Errors as blocks of lines, and the best of them as candidates for the explanation.

use logmill_model::{LogError, Reason, Severity};
use serde::{Deserialize, Serialize};

use crate::text::{append_line, cut};

/// How many candidates are kept.
pub(crate) const MAX_CANDIDATES: usize = 64;
/// The longest text of a candidate, in bytes.
const MAX_TEXT: usize = 900;
/// The longest headline, in bytes.
const MAX_HEADLINE: usize = 160;
/// The longest message of an error, in bytes.
const MAX_MESSAGE: usize = 500;
/// The most lines in a block: what goes on longer is output and no message.
const MAX_BLOCK_LINES: u64 = 200;

/// A block that may still grow.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct Block {
    line: u64,
    end_line: u64,
    /// What it says; none as long as it is only suspected to be an error.
    verdict: Option<(Severity, Reason)>,
    message: String,
    /// The line that says it best, and its number.
    headline: String,
    headline_line: u64,
    tool: String,
    step: Option<u32>,
    text: String,
    /// Lines behind `end_line` that belong to it if it grows past them.
    held: String,
    /// Lines of it that were not kept.
    lines_cut: u64,
    /// Whether its message was cut.
    message_cut: bool,
}

/// An error that may explain the failure.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Candidate {
    pub(crate) line: u64,
    pub(crate) end_line: u64,
    pub(crate) headline: String,
    pub(crate) headline_line: u64,
    pub(crate) reason: Reason,
    pub(crate) tool: String,
    pub(crate) step: Option<u32>,
    /// Whether a step failed that holds it.
    pub(crate) in_failed_step: bool,
    /// Whether the CI system does not take it for an error.
    pub(crate) minor: bool,
    /// Its lines, as far as they are kept; a repetition has the same.
    pub(crate) text: String,
}

/// What a line does to the block of `tool`.
pub(crate) struct BlockLine<'a> {
    pub(crate) number: u64,
    pub(crate) text: &'a str,
    pub(crate) tool: &'static str,
    pub(crate) step: Option<u32>,
}

/// Lines that are known to be an error only after others have followed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct PastBlock {
    line: u64,
    end_line: u64,
    text: String,
    lines_cut: u64,
}

impl PastBlock {
    /// A block that begins at a line.
    pub(crate) fn new(line: u64, text: &str) -> Self {
        let lines_cut = u64::from(text.len() > MAX_TEXT);
        Self { line, end_line: line, text: cut(text, MAX_TEXT).to_owned(), lines_cut }
    }

    /// Its first line.
    pub(crate) fn line(&self) -> u64 {
        self.line
    }

    /// What it says.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Lets it reach to a later line.
    pub(crate) fn extend(&mut self, line: u64, text: &str) {
        let is_in = line - self.line < MAX_BLOCK_LINES;
        if is_in {
            self.end_line = line;
        }
        let is_kept = is_in && append_line(&mut self.text, text, MAX_TEXT);
        self.lines_cut += u64::from(!is_kept);
    }
}

fn headline(line: &str) -> String {
    cut(line.trim(), MAX_HEADLINE).to_owned()
}

/// The open block, the candidates and the counts.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Errors {
    open: Option<Block>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) candidates_dropped: u64,
    pub(crate) errors: u64,
    pub(crate) warnings: u64,
    /// Lines of errors that were not kept, and messages that were cut.
    pub(crate) lines_cut: u64,
    pub(crate) messages_cut: u64,
    /// The CI system that alone says what is an error: what others find is no more than a warning.
    owner: Option<String>,
}

impl Errors {
    /// Lets `owner` alone say what is an error.
    pub(crate) fn own(&mut self, owner: &str) {
        if self.owner.as_deref() != Some(owner) {
            self.owner = Some(owner.to_owned());
        }
    }

    /// Whether what `tool` takes for an error is one.
    pub(crate) fn counts(&self, tool: &str) -> bool {
        self.owner.as_deref().is_none_or(|owner| owner == tool)
    }

    /// Begins a block at `at`, closing the one before through `told`.
    pub(crate) fn begin(
        &mut self,
        at: &BlockLine<'_>,
        verdict: Option<(Severity, Reason)>,
        message: &str,
        told: impl FnMut(&LogError),
    ) {
        self.close(told);
        self.open = Some(Block {
            line: at.number,
            end_line: at.number,
            verdict,
            message: cut(message.trim(), MAX_MESSAGE).to_owned(),
            headline: headline(at.text),
            headline_line: at.number,
            tool: at.tool.to_owned(),
            step: at.step,
            text: cut(at.text, MAX_TEXT).to_owned(),
            held: String::new(),
            lines_cut: u64::from(at.text.len() > MAX_TEXT),
            message_cut: message.trim().len() > MAX_MESSAGE,
        });
    }

    /// Whether `tool` has a block open.
    pub(crate) fn is_open(&self, tool: &str) -> bool {
        self.open.as_ref().is_some_and(|block| block.tool == tool)
    }

    /// Says what the open block is, where it was only suspected so far, and which line says it best.
    pub(crate) fn confirm(
        &mut self,
        verdict: (Severity, Reason),
        message: &str,
        at: &BlockLine<'_>,
    ) {
        if let Some(block) = self.open.as_mut().filter(|block| block.verdict.is_none()) {
            block.verdict = Some(verdict);
            (block.headline, block.headline_line) = (headline(at.text), at.number);
            block.message = cut(message.trim(), MAX_MESSAGE).to_owned();
            block.message_cut = message.trim().len() > MAX_MESSAGE;
        }
    }

    /// Says that a later line of the open block tells more than the one before: the exception that
    /// took the place of another.
    pub(crate) fn reword(&mut self, message: &str, at: &BlockLine<'_>) {
        if let Some(block) = &mut self.open {
            (block.headline, block.headline_line) = (headline(at.text), at.number);
            block.message = cut(message.trim(), MAX_MESSAGE).to_owned();
            block.message_cut = message.trim().len() > MAX_MESSAGE;
        }
    }

    /// Gives the open block to `tool`.
    pub(crate) fn adopt(&mut self, tool: &str, verdict: (Severity, Reason)) {
        if let Some(block) = &mut self.open {
            block.verdict = Some(verdict);
            tool.clone_into(&mut block.tool);
        }
    }

    /// Lets the open block reach to `at`.
    pub(crate) fn extend(&mut self, at: &BlockLine<'_>) {
        let Some(block) = &mut self.open else { return };
        // Several parts of a line may say that it belongs to the block.
        if at.number == block.end_line {
            return;
        }
        if at.number - block.line >= MAX_BLOCK_LINES {
            block.lines_cut += 1;
            return;
        }
        block.end_line = at.number;
        let held = std::mem::take(&mut block.held);
        if !held.is_empty() {
            // What is held begins with the line end that parts it from the text.
            append_line(&mut block.text, &held[1..], MAX_TEXT);
        }
        let is_kept = append_line(&mut block.text, at.text, MAX_TEXT);
        block.lines_cut += u64::from(!is_kept);
    }

    /// Keeps the open block open over `at` without making it a part of it.
    pub(crate) fn hold(&mut self, at: &BlockLine<'_>) {
        if let Some(block) = &mut self.open {
            append_line(&mut block.held, at.text, MAX_TEXT);
        }
    }

    /// Tells a block that lies behind; the open one stays open.
    pub(crate) fn past(
        &mut self,
        past: &PastBlock,
        verdict: (Severity, Reason),
        at: &BlockLine<'_>,
        told: impl FnMut(&LogError),
    ) {
        let first = past.text.lines().next().unwrap_or("");
        let block = Block {
            line: past.line,
            end_line: past.end_line,
            verdict: Some(verdict),
            message: cut(first.trim(), MAX_MESSAGE).to_owned(),
            headline: headline(first),
            headline_line: past.line,
            tool: at.tool.to_owned(),
            step: at.step,
            text: past.text.clone(),
            held: String::new(),
            lines_cut: past.lines_cut,
            message_cut: first.trim().len() > MAX_MESSAGE,
        };
        self.tell(block, told);
    }

    /// Takes back what `tool` said since a line: it was no reason of what failed.
    pub(crate) fn withdraw(&mut self, tool: &str, from: u64) {
        self.open.take_if(|block| block.tool == tool && block.line >= from);
        self.candidates.retain(|known| known.tool != tool || known.line < from);
    }

    /// Takes back what was said in `step`: it succeeded nevertheless.
    pub(crate) fn survived(&mut self, step: u32) {
        self.candidates.retain(|known| known.step != Some(step));
    }

    /// Takes back what `tool` said of a test that passed when it was run again: the first line of its
    /// error holds `name`.
    pub(crate) fn retried(&mut self, tool: &str, name: &str) {
        let is_its = |text: &str| text.lines().next().is_some_and(|first| first.contains(name));
        self.open.take_if(|block| block.tool == tool && is_its(&block.text));
        self.candidates.retain(|known| known.tool != tool || !is_its(&known.text));
    }

    /// Ends the open block.
    pub(crate) fn close(&mut self, told: impl FnMut(&LogError)) {
        if let Some(block) = self.open.take() {
            self.tell(block, told);
        }
    }

    fn tell(&mut self, block: Block, mut told: impl FnMut(&LogError)) {
        let Some((said, reason)) = block.verdict else { return };
        self.lines_cut += block.lines_cut;
        self.messages_cut += u64::from(block.message_cut);
        let minor = !self.counts(&block.tool);
        let severity = if minor { said.min(Severity::Warning) } else { said };
        if severity >= Severity::Error {
            self.errors += 1;
        } else if severity == Severity::Warning {
            self.warnings += 1;
        }
        let error = LogError {
            line: block.line,
            end_line: block.end_line,
            severity,
            reason,
            message: block.message,
            tool: block.tool,
            step: block.step,
            template_id: None,
        };
        told(&error);
        if said >= Severity::Error {
            self.consider(error, (block.headline, block.headline_line), block.text, minor);
        }
    }

    fn consider(&mut self, error: LogError, headline: (String, u64), text: String, minor: bool) {
        if let Some(known) = self.candidates.iter_mut().find(|known| known.text == text) {
            // A repetition in a step of its own counts there: the first one may have been survived.
            if known.step != error.step && !known.in_failed_step {
                (known.line, known.end_line) = (error.line, error.end_line);
                (known.step, known.headline_line) = (error.step, headline.1);
            }
            return;
        }
        let candidate = Candidate {
            line: error.line,
            end_line: error.end_line,
            headline: headline.0,
            headline_line: headline.1,
            reason: error.reason,
            tool: error.tool,
            step: error.step,
            in_failed_step: false,
            minor,
            text,
        };
        if self.candidates.len() < MAX_CANDIDATES {
            self.candidates.push(candidate);
            return;
        }
        self.candidates_dropped += 1;
        // The least telling makes room. Of errors that end a build only the last one counts, so the
        // oldest goes; of diagnostics the first ones count, so a new one that tells no more goes.
        let weakest = self.candidates.iter().enumerate().min_by_key(|(_, known)| known.weight());
        if let Some((at, weakest)) = weakest
            && (weakest.weight() < candidate.weight()
                || weakest.weight() == candidate.weight() && candidate.stands_alone())
        {
            self.candidates.remove(at);
            self.candidates.push(candidate);
        }
    }

    /// A step that began at `start_line` has failed: whatever was found since lies in it.
    pub(crate) fn step_failed(&mut self, start_line: u64) {
        for candidate in &mut self.candidates {
            candidate.in_failed_step |= candidate.line >= start_line;
        }
    }
}
