//! The event source mapping: what a function is given, again and again, and when it is given up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use logmill_local_kafka::{Function, LocalKafka, Mapping, TopicSettings, map};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::suite::client::{PATIENCE, Sent, producer, send};
use crate::{broker, strict};

/// Records what it is given, and answers what it is told to.
#[derive(Default)]
struct Told {
    /// The offsets of each batch, by its partition.
    batches: Mutex<Vec<(i64, Vec<i64>)>>,
    answers: Mutex<Vec<Result<Value, String>>>,
    discarded: Mutex<Vec<Value>>,
    destination_fails: AtomicBool,
}

impl Function for Told {
    async fn invoke(&self, _request: &str, event: Value) -> Result<Value, String> {
        let (_, records) = event["records"].as_object().unwrap().iter().next().unwrap();
        let records = records.as_array().unwrap();
        let offsets = records.iter().map(|record| record["offset"].as_i64().unwrap()).collect();
        let partition = records[0]["partition"].as_i64().unwrap();
        self.batches.lock().unwrap().push((partition, offsets));
        let mut answers = self.answers.lock().unwrap();
        if answers.is_empty() { Ok(Value::Null) } else { answers.remove(0) }
    }

    async fn discard(&self, batch: Value) -> Result<(), String> {
        if self.destination_fails.swap(false, Ordering::SeqCst) {
            return Err("the destination is away".to_owned());
        }
        self.discarded.lock().unwrap().push(batch);
        Ok(())
    }
}

fn mapping() -> Mapping {
    Mapping {
        topic: "topic".to_owned(),
        group: "function".to_owned(),
        batch: 10,
        bytes: 6_000_000,
        window: Duration::from_millis(50),
        attempts: 3,
        backoff: Duration::from_millis(1),
        bootstrap_servers: "127.0.0.1:9092".to_owned(),
    }
}

fn numbered(count: usize) -> Vec<Sent> {
    (0..count).map(|n| Sent::text("key", &n.to_string())).collect()
}

/// Maps until the group has committed what it should.
async fn until(kafka: &LocalKafka, mapping: Mapping, told: &Arc<Told>, partition: i32, end: i64) {
    let (stop, stopping) = watch::channel(false);
    let running = tokio::spawn(map(kafka.clone(), mapping, Arc::clone(told), stopping));
    let done = async {
        while kafka.committed("function", "topic", partition).await.unwrap() != Some(end) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, done).await.expect("it is committed");
    stop.send_replace(true);
    running.await.unwrap();
}

async fn filled(count: usize) -> crate::Broker {
    let broker = broker(strict()).await;
    broker.kafka.create_topic("topic", TopicSettings::default()).await.unwrap();
    let producer = producer(&broker.address, &[("linger.ms", "50")]);
    send(&producer, "topic", None, &numbered(count)).await;
    broker
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_record_is_delivered_once_in_order_in_batches_of_the_size_that_is_set() {
    let broker = filled(25).await;
    let told = Arc::new(Told::default());
    until(&broker.kafka, mapping(), &told, 0, 25).await;
    let batches = told.batches.lock().unwrap().clone();
    let sizes: Vec<usize> = batches.iter().map(|(_, offsets)| offsets.len()).collect();
    assert_eq!(sizes, [10, 10, 5]);
    let offsets: Vec<i64> = batches.into_iter().flat_map(|(_, offsets)| offsets).collect();
    assert_eq!(offsets, (0..25).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_grows_no_larger_than_an_event_may_be() {
    let broker = filled(6).await;
    let told = Arc::new(Told::default());
    let mapping = Mapping { bytes: 450, ..mapping() };
    until(&broker.kafka, mapping, &told, 0, 6).await;
    let batches = told.batches.lock().unwrap().clone();
    assert_eq!(batches, [(0, vec![0, 1]), (0, vec![2, 3]), (0, vec![4, 5])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_fails_is_delivered_again_before_those_behind_it() {
    let broker = filled(2).await;
    let told = Arc::new(Told::default());
    *told.answers.lock().unwrap() = vec![Err("no".to_owned()), Err("no".to_owned())];
    until(&broker.kafka, mapping(), &told, 0, 2).await;
    let batches = told.batches.lock().unwrap().clone();
    assert_eq!(batches, [(0, vec![0, 1]), (0, vec![0, 1]), (0, vec![0, 1])]);
    assert!(told.discarded.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_what_an_answer_names_as_failed_is_delivered_again() {
    let broker = filled(5).await;
    let told = Arc::new(Told::default());
    let item = json!({ "partition": "topic-0", "offset": 3 });
    let failed = json!({ "batchItemFailures": [{ "itemIdentifier": item }] });
    *told.answers.lock().unwrap() = vec![Ok(failed)];
    until(&broker.kafka, mapping(), &told, 0, 5).await;
    let batches = told.batches.lock().unwrap().clone();
    assert_eq!(batches, [(0, vec![0, 1, 2, 3, 4]), (0, vec![3, 4])]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_no_retry_mends_is_told_to_its_destination_and_holds_up_nothing() {
    let broker = filled(12).await;
    let told = Arc::new(Told::default());
    *told.answers.lock().unwrap() = vec![Err("no".to_owned()); 3];
    told.destination_fails.store(true, Ordering::SeqCst);
    until(&broker.kafka, mapping(), &told, 0, 12).await;
    let discarded = told.discarded.lock().unwrap().clone();
    assert_eq!(discarded.len(), 1);
    let info = &discarded[0]["KafkaBatchInfo"];
    assert_eq!(
        (&info["batchSize"], &discarded[0]["requestContext"]["condition"]),
        (&json!(10), &json!("RetryAttemptsExhausted"))
    );
    let range = &info["recordsInfo"]["topic-0"];
    assert_eq!((&range["firstRecordOffset"], &range["lastRecordOffset"]), (&json!(0), &json!(9)));
    assert_eq!(told.batches.lock().unwrap().last(), Some(&(0, vec![10, 11])));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_done_when_it_stopped_is_delivered_at_the_next_start() {
    let broker = filled(10).await;
    let told = Arc::new(Told::default());
    *told.answers.lock().unwrap() = vec![Err("no".to_owned())];
    let (stop, stopping) = watch::channel(false);
    let slow = Mapping { backoff: Duration::from_secs(3_600), ..mapping() };
    let running = tokio::spawn(map(broker.kafka.clone(), slow, Arc::clone(&told), stopping));
    while told.batches.lock().unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop.send_replace(true);
    tokio::time::timeout(PATIENCE, running).await.expect("it stops in a pause too").unwrap();
    assert_eq!(broker.kafka.committed("function", "topic", 0).await.unwrap(), None);
    until(&broker.kafka, mapping(), &told, 0, 10).await;
    assert_eq!(told.batches.lock().unwrap().len(), 2);
}
