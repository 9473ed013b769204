//! Topics.

use std::time::Instant;

use rdkafka::admin::ResourceSpecifier;
use rdkafka::consumer::Consumer as _;
use rdkafka::types::RDKafkaErrorCode;

use super::client::{PATIENCE, Sent, admin, consumer, create, name, options, producer, send};

/// How many partitions a topic has, as its metadata say; none if it is missing.
fn partitions(address: &str, topic: &str) -> Option<usize> {
    let metadata = consumer(address, &[]).fetch_metadata(Some(topic), PATIENCE).expect("metadata");
    let found = metadata.topics().first().filter(|found| found.error().is_none());
    found.map(|found| found.partitions().len())
}

pub(crate) async fn a_topic_has_the_partitions_and_settings_that_it_was_made_with(address: &str) {
    let topic = name("settings");
    let settings = [("retention.ms", "3600000"), ("retention.bytes", "1000000")];
    assert_eq!(create(address, &topic, 3, &settings).await, Ok(()));
    assert_eq!(partitions(address, &topic), Some(3));
    let resource = ResourceSpecifier::Topic(&topic);
    let mut described = admin(address).describe_configs([&resource], &options()).await.unwrap();
    let described = described.remove(0).unwrap();
    let value = |name: &str| described.get(name).unwrap().value.clone().unwrap();
    assert_eq!(
        (value("retention.ms").as_str(), value("retention.bytes").as_str()),
        ("3600000", "1000000")
    );
    assert_eq!(value("cleanup.policy"), "delete");
    assert_eq!(value("max.message.bytes"), "1048588");
}

pub(crate) async fn a_topic_is_not_made_twice(address: &str) {
    let topic = name("twice");
    assert_eq!(create(address, &topic, 1, &[]).await, Ok(()));
    let again = create(address, &topic, 2, &[]).await;
    assert_eq!(again, Err(RDKafkaErrorCode::TopicAlreadyExists));
    assert_eq!(partitions(address, &topic), Some(1));
}

pub(crate) async fn a_topic_that_was_deleted_is_gone_and_can_be_made_anew(address: &str) {
    let topic = name("deleted");
    create(address, &topic, 1, &[]).await.unwrap();
    let producer = producer(address, &[]);
    send(&producer, &topic, None, &[Sent::text("k", "old")]).await.remove(0).unwrap();
    let deleted = admin(address).delete_topics(&[&topic], &options()).await.unwrap().remove(0);
    assert_eq!(deleted, Ok(topic.clone()));
    let until = Instant::now() + PATIENCE;
    while partitions(address, &topic).is_some() {
        assert!(Instant::now() < until, "the topic is still there");
    }
    // A real one refuses the name until the files are away.
    while create(address, &topic, 2, &[]).await.is_err() {
        assert!(Instant::now() < until, "the topic cannot be made anew");
    }
    let (low, high) = consumer(address, &[]).fetch_watermarks(&topic, 0, PATIENCE).unwrap();
    assert_eq!((low, high), (0, 0), "what the old topic held is gone");
    let again = admin(address).delete_topics(&["no-such-topic"], &options()).await.unwrap();
    let missing = ("no-such-topic".to_owned(), RDKafkaErrorCode::UnknownTopicOrPartition);
    assert_eq!(again, [Err(missing)]);
}

pub(crate) async fn a_topic_with_a_bad_name_or_setting_is_refused(address: &str) {
    use RDKafkaErrorCode as Code;
    assert_eq!(create(address, "a b", 1, &[]).await, Err(Code::InvalidTopic));
    assert_eq!(create(address, &"x".repeat(250), 1, &[]).await, Err(Code::InvalidTopic));
    let settings = [("retention.ms", "seven days")];
    assert_eq!(create(address, &name("bad"), 1, &settings).await, Err(Code::InvalidConfig));
    let settings = [("no.such.setting", "1")];
    assert_eq!(create(address, &name("bad"), 1, &settings).await, Err(Code::InvalidConfig));
}

pub(crate) async fn a_producer_hears_of_a_missing_topic(address: &str) {
    let producer = producer(address, &[("topic.metadata.propagation.max.ms", "100")]);
    let topic = name("missing");
    let sent = send(&producer, &topic, None, &[Sent::text("k", "v")]).await;
    let named = [RDKafkaErrorCode::UnknownTopic, RDKafkaErrorCode::UnknownTopicOrPartition];
    assert!(sent[0].is_err_and(|code| named.contains(&code)), "{sent:?}");
}

pub(crate) async fn a_reader_hears_of_a_missing_topic(address: &str) {
    let error = consumer(address, &[]).fetch_watermarks(&name("missing"), 0, PATIENCE);
    let code = error.unwrap_err().rdkafka_error_code();
    let named = [RDKafkaErrorCode::UnknownTopicOrPartition, RDKafkaErrorCode::UnknownPartition];
    assert!(code.is_some_and(|code| named.contains(&code)), "{code:?}");
}
