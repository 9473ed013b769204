//! Documents in the real OpenSearch.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, its helpers too")]

mod conformance;
mod faults;
mod secure;

use logmill_documents::Endpoint;

/// What a variable of `cargo engines test` says.
fn engine(variable: &str) -> String {
    std::env::var(variable).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| {
        panic!(
            "{variable} is not set: `cargo engines up` starts the engines and `cargo engines test` \
             runs this test against them"
        )
    })
}

/// OpenSearch without security.
fn opensearch() -> Endpoint {
    Endpoint::new(engine("LOGMILL_ENGINE_OPENSEARCH"))
}
