//! The documents of one object: written while it is read, old ones deleted, the object ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use logmill_deadletter::{Failure, Reason};
use logmill_documents::{Bulk, Origin, Rejected};
use logmill_metadata::{
    ErrorKind as MetadataErrorKind, Facts, MAX_BLOB, Metadata, ObjectRef, Progress, Taken, Version,
    Witness,
};
use logmill_model::Summary;
use logmill_model::id::ObjectKey;
use logmill_objects::{ErrorKind, Head, RangeReader};
use logmill_parser::{Assumed, Options, Parser};
use logmill_runtime::cause::{Cause, TryAgain};
use logmill_runtime::retry::{Deadline, Retryable};
use logmill_runtime::telemetry::names;
use tokio::sync::mpsc;

use crate::checkpoint::Checkpoint;
use crate::collect::Collector;
use crate::pace::Pace;
use crate::read::{self, Plan, Read, Resumed, Stop};
use crate::{FUNCTION, Invocation, Parse};

/// How many bulks may wait between parsing and writing.
const BULKS: usize = 1;
/// How many bulks are written at once, so that the engine has one at hand when it is done with
/// another.
const WRITES: usize = 3;
/// How often the metadata is told how far the work is.
const TELL: Duration = Duration::from_secs(5);

/// Why work on an object ended without its documents.
pub(crate) enum Fault {
    /// Trying again can help.
    Passing(TryAgain),
    /// It can't.
    Lasting { kind: &'static str, message: String },
    /// Another version, or nothing, is there now: that has an event of its own.
    Replaced,
}

/// The object at hand.
pub(crate) struct Job {
    pub(crate) object: ObjectRef,
    pub(crate) version: Version,
    pub(crate) head: Head,
}

impl<M: Metadata> Parse<M> {
    /// Writes the documents of an object and ends it, or says where to go on.
    pub(crate) async fn work(
        &self,
        job: &Job,
        taken: &Taken,
        invocation: &Invocation,
    ) -> Result<Option<Pausing>, Fault> {
        let pace = Pace::of(invocation.deadline);
        let key = &job.object.deployment_key;
        let facts = facts(job);
        self.metadata
            .upsert_facts(key, &facts, Witness::Log, invocation.now)
            .await
            .map_err(|error| metadata_fault(&error))?;
        let origin = Origin {
            deployment_key: key.clone(),
            part: job.object.part.clone(),
            source: facts.source,
            application: facts.application_name,
            generation: taken.object.generation(),
            parser_version: logmill_parser::VERSION.to_owned(),
            observed_at: job.head.last_modified,
        };
        let from = self.resumed(taken, job);
        let began_at = from.as_ref().map(|from| from.checkpoint.order());
        match self.documents(job, &origin, (pace, from), invocation).await? {
            Read::Ended(summary) => {
                self.tidy(job, taken, &origin, &summary, pace.writing).await?;
                self.complete(job, &summary, invocation).await?;
                Ok(None)
            }
            Read::Paused(checkpoint) if Some(checkpoint.order()) <= began_at => {
                let why = "the invocation's time ended before it could go on";
                Err(Fault::Passing(TryAgain::new(Cause::OutOfTime, why)))
            }
            Read::Paused(_) if taken.object.continuations >= self.settings.max_continuations => {
                let message = format!(
                    "it was not done after {} continuations (LOGMILL_MAX_CONTINUATIONS)",
                    taken.object.continuations
                );
                Err(Fault::Lasting { kind: "continuations", message })
            }
            Read::Paused(checkpoint) => Ok(Some(Pausing::new(&checkpoint, job)?)),
        }
    }

    /// Makes what was written searchable, and deletes what older versions left.
    async fn tidy(
        &self,
        job: &Job,
        taken: &Taken,
        origin: &Origin,
        summary: &Summary,
        deadline: Deadline,
    ) -> Result<(), Fault> {
        let ObjectRef { deployment_key: key, part, .. } = &job.object;
        // Whoever takes an object as the first ever finds nothing older.
        if taken.object.revision <= 1 {
            return self.documents.refresh(deadline).await.map_err(|it| document_fault(&it));
        }
        let parts = parts(part, summary);
        for part in &parts {
            let origin = Origin { part: part.clone(), ..origin.clone() };
            self.documents
                .delete_other_generations(&origin, deadline)
                .await
                .map_err(|error| document_fault(&error))?;
        }
        let before =
            self.metadata.summary(key, part).await.map_err(|error| metadata_fault(&error))?;
        let old: Option<Summary> = before.and_then(|blob| serde_json::from_slice(&blob.bytes).ok());
        for log in old.iter().flat_map(|summary| &summary.logs) {
            if !parts.contains(&log.part) {
                self.documents
                    .delete_part(key, &log.part, deadline)
                    .await
                    .map_err(|error| document_fault(&error))?;
            }
        }
        Ok(())
    }

