//! The events that a mapping makes, in the shape of Amazon MSK (Lambda developer guide, "Using Lambda
//! with Amazon MSK"), and what it tells of batches that were given up.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::log::now_ms;
use crate::records::Record;

const ARN: &str = "arn:aws:kafka:us-east-1:000000000000:cluster/logmill/local";
/// What a record takes beside its key, value and headers.
const FRAME: usize = 200;

/// A partition, as events name it.
pub(crate) struct Place {
    pub(crate) topic: String,
    pub(crate) partition: i32,
    pub(crate) bootstrap_servers: String,
}

impl Place {
    fn name(&self) -> String {
        format!("{}-{}", self.topic, self.partition)
    }

    /// A name for a call that is its own over restarts.
    pub(crate) fn request(&self, first: i64, attempt: u32) -> String {
        format!("{}-{first}-{:x}-{attempt}", self.name(), now_ms())
    }

    pub(crate) fn event(&self, batch: &[Record]) -> Value {
        let records: Vec<Value> = batch.iter().map(|record| self.record(record)).collect();
        json!({
            "eventSource": "aws:kafka",
            "eventSourceArn": ARN,
            "bootstrapServers": self.bootstrap_servers,
            "records": { (self.name()): records },
        })
    }

    fn record(&self, record: &Record) -> Value {
        let mut shape = Map::new();
        let mut put = |name: &str, value: Value| shape.insert(name.to_owned(), value);
        put("topic", json!(self.topic));
        put("partition", json!(self.partition));
        put("offset", json!(record.offset));
        put("timestamp", json!(record.timestamp));
        put("timestampType", json!("CREATE_TIME"));
        if let Some(key) = &record.key {
            put("key", json!(STANDARD.encode(key)));
        }
        put("value", json!(record.value.as_ref().map(|value| STANDARD.encode(value))));
        // Java's bytes have signs.
        let signed = |bytes: &Vec<u8>| bytes.iter().map(|byte| *byte as i8).collect::<Vec<_>>();
        let header = |(name, value): &(String, Option<Vec<u8>>)| json!({ (name.clone()): value.as_ref().map(signed) });
        put("headers", record.headers.iter().map(header).collect());
        Value::Object(shape)
    }

    /// The lowest offset that an answer names as failed; one that it names wrongly is that of the
    /// first record, for then all of the batch has failed.
    pub(crate) fn lowest_failed(&self, answer: &Value, first: i64, last: i64) -> Option<i64> {
        let failures = answer["batchItemFailures"].as_array()?;
        let offset = |failure: &Value| {
            let item = &failure["itemIdentifier"];
            let offset = item["offset"].as_i64().filter(|_| item["partition"] == self.name());
            offset.filter(|offset| (first..=last).contains(offset))
        };
        failures.iter().map(|failure| offset(failure).unwrap_or(first)).min()
    }

    /// What the destination is told of a batch that was given up.
    pub(crate) fn given_up(&self, batch: &[Record], attempts: u32) -> Value {
        let (first, last) = ends(batch).unwrap_or_default();
        let time = |record: Option<&Record>| record.map(|record| iso(record.timestamp));
        json!({
            "requestContext": {
                "requestId": self.request(first, attempts),
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts,
            },
            "responseContext": {
                "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled",
            },
            "version": "1.0",
            "timestamp": iso(now_ms()),
            "KafkaBatchInfo": {
                "batchSize": batch.len(),
                "eventSourceArn": ARN,
                "bootstrapServers": self.bootstrap_servers,
                "payloadSize": batch.iter().map(size).sum::<usize>(),
                "recordsInfo": { (self.name()): {
                    "firstRecordOffset": first,
                    "lastRecordOffset": last,
                    "firstRecordTimestamp": time(batch.first()),
                    "lastRecordTimestamp": time(batch.last()),
                } },
            },
        })
    }
}

fn iso(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}

/// The first and the last offset of a batch.
pub(crate) fn ends(batch: &[Record]) -> Option<(i64, i64)> {
    Some((batch.first()?.offset, batch.last()?.offset))
}

/// How many bytes a record takes in an event, about.
pub(crate) fn size(record: &Record) -> usize {
    let bytes = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
    let headers = record.headers.iter().map(|(name, value)| name.len() + 5 * bytes(value));
    (bytes(&record.key) + bytes(&record.value)) * 4 / 3 + headers.sum::<usize>() + FRAME
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> Place {
        Place { topic: "a-b".to_owned(), partition: 3, bootstrap_servers: "b:9092".to_owned() }
    }

    #[test]
    fn an_event_says_all_of_a_record_as_msk_does() {
        let record = Record {
            offset: 15,
            timestamp: 1_795_167_676_417,
            key: None,
            value: Some(b"{}".to_vec()),
            headers: vec![("bytes".to_owned(), Some(vec![0xc3, 0x24])), ("none".to_owned(), None)],
        };
        let tombstone =
            Record { offset: 16, key: Some(b"k".to_vec()), value: None, ..record.clone() };
        let event = place().event(&[record, tombstone]);
        let records = &event["records"]["a-b-3"];
        assert_eq!(
            records[0],
            json!({
                "topic": "a-b", "partition": 3, "offset": 15, "timestamp": 1_795_167_676_417_i64,
                "timestampType": "CREATE_TIME", "value": "e30=",
                "headers": [{ "bytes": [-61, 36] }, { "none": null }],
            })
        );
        assert_eq!((&records[1]["key"], &records[1]["value"]), (&json!("aw=="), &Value::Null));
        assert_eq!(event["eventSource"], "aws:kafka");
    }

    #[test]
    fn an_answer_that_is_not_understood_loses_no_record() {
        let lowest = |answer: Value| place().lowest_failed(&answer, 10, 20);
        let named = |items: &[Value]| {
            let failures = items.iter().map(|item| json!({ "itemIdentifier": item }));
            json!({ "batchItemFailures": failures.collect::<Vec<_>>() })
        };
        let item =
            |partition: &str, offset: i64| json!({ "partition": partition, "offset": offset });
        for done in [Value::Null, json!({}), named(&[])] {
            assert_eq!(lowest(done), None);
        }
        assert_eq!(lowest(named(&[item("a-b-3", 17), item("a-b-3", 12)])), Some(12));
        let text = json!("a-b-3-12");
        for odd in [item("a-b-2", 12), item("a-b-3", 21), item("", 12), text, json!(null)] {
            assert_eq!(lowest(named(&[odd.clone(), item("a-b-3", 15)])), Some(10), "{odd}");
        }
    }
}
