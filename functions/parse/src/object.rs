//! One object, from its event to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use logmill_deadletter::{Failure, Place, Reason};
use logmill_documents::{Bulk, BulkWriter, Origin, Rejected};
use logmill_metadata::{
    ErrorKind as MetadataErrorKind, Facts, MAX_BLOB, Metadata, ObjectRef, Progress, Take, Taken,
    Version, Witness,
};
use logmill_model::id::{self, ObjectKey};
use logmill_model::{Summary, Timestamp};
use logmill_objects::{ErrorKind, Head, RangeReader};
use logmill_runtime::retry::{Deadline, Retryable};
use logmill_runtime::telemetry::names;
use tokio::sync::mpsc;

use crate::checkpoint::Checkpoint;
use crate::collect::Collector;
use crate::event::Put;
use crate::pace::Pace;
use crate::read::{self, Plan, Read, Stop};
use crate::{FUNCTION, Invocation, Parse, TryAgain};

/// How long a lease outlasts its invocation.
const LEASE_SLACK: Duration = Duration::from_secs(5);
/// The longest that a message waits for an object which another worker has.
const WAIT: Duration = Duration::from_secs(2);
/// How many bulks may wait between parsing and writing.
const BULKS: usize = 2;
/// How often the metadata is told how far the work is.
const TELL: Duration = Duration::from_secs(5);

/// What became of an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Its documents are written.
    Completed,
    /// A part of its documents is written; a message was sent to go on from there.
    Paused,
    /// It can't be used; a dead letter and its row say why.
    Failed,
    /// There was nothing to do: it is gone, replaced, or done already.
    Ignored,
    /// Another worker has it; its message was sent anew, with a delay.
    Waiting,
}

impl Ended {
    /// The name as metrics carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::Paused => "paused",
            Self::Failed => "failed",
            Self::Ignored => "ignored",
            Self::Waiting => "waiting",
        }
    }
}

/// Why work on an object ended without its documents.
enum Fault {
    /// Trying again can help.
    Passing(String),
    /// It can't.
    Lasting { kind: &'static str, message: String },
    /// Another version, or nothing, is there now: that has an event of its own.
    Replaced,
}

/// The object at hand.
struct Job {
    object: ObjectRef,
    version: Version,
    head: Head,
}

impl<M: Metadata> Parse<M> {
    pub(crate) async fn object(
        &self,
        put: &Put,
        body: &str,
        invocation: &Invocation,
    ) -> Result<Ended, TryAgain> {
        let bucket = &self.settings.bucket;
        let head = match self.objects.within(invocation.deadline).head(bucket, &put.key).await {
            Ok(head) => head,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Ended::Ignored),
            Err(error) => return Err(TryAgain(error.to_string())),
        };
        if put.etag.as_ref().is_some_and(|etag| *etag != head.etag) {
            return Ok(Ended::Ignored);
        }
        let job = job(put, head);
        let until = lease_end(invocation);
        let take = self
            .metadata
            .take(&job.object, &job.version, &invocation.owner, invocation.now, until)
            .await
            .map_err(|error| TryAgain(error.to_string()))?;
        match take {
            Take::Taken(taken) => self.taken(&job, &taken, body, invocation).await,
            Take::Held { until } => {
                let left = until.duration_since(invocation.now).unsigned_abs();
                self.queue.send(body, left.clamp(Duration::from_secs(1), WAIT)).await?;
                Ok(Ended::Waiting)
            }
            Take::Finished { .. } | Take::Newer { .. } => Ok(Ended::Ignored),
        }
    }

