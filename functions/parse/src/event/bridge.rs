//! EventBridge's events of S3 (S3 user guide, "EventBridge event message structure"). Keys are not
//! encoded in them.

use serde_json::Value;

use super::{Malformed, Put, Record, text, time};

/// What an event says of its object.
pub(super) fn record(event: &Value) -> Record {
    match read(event) {
        Ok(Some(put)) => Record::Put(put),
        Ok(None) => Record::Other,
        Err(why) => Record::Malformed { why, message: event.to_string(), at: time(event, "time") },
    }
}

fn read(event: &Value) -> Result<Option<Put>, Malformed> {
    if event["source"] != "aws.s3" || event["detail-type"] != "Object Created" {
        return Ok(None);
    }
    let missing = |what| Malformed::Missing { kind: "EventBridge event", at: 0, what };
    let (bucket, object) = (&event["detail"]["bucket"], &event["detail"]["object"]);
    let bucket = text(bucket, "name").ok_or_else(|| missing("detail.bucket.name"))?;
    let key = text(object, "key").ok_or_else(|| missing("detail.object.key"))?;
    Ok(Some(Put {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        etag: text(object, "etag").map(|etag| etag.trim_matches('"').to_owned()),
        sequencer: text(object, "sequencer").map(str::to_owned),
        at: time(event, "time"),
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_without_its_object_is_not_lost_and_others_do_no_harm() {
        let nameless = json!({ "source": "aws.s3", "detail-type": "Object Created",
            "time": "2026-03-04T10:15:22Z", "detail": { "bucket": { "name": "b" } } });
        let Record::Malformed { why, message, .. } = record(&nameless) else { panic!("taken") };
        assert!(why.to_string().contains("detail.object.key"), "{why}");
        assert_eq!(serde_json::from_str::<Value>(&message).unwrap(), nameless);
        for (source, kind) in [("aws.s3", "Object Deleted"), ("aws.events", "Scheduled Event")] {
            let other = json!({ "source": source, "detail-type": kind, "detail": {} });
            assert!(matches!(record(&other), Record::Other), "{source} {kind}");
        }
    }
}
