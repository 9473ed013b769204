//! The event source mapping of Kafka, as Lambda plays it in its provisioned mode: batches of one
//! partition in their order, retries, and a destination for what no retry mends. Offsets are committed
//! when a batch is done, so a process that is killed delivers the batch again.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::Error;
use crate::event::{self, Place};
use crate::records::Record;
use crate::server::LocalKafka;

/// How many bytes are read at once.
const READ: usize = 1 << 20;
/// What is waited before a log or a destination is asked again that failed.
const PAUSE: Duration = Duration::from_secs(1);
/// The longest time between two attempts.
const LONGEST: Duration = Duration::from_secs(60);

/// What is mapped, and how.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The topic.
    pub topic: String,
    /// The consumer group that remembers how far it is.
    pub group: String,
    /// The most records of a batch.
    pub batch: usize,
    /// The most bytes of an event, about; one record is delivered however large it is.
    pub bytes: usize,
    /// How long a batch waits for more records.
    pub window: Duration,
    /// How often a batch is delivered before it is given up.
    pub attempts: u32,
    /// What is waited before the second attempt; then twice as long each time.
    pub backoff: Duration,
    /// The address of the broker, as the events name it.
    pub bootstrap_servers: String,
}

/// What is fed by a mapping.
pub trait Function: Send + Sync + 'static {
    /// Calls the function with an event; `request` is unique to this call. An error is a batch that is
    /// to be delivered again.
    fn invoke(
        &self,
        request: &str,
        event: Value,
    ) -> impl Future<Output = Result<Value, String>> + Send;

    /// Keeps what is known of a batch that was given up.
    fn discard(&self, batch: Value) -> impl Future<Output = Result<(), String>> + Send;
}

/// Feeds a function with a topic until `stop` is true. Partitions do not wait for each other.
pub async fn map<F: Function>(
    kafka: LocalKafka,
    mapping: Mapping,
    function: Arc<F>,
    stop: watch::Receiver<bool>,
) {
    let Some(partitions) = kafka.partitions(&mapping.topic) else {
        tracing::error!(topic = mapping.topic, "there is no such topic to be mapped");
        return;
    };
    let mut running = tokio::task::JoinSet::new();
    for partition in 0..partitions {
        let place = Place {
            topic: mapping.topic.clone(),
            partition,
            bootstrap_servers: mapping.bootstrap_servers.clone(),
        };
        let source = Source { kafka: kafka.clone(), mapping: mapping.clone(), place };
        running.spawn(source.feed(Arc::clone(&function), stop.clone()));
    }
    while running.join_next().await.is_some() {}
}

/// One partition.
struct Source {
    kafka: LocalKafka,
    mapping: Mapping,
    place: Place,
}

impl Source {
    async fn feed<F: Function>(self, function: Arc<F>, mut stop: watch::Receiver<bool>) {
        // What is under way when it is time to stop is delivered again at the next start.
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.run(&*function) => {}
        }
    }

    async fn run<F: Function>(&self, function: &F) {
        loop {
            match self.turn(function).await {
                Ok(()) => {}
                Err(error) => {
                    tracing::error!(%error, topic = self.place.topic, "a topic cannot be mapped");
                    sleep(PAUSE).await;
                }
            }
        }
    }

    /// Delivers a batch, as soon as there is one.
    async fn turn<F: Function>(&self, function: &F) -> Result<(), Error> {
        let (topic, partition) = (&self.place.topic, self.place.partition);
        let committed = self.kafka.committed(&self.mapping.group, topic, partition).await?;
        let mut batch = self.collect(committed.unwrap_or(0)).await?;
        let mut attempt = 1;
        while let Some(failure) = self.deliver(function, &mut batch, attempt).await? {
            if attempt >= self.mapping.attempts {
                self.give_up(function, &batch, attempt, &failure).await?;
                return Ok(());
            }
            let pause = self.mapping.backoff * 2_u32.saturating_pow(attempt - 1);
            sleep(pause.min(LONGEST)).await;
            attempt += 1;
        }
        Ok(())
    }

    /// The next records: as many as a batch takes, or those that come within the window.
    async fn collect(&self, from: i64) -> Result<Vec<Record>, Error> {
        let mut appended = self.kafka.appended();
        let mut batch: Vec<Record> = Vec::new();
        let (mut bytes, mut until) = (0, None);
        loop {
            appended.mark_unchanged();
            let next = batch.last().map_or(from, |last| last.offset + 1);
            let (topic, partition) = (&self.place.topic, self.place.partition);
            let read = self.kafka.read(topic, partition, next, READ).await?;
            let came = !read.is_empty();
            for record in read {
                let size = event::size(&record);
                let full = batch.len() >= self.mapping.batch || bytes + size > self.mapping.bytes;
                if full && !batch.is_empty() {
                    return Ok(batch);
                }
                bytes += size;
                batch.push(record);
            }
            if came {
                until.get_or_insert_with(|| Instant::now() + self.mapping.window);
                continue;
            }
            match until {
                _ if batch.len() >= self.mapping.batch => return Ok(batch),
                Some(until) => {
                    if timeout_at(until, appended.changed()).await.is_err() {
                        return Ok(batch);
                    }
                }
                None => {
                    let _ = appended.changed().await;
                }
            }
        }
    }

    /// Calls the function. What it has done leaves the batch and is committed; none if that is all of
    /// it, else why the rest is to be delivered again.
    async fn deliver<F: Function>(
        &self,
        function: &F,
        batch: &mut Vec<Record>,
        attempt: u32,
    ) -> Result<Option<String>, Error> {
        let Some((first, last)) = event::ends(batch) else { return Ok(None) };
        let request = self.place.request(first, attempt);
        let answer = function.invoke(&request, self.place.event(batch)).await;
        let failure = match answer {
            Err(failure) => failure,
            Ok(answer) => match self.place.lowest_failed(&answer, first, last) {
                None => {
                    self.commit(last + 1).await?;
                    return Ok(None);
                }
                Some(lowest) => {
                    if lowest > first {
                        self.commit(lowest).await?;
                        batch.retain(|record| record.offset >= lowest);
                    }
                    format!("the function names records from offset {lowest} on as failed")
                }
            },
        };
        tracing::error!(failure, request, attempt, "a batch will be delivered again");
        Ok(Some(failure))
    }

    /// Sends what is known of the batch to its destination, and goes on behind it.
    async fn give_up<F: Function>(
        &self,
        function: &F,
        batch: &[Record],
        attempts: u32,
        failure: &str,
    ) -> Result<(), Error> {
        let Some((_, last)) = event::ends(batch) else { return Ok(()) };
        tracing::error!(failure, attempts, topic = self.place.topic, "a batch is given up");
        while let Err(error) = function.discard(self.place.given_up(batch, attempts)).await {
            tracing::error!(error, "a batch that was given up cannot be sent to its destination");
            sleep(PAUSE).await;
        }
        self.commit(last + 1).await
    }

    async fn commit(&self, offset: i64) -> Result<(), Error> {
        let (topic, partition) = (&self.place.topic, self.place.partition);
        self.kafka.commit(&self.mapping.group, topic, partition, offset).await
    }
}
