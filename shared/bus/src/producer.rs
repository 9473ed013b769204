//! Messages, sent and acknowledged.

use std::time::Duration;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use crate::connection::Connection;
use crate::context::Context;
use crate::error::Error;

/// What a producer may be told.
#[derive(Clone, Debug)]
pub struct ProducerSettings {
    /// How batches are compressed.
    pub compression: Compression,
    /// How long a message may be on its way, all attempts together.
    pub delivery_timeout: Duration,
    /// How long a message waits for others of its batch.
    pub linger: Duration,
    /// The most messages that wait to be sent, with those under way.
    pub queue_messages: u32,
    /// The most kilobytes of them.
    pub queue_kilobytes: u32,
    /// The most bytes of a message.
    pub message_bytes: u32,
}

impl Default for ProducerSettings {
    /// zstd, 30 s, 5 ms, 100,000 messages of 64 MB together, each of 1 MB.
    fn default() -> Self {
        Self {
            compression: Compression::Zstd,
            delivery_timeout: Duration::from_secs(30),
            linger: Duration::from_millis(5),
            queue_messages: 100_000,
            queue_kilobytes: 64 * 1024,
            message_bytes: 1_000_000,
        }
    }
}

/// How batches are compressed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compression {
    /// Not at all.
    None,
    /// Fast.
    Lz4,
    /// Small.
    Zstd,
}

impl Compression {
    /// The name by which Kafka's settings give it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }
}

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The topic.
    pub topic: &'a str,
    /// What decides about the partition: messages of a key stay in order.
    pub key: Option<&'a [u8]>,
    /// None is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Names and values, in their order.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The time in milliseconds since 1970; none: now.
    pub timestamp: Option<i64>,
}

impl<'a> Message<'a> {
    /// A value for a topic.
    #[must_use]
    pub const fn new(topic: &'a str, value: &'a [u8]) -> Self {
        Self { topic, key: None, value: Some(value), headers: &[], timestamp: None }
    }

    /// The same with a key.
    #[must_use]
    pub const fn with_key(self, key: &'a [u8]) -> Self {
        Self { key: Some(key), ..self }
    }

    /// The same with headers.
    #[must_use]
    pub const fn with_headers(self, headers: &'a [(&'a str, &'a [u8])]) -> Self {
        Self { headers, ..self }
    }
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset in it.
    pub offset: i64,
}

/// Sends messages: each is acknowledged by all replicas in sync, and stored once however often it had
/// to be sent. Clones share the queue.
#[derive(Clone)]
pub struct Producer {
    inner: FutureProducer<Context>,
    context: Context,
}

impl std::fmt::Debug for Producer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Producer").finish_non_exhaustive()
    }
}

impl Producer {
    /// A producer; nothing is sent yet, and a cluster that is away is no error. To be called within
    /// the runtime that signs tokens, if there are any.
    ///
    /// # Errors
    /// If a setting is wrong, such as the file of the certificate authority.
    pub fn connect(connection: &Connection, settings: &ProducerSettings) -> Result<Self, Error> {
        let context = Context::new(connection.iam());
        let inner = connection
            .config()
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("compression.type", settings.compression.name())
            .set("message.timeout.ms", settings.delivery_timeout.as_millis().to_string())
            .set("linger.ms", settings.linger.as_millis().to_string())
            .set("queue.buffering.max.messages", settings.queue_messages.to_string())
            .set("queue.buffering.max.kbytes", settings.queue_kilobytes.to_string())
            .set("message.max.bytes", settings.message_bytes.to_string())
            // A topic that is missing is told soon, not at the end of the delivery's time.
            .set("topic.metadata.propagation.max.ms", "1000")
            .create_with_context(context.clone())
            .map_err(|error| Error::of("the producer cannot be made", &error, None))?;
        Ok(Self { inner, context })
    }

    /// Sends a message, and waits until it is acknowledged. Messages that are sent at the same time
    /// travel together.
    ///
    /// # Errors
    /// [`crate::ErrorKind::QueueFull`] at once if too many wait; any other at the end of the
    /// delivery's time at the latest.
    pub async fn publish(&self, message: &Message<'_>) -> Result<Place, Error> {
        self.submit(message)?.await
    }

    /// Puts a message into the queue, in the order of these calls; what it returns waits until it is
    /// acknowledged.
    ///
    /// # Errors
    /// [`crate::ErrorKind::QueueFull`] if too many wait, or the message is too large.
    pub fn submit(
        &self,
        message: &Message<'_>,
    ) -> Result<impl Future<Output = Result<Place, Error>> + Send + use<>, Error> {
        let headers = message.headers.iter().fold(None, |headers: Option<OwnedHeaders>, header| {
            let (key, value) = *header;
            Some(headers.unwrap_or_default().insert(Header { key, value: Some(value) }))
        });
        let mut record = FutureRecord::<[u8], [u8]>::to(message.topic);
        record.key = message.key;
        record.payload = message.value;
        record.timestamp = message.timestamp;
        record.headers = headers;
        let what = format!("a message cannot be sent to `{}`", message.topic);
        let taken = self.inner.send_result(record);
        let taken = taken.map_err(|(error, _)| Error::of(&what, &error, None))?;
        let context = self.context.clone();
        Ok(async move {
            let error = match taken.await {
                Ok(Ok(at)) => return Ok(Place { partition: at.partition, offset: at.offset }),
                Ok(Err((error, _))) => error,
                // The producer was dropped.
                Err(_) => KafkaError::Canceled,
            };
            Err(Error::of(&what, &error, context.take_trouble().as_ref()))
        })
    }

    /// Waits until all that was sent is acknowledged or has failed: at the end of a process. Blocks.
    ///
    /// # Errors
    /// If some are still on their way after this time.
    pub fn flush(&self, within: Duration) -> Result<(), Error> {
        let flushed = self.inner.flush(within);
        flushed.map_err(|error| {
            let what = "not all messages could be sent before the end";
            Error::of(what, &error, self.context.take_trouble().as_ref())
        })
    }

    /// Whether a broker answers and knows this topic.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NoTopic`]; if no broker answers within this time.
    pub async fn check(&self, topic: &str, within: Duration) -> Result<(), Error> {
        let (inner, name) = (self.inner.clone(), topic.to_owned());
        let what = format!("the topic `{topic}` cannot be looked at");
        // The library has no other way to ask than one that blocks.
        let asked = tokio::task::spawn_blocking(move || {
            let metadata = inner.client().fetch_metadata(Some(&name), within)?;
            let error = metadata.topics().first().and_then(rdkafka::metadata::MetadataTopic::error);
            Ok(error.map(RDKafkaErrorCode::from))
        });
        match asked.await {
            Ok(Ok(None)) => Ok(()),
            Ok(Ok(Some(code))) => Err(Error::of_code(&what, Some(code), &code)),
            Ok(Err(error)) => Err(Error::of(&what, &error, self.context.take_trouble().as_ref())),
            Err(error) => Err(Error::new(crate::ErrorKind::Other, format!("{what}: {error}"))),
        }
    }

    /// How many messages wait or are under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        usize::try_from(self.inner.in_flight_count()).unwrap_or(0)
    }
}
