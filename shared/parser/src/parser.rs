//! The parser: pieces of a log in, events out.

use std::mem::take;

use logmill_model::mask::{Masker, Policy};
use logmill_model::{Cuts, Outcome, Timestamp};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::clean::{clean, last_overwrite};
use crate::dialect::{self, Found};
use crate::envelope::{Buffers, Marker, Peeled};
use crate::event::{Event, Sink};
use crate::explain;
use crate::lines::{Lines, MAX_LINE, RawLine};
use crate::records::{Draft, RecordLine};
use crate::report::{Line, Report};
use crate::stamp::Assumed;
use crate::state::State;
use crate::text::cut;

/// What a parser is told beside the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Which secrets and personal data are masked.
    pub masking: Policy,
    /// What stamps leave out.
    pub assumed: Assumed,
}

/// Reads one log, piece by piece.
///
/// Events go to the sink while the log is read; memory stays flat whatever its size. Between two
/// pieces the whole state is one value ([`Parser::checkpoint`]) with which another parser, in another
/// process, goes on ([`Parser::restore`]) and tells the same events.
pub struct Parser {
    state: State,
    masker: Masker,
    assumed: Assumed,
    /// Memory for the line at hand; holds nothing between lines.
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    cleaned: String,
    buffers: Buffers,
    draft: Draft,
}

impl Parser {
    /// A parser at the beginning of a log.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            state: State::default(),
            masker: Masker::new(options.masking),
            assumed: options.assumed,
            scratch: Scratch::default(),
        }
    }

    /// A parser that goes on where another one was.
    ///
    /// # Errors
    /// If the checkpoint was made by another version of the parser, or is damaged.
    pub fn restore(options: Options, checkpoint: &Checkpoint) -> Result<Self, CheckpointError> {
        let (state, masked) = checkpoint.open()?;
        let masker = Masker::resume(options.masking, masked);
        Ok(Self { state, masker, assumed: options.assumed, scratch: Scratch::default() })
    }

    /// The whole state as one value of at most 256 KiB.
    ///
    /// # Errors
    /// If it is larger, which the caps on all of its parts prevent.
    pub fn checkpoint(&self) -> Result<Checkpoint, CheckpointError> {
        Checkpoint::seal(&self.state, self.masker.state())
    }

    /// Reads the next piece; it may end anywhere.
    pub fn push(&mut self, piece: &[u8], sink: &mut dyn Sink) {
        self.state.bytes += piece.len() as u64;
        let mut lines = take(&mut self.state.lines);
        lines.push(piece, |line| self.line(&line, sink));
        self.state.lines = lines;
    }

    /// Ends the log: tells what is still open, the explanation and the build. `input_cut` says why
    /// the input ended too early, if it did.
    pub fn finish(mut self, input_cut: Option<String>, sink: &mut dyn Sink) {
        let mut lines: Lines = take(&mut self.state.lines);
        lines.finish(|line| self.line(&line, sink));
        let state = &mut self.state;
        state.end_dialects(&mut self.scratch.draft, sink);
        state.records.finish(|record| sink.event(Event::Record(record)));
        state.findings.errors.close(|error| sink.event(Event::Error(error)));

        let outcome = explain::outcome(state.ci.outcome(), &state.findings, state.number);
        // Whether the part that is missing failed, nobody knows.
        let cut_off = input_cut.is_some() && outcome == Outcome::Success;
        let outcome = if cut_off { Outcome::Unknown } else { outcome };
        let (findings, end) = (&mut state.findings, state.number);
        let last_step = state.ci.last_step().unwrap_or(outcome);
        let last_stamp = state.ci.last_stamp(findings.last_stamp);
        findings.steps.finish(last_step, (end, last_stamp), &mut |step| {
            if step.result == Outcome::Failed {
                findings.errors.step_failed(step.start_line);
            }
            sink.event(Event::Step(step));
        });
        for explanation in explain::explain(outcome, &state.findings.errors.candidates) {
            sink.event(Event::Explanation(&explanation));
        }
        let cuts = Cuts { masked: self.masker.count(), input: input_cut, ..state.cuts.clone() };
        sink.event(Event::Build(&state.build(outcome, cuts)));
    }

    fn line(&mut self, raw: &RawLine<'_>, sink: &mut dyn Sink) {
        let Self { state, masker, assumed, scratch } = self;
        state.number += 1;
        let cleaned = clean(raw.bytes, &mut scratch.cleaned, &mut state.cuts);
        let peeled =
            state.ci.peel(raw.bytes, cleaned, &mut scratch.buffers, assumed, &mut state.cuts);
        let body = last_overwrite(peeled.body);
        let masked = masker.line_cut(body, MAX_LINE);
        let text = cut(&masked, MAX_LINE);
        let dropped = raw.dropped + body.len().saturating_sub(MAX_LINE) as u64;
        if dropped > 0 {
            state.cuts.lines_cut += 1;
            state.cuts.line_bytes_cut += dropped;
        }
        // What a system says becomes the names of steps and the messages of errors.
        let said = peeled.marker.filter(|marker| marker.text != body);
        let said = said.map(|marker| masker.line_cut(marker.text, MAX_LINE));
        let marker =
            peeled.marker.map(|marker| Marker { text: said.as_deref().unwrap_or(text), ..marker });
        let peeled = Peeled { body: text, marker, ..peeled };
        let stamp = state.stamp(&peeled);
        let found = dialect::find(text);
        let draft = &mut scratch.draft;
        let level = peeled.level.or(found.level);
        draft.begin(level);
        draft.joins = state.joins(text, &peeled);

        let line = Line { number: state.number, text, stamp, level, in_trace: draft.joins };
        // The structure of the record, not of a trace in it.
        draft.joins |= state.continues_service(text, &peeled);
        state.findings.steps.enter(peeled.lane);
        let step_before = state.findings.steps.current();
        state.read(line, &peeled, &found, draft, sink);

        let step = state.findings.steps.current().or(step_before);
        let own_stamp = peeled.stamp.is_some() && !peeled.stamped;
        let glued = peeled.continues;
        let line = RecordLine { number: line.number, text, stamp, own_stamp, glued, step };
        state.records.line(&line, draft, |record| sink.event(Event::Record(record)));
        state.findings.last_stamp = stamp.or(state.findings.last_stamp);
    }
}

