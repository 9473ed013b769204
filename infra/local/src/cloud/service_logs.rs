//! The event source mappings of the service logs: Kafka feeds `consume` and `archive`.

use std::sync::Arc;
use std::time::Duration;

use logmill_archive::Archive;
use logmill_consume::{Consume, FUNCTION, Invocation};
use logmill_kafka_event::Answer;
use logmill_local_kafka::{Function, LocalKafka, Mapping, map};
use logmill_local_queue::Queue;
use logmill_metadata_any::AnyStore;
use logmill_model::Timestamp;
use logmill_runtime::cause::TryAgain;
use logmill_runtime::config::Batching;
use logmill_runtime::retry::Deadline;
use logmill_runtime::telemetry;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::endpoints::{ARCHIVE_GROUP, CONSUME_GIVEN_UP_QUEUE, CONSUME_GROUP, Ports, loopback};

/// `consume`, fed by Kafka.
pub(crate) struct Fed {
    pub(crate) consume: Consume,
    pub(crate) queue: Queue,
    pub(crate) timeout: Duration,
}

impl Function for Fed {
    async fn invoke(&self, request: &str, event: Value) -> Result<Value, String> {
        let (consume, timeout) = (self.consume.clone(), self.timeout);
        answer(FUNCTION, request, async move {
            let invocation =
                Invocation { now: Timestamp::now(), deadline: Deadline::after(timeout) };
            consume.handle(&event.to_string(), &invocation).await
        })
        .await
    }

    async fn discard(&self, batch: Value) -> Result<(), String> {
        let sent = self.queue.send(CONSUME_GIVEN_UP_QUEUE, batch.to_string(), Duration::ZERO).await;
        sent.map(drop).map_err(|error| error.to_string())
    }
}

/// `archive`, fed by Kafka.
pub(crate) struct Archived(pub(crate) Arc<Archive<AnyStore>>);

impl Function for Archived {
    async fn invoke(&self, request: &str, event: Value) -> Result<Value, String> {
        let archive = Arc::clone(&self.0);
        answer(logmill_archive::FUNCTION, request, async move {
            archive.handle(&event.to_string()).await
        })
        .await
    }

    async fn discard(&self, _: Value) -> Result<(), String> {
        Err("the archive gives nothing up".to_owned())
    }
}

/// What a call answers. It is a task of its own: a panic ends it, and not the mapping.
async fn answer(
    function: &'static str,
    request: &str,
    work: impl Future<Output = Result<Answer, TryAgain>> + Send + 'static,
) -> Result<Value, String> {
    let work = tokio::spawn(work.instrument(telemetry::request_span(function, request)));
    let answer = work.await.map_err(|error| error.to_string())?;
    let answer = answer.map_err(|again| again.to_string())?;
    serde_json::to_value(answer).map_err(|error| error.to_string())
}

/// How a function is fed.
pub(crate) struct Feed {
    /// The consumer group.
    group: &'static str,
    /// The most records of a batch.
    batch: usize,
    /// How long a batch waits for more.
    window: Duration,
    /// How often a batch is tried.
    attempts: u32,
}

impl Feed {
    /// `consume`: soon.
    pub(crate) const fn consume() -> Self {
        let window = Duration::from_millis(500);
        Self { group: CONSUME_GROUP, batch: 500, window, attempts: 5 }
    }

    /// `archive`: in large batches, each until it is archived, for one that was given up would be missing
    /// for ever.
    pub(crate) const fn archive(batching: &Batching) -> Self {
        let Batching { records, window } = *batching;
        Self { group: ARCHIVE_GROUP, batch: records, window, attempts: u32::MAX }
    }

    /// Feeds a function with topics of the local Kafka.
    pub(crate) async fn with<F: Function>(
        self,
        function: F,
        topics: Vec<String>,
        kafka: LocalKafka,
        ports: Ports,
        stop: watch::Receiver<bool>,
    ) {
        let (function, mut running) = (Arc::new(function), JoinSet::new());
        for topic in topics {
            let mapping = Mapping {
                topic,
                group: self.group.to_owned(),
                batch: self.batch,
                bytes: 6_000_000,
                window: self.window,
                attempts: self.attempts,
                backoff: Duration::from_secs(2),
                bootstrap_servers: loopback(ports.kafka_port).to_string(),
            };
            running.spawn(map(kafka.clone(), mapping, Arc::clone(&function), stop.clone()));
        }
        while running.join_next().await.is_some() {}
    }
}
