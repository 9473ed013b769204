//! Processing events: from a deployment to the messages that name its objects.

use std::collections::BTreeSet;
use std::time::Duration;

use logmill_deadletter::{Failure, Reason};
use logmill_metadata::Metadata;
use logmill_objects::ErrorKind;

use crate::event::{self, Lookup, Put};
use crate::handle::place;
use crate::{FUNCTION, Invocation, Parse, count};
use logmill_runtime::cause::TryAgain;

/// How often a deployment is looked for again of which nothing is known.
const TRIES: u32 = 5;
/// How long it waits before it is looked for again the first time; then twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_secs(10);

impl<M: Metadata> Parse<M> {
    /// Sends a message for each object of a deployment to the function's own queue, so that whoever
    /// brought the event need not wait until they are parsed.
    pub(crate) async fn look_up(
        &self,
        lookup: &Lookup,
        invocation: &Invocation,
    ) -> Result<(), TryAgain> {
        let keys = self.object_keys(&lookup.deployment_key).await?;
        if keys.is_empty() {
            return self.look_up_later(lookup, invocation).await;
        }
        for key in keys {
            let Some(put) = self.as_it_is(&key, invocation).await? else {
                count("ignored", 1);
                tracing::info!(key, "the object is gone");
                continue;
            };
            self.queue.send(&event::notification(&put), Duration::ZERO).await?;
            count("queued", 1);
        }
        Ok(())
    }

    /// The keys of all objects that are known of a deployment.
    async fn object_keys(&self, deployment_key: &str) -> Result<BTreeSet<String>, TryAgain> {
        let fault = |error: logmill_metadata::Error| TryAgain::after(&error);
        let objects = self.metadata.objects(deployment_key).await.map_err(fault)?;
        let mut keys: BTreeSet<String> = objects.into_iter().map(|it| it.object_key).collect();
        // Whoever put the log may have said where it is before anybody parsed it.
        if keys.is_empty() {
            let deployment = self.metadata.deployment(deployment_key).await.map_err(fault)?;
            keys.extend(deployment.and_then(|row| row.s3_path));
        }
        Ok(keys)
    }

    /// The object at the version that is there now; none if there is none.
    async fn as_it_is(&self, key: &str, invocation: &Invocation) -> Result<Option<Put>, TryAgain> {
        let bucket = &self.settings.bucket;
        match self.objects.within(invocation.deadline).head(bucket, key).await {
            Ok(head) => Ok(Some(Put {
                bucket: bucket.clone(),
                key: key.to_owned(),
                etag: Some(head.etag),
                sequencer: None,
                at: Some(head.last_modified),
            })),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TryAgain::after(&error)),
        }
    }

    /// Sends the event itself anew, with a pause that grows; after the last try it is a dead letter.
    async fn look_up_later(
        &self,
        lookup: &Lookup,
        invocation: &Invocation,
    ) -> Result<(), TryAgain> {
        let tries = lookup.origin.tries;
        if tries < TRIES {
            let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(tries));
            self.queue.send(&lookup.message(tries + 1), pause).await?;
            count("waiting", 1);
            return Ok(());
        }
        let failure = Failure {
            function: FUNCTION.to_owned(),
            reason: Reason {
                kind: "unknown_deployment".to_owned(),
                message: format!(
                    "no object is known of the deployment {:?}: put its log into the bucket {}",
                    lookup.deployment_key, self.settings.bucket
                ),
            },
            attempts: tries + 1,
            occurred_at: lookup.origin.at.unwrap_or(invocation.now),
            place: place(&lookup.origin),
            // A replay begins to count anew.
            input: lookup.message(0).into_bytes(),
        };
        self.dead_letter(failure, invocation).await?;
        count("dead_letter", 1);
        Ok(())
    }
}
