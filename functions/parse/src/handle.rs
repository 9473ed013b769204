//! An event, from its shape to the answer.

use std::time::Instant;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse};
use futures_util::StreamExt as _;
use logmill_deadletter::{Failure, Place, Reason};
use logmill_metadata::Metadata;
use logmill_model::Timestamp;
use logmill_runtime::cause::{Cause, TryAgain};
use logmill_runtime::telemetry::names;
use serde_json::Value;

use crate::event::sqs::Delivered;
use crate::event::{self, Malformed, Message, Origin, Put, Record, kafka, sqs};
use crate::pace::{ANSWERING, LEAST};
use crate::{FUNCTION, Invocation, Parse, Response, count};

/// How many records of a Kafka batch are looked up at once.
const LOOKUPS_AT_ONCE: usize = 8;

/// Where a message came from, as dead letters name it, and when.
#[derive(Clone, Debug, Default)]
struct Source {
    place: Place,
    at: Option<Timestamp>,
}

impl<M: Metadata> Parse<M> {
    /// Works on an event of any shape: SQS, S3, EventBridge, Kafka.
    ///
    /// Of a batch of SQS it names the messages that are to be delivered again. What is no event at
    /// all becomes a dead letter, for no retry would mend it.
    ///
    /// # Errors
    /// [`TryAgain`] for a shape that knows no partial answer: something in it is to be tried again.
    /// Everything else in it was done, and is found done when it comes again.
    pub async fn handle_event(
        &self,
        event: Value,
        invocation: &Invocation,
    ) -> Result<Response, TryAgain> {
        if let Some(messages) = sqs::messages(&event) {
            return Ok(Response::Batch(self.sqs(&messages, invocation).await));
        }
        match kafka::records(&event) {
            Some(records) => self.kafka(records, invocation).await?,
            None => {
                let message = event::read_value(&event);
                let source = Source::default();
                self.message(message, || event.to_string(), &source, invocation).await?;
            }
        }
        Ok(Response::Done)
    }

    async fn sqs(&self, messages: &[Delivered], invocation: &Invocation) -> SqsBatchResponse {
        let mut response = SqsBatchResponse::default();
        for delivered in messages {
            let Delivered { id, body, queue, sent_at } = delivered;
            let place = Place {
                queue: queue.clone(),
                message_id: (!id.is_empty()).then(|| id.clone()),
                ..Place::default()
            };
            let source = Source { place, at: *sent_at };
            let message = event::read(body);
            // An engine that takes a request and never answers must not hold it till it is cut off.
            let left = invocation.deadline.remaining();
            let left = left.saturating_sub(ANSWERING.min(left / 10));
            let working = self.message(message, || body.clone(), &source, invocation);
            let done = tokio::time::timeout(left, working).await;
            let over = || Err(TryAgain::out_of_time());
            if let Err(again) = done.unwrap_or_else(|_| over()) {
                again.count(FUNCTION);
                let TryAgain { cause, why } = again;
                tracing::warn!(message_id = %id, %cause, why, "the message will be delivered again");
                let mut failure = BatchItemFailure::default();
                failure.item_identifier.clone_from(id);
                response.batch_item_failures.push(failure);
            }
        }
        response
    }

    /// Looks up every record's deployment, several at once: the order of processing events means
    /// nothing. Kafka delivers the whole batch again if one fails; what was done is done once.
    async fn kafka(
        &self,
        records: Vec<kafka::Record>,
        invocation: &Invocation,
    ) -> Result<(), TryAgain> {
        let works = records.into_iter().map(|record| self.kafka_record(record, invocation));
        let done: Vec<_> =
            futures_util::stream::iter(works).buffer_unordered(LOOKUPS_AT_ONCE).collect().await;
        let failed: Vec<TryAgain> = done.into_iter().filter_map(Result::err).collect();
        all_done(failed, "records")
    }

