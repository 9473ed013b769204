//! What the store's failures lead to.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::time::{Duration, Instant};

use logmill_model::Timestamp;
use logmill_objects::{ErrorKind, GetOptions, Head, Objects, PutOptions, RangeReader};
use logmill_runtime::retry::{Backoff, Deadline, Retryable as _};

use tokio::runtime::Handle;

use crate::harness::{STALLS, Script, answer, refusal};

const QUICK: Backoff =
    Backoff { first: Duration::from_millis(1), most: Duration::from_millis(5), attempts: 4 };

fn quick(script: &Script) -> Objects {
    script.objects.with_backoff(QUICK)
}

#[tokio::test]
async fn a_log_is_read_although_the_store_was_busy() {
    let script = Script::start(vec![
        refusal("503 Service Unavailable", "SlowDown"),
        refusal("500 Internal Server Error", "InternalError"),
        refusal("429 Too Many Requests", "TooManyRequests"),
        answer("200 OK", "etag: \"e1\"\r\n", 5, "hello"),
    ])
    .await;
    let body = quick(&script).get("logs", "a.log", GetOptions::default()).await.unwrap();
    assert_eq!(body.head().etag, "e1");
    assert_eq!(body.collect(5).await.unwrap(), "hello");
}

#[tokio::test]
async fn a_busy_store_is_left_alone_in_the_end() {
    let busy = || refusal("503 Service Unavailable", "SlowDown");
    let mut script = Script::start((0..9).map(|_| busy()).collect()).await;
    let error = quick(&script).head("logs", "a.log").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled);
    assert!(error.is_retryable());
    let mut requests = 0;
    while script.heads.try_recv().is_ok() {
        requests += 1;
    }
    assert_eq!(requests, 4, "its own retries and the SDK's do not multiply");
}

#[tokio::test]
async fn a_download_that_breaks_goes_on_where_it_broke() {
    let rest = "content-range: bytes 4-9/10\r\netag: \"e1\"\r\n";
    let mut script = Script::start(vec![
        answer("200 OK", "etag: \"e1\"\r\n", 10, "0123"),
        refusal("503 Service Unavailable", "SlowDown"),
        answer("206 Partial Content", rest, 6, "456789"),
    ])
    .await;
    let body = quick(&script).get("logs", "a.log", GetOptions::default()).await.unwrap();
    assert_eq!(body.collect(10).await.unwrap(), "0123456789");
    let _first = script.heads.recv().await.unwrap();
    let again = script.heads.recv().await.unwrap();
    assert!(again.contains("range: bytes=4-9"), "{again}");
    assert!(again.contains("if-match: \"e1\""), "{again}");
}

#[tokio::test]
async fn what_came_of_a_window_is_read_before_the_rest_of_it() {
    let headers = "content-range: bytes 0-9/10\r\netag: \"e1\"\r\n";
    let mut slow = answer("206 Partial Content", headers, 10, "0123");
    slow.push(STALLS);
    let script = Script::start(vec![slow]).await;
    let head = Head {
        etag: "e1".to_owned(),
        size: 10,
        last_modified: Timestamp::default(),
        user_metadata: BTreeMap::new(),
        version_id: None,
    };
    let objects = quick(&script);
    let mut reader = RangeReader::new(&objects, "logs", "a.log", &head, Handle::current());
    let read = tokio::task::spawn_blocking(move || {
        let mut some = [0; 4];
        reader.read_exact(&mut some).map(|()| some)
    });
    assert_eq!(read.await.unwrap().unwrap(), *b"0123", "a slow network still brings a log in");
}

#[tokio::test]
async fn a_log_replaced_while_it_is_read_is_not_mixed_with_its_successor() {
    let script = Script::start(vec![
        answer("200 OK", "etag: \"e1\"\r\n", 10, "0123"),
        refusal("412 Precondition Failed", "PreconditionFailed"),
    ])
    .await;
    let mut body = quick(&script).get("logs", "a.log", GetOptions::default()).await.unwrap();
    assert_eq!(body.next().await.unwrap().unwrap(), "0123");
    let error = body.next().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Changed);
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn missing_permission_is_named_and_not_retried() {
    let script = Script::start(vec![refusal("403 Forbidden", "AccessDenied")]).await;
    let put = quick(&script).put("logs", "a.log", b"x".to_vec(), PutOptions::default()).await;
    let error = put.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    let text = error.to_string();
    assert!(text.contains("s3:PutObject") && text.contains("s3://logs/a.log"), "{text}");
    assert!(text.contains("AccessDenied: as scripted"), "{text}");
}

#[tokio::test]
async fn a_silent_store_does_not_hold_a_function_past_its_deadline() {
    let script = Script::start(Vec::new()).await;
    let begun = Instant::now();
    let objects = quick(&script).within(Deadline::after(Duration::from_millis(200)));
    let error = objects.head("logs", "a.log").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_store_that_is_not_there_says_so() {
    let script = Script::start(Vec::new()).await;
    let objects = quick(&script);
    drop(script);
    let objects = objects.within(Deadline::after(Duration::from_secs(20)));
    let error = objects.list("logs", "", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("the bucket logs: the store cannot be reached"), "{error}");
}

#[tokio::test]
async fn two_writers_that_meet_are_told_to_try_again() {
    let script = Script::start(vec![
        refusal("409 Conflict", "ConditionalRequestConflict"),
        answer("200 OK", "etag: \"e2\"\r\n", 0, ""),
    ])
    .await;
    let options = PutOptions { if_match: Some("e1".to_owned()), ..PutOptions::default() };
    let put = quick(&script).put("logs", "a.json", b"{}".to_vec(), options).await.unwrap();
    assert_eq!(put.etag, "e2");
}
