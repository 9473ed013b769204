//! The queues, from within the process and through the AWS SDK for Rust.

#![expect(clippy::unwrap_used, reason = "a failed step fails its test")]

mod core;
mod sdk;

use logmill_local_queue::{Message, Queue};
use std::time::{Duration, Instant};

/// Longer than any message here stays hidden.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Receives until a message comes, within ten seconds.
pub(crate) async fn receive_one(queue: &Queue, name: &str) -> Message {
    let wait = Duration::from_secs(10);
    let mut got = queue.receive_wait(name, 1, Some(LONG), wait).await.unwrap();
    assert_eq!(got.len(), 1, "no message came to {name}");
    got.remove(0)
}

/// How long something took.
pub(crate) async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let start = Instant::now();
    (work.await, start.elapsed())
}
