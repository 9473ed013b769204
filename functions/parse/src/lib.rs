//! The function that turns a log into documents.
//!
//! An event names an object that was put ([`event`] reads its many shapes). The function takes the
//! object's lease, streams it, writes records by bounded bulks while it parses, then the build documents, deletes
//! what older versions left, and ends the object as COMPLETED with its summary. Whatever arrives
//! twice is written once: ids and generations are computed from the object.
//!
//! It answers with an error only where trying again can help. What cannot be mended becomes a dead
//! letter and a FAILED row with the reason, and the queue goes on.

// The future of an invocation nests deeper than the compiler follows by itself.
#![recursion_limit = "256"]

mod checkpoint;
mod collect;
pub mod connect;
pub mod cost;
mod entry;
pub mod event;
mod handle;
mod lookup;
mod object;
mod pace;
mod read;
mod selection;
mod spent;
mod work;

use std::time::Duration;

use aws_lambda_events::sqs::SqsBatchResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use logmill_deadletter::{DeadLetters, Failure};
use logmill_documents::{BulkLimits, Documents};
use logmill_metadata::{Metadata, Owner};
use logmill_model::Timestamp;
use logmill_model::mask::Policy;
use logmill_objects::Objects;
use logmill_runtime::cause::{Cause, TryAgain};
use logmill_runtime::config::Records;
use logmill_runtime::retry::Deadline;
use logmill_runtime::telemetry::names;
use serde::Serialize;

pub use object::{Ended, object_ref};

/// The name of the function in metrics, logs and dead letters.
pub const FUNCTION: &str = "parse";

/// What the function works with.
#[derive(Clone, Debug)]
pub struct Parse<M> {
    /// Where the logs are.
    pub objects: Objects,
    /// Who works on what.
    pub metadata: M,
    /// Where documents go.
    pub documents: Documents,
    /// Where goes what cannot be used.
    pub dead_letters: DeadLetters,
    /// Its own queue, for messages that must wait.
    pub queue: Queue,
    /// What is set.
    pub settings: Settings,
}

/// The function's own queue.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The client.
    pub client: aws_sdk_sqs::Client,
    /// Its address.
    pub url: String,
}

/// What is set for the function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bucket whose objects are logs; events of others are ignored.
    pub bucket: String,
    /// What is masked.
    pub masking: Policy,
    /// How large a bulk request gets.
    pub bulk: BulkLimits,
    /// How often an object is tried before it becomes a dead letter.
    pub max_attempts: u32,
    /// How often work on an object is continued before it becomes a dead letter.
    pub max_continuations: u32,
    /// Which records become documents.
    pub records: Records,
}

impl Settings {
    /// The defaults of all settings, for the logs of this bucket.
    #[must_use]
    pub fn of(bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            masking: Policy::all(),
            bulk: BulkLimits::default(),
            max_attempts: 5,
            max_continuations: 1_000,
            records: Records::All,
        }
    }
}

/// One call of the function.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Who works: unique to this call.
    pub owner: Owner,
    /// The time.
    pub now: Timestamp,
    /// When the call ends at the latest.
    pub deadline: Deadline,
    /// When the leases that it takes end by themselves.
    lease_until: Timestamp,
}

/// The longest that Lambda lets a function run.
const LONGEST: Duration = Duration::from_secs(900);
/// How long a lease outlasts its invocation.
const LEASE_SLACK: Duration = Duration::from_secs(5);

impl Invocation {
    /// A call that begins now and has so much time left.
    #[must_use]
    pub fn within(owner: Owner, now: Timestamp, left: Duration) -> Self {
        let lease = jiff::SignedDuration::try_from(left.saturating_add(LEASE_SLACK)).ok();
        let lease_until = lease.and_then(|lease| now.checked_add(lease).ok());
        Self {
            owner,
            now,
            deadline: Deadline::after(left),
            lease_until: lease_until.unwrap_or(Timestamp::MAX),
        }
    }

    /// The call `request_id`, which ends at `deadline_ms` (milliseconds since 1970). A time that is
    /// over is taken for none: Lambda begins no call after its deadline, and emulators fill in what
    /// they like.
    #[must_use]
    pub fn new(request_id: &str, deadline_ms: u64, now: Timestamp) -> Self {
        let left = deadline_ms.saturating_sub(now.as_millisecond().unsigned_abs());
        let left = if left == 0 { LONGEST } else { Duration::from_millis(left) };
        Self::within(Owner::new(request_id), now, left.min(LONGEST))
    }
}

