//! S3's own notifications (S3 user guide, "Event message structure", versions 2.x). Keys are
//! URL-encoded in them: `+` is a space, then percent-encoding.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Malformed, Put, Record, text, time};

/// What stays as it is in a key that S3 encodes; a space becomes `+`.
const KEPT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// The records of a notification, each by itself.
pub(super) fn records(records: &[Value]) -> Vec<Record> {
    let read = |(at, record)| match read(at, record) {
        Ok(Some(put)) => Record::Put(put),
        Ok(None) => Record::Other,
        Err(why) => Record::Malformed {
            why,
            message: json!({ "Records": [record] }).to_string(),
            at: time(record, "eventTime"),
        },
    };
    records.iter().enumerate().map(read).collect()
}

/// The object that a record is about; none if it did not come to be.
fn read(at: usize, record: &Value) -> Result<Option<Put>, Malformed> {
    let missing = |what| Malformed::Missing { kind: "S3 notification", at, what };
    let name = text(record, "eventName").ok_or_else(|| missing("eventName"))?;
    // Before version 2.1 names began with `s3:`.
    if !name.strip_prefix("s3:").unwrap_or(name).starts_with("ObjectCreated:") {
        return Ok(None);
    }
    let (bucket, object) = (&record["s3"]["bucket"], &record["s3"]["object"]);
    let bucket = text(bucket, "name").ok_or_else(|| missing("s3.bucket.name"))?;
    let encoded = text(object, "key").ok_or_else(|| missing("s3.object.key"))?;
    let key = decode(encoded).ok_or_else(|| Malformed::Key { at, key: encoded.to_owned() })?;
    Ok(Some(Put {
        bucket: bucket.to_owned(),
        key,
        etag: text(object, "eTag").map(|etag| etag.trim_matches('"').to_owned()),
        sequencer: text(object, "sequencer").map(str::to_owned),
        at: time(record, "eventTime"),
    }))
}

/// A key as S3 encodes it in events; none if it is no encoding of UTF-8 text.
fn decode(encoded: &str) -> Option<String> {
    let spaced = encoded.replace('+', " ");
    let bytes = spaced.as_bytes();
    let broken = bytes.iter().enumerate().any(|(at, &byte)| {
        let hex = bytes.get(at + 1..at + 3);
        byte == b'%' && !hex.is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    let decoded = percent_encoding::percent_decode_str(&spaced).decode_utf8().ok()?;
    (!broken).then(|| decoded.into_owned())
}

/// A notification of one object, as S3 would send it: what is sent anew or kept as a dead letter
/// concerns this object and no other of its message.
#[must_use]
pub fn notification(put: &Put) -> String {
    let mut object =
        json!({ "key": utf8_percent_encode(&put.key, KEPT).to_string().replace(' ', "+") });
    if let Some(etag) = &put.etag {
        object["eTag"] = etag.as_str().into();
    }
    if let Some(sequencer) = &put.sequencer {
        object["sequencer"] = sequencer.as_str().into();
    }
    let mut record = json!({
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {
            "s3SchemaVersion": "1.0",
            "bucket": { "name": put.bucket, "arn": format!("arn:aws:s3:::{}", put.bucket) },
            "object": object,
        },
    });
    if let Some(at) = put.at {
        record["eventTime"] = at.to_string().into();
    }
    json!({ "Records": [record] }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(name: &str, key: &str) -> Value {
        json!({
            "eventName": name,
            "eventTime": "2026-03-04T10:15:22.000Z",
            "s3": {
                "bucket": { "name": "deployment-logs" },
                "object": { "key": key, "eTag": "\"abc\"", "sequencer": "0055" },
            },
        })
    }

    #[test]
    fn a_log_with_an_odd_key_is_found() {
        let found = records(&[record("s3:ObjectCreated:Put", "a+b%2Bc%25/%C3%A4.log")]);
        let [Record::Put(put)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((put.key.as_str(), put.etag.as_deref()), ("a b+c%/ä.log", Some("abc")));
    }

    #[test]
    fn one_bad_record_does_not_cost_the_others() {
        let mut nameless = record("ObjectCreated:Copy", "x");
        nameless["s3"]["bucket"] = json!({});
        let found = records(&[
            record("ObjectCreated:Put", "a%zz"),
            record("ObjectCreated:Put", "%ff"),
            record("ObjectCreated:Put", ""),
            nameless,
            json!(7),
            record("ObjectRemoved:Delete", "a%zz"),
            record("ObjectCreated:CompleteMultipartUpload", "good.log"),
        ]);
        let reasons: Vec<String> = found
            .iter()
            .map(|record| match record {
                Record::Malformed { why, .. } => why.to_string(),
                Record::Other => "other".to_owned(),
                Record::Put(put) => put.key.clone(),
            })
            .collect();
        for (reason, part) in reasons.iter().zip([
            "\"a%zz\" in record 0 of the S3 notification cannot be URL-decoded",
            "record 1",
            "record 2 of the S3 notification has no s3.object.key",
            "record 3 of the S3 notification has no s3.bucket.name",
            "record 4 of the S3 notification has no eventName",
            "other",
            "good.log",
        ]) {
            assert!(reason.contains(part), "{reason}");
        }
        let Record::Malformed { message, at, .. } = &found[0] else { panic!("{found:?}") };
        assert_eq!(at.map(|at| at.to_string()).as_deref(), Some("2026-03-04T10:15:22Z"));
        let kept: Value = serde_json::from_str(message).unwrap();
        assert_eq!(kept, json!({ "Records": [record("ObjectCreated:Put", "a%zz")] }));
    }
}
