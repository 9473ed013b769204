//! Batches of Kafka records (Lambda developer guide, "Using Lambda with Amazon MSK" and "with
//! self-managed Apache Kafka"): lists by `topic-partition`, values in base64. Partitions come as
//! numbers or as text; headers, which are lists of signed bytes, are not looked at.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use logmill_model::Timestamp;
use serde_json::Value;

use super::{Lookup, Malformed, Origin, number, text};

/// A record of a batch.
#[derive(Debug)]
pub struct Record {
    /// Where it stands.
    pub origin: Origin,
    /// What it says.
    pub content: Content,
}

/// What a record says.
#[derive(Debug)]
pub enum Content {
    /// A deployment is to be looked up.
    Lookup(Lookup),
    /// Nothing: it has a key and no value.
    Tombstone,
    /// It cannot be used.
    Malformed {
        /// Why.
        why: Malformed,
        /// Its value, decoded where that is possible.
        value: Vec<u8>,
    },
}

/// The records of an event, if it is a batch of Kafka; those of a partition in their order.
#[must_use]
pub fn records(event: &Value) -> Option<Vec<Record>> {
    if event["eventSource"] != "aws:kafka" && event["eventSource"] != "SelfManagedKafka" {
        return None;
    }
    let lists = event["records"].as_object()?;
    let of_list = |list: &Value| -> Vec<Record> {
        list.as_array().map_or_else(|| vec![read(list)], |list| list.iter().map(read).collect())
    };
    Some(lists.values().flat_map(of_list).collect())
}

fn read(record: &Value) -> Record {
    let origin = Origin {
        tries: 0,
        topic: text(record, "topic").map(str::to_owned),
        partition: number(record, "partition").and_then(|number| number.try_into().ok()),
        offset: number(record, "offset"),
        at: number(record, "timestamp").and_then(|at| Timestamp::from_millisecond(at).ok()),
    };
    let content = match &record["value"] {
        Value::Null if origin.topic.is_some() => Content::Tombstone,
        Value::String(encoded) => content(encoded, &origin),
        // Not what Lambda sends: whoever looks at the dead letter wants all of it.
        _ => malformed(Malformed::NoRecord, record.to_string().into_bytes()),
    };
    Record { origin, content }
}

fn malformed(why: Malformed, value: Vec<u8>) -> Content {
    Content::Malformed { why, value }
}

fn content(encoded: &str, origin: &Origin) -> Content {
    let value = match STANDARD.decode(encoded) {
        Ok(value) => value,
        Err(error) => return malformed(error.into(), encoded.as_bytes().to_vec()),
    };
    if value.is_empty() {
        return malformed(Malformed::Empty, value);
    }
    let read = serde_json::from_slice(&value).map_err(Malformed::from);
    match read.and_then(|event| Lookup::read(&event)) {
        Ok(lookup) => Content::Lookup(lookup.found_at(origin)),
        Err(why) => malformed(why, value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(source: &str, record: &Value) -> Vec<Record> {
        records(&json!({ "eventSource": source, "records": { "events-2": [record] } })).unwrap()
    }

    #[test]
    fn partitions_may_be_text_and_headers_odd() {
        for (source, partition) in [("aws:kafka", json!(2)), ("SelfManagedKafka", json!("2"))] {
            let found = batch(
                source,
                &json!({ "topic": "events", "partition": partition, "offset": 15,
                    "timestamp": 1_545_084_650_987_i64, "timestampType": "CREATE_TIME",
                    "key": "YQ==", "value": STANDARD.encode(r#"{"deployment_key":"a"}"#),
                    "headers": [{ "trace": [104, -61, -92] }] }),
            );
            let [Record { content: Content::Lookup(lookup), .. }] = found.as_slice() else {
                panic!("{found:?}")
            };
            assert_eq!(lookup.deployment_key, "a");
            let place = (lookup.origin.topic.as_deref(), lookup.origin.partition);
            assert_eq!((place, lookup.origin.offset), ((Some("events"), Some(2)), Some(15)));
        }
    }

    #[test]
    fn a_poisonous_record_is_kept_as_it_was() {
        for (value, kept, reason) in [
            (json!("%%%"), "%%%", "base64"),
            (json!(""), "", "empty"),
            (json!(STANDARD.encode("no json")), "no json", "no JSON"),
            (json!(STANDARD.encode("[1]")), "[1]", "no event"),
            (json!(STANDARD.encode("{\"a\":1}")), "{\"a\":1}", "deployment_key"),
        ] {
            let found = batch("aws:kafka", &json!({ "topic": "t", "offset": 1, "value": value }));
            let [Record { content: Content::Malformed { why, value }, .. }] = found.as_slice()
            else {
                panic!("{found:?}")
            };
            assert!(why.to_string().contains(reason), "{why}");
            assert_eq!(String::from_utf8_lossy(value), kept);
        }
        let tombstone = batch("aws:kafka", &json!({ "topic": "t", "value": null }));
        assert!(matches!(tombstone[0].content, Content::Tombstone));
        for odd in [json!(7), json!([]), json!({ "topic": "t", "value": {} })] {
            let found = batch("aws:kafka", &odd);
            let Content::Malformed { value, .. } = &found[0].content else { panic!("{found:?}") };
            assert_eq!(String::from_utf8_lossy(value), odd.to_string());
        }
    }
}
