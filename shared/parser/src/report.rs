//! What a dialect says about the line at hand.

use logmill_model::{
    Level, LogError, Outcome, Reason, RecordKind, Severity, Step, TerraformRun, TestCase,
    TestOutcome, TestSummary, Timestamp,
};

use crate::errors::{BlockLine, PastBlock};
use crate::event::{Event, Sink};
use crate::records::Draft;
use crate::state::Findings;
use crate::steps::{Nesting, Steps, Wanted};
use crate::text::cut;

/// The longest value of a field, and the longest name or message of a test, in bytes.
const MAX_VALUE: usize = 500;

/// A line as the dialects see it: without envelope, terminal codes and secrets.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// From 1.
    pub(crate) number: u64,
    pub(crate) text: &'a str,
    /// Its own stamp, or its predecessor's.
    pub(crate) stamp: Option<Timestamp>,
    /// The level that it states.
    pub(crate) level: Option<Level>,
    /// Whether it goes on with the record before it: a frame of a stack trace, an indented line
    /// below a log event, a line that the CI system did not stamp.
    pub(crate) in_trace: bool,
}

impl Line<'_> {
    /// Whether it says that something went wrong.
    pub(crate) fn is_bad(&self) -> bool {
        self.level.is_some_and(|level| level >= Level::Error)
    }

    /// Whether it states a level.
    pub(crate) fn has_level(&self) -> bool {
        self.level.is_some()
    }
}

/// A test as a dialect tells it.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) framework: &'a str,
    /// As the framework prints it.
    pub(crate) name: &'a str,
    pub(crate) class: Option<&'a str>,
    pub(crate) result: TestOutcome,
    pub(crate) duration_s: Option<f64>,
    /// Why it failed.
    pub(crate) message: Option<&'a str>,
    /// The line that states it, if that is not the line at hand.
    pub(crate) line: Option<u64>,
}

impl<'a> Case<'a> {
    /// A test of which no more is known.
    pub(crate) fn new(framework: &'a str, name: &'a str, result: TestOutcome) -> Self {
        Self { framework, name, class: None, result, duration_s: None, message: None, line: None }
    }
}

/// Takes what dialects find in a line. The first dialect that speaks of an error on a line has it;
/// what later ones say of the same line is dropped.
pub(crate) struct Report<'a> {
    pub(crate) line: Line<'a>,
    pub(crate) draft: &'a mut Draft,
    pub(crate) findings: &'a mut Findings,
    pub(crate) sink: &'a mut dyn Sink,
    /// The dialect that is speaking.
    pub(crate) tool: &'static str,
    /// The dialect that has the line's error.
    pub(crate) claimed: Option<&'static str>,
}

impl<'a> Report<'a> {
    /// Says what kind of record the line is; of two kinds the more telling one stays.
    pub(crate) fn kind(&mut self, kind: RecordKind) {
        self.draft.kind = self.draft.kind.max(kind);
    }

    /// Sets a field of the record.
    pub(crate) fn field(&mut self, name: &'static str, value: &str) {
        let value = self.short(value.trim(), MAX_VALUE);
        self.draft.fields.insert(name, value);
    }

