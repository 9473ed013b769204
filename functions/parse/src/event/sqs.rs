//! Batches of SQS messages (Lambda developer guide, "Using Lambda with Amazon SQS").

use logmill_model::Timestamp;
use serde_json::Value;

use super::{number, text};

/// A message of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivered {
    /// Its id, `""` where it has none: with such an id Lambda delivers the whole batch again.
    pub id: String,
    /// Its text.
    pub body: String,
    /// The queue's ARN.
    pub queue: Option<String>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
}

/// The messages of an event, if it is a batch of SQS.
#[must_use]
pub fn messages(event: &Value) -> Option<Vec<Delivered>> {
    let records = event["Records"].as_array()?;
    let ours = |record: &Value| record["eventSource"] == "aws:sqs";
    (!records.is_empty() && records.iter().all(ours)).then(|| records.iter().map(read).collect())
}

fn read(record: &Value) -> Delivered {
    let sent = number(&record["attributes"], "SentTimestamp");
    Delivered {
        id: text(record, "messageId").unwrap_or_default().to_owned(),
        body: text(record, "body").unwrap_or_default().to_owned(),
        queue: text(record, "eventSourceARN").map(str::to_owned),
        sent_at: sent.and_then(|at| Timestamp::from_millisecond(at).ok()),
    }
}
