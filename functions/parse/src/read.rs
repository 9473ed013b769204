//! The blocking half: unpacks an object, parses its logs and hands over documents, a bulk at a time,
//! until the end or until its time is over.

use std::io::{self, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use logmill_documents::Origin;
use logmill_model::{Build, Summary};
use logmill_parser::{Options, Parser};
use logmill_runtime::config::Records;
use logmill_runtime::retry::{Deadline, Retryable};
use logmill_runtime::telemetry::names;
use logmill_unpack::{Entry, Limits, Log, Mark, Object, Position};

use crate::checkpoint::Checkpoint;
use crate::collect::Collector;
use crate::selection::Selection;
use crate::spent::Stage;

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
    /// The parser's state is no checkpoint.
    #[error("{0}")]
    State(#[source] logmill_parser::CheckpointError),
    /// The other half went away.
    #[error("the documents are not taken any more")]
    Unwanted,
}

/// How an object is read.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) origin: Origin,
    pub(crate) options: Options,
    pub(crate) records: Records,
    /// When to stop reading.
    pub(crate) until: Deadline,
    /// Bytes of the object, as it is stored, that were read so far.
    pub(crate) progress: Arc<AtomicU64>,
}

/// Where an invocation before stopped, with the parser as it was there.
pub(crate) struct Resumed {
    pub(crate) checkpoint: Checkpoint,
    pub(crate) parser: Parser,
}

/// How far an object was read.
pub(crate) enum Read {
    /// To its end: the summary of its logs.
    Ended(Summary),
    /// To a place from which to go on.
    Paused(Box<Checkpoint>),
}

/// Reads all logs of an object, from `from` on.
pub(crate) fn read<R: io::Read + Seek>(
    reader: R,
    plan: &Plan,
    collector: &mut Collector<'_>,
    from: Option<Resumed>,
) -> Result<Read, Stop> {
    let reader = io::BufReader::with_capacity(64 * 1024, reader);
    let position = from.as_ref().map(|from| from.checkpoint.position).unwrap_or_default();
    let object = collector
        .spent
        .time(Stage::Reading, || Object::resume(reader, Limits::default(), &position))
        .map_err(Stop::Read)?;
    let mut reading = Reading { object, plan, summary: Summary::default() };
    let mut pass = None;
    if let Some(Resumed { checkpoint, parser }) = from {
        reading.summary = checkpoint.summary;
        collector.kept = checkpoint.kept;
        collector.selection = checkpoint.selection;
        collector.is_second = checkpoint.is_second;
        pass = Some(parser);
    }
    let paused = reading.entries(collector, pass)?;
    collector.hand_over()?;
    Ok(paused.map_or_else(|| Read::Ended(reading.summary), |it| Read::Paused(Box::new(it))))
}

struct Reading<'p, R> {
    object: Object<io::BufReader<R>>,
    plan: &'p Plan,
    summary: Summary,
}

/// Where a log was left: the parser's state and the place.
type Left = (logmill_parser::Checkpoint, Mark);

impl<R: io::Read + Seek> Reading<'_, R> {
    /// Reads the logs that are left; `resumed` is the parser of one that was begun.
    fn entries(
        &mut self,
        collector: &mut Collector<'_>,
        mut resumed: Option<Parser>,
    ) -> Result<Option<Checkpoint>, Stop> {
        let archive = self.object.is_archive();
        let mut went_on = false;
        loop {
            let next = self.object.next_position().filter(|_| went_on);
            if let (true, Some(next)) = (self.plan.until.is_over(), next) {
                return self.before(next, collector).map(Some);
            }
            went_on = true;
            let opened = collector.spent.time(Stage::Reading, || self.object.next_entry());
            let mut log = match opened.map_err(Stop::Read)? {
                None => return Ok(None),
                Some(Entry::Aside(aside)) => {
                    self.summary.aside.push(aside.to_string());
                    continue;
                }
                Some(Entry::Log(log)) => log,
            };
            if let Some(what) = log.binary().map_err(Stop::Read)? {
                if !archive {
                    return Err(Stop::NoLog(what));
                }
                self.summary.aside.push(format!("{} is {what}, no log", log.part()));
                continue;
            }
            if archive {
                collector.origin.part = member_part(&self.plan.origin.part, log.part());
            }
            let parser = match resumed.take() {
                Some(parser) => parser,
                None => begin(collector, Selection::at_first(self.plan.records), self.plan),
            };
            let mut left = parse(&mut log, parser, collector, self.plan)?;
            drop(log);
            if left.is_none() && !collector.is_second {
                left = self.ended(collector)?;
            }
            if let Some(left) = left {
                let (parser, mark) = left;
                let position = self.object.position(mark);
                return Ok(Some(self.checkpoint(position, parser, collector)));
            }
        }
    }

    /// Sums a log up, and reads it once more if records of it are wanted only now.
    fn ended(&mut self, collector: &mut Collector<'_>) -> Result<Option<Left>, Stop> {
        let build = collector.take_build();
        count(&build);
        let explanation = collector.kept.explanations.first();
        self.summary.push(&collector.origin.part, &build, explanation);
        let wanted = Selection::then(self.plan.records, &collector.kept, build.result);
        let (Some(selection), Some(mut log)) = (wanted, self.object.again().map_err(Stop::Read)?)
        else {
            return Ok(None);
        };
        collector.is_second = true;
        collector.selection = selection;
        let parser = Parser::new(self.plan.options);
        parse(&mut log, parser, collector, self.plan)
    }

    /// A stop before the next entry of an archive.
    fn before(
        &self,
        position: Position,
        collector: &mut Collector<'_>,
    ) -> Result<Checkpoint, Stop> {
        let parser = begin(collector, Selection::at_first(self.plan.records), self.plan);
        let parser = parser.checkpoint().map_err(Stop::State)?;
        Ok(self.checkpoint(position, parser, collector))
    }

    fn checkpoint(
        &self,
        position: Position,
        parser: logmill_parser::Checkpoint,
        collector: &Collector<'_>,
    ) -> Checkpoint {
        Checkpoint {
            position,
            packed: self.plan.progress.load(Ordering::Relaxed),
            is_second: collector.is_second,
            selection: collector.selection.clone(),
            parser,
            kept: collector.kept.clone(),
            summary: self.summary.clone(),
        }
    }
}

