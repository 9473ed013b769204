//! The function with a broker of its own.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::Full;
use logmill_bus::{Connection, Producer, ProducerSettings};
use logmill_ingest::{Ingest, Reach, producer_settings};
use logmill_local_kafka::{LocalKafka, Options, TopicSettings};
use logmill_runtime::config::IngestLimits;
use serde_json::Value;
use tempfile::TempDir;

use crate::memory::Memory;

/// The function, and the broker that it writes to.
pub(crate) struct House {
    pub(crate) ingest: Ingest<Memory>,
    pub(crate) store: Memory,
    kafka: LocalKafka,
    _folder: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// An event as it stands in the topic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Stored {
    pub(crate) key: String,
    pub(crate) value: String,
}

impl Stored {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.value).unwrap()
    }
}

/// The settings as the environment would give them.
pub(crate) fn limits(pairs: &[(&str, &str)]) -> IngestLimits {
    IngestLimits::read(|name| {
        let found = pairs.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

pub(crate) async fn house() -> House {
    House::with(&[], producer_settings()).await
}

impl House {
    /// One with other settings.
    pub(crate) async fn with(settings: &[(&str, &str)], producer: ProducerSettings) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options { creates_topics: false, ..Options::default() };
        let kafka = LocalKafka::open(folder.path().join("kafka.sqlite"), options).unwrap();
        let topic = TopicSettings { partitions: 2, ..TopicSettings::default() };
        kafka.create_topic("app-logs", topic).await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let connection = Connection::to(&listener.local_addr().unwrap().to_string());
        let serving = kafka.clone();
        tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
        let producer = Producer::connect(&connection, &producer).unwrap();
        let store = Memory::default();
        let ingest = Ingest::new(producer, &limits(settings), store.clone(), Reach::Loopback);
        Self { ingest, store, kafka, _folder: folder }
    }

    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>) -> Answer {
        let (parts, body) = self.ingest.answer(request).await.into_parts();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Posts a body with these headers.
    pub(crate) async fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        self.ask(post(path, headers, body)).await
    }

    /// All that is in the topic, by partition.
    pub(crate) async fn stored(&self) -> Vec<Stored> {
        let mut all = Vec::new();
        for partition in 0..2 {
            let mut offset = 0;
            loop {
                let records =
                    self.kafka.read("app-logs", partition, offset, 1 << 20).await.unwrap();
                let Some(last) = records.last() else { break };
                offset = last.offset + 1;
                all.extend(records.into_iter().map(|record| Stored {
                    key: String::from_utf8(record.key.unwrap()).unwrap(),
                    value: String::from_utf8(record.value.unwrap()).unwrap(),
                }));
            }
        }
        all
    }

    /// The only event in the topic.
    pub(crate) async fn only(&self) -> Stored {
        let stored = self.stored().await;
        let [one] = stored.as_slice() else { panic!("not one event: {stored:?}") };
        one.clone()
    }
}

pub(crate) fn post(
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    let mut request = Request::post(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).unwrap()
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    Request::get(path).body(Full::new(Bytes::new())).unwrap()
}
