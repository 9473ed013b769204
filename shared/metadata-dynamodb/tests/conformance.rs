//! The suite on dynoxide, over HTTP, with the rows in a file: what `logmill up` serves. With
//! `AWS_ENDPOINT_URL_DYNAMODB` set, on whatever listens there; its tables stay.

#![expect(clippy::unwrap_used, reason = "a test, which fails by panicking")]

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_config::BehaviorVersion;
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use logmill_metadata::{ErrorKind, Store};
use logmill_metadata_dynamodb::Dynamo;
use logmill_runtime::retry::Retryable;

/// The address of the one server of this process, on a thread and a runtime of its own, because
/// each test has a runtime that ends with it.
fn endpoint() -> &'static str {
    static ENDPOINT: OnceLock<String> = OnceLock::new();
    ENDPOINT.get_or_init(|| {
        if let Ok(real) = std::env::var("AWS_ENDPOINT_URL_DYNAMODB") {
            return real;
        }
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

async fn client(endpoint: &str) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .load()
        .await;
    Client::new(&config)
}

fn prefix() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}-", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

async fn make() -> Dynamo {
    let store = Dynamo::new(client(endpoint()).await, &prefix());
    store.migrate().await.unwrap();
    store
}

logmill_metadata::conformance_tests!(make);

#[tokio::test]
async fn without_tables_the_message_says_which_command_makes_them() {
    let store = Dynamo::new(client(endpoint()).await, &prefix());
    let error = store.load("key", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotMigrated);
    assert!(error.to_string().contains("logmill migrate"), "{error}");
    assert!(error.to_string().contains(store.table()), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_table_of_somebody_else_is_left_alone() {
    let client = client(endpoint()).await;
    let store = Dynamo::new(client.clone(), &prefix());
    let (name, key) = ("id", KeyType::Hash);
    client
        .create_table()
        .table_name(store.table())
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(key).build().unwrap())
        .attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .unwrap(),
        )
        .send()
        .await
        .unwrap();
    let error = store.migrate().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongShape);
    let message = error.to_string();
    assert!(
        message.contains("(id, none)") && message.contains("LOGMILL_TABLE_PREFIX"),
        "{message}"
    );
}

#[tokio::test]
async fn an_engine_that_is_down_is_worth_another_try() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let store = Dynamo::new(client(&format!("http://127.0.0.1:{port}")).await, "");
    let error = store.load("key", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    assert!(error.is_retryable());
}