/// What the function answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Response {
    /// To a batch of SQS: the messages that are to be delivered again.
    Batch(SqsBatchResponse),
    /// To any other event: everything is done.
    Done,
}

impl<M: Metadata> Parse<M> {
    /// Writes a dead letter; one that cannot be written is a reason to try again.
    async fn dead_letter(&self, failure: Failure, invocation: &Invocation) -> Result<(), TryAgain> {
        let why = failure.reason.message.clone();
        match self.dead_letters.put_at(failure, invocation.now).await {
            Ok(key) => {
                tracing::error!(key, why, "a dead letter was written");
                Ok(())
            }
            Err(error) => Err(TryAgain::after(&error).about("the dead letter cannot be written")),
        }
    }
}

impl Queue {
    /// Sends a message that is delivered after `delay` (whole seconds, at most 900).
    async fn send(&self, body: &str, delay: Duration) -> Result<(), TryAgain> {
        let seconds = i32::try_from(delay.as_secs().min(900)).unwrap_or(900);
        let sending = self.client.send_message().queue_url(&self.url).message_body(body);
        let sent = sending.delay_seconds(seconds).send().await;
        sent.map(drop).map_err(|error| {
            let cause = cause(&error);
            let advice = match cause {
                Cause::Denied => ": grant sqs:SendMessage on it, or check the credentials",
                Cause::Throttled => {
                    ": it takes no more at the moment; nothing is lost, for the event comes again. If \
                     this lasts, see how many messages wait in it and are in flight"
                }
                Cause::Unavailable => ": nothing is lost, for the event comes again",
                _ => ": check LOGMILL_PARSE_QUEUE_URL",
            };
            let said = match (error.code(), error.message()) {
                (Some(code), Some(message)) => format!("{code}: {message}"),
                _ => aws_sdk_sqs::error::DisplayErrorContext(&error).to_string(),
            };
            let why = format!("nothing can be sent to the queue {} ({said}){advice}", self.url);
            TryAgain::new(cause, why)
        })
    }
}

/// What the SDK's error means, by its code (Amazon SQS API reference, Common errors).
fn cause<E, R>(error: &SdkError<E, R>) -> Cause
where
    E: ProvideErrorMetadata,
{
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => {
            Cause::Unavailable
        }
        _ => match error.code().unwrap_or_default() {
            "AccessDenied"
            | "AccessDeniedException"
            | "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "SignatureDoesNotMatch"
            | "KmsAccessDenied"
            | "KMS.AccessDeniedException" => Cause::Denied,
            "RequestThrottled" | "ThrottlingException" | "OverLimit" => Cause::Throttled,
            "ServiceUnavailable" | "InternalFailure" | "InternalError" => Cause::Unavailable,
            _ => Cause::Other,
        },
    }
}

/// Counts what became of objects and events.
fn count(result: &'static str, number: u64) {
    metrics::counter!(names::PARSE_OBJECTS, "result" => result).increment(number);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emulator_without_a_clock_does_not_end_the_work_at_once() {
        let now = Timestamp::from_millisecond(1_772_600_000_000).unwrap();
        let left = |deadline_ms| Invocation::new("r", deadline_ms, now).deadline.remaining();
        assert!(left(600_000) > Duration::from_secs(890));
        let minute = left(1_772_600_060_000);
        assert!(minute <= Duration::from_secs(60) && minute > Duration::from_secs(50));
        assert!(left(u64::MAX) <= LONGEST);
    }

    #[test]
    fn a_lease_ends_behind_its_invocation_whenever_it_is_taken_or_told() {
        let now = Timestamp::from_second(1_772_600_000).unwrap();
        let until = |left| Invocation::within(Owner::new("r"), now, left).lease_until;
        assert_eq!(until(Duration::from_secs(900)), Timestamp::from_second(1_772_600_905).unwrap());
        assert_eq!(until(Duration::MAX), Timestamp::MAX);
    }

    #[test]
    fn lambda_understands_the_answers() {
        let mut batch = SqsBatchResponse::default();
        batch.add_failure("m1");
        let json = serde_json::to_string(&Response::Batch(batch)).unwrap();
        assert_eq!(json, r#"{"batchItemFailures":[{"itemIdentifier":"m1"}]}"#);
        assert_eq!(serde_json::to_string(&Response::Done).unwrap(), "null");
    }
}
