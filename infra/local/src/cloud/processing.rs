//! The event source mapping of the processing events: Kafka feeds `parse`.

use std::sync::Arc;
use std::time::Duration;

use logmill_local_kafka::{Function, LocalKafka, Mapping, map};
use logmill_local_queue::Queue;
use serde_json::Value;
use tokio::sync::watch;

use crate::dispatch::Environment;
use crate::endpoints::{GIVEN_UP_QUEUE, PARSE_GROUP, PROCESSING_EVENTS, Ports, loopback};

/// `parse`, fed by Kafka.
struct Fed {
    environment: Environment,
    queue: Queue,
    timeout: Duration,
}

impl Function for Fed {
    async fn invoke(&self, request: &str, event: Value) -> Result<Value, String> {
        let answer = self.environment.invoke(request, event, self.timeout).await;
        answer.map_err(|error| format!("{error:#}"))
    }

    async fn discard(&self, batch: Value) -> Result<(), String> {
        let sent = self.queue.send(GIVEN_UP_QUEUE, batch.to_string(), Duration::ZERO).await;
        sent.map(drop).map_err(|error| error.to_string())
    }
}

/// Feeds `parse` with the processing events of the local Kafka, by Lambda's defaults: batches of 100
/// within half a second.
pub(crate) async fn feed(
    environment: Environment,
    (kafka, queue): (LocalKafka, Queue),
    ports: &Ports,
    timeout: Duration,
    stop: watch::Receiver<bool>,
) {
    let mapping = Mapping {
        topic: PROCESSING_EVENTS.to_owned(),
        group: PARSE_GROUP.to_owned(),
        batch: 100,
        bytes: 6_000_000,
        window: Duration::from_millis(500),
        attempts: 5,
        backoff: Duration::from_secs(2),
        bootstrap_servers: loopback(ports.kafka_port).to_string(),
    };
    map(kafka, mapping, Arc::new(Fed { environment, queue, timeout }), stop).await;
}
