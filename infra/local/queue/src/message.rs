//! What travels through a queue.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A message to be sent.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct NewMessage {
    /// The text, 1 byte to 1 MiB by the protocol; [`crate::Queue`] itself sets no bound.
    pub body: String,
    /// How long it stays hidden at first; `None` means as the queue's settings say.
    pub delay: Option<Duration>,
    /// The sender's attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
}

/// An attribute of a message, as SQS defines them: a type name such as `String`, `Number` or
/// `Binary`, and one of the values (the binary one in base64, as the protocol carries it).
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Attribute {
    /// `String`, `Number` or `Binary`, perhaps with a label after a dot.
    pub data_type: String,
    /// The value of a `String` or a `Number`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub string_value: Option<String>,
    /// The value of a `Binary`, in base64.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub binary_value: Option<String>,
}

/// What the queue says of a message it has stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Sent {
    /// The message's id, unique in the file and growing.
    pub id: i64,
}

/// A message that was received and is now hidden from others until its visibility ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// The message's id, unique in the file; it stays the same however often it is received.
    pub id: i64,
    /// What [`crate::Queue::delete`] and [`crate::Queue::release`] want; each receive gives a new
    /// one and makes the older ones void.
    pub receipt: String,
    /// The text.
    pub body: String,
    /// The sender's attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// How often it has been received, this time included: 1 or more.
    pub receives: u32,
    /// When it was sent, in milliseconds since 1970.
    pub sent_ms: i64,
    /// When it was received for the first time, in milliseconds since 1970.
    pub first_received_ms: i64,
}
