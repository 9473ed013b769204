//! What users are told when something is wrong with the engine, its settings or a document.

use std::time::Duration;

use logmill_documents::{
    Action, Bulk, BulkLimits, Documents, Endpoint, ErrorKind, Kind, Month, Names, Origin,
    PolicyAction, Search,
};
use logmill_model::{Fields, Record, RecordKind};
use logmill_query::Query;
use logmill_runtime::retry::{Backoff, Deadline, Retryable};
use serde_json::{Value, json};

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(30))
}

/// Few tries, so that a test of what stays wrong ends.
fn quick() -> Backoff {
    Backoff { first: Duration::from_millis(20), most: Duration::from_millis(50), attempts: 3 }
}

fn origin() -> Origin {
    Origin {
        deployment_key: "k".into(),
        part: String::new(),
        source: None,
        application: None,
        generation: "g1".into(),
        parser_version: "1".into(),
        observed_at: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

fn record(line: u64) -> Record {
    Record {
        line,
        end_line: line,
        timestamp: None,
        level: None,
        kind: RecordKind::Text,
        step: None,
        message: format!("line {line} of a log"),
        template_id: None,
        fields: Fields::default(),
    }
}

/// Documents of a test in indices of its own, and a way to send what the client would not.
struct Bench {
    documents: Documents,
    http: reqwest::Client,
    url: String,
}

impl Bench {
    async fn new(prefix: &str) -> Self {
        let endpoint = Endpoint { compress: Some(true), ..crate::opensearch() };
        let documents = Documents::connect(&endpoint, Names::new(prefix)).unwrap();
        let documents = documents.with_replicas(0).with_backoff(quick());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = endpoint.url.trim_end_matches('/').to_owned();
        let bench = Self { documents, http, url };
        bench.clean().await;
        bench
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.url));
        let answer = request.json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }

    async fn clean(&self) {
        for kind in Kind::ALL {
            let index = self.documents.names().index(kind, month());
            self.send("DELETE", &format!("/{index}"), &json!({})).await;
            let template = format!("/_index_template/{}", self.documents.names().template(kind));
            self.send("DELETE", &template, &json!({})).await;
        }
    }

    fn index(&self) -> String {
        self.documents.names().index(Kind::Logs, month())
    }

    fn bulk(&self, lines: impl Iterator<Item = u64>) -> Bulk {
        let mut writer = self.documents.writer(BulkLimits::default());
        for line in lines {
            writer.record(&origin(), &record(line)).unwrap();
        }
        writer.take()
    }

    async fn count(&self) -> u64 {
        self.documents.refresh(soon()).await.unwrap();
        self.documents.count(Kind::Logs, &Query::Everything, soon()).await.unwrap()
    }
}

