//! The producer and the topics on the local Kafka.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::time::{Duration, Instant};

use logmill_bus::{
    Compression, Connection, ErrorKind, Message, Place, Producer, ProducerSettings, Topic, Topics,
};
use logmill_local_kafka::{LocalKafka, Options};
use logmill_runtime::cause::Cause;
use logmill_runtime::retry::Retryable as _;
use tempfile::TempDir;

struct Broker {
    connection: Connection,
    kafka: LocalKafka,
    _folder: TempDir,
}

async fn broker() -> Broker {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { creates_topics: false, ..Options::default() };
    let kafka = LocalKafka::open(folder.path().join("kafka.sqlite"), options).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connection = Connection::to(&listener.local_addr().unwrap().to_string());
    let serving = kafka.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    Broker { connection, kafka, _folder: folder }
}

fn topic(name: &str) -> Topic {
    let retention = Some(Duration::from_secs(7 * 24 * 3_600));
    Topic { name: name.to_owned(), partitions: 3, replication: 1, retention }
}

fn producer(connection: &Connection, settings: &ProducerSettings) -> Producer {
    Producer::connect(connection, settings).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_is_there_with_all_its_parts_when_it_is_acknowledged() {
    let broker = broker().await;
    Topics::connect(&broker.connection).unwrap().create(&topic("app-logs")).await.unwrap();
    for compression in [Compression::None, Compression::Lz4, Compression::Zstd] {
        let settings = ProducerSettings { compression, ..ProducerSettings::default() };
        let producer = producer(&broker.connection, &settings);
        let message = Message::new("app-logs", b"value")
            .with_key(b"shop")
            .with_headers(&[("traceparent", b"00-af"), ("bytes", &[0xff])]);
        let place = producer.publish(&message).await.unwrap();
        let records =
            broker.kafka.read("app-logs", place.partition, place.offset, 1).await.unwrap();
        assert_eq!(
            (records[0].key.as_deref(), records[0].value.as_deref()),
            (Some(&b"shop"[..]), Some(&b"value"[..]),)
        );
        let headers = [
            ("traceparent".to_owned(), Some(b"00-af".to_vec())),
            ("bytes".to_owned(), Some(vec![0xff])),
        ];
        assert_eq!(records[0].headers, headers);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_a_key_keep_their_order() {
    let broker = broker().await;
    Topics::connect(&broker.connection).unwrap().create(&topic("t")).await.unwrap();
    let producer = producer(&broker.connection, &ProducerSettings::default());
    let values: Vec<String> = (0..500).map(|n| n.to_string()).collect();
    let sending: Vec<_> = values
        .iter()
        .map(|value| producer.submit(&Message::new("t", value.as_bytes()).with_key(b"k")).unwrap())
        .collect();
    let mut places: Vec<Place> = Vec::new();
    for sent in sending {
        places.push(sent.await.unwrap());
    }
    for (offset, place) in (0..).zip(&places) {
        assert_eq!((place.partition, place.offset), (places[0].partition, offset));
    }
    producer.flush(Duration::from_secs(10)).unwrap();
    assert_eq!(producer.in_flight(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_told_at_once_and_a_dead_broker_in_time() {
    let nobody = Connection::to("127.0.0.1:1");
    let settings = ProducerSettings {
        queue_messages: 3,
        delivery_timeout: Duration::from_secs(1),
        ..ProducerSettings::default()
    };
    let producer = producer(&nobody, &settings);
    let message = Message::new("t", b"value");
    let sending: Vec<_> = (0..3).map(|_| producer.submit(&message).unwrap()).collect();
    let full = producer.publish(&message).await.unwrap_err();
    assert_eq!((full.kind(), full.cause()), (ErrorKind::QueueFull, Cause::Throttled));
    let since = Instant::now();
    for sent in sending {
        let error = sent.await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, true), "{error}");
        assert!(error.to_string().contains("KAFKA_BOOTSTRAP_SERVERS"), "{error}");
    }
    assert!(since.elapsed() < Duration::from_secs(20), "{:?}", since.elapsed());
    // The queue has room again, as soon as librdkafka has forgotten what it told us of.
    producer.flush(Duration::from_secs(10)).unwrap();
    producer.submit(&message).map(drop).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_topic_and_a_message_that_is_too_large_say_what_to_do() {
    let broker = broker().await;
    Topics::connect(&broker.connection).unwrap().create(&topic("t")).await.unwrap();
    let producer = producer(&broker.connection, &ProducerSettings::default());
    let missing = producer.publish(&Message::new("missing", b"value")).await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NoTopic, "{missing}");
    assert!(missing.to_string().contains("`missing`"), "{missing}");
    let large = vec![b'x'; 1_100_000];
    let large = producer.publish(&Message::new("t", &large)).await.unwrap_err();
    assert_eq!((large.kind(), large.is_retryable()), (ErrorKind::TooLarge, false), "{large}");
    producer.publish(&Message::new("t", b"small")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_is_made_once_and_described_as_it_was_made() {
    let broker = broker().await;
    let topics = Topics::connect(&broker.connection).unwrap();
    assert_eq!(topics.describe("new").await.unwrap(), None);
    topics.create(&topic("new")).await.unwrap();
    assert_eq!(topics.describe("new").await.unwrap(), Some(topic("new")));
    let again = topics.create(&topic("new")).await.unwrap_err();
    assert_eq!((again.kind(), again.is_retryable()), (ErrorKind::TopicExists, false));
    let bad = topics.create(&topic("a b")).await.unwrap_err();
    assert_eq!((bad.kind(), bad.is_retryable()), (ErrorKind::Invalid, false));
    let replicated = Topic { replication: 3, ..topic("three") };
    assert_eq!(topics.create(&replicated).await.unwrap_err().kind(), ErrorKind::Invalid);
    let forever = Topic { retention: None, ..topic("forever") };
    topics.create(&forever).await.unwrap();
    assert_eq!(topics.describe("forever").await.unwrap(), Some(forever));
}
