//! The event that a service sends, as JSON:
//!
//! | field | what | if absent |
//! |---|---|---|
//! | `message` | text, not empty | refused |
//! | `timestamp`, or `@timestamp` | RFC 3339 | `ts`, else when the broker took it |
//! | `ts` | milliseconds since 1970 | |
//! | `service` | text of at most 128 characters, the key in Kafka | `unknown` |
//! | `level` | a word of any logging library, or a number of pino and bunyan | `INFO` |
//! | `host` | text of at most 255 characters | |
//! | `trace_id`, `request_id` | text of at most 64 characters | |
//! | `id` | the event's own id, unique within its service, at most 255 characters | its place in Kafka |
//! | `client_ip`, `env`, `version` | text of at most 255 characters | |
//! | `labels` | an object of texts, numbers and booleans | |
//! | `payload` | an object of anything | |
//!
//! Whatever else it has is kept. `null` is the same as absent. An event has 1 MB at most, nests at
//! most 127 deep, and names no field twice, nor does anything in it: engines refuse that, for nobody
//! knows which is meant.

mod event;
mod fault;
mod value;

pub use event::{Event, MAX_BYTES, UNKNOWN_SERVICE};
pub use fault::{Fault, Faults};
pub use value::{Number, Object, Value};