    /// The beginning of `text` that is kept: what is left out is counted.
    pub(crate) fn short<'t>(&mut self, text: &'t str, max: usize) -> &'t str {
        self.findings.values_cut += u64::from(text.len() > max);
        cut(text, max)
    }

    /// Counts what is not kept though it may be of use, as too much is.
    pub(crate) fn forget(&mut self, count: u64) {
        self.findings.forgotten += count;
    }

    /// Says that the line goes on with the record before it.
    pub(crate) fn join(&mut self) {
        self.draft.joins = true;
    }

    /// Begins an error at this line. It ends at the first line that nobody extends or holds it to.
    pub(crate) fn error(&mut self, severity: Severity, reason: Reason, message: &str) {
        self.begin(Some((severity, reason)), message);
    }

    /// Begins a block that may turn out to be an error: only [`Report::confirm`] makes it one.
    pub(crate) fn suspect(&mut self, message: &str) {
        self.begin(None, message);
    }

    fn begin(&mut self, verdict: Option<(Severity, Reason)>, message: &str) {
        if !self.claim() {
            return;
        }
        if verdict.is_some_and(|(severity, _)| severity >= Severity::Error) {
            self.count_error();
        }
        let at = self.block_line();
        self.findings.errors.begin(&at, verdict, message, tell_error(self.sink));
    }

    /// Says what the open block of this dialect is, and that it reaches to this line; without one,
    /// begins it here.
    pub(crate) fn confirm(&mut self, severity: Severity, reason: Reason, message: &str) {
        if !self.has_block() {
            return self.error(severity, reason, message);
        }
        if self.claim() {
            let at = self.block_line();
            self.findings.errors.confirm((severity, reason), message, &at);
            self.findings.errors.extend(&self.block_line());
        }
    }

    /// Lets the open block of this dialect reach to this line, which says better what is wrong.
    pub(crate) fn reword(&mut self, message: &str) {
        if self.has_block() && self.claim() {
            let at = self.block_line();
            self.findings.errors.reword(message, &at);
            self.findings.errors.extend(&self.block_line());
        }
    }

    /// Takes over the block of the line before, which another dialect read without knowing what
    /// this line says, and lets it reach to this line.
    pub(crate) fn adopt(&mut self, severity: Severity, reason: Reason) {
        if self.claim() {
            self.findings.errors.adopt(self.tool, (severity, reason));
            self.findings.errors.extend(&self.block_line());
        }
    }

    /// Lets the open block of this dialect reach to this line.
    pub(crate) fn extend(&mut self) {
        if self.has_block() && self.claim() {
            self.findings.errors.extend(&self.block_line());
        }
    }

    /// Keeps the open block of this dialect open, for a later line may belong to it.
    pub(crate) fn hold(&mut self) {
        if self.has_block() && self.claim() {
            self.findings.errors.hold(&self.block_line());
        }
    }

    /// Tells an error in lines that lie behind.
    pub(crate) fn past_error(&mut self, past: &PastBlock, severity: Severity, reason: Reason) {
        self.count_error();
        let at = self.block_line();
        self.findings.errors.past(past, (severity, reason), &at, tell_error(self.sink));
    }

    fn count_error(&mut self) {
        if self.findings.errors.counts(self.tool) {
            self.findings.steps.count_error();
        }
    }

    /// Whether a block of this dialect is open.
    pub(crate) fn has_block(&self) -> bool {
        self.findings.errors.is_open(self.tool)
    }

    /// Takes the line for this dialect, so that no other one finds an error in it.
    pub(crate) fn claim(&mut self) -> bool {
        *self.claimed.get_or_insert(self.tool) == self.tool
    }

    fn block_line(&self) -> BlockLine<'a> {
        BlockLine {
            number: self.line.number,
            text: self.line.text,
            tool: self.tool,
            step: self.findings.steps.current(),
        }
    }

    /// Tells a test's result. `name` is as the framework prints it.
    pub(crate) fn test(
        &mut self,
        framework: &str,
        name: &str,
        class: Option<&str>,
        result: TestOutcome,
    ) {
        self.timed_test(framework, name, class, result, None);
    }

    /// Tells a test's result with its duration in seconds.
    pub(crate) fn timed_test(
        &mut self,
        framework: &str,
        name: &str,
        class: Option<&str>,
        result: TestOutcome,
        duration_s: Option<f64>,
    ) {
        let test = TestCase { duration_s, ..self.case(framework, name, class, result) };
        self.tell_test(test);
    }

    /// A test whose result this line states, to be told by [`Report::tell_test`] when more is known
    /// of it: its parts are cut, so that a dialect may keep it.
    pub(crate) fn case(
        &mut self,
        framework: &str,
        name: &str,
        class: Option<&str>,
        result: TestOutcome,
    ) -> TestCase {
        self.kind(RecordKind::Test);
        TestCase {
            framework: framework.to_owned(),
            name: self.short(name, MAX_VALUE).to_owned(),
            classname: class.map(|class| self.short(class, MAX_VALUE).to_owned()),
            result,
            duration_s: None,
            message: None,
            line: self.line.number,
        }
    }

    /// Tells a test of this line or an earlier one.
    pub(crate) fn tell_test(&mut self, test: TestCase) {
        self.framework(&test.framework);
        let message = test.message.map(|message| self.short(message.trim(), MAX_VALUE).to_owned());
        self.sink.event(Event::Test(&TestCase { message, ..test }));
    }

    /// Tells the test that waited for its message, if one did.
    pub(crate) fn tell_pending(&mut self, pending: &mut Option<TestCase>) {
        if let Some(test) = pending.take() {
            self.tell_test(test);
        }
    }

    /// Takes a line of a failure: the first is the message of the test that waits for it and of the
    /// error, the others belong to the error.
    pub(crate) fn tell_line(&mut self, pending: &mut Option<TestCase>, text: &str) {
        self.join();
        if let Some(test) = pending.take() {
            self.tell_test(TestCase { message: Some(text.to_owned()), ..test });
            self.reword(text);
        } else {
            self.extend();
        }
    }

    /// Tells a test's result with all that is known of it.
    pub(crate) fn tell_case(&mut self, case: &Case<'_>) {
        self.kind(RecordKind::Test);
        self.framework(case.framework);
        let test = TestCase {
            framework: case.framework.to_owned(),
            name: self.short(case.name, MAX_VALUE).to_owned(),
            classname: case.class.map(|class| self.short(class, MAX_VALUE).to_owned()),
            result: case.result,
            duration_s: case.duration_s,
            message: case.message.map(|message| self.short(message.trim(), MAX_VALUE).to_owned()),
            line: case.line.unwrap_or(self.line.number),
        };
        self.sink.event(Event::Test(&test));
    }

    /// Tells what a run of Terraform came to.
    pub(crate) fn terraform(&mut self, run: &TerraformRun) {
        let sum = self.findings.terraform.map_or(*run, |before| before.and(*run));
        self.findings.terraform = Some(sum);
        self.sink.event(Event::Terraform(run));
    }

    /// Tells what a run of tests came to. Its line is this one unless it names an earlier one.
    pub(crate) fn summary(&mut self, summary: TestSummary) {
        self.framework(&summary.framework);
        if summary.line == 0 {
            self.kind(RecordKind::Test);
        }
        let line = if summary.line == 0 { self.line.number } else { summary.line };
        let summary = TestSummary { line, ..summary };
        self.findings.count_tests(&summary);
        self.sink.event(Event::TestSummary(&summary));
    }

    /// Names a test framework that the log holds output of.
    pub(crate) fn framework(&mut self, name: &str) {
        let forgotten = remember(&mut self.findings.frameworks, name);
        self.forget(forgotten);
    }

    /// Names a build tool that the log holds output of.
    pub(crate) fn build_tool(&mut self, name: &str) {
        let forgotten = remember(&mut self.findings.tools, name);
        self.forget(forgotten);
    }

    /// Says how the dialect's tool ended; one failure stays a failure.
    pub(crate) fn verdict(&mut self, outcome: Outcome) {
        self.findings.verdict(self.tool, outcome);
    }

    /// Says that the dialect's tool ended: failed, or well.
    pub(crate) fn failed_if(&mut self, failed: bool) {
        self.verdict(if failed { Outcome::Failed } else { Outcome::Success });
    }

    /// Says that the dialect's tool begins anew: how it ended before does not count any more.
    pub(crate) fn begin_run(&mut self) {
        self.findings.forget_verdict(self.tool);
    }

    /// Opens a step at this line. A phase of a tool ends the phase before it, which succeeded then.
    pub(crate) fn open_step(&mut self, name: &str, nesting: Nesting) {
        if nesting == Nesting::Tool {
            self.close_step(Nesting::Tool, Outcome::Success);
        }
        self.findings.steps.open(name, nesting, self.line.number, self.line.stamp);
    }

    /// Opens a step at this line that began at another time than the line's.
    pub(crate) fn open_step_at(&mut self, name: &str, nesting: Nesting, at: Option<Timestamp>) {
        self.findings.steps.open(name, nesting, self.line.number, at.or(self.line.stamp));
    }

    /// Closes the innermost step of `nesting` at the line before this one, or at this one if it is
    /// the step's own end.
    pub(crate) fn close_step(&mut self, nesting: Nesting, result: Outcome) {
        let own = nesting == Nesting::Group;
        let line = self.line.number.saturating_sub(u64::from(!own));
        let stamp = if own { self.line.stamp } else { self.findings.last_stamp };
        self.end(Wanted::Nesting(nesting), Some(result), (line, stamp));
    }

    /// Closes the innermost step of `nesting` at the line before this one, though nothing says how
    /// and when it ended.
    pub(crate) fn cut_step(&mut self, nesting: Nesting) {
        let line = self.line.number.saturating_sub(1);
        self.end(Wanted::Nesting(nesting), Some(Outcome::Unknown), (line, None));
    }

    /// Closes the innermost step of `nesting` at the line before this one; its result waits for
    /// [`Report::settle_step`].
    pub(crate) fn leave_step(&mut self, nesting: Nesting) {
        let end = (self.line.number.saturating_sub(1), self.findings.last_stamp);
        self.end(Wanted::Nesting(nesting), None, end);
    }

    /// Closes the innermost step of `nesting` at this line, which is its last. Without a result it
    /// waits for [`Report::settle_step`].
    pub(crate) fn end_step(&mut self, nesting: Nesting, result: Option<Outcome>) {
        self.end(Wanted::Nesting(nesting), result, (self.line.number, self.line.stamp));
    }

    /// Closes the innermost step called `name` at this line, as [`Report::end_step`] does. Returns
    /// whether there is one.
    pub(crate) fn end_named(
        &mut self,
        name: &str,
        result: Option<Outcome>,
        at: Option<Timestamp>,
    ) -> bool {
        self.end(Wanted::Name(name), result, (self.line.number, at.or(self.line.stamp)))
    }

    fn end(
        &mut self,
        wanted: Wanted<'_>,
        result: Option<Outcome>,
        end: (u64, Option<Timestamp>),
    ) -> bool {
        let mut found = false;
        self.tell_steps(|steps, told| found = steps.close(wanted, result, end, told));
        found
    }

    /// Says how the step ended that has ended without a result.
    pub(crate) fn settle_step(&mut self, result: Outcome) {
        if self.findings.steps.is_waiting() {
            self.tell_steps(|steps, told| steps.settle(result, told));
        }
    }

    /// Lets the step that has ended without a result reach to this line.
    pub(crate) fn extend_waiting_step(&mut self) {
        self.findings.steps.extend_waiting(self.line.number);
    }

    /// Says when the innermost step began.
    pub(crate) fn start_step(&mut self, at: Option<Timestamp>) {
        self.findings.steps.started(at);
    }

    /// Whether a step of the CI system is open.
    pub(crate) fn in_ci_step(&self) -> bool {
        self.findings.steps.is_open(Nesting::Ci)
    }

    /// Whether the innermost step called `name` is one of the CI system's.
    pub(crate) fn is_outer_step(&self, name: &str) -> bool {
        self.findings.steps.is_outer(name)
    }

    /// Ends the open error, then steps through `close`, telling each.
    fn tell_steps(&mut self, close: impl FnOnce(&mut Steps, &mut dyn FnMut(&Step))) {
        self.findings.errors.close(tell_error(self.sink));
        let Findings { steps, errors, .. } = &mut *self.findings;
        close(steps, &mut |step| {
            if step.result == Outcome::Failed {
                errors.step_failed(step.start_line);
            }
            self.sink.event(Event::Step(step));
        });
    }

    /// Lets `act` speak of another lane than the line's.
    pub(crate) fn in_lane(&mut self, lane: u32, act: impl FnOnce(&mut Self)) {
        let own = self.findings.steps.lane();
        self.findings.steps.enter(lane);
        act(self);
        self.findings.steps.enter(own);
    }

    /// Opens the step of the lane that the line is of.
    pub(crate) fn open_lane(&mut self, name: &str) {
        let (number, stamp) = (self.line.number, self.line.stamp);
        self.tell_steps(|steps, told| steps.open_lane(name, number, stamp, told));
    }

    /// Whether the step of the lane that the line is of runs.
    pub(crate) fn runs_lane(&self) -> bool {
        self.findings.steps.runs_lane()
    }

    /// Ends the step of the lane that the line is of. What went wrong in one that succeeded was
    /// survived.
    pub(crate) fn end_lane(&mut self, result: Outcome, seconds: Option<f64>) {
        let end = (self.line.number, self.line.stamp);
        let mut ended = None;
        self.tell_steps(|steps, told| ended = steps.end_lane(result, end, seconds, told));
        if let Some(number) = ended.filter(|_| result == Outcome::Success) {
            self.findings.survived(number);
        }
    }

    /// Tells the steps of all lanes, which are over.
    pub(crate) fn close_lanes(&mut self) {
        let end = (self.line.number.saturating_sub(1), self.findings.last_stamp);
        self.tell_steps(|steps, told| steps.close_lanes(end, told));
    }

    /// Marks the open steps as failed.
    pub(crate) fn fail_step(&mut self) {
        self.findings.steps.fail();
    }
}

fn tell_error(sink: &mut dyn Sink) -> impl FnMut(&LogError) {
    |error| sink.event(Event::Error(error))
}

/// Returns how many names found no room.
fn remember(names: &mut Vec<String>, name: &str) -> u64 {
    /// How many are told apart: no log holds more, but a forged one may try.
    const MAX_NAMES: usize = 32;
    if names.iter().any(|known| known == name) {
        return 0;
    }
    let has_room = names.len() < MAX_NAMES;
    if has_room {
        names.push(name.to_owned());
    }
    u64::from(!has_room)
}
