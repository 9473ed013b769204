//! What a message says: which objects came to be.
//!
//! An S3 notification (S3 user guide, "Event message structure", versions 2.x) as the body of an
//! SQS message. Keys are URL-decoded here: `+` is a space, then percent-encoding.

use logmill_model::Timestamp;
use serde::Deserialize;

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
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Objects, and how many records were about something else: deletions, restored objects.
    Puts(Vec<Put>, u64),
    /// `s3:TestEvent`, which S3 sends when a notification is set up.
    Test,
}

/// Why a message is none that can be used. It names what is wrong, for no retry will mend it.
#[derive(Debug, thiserror::Error)]
pub enum Malformed {
    /// No JSON.
    #[error("the message is no JSON: {0}")]
    NoJson(#[from] serde_json::Error),
    /// JSON of another kind.
    #[error("the message is no S3 notification: it has no Records")]
    NoRecords,
    /// A record without what names the object.
    #[error("record {at} of the S3 notification has no {what}")]
    Missing {
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
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "Event")]
    event: Option<String>,
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName", default)]
    name: String,
    #[serde(rename = "eventTime")]
    time: Option<String>,
    s3: Option<Entity>,
}

#[derive(Deserialize)]
struct Entity {
    bucket: Option<Bucket>,
    object: Option<Object>,
}

#[derive(Deserialize)]
struct Bucket {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Object {
    key: Option<String>,
    #[serde(rename = "eTag")]
    etag: Option<String>,
    sequencer: Option<String>,
}

/// Reads the body of a message.
///
/// # Errors
/// [`Malformed`]: the message belongs to the dead letters.
pub fn read(body: &str) -> Result<Message, Malformed> {
    let notification: Notification = serde_json::from_str(body)?;
    if notification.event.as_deref() == Some("s3:TestEvent") {
        return Ok(Message::Test);
    }
    let records = notification.records.ok_or(Malformed::NoRecords)?;
    let (mut puts, mut others) = (Vec::new(), 0);
    for (at, record) in records.into_iter().enumerate() {
        // Before version 2.1 names began with `s3:`.
        let name = record.name.strip_prefix("s3:").unwrap_or(&record.name);
        if name.starts_with("ObjectCreated:") {
            puts.push(put(at, record)?);
        } else {
            others += 1;
        }
    }
    Ok(Message::Puts(puts, others))
}

fn put(at: usize, record: Record) -> Result<Put, Malformed> {
    let missing = |what| Malformed::Missing { at, what };
    let entity = record.s3.ok_or_else(|| missing("s3"))?;
    let bucket = entity.bucket.and_then(|bucket| bucket.name);
    let bucket = bucket.ok_or_else(|| missing("s3.bucket.name"))?;
    let object = entity.object.ok_or_else(|| missing("s3.object"))?;
    let encoded = object.key.ok_or_else(|| missing("s3.object.key"))?;
    let key = decode(&encoded).ok_or(Malformed::Key { at, key: encoded })?;
    Ok(Put {
        bucket,
        key,
        etag: object.etag.map(|etag| etag.trim_matches('"').to_owned()),
        sequencer: object.sequencer,
        at: record.time.and_then(|time| time.parse().ok()),
    })
}

/// A key as S3 encodes it in events; none if it is no encoding of UTF-8 text, or empty.
fn decode(encoded: &str) -> Option<String> {
    let spaced = encoded.replace('+', " ");
    let bytes = spaced.as_bytes();
    let broken = bytes.iter().enumerate().any(|(at, &byte)| {
        let hex = bytes.get(at + 1..at + 3);
        byte == b'%' && !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?;
    (!broken && !decoded.is_empty()).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(key: &str) -> String {
        format!(
            r#"{{"Records":[{{"eventName":"ObjectCreated:Put","eventTime":"2026-03-04T10:15:22.000Z",
            "s3":{{"bucket":{{"name":"deployment-logs"}},"object":{{"key":"{key}","eTag":"abc","sequencer":"0055"}}}}}},
            {{"eventName":"ObjectRemoved:Delete"}}]}}"#
        )
    }

    #[test]
    fn a_log_with_an_odd_key_is_found() {
        let Ok(Message::Puts(puts, others)) = read(&notification("a+b%2Bc%25/%C3%A4.log")) else {
            panic!("no puts")
        };
        assert_eq!((puts[0].key.as_str(), others), ("a b+c%/ä.log", 1));
        assert_eq!(puts[0].sequencer.as_deref(), Some("0055"));
    }

    #[test]
    fn what_is_no_event_is_told_with_the_reason() {
        for (body, reason) in [
            ("no json", "no JSON"),
            ("{\"a\":1}", "no Records"),
            ("{\"Records\":[{\"eventName\":\"ObjectCreated:Put\"}]}", "record 0"),
            (&notification("a%zz"), "cannot be URL-decoded"),
            (&notification("%ff"), "cannot be URL-decoded"),
        ] {
            let error = read(body).expect_err(body).to_string();
            assert!(error.contains(reason), "{error}");
        }
        assert_eq!(
            read(r#"{"Service":"Amazon S3","Event":"s3:TestEvent"}"#).unwrap(),
            Message::Test
        );
    }
}
