//! The suite on a real Kafka.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../suite/mod.rs"]
mod suite;

struct Broker {
    address: String,
}

async fn broker() -> Broker {
    Broker { address: logmill_given::engine("LOGMILL_ENGINE_KAFKA") }
}

mod kafka {
    use super::broker;

    crate::suite::conformance!(broker());
}
