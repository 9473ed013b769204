//! What the suites on dynoxide and on DynamoDB Local share.

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

pub(crate) async fn client(endpoint: &str) -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .endpoint_url(endpoint)
        .load()
        .await;
    Client::new(&config)
}

/// Tables of a test's own.
pub(crate) fn prefix() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("test-{}-{}-", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

pub(crate) async fn make(endpoint: &str) -> Dynamo {
    let store = Dynamo::new(client(endpoint).await, &prefix());
    store.migrate().await.unwrap();
    store
}

pub(crate) async fn without_tables(endpoint: &str) {
    let store = Dynamo::new(client(endpoint).await, &prefix());
    let error = store.load("key", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotMigrated);
    assert!(error.to_string().contains("logmill migrate"), "{error}");
    assert!(error.to_string().contains(store.table()), "{error}");
    assert!(!error.is_retryable());
}

pub(crate) async fn table_of_somebody_else(endpoint: &str) {
    let client = client(endpoint).await;
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
