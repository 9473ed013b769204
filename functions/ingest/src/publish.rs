//! Events to Kafka: all that fit into the producer's queue, and what became of each.

use std::time::{Duration, Instant};

use logmill_bus::{Compression, ErrorKind, Message, Producer, ProducerSettings};
use logmill_runtime::telemetry::names;

use crate::batch::Ready;

/// What became of the events of a request.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Whether each is acknowledged, in their order.
    pub(crate) acknowledged: Vec<bool>,
    /// Why the first of the others is not.
    pub(crate) error: Option<logmill_bus::Error>,
}

impl Sent {
    /// How many are acknowledged.
    pub(crate) fn accepted(&self) -> usize {
        self.acknowledged.iter().filter(|acknowledged| **acknowledged).count()
    }
}

/// The producer of `ingest`, with what is known of its cluster.
#[derive(Debug)]
pub(crate) struct Publisher {
    producer: Producer,
    topic: String,
}

/// How the producer of `ingest` is set: a queue of 24 MB, and an answer within ten seconds, for a
/// sender waits.
#[must_use]
pub fn producer_settings() -> ProducerSettings {
    ProducerSettings {
        compression: Compression::Lz4,
        delivery_timeout: Duration::from_secs(10),
        linger: Duration::from_millis(2),
        queue_messages: 50_000,
        queue_kilobytes: 24 * 1024,
        // The library counts the key and its own head, too.
        message_bytes: 1_040_000,
    }
}

impl Publisher {
    pub(crate) fn new(producer: Producer, topic: &str) -> Self {
        Self { producer, topic: topic.to_owned() }
    }

    /// Whether a broker answers and has the topic.
    pub(crate) async fn check(&self, within: Duration) -> Result<(), logmill_bus::Error> {
        self.producer.check(&self.topic, within).await
    }

    /// Sends events and waits until each is acknowledged or has failed. What does not fit into the
    /// queue is not sent.
    pub(crate) async fn publish(&self, events: Vec<Ready<'_>>) -> Sent {
        let began = Instant::now();
        let count = events.len();
        let (mut under_way, mut error) = (Vec::with_capacity(count), None);
        for event in &events {
            let message =
                Message::new(&self.topic, &event.value).with_key(event.service.as_bytes());
            match self.producer.submit(&message) {
                Ok(sending) => under_way.push(sending),
                Err(refused) => {
                    error = Some(refused);
                    break;
                }
            }
        }
        // The queue has its own copy.
        drop(events);
        let mut acknowledged = vec![false; count];
        for (sending, acknowledged) in under_way.into_iter().zip(&mut acknowledged) {
            match sending.await {
                Ok(_) => *acknowledged = true,
                Err(failed) => {
                    // That the queue was full says less than that nothing gets out of it.
                    if error.as_ref().is_none_or(|error| error.kind() == ErrorKind::QueueFull) {
                        error = Some(failed);
                    }
                }
            }
        }
        let sent = Sent { acknowledged, error };
        note(&sent, began.elapsed());
        sent
    }
}

fn note(sent: &Sent, took: Duration) {
    let accepted = sent.accepted();
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    metrics::counter!(names::LOGS_PRODUCED).increment(number(accepted));
    let failed = sent.acknowledged.len() - accepted;
    if failed > 0 {
        metrics::counter!(names::PRODUCER_ERRORS).increment(number(failed));
    }
    metrics::histogram!(names::PRODUCE_LATENCY).record(took.as_secs_f64());
}
