//! The cases that any OpenSearch endpoint must pass, against OpenSearch itself.

use logmill_documents::conformance;

#[tokio::test]
async fn what_the_local_cloud_shows_users_is_what_opensearch_shows_them() {
    let outcomes = conformance::run(&crate::opensearch(), "conformance").await.unwrap();
    let faults: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| Some(format!("{}: {}", outcome.name, outcome.fault.as_ref()?)))
        .collect();
    assert!(outcomes.len() >= 36, "only {} cases", outcomes.len());
    assert!(
        faults.is_empty(),
        "{} of {} cases:\n{}",
        faults.len(),
        outcomes.len(),
        faults.join("\n")
    );
}
