//! Requests as Lambda hands them on: every file of `events/ingest`.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::house::house;

async fn answered(name: &str) -> (Value, usize) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/ingest");
    let event = std::fs::read(folder.join(name)).unwrap();
    let house = house().await;
    let answer = house.ingest.answer_event(serde_json::from_slice(&event).unwrap()).await;
    (answer, house.stored().await.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_shape_of_event_does_what_the_list_says() {
    let list = include_str!("../../../../events/ingest/README.md");
    let mut seen = 0;
    for line in list.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let name = cells[1].trim_matches('`');
        let (status, events): (u64, usize) = (cells[3].parse().unwrap(), cells[4].parse().unwrap());
        let (answer, stored) = answered(name).await;
        assert_eq!(answer["statusCode"], status, "{name}: {answer}");
        assert_eq!(stored, events, "{name}");
        assert!(answer["isBase64Encoded"].is_boolean() && answer["headers"].is_object(), "{name}");
        seen += 1;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/ingest");
    let files = std::fs::read_dir(folder).unwrap();
    let files =
        files.filter(|file| file.as_ref().unwrap().path().extension() == Some("json".as_ref()));
    assert_eq!(files.count(), seen, "each file stands in the list");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_in_protobuf_comes_back_as_the_bytes_that_it_is() {
    // A log record without a body is not taken: `partial_success` says so, with its length.
    let record = b"\x0a\x06\x12\x04\x12\x02\x10\x09";
    let event = json!({
        "version": "2.0", "rawPath": "/v1/logs", "body": STANDARD.encode(record),
        "isBase64Encoded": true, "headers": { "content-type": "application/x-protobuf" },
        "requestContext": { "http": { "method": "POST" } },
    });
    let house = house().await;
    let answer = house.ingest.answer_event(event).await;
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let body = answer["body"].as_str().unwrap();
    let body = if answer["isBase64Encoded"] == true {
        STANDARD.decode(body).unwrap()
    } else {
        body.as_bytes().to_vec()
    };
    assert!(body.starts_with(b"\x0a") && body[2..].starts_with(b"\x08\x01\x12"), "{body:?}");
}