    async fn complete(
        &self,
        job: &Job,
        summary: &Summary,
        invocation: &Invocation,
    ) -> Result<(), Fault> {
        let bytes = serde_json::to_vec(summary)
            .map_err(|error| Fault::Lasting { kind: "summary", message: error.to_string() })?;
        let (owner, now) = (&invocation.owner, invocation.now);
        self.metadata
            .complete(&job.object, &job.version, owner, &bytes, summary.result(), now)
            .await
            .map_err(|error| metadata_fault(&error))
    }

    /// What the parser is told of a log beside it, the same in each invocation.
    fn options(&self, job: &Job) -> Options {
        let assumed = Assumed::until(job.head.last_modified);
        Options { masking: self.settings.masking, assumed }
    }

    /// Where the invocation before stopped, if it can be gone on with.
    fn resumed(&self, taken: &Taken, job: &Job) -> Option<Resumed> {
        let options = self.options(job);
        let opened = Checkpoint::open(taken.checkpoint.as_ref()?).and_then(|checkpoint| {
            let parser = Parser::restore(options, &checkpoint.parser)?;
            Ok(Resumed { checkpoint, parser })
        });
        if let Err(error) = &opened {
            metrics::counter!(names::PARSE_CHECKPOINTS_REFUSED).increment(1);
            let key = job.object.object_key.as_str();
            tracing::warn!(key, %error, "the log is parsed from its beginning");
        }
        opened.ok()
    }

    /// Streams the object through the parser into the documents' store.
    async fn documents(
        &self,
        job: &Job,
        origin: &Origin,
        (pace, from): (Pace, Option<Resumed>),
        invocation: &Invocation,
    ) -> Result<Read, Fault> {
        let (bulks, mut written) = mpsc::channel::<Bulk>(BULKS);
        let bucket = &self.settings.bucket;
        let runtime = tokio::runtime::Handle::current();
        let objects = self.objects.within(pace.reading);
        let reader = RangeReader::new(&objects, bucket, &job.object.object_key, &job.head, runtime);
        let writer = self.documents.writer(self.settings.bulk);
        let progress = Arc::new(AtomicU64::new(0));
        let plan = Plan {
            origin: origin.clone(),
            options: self.options(job),
            records: self.settings.records,
            until: pace.reading,
            progress: progress.clone(),
        };
        let parsing = tokio::task::spawn_blocking(move || {
            let mut collector = Collector::new(&plan.origin, writer, &bulks);
            let read = read::read(reader, &plan, &mut collector, from);
            collector.spent.tell();
            read
        });
        let mut writes = FuturesUnordered::new();
        let mut fault = None;
        let mut told = Instant::now();
        loop {
            tokio::select! {
                Some(done) = writes.next() => {
                    if let Err(error) = done {
                        fault.get_or_insert(error);
                    }
                }
                // After a fault only those under way are waited for: one that comes to the engine
                // when the lease is another's would outlive a newer version.
                Some(bulk) = written.recv(), if fault.is_none() && writes.len() < WRITES => {
                    writes.push(self.write(bulk, job, pace.writing, invocation));
                }
                else => break,
            }
            if told.elapsed() >= TELL {
                told = Instant::now();
                self.tell(job, progress.load(Ordering::Relaxed), invocation).await;
            }
        }
        // Whoever still parses sees that nothing is taken any more, and stops.
        drop(written);
        let parsed = parsing.await;
        if let Some(fault) = fault {
            return Err(fault);
        }
        match parsed {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(stop)) => Err(stop_fault(&stop)),
            Err(panic) => Err(Fault::Lasting {
                kind: "panic",
                message: format!("parsing it failed: {panic}"),
            }),
        }
    }

    /// Says how far the work is.
    async fn tell(&self, job: &Job, read: u64, invocation: &Invocation) {
        let progress = Progress { read, size: job.head.size };
        let (object, version, owner) = (&job.object, &job.version, &invocation.owner);
        let until = invocation.lease_until;
        let told = self.metadata.extend(object, version, owner, until, progress).await;
        if let Err(error) = told {
            // Whether the lease is lost shows when the object is ended.
            tracing::warn!(%error, "how far the work is cannot be told");
        }
    }

