//! The engines of the local cloud in this process, and the function in front of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use axum::serve::ListenerExt as _;
use logmill_deadletter::DeadLetters;
use logmill_documents::{BulkLimits, Documents, Endpoint, Names};
use logmill_local_s3::LocalS3;
use logmill_local_search::LocalSearch;
use logmill_metadata::Store as _;
use logmill_metadata_any::AnyStore;
use logmill_metadata_dynamodb::Dynamo;
use logmill_metadata_postgres::{Connect, Postgres};
use logmill_objects::Objects;
use logmill_parse::{Parse, Queue, Settings};
use logmill_runtime::retry::{Backoff, Deadline};
use tokio::net::TcpListener;

use crate::queue::RunQueue;
use crate::real::Database;
use crate::refusal::Engine;

/// The bucket of the logs.
pub const BUCKET: &str = "deployment-logs";
/// The bucket of the dead letters of functions that nobody disturbs.
const CALM_LETTERS: &str = "logmill-dead-letters";
/// The tables of functions that nobody disturbs.
const CALM_TABLES: &str = "calm-";

/// How long a function waits for an answer, before it asks again.
const TRY: Duration = Duration::from_secs(3);
/// How long the tests themselves do, on a machine that does much else: what their queue has given
/// and they have not heard, nobody gets.
const OWN_TRY: Duration = Duration::from_secs(60);

/// Where each engine is.
pub type Ports = BTreeMap<Engine, u16>;

/// The engines, with a second search beside the first, which nobody disturbs.
pub struct Engines {
    /// Where each is.
    pub ports: Ports,
    /// The port of the second search.
    pub calm_search: u16,
    /// A client of the S3.
    pub objects: Objects,
    /// The rows of functions that are disturbed.
    pub metadata: AnyStore,
    /// A function that nobody disturbs, with tables and documents of its own.
    pub calm: Function,
    /// The database that the rows are in, unless that is DynamoDB.
    pub database: Option<Database>,
    /// What the names of runs end with, where engines outlive the tests.
    pub tag: String,
    pub(crate) sqs: aws_sdk_sqs::Client,
    pub(crate) _data: tempfile::TempDir,
}

impl Engines {
    /// Starts those of the local cloud, empty.
    pub async fn start() -> Self {
        let data = folder();
        let path = data.path();
        let s3 = LocalS3::open(path.join("s3"), logmill_local_s3::Options::default()).unwrap();
        let queue = logmill_local_queue::Queue::open(path.join("queue.sqlite")).unwrap();
        let dynamodb = dynamodb(path).await;
        let ports = Ports::from([
            (Engine::S3, serve(s3.router()).await),
            (Engine::DynamoDb, dynamodb),
            (Engine::Search, search(path, "search").await),
            (Engine::Sqs, serve(logmill_local_queue::router(queue, "http://sqs")).await),
        ]);
        let metadata = metadata(dynamodb, "").into();
        Self::before(ports, metadata, dynamodb, None, data).await
    }

    /// In front of engines, with the calm function's rows in the DynamoDB at `calm_rows`.
    pub(crate) async fn before(
        ports: Ports,
        metadata: AnyStore,
        calm_rows: u16,
        database: Option<Database>,
        data: tempfile::TempDir,
    ) -> Self {
        let calm_search = search(data.path(), "calm-search").await;
        let mut calm_ports = ports.clone();
        calm_ports.insert(Engine::Search, calm_search);
        let sqs = sqs(ports[&Engine::Sqs], "tests", OWN_TRY);
        let queue = Queue { client: sqs.clone(), url: String::new() };
        let rows = self::metadata(calm_rows, CALM_TABLES).into();
        let engines = Self {
            calm_search,
            objects: objects(ports[&Engine::S3]),
            metadata,
            calm: function(&calm_ports, rows, queue, CALM_LETTERS, 1000),
            database,
            tag: String::new(),
            sqs,
            ports,
            _data: data,
        };
        engines.migrate().await;
        engines
    }

    async fn migrate(&self) {
        for bucket in [BUCKET, CALM_LETTERS] {
            self.objects.create_bucket(bucket).await.unwrap();
        }
        let deadline = Deadline::after(Duration::from_secs(60));
        self.metadata.migrate().await.unwrap();
        self.calm.metadata.migrate().await.unwrap();
        for port in [self.ports[&Engine::Search], self.calm_search] {
            documents(port).migrate(deadline).await.unwrap();
        }
    }

    /// A queue of a run's own.
    pub async fn queue(&self, name: &str) -> RunQueue {
        RunQueue::create(&self.sqs, name).await
    }

