//! The event source mappings of the service logs: Kafka feeds `consume`.

use std::sync::Arc;
use std::time::Duration;

use logmill_consume::{Consume, FUNCTION, Invocation};
use logmill_local_kafka::{Function, LocalKafka, Mapping, map};
use logmill_local_queue::Queue;
use logmill_model::Timestamp;
use logmill_runtime::retry::Deadline;
use logmill_runtime::telemetry;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::endpoints::{CONSUME_GIVEN_UP_QUEUE, CONSUME_GROUP, Ports, loopback};

/// `consume`, fed by Kafka.
pub(crate) struct Fed {
    pub(crate) consume: Consume,
    pub(crate) queue: Queue,
    pub(crate) timeout: Duration,
}

impl Function for Fed {
    async fn invoke(&self, request: &str, event: Value) -> Result<Value, String> {
        let (consume, timeout) = (self.consume.clone(), self.timeout);
        let work = async move {
            let invocation =
                Invocation { now: Timestamp::now(), deadline: Deadline::after(timeout) };
            consume.handle(&event.to_string(), &invocation).await
        };
        // A task of its own: a panic ends it, and not the mapping.
        let work = tokio::spawn(work.instrument(telemetry::request_span(FUNCTION, request)));
        let answer = work.await.map_err(|error| error.to_string())?;
        let answer = answer.map_err(|again| again.to_string())?;
        serde_json::to_value(answer).map_err(|error| error.to_string())
    }

    async fn discard(&self, batch: Value) -> Result<(), String> {
        let sent = self.queue.send(CONSUME_GIVEN_UP_QUEUE, batch.to_string(), Duration::ZERO).await;
        sent.map(drop).map_err(|error| error.to_string())
    }
}

/// Feeds `consume` with topics of the local Kafka: batches of 500 within half a second.
pub(crate) async fn feed(
    fed: Fed,
    topics: Vec<String>,
    kafka: LocalKafka,
    ports: Ports,
    stop: watch::Receiver<bool>,
) {
    let (fed, mut running) = (Arc::new(fed), JoinSet::new());
    for topic in topics {
        let mapping = Mapping {
            topic,
            group: CONSUME_GROUP.to_owned(),
            batch: 500,
            bytes: 6_000_000,
            window: Duration::from_millis(500),
            attempts: 5,
            backoff: Duration::from_secs(2),
            bootstrap_servers: loopback(ports.kafka_port).to_string(),
        };
        running.spawn(map(kafka.clone(), mapping, Arc::clone(&fed), stop.clone()));
    }
    while running.join_next().await.is_some() {}
}
