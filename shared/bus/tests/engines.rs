//! On a real Kafka: who we are is asked, and believed or not.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

use std::time::Duration;

use logmill_bus::{
    Connection, ErrorKind, Mechanism, Message, Password, Producer, ProducerSettings, Sasl, Topic,
    Topics,
};

fn as_user(mechanism: Mechanism, password: &str) -> Connection {
    let password = Password {
        mechanism,
        user: logmill_given::engine("LOGMILL_ENGINE_KAFKA_USER"),
        password: password.to_owned(),
    };
    let servers = logmill_given::engine("LOGMILL_ENGINE_KAFKA_SASL");
    Connection { sasl: Some(Sasl::Password(password)), ..Connection::to(&servers) }
}

async fn there_by(mechanism: Mechanism) {
    let connection = as_user(mechanism, &logmill_given::engine("LOGMILL_ENGINE_KAFKA_PASS"));
    let name = format!("bus-{:x}", fastrand::u64(..));
    let retention = Some(Duration::from_secs(3_600));
    let topic = Topic { name: name.clone(), partitions: 2, replication: 1, retention };
    let topics = Topics::connect(&connection).unwrap();
    topics.create(&topic).await.unwrap();
    assert_eq!(topics.describe(&name).await.unwrap(), Some(topic));
    let producer = Producer::connect(&connection, &ProducerSettings::default()).unwrap();
    let message = Message::new(&name, b"value").with_key(b"key");
    let first = producer.publish(&message).await.unwrap();
    let second = producer.publish(&message).await.unwrap();
    assert_eq!((second.partition, second.offset), (first.partition, first.offset + 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_opens_kafka_by_plain() {
    there_by(Mechanism::Plain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_opens_kafka_by_scram_with_sha_256() {
    there_by(Mechanism::ScramSha256).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_opens_kafka_by_scram_with_sha_512() {
    there_by(Mechanism::ScramSha512).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_told_as_such() {
    for mechanism in [Mechanism::Plain, Mechanism::ScramSha512] {
        let connection = as_user(mechanism, "wrong");
        let settings =
            ProducerSettings { delivery_timeout: Duration::from_secs(3), ..Default::default() };
        let producer = Producer::connect(&connection, &settings).unwrap();
        let error = producer.publish(&Message::new("any", b"value")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    }
}
