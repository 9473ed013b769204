use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use logmill_documents::{
    Bulk, BulkLimits, BulkWriter, Documents, Endpoint, ErrorKind, Kind, Names, Origin, Search,
};
use logmill_model::{Fields, Record, RecordKind};
use logmill_query::Query;
use logmill_runtime::retry::{Backoff, Deadline, Retryable};
use serde_json::{Value, json};

type Bodies = Arc<Mutex<Vec<String>>>;

/// A server that gives these answers one after the other, the last one for ever, and keeps what it
/// was sent.
async fn answers(all: Vec<(u16, Value)>) -> (Documents, Bodies) {
    let bodies = Bodies::default();
    let kept = Arc::clone(&bodies);
    let router = Router::new().fallback(move |body: String| {
        let mut bodies = kept.lock().unwrap();
        let (status, answer) = all[bodies.len().min(all.len() - 1)].clone();
        bodies.push(body);
        async move { (StatusCode::from_u16(status).unwrap(), answer.to_string()) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let backoff =
        Backoff { first: Duration::from_millis(1), most: Duration::from_millis(2), attempts: 4 };
    let documents = Documents::connect(&Endpoint::new(url), Names::default()).unwrap();
    (documents.with_backoff(backoff), bodies)
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

pub(crate) fn origin(generation: &str) -> Origin {
    Origin {
        deployment_key: "k".into(),
        part: String::new(),
        source: None,
        application: None,
        generation: generation.into(),
        parser_version: "1".into(),
        observed_at: "2026-11-21T12:00:00Z".parse().unwrap(),
    }
}

pub(crate) fn record(line: u64) -> Record {
    Record {
        line,
        end_line: line,
        timestamp: None,
        level: None,
        kind: RecordKind::Text,
        step: None,
        message: format!("line {line}"),
        template_id: None,
        fields: Fields::default(),
    }
}

fn bulk(lines: u64) -> Bulk {
    let limits = BulkLimits { bytes: 100_000, count: 3 };
    let mut writer = BulkWriter::new(Names::default(), limits);
    for line in 1..=lines {
        writer.record(&origin("g1"), &record(line)).unwrap();
    }
    assert_eq!(writer.is_full(), lines >= 3);
    let bulk = writer.take();
    assert!(writer.is_empty());
    bulk
}

fn items(statuses: &[u16]) -> Value {
    let items: Vec<_> = statuses
        .iter()
        .map(|&status| {
            let mut item = json!({ "index": { "_id": "x", "status": status } });
            if status >= 300 {
                item["index"]["error"] = json!({ "type": "some_exception", "reason": "because" });
            }
            item
        })
        .collect();
    json!({ "took": 1, "errors": statuses.iter().any(|&status| status >= 300), "items": items })
}

#[tokio::test]
async fn only_throttled_documents_are_sent_again_and_refused_ones_are_kept() {
    let (documents, bodies) =
        answers(vec![(200, items(&[201, 429, 400])), (200, items(&[201]))]).await;
    let written = documents.write(bulk(3), soon()).await.unwrap();
    assert_eq!((written.written, written.requests), (2, 2));
    assert_eq!(written.rejected.len(), 1);
    assert_eq!(written.rejected[0].status, 400);
    assert_eq!(written.rejected[0].reason, "some_exception: because");
    assert!(String::from_utf8_lossy(&written.rejected[0].item).contains("line 3"));
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies[0].lines().count(), 6);
    assert_eq!(bodies[1].lines().count(), 2);
    assert!(bodies[1].contains("line 2") && bodies[1].contains("logmill-logs-2026.11"));
}

#[tokio::test]
async fn a_throttled_request_is_sent_whole_again() {
    let (documents, bodies) =
        answers(vec![(429, json!({})), (503, json!({})), (200, items(&[201, 200]))]).await;
    let written = documents.write(bulk(2), soon()).await.unwrap();
    assert_eq!((written.written, written.requests), (2, 3));
    let bodies = bodies.lock().unwrap();
    assert_eq!(bodies[0], bodies[2]);
}

#[tokio::test]
async fn an_engine_that_stays_busy_is_an_error_worth_another_try() {
    let (documents, bodies) = answers(vec![(200, items(&[429]))]).await;
    let error = documents.write(bulk(1), soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(error.is_retryable());
    assert_eq!(bodies.lock().unwrap().len(), 4, "bounded");
}

#[tokio::test]
async fn an_answer_for_other_documents_is_not_believed() {
    let (documents, _) = answers(vec![(200, items(&[201]))]).await;
    let error = documents.write(bulk(2), soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Answer);
}

#[tokio::test]
async fn a_deadline_ends_the_tries() {
    let (documents, bodies) = answers(vec![(503, json!({}))]).await;
    let error = documents.write(bulk(1), Deadline::after(Duration::ZERO)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Deadline);
    assert!(bodies.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_wrong_user_is_told_what_to_check_and_not_tried_again() {
    let denied = json!({ "error": { "type": "security", "reason": "no permissions" } });
    let (documents, bodies) = answers(vec![(403, denied)]).await;
    let search = Search::new(Kind::Logs, Query::Everything);
    let error = documents.search(&search, soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(!error.is_retryable());
    let text = error.to_string();
    assert!(text.contains("logmill-logs") && text.contains("no permissions"), "{text}");
    assert_eq!(bodies.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn half_an_answer_is_an_error() {
    let half = json!({
        "timed_out": false,
        "_shards": { "total": 2, "successful": 1, "failed": 1 },
        "hits": { "total": { "value": 0, "relation": "eq" }, "hits": [] },
    });
    let (documents, _) = answers(vec![(200, half)]).await;
    let search = Search::new(Kind::Logs, Query::Everything);
    let error = documents.search(&search, soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn conflicting_deletions_go_on_until_nothing_is_left() {
    let refreshed = (200, json!({ "_shards": { "failed": 0 } }));
    let (documents, bodies) = answers(vec![
        refreshed.clone(),
        (200, json!({ "deleted": 3, "version_conflicts": 2, "failures": [], "timed_out": false })),
        refreshed,
        (200, json!({ "deleted": 2, "version_conflicts": 0, "failures": [], "timed_out": false })),
    ])
    .await;
    let deleted = documents.delete_other_generations(&origin("g2"), soon()).await.unwrap();
    assert_eq!(deleted, 5);
    let bodies = bodies.lock().unwrap();
    let body: Value = serde_json::from_str(&bodies[1]).unwrap();
    assert_eq!(
        body["query"]["bool"]["filter"][2]["bool"]["must_not"][0]["bool"]["filter"],
        json!([{ "term": { "generation": "g2" } }, { "term": { "parser_version": "1" } }])
    );
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named_by_its_setting() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let quick = Backoff { attempts: 1, ..Backoff::default() };
    let documents =
        Documents::connect(&Endpoint::new(url), Names::default()).unwrap().with_backoff(quick);
    let error = documents.server(soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("OPENSEARCH_URL"), "{error}");
}

#[tokio::test]
async fn a_request_that_is_too_long_is_sent_in_halves_and_a_document_that_is_so_is_refused() {
    let too_long = || (413, json!({ "error": { "reason": "too long" } }));
    let one = || (200, items(&[201]));
    // All three; the first half, which is one; the other two; one; the other, alone.
    let (documents, bodies) = answers(vec![too_long(), one(), too_long(), one(), too_long()]).await;
    let written = documents.write(bulk(3), soon()).await.unwrap();
    assert_eq!((written.written, written.requests), (2, 5));
    assert_eq!((written.rejected.len(), written.rejected[0].status), (1, 413));
    assert!(String::from_utf8_lossy(&written.rejected[0].item).contains("line 3"));
    let lines: Vec<usize> =
        bodies.lock().unwrap().iter().map(|body| body.lines().count()).collect();
    assert_eq!(lines, [6, 2, 4, 2, 2]);
}
