//! The steps of an object and of its deployment, each one conditional write or transaction.

use std::future::Future;

use logmill_model::{Outcome, Timestamp};
use logmill_runtime::retry::Backoff;

use crate::error::{Error, ErrorKind};
use crate::rules::{self, Act, End, Step};
use crate::store::{Change, Commit, Loaded, Store};
use crate::types::{
    Blob, BlobKind, Deployment, Facts, MAX_BLOB, ObjectRef, ObjectState, Owner, Progress, Reopen,
    Status, Take, Witness,
};
use crate::version::Version;

/// The most bytes of a deployment's key. With a time before it, it is a key of DynamoDB's indexes, which
/// hold 1,024.
const MAX_KEY: usize = 900;
/// How often a change is computed anew because others were faster.
const TRIES: u32 = 40;

/// What functions do with the metadata. Every engine that is a [`Store`] has it.
///
/// Every step can be repeated: one whose answer was lost changes nothing the second time. None
/// rests on a secondary index, and none reads a clock.
///
/// The errors of each are the store's, `Invalid` for a deployment key that is empty or over 900
/// bytes, `Contended` (retryable) if others changed the same rows too often meanwhile; and
/// `LeaseLost` where the caller's lease is the condition.
pub trait Metadata: Store {
    /// Takes an object for work, until `lease_until`. Makes the rows if nobody did; a newer
    /// version takes over from an older one that nobody works on; a lease that has ended or whose
    /// owner is of another boot is taken over. Counts an attempt.
    ///
    /// # Errors
    /// See [`Metadata`].
    fn take(
        &self,
        object: &ObjectRef,
        version: &Version,
        owner: &Owner,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> impl Future<Output = Result<Take, Error>> + Send {
        async move {
            let act = Act { object, version, owner, now };
            let key = &object.deployment_key;
            let rule = |loaded: &Loaded| Ok(rules::take(loaded, &act, lease_until));
            let mut take = change(self, key, Some(&object.part), rule).await?;
            if let Take::Taken(taken) = &mut take
                && (taken.object.attempts > 1 || taken.object.continuations > 0)
            {
                let blob = self.blob(BlobKind::Checkpoint, key, &object.part).await?;
                let generation = taken.object.generation();
                taken.checkpoint =
                    blob.filter(|blob| blob.generation == generation).map(|blob| blob.bytes);
            }
            Ok(take)
        }
    }

    /// Moves the end of the lease, and says how far the work is.
    ///
    /// # Errors
    /// `LeaseLost`; see [`Metadata`].
    fn extend(
        &self,
        object: &ObjectRef,
        version: &Version,
        owner: &Owner,
        lease_until: Timestamp,
        progress: Progress,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            let act = Act { object, version, owner, now: lease_until };
            let rule = |loaded: &Loaded| rules::extend(loaded, &act, lease_until, progress);
            change(self, &object.deployment_key, Some(&object.part), rule).await
        }
    }

