//! The documents' client against this server: the cases that any OpenSearch endpoint must pass.

use logmill_documents::{Endpoint, conformance};

use crate::client::Server;

#[test]
fn the_documents_client_finds_what_it_finds_in_opensearch() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let endpoint = Endpoint::new(format!("http://{}", server.address()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let outcomes = runtime.block_on(conformance::run(&endpoint, "conformance")).unwrap();
    assert!(outcomes.len() >= 20, "only {} cases", outcomes.len());
    let faults = conformance::faults(&outcomes);
    assert!(faults.is_none(), "{}", faults.unwrap_or_default());
}