    async fn taken(
        &self,
        job: &Job,
        taken: &Taken,
        body: &str,
        invocation: &Invocation,
    ) -> Result<Ended, TryAgain> {
        let attempts = taken.object.attempts;
        if attempts > self.settings.max_attempts {
            // Those before died, or said nothing.
            let message = format!("{} attempts ended without an answer", attempts - 1);
            return self.give_up(job, "attempts", &message, (attempts, body), invocation).await;
        }
        match self.work(job, taken, invocation).await {
            Ok(None) => Ok(Ended::Completed),
            Ok(Some(checkpoint)) => self.pause(job, &checkpoint, body, invocation).await,
            Err(Fault::Replaced) => {
                self.release(job, invocation).await;
                Ok(Ended::Ignored)
            }
            Err(Fault::Passing(why)) if attempts < self.settings.max_attempts => {
                self.release(job, invocation).await;
                Err(TryAgain(why))
            }
            Err(Fault::Passing(why)) => {
                let message = format!("{why}; given up after {attempts} attempts");
                self.give_up(job, "attempts", &message, (attempts, body), invocation).await
            }
            Err(Fault::Lasting { kind, message }) => {
                self.give_up(job, kind, &message, (attempts, body), invocation).await
            }
        }
    }

    /// Saves where work stopped, and sends a message to go on from there.
    async fn pause(
        &self,
        job: &Job,
        paused: &Pausing,
        body: &str,
        invocation: &Invocation,
    ) -> Result<Ended, TryAgain> {
        let (object, version, owner) = (&job.object, &job.version, &invocation.owner);
        self.metadata
            .pause(object, version, owner, &paused.checkpoint, paused.progress)
            .await
            .map_err(|error| TryAgain(error.to_string()))?;
        self.queue.send(body, Duration::ZERO).await?;
        Ok(Ended::Paused)
    }

    async fn release(&self, job: &Job, invocation: &Invocation) {
        let released = self.metadata.release(&job.object, &job.version, &invocation.owner).await;
        if let Err(error) = released {
            // The lease ends by itself.
            tracing::warn!(%error, "the lease cannot be given back");
        }
    }

    /// Keeps the message as a dead letter, then says in the row why.
    async fn give_up(
        &self,
        job: &Job,
        kind: &str,
        message: &str,
        (attempts, body): (u32, &str),
        invocation: &Invocation,
    ) -> Result<Ended, TryAgain> {
        let failure = Failure {
            function: FUNCTION.to_owned(),
            reason: Reason { kind: kind.to_owned(), message: message.to_owned() },
            attempts,
            occurred_at: job.head.last_modified,
            place: self.place(job),
            input: body.as_bytes().to_vec(),
        };
        self.dead_letter(failure, invocation).await?;
        let (owner, now) = (&invocation.owner, invocation.now);
        self.metadata
            .fail(&job.object, &job.version, owner, message, now)
            .await
            .map_err(|error| TryAgain(error.to_string()))?;
        Ok(Ended::Failed)
    }

    fn place(&self, job: &Job) -> Place {
        Place {
            bucket: Some(self.settings.bucket.clone()),
            key: Some(job.object.object_key.clone()),
            version: Some(job.version.etag.clone()),
            ..Place::default()
        }
    }

