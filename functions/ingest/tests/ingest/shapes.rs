//! What other senders speak: OTLP, Loki's push, Elasticsearch's bulk requests.

use http::StatusCode;
use serde_json::{Value, json};

use crate::house::{House, get, house, post};
use crate::protobuf::{field, varint};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const LINES: &[(&str, &str)] = &[("content-type", "application/x-ndjson")];

fn attribute(name: &str, value: &str) -> Vec<u8> {
    [field(1, name), field(2, field(1, value))].concat()
}

async fn only(house: &House) -> Value {
    house.only().await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_of_otlp_is_an_event_with_all_that_it_says() {
    let record = json!({
        "timeUnixNano": "1795341600125000000", "observedTimeUnixNano": 7, "severityNumber": 17,
        "severityText": "ERR", "body": { "stringValue": "payment refused" }, "eventName": "pay",
        "traceId": "4BF92F3577B34DA6A3CE929D0E0E4736", "spanId": "00f067aa0ba902b7", "flags": 1,
        "attributes": [
            { "key": "n", "value": { "intValue": "7" } }, { "key": "m", "value": { "intValue": -8 } },
            { "key": "d", "value": { "doubleValue": 1.5 } }, { "key": "b", "value": { "boolValue": true } },
            { "key": "nan", "value": { "doubleValue": "NaN" } }, { "key": "none", "value": {} },
            { "key": "list", "value": { "arrayValue": { "values": [{ "stringValue": "x" }, {}] } } },
            { "key": "map", "value": { "kvlistValue": { "values": [
                { "key": "k", "value": { "stringValue": "v" } }, { "key": "k", "value": { "stringValue": "w" } },
            ] } } },
            { "key": "client.address", "value": { "stringValue": "192.0.2.7" } },
        ],
    });
    let resource = json!({ "attributes": [
        { "key": "service.name", "value": { "stringValue": "checkout" } },
        { "key": "service.version", "value": { "stringValue": "1.2" } },
        { "key": "host.name", "value": { "stringValue": "web-3" } },
        { "key": "deployment.environment.name", "value": { "stringValue": "staging" } },
    ] });
    let body = json!({ "resourceLogs": [{ "resource": resource, "scopeLogs": [
        { "scope": { "name": "app", "version": null }, "logRecords": [record] },
    ] }] });
    let house = house().await;
    let answer = house.post("/v1/logs", JSON, body.to_string()).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({})));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(house.only().await.key, "checkout");
    assert_eq!(
        only(&house).await,
        json!({
            "timestamp": "2026-11-22T10:00:00.125Z", "level": "ERROR", "severity_text": "ERR",
            "service": "checkout", "version": "1.2", "env": "staging", "host": "web-3",
            "client_ip": "192.0.2.7", "message": "payment refused", "event_name": "pay",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7",
            "payload": { "n": 7, "m": -8, "d": 1.5, "b": true, "nan": "NaN", "list": ["x", null],
                "map": { "k": "v" }, "client.address": "192.0.2.7" },
            "resource": { "host.name": "web-3", "deployment.environment.name": "staging" },
            "scope": { "name": "app" },
        })
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn otlp_in_protobuf_says_what_was_not_taken() {
    let body = field(5, field(1, "paid"));
    let good = [body, field(6, attribute("k", "v")), field(9, [1; 16])].concat();
    let records = [field(2, good), field(2, field(3, "INFO"))].concat();
    // The resource stands behind its logs, as protobuf allows.
    let resource = field(1, field(1, attribute("service.name", "cart")));
    let logs = field(1, [field(2, records), resource].concat());
    let house = house().await;
    let headers = &[("content-type", "application/x-protobuf")];
    let answer = house.post("/v1/logs", headers, logs).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("content-type"), "application/x-protobuf");
    assert_eq!(answer.body[2..4], [8, 1], "one was rejected");
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(told.contains("log record 1: `message` is missing"), "{told}");
    let event = only(&house).await;
    assert_eq!(
        (&event["message"], &event["service"], &event["payload"]["k"], &event["trace_id"]),
        (&json!("paid"), &json!("cart"), &json!("v"), &json!("01".repeat(16)))
    );
    let answer = house.post("/v1/logs", headers, "no protobuf").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.body[..2], [8, 3], "google.rpc.Status: INVALID_ARGUMENT");
    let answer = house.post("/v1/logs", &[("content-type", "text/plain")], "").await;
    assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_of_loki_keep_their_labels_time_and_metadata() {
    let expected = json!({
        "message": "payment refused", "timestamp": "2026-11-22T10:00:00.125Z", "service": "checkout",
        "host": "web-3", "level": "error", "trace_id": "abc",
        "labels": { "app": "checkout", "host": "web-3", "level": "error" },
        "payload": { "trace_id": "abc" },
    });
    let body = json!({ "streams": [{
        "stream": { "app": "checkout", "host": "web-3", "level": "error" },
        "values": [
            ["1795341600125000000", "payment refused", { "trace_id": "abc" }],
            ["1795341600125000001", ""],
        ],
    }] });
    let house = house().await;
    let answer = house.post("/loki/api/v1/push", JSON, body.to_string()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    assert_eq!(only(&house).await, expected);

    let time = [vec![8], varint(1_795_341_600), vec![16], varint(125_000_000)].concat();
    let metadata = field(3, [field(1, "trace_id"), field(2, "abc")].concat());
    let entry = [field(1, time), field(2, "payment refused"), metadata].concat();
    let labels = r#"{app="checkout", host="web-3", level="error"}"#;
    let stream = [field(1, labels), field(2, entry)].concat();
    let packed = snap::raw::Encoder::new().compress_vec(&field(1, stream)).unwrap();
    let house = crate::house::house().await;
    let headers = &[("content-type", "application/x-protobuf")];
    let answer = house.post("/loki/api/v1/push", headers, packed).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    assert_eq!(only(&house).await, expected);
    let answer = house.post("/loki/api/v1/push", headers, "no snappy").await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_item_of_a_bulk_request_is_answered() {
    let body = r#"{"create":{"_index":"logs-shop","_id":"e1"}}
{"@timestamp":"2026-11-22T10:00:00Z","message":"paid","service":{"name":"cart","version":"1"},"log.level":"warn","host":{"name":"web-3","os":"linux"},"trace":{"id":"t1"},"extra":1}
{"update":{"_id":"e1"}}
{"doc":{"message":"no"}}
{"delete":{"_id":"e1"}}
{"index":{}}
{"log":"from a container"}
{"index":{}}
{"level":7.5}
"#;
    let house = house().await;
    let answer = house.post("/given/_bulk", LINES, body).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
    let told = answer.json();
    assert_eq!(told["errors"], true);
    let statuses: Vec<_> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let (verb, item) = item.as_object().unwrap().iter().next().unwrap();
            (verb.as_str(), item["status"].as_u64().unwrap())
        })
        .collect();
    let expected =
        [("create", 201), ("update", 400), ("delete", 400), ("index", 201), ("index", 400)];
    assert_eq!(statuses, expected);
    let mut stored: Vec<_> = house.stored().await.iter().map(crate::house::Stored::json).collect();
    stored.sort_by_key(|event| event["message"].to_string());
    assert_eq!(stored[0]["message"], "from a container");
    assert_eq!(
        stored[0]["service"], "given",
        "the index names the service where nothing else does"
    );
    let first = json!({
        "id": "e1", "message": "paid", "level": "warn", "service": "cart", "version": "1",
        "host": "web-3", "trace_id": "t1", "@timestamp": "2026-11-22T10:00:00Z", "extra": 1,
        "log.level": "warn", "trace": { "id": "t1" },
        "ecs_service": { "name": "cart", "version": "1" },
        "ecs_host": { "name": "web-3", "os": "linux" },
    });
    assert_eq!(stored[1], first);
    for bad in ["", "{}", "{\"create\":{}}", "no json\n{}\n", "{\"make\":{}}\n{}\n"] {
        let answer = house.post("/_bulk", LINES, bad).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{bad}");
        assert!(answer.json()["error"]["reason"].is_string());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_elasticsearch_believe_that_it_is_there() {
    let house = house().await;
    for path in ["/", "/_license"] {
        let answer = house.ask(get(path)).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
    }
    let version = house.ask(get("/")).await.json()["version"]["number"].clone();
    assert_eq!(version, "8.19.0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_protocol_is_told_when_to_come_again() {
    let settings = [("LOGMILL_INGEST_BYTES", "10")];
    let house = House::with(&settings, logmill_ingest::producer_settings()).await;
    house.ask(post("/logs", JSON, "{\"message\":\"more than ten bytes\"}")).await;
    let loki = json!({ "streams": [{ "stream": {}, "values": [["1", "line"]] }] }).to_string();
    let bulk = "{\"create\":{}}\n{\"message\":\"m\"}\n".to_owned();
    let otlp = json!({ "resourceLogs": [{ "scopeLogs": [{ "logRecords": [
        { "body": { "stringValue": "m" } },
    ] }] }] });
    for (path, headers, body) in [
        ("/v1/logs", JSON, otlp.to_string()),
        ("/loki/api/v1/push", JSON, loki),
        ("/_bulk", LINES, bulk),
    ] {
        let answer = house.post(path, headers, body).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path}: {answer:?}");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0, "{path}");
    }
    assert_eq!(house.stored().await.len(), 1);
}
