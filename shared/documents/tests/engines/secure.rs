//! OpenSearch with security: what users are told of certificates and passwords.

use std::time::Duration;

use logmill_documents::{Documents, Endpoint, ErrorKind, Names};
use logmill_runtime::retry::{Backoff, Deadline, Retryable};

use crate::engine;

async fn ask(
    user: &str,
    password: &str,
    ca_pem: Option<Vec<u8>>,
) -> Result<String, (ErrorKind, String)> {
    let address = engine("LOGMILL_ENGINE_OPENSEARCH_SECURE");
    let host = address.strip_prefix("https://").unwrap();
    let url = format!("https://{user}:{password}@{host}");
    let endpoint = Endpoint { ca_pem, ..Endpoint::new(url) };
    let quick = Backoff { attempts: 2, ..Backoff::default() };
    let documents = Documents::connect(&endpoint, Names::default()).unwrap().with_backoff(quick);
    let server = documents.server(Deadline::after(Duration::from_secs(30))).await;
    server.map(|server| server.to_string()).map_err(|error| {
        assert!(!error.is_retryable(), "no later try can help: {error}");
        (error.kind(), error.to_string())
    })
}

fn ca() -> Option<Vec<u8>> {
    Some(std::fs::read(engine("LOGMILL_ENGINE_OPENSEARCH_CA")).unwrap())
}

fn user() -> (String, String) {
    (engine("LOGMILL_ENGINE_OPENSEARCH_USER"), engine("LOGMILL_ENGINE_OPENSEARCH_PASSWORD"))
}

#[tokio::test]
async fn a_secure_engine_answers_whoever_knows_its_certificate_and_password() {
    let (user, password) = user();
    let server = ask(&user, &password, ca()).await.unwrap();
    assert!(server.starts_with("OpenSearch "), "{server}");
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such() {
    let (user, _) = user();
    let (kind, text) = ask(&user, "not-the-password", ca()).await.unwrap_err();
    assert_eq!(kind, ErrorKind::Denied);
    assert!(text.contains("check the user in OPENSEARCH_URL"), "{text}");
    assert!(!text.contains("not-the-password"), "{text}");
}

#[tokio::test]
async fn an_unknown_certificate_is_told_with_the_setting_that_mends_it() {
    let (user, password) = user();
    let (kind, text) = ask(&user, &password, None).await.unwrap_err();
    assert_eq!(kind, ErrorKind::Certificate);
    assert!(text.contains("OPENSEARCH_CA_FILE"), "{text}");
}
