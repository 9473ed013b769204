//! The broker: opened, served, and used by its own process.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::connection::{self, Closed};
use crate::error::Error;
use crate::groups::Groups;
use crate::log::{Log, now_ms};
use crate::records::Record;
use crate::topics::TopicSettings;

/// Kafka of the local cloud. Clones share the log; one process at a time may hold it.
#[derive(Clone, Debug)]
pub struct LocalKafka {
    log: Arc<Log>,
    options: Options,
}

/// What the broker may be told.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether a topic is made that someone asks for and that is missing, as Kafka does by default.
    pub creates_topics: bool,
    /// The most connections at a time; more are closed at once.
    pub connections: usize,
    /// How often what is too old is removed.
    pub sweep: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { creates_topics: true, connections: 256, sweep: Duration::from_secs(60) }
    }
}

/// What a connection needs of the broker.
#[derive(Debug)]
pub(crate) struct Broker {
    pub(crate) log: Arc<Log>,
    pub(crate) groups: Groups,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) creates_topics: bool,
    pub(crate) started_ms: i64,
}

impl LocalKafka {
    /// Opens the file of the log, or makes it. This blocks for as long as SQLite needs to read it.
    ///
    /// # Errors
    /// If the file cannot be opened or has another format.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, Error> {
        Ok(Self { log: Arc::new(Log::open(path.as_ref())?), options })
    }

    /// Makes a topic.
    ///
    /// # Errors
    /// If it is there already, its name or a setting is out of bounds, or the log fails.
    pub async fn create_topic(&self, name: &str, settings: TopicSettings) -> Result<(), Error> {
        self.log.create(name, settings).await
    }

    /// How many partitions a topic has; none if it is missing.
    #[must_use]
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        self.log.topics.get(topic).map(|topic| topic.settings.partitions)
    }

    /// The first offset that is still there, and the one that comes next.
    ///
    /// # Errors
    /// If there is no such partition.
    pub fn offsets(&self, topic: &str, partition: i32) -> Result<(i64, i64), Error> {
        let partition = self.log.topics.partition(topic, partition);
        let partition = partition.ok_or_else(|| Error::no_topic(topic))?;
        Ok((partition.start(), partition.end()))
    }

    /// The records from an offset on: of one batch, and of more as long as these have no more than
    /// `max_bytes` as they were sent. Records before the first that is still there are passed over.
    ///
    /// # Errors
    /// If there is no such partition, or the log fails.
    pub async fn read(
        &self,
        topic: &str,
        partition: i32,
        offset: i64,
        max_bytes: usize,
    ) -> Result<Vec<Record>, Error> {
        let partition = self.log.topics.partition(topic, partition);
        let partition = partition.ok_or_else(|| Error::no_topic(topic))?;
        self.log.records(&partition, offset, max_bytes).await
    }

    /// Changes with each batch that has become durable, in any topic.
    #[must_use]
    pub fn appended(&self) -> watch::Receiver<u64> {
        self.log.appended()
    }

    /// Where a group goes on in a partition; none if it has not begun.
    ///
    /// # Errors
    /// If there is no such partition, or the log fails.
    pub async fn committed(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
    ) -> Result<Option<i64>, Error> {
        let partition = self.log.topics.partition(topic, partition);
        let partition = partition.ok_or_else(|| Error::no_topic(topic))?;
        let committed = self.log.committed(group).await?;
        let found = committed.into_iter().find(|(id, ..)| *id == partition.id);
        Ok(found.map(|(_, offset, _)| offset))
    }

    /// Stores where a group goes on in a partition.
    ///
    /// # Errors
    /// As [`LocalKafka::committed`].
    pub async fn commit(
        &self,
        group: &str,
        topic: &str,
        partition: i32,
        offset: i64,
    ) -> Result<(), Error> {
        let partition = self.log.topics.partition(topic, partition);
        let partition = partition.ok_or_else(|| Error::no_topic(topic))?;
        self.log.commit(group, vec![(partition.id, offset, String::new())]).await
    }

    /// Removes what the topics do not keep. A server does it by itself, now and then.
    ///
    /// # Errors
    /// If the log fails.
    pub async fn sweep(&self) -> Result<(), Error> {
        self.log.sweep().await
    }

    /// Serves the protocol until `stop` is done; what a client was not answered then, it sends again.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Error> {
        let address = listener.local_addr().map_err(Error::Serve)?;
        let broker = Arc::new(Broker {
            log: Arc::clone(&self.log),
            groups: Groups::default(),
            host: address.ip().to_string(),
            port: address.port(),
            creates_topics: self.options.creates_topics,
            started_ms: now_ms(),
        });
        let mut tasks = JoinSet::new();
        tasks.spawn(sweep(self.clone()));
        let free = Arc::new(Semaphore::new(self.options.connections));
        let mut stop = std::pin::pin!(stop);
        for number in 0_u64.. {
            let accepted = tokio::select! {
                () = &mut stop => return Ok(()),
                accepted = listener.accept() => accepted,
            };
            while tasks.try_join_next().is_some() {}
            let Ok((stream, _)) = accepted else {
                // Out of descriptors; some come back when connections end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let Ok(place) = Arc::clone(&free).try_acquire_owned() else {
                tracing::warn!(most = self.options.connections, "too many connections to Kafka");
                continue;
            };
            let broker = Arc::clone(&broker);
            tasks.spawn(async move {
                let _place = place;
                // Without it small answers wait for 40 ms.
                let _ = stream.set_nodelay(true);
                match connection::serve(&broker, number, stream).await {
                    Ok(()) => {}
                    Err(Closed::Io(error)) => tracing::debug!(%error, "a client of Kafka is gone"),
                    Err(error) => tracing::warn!(%error, "a connection to Kafka was closed"),
                }
                broker.groups.disconnected(number);
            });
        }
        Ok(())
    }
}

async fn sweep(kafka: LocalKafka) {
    loop {
        tokio::time::sleep(kafka.options.sweep).await;
        if let Err(error) = kafka.sweep().await {
            tracing::error!(%error, "what is too old cannot be removed");
        }
    }
}
