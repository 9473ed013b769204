//! `POST /logs`.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use logmill_bus::{Connection, Producer, ProducerSettings};
use logmill_ingest::{Ingest, Reach, producer_settings};
use serde_json::json;

use crate::house::{House, Stored, get, house, limits, post};
use crate::memory::Memory;

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const LINES: &[(&str, &str)] = &[("content-type", "application/x-ndjson")];

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_in_the_topic_as_it_was_sent_when_it_is_accepted() {
    let house = house().await;
    let event = r#"{ "service": "cart", "message": "paid",  "payload": {"n": 1.50} }"#;
    let answer = house.post("/logs", JSON, event).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::ACCEPTED, json!({ "accepted": 1 })));
    let stored = Stored { key: "cart".to_owned(), value: event.to_owned() };
    assert_eq!(house.only().await, stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arrays_and_lines_are_taken_packed_or_not() {
    let lines = "{\"message\":\"a\"}\r\n\n{\"message\":\"b\",\"service\":\"s\"}\n";
    let array = "[{\"message\":\"a\"},\n {\"message\":\"b\",\"service\":\"s\"}]";
    let zstd = zstd::encode_all(lines.as_bytes(), 3).unwrap();
    let bodies: [(&[(&str, &str)], Bytes); 6] = [
        (LINES, lines.into()),
        (&[], lines.into()),
        (&[("content-type", "application/x-www-form-urlencoded")], lines.into()),
        (JSON, array.into()),
        (&[("content-encoding", "gzip")], gzip(array.as_bytes()).into()),
        (&[("content-encoding", "zstd")], zstd.into()),
    ];
    for (headers, body) in bodies {
        let house = house().await;
        let answer = house.post("/logs", headers, body).await;
        assert_eq!(answer.json(), json!({ "accepted": 2 }), "{headers:?}");
        let mut keys: Vec<_> = house.stored().await.into_iter().map(|event| event.key).collect();
        keys.sort();
        assert_eq!(keys, ["s", "unknown"], "{headers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_event_keeps_the_others_out_unless_the_sender_says_otherwise() {
    let house = house().await;
    let body = "{\"message\":\"good\"}\n{\"level\":true}\nno json\n";
    let answer = house.post("/logs", LINES, body).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let told = answer.json();
    assert_eq!(told["accepted"], 0);
    assert_eq!(told["errors"][0]["index"], 1);
    let faults = told["errors"][0]["faults"].as_array().unwrap();
    let fields: Vec<_> = faults.iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["level", "message"], "every fault of it");
    assert_eq!(told["errors"][1]["index"], 2);
    assert!(house.stored().await.is_empty(), "none is published");

    let answer = house.post("/logs?partial=true", LINES, body).await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    let told = answer.json();
    assert_eq!((&told["accepted"], &told["rejected"]), (&json!(1), &json!(2)));
    assert_eq!(told["errors"][1]["index"], 2);
    assert_eq!(house.only().await.value, "{\"message\":\"good\"}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_sent_again_has_the_same_ids() {
    let house = house().await;
    let body = "{\"message\":\"a\"}\n{\"message\":\"b\",\"id\":\"own\"}\n";
    let headers = &[("idempotency-key", "k1"), LINES[0]];
    for _ in 0..2 {
        assert_eq!(house.post("/logs", headers, body).await.status, StatusCode::ACCEPTED);
    }
    let values: Vec<_> = house.stored().await.into_iter().map(|event| event.value).collect();
    let [first, second] =
        ["{\"id\":\"k1-0\",\"message\":\"a\"}", "{\"message\":\"b\",\"id\":\"own\"}"];
    assert_eq!(values, [first, second, first, second]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused_before_it_takes_memory() {
    let house = house().await;
    let status = async |path, headers, body: Vec<u8>| house.post(path, headers, body).await.status;
    let large = format!("{{\"message\":\"{}\"}}", "m".repeat(1_000_000));
    assert_eq!(status("/logs", JSON, large.into()).await, StatusCode::PAYLOAD_TOO_LARGE);
    let huge = format!("{{\"message\":\"{}\"}}", "m".repeat(11 << 20));
    assert_eq!(status("/logs", JSON, huge.into()).await, StatusCode::PAYLOAD_TOO_LARGE);
    let bomb = gzip(&vec![b' '; 100 << 20]);
    assert!(bomb.len() < 200_000);
    let packed = &[("content-encoding", "gzip")];
    assert_eq!(status("/logs", packed, bomb).await, StatusCode::PAYLOAD_TOO_LARGE);
    let bomb = zstd::encode_all(&vec![b'\n'; 100 << 20][..], 3).unwrap();
    let packed = &[("content-encoding", "zstd")];
    assert_eq!(status("/logs", packed, bomb).await, StatusCode::PAYLOAD_TOO_LARGE);
    let many = format!("[{}]", ["1"; 20_001].join(","));
    assert_eq!(status("/logs", JSON, many.into()).await, StatusCode::PAYLOAD_TOO_LARGE);
    let fits = format!("{{\"message\":\"{}\"}}", "m".repeat(999_900));
    assert_eq!(status("/logs", JSON, fits.into()).await, StatusCode::ACCEPTED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_event_can_be_is_named() {
    let house = house().await;
    let deep = format!("{{\"message\":\"m\",\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    for (body, part) in [
        ("", "is empty"),
        ("[{\"message\":\"m\"}", "no JSON"),
        ("[{\"message\":\"m\"}] x", "no JSON"),
        ("{\"message\":\"m\",\"a\":NaN}", "no JSON"),
        ("{\"message\":\"m\",\"message\":\"n\"}", "given twice"),
        ("{\"message\":7}", "not a text"),
        ("\"text\"", "not an object"),
        (deep.as_str(), "nests deeper"),
    ] {
        let answer = house.post("/logs", JSON, body.to_owned()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{answer:?}");
        let told = answer.json().to_string();
        assert!(told.contains(part), "{part} in {told}");
    }
    for headers in [("content-type", "text/xml"), ("content-encoding", "br")] {
        let answer = house.post("/logs", &[headers], "{}").await;
        assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{headers:?}");
    }
    for packed in ["gzip", "zstd", "deflate", "snappy"] {
        let answer = house.post("/logs", &[("content-encoding", packed)], "{}").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{packed}");
    }
    assert!(house.stored().await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_is_told_to_come_again_when_kafka_is_away() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let settings =
        ProducerSettings { delivery_timeout: Duration::from_millis(800), ..producer_settings() };
    let producer = Producer::connect(&Connection::to(&format!("127.0.0.1:{port}")), &settings);
    let store = Memory::default();
    let ingest = Ingest::new(producer.unwrap(), &limits(&[]), store, Reach::Loopback);
    let answer = ingest.answer(post("/logs", JSON, "{\"message\":\"m\"}")).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert_eq!(ingest.answer(get("/readyz")).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ingest.answer(get("/healthz")).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_is_told_with_how_many_got_through() {
    let settings = ProducerSettings {
        queue_messages: 3,
        linger: Duration::from_millis(200),
        ..producer_settings()
    };
    let house = House::with(&[], settings).await;
    let body = "{\"message\":\"m\"}\n".repeat(10);
    let answer = house.post("/logs", LINES, body).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{answer:?}");
    assert_eq!(answer.header("retry-after"), "1");
    let accepted = usize::try_from(answer.json()["accepted"].as_u64().unwrap()).unwrap();
    assert!((1..10).contains(&accepted), "{accepted}");
    assert_eq!(house.stored().await.len(), accepted, "what is said to be accepted is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sender_that_is_too_fast_is_told_how_long_to_wait() {
    let house = House::with(&[("LOGMILL_INGEST_EVENTS", "1")], producer_settings()).await;
    let body = "{\"message\":\"m\"}\n".repeat(100);
    assert_eq!(house.post("/logs", LINES, body.clone()).await.status, StatusCode::ACCEPTED);
    let answer = house.post("/logs", LINES, body).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u32 = answer.header("retry-after").parse().unwrap();
    assert!((50..=101).contains(&wait), "{wait} s, for 100 events at one a second");
    assert_eq!(house.stored().await.len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_somebody_else_writes_nothing() {
    let house = house().await;
    let from = async |origin| {
        house.post("/logs", &[("origin", origin)], "{\"message\":\"m\"}").await.status
    };
    assert_eq!(from("https://evil.example").await, StatusCode::FORBIDDEN);
    assert_eq!(from("null").await, StatusCode::FORBIDDEN);
    assert_eq!(from("http://localhost:8080").await, StatusCode::ACCEPTED);
    assert_eq!(house.stored().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_ready_when_kafka_has_the_topic() {
    let house = house().await;
    assert_eq!(house.ask(get("/readyz")).await.status, StatusCode::OK);
    let house = House::with(&[("LOGMILL_INGEST_TOPIC", "elsewhere")], producer_settings()).await;
    let answer = house.ask(get("/readyz")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(String::from_utf8_lossy(&answer.body).contains("elsewhere"));
    assert_eq!(house.ask(get("/nowhere")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.ask(get("/logs")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}
