//! The two engines, and one request sent to both.

use std::time::Duration;

use logmill_documents::{Documents, Endpoint, Names};
use logmill_local_search::{LocalSearch, Options};
use serde_json::Value;

const REAL: &str = "LOGMILL_ENGINE_OPENSEARCH";

/// The longest pause before a request is sent again.
const PATIENCE: Duration = Duration::from_secs(20);

/// What one engine answered.
pub(crate) type Answer = (u16, Value);

/// An engine: its address, and the client that Logmill uses.
pub(crate) struct Engine {
    url: String,
    http: reqwest::Client,
    pub(crate) documents: Documents,
}

impl Engine {
    fn new(url: String, names: &Names) -> Self {
        let endpoint = Endpoint { compress: Some(true), ..Endpoint::new(url.as_str()) };
        let documents = Documents::connect(&endpoint, names.clone()).unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build();
        Self { url, http: http.unwrap(), documents: documents.with_replicas(0) }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &str) -> Answer {
        read(self.send_text(method, path, body).await)
    }

    /// The answer as it was written.
    pub(crate) async fn send_text(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let method: reqwest::Method = method.parse().unwrap();
        let mut pause = Duration::from_millis(100);
        loop {
            let request = self.http.request(method.clone(), format!("{}{path}", self.url));
            let request = request.header("content-type", "application/json");
            let answer = request.body(body.to_owned()).send().await.unwrap();
            let status = answer.status().as_u16();
            // That OpenSearch has no memory left says nothing of its answers.
            if status == 429 && pause < PATIENCE {
                tokio::time::sleep(pause).await;
                pause *= 2;
                continue;
            }
            return (status, answer.text().await.unwrap());
        }
    }
}

/// An answer from its text.
pub(crate) fn read((status, text): (u16, String)) -> Answer {
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// The local search and OpenSearch, with the same templates.
pub(crate) struct Pair {
    pub(crate) local: Engine,
    pub(crate) real: Engine,
    pub(crate) names: Names,
    _data: tempfile::TempDir,
}

impl Pair {
    /// Both, without any documents.
    pub(crate) async fn start(prefix: &str) -> Self {
        let url = logmill_given::engine(REAL);
        let names = Names::new(prefix);
        let data = tempfile::tempdir().unwrap();
        let search = LocalSearch::open(data.path(), Options::default()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = search.router();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let pair = Self {
            local: Engine::new(format!("http://{address}"), &names),
            real: Engine::new(url.trim_end_matches('/').to_owned(), &names),
            names,
            _data: data,
        };
        pair.clear().await;
        pair
    }

    /// Sends a request to both.
    pub(crate) async fn both(&self, method: &str, path: &str, body: &str) -> [Answer; 2] {
        let (local, real) =
            tokio::join!(self.local.send(method, path, body), self.real.send(method, path, body));
        [local, real]
    }

    /// Deletes all documents of both, and writes the templates anew.
    pub(crate) async fn clear(&self) {
        self.remove().await;
        let deadline = logmill_runtime::retry::Deadline::after(Duration::from_secs(60));
        for engine in [&self.local, &self.real] {
            engine.documents.migrate(deadline).await.unwrap();
        }
    }

    /// Deletes the indices and templates of both.
    pub(crate) async fn remove(&self) {
        for engine in [&self.local, &self.real] {
            for kind in logmill_documents::Kind::ALL {
                let pattern = self.names.pattern(kind);
                let list = format!("/_cat/indices/{pattern}?format=json");
                let (_, found) = engine.send("GET", &list, "").await;
                for index in found.as_array().into_iter().flatten() {
                    let index = index["index"].as_str().unwrap();
                    let (status, answer) = engine.send("DELETE", &format!("/{index}"), "").await;
                    assert_eq!(status, 200, "{answer}");
                }
                let template = format!("/_index_template/{}", self.names.template(kind));
                engine.send("DELETE", &template, "").await;
            }
        }
    }
}
