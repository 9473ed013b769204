//! The durable queues of the local cloud: named queues in one SQLite file, with what AWS documents
//! for standard SQS queues (visibility, delay, retention, long polling, redrive), and the SQS
//! protocol over them. What a message says is left to those who send it.
//!
//! A message is stored before `send` returns and is gone only by `delete`, redrive or its retention,
//! so a process that is killed loses none: those in flight come back when their visibility ends.
//!
//! ```
//! use logmill_local_queue::{Queue, Settings};
//! use std::time::Duration;
//!
//! # async fn demo(file: std::path::PathBuf) -> Result<(), logmill_local_queue::Error> {
//! let queue = Queue::open(&file)?;
//! queue.create("parse", Settings::default()).await?;
//! queue.send("parse", "an event", Duration::ZERO).await?;
//! for message in queue.receive("parse", 10, Duration::from_secs(30)).await? {
//!     if message.body == "not yet" {
//!         queue.release("parse", &message.receipt, Duration::from_secs(5)).await?;
//!     } else {
//!         queue.delete("parse", &message.receipt).await?;
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! For the AWS SDKs, [`router`] answers the same queues over HTTP.

mod error;
mod message;
mod queues;
mod schema;
mod settings;
mod sqs;
mod store;

pub use error::{Error, ErrorKind};
pub use message::{Attribute, Message, NewMessage, Sent};
pub use settings::{Counts, Redrive, Settings};
pub use sqs::router;
pub use store::Queue;
