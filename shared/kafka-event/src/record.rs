//! One record of a batch.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// What a record's time says.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum TimestampType {
    /// When its producer made it.
    #[serde(rename = "CREATE_TIME")]
    Create,
    /// When the broker took it.
    #[serde(rename = "LOG_APPEND_TIME")]
    LogAppend,
    /// The event does not say.
    #[default]
    #[serde(rename = "NO_TIMESTAMP_TYPE")]
    None,
}

/// A header: its name, and its value if it has one. Names may come more than once.
pub type Header<'a> = (Cow<'a, str>, Option<Vec<u8>>);

/// A record of a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Record<'a> {
    /// The topic.
    pub topic: Cow<'a, str>,
    /// Its partition.
    pub partition: i32,
    /// The place in the partition.
    pub offset: i64,
    /// Its time, by [`Self::timestamp_type`]; none in records of very old producers.
    pub timestamp: Option<Timestamp>,
    /// What its time says.
    pub timestamp_type: TimestampType,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// What it holds; none: it is a tombstone.
    pub value: Option<Vec<u8>>,
    /// Its headers, in their order.
    pub headers: Vec<Header<'a>>,
}

/// As it stands in the event.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Wire<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    partition: Whole,
    offset: Whole,
    timestamp: Option<Whole>,
    timestamp_type: Option<&'a str>,
    key: Option<Bytes>,
    value: Option<Bytes>,
    #[serde(borrow, default)]
    headers: Headers<'a>,
}

impl<'a> Record<'a> {
    pub(crate) fn of(wire: Wire<'a>) -> Result<Self, &'static str> {
        let partition = i32::try_from(wire.partition.0).ok().filter(|number| *number >= 0);
        if wire.offset.0 < 0 {
            return Err("its offset is negative");
        }
        Ok(Self {
            topic: wire.topic,
            partition: partition.ok_or("its partition cannot be one")?,
            offset: wire.offset.0,
            timestamp: wire.timestamp.and_then(time),
            timestamp_type: match wire.timestamp_type {
                Some("CREATE_TIME") => TimestampType::Create,
                Some("LOG_APPEND_TIME") => TimestampType::LogAppend,
                _ => TimestampType::None,
            },
            key: wire.key.map(|key| key.0),
            value: wire.value.map(|value| value.0),
            headers: wire.headers.0,
        })
    }
}

/// A record as it stands in an event.
#[must_use]
pub fn record_json(record: &Record<'_>) -> Box<RawValue> {
    let text = |bytes: &Vec<u8>| STANDARD.encode(bytes);
    let signed = |bytes: &Vec<u8>| bytes.iter().map(|byte| byte.cast_signed()).collect::<Vec<_>>();
    let header =
        |(name, value): &Header<'_>| serde_json::json!({ &**name: value.as_ref().map(signed) });
    let json = serde_json::json!({
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp.map_or(-1, Timestamp::as_millisecond),
        "timestampType": record.timestamp_type,
        "key": record.key.as_ref().map(text),
        "value": record.value.as_ref().map(text),
        "headers": record.headers.iter().map(header).collect::<Vec<_>>(),
    });
    // What was JSON a moment ago is JSON.
    serde_json::value::to_raw_value(&json).unwrap_or_default()
}

/// The event that brings records of a cluster, each as JSON ([`record_json`]).
#[must_use]
pub fn event_json<'r>(cluster: &str, records: impl IntoIterator<Item = &'r RawValue>) -> String {
    let cluster = serde_json::Value::from(cluster);
    let mut event =
        format!(r#"{{"eventSource":"aws:kafka","eventSourceArn":{cluster},"records":{{"again":["#);
    for (at, record) in records.into_iter().enumerate() {
        if at > 0 {
            event.push(',');
        }
        event.push_str(record.get());
    }
    event.push_str("]}}");
    event
}

/// Negative is what Kafka says where there is none.
fn time(milliseconds: Whole) -> Option<Timestamp> {
    (milliseconds.0 >= 0).then(|| Timestamp::from_millisecond(milliseconds.0).ok()).flatten()
}

/// A whole number, which may stand there as text.
#[derive(Clone, Copy)]
pub(crate) struct Whole(pub(crate) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Whole;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
                let unexpected = || E::invalid_value(Unexpected::Unsigned(number), &self);
                i64::try_from(number).map(Whole).map_err(|_| unexpected())
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
                let unexpected = |_| E::invalid_value(Unexpected::Other("such a text"), &self);
                text.parse().map(Whole).map_err(unexpected)
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// Bytes in base64.
struct Bytes(Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text in base64")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Bytes, E> {
                let bytes = STANDARD.decode(text);
                bytes.map(Bytes).map_err(|error| E::custom(format_args!("no base64: {error}")))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// Headers: a list of objects, each of one name in Lambda's events.
#[derive(Default)]
struct Headers<'a>(Vec<Header<'a>>);

impl<'a, 'de: 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Headers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of headers")
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Headers::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut headers = Headers::default();
                while let Some(Names(names)) = list.next_element()? {
                    headers.0.extend(names);
                }
                Ok(headers)
            }
        }
        deserializer.deserialize_any(List)
    }
}

struct Names<'a>(Vec<Header<'a>>);

impl<'a, 'de: 'a> Deserialize<'de> for Names<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Names<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
                let mut names = Vec::new();
                while let Some((Name(name), HeaderValue(value))) = object.next_entry()? {
                    names.push((name, value));
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The bytes of a header, signed as those of Java.
struct HeaderValue(Option<Vec<u8>>);

impl<'de> Deserialize<'de> for HeaderValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = HeaderValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of bytes")
            }

            fn visit_unit<E>(self) -> Result<HeaderValue, E> {
                Ok(HeaderValue(None))
            }

            fn visit_str<E>(self, text: &str) -> Result<HeaderValue, E> {
                Ok(HeaderValue(Some(text.as_bytes().to_vec())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<HeaderValue, A::Error> {
                let mut bytes = Vec::new();
                while let Some(number) = list.next_element::<i64>()? {
                    let byte = u8::try_from(number)
                        .or_else(|_| i8::try_from(number).map(i8::cast_unsigned));
                    let unexpected =
                        |_| A::Error::invalid_value(Unexpected::Signed(number), &"a byte");
                    bytes.push(byte.map_err(unexpected)?);
                }
                Ok(HeaderValue(Some(bytes)))
            }
        }
        deserializer.deserialize_any(List)
    }
}