    /// A function of a run's own, whose clients find the engines at these ports.
    pub fn function(&self, at: &Ports, queue: &RunQueue, letters: &str, bulk: usize) -> Function {
        let metadata = match &self.database {
            Some(database) => AnyStore::Postgres(postgres(&database.url_at(at[&Engine::Postgres]))),
            None => dynamo(at[&Engine::DynamoDb], "", TRY).into(),
        };
        function(at, metadata, queue.behind(sqs(at[&Engine::Sqs], letters, TRY)), letters, bulk)
    }
}

/// A folder for what engines keep.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// DynamoDB in this process.
pub(crate) async fn dynamodb(folder: &Path) -> u16 {
    let file = folder.join("dynamodb.sqlite");
    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    let (listener, port) = listener().await;
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    port
}

async fn search(folder: &Path, name: &str) -> u16 {
    let options = logmill_local_search::Options::default();
    serve(LocalSearch::open(&folder.join(name), options).unwrap().router()).await
}

fn function(at: &Ports, metadata: AnyStore, queue: Queue, letters: &str, bulk: usize) -> Function {
    let objects = objects(at[&Engine::S3]);
    Parse {
        metadata,
        documents: documents(at[&Engine::Search]),
        dead_letters: DeadLetters::new(objects.clone(), letters),
        queue,
        settings: settings(bulk),
        objects,
    }
}

fn sqs(port: u16, run: &str, attempt: Duration) -> aws_sdk_sqs::Client {
    let config = aws_sdk_sqs::config::Builder::from(&config())
        .endpoint_url(url(port))
        .retry_config(quick_retries())
        // Runs must not use up each other's retries.
        .retry_partition(RetryPartition::new(run.to_owned()))
        .timeout_config(timeouts(attempt));
    aws_sdk_sqs::Client::from_conf(config.build())
}

/// The rows in a database.
pub(crate) fn postgres(url: &str) -> Postgres {
    Postgres::connect(&Connect { url, prefix: "faults-", connections: 4, iam: None }).unwrap()
}

/// The function with the patience that it has in production, in front of these ports.
pub fn patient(ports: &Ports) -> Function {
    let at = |engine| config().into_builder().endpoint_url(url(ports[&engine])).build();
    let objects = Objects::connect_to(&config(), &url(ports[&Engine::S3]));
    let search = Endpoint::new(url(ports[&Engine::Search]));
    Parse {
        metadata: Dynamo::connect(&at(Engine::DynamoDb), "").into(),
        documents: Documents::connect(&search, Names::default()).unwrap(),
        dead_letters: DeadLetters::new(objects.clone(), CALM_LETTERS),
        queue: Queue {
            client: aws_sdk_sqs::Client::new(&at(Engine::Sqs)),
            url: url(ports[&Engine::Sqs]),
        },
        settings: settings(1000),
        objects,
    }
}

fn settings(bulk: usize) -> Settings {
    Settings { bulk: BulkLimits { count: bulk, ..BulkLimits::default() }, ..Settings::of(BUCKET) }
}

/// The function with its clients.
pub type Function = Parse<AnyStore>;

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, port)
}

async fn serve(router: axum::Router) -> u16 {
    let (listener, port) = listener().await;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    port
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn config() -> SdkConfig {
    let credentials = Credentials::new("logmill", "logmill-local", None, None, "tests");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

/// Pauses between tries that a test can wait for.
fn quick() -> Backoff {
    Backoff { first: Duration::from_millis(4), most: Duration::from_millis(20), attempts: 4 }
}

fn quick_retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(quick().attempts)
        .with_initial_backoff(quick().first)
        .with_max_backoff(quick().most)
}

fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(attempt).build()
}

fn objects(port: u16) -> Objects {
    Objects::connect_to(&config(), &url(port)).with_backoff(quick())
}

fn documents(port: u16) -> Documents {
    documents_in(port, Names::default())
}

/// Documents in indices of these names, with pauses between tries that a test can wait for.
pub fn documents_in(port: u16, names: Names) -> Documents {
    Documents::connect(&Endpoint::new(url(port)), names).unwrap().with_backoff(quick())
}

/// The rows in a table, as the tests themselves look at them.
pub(crate) fn metadata(port: u16, prefix: &str) -> Dynamo {
    dynamo(port, prefix, OWN_TRY)
}

fn dynamo(port: u16, prefix: &str, attempt: Duration) -> Dynamo {
    let client = aws_sdk_dynamodb::config::Builder::from(&config())
        .endpoint_url(url(port))
        .retry_config(quick_retries())
        // Runs must not use up each other's retries.
        .retry_partition(RetryPartition::new(format!("{port}")))
        .timeout_config(timeouts(attempt))
        .build();
    Dynamo::new(aws_sdk_dynamodb::Client::from_conf(client), prefix)
}
