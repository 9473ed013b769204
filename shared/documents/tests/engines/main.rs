//! Documents in the real OpenSearch.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

mod conformance;
mod faults;
mod secure;

use logmill_documents::Endpoint;
use logmill_given::engine;

/// OpenSearch without security.
fn opensearch() -> Endpoint {
    Endpoint::new(engine("LOGMILL_ENGINE_OPENSEARCH"))
}
