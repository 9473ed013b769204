//! A batch of records.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::record::{Record, Wire};

/// The records of an event, those of a partition in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch<'a> {
    /// What names the cluster: its ARN in Amazon MSK, else its bootstrap servers in the order of the
    /// alphabet, so that it is the same whenever a batch comes.
    pub cluster: String,
    /// Its records.
    pub items: Vec<Item<'a>>,
}

/// What stands in a batch in the place of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Item<'a> {
    /// A record.
    Record(Record<'a>),
    /// None.
    Malformed(Malformed<'a>),
}

/// What is no record, with what is known of its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed<'a> {
    /// What is wrong with it.
    pub why: String,
    /// All of it, as it stood in the event.
    pub whole: &'a str,
    /// Its topic.
    pub topic: Option<String>,
    /// Its partition.
    pub partition: Option<i32>,
    /// Its offset.
    pub offset: Option<i64>,
    /// Its time.
    pub timestamp: Option<Timestamp>,
}

/// Why an event is no batch of Kafka's.
#[derive(Debug, thiserror::Error)]
pub enum NotKafka {
    /// It is no JSON, or not of that shape.
    #[error("the event is no batch of Kafka records: {0}")]
    Shape(#[from] serde_json::Error),
    /// It comes from elsewhere.
    #[error(
        "the event comes from `{0}`, not from Kafka: map a topic of Amazon MSK or of a Kafka of your \
         own to the function"
    )]
    Source(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a, R> {
    #[serde(borrow, default)]
    event_source: Cow<'a, str>,
    event_source_arn: Option<String>,
    bootstrap_servers: Option<String>,
    #[serde(bound(deserialize = "R: Deserialize<'de>"))]
    records: Lists<R>,
}

impl<'a> Batch<'a> {
    /// Reads an event.
    ///
    /// # Errors
    /// It is none of Kafka's at all.
    pub fn read(event: &'a str) -> Result<Self, NotKafka> {
        // What Lambda sends holds nothing but records.
        if let Ok(event) = serde_json::from_str::<Event<'a, Vec<Wire<'a>>>>(event) {
            let wires: usize = event.records.0.iter().map(Vec::len).sum();
            let cluster = event.cluster()?;
            let mut items = Vec::with_capacity(wires);
            let records = event.records.0.into_iter().flatten().map(Record::of);
            let all = records.map(|record| record.map(|record| items.push(Item::Record(record))));
            if all.collect::<Result<(), _>>().is_ok() {
                return Ok(Self { cluster, items });
            }
        }
        let event: Event<'a, &'a RawValue> = serde_json::from_str(event)?;
        let cluster = event.cluster()?;
        let items = event.records.0.into_iter().flat_map(list).map(item).collect();
        Ok(Self { cluster, items })
    }
}

impl<R> Event<'_, R> {
    fn cluster(&self) -> Result<String, NotKafka> {
        // Self-managed Kafka is called by both names.
        let sources = ["aws:kafka", "SelfManagedKafka", "aws:SelfManagedKafka"];
        if !sources.contains(&&*self.event_source) {
            return Err(NotKafka::Source(self.event_source.chars().take(100).collect()));
        }
        Ok(self.event_source_arn.clone().unwrap_or_else(|| {
            let servers = self.bootstrap_servers.as_deref().unwrap_or_default();
            let mut servers: Vec<_> = servers.split(',').map(str::trim).collect();
            servers.sort_unstable();
            servers.join(",")
        }))
    }
}

/// What a list holds; what is none stands for itself.
fn list(raw: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| vec![raw])
}

fn item(raw: &RawValue) -> Item<'_> {
    let whole = raw.get();
    let read = serde_json::from_str(whole).map_err(|error| error.to_string());
    let read = read.and_then(|wire| Record::of(wire).map_err(str::to_owned));
    read.map_or_else(|why| Item::Malformed(malformed(why, whole)), Item::Record)
}

fn malformed(why: String, whole: &str) -> Malformed<'_> {
    let value: Value = serde_json::from_str(whole).unwrap_or_default();
    let number = |name: &str| {
        let value = &value[name];
        let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
        number.filter(|number| *number >= 0)
    };
    Malformed {
        why,
        whole,
        topic: value["topic"].as_str().map(str::to_owned),
        partition: number("partition").and_then(|number| number.try_into().ok()),
        offset: number("offset"),
        timestamp: number("timestamp").and_then(|at| Timestamp::from_millisecond(at).ok()),
    }
}

/// The values of an object, whatever their names are.
struct Lists<R>(Vec<R>);

