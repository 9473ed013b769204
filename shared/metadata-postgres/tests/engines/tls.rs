//! Postgres behind TLS, and what is said where nobody knows its certificate.

use logmill_given::engine;
use logmill_metadata::{ErrorKind, Store as _};
use logmill_runtime::retry::Retryable as _;

use crate::{prefix, store};

/// The server's address with these parameters.
fn address(parameters: &str) -> String {
    format!("{}?{parameters}", engine("LOGMILL_ENGINE_POSTGRES_SECURE"))
}

fn authority() -> String {
    engine("LOGMILL_ENGINE_POSTGRES_CA")
}

#[tokio::test]
async fn a_server_whose_certificate_and_name_are_right_is_logged_in_to() {
    let url = address(&format!("sslmode=verify-full&sslrootcert={}", authority()));
    let store = store(&url, &prefix());
    store.migrate().await.unwrap();
    assert!(store.plan().await.unwrap().is_empty());
    assert!(store.load("key", None).await.unwrap().deployment.is_none());
}

#[tokio::test]
async fn a_server_that_an_unknown_authority_vouches_for_is_told_nothing() {
    let error = store(&address("sslmode=verify-full"), &prefix()).plan().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    assert!(error.to_string().contains("sslrootcert=/path/ca.pem"), "{error}");
    assert!(!error.is_retryable());
}