    async fn write(
        &self,
        bulk: Bulk,
        job: &Job,
        deadline: Deadline,
        invocation: &Invocation,
    ) -> Result<(), Fault> {
        if deadline.is_over() {
            return Err(Fault::Passing(TryAgain::out_of_time()));
        }
        let began = Instant::now();
        let written = self.documents.write(bulk, deadline).await;
        metrics::histogram!(names::PARSE_STAGE_SECONDS, "stage" => "writing")
            .record(began.elapsed());
        let written = written.map_err(|error| document_fault(&error))?;
        metrics::counter!(names::ES_WRITE_SUCCESS).increment(written.written as u64);
        metrics::counter!(names::ES_WRITE_ERRORS).increment(written.rejected.len() as u64);
        for rejected in written.rejected {
            self.rejected(rejected, job, invocation).await?;
        }
        Ok(())
    }

    /// A document that the engine never takes is kept whole; the others go on.
    async fn rejected(
        &self,
        rejected: Rejected,
        job: &Job,
        invocation: &Invocation,
    ) -> Result<(), Fault> {
        let failure = Failure {
            function: FUNCTION.to_owned(),
            reason: Reason {
                kind: "document_rejected".to_owned(),
                message: format!("status {}: {}", rejected.status, rejected.reason),
            },
            attempts: 1,
            occurred_at: job.head.last_modified,
            place: self.place(job),
            input: rejected.item,
        };
        let written = self.dead_letter(failure, invocation).await;
        written.map_err(Fault::Passing)
    }
}

/// What is saved where work stops.
pub(crate) struct Pausing {
    pub(crate) checkpoint: Vec<u8>,
    pub(crate) progress: Progress,
}

impl Pausing {
    fn new(checkpoint: &Checkpoint, job: &Job) -> Result<Self, Fault> {
        let lasting = |message: String| Fault::Lasting { kind: "checkpoint", message };
        let bytes = checkpoint.seal().map_err(|error| lasting(error.to_string()))?;
        if bytes.len() > MAX_BLOB {
            let size = bytes.len();
            let message = format!("where to go on takes {size} bytes, more than {MAX_BLOB}");
            return Err(lasting(message));
        }
        let progress = Progress { read: checkpoint.packed, size: job.head.size };
        Ok(Self { checkpoint: bytes, progress })
    }
}

/// The parts whose documents were written: at least the object's own, so that an archive that came
/// to be empty leaves nothing behind.
fn parts(own: &str, summary: &Summary) -> Vec<String> {
    let mut parts: Vec<String> = summary.logs.iter().map(|log| log.part.clone()).collect();
    if !parts.iter().any(|part| part == own) {
        parts.push(own.to_owned());
    }
    parts
}

/// What the object itself says of its deployment.
fn facts(job: &Job) -> Facts {
    let given = |name: &str| job.head.user_metadata.get(name).cloned();
    let hour = ObjectKey::parse(&job.object.object_key).hour;
    let hour = hour.and_then(|hour| jiff::tz::Offset::UTC.to_timestamp(hour).ok());
    Facts {
        created_at: given("created-at").and_then(|at| at.parse().ok()).or(hour),
        application_name: given("application"),
        source: given("source"),
        objects_expected: given("objects").and_then(|number| number.parse().ok()),
        ..Facts::default()
    }
}

fn metadata_fault(error: &logmill_metadata::Error) -> Fault {
    if error.kind() == MetadataErrorKind::LeaseLost {
        return Fault::Replaced;
    }
    if error.is_retryable() {
        Fault::Passing(TryAgain::after(error))
    } else {
        Fault::Lasting { kind: "metadata", message: error.to_string() }
    }
}

fn document_fault(error: &logmill_documents::Error) -> Fault {
    // A mistake in the settings mends by an operator's hand, and the log should not be lost for it.
    Fault::Passing(TryAgain::after(error))
}

fn stop_fault(stop: &Stop) -> Fault {
    match stop {
        Stop::NoLog(_) => Fault::Lasting { kind: "not_a_log", message: stop.to_string() },
        Stop::Document(_) => Fault::Lasting { kind: "document", message: stop.to_string() },
        Stop::State(_) => Fault::Lasting { kind: "checkpoint", message: stop.to_string() },
        Stop::Unwanted => Fault::Passing(TryAgain::new(Cause::Other, stop.to_string())),
        Stop::Read(error) => {
            let found = logmill_objects::Error::find(error);
            match found.map(logmill_objects::Error::kind) {
                Some(ErrorKind::NotFound | ErrorKind::Changed) => Fault::Replaced,
                _ => {
                    let cause = found.map_or(Cause::Other, Retryable::cause);
                    Fault::Passing(TryAgain::new(cause, stop.to_string()))
                }
            }
        }
    }
}
