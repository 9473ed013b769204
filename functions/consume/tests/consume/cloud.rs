//! The engines of one test, in this process, and the function with clients of them.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use logmill_consume::{Consume, Invocation};
use logmill_deadletter::{DeadLetter, DeadLetters};
use logmill_documents::{Documents, Endpoint, Kind, Names};
use logmill_kafka_event::{Answer, Record, TimestampType, record_json};
use logmill_local_s3::LocalS3;
use logmill_local_search::LocalSearch;
use logmill_model::Timestamp;
use logmill_objects::Objects;
use logmill_runtime::cause::TryAgain;
use logmill_runtime::config::Events;
use logmill_runtime::retry::{Backoff, Deadline};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const DEAD_LETTERS: &str = "logmill-dead-letters";
pub(crate) const FILES: &str = "operator";
const PATIENCE: Duration = Duration::from_secs(60);
/// The time of the first record.
pub(crate) const AT: i64 = 1_795_167_676_417;

/// The engines, and a function that uses them.
pub(crate) struct Cloud {
    pub(crate) consume: Consume,
    search: String,
    s3: String,
    _data: tempfile::TempDir,
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
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

/// What is set for events, some of it otherwise.
pub(crate) fn events(settings: &[(&str, &str)]) -> Events {
    Events::read(|name| {
        settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

impl Cloud {
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path();
        let s3 = LocalS3::open(folder.join("s3"), logmill_local_s3::Options::default()).unwrap();
        for bucket in [DEAD_LETTERS, FILES] {
            s3.create_bucket(bucket).await.unwrap();
        }
        let options = logmill_local_search::Options::default();
        let search = LocalSearch::open(&folder.join("search"), options).unwrap();
        let s3 = serve(s3.router()).await;
        let objects = Objects::connect(&at(&s3));
        let search = serve(search.router()).await;
        let documents = Documents::connect(&Endpoint::new(&search), Names::default()).unwrap();
        documents.migrate(Deadline::after(PATIENCE)).await.unwrap();
        let letters = DeadLetters::new(objects.clone(), DEAD_LETTERS);
        let consume = Consume::new(objects, documents, letters, &events(settings)).unwrap();
        Self { consume, search, s3, _data: data }
    }

    /// The settings with which a process finds the engines.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        [
            ("OPENSEARCH_URL", self.search.as_str()),
            ("AWS_ENDPOINT_URL_S3", &self.s3),
            ("AWS_ACCESS_KEY_ID", "logmill"),
            ("AWS_SECRET_ACCESS_KEY", "logmill-local"),
            ("AWS_REGION", "us-east-1"),
            ("LOGMILL_PARTIAL_BATCHES", "on"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
    }

    pub(crate) async fn handle(&self, event: &str) -> Result<Answer, TryAgain> {
        self.consume.handle(event, &invocation()).await
    }

    /// Brings records in one batch; all of them are done with.
    pub(crate) async fn bring(&self, records: &[Record<'_>]) {
        let answer = self.handle(&batch(records)).await.unwrap();
        assert!(answer.is_done(), "{answer:?}");
    }

    /// Lets the function write nowhere at all.
    pub(crate) fn lose_search(&mut self) {
        let nowhere = Endpoint::new("http://127.0.0.1:1");
        let backoff = Backoff { first: Duration::from_millis(1), ..Backoff::default() };
        let documents = Documents::connect(&nowhere, Names::default()).unwrap();
        self.consume.documents = documents.with_backoff(backoff);
    }

    /// Lets the function write no dead letters.
    pub(crate) fn lose_dead_letters(&mut self) {
        let objects = self.consume.objects.clone();
        self.consume.dead_letters = DeadLetters::new(objects, "nobodys-bucket");
    }

    /// All documents, in the order of their generations.
    pub(crate) async fn documents(&self) -> Vec<Value> {
        let alias = Names::default().alias(Kind::Logs);
        let deadline = Deadline::after(PATIENCE);
        self.consume.documents.refresh(deadline).await.unwrap();
        let body = json!({ "size": 1000, "query": { "match_all": {} } });
        let url = format!("{}/{alias}/_search", self.search);
        let answer: Value = reqwest::Client::new()
            .post(url)
            .json(&body)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        // Without any document there is no index yet.
        let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
        let mut found: Vec<Value> = hits
            .iter()
            .map(|hit| {
                let mut document = hit["_source"].clone();
                document["_id"] = hit["_id"].clone();
                document["_index"] = hit["_index"].clone();
                document
            })
            .collect();
        found.sort_by_key(|document| document["generation"].as_str().map(str::to_owned));
        found
    }

    /// All dead letters, by their keys.
    pub(crate) async fn letters(&self) -> Vec<(String, DeadLetter)> {
        let page = self.consume.dead_letters.list(Some("consume"), None, 1000).await.unwrap();
        page.entries.into_iter().map(|entry| (entry.key, entry.letter.unwrap())).collect()
    }
}

pub(crate) fn invocation() -> Invocation {
    Invocation { now: Timestamp::now(), deadline: Deadline::after(PATIENCE) }
}

/// A record of `app-logs`.
pub(crate) fn record(offset: i64, value: &str) -> Record<'static> {
    Record {
        topic: "app-logs".into(),
        partition: 0,
        offset,
        timestamp: Timestamp::from_millisecond(AT + offset).ok(),
        timestamp_type: TimestampType::Create,
        key: Some(b"cart".to_vec()),
        value: Some(value.as_bytes().to_vec()),
        headers: vec![("trace".into(), Some(vec![0xff, 1]))],
    }
}

/// The event of a batch.
pub(crate) fn batch(records: &[Record<'_>]) -> String {
    let mut lists = serde_json::Map::new();
    for record in records {
        let name = format!("{}-{}", record.topic, record.partition);
        let list = lists.entry(name).or_insert_with(|| json!([]));
        let json: Value = serde_json::from_str(record_json(record).get()).unwrap();
        list.as_array_mut().unwrap().push(json);
    }
    let arn = "arn:aws:kafka:eu-central-1:123456789012:cluster/logmill/1";
    json!({ "eventSource": "aws:kafka", "eventSourceArn": arn, "records": lists }).to_string()
}
