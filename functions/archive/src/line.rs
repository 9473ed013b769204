//! A line of an archive: a record as it was sent.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use logmill_kafka_event::{Record, TimestampType};
use serde::{Deserialize, Serialize};

/// A record of a topic, as a line of JSON has it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Line<'a> {
    /// The topic.
    pub topic: Cow<'a, str>,
    /// The partition.
    pub partition: i32,
    /// The place in it.
    pub offset: i64,
    /// Its time in milliseconds since 1970, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<i64>,
    /// What its time says, as Lambda and Kafka name it.
    pub timestamp_type: TimestampType,
    /// Its key.
    #[serde(default, skip_serializing_if = "Bytes::is_none")]
    pub key: Bytes<'a>,
    /// What it holds; none: it is a tombstone.
    #[serde(default, skip_serializing_if = "Bytes::is_none")]
    pub value: Bytes<'a>,
    /// Its headers, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<Header<'a>>,
}

/// Bytes: text where they are UTF-8, else an object that says them in base64; or none.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Bytes<'a> {
    /// None at all.
    #[default]
    None,
    /// UTF-8.
    Text(Cow<'a, str>),
    /// Anything else.
    Base64 {
        /// In standard base64 with padding.
        base64: String,
    },
}

/// A header.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Header<'a> {
    /// Its name.
    pub name: Cow<'a, str>,
    /// Its value, if it has one.
    #[serde(default, skip_serializing_if = "Bytes::is_none")]
    pub value: Bytes<'a>,
}

impl<'a> Bytes<'a> {
    fn of(bytes: Option<&'a [u8]>) -> Self {
        match bytes.map(|bytes| (bytes, str::from_utf8(bytes))) {
            None => Self::None,
            Some((_, Ok(text))) => Self::Text(Cow::Borrowed(text)),
            Some((bytes, Err(_))) => Self::Base64 { base64: STANDARD.encode(bytes) },
        }
    }

    const fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// The bytes as they were.
    ///
    /// # Errors
    /// If someone spoiled the base64.
    pub fn decoded(&self) -> Result<Option<Cow<'_, [u8]>>, base64::DecodeError> {
        Ok(match self {
            Self::None => None,
            Self::Text(text) => Some(Cow::Borrowed(text.as_bytes())),
            Self::Base64 { base64 } => Some(Cow::Owned(STANDARD.decode(base64)?)),
        })
    }
}

impl<'a> Line<'a> {
    /// The line of a record.
    #[must_use]
    pub fn of(record: &'a Record<'_>) -> Self {
        let header = |(name, value): &'a (Cow<'_, str>, Option<Vec<u8>>)| Header {
            name: Cow::Borrowed(name),
            value: Bytes::of(value.as_deref()),
        };
        Self {
            topic: Cow::Borrowed(&record.topic),
            partition: record.partition,
            offset: record.offset,
            timestamp: record.timestamp.map(Timestamp::as_millisecond),
            timestamp_type: record.timestamp_type,
            key: Bytes::of(record.key.as_deref()),
            value: Bytes::of(record.value.as_deref()),
            headers: record.headers.iter().map(header).collect(),
        }
    }
}

impl Line<'_> {
    /// The record that it is of.
    ///
    /// # Errors
    /// If someone spoiled its base64.
    pub fn record(&self) -> Result<Record<'_>, base64::DecodeError> {
        let owned = |bytes: &Bytes<'_>| bytes.decoded().map(|bytes| bytes.map(Cow::into_owned));
        let headers = self.headers.iter().map(|header| {
            let name = Cow::Borrowed(&*header.name);
            owned(&header.value).map(|value| (name, value))
        });
        Ok(Record {
            topic: Cow::Borrowed(&self.topic),
            partition: self.partition,
            offset: self.offset,
            timestamp: self.timestamp.and_then(|time| Timestamp::from_millisecond(time).ok()),
            timestamp_type: self.timestamp_type,
            key: owned(&self.key)?,
            value: owned(&self.value)?,
            headers: headers.collect::<Result<_, _>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_back_byte_for_byte() {
        let record = Record {
            topic: "app-logs".into(),
            partition: 3,
            offset: 15,
            timestamp: Timestamp::from_millisecond(1_795_167_676_417).ok(),
            timestamp_type: TimestampType::Create,
            key: Some(vec![0xff, 0, b'k']),
            value: Some("{\"message\":\"träge\"}\n".as_bytes().to_vec()),
            headers: vec![
                ("h".into(), Some(b"x".to_vec())),
                ("h".into(), Some(vec![0xc3])),
                ("none".into(), None),
                ("empty".into(), Some(Vec::new())),
            ],
        };
        let line = Line::of(&record);
        let json = serde_json::to_string(&line).unwrap();
        assert_eq!(
            json,
            r#"{"topic":"app-logs","partition":3,"offset":15,"timestamp":1795167676417,"timestampType":"CREATE_TIME","key":{"base64":"/wBr"},"value":"{\"message\":\"träge\"}\n","headers":[{"name":"h","value":"x"},{"name":"h","value":{"base64":"ww=="}},{"name":"none"},{"name":"empty","value":""}]}"#
        );
        let again: Line<'_> = serde_json::from_str(&json).unwrap();
        assert_eq!(again, line);
        assert_eq!(again.key.decoded().unwrap().as_deref(), record.key.as_deref());
        assert_eq!(again.value.decoded().unwrap().as_deref(), record.value.as_deref());
        assert_eq!(again.record().unwrap(), record);
        assert_eq!(again.headers[3].value.decoded().unwrap().as_deref(), Some(&b""[..]));
    }

    #[test]
    fn a_tombstone_stays_one_and_differs_from_nothing_said() {
        let line = r#"{"topic":"t","partition":0,"offset":1,"timestampType":"NO_TIMESTAMP_TYPE"}"#;
        let tombstone: Line<'_> = serde_json::from_str(line).unwrap();
        assert_eq!((&tombstone.value, tombstone.timestamp), (&Bytes::None, None));
        assert_eq!(serde_json::to_string(&tombstone).unwrap(), line);
    }
}