fn month() -> Month {
    Month::of("2026-11-21T12:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn one_document_of_500_that_does_not_fit_is_refused_alone() {
    let bench = Bench::new("misfit").await;
    bench.documents.migrate(soon()).await.unwrap();
    // A line number beyond what the field holds.
    let lines = (1..500).chain([u64::MAX]);
    let written = bench.documents.write(bench.bulk(lines), soon()).await.unwrap();
    assert_eq!((written.written, written.rejected.len(), written.requests), (499, 1, 1));
    let rejected = &written.rejected[0];
    assert_eq!(rejected.status, 400);
    assert!(rejected.reason.contains("line"), "{}", rejected.reason);
    assert!(String::from_utf8_lossy(&rejected.item).contains("18446744073709551615"));
    assert_eq!(bench.count().await, 499);
    bench.clean().await;
}

#[tokio::test]
async fn a_full_disk_is_said_so_and_its_documents_are_written_when_there_is_room() {
    let bench = Bench::new("flood").await;
    bench.documents.migrate(soon()).await.unwrap();
    let _ = bench.documents.write(bench.bulk(1..=1), soon()).await.unwrap();
    // What OpenSearch itself sets above the flood-stage watermark.
    let block = |on: Value| json!({ "index.blocks.read_only_allow_delete": on });
    let settings = format!("/{}/_settings", bench.index());
    assert_eq!(bench.send("PUT", &settings, &block(json!(true))).await.0, 200);
    let error = bench.documents.write(bench.bulk(1..=20), soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DiskFull);
    assert!(error.is_retryable());
    let text = error.to_string();
    assert!(text.contains("disk space") && text.contains("20 documents"), "{text}");
    assert_eq!(bench.send("PUT", &settings, &block(Value::Null)).await.0, 200);
    let written = bench.documents.write(bench.bulk(1..=20), soon()).await.unwrap();
    assert_eq!(written.written, 20);
    assert_eq!(bench.count().await, 20, "none lost, none twice");
    bench.clean().await;
}

#[tokio::test]
async fn without_any_index_a_search_finds_nothing_and_is_no_error() {
    let bench = Bench::new("missing").await;
    let search = Search::new(Kind::Logs, Query::Everything);
    assert_eq!(bench.documents.search(&search, soon()).await.unwrap().total.value, 0);
}

#[tokio::test]
async fn templates_are_planned_written_once_and_never_taken_back() {
    let bench = Bench::new("templates").await;
    let plan = bench.documents.plan(soon()).await.unwrap();
    assert!(plan.steps.iter().all(|step| step.action == Action::Create), "{plan}");
    assert!(plan.to_string().contains("OpenSearch 3."), "{plan}");
    // The distribution for tests comes without it.
    assert_eq!(plan.lifecycle.action, PolicyAction::NoPlugin);
    assert!(plan.to_string().contains("no ISM plug-in"), "{plan}");
    bench.documents.apply(&plan, soon()).await.unwrap();
    let again = bench.documents.plan(soon()).await.unwrap();
    assert!(again.steps.iter().all(|step| step.action == Action::Keep), "{again}");
    // The same version with another setting, an older one, then a newer one.
    let other = bench.documents.clone().with_replicas(1);
    let replaced = other.plan(soon()).await.unwrap();
    assert!(matches!(replaced.steps[0].action, Action::Replace(_)), "{replaced}");
    let template = format!("/_index_template/{}", bench.documents.names().template(Kind::Logs));
    let body = |version: u64| json!({ "index_patterns": ["templates-logs-*"], "priority": 200, "version": version });
    assert_eq!(bench.send("PUT", &template, &body(0)).await.0, 200);
    let upgrade = bench.documents.plan(soon()).await.unwrap();
    assert_eq!(upgrade.steps[0].action, Action::Replace(0));
    assert_eq!(bench.send("PUT", &template, &body(999)).await.0, 200);
    let error = bench.documents.migrate(soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Newer);
    assert!(!error.is_retryable());
    assert!(error.to_string().contains("version 999"), "{error}");
    let (_, kept) = bench.send("GET", &template, &json!({})).await;
    assert_eq!(kept["index_templates"][0]["index_template"]["version"], 999);
    bench.clean().await;
}

#[tokio::test]
async fn a_wrong_address_is_told_by_its_setting() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    // TLS to a port that speaks none.
    let plain = crate::opensearch().url.replace("http://", "https://");
    for url in [nobody, plain] {
        let documents = Documents::connect(&Endpoint::new(url), Names::default()).unwrap();
        let error = documents.with_backoff(quick()).server(soon()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        assert!(error.to_string().contains("OPENSEARCH_URL"), "{error}");
    }
}

#[tokio::test]
async fn requests_longer_than_the_engine_takes_are_sent_in_parts() {
    let bench = Bench::new("parts").await;
    bench.documents.migrate(soon()).await.unwrap();
    let mut writer = bench.documents.writer(BulkLimits { bytes: 200 << 20, count: 10_000 });
    // 100 MB is what OpenSearch takes by default, unpacked.
    let message = "-".repeat(64 * 1024);
    for line in 1..=1_700 {
        writer.record(&origin(), &Record { message: message.clone(), ..record(line) }).unwrap();
    }
    let bulk = writer.take();
    assert!(bulk.bytes() > 105 << 20);
    let uncompressed = Endpoint { compress: Some(false), ..crate::opensearch() };
    let documents = Documents::connect(&uncompressed, Names::new("parts")).unwrap();
    let minute = Deadline::after(Duration::from_secs(60));
    let written = documents.write(bulk, minute).await.unwrap();
    assert_eq!((written.written, written.rejected.len()), (1_700, 0));
    assert!(written.requests >= 3, "{}", written.requests);
    assert_eq!(bench.count().await, 1_700);
    bench.clean().await;
}
