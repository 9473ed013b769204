//! One object, from its event to its end.

use std::time::Duration;

use logmill_deadletter::{Failure, Place, Reason};
use logmill_metadata::{
    ErrorKind as MetadataErrorKind, Metadata, ObjectRef, ObjectState, Take, Taken, Version,
};
use logmill_model::Timestamp;
use logmill_model::id::{self, ObjectKey};
use logmill_objects::{ErrorKind, Head};

use crate::event::Put;
use crate::work::{Fault, Job, Pausing};
use crate::{FUNCTION, Invocation, Parse};
use logmill_runtime::cause::TryAgain;

/// The longest that a message waits for an object which another worker has.
const WAIT: Duration = Duration::from_secs(2);

/// What became of an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ended {
    /// Its documents are written.
    Completed,
    /// A part of its documents is written; a message was sent to go on from there.
    Paused,
    /// It can't be used, as its row says; what is still there of it is a dead letter.
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
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return self.gone(put, body, invocation).await;
            }
            Err(error) => return Err(TryAgain::after(&error)),
        };
        if put.etag.as_ref().is_some_and(|etag| *etag != head.etag) {
            return Ok(Ended::Ignored);
        }
        let job = job(put, head);
        let until = invocation.lease_until;
        let take = self
            .metadata
            .take(&job.object, &job.version, &invocation.owner, invocation.now, until)
            .await
            .map_err(|error| TryAgain::after(&error))?;
        match take {
            Take::Taken(taken) => self.taken(&job, &taken, body, invocation).await,
            Take::Held { until } => self.wait(until, body, invocation).await,
            Take::Finished { .. } | Take::Newer { .. } => Ok(Ended::Ignored),
        }
    }

    /// Sends the message anew, to look again whether the other worker is done.
    async fn wait(
        &self,
        until: Timestamp,
        body: &str,
        invocation: &Invocation,
    ) -> Result<Ended, TryAgain> {
        let left = until.duration_since(invocation.now).unsigned_abs();
        self.queue.send(body, left.clamp(Duration::from_secs(1), WAIT)).await?;
        Ok(Ended::Waiting)
    }

    /// An object that is not there any more. Nobody will go on with it if it was begun, so that its
    /// row says so; its deployment is the one that its key names, for its metadata went with it.
    async fn gone(
        &self,
        put: &Put,
        body: &str,
        invocation: &Invocation,
    ) -> Result<Ended, TryAgain> {
        let again = |error: logmill_metadata::Error| TryAgain::after(&error);
        let ObjectKey { deployment_key, part, .. } = ObjectKey::parse(&put.key);
        let known = self.metadata.object(&deployment_key, &part).await.map_err(again)?;
        let begun = known.filter(|it| it.object_key == put.key && !it.status.has_ended());
        let Some(ObjectState { version, object_key, .. }) = begun else {
            return Ok(Ended::Ignored);
        };
        let object = ObjectRef { deployment_key, part, object_key };
        let (owner, now, until) = (&invocation.owner, invocation.now, invocation.lease_until);
        match self.metadata.take(&object, &version, owner, now, until).await.map_err(again)? {
            Take::Taken(_) => self.deleted(&object, &version, invocation).await,
            Take::Held { until } => self.wait(until, body, invocation).await,
            Take::Finished { .. } | Take::Newer { .. } => Ok(Ended::Ignored),
        }
    }

    /// Ends an object that was deleted before its documents were written.
    async fn deleted(
        &self,
        object: &ObjectRef,
        version: &Version,
        invocation: &Invocation,
    ) -> Result<Ended, TryAgain> {
        let why = "the object was deleted before it was read to its end";
        let (owner, now) = (&invocation.owner, invocation.now);
        match self.metadata.fail(object, version, owner, why, now).await {
            Ok(()) => Ok(Ended::Failed),
            Err(error) if error.kind() == MetadataErrorKind::LeaseLost => Ok(Ended::Ignored),
            Err(error) => Err(TryAgain::after(&error)),
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
            Err(Fault::Replaced) => self.replaced(job, invocation).await,
            Err(Fault::Passing(why)) if attempts < self.settings.max_attempts => {
                self.release(job, invocation).await;
                Err(why)
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

    /// Leaves the object to the event of what replaced it; if nothing did, its row says so, for no
    /// event will come.
    async fn replaced(&self, job: &Job, invocation: &Invocation) -> Result<Ended, TryAgain> {
        let objects = self.objects.within(invocation.deadline);
        match objects.head(&self.settings.bucket, &job.object.object_key).await {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.deleted(&job.object, &job.version, invocation).await
            }
            Ok(_) | Err(_) => {
                self.release(job, invocation).await;
                Ok(Ended::Ignored)
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
            .map_err(|error| TryAgain::after(&error))?;
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
            .map_err(|error| TryAgain::after(&error))?;
        Ok(Ended::Failed)
    }

    pub(crate) fn place(&self, job: &Job) -> Place {
        Place {
            bucket: Some(self.settings.bucket.clone()),
            key: Some(job.object.object_key.clone()),
            version: Some(job.version.etag.clone()),
            ..Place::default()
        }
    }
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
