//! Messages there and back.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::message::Message as _;
use rdkafka::producer::{FutureRecord, Producer as _};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::{Offset, TopicPartitionList};

use super::client::{PATIENCE, Sent, consumer, create, name, producer, read, reader, send};

async fn there_and_back(address: &str, codec: &str) {
    let topic = name(codec);
    create(address, &topic, 1, &[]).await.unwrap();
    let settings = [("compression.type", codec), ("linger.ms", "50")];
    let producer = producer(address, &settings);
    let mut messages: Vec<Sent> = (0..2_000)
        .map(|n| Sent::text(&format!("key-{n}"), &format!("{n} {}", "the same again ".repeat(20))))
        .collect();
    messages[3].value = None;
    messages[4].key = None;
    messages[5].value = Some(Vec::new());
    messages[6].value = Some(vec![0, 0xff, 0xfe, b'\n']);
    messages[7].headers = vec![
        ("name".to_owned(), Some(b"value".to_vec())),
        ("name".to_owned(), Some(vec![0x80, 0xff])),
        ("nothing".to_owned(), None),
    ];
    for (offset, sent) in (0..).zip(send(&producer, &topic, None, &messages).await) {
        assert_eq!(sent, Ok((0, offset)));
    }
    let read = read(&reader(address, &topic, 0, Offset::Beginning), messages.len());
    for (offset, (read, sent)) in (0..).zip(read.into_iter().zip(messages)) {
        assert_eq!(read, (offset, sent));
    }
}

pub(crate) async fn what_is_sent_is_read_whole_without_compression(address: &str) {
    there_and_back(address, "none").await;
}

pub(crate) async fn what_is_sent_is_read_whole_with_gzip(address: &str) {
    there_and_back(address, "gzip").await;
}

pub(crate) async fn what_is_sent_is_read_whole_with_snappy(address: &str) {
    there_and_back(address, "snappy").await;
}

pub(crate) async fn what_is_sent_is_read_whole_with_lz4(address: &str) {
    there_and_back(address, "lz4").await;
}

pub(crate) async fn what_is_sent_is_read_whole_with_zstd(address: &str) {
    there_and_back(address, "zstd").await;
}

pub(crate) async fn messages_of_a_key_stay_in_order(address: &str) {
    let topic = name("order");
    create(address, &topic, 4, &[]).await.unwrap();
    let messages: Vec<Sent> =
        (0..1_000).map(|n| Sent::text(&format!("key-{}", n % 10), &n.to_string())).collect();
    let sent = send(&producer(address, &[]), &topic, None, &messages).await;
    let mut partition_of = std::collections::BTreeMap::new();
    for (message, at) in messages.iter().zip(&sent) {
        let (partition, _) = at.expect("sent");
        let first = *partition_of.entry(message.key.clone()).or_insert(partition);
        assert_eq!(first, partition, "a key has one partition");
    }
    for partition in 0..4 {
        let expected: Vec<&Sent> = messages
            .iter()
            .zip(&sent)
            .filter(|(_, at)| at.expect("sent").0 == partition)
            .map(|(message, _)| message)
            .collect();
        let read = read(&reader(address, &topic, partition, Offset::Beginning), expected.len());
        let read: Vec<&Sent> = read.iter().map(|(_, message)| message).collect();
        assert_eq!(read, expected);
    }
}

fn numbered(count: usize) -> Vec<Sent> {
    (0..count).map(|n| Sent::text("key", &n.to_string())).collect()
}

pub(crate) async fn a_reader_begins_in_the_middle_of_a_batch(address: &str) {
    let topic = name("middle");
    create(address, &topic, 1, &[]).await.unwrap();
    let producer = producer(address, &[("linger.ms", "50"), ("compression.type", "lz4")]);
    send(&producer, &topic, None, &numbered(100)).await;
    let read = read(&reader(address, &topic, 0, Offset::Offset(37)), 63);
    assert_eq!(read[0], (37, Sent::text("key", "37")));
    assert_eq!(read[62], (99, Sent::text("key", "99")));
}

pub(crate) async fn a_reader_that_waits_sees_what_comes(address: &str) {
    let topic = name("tail");
    create(address, &topic, 1, &[]).await.unwrap();
    let producer = producer(address, &[]);
    let reader = reader(address, &topic, 0, Offset::Beginning);
    assert!(reader.poll(Duration::from_millis(300)).is_none(), "there is nothing yet");
    for n in 0..5 {
        send(&producer, &topic, None, &[Sent::text("key", &n.to_string())]).await;
        let since = Instant::now();
        assert_eq!(read(&reader, 1), [(n, Sent::text("key", &n.to_string()))]);
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    }
}

pub(crate) async fn offsets_tell_where_a_partition_begins_and_ends(address: &str) {
    let topic = name("ends");
    create(address, &topic, 2, &[]).await.unwrap();
    let consumer = consumer(address, &[]);
    assert_eq!(consumer.fetch_watermarks(&topic, 1, PATIENCE).unwrap(), (0, 0));
    send(&producer(address, &[]), &topic, Some(1), &numbered(7)).await;
    assert_eq!(consumer.fetch_watermarks(&topic, 1, PATIENCE).unwrap(), (0, 7));
    assert_eq!(consumer.fetch_watermarks(&topic, 0, PATIENCE).unwrap(), (0, 0));
}

