//! Requests that nobody's agent sends: whatever they are, each is answered, and what is in the topic
//! is an event.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use logmill_event::Event;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::house::house;
use crate::protobuf::field;

const PATHS: [&str; 5] =
    ["/logs", "/logs?partial=true", "/v1/logs", "/loki/api/v1/push", "/i/_bulk"];
const TYPES: [&str; 6] = [
    "application/json",
    "application/x-ndjson",
    "application/x-protobuf",
    "text/plain",
    "application/vnd.elasticsearch+x-ndjson; compatible-with=9",
    "",
];
const PACKED: [&str; 6] = ["", "gzip", "zstd", "deflate", "snappy", "br"];

/// A whole request of each protocol, to be spoiled.
fn whole() -> impl Strategy<Value = Vec<u8>> {
    let json: [&[u8]; 6] = [
        br#"[{"message":"m","level":"INFO","labels":{"a":1}},{"message":"n","ts":17}]"#,
        b"{\"message\":\"m\"}\n{\"message\":\"n\",\"payload\":{\"a\":[1,null,true]}}\n",
        br#"{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"s"}}]},"scopeLogs":[{"logRecords":[{"timeUnixNano":"1","body":{"kvlistValue":{"values":[{"key":"a","value":{"intValue":"1"}}]}}}]}]}]}"#,
        b"\x0a\x29\x0a\x10\x0a\x0e\x0a\x0cservice.name\x12\x15\x12\x13\x2a\x06\x0a\x04paid\x4a\x09\x01\x01\x01\x01\x01\x01\x01\x01\x01",
        br#"{"streams":[{"stream":{"app":"a"},"values":[["1","line",{"k":"v"}],["2","line"]]}]}"#,
        b"{\"index\":{\"_id\":\"1\"}}\n{\"message\":\"m\",\"host\":{\"name\":\"h\"}}\n{\"delete\":{}}\n",
    ];
    proptest::sample::select(json.map(<[u8]>::to_vec).to_vec())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let spoiled = (whole(), proptest::collection::vec((any::<u16>(), any::<u8>()), 0..4));
    let spoiled = spoiled.prop_map(|(mut body, changes)| {
        for (at, byte) in changes {
            let at = usize::from(at) % body.len();
            body[at] = byte;
        }
        body
    });
    prop_oneof![1 => any::<Vec<u8>>(), 4 => spoiled]
}

#[test]
fn any_request_is_answered_and_only_events_are_published() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let house = runtime.block_on(house());
    let cases = (
        proptest::sample::select(&PATHS[..]),
        proptest::sample::select(&TYPES[..]),
        prop_oneof![5 => Just(""), 1 => proptest::sample::select(&PACKED[..])],
        proptest::option::of(any::<[u8; 4]>()),
        body(),
    );
    let config = Config { cases: 1_500, failure_persistence: None, ..Config::default() };
    let tried = TestRunner::new(config).run(&cases, |(path, kind, packed, key, body)| {
        let mut request = Request::post(path);
        for (name, value) in [("content-type", kind), ("content-encoding", packed)] {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        if let Some(key) = key
            && let Ok(key) = http::HeaderValue::from_bytes(&key)
        {
            request = request.header("idempotency-key", key);
        }
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        let status = runtime.block_on(house.ingest.answer(request)).status().as_u16();
        prop_assert!([200, 202, 204, 400, 413, 415].contains(&status), "{}", status);
        Ok(())
    });
    tried.unwrap();
    let stored = runtime.block_on(house.stored());
    assert!(stored.len() > 30, "{} were good enough", stored.len());
    for event in stored {
        let read = Event::read(event.value.as_bytes());
        let service = read.as_ref().map(|event| event.service.as_deref().unwrap_or("unknown"));
        assert_eq!(service, Ok(event.key.as_str()), "{}", event.value);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_nothing_do_not_take_memory() {
    // Two bytes a record: 5 million of them would be a gigabyte if they were all kept.
    let empty = [0x12, 0x00].repeat(4 << 20);
    let body = field(1, field(2, empty));
    let house = house().await;
    let headers = &[("content-type", "application/x-protobuf")];
    let answer = house.post("/v1/logs", headers, body).await;
    assert_eq!(answer.status.as_u16(), 413, "{answer:?}");
    let deep = [0x0a, 0x7f].repeat(60);
    assert_eq!(house.post("/v1/logs", headers, deep).await.status.as_u16(), 400);
}
