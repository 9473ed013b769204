//! A server on a loopback port and a plain HTTP client for it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use logmill_local_search::{LocalSearch, Options};
use serde_json::{Value, json};

/// A running server. Dropped, it ends as by kill −9: nothing is flushed.
pub(crate) struct Server {
    address: SocketAddr,
    search: LocalSearch,
    runtime: Option<tokio::runtime::Runtime>,
}

impl Server {
    pub(crate) fn start(data: &Path) -> Self {
        Self::with(data, Options::default())
    }

    pub(crate) fn with(data: &Path, options: Options) -> Self {
        let search = LocalSearch::open(data, options).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = search.router();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { address, search, runtime: Some(runtime) }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn flush(&self) {
        self.search.flush().unwrap();
    }

    /// Sends a request and returns the status and the JSON.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: local\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let json = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
        (status, json)
    }

    /// Sends what must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, answer) = self.send(method, path, &body);
        assert!(status < 300, "{method} {path} {body}: {status} {answer}");
        answer
    }

    /// Writes documents by one bulk request without an error, and makes them searchable.
    #[track_caller]
    pub(crate) fn index(&self, index: &str, documents: &[(&str, Value)]) {
        let (status, answer) = self.send("POST", "/_bulk?refresh=true", &bulk(index, documents));
        assert_eq!((status, &answer["errors"]), (200, &json!(false)), "{answer}");
    }

    /// The ids of the hits, in order.
    #[track_caller]
    pub(crate) fn ids(&self, names: &str, body: &Value) -> Vec<String> {
        let answer = self.ok("POST", &format!("/{names}/_search"), body);
        let hits = answer["hits"]["hits"].as_array().unwrap();
        hits.iter().map(|hit| hit["_id"].as_str().unwrap().to_owned()).collect()
    }

    /// The ids that a query finds, sorted.
    #[track_caller]
    pub(crate) fn found(&self, names: &str, query: &Value) -> Vec<String> {
        let mut ids = self.ids(names, &json!({ "query": query, "size": 1000 }));
        ids.sort();
        ids
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(std::time::Duration::from_secs(5));
        }
    }
}

/// A bulk body of index actions.
pub(crate) fn bulk(index: &str, documents: &[(&str, Value)]) -> String {
    let lines = documents.iter().map(|(id, document)| {
        format!("{}\n{document}\n", json!({ "index": { "_index": index, "_id": id } }))
    });
    lines.collect()
}

/// A template with every kind of field, for indices `t-*` behind the alias `t`.
pub(crate) fn template() -> Value {
    json!({
        "index_patterns": ["t-*"], "priority": 200,
        "template": {
            "settings": { "index": { "number_of_shards": 1 } },
            "mappings": {
                "dynamic": false,
                "_source": { "excludes": ["text"] },
                "dynamic_templates": [
                    { "num": { "path_match": "num.*", "mapping": { "type": "double" } } },
                    { "key": { "path_match": "key.*", "mapping": { "type": "keyword" } } }
                ],
                "properties": {
                    "@timestamp": { "type": "date" },
                    "service": { "type": "keyword", "fields": { "name": { "type": "keyword" } } },
                    "level": { "type": "keyword" },
                    "log": { "properties": { "level": { "type": "alias", "path": "level" } } },
                    "message": { "type": "text", "analyzer": "logmill" },
                    "text": { "type": "text", "analyzer": "logmill" },
                    "line": { "type": "long" },
                    "rate": { "type": "double" },
                    "ok": { "type": "boolean" },
                    "part": { "type": "keyword" },
                    "generation": { "type": "keyword" },
                    "labels": { "type": "flat_object" },
                    "steps": { "type": "object", "enabled": false },
                    "num": { "type": "object", "dynamic": true },
                    "key": { "type": "object", "dynamic": true }
                }
            },
            "aliases": { "t": {} }
        }
    })
}
