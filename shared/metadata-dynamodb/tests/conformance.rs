//! The suite on dynoxide, over HTTP, with the rows in a file: what `logmill up` serves.

#![expect(clippy::unwrap_used, reason = "a test, which fails by panicking")]

mod support;

use std::sync::OnceLock;

use logmill_metadata::{ErrorKind, Store as _};
use logmill_metadata_dynamodb::Dynamo;
use logmill_runtime::retry::Retryable as _;

/// The address of the one server of this process, on a thread and a runtime of its own, because
/// each test has a runtime that ends with it.
fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("dynamodb.sqlite");
                let database = dynoxide::Database::new(file.to_str().unwrap()).unwrap();
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(format!("http://{}", listener.local_addr().unwrap())).unwrap();
                dynoxide::server::serve_on(listener, database).await;
            });
        });
        told.recv().unwrap()
    })
}

async fn make() -> Dynamo {
    support::make(endpoint()).await
}

logmill_metadata::conformance_tests!(make);

#[tokio::test]
async fn without_tables_the_message_says_which_command_makes_them() {
    support::without_tables(endpoint()).await;
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    support::table_of_somebody_else(endpoint()).await;
}

#[tokio::test]
async fn an_engine_that_is_down_is_worth_another_try() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = Dynamo::new(support::client(&format!("http://127.0.0.1:{port}")).await, "");
    let error = store.load("key", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_retryable());
}
