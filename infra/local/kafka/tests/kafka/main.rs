//! The local Kafka by the clients that users have.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../suite/mod.rs"]
mod suite;

mod hostile;
mod kept;
mod killed;
mod mapped;

use std::time::Duration;

use logmill_local_kafka::{LocalKafka, Options};
use tempfile::TempDir;

/// A broker of a test.
pub(crate) struct Broker {
    pub(crate) address: String,
    pub(crate) kafka: LocalKafka,
    _folder: TempDir,
}

pub(crate) async fn broker(options: Options) -> Broker {
    let folder = tempfile::tempdir().unwrap();
    let kafka = LocalKafka::open(folder.path().join("kafka.sqlite"), options).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let serving = kafka.clone();
    tokio::spawn(async move { serving.serve(listener, std::future::pending()).await });
    Broker { address, kafka, _folder: folder }
}

pub(crate) fn strict() -> Options {
    Options { creates_topics: false, sweep: Duration::from_secs(3_600), ..Options::default() }
}

mod conformance {
    use super::{broker, strict};

    crate::suite::conformance!(broker(strict()));
}
