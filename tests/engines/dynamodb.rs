//! The chain with DynamoDB Local as the metadata store.

use logmill_metadata::Store as _;
use logmill_metadata_dynamodb::Dynamo;

use crate::chain;
use crate::cloud::config;

/// A store with tables of its own.
async fn store(name: &str) -> Dynamo {
    let url = crate::engine("LOGMILL_ENGINE_DYNAMODB");
    let store = Dynamo::connect(&config(&url), &format!("{name}-"));
    store.migrate().await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_an_s3_client_puts_are_found_as_the_local_cloud_finds_them() {
    chain::examples_become_the_same_documents("dynamodb-examples", store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_comes_twice_and_then_anew_is_there_once() {
    chain::versions_are_one_set_of_documents("dynamodb-versions", store).await;
}
