//! The local cloud: the protocols that the functions speak, served on loopback from engines in this
//! process.

pub(crate) mod processing;
pub(crate) mod service_logs;
pub(crate) mod triggers;

use std::fs::File;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use logmill_local_kafka::{LocalKafka, TopicSettings};
use logmill_local_queue::{Queue, Redrive, Settings};
use logmill_local_s3::LocalS3;
use logmill_local_search::LocalSearch;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::endpoints::{
    ARCHIVE, BUCKET, CONSUME_GIVEN_UP_QUEUE, Clients, DEAD_LETTERS, GIVEN_UP_QUEUE,
    PARSE_DEAD_QUEUE, PARSE_QUEUE, Ports, TOPICS, loopback, url,
};

/// How long a message stays hidden while it is worked on: longer than any invocation.
pub(crate) const VISIBILITY: Duration = Duration::from_secs(960);
/// How often a message is delivered before it goes where the dead ones are. The function itself
/// gives up earlier; this holds only what kills it.
const MAX_RECEIVES: u32 = 20;

/// The engines, and the servers in front of them.
pub(crate) struct Cloud {
    pub(crate) s3: LocalS3,
    pub(crate) queue: Queue,
    pub(crate) kafka: LocalKafka,
    search: LocalSearch,
    servers: JoinSet<()>,
    /// Held as long as the data is used, so that no second process uses it.
    _lock: File,
}

/// A listener for each part.
struct Listeners {
    s3: TcpListener,
    dynamodb: TcpListener,
    search: TcpListener,
    sqs: TcpListener,
    kafka: TcpListener,
}

impl Cloud {
    /// Opens the data in `data`, or makes it, and serves it until `stop` says so.
    pub(crate) async fn start(
        data: &Path,
        ports: &Ports,
        stop: &watch::Receiver<bool>,
    ) -> anyhow::Result<Self> {
        // All ports first: with one taken, nothing has been touched.
        let listeners = Listeners::bind(ports).await?;
        std::fs::create_dir_all(data)
            .with_context(|| format!("cannot make the folder {}", data.display()))?;
        let lock = lock(data)?;
        let s3 = LocalS3::open(data.join("s3"), logmill_local_s3::Options::default())?;
        let queue = Queue::open(data.join("queue.sqlite"))?;
        let kafka =
            LocalKafka::open(data.join("kafka.sqlite"), logmill_local_kafka::Options::default())?;
        let search =
            LocalSearch::open(&data.join("search"), logmill_local_search::Options::default())?;
        let file = data.join("dynamodb.sqlite");
        let database = dynoxide::Database::new(&file.to_string_lossy())
            .map_err(|error| anyhow::anyhow!("cannot open {}: {error}", file.display()))?;

        let mut servers = JoinSet::new();
        let (serving, until) = (s3.clone(), stopped(stop));
        servers.spawn(async move {
            if let Err(error) = serving.serve(listeners.s3, until).await {
                tracing::error!(%error, "S3 has stopped");
            }
        });
        servers
            .spawn(async move { dynoxide::server::serve_on(listeners.dynamodb, database).await });
        spawn(&mut servers, listeners.search, search.router(), stop);
        let sqs = logmill_local_queue::router(queue.clone(), &url(ports.sqs_port));
        spawn(&mut servers, listeners.sqs, sqs, stop);
        let (serving, until) = (kafka.clone(), stopped(stop));
        servers.spawn(async move {
            if let Err(error) = serving.serve(listeners.kafka, until).await {
                tracing::error!(%error, "Kafka has stopped");
            }
        });
        Ok(Self { s3, queue, kafka, search, servers, _lock: lock })
    }

