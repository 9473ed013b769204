//! Kafka, for functions that write to it: a [`Producer`] whose messages are acknowledged by all
//! replicas before anyone is told that they are sent, and [`Topics`]. On librdkafka.
//!
//! ```no_run
//! use logmill_bus::{Connection, Message, Producer, ProducerSettings};
//!
//! # async fn demo() -> Result<(), logmill_bus::Error> {
//! let connection = Connection::to("127.0.0.1:9092");
//! let producer = Producer::connect(&connection, &ProducerSettings::default())?;
//! let message = Message::new("app-logs", br#"{"message":"hello"}"#).with_key(b"shop");
//! let place = producer.publish(&message).await?;
//! println!("it is in partition {} at {}", place.partition, place.offset);
//! # Ok(())
//! # }
//! ```

mod configured;
mod connection;
mod context;
mod error;
mod iam;
mod producer;
mod topics;

pub use connection::{Connection, Mechanism, Password, Sasl};
pub use error::{Error, ErrorKind};
pub use producer::{Compression, Message, Place, Producer, ProducerSettings};
pub use topics::{Topic, Topics};
