//! What AWS does between the parts: the bucket's notifications and the queue's event source mapping.

use std::time::Duration;

use logmill_local_queue::{Message, Queue};
use logmill_local_s3::{Event, LocalS3};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{VISIBILITY, stopped};
use crate::dispatch::Environment;
use crate::endpoints::{BUCKET, PARSE_QUEUE};

/// How many events are moved at once.
const EVENTS: usize = 100;
/// How long a message waits that is to be delivered again, for each time that it was.
const AGAIN: Duration = Duration::from_secs(2);
/// How long to wait before a store is asked again that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Plays the bucket's notifications: each change of the logs' bucket becomes a message in parse's
/// queue. An event leaves the bucket's outbox only when its message is stored. Switched off, changes
/// are told to nobody.
pub(crate) async fn notify(
    s3: LocalS3,
    queue: Queue,
    switched_on: bool,
    stop: watch::Receiver<bool>,
) {
    let mut changed = s3.notify();
    let mut stopping = std::pin::pin!(stopped(&stop));
    loop {
        match forward(&s3, &queue, switched_on).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => {
                tracing::error!(%error, "notifications cannot be moved to the queue");
                // Also without another change.
                changed.mark_changed();
                tokio::time::sleep(PAUSE).await;
            }
        }
        tokio::select! {
            () = &mut stopping => return,
            more = changed.changed() => if more.is_err() { return },
        }
    }
}

async fn forward(s3: &LocalS3, queue: &Queue, switched_on: bool) -> anyhow::Result<usize> {
    let events = s3.next_events(EVENTS).await?;
    let Some(last) = events.last().map(|event| event.sequence) else { return Ok(0) };
    for event in events.iter().filter(|event| switched_on && event.bucket == BUCKET) {
        queue.send(PARSE_QUEUE, &body(event), Duration::ZERO).await?;
    }
    s3.acknowledge(last).await?;
    Ok(events.len())
}

fn body(event: &Event) -> String {
    event.notification("us-east-1").to_string()
}

/// Plays the event source mapping of parse: one message at a time for each environment, deleted when
/// the function has done it.
pub(crate) async fn map(
    environments: Vec<Environment>,
    queue: Queue,
    timeout: Duration,
    stop: watch::Receiver<bool>,
) {
    let mut running = tokio::task::JoinSet::new();
    for environment in environments {
        running.spawn(work(environment, queue.clone(), timeout, stop.clone()));
    }
    while running.join_next().await.is_some() {}
}

async fn work(
    environment: Environment,
    queue: Queue,
    timeout: Duration,
    stop: watch::Receiver<bool>,
) {
    let mut stopping = std::pin::pin!(stopped(&stop));
    loop {
        let wait = Duration::from_secs(20);
        let received = tokio::select! {
            () = &mut stopping => return,
            received = queue.receive_wait(PARSE_QUEUE, 1, Some(VISIBILITY), wait) => received,
        };
        match received {
            Ok(messages) => {
                for message in messages {
                    invoke(&environment, &queue, timeout, message).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn invoke(environment: &Environment, queue: &Queue, timeout: Duration, message: Message) {
    // In the form of AWS' own, and unique over restarts.
    let request = format!("{:08x}-{:x}-{:x}", message.sent_ms, message.id, message.receives);
    let answer = environment.invoke(&request, event(&message), timeout).await;
    if let Err(error) = &answer {
        tracing::error!(%error, request, "the function failed; its message will be delivered again");
    }
    let ended = if answer.is_ok_and(|answer| is_done(&answer)) {
        queue.delete(PARSE_QUEUE, &message.receipt).await.map(drop)
    } else {
        queue.release(PARSE_QUEUE, &message.receipt, AGAIN * message.receives).await
    };
    if let Err(error) = ended {
        // It comes again when its visibility ends, and is found to be done.
        tracing::error!(%error, id = message.id, "the message cannot be ended");
    }
}

/// Whether an answer names no message as failed, as Lambda reads it: also by naming nothing.
fn is_done(answer: &Value) -> bool {
    answer["batchItemFailures"].as_array().is_none_or(Vec::is_empty)
}

/// The batch of one message, as Lambda brings it.
fn event(message: &Message) -> Value {
    json!({ "Records": [{
        "messageId": message.id.to_string(),
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": message.receives.to_string(),
            "SentTimestamp": message.sent_ms.to_string(),
            "SenderId": "logmill",
            "ApproximateFirstReceiveTimestamp": message.first_received_ms.to_string(),
        },
        "messageAttributes": {},
        "eventSource": "aws:sqs",
        "eventSourceARN": format!("arn:aws:sqs:us-east-1:000000000000:{PARSE_QUEUE}"),
        "awsRegion": "us-east-1",
    }] })
}

#[cfg(test)]
mod tests {
    use logmill_local_lambda::Function;
    use logmill_local_queue::Settings;

    use super::*;

    #[tokio::test]
    async fn a_message_whose_function_cannot_be_reached_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let queue = Queue::open(folder.path().join("queue.sqlite")).unwrap();
        queue.create(PARSE_QUEUE, Settings::default()).await.unwrap();
        queue.send(PARSE_QUEUE, "an event", Duration::ZERO).await.unwrap();
        let nobody = Environment::Outside(Function::at("parse", "http://127.0.0.1:1"));
        let message = queue.receive(PARSE_QUEUE, 1, VISIBILITY).await.unwrap().remove(0);
        invoke(&nobody, &queue, Duration::from_secs(900), message).await;
        // Long before its visibility ends.
        let wait = Duration::from_secs(60);
        let again = queue.receive_wait(PARSE_QUEUE, 1, None, wait).await.unwrap();
        assert_eq!((again[0].body.as_str(), again[0].receives), ("an event", 2));
    }

    #[test]
    fn only_an_answer_that_names_a_message_brings_it_back() {
        for done in [json!(null), json!({}), json!({ "batchItemFailures": [] })] {
            assert!(is_done(&done), "{done}");
        }
        assert!(!is_done(&json!({ "batchItemFailures": [{ "itemIdentifier": "1" }] })));
    }
}
