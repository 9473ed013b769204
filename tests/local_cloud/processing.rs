//! Without the bucket's notifications: a log is parsed when a processing event in Kafka names it.

use std::thread;

use logmill_bus::{Connection, Message, Producer, ProducerSettings};
use serde_json::json;

use crate::binary::{example, folder};
use crate::cloud::Cloud;

/// Writes processing events, as any client of Kafka may.
fn produce(cloud: &Cloud, values: &[&str]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let connection = Connection::to(&format!("127.0.0.1:{}", cloud.ports.kafka));
        let producer = Producer::connect(&connection, &ProducerSettings::default()).unwrap();
        for value in values {
            let message = Message::new("log-processing-events", value.as_bytes());
            producer.publish(&message).await.unwrap();
        }
    });
}

#[test]
fn a_processing_event_has_a_log_parsed_where_the_bucket_tells_nobody() {
    let folder = folder();
    let mut cloud = Cloud::start_without_s3_trigger(&folder.path().join("data"));
    let log = example("ctest-failed.log");
    let ports = cloud.ports;
    let putting = thread::spawn(move || crate::cloud::run(&ports, &["put", &log]));
    cloud.wait_until("the log is put", |cloud| cloud.row("ctest-failed")["status"] == "PENDING");
    let event = json!({
        "deployment_key": "ctest-failed", "timestamp": "2026-11-22T07:00:00Z", "source": "jenkins",
    });
    // One that is none costs the one behind it nothing.
    produce(&cloud, &["no event", &event.to_string()]);
    let put = putting.join().unwrap().went_well();
    assert!(put.stdout.contains("ring.wrap"), "{put:?}");
    assert_eq!(cloud.ended("ctest-failed")["status"], "COMPLETED");
    let dead = cloud.run(&["dlq", "list"]).went_well();
    assert!(dead.stdout.contains("malformed_event"), "{dead:?}");
}