    /// Stops work for now, to be continued from `checkpoint` (at most [`MAX_BLOB`] bytes) by a new
    /// message: gives the lease back, counts a continuation and begins to count attempts anew.
    ///
    /// # Errors
    /// `LeaseLost`, `TooLarge`; see [`Metadata`].
    fn pause(
        &self,
        object: &ObjectRef,
        version: &Version,
        owner: &Owner,
        checkpoint: &[u8],
        progress: Progress,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            check_size(object, "checkpoint", checkpoint)?;
            let act = Act { object, version, owner, now: Timestamp::UNIX_EPOCH };
            let rule = |loaded: &Loaded| rules::release(loaded, &act, Some((checkpoint, progress)));
            change(self, &object.deployment_key, Some(&object.part), rule).await
        }
    }

    /// Gives the lease back after a fault that may mend; the attempt stays counted. Does nothing
    /// if the lease is not this owner's.
    ///
    /// # Errors
    /// See [`Metadata`].
    fn release(
        &self,
        object: &ObjectRef,
        version: &Version,
        owner: &Owner,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            let act = Act { object, version, owner, now: Timestamp::UNIX_EPOCH };
            let rule = |loaded: &Loaded| rules::release(loaded, &act, None);
            change(self, &object.deployment_key, Some(&object.part), rule).await
        }
    }

    /// Ends an object as COMPLETED, with its summary (JSON, at most [`MAX_BLOB`] bytes) and what
    /// the log says of its build; the checkpoint goes.
    ///
    /// # Errors
    /// `LeaseLost`, `TooLarge`; see [`Metadata`].
    fn complete(
        &self,
        object: &ObjectRef,
        version: &Version,
        owner: &Owner,
        summary: &[u8],
        result: Outcome,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            check_size(object, "summary", summary)?;
            let act = Act { object, version, owner, now };
            let end = End::Completed(summary, result);
            let rule = |loaded: &Loaded| rules::end(loaded, &act, &end);
            change(self, &object.deployment_key, Some(&object.part), rule).await
        }
    }

    /// Ends an object as FAILED: it could not be processed, and no retry will mend it. Its
    /// summary, of an older version then, and its checkpoint go; `error` is cut at
    /// [`MAX_ERROR`](crate::MAX_ERROR) bytes.
    ///
    /// # Errors
    /// `LeaseLost`; see [`Metadata`].
    fn fail(
        &self,
        object: &ObjectRef,
        version: &Version,
        owner: &Owner,
        error: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            let act = Act { object, version, owner, now };
            let end = End::Failed(error);
            let rule = |loaded: &Loaded| rules::end(loaded, &act, &end);
            change(self, &object.deployment_key, Some(&object.part), rule).await
        }
    }

    /// Puts an object back to PENDING for a replay, with a new generation. `owner` is who asks;
    /// a lease that binds it is respected.
    ///
    /// # Errors
    /// See [`Metadata`].
    fn reopen(
        &self,
        deployment_key: &str,
        part: &str,
        owner: &Owner,
        now: Timestamp,
    ) -> impl Future<Output = Result<Reopen, Error>> + Send {
        async move {
            let rule = |loaded: &Loaded| Ok(rules::reopen(loaded, owner, now));
            change(self, deployment_key, Some(part), rule).await
        }
    }

    /// States facts of a deployment; makes its row, PENDING, if nobody did. Never sets a status
    /// itself: only [`Facts::objects_expected`] can change one, by what has ended.
    ///
    /// # Errors
    /// See [`Metadata`].
    fn upsert_facts(
        &self,
        deployment_key: &str,
        facts: &Facts,
        witness: Witness,
        now: Timestamp,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        async move {
            let rule =
                |loaded: &Loaded| Ok(rules::facts(loaded, deployment_key, facts, witness, now));
            change(self, deployment_key, None, rule).await
        }
    }

    /// A deployment's row.
    ///
    /// # Errors
    /// See [`Metadata`].
    fn deployment(
        &self,
        deployment_key: &str,
    ) -> impl Future<Output = Result<Option<Deployment>, Error>> + Send {
        async move { Ok(self.load(deployment_key, None).await?.deployment) }
    }

    /// An object's row.
    ///
    /// # Errors
    /// See [`Metadata`].
    fn object(
        &self,
        deployment_key: &str,
        part: &str,
    ) -> impl Future<Output = Result<Option<ObjectState>, Error>> + Send {
        async move { Ok(self.load(deployment_key, Some(part)).await?.object) }
    }

    /// The summary of an object that was completed. While a newer version is being processed it
    /// is still the older one's, as its generation says.
    ///
    /// # Errors
    /// See [`Metadata`].
    fn summary(
        &self,
        deployment_key: &str,
        part: &str,
    ) -> impl Future<Output = Result<Option<Blob>, Error>> + Send {
        self.blob(BlobKind::Summary, deployment_key, part)
    }
}

impl<S: Store> Metadata for S {}

fn check_size(object: &ObjectRef, what: &str, bytes: &[u8]) -> Result<(), Error> {
    if bytes.len() <= MAX_BLOB {
        return Ok(());
    }
    let message = format!(
        "the {what} of the object {:?} has {} bytes, over the limit of {MAX_BLOB}",
        object.object_key,
        bytes.len()
    );
    Err(Error::new(ErrorKind::TooLarge, message))
}

/// Loads, decides and commits until nobody interferes.
async fn change<S: Store + ?Sized, T>(
    store: &S,
    deployment_key: &str,
    part: Option<&str>,
    rule: impl Fn(&Loaded) -> Result<Step<T>, Error> + Send,
) -> Result<T, Error> {
    if deployment_key.is_empty() || deployment_key.len() > MAX_KEY {
        let message = format!(
            "the deployment key {deployment_key:?} has {} bytes; 1 to {MAX_KEY} are allowed",
            deployment_key.len()
        );
        return Err(Error::new(ErrorKind::Invalid, message));
    }
    let backoff = Backoff {
        first: std::time::Duration::from_millis(2),
        most: std::time::Duration::from_millis(200),
        attempts: TRIES,
    };
    for failed in 1..=TRIES {
        let loaded = store.load(deployment_key, part).await?;
        let (mut change, answer) = match rule(&loaded)? {
            Step::Done(answer) => return Ok(answer),
            Step::Write(change, answer) => (change, answer),
        };
        keep_an_error(store, &mut change).await?;
        if store.commit(&change).await? == Commit::Written {
            return Ok(answer);
        }
        tokio::time::sleep(backoff.pause(failed)).await;
    }
    let message = format!(
        "the deployment {deployment_key:?} (part {:?}) was changed by others each of {TRIES} \
         times; try again later",
        part.unwrap_or_default()
    );
    Err(Error::new(ErrorKind::Contended, message))
}

/// A deployment whose shown error has gone shows that of another failed object, if there is one.
async fn keep_an_error<S: Store + ?Sized>(store: &S, change: &mut Change) -> Result<(), Error> {
    let Some(deployment) = &mut change.deployment else { return Ok(()) };
    if deployment.error.is_some() || deployment.tally.unprocessed == 0 {
        return Ok(());
    }
    let changed = change.object.as_ref().map(|object| object.part.as_str());
    let objects = store.objects(&deployment.deployment_key).await?;
    let failed = objects
        .into_iter()
        .find(|object| object.status == Status::Failed && Some(object.part.as_str()) != changed);
    if let Some(object) = failed {
        deployment.error = object.error;
        deployment.error_part = Some(object.part);
    }
    Ok(())
}