/// A parser for the next log, of which nothing is known.
fn begin(collector: &mut Collector<'_>, selection: Selection, plan: &Plan) -> Parser {
    collector.kept = crate::collect::Kept::default();
    collector.is_second = false;
    collector.selection = selection;
    Parser::new(plan.options)
}

/// Tells the metrics what a log had, and what limits left of it.
fn count(build: &Build) {
    metrics::counter!(names::PARSE_LINES).increment(build.lines);
    metrics::counter!(names::PARSE_BYTES).increment(build.bytes);
    metrics::counter!(names::PARSE_MASKED).increment(build.cuts.masked);
    let cuts = &build.cuts;
    for (limit, number) in [
        ("line_length", cuts.lines_cut),
        ("record_length", cuts.records_split),
        ("open_steps", cuts.steps_dropped),
        ("candidates", cuts.candidates_dropped),
        ("value_length", cuts.values_cut),
        ("error_lines", cuts.error_lines_cut),
        ("open_state", cuts.forgotten),
        ("input", u64::from(cuts.input.is_some())),
    ] {
        if number > 0 {
            metrics::counter!(names::PARSE_CUT, "limit" => limit).increment(number);
        }
    }
}

/// The part of a member: its own name, behind that of the object where this has one.
fn member_part(object: &str, member: &str) -> String {
    if object.is_empty() { member.to_owned() } else { format!("{object}/{member}") }
}

/// Whether the object can be read later.
fn is_passing(error: &logmill_unpack::Error) -> bool {
    logmill_objects::Error::find(error).is_some_and(Retryable::is_retryable)
}

/// Parses a log to its end; where it was left, if the time was over before.
fn parse(
    log: &mut Log<'_>,
    mut parser: Parser,
    collector: &mut Collector<'_>,
    plan: &Plan,
) -> Result<Option<Left>, Stop> {
    loop {
        let mark = log.mark();
        let piece = match collector.spent.time(Stage::Reading, || log.next_piece()) {
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            // A store that is slow: what came of the log is written, and the next one goes on.
            Err(error) if plan.until.is_over() && is_passing(&error) => {
                tracing::warn!(%error, "reading ends with the time for it");
                return Ok(Some((parser.checkpoint().map_err(Stop::State)?, mark)));
            }
            Err(error) => return Err(Stop::Read(error)),
        };
        let (began, before) = (Instant::now(), collector.spent.total());
        parser.push(piece, collector);
        // What writing documents took in between is counted by itself.
        let documents = collector.spent.total().saturating_sub(before);
        collector.spent.add(Stage::Parsing, began.elapsed().saturating_sub(documents));
        collector.check()?;
        plan.progress.store(log.packed_position(), Ordering::Relaxed);
        if plan.until.is_over() && log.end().is_none() {
            return Ok(Some((parser.checkpoint().map_err(Stop::State)?, log.mark())));
        }
    }
    let cut = log.end().and_then(logmill_unpack::End::reason);
    parser.finish(cut, collector);
    collector.check()?;
    Ok(None)
}
