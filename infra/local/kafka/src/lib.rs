//! Kafka of the local cloud: what producers, readers and consumer groups of one member use of the
//! protocol, over a log in one SQLite file. Batches are kept as their producers made them, compressed
//! or not; they are on the disk before they are acknowledged, with the sequences of idempotent
//! producers, so a process that is killed loses none and stores none twice.
//!
//! Not served, and refused by the protocol's own errors: transactions, a second member of a group,
//! compaction, replicas, authentication.
//!
//! ```no_run
//! use logmill_local_kafka::{LocalKafka, Options, TopicSettings};
//!
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let kafka = LocalKafka::open("kafka.sqlite", Options::default())?;
//! kafka.create_topic("app-logs", TopicSettings { partitions: 4, ..Default::default() }).await?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:9092").await?;
//! kafka.serve(listener, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

mod batch;
mod connection;
mod error;
mod event;
mod groups;
mod log;
mod mapping;
mod protocol;
mod records;
mod retention;
mod schema;
mod sequence;
mod server;
mod topics;
mod writer;

pub use error::Error;
pub use mapping::{Function, Mapping, map};
pub use records::Record;
pub use server::{LocalKafka, Options};
pub use topics::TopicSettings;
