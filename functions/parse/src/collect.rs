//! The blocking half: unpacks an object, parses its logs and hands over documents, a bulk at a time.

use std::io;

use logmill_documents::{
    BuildParts, Bulk, BulkWriter, MAX_ERRORS, MAX_FAILURES, MAX_STEPS, Origin,
};
use logmill_model::mask::Policy;
use logmill_model::{
    Build, Explanation, LogError, Step, Summary, TestCase, TestOutcome, Timestamp,
};
use logmill_objects::RangeReader;
use logmill_parser::{Event, Options, Parser, Sink};
use logmill_unpack::{Entry, Limits, Log, Object};
use tokio::sync::mpsc::Sender;

/// Why the blocking half stopped before the end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    /// The object cannot be read: what kind of failure, [`logmill_objects::Error::find`] tells.
    #[error("the object cannot be read: {0}")]
    Read(#[source] logmill_unpack::Error),
    /// It is no log.
    #[error("it is {0}, no log")]
    NoLog(&'static str),
    /// A document cannot be written as JSON.
    #[error("{0}")]
    Document(#[source] logmill_documents::Error),
    /// The other half went away.
    #[error("the documents are not taken any more")]
    Unwanted,
}

/// Reads all logs of an object. `origin.part` is the object's; a member of a zip has its own.
pub(crate) fn read(
    reader: RangeReader,
    origin: &Origin,
    masking: Policy,
    writer: BulkWriter,
    bulks: &Sender<Bulk>,
) -> Result<Summary, Stop> {
    let mut summary = Summary::default();
    let mut collector = Collector::new(origin, writer, bulks);
    let reader = io::BufReader::with_capacity(64 * 1024, reader);
    let mut object = Object::open(reader, Limits::default()).map_err(Stop::Read)?;
    let archive = object.is_archive();
    while let Some(entry) = object.next_entry().map_err(Stop::Read)? {
        let mut log = match entry {
            Entry::Log(log) => log,
            Entry::Aside(aside) => {
                summary.aside.push(aside.to_string());
                continue;
            }
        };
        if let Some(what) = log.binary().map_err(Stop::Read)? {
            if !archive {
                return Err(Stop::NoLog(what));
            }
            summary.aside.push(format!("{} is {what}, no log", log.part()));
            continue;
        }
        if archive {
            collector.origin.part = member_part(&origin.part, log.part());
        }
        let parsed = parse(&mut log, masking, &mut collector)?;
        let part = collector.origin.part.clone();
        summary.push(&part, &parsed.build, parsed.explanation.as_ref());
    }
    collector.hand_over()?;
    Ok(summary)
}

/// The part of a member: its own name, behind that of the object where this has one.
fn member_part(object: &str, member: &str) -> String {
    if object.is_empty() { member.to_owned() } else { format!("{object}/{member}") }
}

struct Parsed {
    build: Build,
    explanation: Option<Explanation>,
}

fn parse(
    log: &mut Log<'_>,
    masking: Policy,
    collector: &mut Collector<'_>,
) -> Result<Parsed, Stop> {
    let mut parser = Parser::new(Options { masking });
    collector.begin();
    while let Some(piece) = log.next_piece().map_err(Stop::Read)? {
        parser.push(piece, collector);
        collector.hand_over_if_full()?;
    }
    let cut = log.end().and_then(logmill_unpack::End::reason);
    parser.finish(cut, collector);
    collector.hand_over_if_full()?;
    match collector.fault.take() {
        Some(fault) => Err(Stop::Document(fault)),
        None => Ok(Parsed {
            build: collector.build.take().unwrap_or_default(),
            explanation: collector.explanations.first().cloned(),
        }),
    }
}

/// Takes events: records and tests become documents at once, the rest is kept, within its caps, for
/// the build document.
struct Collector<'a> {
    origin: Origin,
    writer: BulkWriter,
    bulks: &'a Sender<Bulk>,
    started_at: Option<Timestamp>,
    steps: Vec<Step>,
    errors: Vec<LogError>,
    failures: Vec<TestCase>,
    explanations: Vec<Explanation>,
    build: Option<Build>,
    fault: Option<logmill_documents::Error>,
}

impl<'a> Collector<'a> {
    fn new(origin: &Origin, writer: BulkWriter, bulks: &'a Sender<Bulk>) -> Self {
        Self {
            origin: origin.clone(),
            writer,
            bulks,
            started_at: None,
            steps: Vec::new(),
            errors: Vec::new(),
            failures: Vec::new(),
            explanations: Vec::new(),
            build: None,
            fault: None,
        }
    }

    /// Forgets the log before.
    fn begin(&mut self) {
        self.started_at = None;
        self.steps.clear();
        self.errors.clear();
        self.failures.clear();
        self.explanations.clear();
        self.build = None;
    }

    fn hand_over_if_full(&mut self) -> Result<(), Stop> {
        if self.writer.is_full() { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), Stop> {
        if self.writer.is_empty() {
            return Ok(());
        }
        self.bulks.blocking_send(self.writer.take()).map_err(|_| Stop::Unwanted)
    }

    fn write(&mut self, event: Event<'_>) -> Result<(), logmill_documents::Error> {
        match event {
            Event::Record(record) => {
                self.started_at = self.started_at.or(record.timestamp);
                self.writer.record(&self.origin, record)
            }
            Event::Test(test) => {
                if matches!(test.result, TestOutcome::Fail | TestOutcome::Error) {
                    keep(&mut self.failures, MAX_FAILURES, test);
                }
                self.writer.test(&self.origin, self.started_at, test)
            }
            Event::Step(step) => {
                keep(&mut self.steps, MAX_STEPS, step);
                Ok(())
            }
            Event::Error(error) => {
                keep(&mut self.errors, MAX_ERRORS, error);
                Ok(())
            }
            Event::Explanation(explanation) => {
                self.explanations.push(explanation.clone());
                Ok(())
            }
            Event::TestSummary(_) => Ok(()),
            Event::Build(build) => {
                self.build = Some(build.clone());
                let parts = BuildParts {
                    deployment_type: None,
                    build,
                    steps: &self.steps,
                    errors: &self.errors,
                    explanation: &self.explanations,
                    failures: &self.failures,
                };
                self.writer.build(&self.origin, parts)
            }
        }
    }
}

impl Sink for Collector<'_> {
    fn event(&mut self, event: Event<'_>) {
        if self.fault.is_none() {
            self.fault = self.write(event).err();
        }
    }
}

/// Keeps one more than the limit, so that whoever writes the list sees that it was cut.
fn keep<T: Clone>(list: &mut Vec<T>, most: usize, item: &T) {
    if list.len() <= most {
        list.push(item.clone());
    }
}
