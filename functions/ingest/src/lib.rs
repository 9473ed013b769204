//! The function that takes the events of services by HTTP and publishes them to Kafka.
//!
//! | request | takes | answers |
//! |---|---|---|
//! | `POST /logs` | events as [`logmill_event`] has them: one, an array, or lines | 202 with how many |
//! | `POST /v1/logs` | OTLP, protobuf or JSON | 200, with what was not taken |
//! | `POST /loki/api/v1/push` | Loki's push, protobuf or JSON | 204 |
//! | `POST /_bulk`, `/{index}/_bulk` | Elasticsearch's bulk requests | 200, with each item's status |
//! | `GET /healthz` | | `ok` as long as the process answers |
//! | `GET /readyz` | | `ok` if Kafka answers and has the topic, else 503 |
//!
//! An event is taken when all of Kafka's replicas in sync have it. Whatever is not taken is answered
//! so that the sender keeps it: 429 if more comes than Kafka takes, 503 if Kafka is away. Memory is
//! bounded: bodies under way by [`MEMORY`], events on their way by the producer's queue.
//!
//! There is no server here: [`Ingest::answer`] turns a request into an answer.

#![recursion_limit = "256"]

mod answer;
mod batch;
mod body;
mod budget;
mod bulk;
mod content;
mod draft;
mod entry;
mod key;
mod lambda;
mod loki;
mod native;
mod otlp;
mod publish;
mod rate;
mod route;
mod senders;
mod wire;

pub use batch::{MAX_EVENT_BYTES, MAX_EVENTS};
pub use publish::producer_settings;
pub use route::{Ingest, MEMORY, Reach};
