//! One object, from its event to its end.

use std::time::Duration;

use logmill_deadletter::{Failure, Place, Reason};
use logmill_documents::{Bulk, BulkWriter, Origin, Rejected};
use logmill_metadata::{
    ErrorKind as MetadataErrorKind, Facts, Metadata, ObjectRef, Take, Taken, Version, Witness,
};
use logmill_model::{Summary, Timestamp};
use logmill_model::id::ObjectKey;
use logmill_objects::{ErrorKind, Head, RangeReader};
use logmill_runtime::retry::{Deadline, Retryable};
use tokio::sync::mpsc;

use crate::collect::{self, Stop};
use crate::event::Put;
use crate::{FUNCTION, Invocation, Parse, TryAgain};

/// How much of an invocation's time is kept for ending cleanly.
const RESERVE: Duration = Duration::from_secs(3);
/// How long a lease outlasts its invocation.
const LEASE_SLACK: Duration = Duration::from_secs(5);
/// After how many seconds at most it is looked whether a lease has been given back.
const LOOK_AGAIN: i64 = 10;
/// How many bulks may wait between parsing and writing.
const BULKS: usize = 2;

/// What became of an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Its documents are written.
    Completed,
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
            Take::Held { until } => self.wait(body, until, invocation).await,
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
        match self.work(job, taken, invocation).await {
            Ok(()) => Ok(Ended::Completed),
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

    /// Sends the message anew, to be delivered when the lease has ended, or a little later than
    /// now: whoever has it is mostly done long before.
    async fn wait(
        &self,
        body: &str,
        until: Timestamp,
        invocation: &Invocation,
    ) -> Result<Ended, TryAgain> {
        let left = until.duration_since(invocation.now).as_secs().clamp(1, LOOK_AGAIN);
        self.queue
            .client
            .send_message()
            .queue_url(&self.queue.url)
            .message_body(body)
            .delay_seconds(i32::try_from(left).unwrap_or(1))
            .send()
            .await
            .map_err(|error| TryAgain(format!("the message cannot be sent anew: {error}")))?;
        Ok(Ended::Waiting)
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

    /// Writes the documents of an object and ends it.
    async fn work(&self, job: &Job, taken: &Taken, invocation: &Invocation) -> Result<(), Fault> {
        let deadline = invocation.deadline.with_reserve(RESERVE);
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
        let before = self
            .metadata
            .summary(key, &job.object.part)
            .await
            .map_err(|error| metadata_fault(&error))?;
        let summary = self.documents(job, &origin, deadline, invocation).await?;

        let parts = parts(&job.object.part, &summary);
        for part in &parts {
            self.documents
                .delete_other_generations(key, part, &origin.generation, deadline)
                .await
                .map_err(|error| document_fault(&error))?;
        }
        let old: Option<Summary> = before.and_then(|blob| serde_json::from_slice(&blob.bytes).ok());
        for log in old.iter().flat_map(|summary| &summary.logs) {
            if !parts.contains(&log.part) {
                self.documents
                    .delete_part(key, &log.part, deadline)
                    .await
                    .map_err(|error| document_fault(&error))?;
            }
        }
        let bytes = serde_json::to_vec(&summary)
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
        deadline: Deadline,
        invocation: &Invocation,
    ) -> Result<Summary, Fault> {
        let (bulks, mut written) = mpsc::channel::<Bulk>(BULKS);
        let bucket = &self.settings.bucket;
        let runtime = tokio::runtime::Handle::current();
        let objects = self.objects.within(deadline);
        let reader = RangeReader::new(&objects, bucket, &job.object.object_key, &job.head, runtime);
        let writer = BulkWriter::new(self.documents.clone(), self.settings.bulk);
        let (masking, origin) = (self.settings.masking, origin.clone());
        let parsing = tokio::task::spawn_blocking(move || {
            collect::read(reader, &origin, masking, writer, &bulks)
        });
        let mut fault = None;
        while let Some(bulk) = written.recv().await {
            if let Err(error) = self.write(bulk, job, deadline, invocation).await {
                fault = Some(error);
                break;
            }
        }
        // Whoever still parses sees that nothing is taken any more, and stops.
        drop(written);
        let parsed = parsing.await;
        if let Some(fault) = fault {
            return Err(fault);
        }
        match parsed {
            Ok(Ok(summary)) => Ok(summary),
            Ok(Err(stop)) => Err(stop_fault(&stop)),
            Err(panic) => Err(Fault::Lasting {
                kind: "panic",
                message: format!("parsing it failed: {panic}"),
            }),
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
        let written =
            self.documents.write(bulk, deadline).await.map_err(|error| document_fault(&error))?;
        metrics::counter!("es_write_success_total").increment(written.written as u64);
        metrics::counter!("es_write_errors_total").increment(written.rejected.len() as u64);
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

/// The parts whose documents were written: at least the object's own, so that an archive that came
/// to be empty leaves nothing behind.
fn parts(own: &str, summary: &Summary) -> Vec<String> {
    let mut parts: Vec<String> = summary.logs.iter().map(|log| log.part.clone()).collect();
    if !parts.iter().any(|part| part == own) {
        parts.push(own.to_owned());
    }
    parts
}

fn job(put: &Put, head: Head) -> Job {
    let layout = ObjectKey::parse(&put.key);
    let given = |name: &str| head.user_metadata.get(name).filter(|value| !value.is_empty());
    let deployment_key = given("deployment-key")
        .map_or(layout.deployment_key, |key| logmill_model::id::deployment_key(key));
    let object = ObjectRef {
        deployment_key,
        part: given("part").cloned().unwrap_or(layout.part),
        object_key: put.key.clone(),
    };
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
        Stop::Unwanted => Fault::Passing(stop.to_string()),
        Stop::Read(error) => {
            match logmill_objects::Error::find(error).map(logmill_objects::Error::kind) {
                Some(ErrorKind::NotFound | ErrorKind::Changed) => Fault::Replaced,
                _ => Fault::Passing(stop.to_string()),
            }
        }
    }
}