impl State {
    /// The stamp of the line: its own or its predecessor's.
    fn stamp(&mut self, peeled: &Peeled<'_>) -> Option<Timestamp> {
        if let Some(stamp) = peeled.stamp {
            self.findings.first_stamp.get_or_insert(stamp);
        }
        peeled.stamp.or(self.findings.last_stamp)
    }

    /// Whether the line goes on with the record before it.
    fn joins(&mut self, text: &str, peeled: &Peeled<'_>) -> bool {
        let unstamped = self.ci.stamps() && !peeled.stamped;
        let logged = self.records.is_logged() && peeled.stamp.is_none_or(|_| peeled.stamped);
        // A line of another lane goes on with nothing.
        let joins =
            self.continuation.joins(text, logged) && self.findings.steps.lane() == peeled.lane;
        joins || unstamped || peeled.continues
    }

    /// Lets the dialects tell what they still hold at the end of the log.
    fn end_dialects(&mut self, draft: &mut Draft, sink: &mut dyn Sink) {
        let findings = &mut self.findings;
        let (number, stamp) = (self.number, findings.last_stamp);
        let line = Line { number, text: "", stamp, level: None, in_trace: false };
        draft.begin(None);
        let mut report = Report { line, draft, findings, sink, tool: "", claimed: None };
        self.dialects.end(&mut report);
    }

    /// Whether the line goes on with the record of a service, none of a CI system's log.
    fn continues_service(&mut self, text: &str, peeled: &Peeled<'_>) -> bool {
        let is_stamped = peeled.stamp.is_some() && !peeled.stamped;
        self.service.joins(text, is_stamped) && !self.ci.is_known()
    }

    /// Lets the envelope and the dialects read the line.
    fn read(
        &mut self,
        line: Line<'_>,
        peeled: &Peeled<'_>,
        found: &Found,
        draft: &mut Draft,
        sink: &mut dyn Sink,
    ) {
        let findings = &mut self.findings;
        let mut report = Report { line, draft, findings, sink, tool: "ci", claimed: None };
        if self.ci.read(peeled, found, &mut report) {
            // No tool outlives the step that runs it.
            self.dialects.end(&mut report);
        }
        if !peeled.repeats {
            self.dialects.line(found, &mut report);
        }
        if report.claimed.is_none() {
            self.findings.errors.close(|error| sink.event(Event::Error(error)));
        }
    }
}
