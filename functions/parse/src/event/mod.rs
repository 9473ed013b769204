//! What an event says: which objects came to be, or which deployment to look at.
//!
//! A message is one text that tells of objects: an S3 notification, an EventBridge event of S3, or
//! one of the two in SNS' envelope; or a processing event, which names a deployment ([`Lookup`]). It
//! reaches the function by itself, as the body of an SQS message ([`sqs`]), or, a processing event,
//! as the value of a Kafka record ([`kafka`]). Every record of a message is a unit of its own: one
//! that cannot be used does not keep the others from being read.

mod bridge;
pub mod kafka;
mod lookup;
mod s3;
pub mod sqs;

use logmill_model::Timestamp;
use serde_json::Value;

pub use lookup::{Lookup, Origin};
pub use s3::notification;

/// An object that was put.
#[derive(Clone, Debug, PartialEq)]
pub struct Put {
    /// Its bucket.
    pub bucket: String,
    /// Its key, decoded.
    pub key: String,
    /// The version's `ETag`, without quotes; none where the event does not say.
    pub etag: Option<String>,
    /// The version's sequencer.
    pub sequencer: Option<String>,
    /// When S3 made the event.
    pub at: Option<Timestamp>,
}

/// What a message holds.
#[derive(Debug)]
pub enum Message {
    /// Records about objects, in their order.
    Objects(Vec<Record>),
    /// A deployment whose objects are to be looked up.
    Lookup(Lookup),
    /// `s3:TestEvent`, which S3 sends when a notification is set up.
    Test,
}

/// One record of a message.
#[derive(Debug)]
pub enum Record {
    /// An object was put.
    Put(Put),
    /// Something else happened: an object was deleted, restored, tagged.
    Other,
    /// The record cannot be used.
    Malformed {
        /// Why.
        why: Malformed,
        /// A message with nothing but this record.
        message: String,
        /// When it came to be, if it says so.
        at: Option<Timestamp>,
    },
}

/// Why a message or a record is none that can be used. It names what is wrong, for no retry will
/// mend it.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// Nothing at all.
    #[error("the message is empty")]
    Empty,
    /// No JSON.
    #[error("the message is no JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// JSON of another kind.
    #[error(
        "the message is no event that is known here: no S3 notification (it has no Records), no \
         EventBridge event (no detail-type), no processing event (no deployment_key)"
    )]
    Unknown,
    /// SNS' envelope without a text.
    #[error("the message is an SNS notification without a text in Message")]
    Envelope,
    /// A record without what names the object.
    #[error("record {at} of the {kind} has no {what}")]
    Missing {
        /// What kind of event.
        kind: &'static str,
        /// Which record, from 0.
        at: usize,
        /// What is missing.
        what: &'static str,
    },
    /// A key whose encoding is broken.
    #[error("the key {key:?} in record {at} of the S3 notification cannot be URL-decoded")]
    Key {
        /// Which record, from 0.
        at: usize,
        /// The key as it stands there.
        key: String,
    },
    /// A processing event that names no deployment.
    #[error("the processing event has no deployment_key that can be one: {0}")]
    Deployment(String),
    /// A Kafka record whose value is no base64.
    #[error("the value of the Kafka record is no base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// What stands in a Kafka batch in the place of a record.
    #[error("the Kafka batch holds something that is no record with a value in base64")]
    NoRecord,
}

/// Reads a message from its text.
///
/// # Errors
/// [`Malformed`]: the message belongs to the dead letters.
pub fn read(text: &str) -> Result<Message, Malformed> {
    if text.trim().is_empty() {
        return Err(Malformed::Empty);
    }
    read_value(&serde_json::from_str(text)?)
}

/// The same from JSON that was parsed.
///
/// # Errors
/// As [`read`].
pub fn read_value(message: &Value) -> Result<Message, Malformed> {
    // SNS' envelope, as it comes without raw delivery (SNS developer guide, "JSON format").
    if message["Type"] == "Notification" && message["TopicArn"].is_string() {
        let text = message["Message"].as_str().ok_or(Malformed::Envelope)?;
        return read_plain(&serde_json::from_str(text)?);
    }
    read_plain(message)
}

fn read_plain(message: &Value) -> Result<Message, Malformed> {
    if message["Event"] == "s3:TestEvent" {
        Ok(Message::Test)
    } else if let Some(records) = message["Records"].as_array() {
        Ok(Message::Objects(s3::records(records)))
    } else if message["detail-type"].is_string() {
        Ok(Message::Objects(vec![bridge::record(message)]))
    } else if message.get("deployment_key").is_some() {
        Lookup::read(message).map(Message::Lookup)
    } else {
        Err(Malformed::Unknown)
    }
}

/// The text of a field, unless it is empty.
fn text<'a>(of: &'a Value, field: &str) -> Option<&'a str> {
    of[field].as_str().filter(|text| !text.is_empty())
}

/// A number that may stand there as text.
fn number(of: &Value, field: &str) -> Option<i64> {
    let value = &of[field];
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn time(of: &Value, field: &str) -> Option<Timestamp> {
    text(of, field)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put_of(text: &str) -> Put {
        match read(text) {
            Ok(Message::Objects(records)) => match records.into_iter().next() {
                Some(Record::Put(put)) => put,
                other => panic!("no object: {other:?}"),
            },
            other => panic!("no objects: {other:?}"),
        }
    }

    #[test]
    fn a_log_is_found_through_every_envelope() {
        let put = Put {
            bucket: "deployment-logs".to_owned(),
            key: "a b+c%/ä.log".to_owned(),
            etag: Some("abc".to_owned()),
            sequencer: Some("0055".to_owned()),
            at: "2026-03-04T10:15:22.5Z".parse().ok(),
        };
        let plain = notification(&put);
        assert_eq!(put_of(&plain), put);
        let envelope = serde_json::json!({
            "Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:123456789012:logs", "Message": plain
        });
        assert_eq!(put_of(&envelope.to_string()), put);
        let bridge = serde_json::json!({
            "detail-type": "Object Created", "source": "aws.s3", "time": "2026-03-04T10:15:22.5Z",
            "detail": {
                "bucket": { "name": "deployment-logs" },
                "object": { "key": "a b+c%/ä.log", "etag": "abc", "sequencer": "0055" },
            },
        });
        assert_eq!(put_of(&bridge.to_string()), put, "EventBridge does not encode keys");
    }

    #[test]
    fn what_is_no_event_is_told_with_the_reason() {
        for (body, reason) in [
            ("", "empty"),
            ("no json", "no JSON"),
            ("null", "no event that is known"),
            ("[1]", "no event that is known"),
            ("{\"a\":1}", "no Records"),
            ("{\"Type\":\"Notification\",\"TopicArn\":\"t\"}", "SNS"),
            ("{\"Type\":\"Notification\",\"TopicArn\":\"t\",\"Message\":\"hello\"}", "no JSON"),
            ("{\"deployment_key\":\"\"}", "deployment_key"),
            ("{\"deployment_key\":7}", "deployment_key"),
        ] {
            let error = read(body).expect_err(body).to_string();
            assert!(error.contains(reason), "{body}: {error}");
        }
        let test = r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#;
        assert!(matches!(read(test), Ok(Message::Test)));
    }
}
