//! The event of Lambda's Kafka mappings (Lambda developer guide, "Using Lambda with Amazon MSK" and
//! "with self-managed Apache Kafka"), and the answer that names what is to be delivered again
//! ("Configuring error handling controls for Kafka event sources", partial batch response).
//!
//! A [`Batch`] lends its texts from the event; what stands there in base64 is decoded while it is
//! read. What is no record is kept whole as [`Malformed`], and keeps no other from being read.

mod answer;
mod batch;
mod record;

pub use answer::Answer;
pub use batch::{Batch, Item, Malformed, NotKafka};
pub use record::{Header, Record, TimestampType, event_json, record_json};
