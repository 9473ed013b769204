//! The cases that any OpenSearch endpoint must pass, against OpenSearch itself.

use logmill_documents::conformance;

#[tokio::test]
async fn what_the_local_cloud_shows_users_is_what_opensearch_shows_them() {
    let outcomes = conformance::run(&crate::opensearch(), "conformance").await.unwrap();
    assert!(outcomes.len() >= 36, "only {} cases", outcomes.len());
    let faults = conformance::faults(&outcomes);
    assert!(faults.is_none(), "{}", faults.unwrap_or_default());
}