    async fn kafka_record(
        &self,
        record: kafka::Record,
        invocation: &Invocation,
    ) -> Result<(), TryAgain> {
        match record.content {
            kafka::Content::Lookup(lookup) => self.look_up(&lookup, invocation).await,
            kafka::Content::Tombstone => {
                count("ignored", 1);
                Ok(())
            }
            kafka::Content::Malformed { why, value } => {
                let source = Source { at: record.origin.at, place: place(&record.origin) };
                self.malformed(&why, value, &source, invocation).await
            }
        }
    }

    /// Works on what a message says; `text` is the message whole, for its dead letter.
    async fn message(
        &self,
        message: Result<Message, Malformed>,
        text: impl FnOnce() -> String,
        source: &Source,
        invocation: &Invocation,
    ) -> Result<(), TryAgain> {
        match message {
            Ok(Message::Test) => Ok(()),
            Ok(Message::Objects(records)) => self.records(records, source, invocation).await,
            Ok(Message::Lookup(lookup)) => self.look_up(&lookup, invocation).await,
            Err(why) => self.malformed(&why, text().into_bytes(), source, invocation).await,
        }
    }

    /// Works on records one after the other, also behind one that fails.
    async fn records(
        &self,
        records: Vec<Record>,
        source: &Source,
        invocation: &Invocation,
    ) -> Result<(), TryAgain> {
        let mut failed = Vec::new();
        for record in records {
            let done = match record {
                Record::Put(put) => self.put(&put, invocation).await,
                Record::Other => {
                    count("ignored", 1);
                    Ok(())
                }
                Record::Malformed { why, message, at } => {
                    let source = Source { at: at.or(source.at), ..source.clone() };
                    self.malformed(&why, message.into_bytes(), &source, invocation).await
                }
            };
            failed.extend(done.err());
        }
        all_done(failed, "objects")
    }

    async fn put(&self, put: &Put, invocation: &Invocation) -> Result<(), TryAgain> {
        if put.bucket != self.settings.bucket {
            count("ignored", 1);
            tracing::info!(bucket = put.bucket, key = put.key, "the bucket is not ours");
            return Ok(());
        }
        // Else it would cost the object an attempt that cannot come to its end.
        if invocation.deadline.remaining() < LEAST {
            count("retried", 1);
            return Err(TryAgain::new(
                Cause::OutOfTime,
                format!("no time is left for {}", put.key),
            ));
        }
        let began = Instant::now();
        match self.object(put, &event::notification(put), invocation).await {
            Ok(ended) => {
                metrics::histogram!(names::PARSE_SECONDS, "result" => ended.as_str())
                    .record(began.elapsed());
                count(ended.as_str(), 1);
                tracing::info!(key = put.key, outcome = ended.as_str(), "the object is done with");
                Ok(())
            }
            Err(again) => {
                count("retried", 1);
                Err(again.about(&put.key))
            }
        }
    }

    async fn malformed(
        &self,
        why: &Malformed,
        input: Vec<u8>,
        source: &Source,
        invocation: &Invocation,
    ) -> Result<(), TryAgain> {
        let failure = Failure {
            function: FUNCTION.to_owned(),
            reason: Reason { kind: "malformed_event".to_owned(), message: why.to_string() },
            attempts: 1,
            occurred_at: source.at.unwrap_or(invocation.now),
            place: source.place.clone(),
            input,
        };
        self.dead_letter(failure, invocation).await?;
        count("dead_letter", 1);
        Ok(())
    }
}

/// The place of a Kafka record, as dead letters name it.
pub(crate) fn place(origin: &Origin) -> Place {
    Place {
        topic: origin.topic.clone(),
        partition: origin.partition,
        offset: origin.offset,
        ..Place::default()
    }
}

/// One failure for all that failed.
fn all_done(failed: Vec<TryAgain>, what: &str) -> Result<(), TryAgain> {
    let number = failed.len();
    match failed.into_iter().next() {
        None => Ok(()),
        Some(first) if number == 1 => Err(first),
        Some(first) => Err(first.about(format_args!("{number} {what}, the first"))),
    }
}