impl<'de, R: Deserialize<'de>> Deserialize<'de> for Lists<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object<R>(PhantomData<R>);
        impl<'de, R: Deserialize<'de>> Visitor<'de> for Object<R> {
            type Value = Lists<R>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of lists")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut lists: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                while lists.next_key::<serde::de::IgnoredAny>()?.is_some() {
                    all.push(lists.next_value()?);
                }
                Ok(Lists(all))
            }
        }
        deserializer.deserialize_map(Object(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::TimestampType;

    fn event(source: &str, records: &Value) -> String {
        let servers = "b-2:9092, b-1:9092";
        json!({ "eventSource": source, "bootstrapServers": servers, "records": { "t-2": records } })
            .to_string()
    }

    fn record() -> Value {
        json!({ "topic": "t", "partition": 2, "offset": 15, "timestamp": 1_545_084_650_987_i64,
            "timestampType": "CREATE_TIME", "key": "YQ==", "value": "e30=",
            "headers": [{ "h": [104, -61, -92] }, { "none": null, "text": "x" }],
            "keySchemaMetadata": { "dataFormat": "JSON", "schemaId": "1" } })
    }

    #[test]
    fn a_record_is_what_its_producer_sent() {
        for (source, partition) in [("aws:kafka", json!(2)), ("SelfManagedKafka", json!("2"))] {
            let mut record = record();
            record["partition"] = partition;
            let event = event(source, &json!([record]));
            let batch = Batch::read(&event).unwrap();
            assert_eq!(batch.cluster, "b-1:9092,b-2:9092", "the order of servers means nothing");
            let [Item::Record(read)] = batch.items.as_slice() else { panic!("{batch:?}") };
            assert_eq!((&*read.topic, read.partition, read.offset), ("t", 2, 15));
            assert_eq!(read.timestamp.unwrap().as_millisecond(), 1_545_084_650_987);
            assert_eq!(read.timestamp_type, TimestampType::Create);
            assert_eq!(
                (read.key.as_deref(), read.value.as_deref()),
                (Some(&b"a"[..]), Some(&b"{}"[..]))
            );
            let header =
                |name: &'static str, value: Option<&[u8]>| (name.into(), value.map(Into::into));
            let headers = [
                header("h", Some("hä".as_bytes())),
                header("none", None),
                header("text", Some(b"x")),
            ];
            assert_eq!(read.headers, headers);
        }
    }

    #[test]
    fn the_clusters_own_name_goes_before_its_servers() {
        let mut event: Value = serde_json::from_str(&event("aws:kafka", &json!([]))).unwrap();
        event["eventSourceArn"] = json!("arn:aws:kafka:eu-central-1:1:cluster/c/1");
        let event = event.to_string();
        assert_eq!(
            Batch::read(&event).unwrap().cluster,
            "arn:aws:kafka:eu-central-1:1:cluster/c/1"
        );
    }

    #[test]
    fn a_tombstone_is_a_record_and_an_old_producer_has_no_time() {
        for (value, timestamp) in [(json!(null), json!(-1)), (json!(null), json!(null))] {
            let mut record = record();
            (record["value"], record["timestamp"]) = (value, timestamp);
            record["key"] = Value::Null;
            record["headers"] = Value::Null;
            let event = event("aws:kafka", &json!([record]));
            let batch = Batch::read(&event).unwrap();
            let [Item::Record(read)] = batch.items.as_slice() else { panic!("{batch:?}") };
            assert_eq!((&read.value, &read.key, read.timestamp), (&None, &None, None));
            assert!(read.headers.is_empty());
        }
    }

    #[test]
    fn what_is_no_record_is_kept_whole_and_holds_up_no_other() {
        for (field, value, reason) in [
            ("value", json!("%%%"), "no base64"),
            ("value", json!(7), "a text in base64"),
            ("key", json!("YQ"), "no base64"),
            ("offset", json!(null), "a whole number"),
            ("offset", json!(-3), "offset is negative"),
            ("partition", json!(5_000_000_000_i64), "partition cannot be one"),
            ("partition", json!("x"), "a whole number"),
            ("topic", json!(1), "a string"),
            ("headers", json!([{ "h": [300] }]), "a byte"),
            ("headers", json!(1), "a list of headers"),
        ] {
            let mut bad = record();
            bad[field] = value;
            let whole = bad.to_string();
            let event = event("aws:kafka", &json!([record(), bad, record()]));
            let batch = Batch::read(&event).unwrap();
            let [Item::Record(_), Item::Malformed(bad), Item::Record(_)] = batch.items.as_slice()
            else {
                panic!("{field}: {batch:?}")
            };
            assert!(bad.why.contains(reason), "{field}: {}", bad.why);
            assert_eq!(bad.whole, whole);
            assert_eq!(bad.offset.is_some(), field != "offset");
            assert_eq!(bad.timestamp.unwrap().as_millisecond(), 1_545_084_650_987);
        }
        for odd in [json!(7), json!([[]]), json!({ "topic": "t" }), json!([null])] {
            let event = event("aws:kafka", &odd);
            let batch = Batch::read(&event).unwrap();
            assert!(matches!(batch.items.as_slice(), [Item::Malformed(_)]), "{odd}: {batch:?}");
        }
        let deep = format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000));
        let deep = format!(r#"{{"eventSource":"aws:kafka","records":{{"t-0":{deep}}}}}"#);
        assert_eq!(Batch::read(&deep).unwrap().items.len(), 1);
    }

    #[test]
    fn an_event_from_elsewhere_is_named() {
        let reason = |text: &str| Batch::read(text).unwrap_err().to_string();
        assert!(reason(&event("aws:sqs", &json!([]))).contains("`aws:sqs`"));
        assert!(reason(r#"{"eventSource":"aws:kafka"}"#).contains("`records`"));
        for text in ["", "[]", "null", "{", r#"{"eventSource":"aws:kafka","records":[]}"#] {
            assert!(reason(text).contains("no batch of Kafka records"), "{text}");
        }
    }

    fn hostile() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
            "[A-Za-z0-9+/]{0,8}={0,2}".prop_map(Value::from),
        ];
        let names = "topic|partition|offset|timestamp|key|value|headers|x";
        leaf.prop_recursive(4, 40, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((names, inner), 0..8)
                    .prop_map(|fields| fields.into_iter().collect::<Value>()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text: String) {
            let _ = Batch::read(&text);
        }

        #[test]
        fn whatever_stands_in_a_batch_nothing_of_it_is_lost(list in prop::collection::vec(hostile(), 0..5)) {
            let event = event("aws:kafka", &Value::Array(list.clone()));
            let batch = Batch::read(&event).unwrap();
            prop_assert_eq!(batch.items.len(), list.len());
            for (item, value) in batch.items.iter().zip(list) {
                if let Item::Malformed(bad) = item {
                    prop_assert_eq!(bad.whole, value.to_string());
                }
            }
        }
    }
}
