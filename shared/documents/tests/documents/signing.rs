//! Signed and compressed requests, as a server sees them.

use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use logmill_documents::{BulkLimits, Documents, Endpoint, Names, Signing};
use logmill_runtime::retry::Deadline;
use serde_json::json;

use crate::faults::{origin, record};

type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// A server that takes everything and keeps what it was sent.
async fn server() -> (String, Seen) {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    let router = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
        kept.lock().unwrap().push((headers, body));
        async { json!({ "errors": false, "items": [{ "index": { "status": 201 } }] }).to_string() }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

async fn write(endpoint: &Endpoint) {
    let documents = Documents::connect(endpoint, Names::default()).unwrap();
    let mut writer = documents.writer(BulkLimits::default());
    let mut long = record(1);
    long.message = "a line of a log ".repeat(200);
    writer.record(&origin("g1"), &long).unwrap();
    let deadline = Deadline::after(Duration::from_secs(20));
    assert_eq!(documents.write(writer.take(), deadline).await.unwrap().written, 1);
}

#[tokio::test]
async fn requests_to_aws_are_signed_for_the_service_that_is_named() {
    for service in ["es", "aoss"] {
        let (url, seen) = server().await;
        let keys = Credentials::new("AKID", "secret", Some("session".into()), None, "test");
        let credentials = SharedCredentialsProvider::new(keys);
        let signing = Signing { service, region: "eu-central-1".into(), credentials };
        write(&Endpoint { signing: Some(signing), ..Endpoint::new(url) }).await;
        let (headers, _) = seen.lock().unwrap()[0].clone();
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let signature = header("authorization");
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=AKID/"), "{signature}");
        assert!(
            signature.contains(&format!("/eu-central-1/{service}/aws4_request")),
            "{signature}"
        );
        assert_eq!(header("x-amz-security-token"), "session");
        assert_eq!(header("x-amz-content-sha256").len(), 64);
    }
}

#[tokio::test]
async fn bodies_are_compressed_unless_the_engine_is_on_this_machine() {
    let (url, seen) = server().await;
    write(&Endpoint::new(url.as_str())).await;
    write(&Endpoint { compress: Some(true), ..Endpoint::new(url) }).await;
    let seen = seen.lock().unwrap();
    let [(plain, text), (zipped, bytes)] = seen.as_slice() else { panic!("two requests") };
    assert!(!plain.contains_key("content-encoding"));
    assert_eq!(zipped["content-encoding"], "gzip");
    assert!(bytes.len() < text.len() / 4);
    let mut unzipped = Vec::new();
    flate2::read::GzDecoder::new(bytes.as_ref()).read_to_end(&mut unzipped).unwrap();
    assert_eq!(unzipped, text.as_ref());
}

#[test]
fn a_user_and_a_signature_exclude_each_other() {
    let keys = Credentials::new("AKID", "secret", None, None, "test");
    let credentials = SharedCredentialsProvider::new(keys);
    let signing = Signing { service: "es", region: "eu-central-1".into(), credentials };
    let endpoint =
        Endpoint { signing: Some(signing), ..Endpoint::new("https://me:pw@search.example") };
    let error = Documents::connect(&endpoint, Names::default()).unwrap_err().to_string();
    assert!(error.contains("give one of them") && !error.contains("pw"), "{error}");
}
