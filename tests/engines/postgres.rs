//! The chain with PostgreSQL as the metadata store.

use logmill_metadata::Store as _;
use logmill_metadata_postgres::{CONNECTIONS, Connect, Postgres};

use crate::chain;

/// A store with tables of its own.
async fn store(name: &str) -> Postgres {
    let url = &crate::engine("LOGMILL_ENGINE_POSTGRES");
    let prefix = &format!("{name}-");
    let connect = Connect { url, prefix, connections: CONNECTIONS, iam: None };
    let store = Postgres::connect(&connect).unwrap();
    store.migrate().await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_that_an_s3_client_puts_are_found_as_the_local_cloud_finds_them() {
    chain::examples_become_the_same_documents("postgres-examples", store).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_comes_twice_and_then_anew_is_there_once() {
    chain::versions_are_one_set_of_documents("postgres-versions", store).await;
}
