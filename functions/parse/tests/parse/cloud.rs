//! The engines of one test, in this process, and the function with clients of them.

use std::path::Path;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use logmill_deadletter::{DeadLetter, DeadLetters};
use logmill_documents::{Documents, Endpoint, Kind, Names};
use logmill_local_queue::{Message, Queue as LocalQueue};
use logmill_local_s3::LocalS3;
use logmill_local_search::LocalSearch;
use logmill_metadata::{Metadata as _, Status, Store as _};
use logmill_metadata_dynamodb::Dynamo;
use logmill_model::Timestamp;
use logmill_objects::{Content, Objects, PutOptions};
use logmill_parse::{Invocation, Parse, Queue, Response, Settings};
use logmill_runtime::cause::TryAgain;
use logmill_runtime::retry::Deadline;
use logmill_runtime::telemetry::{Emf, names};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};

pub(crate) const BUCKET: &str = "deployment-logs";
pub(crate) const DEAD_LETTERS: &str = "logmill-dead-letters";
pub(crate) const QUEUE: &str = "logmill-parse";
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any delay with which the function sends a message.
const DELAY: Duration = Duration::from_secs(3);

/// The engines, and a function that uses them.
pub(crate) struct Cloud {
    pub(crate) parse: Parse<Dynamo>,
    pub(crate) queue: LocalQueue,
    pub(crate) config: SdkConfig,
    s3: String,
    counted: Emf,
    _data: tempfile::TempDir,
}

/// Runs a test with engines of its own, which run on threads of their own.
pub(crate) fn in_cloud(test: impl AsyncFnOnce(&mut Cloud)) {
    let engines = tokio::runtime::Runtime::new().unwrap();
    let counted = Emf::new("parse");
    // Of this thread only, on which the function runs: what other tests count is not seen.
    let _counting = metrics::set_default_local_recorder(&counted);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let cloud = engines.block_on(Cloud::start());
    runtime.block_on(async {
        let mut cloud = Cloud { counted: counted.clone(), ..cloud };
        test(&mut cloud).await;
    });
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn dynamodb(file: &Path) -> String {
    let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { dynoxide::server::serve_on(listener, database).await });
    address
}