    /// Writes the documents of an object and ends it, or says where to go on.
    async fn work(
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
        let from = resumed(taken, job);
        let began_at = from.as_ref().map(Checkpoint::order);
        match self.documents(job, &origin, (pace, from), invocation).await? {
            Read::Ended(summary) => {
                self.tidy(job, taken, &origin, &summary, pace.writing).await?;
                self.complete(job, &summary, invocation).await?;
                Ok(None)
            }
            Read::Paused(checkpoint) if Some(checkpoint.order()) <= began_at => {
                Err(Fault::Passing("the invocation's time ended before it could go on".to_owned()))
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

    /// Streams the object through the parser into the documents' store.
    async fn documents(
        &self,
        job: &Job,
        origin: &Origin,
        (pace, from): (Pace, Option<Checkpoint>),
        invocation: &Invocation,
    ) -> Result<Read, Fault> {
        let (bulks, mut written) = mpsc::channel::<Bulk>(BULKS);
        let bucket = &self.settings.bucket;
        let runtime = tokio::runtime::Handle::current();
        let objects = self.objects.within(pace.writing);
        let reader = RangeReader::new(&objects, bucket, &job.object.object_key, &job.head, runtime);
        let writer = BulkWriter::new(self.documents.names().clone(), self.settings.bulk);
        let progress = Arc::new(AtomicU64::new(0));
        let plan = Plan {
            origin: origin.clone(),
            masking: self.settings.masking,
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
        let mut fault = None;
        let mut told = Instant::now();
        while let Some(bulk) = written.recv().await {
            if let Err(error) = self.write(bulk, job, pace.writing, invocation).await {
                fault = Some(error);
                break;
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
        let until = lease_end(invocation);
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
            return Err(Fault::Passing("the time of this invocation is over".to_owned()));
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
        written.map_err(|TryAgain(why)| Fault::Passing(why))
    }
}

/// What is saved where work stops.
struct Pausing {
    checkpoint: Vec<u8>,
    progress: Progress,
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

/// Where the invocation before stopped, if it can be gone on with.
fn resumed(taken: &Taken, job: &Job) -> Option<Checkpoint> {
    let opened = Checkpoint::open(taken.checkpoint.as_ref()?).and_then(|checkpoint| {
        logmill_parser::Parser::restore(logmill_parser::Options::default(), &checkpoint.parser)?;
        Ok(checkpoint)
    });
    if let Err(error) = &opened {
        metrics::counter!(names::PARSE_CHECKPOINTS_REFUSED).increment(1);
        tracing::warn!(key = job.object.object_key, %error, "the log is parsed from its beginning");
    }
    opened.ok()
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

/// Which deployment an object belongs to, and which of its parts it is: what its user metadata says,
/// percent-encoded as in object keys, else what its key says.
#[must_use]
pub fn object_ref(object_key: &str, head: &Head) -> ObjectRef {
    let layout = ObjectKey::parse(object_key);
    let given = |name: &str| {
        let value = head.user_metadata.get(name).filter(|value| !value.is_empty());
        value.map(|value| id::decode(value))
    };
    ObjectRef {
        deployment_key: given("deployment-key")
            .map_or(layout.deployment_key, |key| id::deployment_key(&key)),
        part: given("part").unwrap_or(layout.part),
        object_key: object_key.to_owned(),
    }
}

fn job(put: &Put, head: Head) -> Job {
    let object = object_ref(&put.key, &head);
    let version = Version {
        etag: head.etag.clone(),
        sequencer: put.sequencer.clone(),
        last_modified: head.last_modified,
    };
    Job { object, version, head }
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

/// The invocation's deadline and a little more, as a time.
fn lease_end(invocation: &Invocation) -> Timestamp {
    let left = invocation.deadline.remaining().saturating_add(LEASE_SLACK);
    let left = jiff::SignedDuration::try_from(left).unwrap_or(jiff::SignedDuration::from_mins(15));
    invocation.now.checked_add(left).unwrap_or(Timestamp::MAX)
}

fn metadata_fault(error: &logmill_metadata::Error) -> Fault {
    if error.kind() == MetadataErrorKind::LeaseLost {
        return Fault::Replaced;
    }
    let message = error.to_string();
    if error.is_retryable() {
        Fault::Passing(message)
    } else {
        Fault::Lasting { kind: "metadata", message }
    }
}

fn document_fault(error: &logmill_documents::Error) -> Fault {
    // A mistake in the settings mends by an operator's hand, and the log should not be lost for it.
    Fault::Passing(error.to_string())
}

fn stop_fault(stop: &Stop) -> Fault {
    match stop {
        Stop::NoLog(_) => Fault::Lasting { kind: "not_a_log", message: stop.to_string() },
        Stop::Document(_) => Fault::Lasting { kind: "document", message: stop.to_string() },
        Stop::State(_) => Fault::Lasting { kind: "checkpoint", message: stop.to_string() },
        Stop::Unwanted => Fault::Passing(stop.to_string()),
        Stop::Read(error) => {
            match logmill_objects::Error::find(error).map(logmill_objects::Error::kind) {
                Some(ErrorKind::NotFound | ErrorKind::Changed) => Fault::Replaced,
                _ => Fault::Passing(stop.to_string()),
            }
        }
    }
}
