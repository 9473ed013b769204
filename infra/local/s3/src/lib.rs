//! S3 of the local cloud: the protocol is `s3s`, the storage is our own, content files beside one
//! SQLite table, for what a file system alone cannot give: every legal key, atomic conditions, and
//! an event row in the same transaction as the change.
//!
//! An answered write is on the disk, together with its [`Event`]; whoever plays the bucket's
//! notifications reads the events in order and acknowledges them once they are safe elsewhere, so
//! that a process killed at any moment loses none (one may come twice).
//!
//! ```
//! use logmill_local_s3::{LocalS3, Options};
//!
//! # async fn demo(data: std::path::PathBuf) -> Result<(), logmill_local_s3::Error> {
//! let s3 = LocalS3::open(&data, Options::default())?;
//! s3.create_bucket("deployment-logs").await?;
//! let app = s3.router(); // served by axum, or by `LocalS3::serve`
//! let mut notify = s3.notify();
//! loop {
//!     let events = s3.next_events(100).await?;
//!     if let Some(last) = events.last() {
//!         // enqueue them, then
//!         s3.acknowledge(last.sequence).await?;
//!     } else if notify.changed().await.is_err() {
//!         return Ok(());
//!     }
//! }
//! # }
//! ```
//!
//! Requests must be signed (SigV4, also presigned) with a key pair of [`Options`]; any region goes.
//! Buckets are addressed in the path, which SDKs do by themselves where the endpoint is an IP address.
//! Not served: versioning, policies, encryption, tags, lifecycle, buckets as host names.

mod attributes;
mod content;
mod error;
mod event;
mod server;
mod service;
mod store;

pub use error::{Error, ErrorKind};
pub use event::{Event, EventKind};
pub use server::{KeyPair, LocalS3, Options};
