//! What AWS does between the parts: the bucket's notifications and the queue's event source mapping.

use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use logmill_local_queue::{Message, Queue};
use logmill_local_s3::{Event, LocalS3};
use logmill_metadata::Owner;
use logmill_metadata_dynamodb::Dynamo;
use logmill_model::Timestamp;
use logmill_parse::{Invocation, Parse};
use logmill_runtime::retry::Deadline;
use tokio::sync::watch;

use super::{VISIBILITY, stopped};
use crate::endpoints::{BUCKET, PARSE_QUEUE};

/// How many events are moved at once.
const EVENTS: usize = 100;
/// How long a function may run.
const TIMEOUT: Duration = Duration::from_secs(900);
/// How long a message waits that is to be delivered again, for each time that it was.
const AGAIN: Duration = Duration::from_secs(2);

/// Plays the bucket's notifications: each change of the logs' bucket becomes a message in parse's
/// queue. An event leaves the bucket's outbox only when its message is stored.
pub(crate) async fn notify(s3: LocalS3, queue: Queue, stop: watch::Receiver<bool>) {
    let mut changed = s3.notify();
    let mut stopping = std::pin::pin!(stopped(&stop));
    loop {
        match forward(&s3, &queue).await {
            Ok(0) => {}
            Ok(_) => continue,
            Err(error) => tracing::error!(%error, "notifications cannot be moved to the queue"),
        }
        tokio::select! {
            () = &mut stopping => return,
            more = changed.changed() => if more.is_err() { return },
        }
    }
}

async fn forward(s3: &LocalS3, queue: &Queue) -> anyhow::Result<usize> {
    let events = s3.next_events(EVENTS).await?;
    let Some(last) = events.last().map(|event| event.sequence) else { return Ok(0) };
    for event in events.iter().filter(|event| event.bucket == BUCKET) {
        queue.send(PARSE_QUEUE, &body(event), Duration::ZERO).await?;
    }
    s3.acknowledge(last).await?;
    Ok(events.len())
}

fn body(event: &Event) -> String {
    event.notification("us-east-1").to_string()
}

/// Plays the event source mapping of parse: one message at a time for each of `workers`, deleted
/// when the function has done it.
pub(crate) async fn map(
    function: Arc<Parse<Dynamo>>,
    queue: Queue,
    boot: String,
    workers: usize,
    stop: watch::Receiver<bool>,
) {
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..workers {
        running.spawn(work(function.clone(), queue.clone(), boot.clone(), stop.clone()));
    }
    while running.join_next().await.is_some() {}
}

async fn work(
    function: Arc<Parse<Dynamo>>,
    queue: Queue,
    boot: String,
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
                    invoke(&function, &queue, &boot, message).await;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the queue cannot be read");
                return;
            }
        }
    }
}

async fn invoke(function: &Parse<Dynamo>, queue: &Queue, boot: &str, message: Message) {
    let invocation = Invocation {
        owner: Owner::local(boot, &format!("{}-{}", message.id, message.receives)),
        now: Timestamp::now(),
        deadline: Deadline::after(TIMEOUT),
    };
    let response = function.handle(event(&message), &invocation).await;
    let done = response.batch_item_failures.is_empty();
    let ended = if done {
        queue.delete(PARSE_QUEUE, &message.receipt).await.map(drop)
    } else {
        queue.release(PARSE_QUEUE, &message.receipt, AGAIN * message.receives).await
    };
    if let Err(error) = ended {
        // It comes again when its visibility ends, and is found to be done.
        tracing::error!(%error, id = message.id, "the message cannot be ended");
    }
}

fn event(message: &Message) -> SqsEvent {
    let mut one = SqsMessage::default();
    one.message_id = Some(message.id.to_string());
    one.receipt_handle = Some(message.receipt.clone());
    one.body = Some(message.body.clone());
    one.attributes.insert("SentTimestamp".to_owned(), message.sent_ms.to_string());
    one.attributes.insert("ApproximateReceiveCount".to_owned(), message.receives.to_string());
    one.event_source = Some("aws:sqs".to_owned());
    one.event_source_arn = Some(format!("arn:aws:sqs:us-east-1:000000000000:{PARSE_QUEUE}"));
    let mut event = SqsEvent::default();
    event.records = vec![one];
    event
}