pub(crate) async fn offsets_are_found_by_time(address: &str) {
    let topic = name("times");
    create(address, &topic, 1, &[]).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    let producer = producer(address, &[("linger.ms", "50"), ("compression.type", "zstd")]);
    let mut under_way = Vec::new();
    for n in 0..10 {
        let record = FutureRecord::to(&topic).key("key").payload("value");
        let record = record.timestamp(now - 10_000 + n * 1_000);
        under_way.push(producer.send_result(record).map_err(|(error, _)| error).unwrap());
    }
    for sent in under_way {
        sent.await.unwrap().map_err(|(error, _)| error).unwrap();
    }
    let consumer = consumer(address, &[]);
    let at = |time: i64| {
        let mut asked = TopicPartitionList::new();
        asked.add_partition_offset(&topic, 0, Offset::Offset(time)).unwrap();
        let found = consumer.offsets_for_times(asked, PATIENCE).unwrap();
        found.elements()[0].offset()
    };
    assert_eq!(at(now - 6_000), Offset::Offset(4));
    assert_eq!(at(now - 6_500), Offset::Offset(4));
    assert_eq!(at(0), Offset::Offset(0));
    assert_eq!(at(now + 60_000), Offset::End);
}

pub(crate) async fn an_offset_that_is_not_there_is_an_error(address: &str) {
    let topic = name("beyond");
    create(address, &topic, 1, &[]).await.unwrap();
    send(&producer(address, &[]), &topic, None, &numbered(3)).await;
    let reader = reader(address, &topic, 0, Offset::Offset(10));
    let until = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < until, "no error came");
        let Some(polled) = reader.poll(Duration::from_millis(100)) else { continue };
        let code = polled.map(|_| ()).unwrap_err().rdkafka_error_code();
        let named = [RDKafkaErrorCode::AutoOffsetReset, RDKafkaErrorCode::OffsetOutOfRange];
        assert!(code.is_some_and(|code| named.contains(&code)), "{code:?}");
        return;
    }
}

fn member(address: &str, group: &str, topic: &str) -> BaseConsumer {
    let settings = [
        ("group.id", group),
        ("auto.offset.reset", "earliest"),
        ("partition.assignment.strategy", "cooperative-sticky"),
    ];
    let member = consumer(address, &settings);
    member.subscribe(&[topic]).expect("subscribed");
    member
}

pub(crate) async fn a_group_goes_on_where_it_committed(address: &str) {
    let (topic, group) = (name("group"), name("group"));
    create(address, &topic, 1, &[]).await.unwrap();
    send(&producer(address, &[]), &topic, None, &numbered(10)).await;
    let first = member(address, &group, &topic);
    assert_eq!(read(&first, 10)[9].0, 9);
    let mut done = TopicPartitionList::new();
    done.add_partition_offset(&topic, 0, Offset::Offset(4)).unwrap();
    first.commit(&done, CommitMode::Sync).unwrap();
    let committed = first.committed(PATIENCE).unwrap();
    assert_eq!(committed.elements()[0].offset(), Offset::Offset(4));
    // A list that the client has filled in holds on to it, and its end would wait for that.
    drop((done, committed));
    drop(first);
    let second = member(address, &group, &topic);
    assert_eq!(read(&second, 6)[0], (4, Sent::text("key", "4")));
    drop(second);
    let other = member(address, &name("another"), &topic);
    assert_eq!(read(&other, 1)[0].0, 0, "another group begins at the beginning");
}

pub(crate) async fn a_message_that_is_too_large_is_refused_and_others_go_on(address: &str) {
    let topic = name("large");
    create(address, &topic, 1, &[("max.message.bytes", "2000")]).await.unwrap();
    let producer = producer(address, &[]);
    let too_large = Sent::text("key", &"x".repeat(5_000));
    let sent = send(&producer, &topic, None, &[too_large]).await;
    assert_eq!(sent, [Err(RDKafkaErrorCode::MessageSizeTooLarge)]);
    let sent = send(&producer, &topic, None, &[Sent::text("key", "small")]).await;
    assert_eq!(sent, [Ok((0, 0))]);
}

pub(crate) async fn a_large_message_comes_whole(address: &str) {
    let topic = name("whole");
    create(address, &topic, 1, &[("max.message.bytes", "8000000")]).await.unwrap();
    let producer = producer(address, &[("message.max.bytes", "8000000")]);
    let large = Sent::text("key", &"0123456789".repeat(600_000));
    let sent = send(&producer, &topic, None, std::slice::from_ref(&large)).await;
    assert_eq!(sent, [Ok((0, 0))]);
    // More than a reader takes of a partition at once.
    let (_, read) = read(&reader(address, &topic, 0, Offset::Beginning), 1).remove(0);
    assert!(read == large, "{} bytes came", read.value.unwrap_or_default().len());
}

pub(crate) async fn a_producer_that_wants_no_answer_is_heard_too(address: &str) {
    let topic = name("unasked");
    create(address, &topic, 1, &[]).await.unwrap();
    let producer = producer(address, &[("acks", "0"), ("enable.idempotence", "false")]);
    send(&producer, &topic, None, &numbered(5)).await;
    producer.flush(PATIENCE).unwrap();
    assert_eq!(read(&reader(address, &topic, 0, Offset::Beginning), 5)[4].0, 4);
    let reader = reader(address, &topic, 0, Offset::Offset(4));
    let until = Instant::now() + PATIENCE;
    let message = std::iter::repeat_with(|| reader.poll(Duration::from_millis(100)))
        .take_while(|_| Instant::now() < until)
        .flatten()
        .next();
    assert_eq!(message.unwrap().unwrap().offset(), 4);
}
