//! The clients of the suite: librdkafka, as users have it.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers as _, Message as _, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A message as it was sent or read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Sent {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Option<Vec<u8>>)>,
}

impl Sent {
    pub(crate) fn text(key: &str, value: &str) -> Self {
        Self { key: Some(key.into()), value: Some(value.into()), headers: Vec::new() }
    }
}

pub(crate) fn config(address: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", address).set("broker.address.family", "v4");
    config
}

/// A name that no other test has.
pub(crate) fn name(of: &str) -> String {
    format!("{of}-{:x}", fastrand::u64(..))
}

pub(crate) fn admin(address: &str) -> AdminClient<DefaultClientContext> {
    config(address).create().expect("an admin client")
}

pub(crate) fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE))
}

pub(crate) async fn create(
    address: &str,
    topic: &str,
    partitions: i32,
    settings: &[(&str, &str)],
) -> Result<(), RDKafkaErrorCode> {
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let new = settings.iter().fold(new, |new, (name, value)| new.set(name, value));
    let mut created = admin(address).create_topics(&[new], &options()).await.expect("an answer");
    created.remove(0).map(drop).map_err(|(_, code)| code)
}

pub(crate) fn producer(address: &str, settings: &[(&str, &str)]) -> FutureProducer {
    let mut config = config(address);
    config.set("acks", "all").set("enable.idempotence", "true").set("message.timeout.ms", "60000");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create().expect("a producer")
}

/// Sends messages, all under way at once, and waits for all; where each one stands.
pub(crate) async fn send(
    producer: &FutureProducer,
    topic: &str,
    partition: Option<i32>,
    messages: &[Sent],
) -> Vec<Result<(i32, i64), RDKafkaErrorCode>> {
    let mut under_way = Vec::new();
    for message in messages {
        let headers = message.headers.iter().fold(OwnedHeaders::new(), |headers, (key, value)| {
            headers.insert(rdkafka::message::Header { key, value: value.as_ref() })
        });
        let mut record = FutureRecord::<[u8], [u8]>::to(topic).headers(headers);
        record.key = message.key.as_deref();
        record.payload = message.value.as_deref();
        record.partition = partition;
        under_way.push(producer.send_result(record).map_err(|(error, _)| code(&error)));
    }
    let mut sent = Vec::new();
    for delivery in under_way {
        sent.push(match delivery {
            Ok(delivery) => match delivery.await.expect("the producer lives") {
                Ok(at) => Ok((at.partition, at.offset)),
                Err((error, _)) => Err(code(&error)),
            },
            Err(error) => Err(error),
        });
    }
    sent
}

pub(crate) fn code(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}

pub(crate) fn consumer(address: &str, settings: &[(&str, &str)]) -> BaseConsumer {
    let mut config = config(address);
    config
        .set("group.id", "suite")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("allow.auto.create.topics", "false");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config.create().expect("a consumer")
}

/// A consumer that reads one partition from an offset on.
pub(crate) fn reader(address: &str, topic: &str, partition: i32, from: Offset) -> BaseConsumer {
    let consumer = consumer(address, &[]);
    let mut assigned = TopicPartitionList::new();
    assigned.add_partition_offset(topic, partition, from).expect("an offset");
    consumer.assign(&assigned).expect("assigned");
    consumer
}

/// The next messages with their offsets; fewer than wanted is a failure.
pub(crate) fn read(consumer: &BaseConsumer, count: usize) -> Vec<(i64, Sent)> {
    let until = Instant::now() + PATIENCE;
    let mut read = Vec::new();
    while read.len() < count {
        assert!(Instant::now() < until, "{} of {count} messages came", read.len());
        let Some(message) = consumer.poll(Duration::from_millis(100)) else { continue };
        let message = match message {
            Ok(message) => message,
            Err(error) => panic!("reading failed: {error}"),
        };
        let headers = message.headers().into_iter().flat_map(|headers| headers.iter());
        let headers = headers
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect();
        let sent = Sent {
            key: message.key().map(<[u8]>::to_vec),
            value: message.payload().map(<[u8]>::to_vec),
            headers,
        };
        read.push((message.offset(), sent));
    }
    read
}