/// Clients' configuration for one engine.
fn at(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("logmill", "logmill-local", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build()
}

impl Cloud {
    async fn start() -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path();
        let s3 = LocalS3::open(folder.join("s3"), logmill_local_s3::Options::default()).unwrap();
        for bucket in [BUCKET, DEAD_LETTERS] {
            s3.create_bucket(bucket).await.unwrap();
        }
        let queue = LocalQueue::open(folder.join("queue.sqlite")).unwrap();
        queue.create(QUEUE, logmill_local_queue::Settings::default()).await.unwrap();
        let options = logmill_local_search::Options::default();
        let search = LocalSearch::open(&folder.join("search"), options).unwrap();

        let s3 = serve(s3.router()).await;
        let objects = Objects::connect(&at(&s3));
        let sqs = serve(logmill_local_queue::router(queue.clone(), "http://127.0.0.1")).await;
        let endpoint = Endpoint::new(serve(search.router()).await);
        let config = at(&dynamodb(&folder.join("dynamodb.sqlite")).await);
        let parse = Parse {
            metadata: Dynamo::connect(&config, ""),
            documents: Documents::connect(&endpoint, Names::default()).unwrap(),
            dead_letters: DeadLetters::new(objects.clone(), DEAD_LETTERS),
            queue: Queue {
                client: aws_sdk_sqs::Client::new(&at(&sqs)),
                url: format!("{sqs}/000000000000/{QUEUE}"),
            },
            settings: Settings::of(BUCKET),
            objects,
        };
        parse.metadata.migrate().await.unwrap();
        parse.documents.migrate(Deadline::after(PATIENCE)).await.unwrap();
        Self { parse, queue, config, s3, counted: Emf::new("parse"), _data: data }
    }

    /// Lets the function reach the objects only over connections that fall silent after so many bytes
    /// of answers.
    pub(crate) async fn silence_objects(&mut self, after: u64) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let server = self.s3.trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let (mut asked, mut told) = client.into_split();
                let (answers, mut asking) = TcpStream::connect(&server).await.unwrap().into_split();
                tokio::spawn(async move { tokio::io::copy(&mut asked, &mut asking).await });
                tokio::spawn(async move {
                    let _ = tokio::io::copy(&mut answers.take(after), &mut told).await;
                    // Neither more answers nor the connection's end.
                    std::future::pending::<()>().await;
                });
            }
        });
        self.parse.objects = Objects::connect(&at(&address));
    }

    /// Puts the log that the files of `events/parse` speak of.
    pub(crate) async fn put(&self, key: &str) {
        let log =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/cargo-build-failed.log");
        let options = PutOptions::default();
        self.parse.objects.put(BUCKET, key, Content::File(log), options).await.unwrap();
    }

    /// Calls the function.
    pub(crate) async fn call(&self, event: Value) -> Result<Response, TryAgain> {
        self.call_within(event, PATIENCE).await
    }

    /// Calls the function, which has so much time.
    pub(crate) async fn call_within(
        &self,
        event: Value,
        time: Duration,
    ) -> Result<Response, TryAgain> {
        static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let call = CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let now = Timestamp::now();
        let time = u64::try_from(time.as_millis()).unwrap();
        let deadline = now.as_millisecond().unsigned_abs() + time;
        let invocation = Invocation::new(&format!("call-{call}"), deadline, now);
        self.parse.handle_event(event, &invocation).await
    }

    /// Plays the event source mapping until no message is to be had, and says how many there were.
    pub(crate) async fn work_off(&self) -> usize {
        let mut worked = 0;
        while let Some(message) = self.queue.receive(QUEUE, 1, PATIENCE).await.unwrap().pop() {
            let answer = self.call(sqs(&[&message.body])).await;
            assert_eq!(answer, Ok(Response::Batch(Default::default())), "{}", message.body);
            self.queue.delete(QUEUE, &message.receipt).await.unwrap();
            worked += 1;
        }
        worked
    }

    /// The same with calls of so little time, or twice as much after each that was too short even to
    /// write what it read: machines differ.
    pub(crate) async fn work_off_within(&self, time: Duration) {
        let mut time = time;
        while let Some(message) = self.next().await {
            let answer = self.call_within(sqs(&[&message.body]), time).await;
            if answer == Ok(Response::Batch(Default::default())) {
                self.queue.delete(QUEUE, &message.receipt).await.unwrap();
            } else {
                self.queue.release(QUEUE, &message.receipt, Duration::ZERO).await.unwrap();
                time *= 2;
            }
        }
    }

    /// The next message; one with a delay is waited for, as one of a call that was cut off, which
    /// waits for the end of that call's lease.
    async fn next(&self) -> Option<Message> {
        loop {
            let left = self.queue.counts(QUEUE).await.unwrap();
            if left.delayed + left.visible == 0 {
                return None;
            }
            let receiving = self.queue.receive_wait(QUEUE, 1, Some(PATIENCE), DELAY);
            if let Some(message) = receiving.await.unwrap().pop() {
                return Some(message);
            }
        }
    }

    /// How far an object is; none if nothing is known of it.
    pub(crate) async fn status(&self, deployment_key: &str, part: &str) -> Option<Status> {
        let object = self.parse.metadata.object(deployment_key, part).await.unwrap();
        object.map(|object| object.status)
    }

    /// How many build documents of a deployment there are.
    pub(crate) async fn builds(&self, deployment_key: &str) -> u64 {
        let deadline = Deadline::after(PATIENCE);
        self.parse.documents.refresh(deadline).await.unwrap();
        let query = logmill_query::parse(&format!("deployment_key:\"{deployment_key}\"")).unwrap();
        self.parse.documents.count(Kind::Builds, &query, deadline).await.unwrap()
    }

    /// All dead letters.
    pub(crate) async fn dead_letters(&self) -> Vec<DeadLetter> {
        let page = self.parse.dead_letters.list(None, None, 1000).await.unwrap();
        page.entries.into_iter().map(|entry| entry.letter.unwrap()).collect()
    }

    /// How many objects and events came to this end since the last time.
    pub(crate) fn counted(&self) -> Value {
        let mut lines = Vec::new();
        self.counted.flush_at(0, &mut lines).unwrap();
        let lines = String::from_utf8(lines).unwrap();
        let counts = lines.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let count = line.get(names::PARSE_OBJECTS)?.as_f64()?;
            Some((line["result"].as_str()?.to_owned(), json!(count as u64)))
        });
        Value::Object(counts.collect())
    }
}

/// A batch of messages as Lambda brings it.
pub(crate) fn sqs(bodies: &[&str]) -> Value {
    let message = |(at, body): (usize, &&str)| {
        json!({
            "messageId": format!("m{at}"), "body": body, "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:logmill-parse",
            "attributes": { "SentTimestamp": "1795167675120", "ApproximateReceiveCount": "1" },
        })
    };
    json!({ "Records": bodies.iter().enumerate().map(message).collect::<Vec<_>>() })
}

/// The answer that names these messages.
pub(crate) fn failed(ids: &[&str]) -> Response {
    let mut batch = aws_lambda_events::sqs::SqsBatchResponse::default();
    ids.iter().for_each(|id| batch.add_failure(*id));
    Response::Batch(batch)
}
