//! The function before the local Kafka: what senders are answered, and what is in the topic then.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, its helpers too"
)]

mod hostile;
mod house;
mod lambda;
mod memory;
mod native;
mod protobuf;
mod senders;
mod shapes;
