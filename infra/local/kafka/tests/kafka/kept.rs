//! What the local Kafka keeps, what it removes, and what it refuses.

use std::time::Duration;

use logmill_local_kafka::{LocalKafka, Options, TopicSettings};
use rdkafka::Offset;
use rdkafka::consumer::Consumer as _;
use rdkafka::producer::{BaseProducer, Producer as _};
use rdkafka::types::RDKafkaErrorCode;

use crate::suite::client::{
    PATIENCE, Sent, code, config, consumer, create, producer, read, reader, send,
};
use crate::{broker, strict};

fn numbered(count: usize) -> Vec<Sent> {
    (0..count).map(|n| Sent::text("key", &format!("{n} {}", "x".repeat(1_000)))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_than_the_retention_goes_and_the_rest_stays() {
    let broker = broker(strict()).await;
    create(&broker.address, "old", 1, &[("retention.ms", "1")]).await.unwrap();
    create(&broker.address, "kept", 1, &[]).await.unwrap();
    let producer = producer(&broker.address, &[]);
    send(&producer, "old", None, &numbered(10)).await;
    send(&producer, "kept", None, &numbered(10)).await;
    let until = std::time::Instant::now() + PATIENCE;
    while broker.kafka.offsets("old", 0).unwrap() != (10, 10) {
        assert!(std::time::Instant::now() < until, "it is still there");
        broker.kafka.sweep().await.unwrap();
    }
    assert_eq!(broker.kafka.offsets("kept", 0).unwrap(), (0, 10));
    // Offsets go on, and what comes now is read.
    broker.kafka.create_topic("other", TopicSettings::default()).await.unwrap();
    assert_eq!(send(&producer, "old", None, &numbered(1)).await, [Ok((0, 10))]);
    assert_eq!(read(&reader(&broker.address, "old", 0, Offset::Offset(10)), 1)[0].0, 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_kept_than_the_retention_in_bytes_and_a_batch() {
    let broker = broker(strict()).await;
    create(&broker.address, "topic", 1, &[("retention.bytes", "5000")]).await.unwrap();
    let producer = producer(&broker.address, &[]);
    for message in numbered(20) {
        send(&producer, "topic", None, &[message]).await;
    }
    broker.kafka.sweep().await.unwrap();
    let (start, end) = broker.kafka.offsets("topic", 0).unwrap();
    assert_eq!((end - start, end), (5, 20));
    assert_eq!(read(&reader(&broker.address, "topic", 0, Offset::Beginning), 5)[0].0, 15);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_offsets_and_messages_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kafka.sqlite");
    let kafka = LocalKafka::open(&file, strict()).unwrap();
    kafka
        .create_topic("topic", TopicSettings { partitions: 3, ..Default::default() })
        .await
        .unwrap();
    kafka.commit("group", "topic", 2, 41).await.unwrap();
    drop(kafka);
    let kafka = LocalKafka::open(&file, strict()).unwrap();
    assert_eq!(kafka.partitions("topic"), Some(3));
    assert_eq!(kafka.committed("group", "topic", 2).await.unwrap(), Some(41));
    assert_eq!(kafka.committed("group", "topic", 1).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_read_in_the_process_as_they_were_sent() {
    let broker = broker(strict()).await;
    create(&broker.address, "topic", 1, &[]).await.unwrap();
    let producer = producer(&broker.address, &[("compression.type", "zstd"), ("linger.ms", "50")]);
    let mut messages = numbered(50);
    messages[1].value = None;
    messages[2].headers = vec![("h".to_owned(), Some(vec![0xff])), ("n".to_owned(), None)];
    send(&producer, "topic", None, &messages).await;
    let mut records = Vec::new();
    while records.len() < 45 {
        let from = 5 + records.len() as i64;
        records.extend(broker.kafka.read("topic", 0, from, 1_000).await.unwrap());
    }
    for (offset, (record, sent)) in (5..).zip(records.iter().zip(&messages[5..])) {
        assert_eq!((record.offset, &record.value, &record.key), (offset, &sent.value, &sent.key));
    }
    let first = broker.kafka.read("topic", 0, 0, 1).await.unwrap();
    assert_eq!((&first[1].value, &first[2].headers), (&None, &messages[2].headers));
    assert!(first[0].timestamp > 1_700_000_000_000, "{}", first[0].timestamp);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_someone_writes_to_is_made_unless_told_otherwise() {
    let broker = broker(Options::default()).await;
    let sent = send(&producer(&broker.address, &[]), "new", None, &numbered(1)).await;
    assert_eq!(sent, [Ok((0, 0))]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_reader_of_a_group_is_told_that_there_is_room_for_one() {
    let broker = broker(strict()).await;
    create(&broker.address, "topic", 1, &[]).await.unwrap();
    send(&producer(&broker.address, &[]), "topic", None, &numbered(1)).await;
    let member = || {
        let settings = [("group.id", "g"), ("auto.offset.reset", "earliest")];
        let member = consumer(&broker.address, &settings);
        member.subscribe(&["topic"]).unwrap();
        member
    };
    let first = member();
    read(&first, 1);
    let second = member();
    let until = std::time::Instant::now() + PATIENCE;
    let refused = loop {
        assert!(std::time::Instant::now() < until, "it was not refused");
        // The first one goes on meanwhile.
        first.poll(Duration::from_millis(10));
        if let Some(Err(error)) = second.poll(Duration::from_millis(10)) {
            break code(&error);
        }
    };
    assert_eq!(refused, RDKafkaErrorCode::GroupMaxSizeReached);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_producer_that_wants_transactions_is_refused_at_once() {
    let broker = broker(strict()).await;
    let mut config = config(&broker.address);
    let producer: BaseProducer = config.set("transactional.id", "t").create().unwrap();
    let refused = producer.init_transactions(PATIENCE).unwrap_err();
    assert_eq!(
        refused.rdkafka_error_code(),
        Some(RDKafkaErrorCode::TransactionalIdAuthorizationFailed),
        "{refused}"
    );
}