    /// Makes buckets, queues, topics, tables and templates that are not there yet, and gives back what a
    /// process that died had in its hands.
    pub(crate) async fn migrate(&self, clients: &Clients, topics: &[String]) -> anyhow::Result<()> {
        use logmill_metadata::Store as _;

        for bucket in [BUCKET, DEAD_LETTERS, ARCHIVE] {
            self.s3.create_bucket(bucket).await?;
        }
        let names = self.queue.names("").await?;
        let missing = |name: &str| !names.iter().any(|known| known == name);
        for queue in [PARSE_DEAD_QUEUE, GIVEN_UP_QUEUE, CONSUME_GIVEN_UP_QUEUE] {
            if missing(queue) {
                self.queue.create(queue, Settings::default()).await?;
            }
        }
        let topics = topics.iter().map(String::as_str);
        for topic in topics.chain(TOPICS) {
            if self.kafka.partitions(topic).is_none() {
                self.kafka.create_topic(topic, TopicSettings::default()).await?;
            }
        }
        if missing(PARSE_QUEUE) {
            let redrive =
                Redrive { queue: PARSE_DEAD_QUEUE.to_owned(), max_receives: MAX_RECEIVES };
            let settings =
                Settings { visibility: VISIBILITY, redrive: Some(redrive), ..Settings::default() };
            self.queue.create(PARSE_QUEUE, settings).await?;
        }
        self.queue.reclaim(PARSE_QUEUE).await?;
        clients.metadata.migrate().await?;
        let deadline = logmill_runtime::retry::Deadline::after(Duration::from_secs(30));
        clients.documents.migrate(deadline).await?;
        Ok(())
    }

    /// Serves a router of this process's own beside the others.
    pub(crate) fn serve(
        &mut self,
        listener: TcpListener,
        router: axum::Router,
        stop: &watch::Receiver<bool>,
    ) {
        spawn(&mut self.servers, listener, router, stop);
    }

    /// Ends the servers and leaves the data as a clean stop should.
    pub(crate) async fn close(mut self) -> anyhow::Result<()> {
        self.servers.shutdown().await;
        let search = self.search;
        tokio::task::spawn_blocking(move || search.flush()).await??;
        Ok(())
    }
}

/// Takes the folder for this process.
fn lock(data: &Path) -> anyhow::Result<File> {
    let path = data.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    let taken = file.try_lock();
    taken.with_context(|| {
        let data = data.display();
        format!("the data in {data} is used by another `logmill up`: stop it, or choose --data")
    })?;
    Ok(file)
}

impl Listeners {
    async fn bind(ports: &Ports) -> anyhow::Result<Self> {
        Ok(Self {
            s3: bind(ports.s3_port, "S3", "--s3-port").await?,
            dynamodb: bind(ports.dynamodb_port, "DynamoDB", "--dynamodb-port").await?,
            search: bind(ports.search_port, "OpenSearch", "--search-port").await?,
            sqs: bind(ports.sqs_port, "SQS", "--sqs-port").await?,
            kafka: bind(ports.kafka_port, "Kafka", "--kafka-port").await?,
        })
    }
}

/// Takes a port on loopback.
pub(crate) async fn bind(port: u16, part: &str, option: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(loopback(port)).await.with_context(|| {
        format!(
            "port {port} for {part} cannot be taken: does another `logmill up` run? Stop it, or \
             choose another port with {option}"
        )
    })
}

fn spawn(
    servers: &mut JoinSet<()>,
    listener: TcpListener,
    router: axum::Router,
    stop: &watch::Receiver<bool>,
) {
    let until = stopped(stop);
    let listener = listener.tap_io(|stream| {
        // Without it small answers wait for 40 ms.
        let _ = stream.set_nodelay(true);
    });
    servers.spawn(async move {
        let serving = axum::serve(listener, router).with_graceful_shutdown(until);
        if let Err(error) = serving.await {
            tracing::error!(%error, "a server has stopped");
        }
    });
}

/// Done when it is time to stop.
pub(crate) fn stopped(stop: &watch::Receiver<bool>) -> impl Future<Output = ()> + Send + 'static {
    let mut stop = stop.clone();
    async move {
        // Whoever could say so being gone means the same.
        let _ = stop.wait_for(|stop| *stop).await;
    }
}
