//! The function that turns a log into documents.
//!
//! A message in its queue names an object that was put. The function takes the object's lease,
//! streams it, writes records by bounded bulks while it parses, then the build documents, deletes
//! what older versions left, and ends the object as COMPLETED with its summary. Whatever arrives
//! twice is written once: ids and generations are computed from the object.
//!
//! It answers with an error only where trying again can help. What cannot be mended becomes a dead
//! letter and a FAILED row with the reason, and the queue goes on.

mod collect;
pub mod connect;
pub mod event;
mod object;

use std::time::Duration;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use logmill_deadletter::{DeadLetters, Failure, Place, Reason};
use logmill_documents::{BulkLimits, Documents};
use logmill_metadata::{Metadata, Owner};
use logmill_model::Timestamp;
use logmill_model::mask::Policy;
use logmill_objects::Objects;
use logmill_runtime::retry::Deadline;

use event::{Malformed, Message, Put};
pub use object::Ended;

/// The name of the function in metrics, logs and dead letters.
pub const FUNCTION: &str = "parse";

/// How much of an invocation's time is kept for its answer.
const ANSWERING: Duration = Duration::from_millis(500);

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
}

/// Why an object is to be tried again.
#[derive(Debug)]
pub struct TryAgain(pub String);

impl<M: Metadata> Parse<M> {
    /// Works on a batch, message by message, and names those that are to be delivered again.
    pub async fn handle(&self, event: SqsEvent, invocation: &Invocation) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for message in event.records {
            let id = message.message_id.clone().unwrap_or_default();
            // An engine that takes a request and never answers must not hold it till it is cut off.
            let left = invocation.deadline.with_reserve(ANSWERING).remaining();
            let worked = tokio::time::timeout(left, self.message(&message, invocation)).await;
            let over = || Err(TryAgain("the time of this invocation is over".to_owned()));
            if let Err(TryAgain(why)) = worked.unwrap_or_else(|_| over()) {
                tracing::warn!(message = %id, why, "the message will be delivered again");
                let mut failure = BatchItemFailure::default();
                failure.item_identifier = id;
                response.batch_item_failures.push(failure);
            }
        }
        response
    }

    async fn message(&self, message: &SqsMessage, invocation: &Invocation) -> Result<(), TryAgain> {
        let body = message.body.as_deref().unwrap_or_default();
        match event::read(body) {
            Ok(Message::Test) => Ok(()),
            Ok(Message::Puts(puts, others)) => {
                if others > 0 {
                    count("ignored", others);
                }
                for put in &puts {
                    self.put(put, body, invocation).await?;
                }
                Ok(())
            }
            Err(malformed) => self.malformed(message, &malformed, invocation).await,
        }
    }

    async fn put(&self, put: &Put, body: &str, invocation: &Invocation) -> Result<(), TryAgain> {
        if put.bucket != self.settings.bucket {
            count("ignored", 1);
            tracing::info!(bucket = put.bucket, key = put.key, "the bucket is not ours");
            return Ok(());
        }
        let ended = self.object(put, body, invocation).await?;
        count(ended.as_str(), 1);
        tracing::info!(key = put.key, outcome = ended.as_str(), "the object is done with");
        Ok(())
    }

    async fn malformed(
        &self,
        message: &SqsMessage,
        malformed: &Malformed,
        invocation: &Invocation,
    ) -> Result<(), TryAgain> {
        let sent = message.attributes.get("SentTimestamp").and_then(|at| at.parse().ok());
        let occurred_at = sent.and_then(|at| Timestamp::from_millisecond(at).ok());
        let place = Place {
            queue: message.event_source_arn.clone(),
            message_id: message.message_id.clone(),
            ..Place::default()
        };
        let failure = Failure {
            function: FUNCTION.to_owned(),
            reason: Reason { kind: "malformed_event".to_owned(), message: malformed.to_string() },
            attempts: 1,
            occurred_at: occurred_at.unwrap_or(invocation.now),
            place,
            input: message.body.clone().unwrap_or_default().into_bytes(),
        };
        self.dead_letter(failure, invocation).await?;
        count("dead_letter", 1);
        Ok(())
    }

    /// Writes a dead letter; one that cannot be written is a reason to try again.
    async fn dead_letter(&self, failure: Failure, invocation: &Invocation) -> Result<(), TryAgain> {
        let why = failure.reason.message.clone();
        match self.dead_letters.put_at(failure, invocation.now).await {
            Ok(key) => {
                tracing::error!(key, why, "a dead letter was written");
                Ok(())
            }
            Err(error) => Err(TryAgain(format!("the dead letter cannot be written: {error}"))),
        }
    }
}

/// Counts what became of objects.
fn count(result: &'static str, number: u64) {
    metrics::counter!("logmill_parse_objects_total", "result" => result).increment(number);
}
