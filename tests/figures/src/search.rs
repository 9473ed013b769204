//! The search engine by its own requests: emptied, written to, counted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::function::number;
use crate::log::{BUCKET, Wanted};
use crate::recorder::Sent;

/// The longest pause before a bulk is sent again.
const PATIENCE: Duration = Duration::from_secs(20);

/// The engine at an address.
#[derive(Clone, Debug)]
pub struct Search {
    client: reqwest::Client,
    url: String,
}

impl Search {
    /// The engine at this address.
    pub fn at(url: &str) -> Self {
        Self { client: reqwest::Client::new(), url: url.to_owned() }
    }

    async fn ask(&self, path: &str, body: &Value) -> Value {
        let asked = self.client.post(format!("{}{path}", self.url)).json(body).send().await;
        let answer = asked.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Deletes all documents by deleting their indices, so that the next ones go into fresh ones.
    pub async fn clear(&self) {
        let path = "/logmill-logs-*,logmill-builds-*,logmill-tests-*?ignore_unavailable=true";
        let deleted = self.client.delete(format!("{}{path}", self.url)).send().await.unwrap();
        assert!(deleted.status().is_success(), "{}", deleted.text().await.unwrap());
    }

    /// Makes all documents visible.
    pub async fn refresh(&self) {
        self.ask("/logmill-*/_refresh", &json!({})).await;
    }

    /// How many documents there are.
    pub async fn count(&self) -> u64 {
        let all = json!({ "query": { "match_all": {} } });
        number(&self.ask("/logmill-*/_count", &all).await["count"])
    }

    /// The documents of a deployment: of logs by buckets of lines.
    pub async fn documents(&self, deployment_key: &str) -> Wanted {
        let query = json!({ "term": { "deployment_key": deployment_key } });
        let lines = json!({
            "histogram": { "field": "line", "interval": BUCKET },
            "aggs": { "last": { "sum": { "field": "end_line" } } },
        });
        let body = json!({ "size": 0, "query": query, "aggs": { "lines": lines } });
        let answer = self.ask("/logmill-logs-*/_search", &body).await;
        let buckets = answer["aggregations"]["lines"]["buckets"].as_array().unwrap().iter();
        let records = buckets
            .map(|bucket| (number(&bucket["doc_count"]), number(&bucket["last"]["value"])))
            .collect();
        let mut counts = [0; 2];
        for (count, kind) in counts.iter_mut().zip(["tests", "builds"]) {
            let body = json!({ "query": query });
            let path = format!("/logmill-{kind}-*/_count");
            *count = number(&self.ask(&path, &body).await["count"]);
        }
        let [tests, builds] = counts;
        Wanted { records, tests, builds }
    }

    /// Sends bulks, so many at once, and refreshes; how long that took.
    pub async fn replay(&self, bulks: &[Sent], at_once: usize) -> Duration {
        let waiting: VecDeque<Sent> = bulks.iter().cloned().collect();
        let waiting = Arc::new(Mutex::new(waiting));
        let began = Instant::now();
        let mut workers = tokio::task::JoinSet::new();
        for _ in 0..at_once {
            let (search, waiting) = (self.clone(), waiting.clone());
            workers.spawn(async move {
                let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                while let Some(bulk) = next() {
                    search.bulk(bulk).await;
                }
            });
        }
        workers.join_all().await;
        self.refresh().await;
        began.elapsed()
    }

    /// Sends a bulk, again where the engine has too much to do, as the function does.
    async fn bulk(&self, bulk: Sent) {
        let mut pause = Duration::from_millis(100);
        loop {
            let sending = self.client.post(format!("{}/_bulk", self.url));
            let sending = sending.headers(bulk.headers.clone()).body(bulk.body.clone());
            let answer = sending.send().await.unwrap();
            let (status, body) = (answer.status(), answer.bytes().await.unwrap());
            // The answer begins with how long it took and whether there were errors.
            let head = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
            if status.is_success() && head.contains("\"errors\":false") {
                return;
            }
            assert!(status.as_u16() == 429 && pause < PATIENCE, "{status}: {head}");
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
    }
}
