//! What the parser finds becomes documents, gathered into bulks.

use std::time::Instant;

use logmill_documents::{
    BuildParts, Bulk, BulkWriter, ListCuts, MAX_ERRORS, MAX_FAILURES, MAX_STEPS, Origin,
};
use logmill_model::{Build, Explanation, LogError, Step, TestCase, TestOutcome, Timestamp};
use logmill_parser::{Event, Sink};
use logmill_runtime::telemetry::names;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::Sender;

use crate::read::Stop;
use crate::selection::Selection;
use crate::spent::{Spent, Stage};

/// The most bytes of text that each list of a build document has.
const MAX_TEXT: usize = 256 * 1024;

/// What of a log is kept for its build document. The lists have caps; what is beyond them is counted.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Kept {
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) steps: Vec<Step>,
    pub(crate) errors: Vec<LogError>,
    pub(crate) failures: Vec<TestCase>,
    pub(crate) explanations: Vec<Explanation>,
    cut: ListCuts,
    /// Bytes of text of steps, errors and failures.
    text: [usize; 3],
}

impl Kept {
    fn step(&mut self, step: &Step) {
        let kept = keep(&mut self.steps, MAX_STEPS, &mut self.text[0], step, step.name.len());
        self.cut.steps += u64::from(!kept);
    }

    fn error(&mut self, error: &LogError) {
        let size = error.message.len();
        let kept = keep(&mut self.errors, MAX_ERRORS, &mut self.text[1], error, size);
        self.cut.errors += u64::from(!kept);
    }

    fn failure(&mut self, test: &TestCase) {
        let texts = [test.classname.as_ref(), test.message.as_ref()];
        let size = test.name.len() + texts.into_iter().flatten().map(String::len).sum::<usize>();
        let kept = keep(&mut self.failures, MAX_FAILURES, &mut self.text[2], test, size);
        self.cut.failures += u64::from(!kept);
    }
}

fn keep<T: Clone>(list: &mut Vec<T>, most: usize, text: &mut usize, item: &T, size: usize) -> bool {
    let fits = list.len() < most && *text + size <= MAX_TEXT;
    if fits {
        *text += size;
        list.push(item.clone());
    }
    fits
}

/// Takes events: records and tests become documents at once, the rest is kept for the build document.
pub(crate) struct Collector<'a> {
    pub(crate) origin: Origin,
    pub(crate) kept: Kept,
    /// Which records are written.
    pub(crate) selection: Selection,
    /// Whether the log is read once more, only for its records.
    pub(crate) is_second: bool,
    pub(crate) spent: Spent,
    writer: BulkWriter,
    bulks: &'a Sender<Bulk>,
    build: Option<Build>,
    /// Why nothing more is taken.
    stopped: Option<Stop>,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(origin: &Origin, writer: BulkWriter, bulks: &'a Sender<Bulk>) -> Self {
        Self {
            origin: origin.clone(),
            kept: Kept::default(),
            selection: Selection::All,
            is_second: false,
            spent: Spent::default(),
            writer,
            bulks,
            build: None,
            stopped: None,
        }
    }

    /// The build of the log that has ended; what its lists left out is counted.
    pub(crate) fn take_build(&mut self) -> Build {
        let cut = self.kept.cut;
        for (limit, number) in
            [("steps", cut.steps), ("errors", cut.errors), ("failures", cut.failures)]
        {
            if number > 0 {
                metrics::counter!(names::PARSE_CUT, "limit" => limit).increment(number);
            }
        }
        self.build.take().unwrap_or_default()
    }

    /// What kept an event from being taken, if anything did.
    pub(crate) fn check(&mut self) -> Result<(), Stop> {
        self.stopped.take().map_or(Ok(()), Err)
    }

    /// Hands over the waiting documents.
    pub(crate) fn hand_over(&mut self) -> Result<(), Stop> {
        if self.writer.is_empty() {
            return Ok(());
        }
        let bulk = self.writer.take();
        let sent = self.spent.time(Stage::Waiting, || self.bulks.blocking_send(bulk));
        sent.map_err(|_| Stop::Unwanted)
    }

    fn write(&mut self, event: Event<'_>) -> Result<(), logmill_documents::Error> {
        if self.is_second && !matches!(event, Event::Record(_)) {
            return Ok(());
        }
        let kept = &mut self.kept;
        match event {
            Event::Record(record) => {
                kept.started_at = kept.started_at.or(record.timestamp);
                if self.selection.has(record) {
                    return self.writer.record(&self.origin, record);
                }
            }
            Event::Test(test) => {
                if matches!(test.result, TestOutcome::Fail | TestOutcome::Error) {
                    kept.failure(test);
                }
                return self.writer.test(&self.origin, kept.started_at, test);
            }
            Event::Step(step) => kept.step(step),
            Event::Error(error) => kept.error(error),
            Event::Explanation(explanation) => kept.explanations.push(explanation.clone()),
            Event::TestSummary(_) | Event::Terraform(_) => {}
            Event::Build(build) => {
                self.build = Some(build.clone());
                let parts = BuildParts {
                    deployment_type: None,
                    build,
                    steps: &kept.steps,
                    errors: &kept.errors,
                    explanation: &kept.explanations,
                    failures: &kept.failures,
                    cut: kept.cut,
                };
                return self.writer.build(&self.origin, parts);
            }
        }
        Ok(())
    }
}

impl Sink for Collector<'_> {
    fn event(&mut self, event: Event<'_>) {
        if self.stopped.is_some() {
            return;
        }
        let began = Instant::now();
        let written = self.write(event).map_err(Stop::Document);
        self.spent.add(Stage::Documents, began.elapsed());
        let done = match written {
            Ok(()) if self.writer.is_full() => self.hand_over(),
            other => other,
        };
        self.stopped = done.err();
    }
}
