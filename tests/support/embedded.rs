//! The engines of the local cloud in this process, and the function in front of them.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use axum::serve::ListenerExt as _;
use logmill_deadletter::DeadLetters;
use logmill_documents::{BulkLimits, Documents, Endpoint, Names};
use logmill_local_queue::Queue as LocalQueue;
use logmill_local_s3::LocalS3;
use logmill_local_search::LocalSearch;
use logmill_metadata::Store as _;
use logmill_metadata_dynamodb::Dynamo;
use logmill_objects::Objects;
use logmill_parse::{Parse, Queue, Settings};
use logmill_runtime::retry::{Backoff, Deadline};
use tokio::net::TcpListener;

use crate::refusal::Engine;

/// The bucket of the logs.
pub const BUCKET: &str = "deployment-logs";
/// The bucket of the dead letters of functions that nobody disturbs.
const CALM_LETTERS: &str = "logmill-dead-letters";
/// The tables of functions that nobody disturbs.
const CALM_TABLES: &str = "calm-";

/// Where each engine is.
pub type Ports = BTreeMap<Engine, u16>;

/// The engines, with a second search beside the first, which nobody disturbs.
pub struct Engines {
    /// Where each is.
    pub ports: Ports,
    /// The port of the second search.
    pub calm_search: u16,
    /// The queues, without SQS before them.
    pub queue: LocalQueue,
    /// A client of the S3.
    pub objects: Objects,
    /// The rows of functions that are disturbed.
    pub metadata: Dynamo,
    /// A function that nobody disturbs, with tables and documents of its own.
    pub calm: Function,
    _data: tempfile::TempDir,
}

impl Engines {
    /// Starts them, empty.
    pub async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder for the test");
        let path = data.path();
        let s3 = LocalS3::open(path.join("s3"), logmill_local_s3::Options::default()).unwrap();
        let queue = LocalQueue::open(path.join("queue.sqlite")).unwrap();
        let file = path.join("dynamodb.sqlite");
        let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
        let (listener, dynamodb) = listener().await;
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let open = |name: &str| {
            let options = logmill_local_search::Options::default();
            LocalSearch::open(&path.join(name), options).unwrap().router()
        };
        let ports = Ports::from([
            (Engine::S3, serve(s3.router()).await),
            (Engine::DynamoDb, dynamodb),
            (Engine::Search, serve(open("search")).await),
            (Engine::Sqs, serve(logmill_local_queue::router(queue.clone(), "http://sqs")).await),
        ]);
        let calm_search = serve(open("calm-search")).await;
        let mut calm_ports = ports.clone();
        calm_ports.insert(Engine::Search, calm_search);
        let engines = Self {
            calm_search,
            queue,
            objects: objects(ports[&Engine::S3]),
            metadata: metadata(ports[&Engine::DynamoDb], ""),
            calm: function_with(&calm_ports, CALM_TABLES, "none", CALM_LETTERS, 1000),
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
}

/// A function whose clients find the engines at these ports.
pub fn function(at: &Ports, queue: &str, letters: &str, bulk: usize) -> Function {
    function_with(at, "", queue, letters, bulk)
}

fn function_with(at: &Ports, tables: &str, queue: &str, letters: &str, bulk: usize) -> Function {
    let objects = objects(at[&Engine::S3]);
    let sqs = aws_sdk_sqs::config::Builder::from(&config())
        .endpoint_url(url(at[&Engine::Sqs]))
        .retry_config(quick_retries())
        .retry_partition(RetryPartition::new(queue.to_owned()))
        .timeout_config(timeouts());
    Parse {
        metadata: metadata(at[&Engine::DynamoDb], tables),
        documents: documents(at[&Engine::Search]),
        dead_letters: DeadLetters::new(objects.clone(), letters),
        queue: Queue {
            client: aws_sdk_sqs::Client::from_conf(sqs.build()),
            url: format!("http://sqs/000000000000/{queue}"),
        },
        settings: settings(bulk),
        objects,
    }
}

/// The function with the patience that it has in production, in front of these ports.
pub fn patient(ports: &Ports) -> Function {
    let at = |engine| config().into_builder().endpoint_url(url(ports[&engine])).build();
    let objects = Objects::connect_to(&config(), &url(ports[&Engine::S3]));
    let search = Endpoint::new(url(ports[&Engine::Search]));
    Parse {
        metadata: Dynamo::connect(&at(Engine::DynamoDb), ""),
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
pub type Function = Parse<Dynamo>;

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

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(3)).build()
}

fn objects(port: u16) -> Objects {
    Objects::connect_to(&config(), &url(port)).with_backoff(quick())
}

fn documents(port: u16) -> Documents {
    let endpoint = Endpoint::new(url(port));
    Documents::connect(&endpoint, Names::default()).unwrap().with_backoff(quick())
}

fn metadata(port: u16, prefix: &str) -> Dynamo {
    let client = aws_sdk_dynamodb::config::Builder::from(&config())
        .endpoint_url(url(port))
        .retry_config(quick_retries())
        // Runs must not use up each other's retries.
        .retry_partition(RetryPartition::new(format!("{port}")))
        .timeout_config(timeouts())
        .build();
    Dynamo::new(aws_sdk_dynamodb::Client::from_conf(client), prefix)
}
