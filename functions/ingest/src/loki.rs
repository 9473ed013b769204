//! Loki's push (its HTTP API, "Ingest logs"): `POST /loki/api/v1/push`, snappy protobuf or JSON.
//!
//! | Loki | event |
//! |---|---|
//! | the line | `message`; one that is empty says nothing, and is counted |
//! | its time | `timestamp` |
//! | labels | `labels`; `service_name`, `service`, `app` or `job` is the `service` |
//! | `host`, `hostname`, `node_name`, `instance` | `host` |
//! | `env`, `environment`, `deployment_environment` | `env` |
//! | `level`, `detected_level`, `severity`; `trace_id`, `traceID` | `level`; `trace_id` |
//! | structured metadata | `payload` |

use std::borrow::Cow;

use http::{HeaderMap, StatusCode};
use logmill_event::{Object, Value};
use prost::Message as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::answer::{Answer, Refusal};
use crate::batch::{Batch, MAX_EVENT_BYTES, TooMany};
use crate::content::content_type;
use crate::draft::{Draft, push};
use crate::native::too_many;
use crate::wire::{Damaged, fields};

/// Which labels and metadata events have fields for; of several for one field the first wins.
const FIELDS: [(&str, &str); 18] = [
    ("service_name", "service"),
    ("service", "service"),
    ("app", "service"),
    ("job", "service"),
    ("host", "host"),
    ("hostname", "host"),
    ("node_name", "host"),
    ("instance", "host"),
    ("env", "env"),
    ("environment", "env"),
    ("deployment_environment", "env"),
    ("version", "version"),
    ("service_version", "version"),
    ("level", "level"),
    ("detected_level", "level"),
    ("severity", "level"),
    ("trace_id", "trace_id"),
    ("traceID", "trace_id"),
];

/// `logproto.EntryAdapter`
#[derive(Clone, PartialEq, prost::Message)]
struct Entry {
    #[prost(message, optional, tag = "1")]
    timestamp: Option<Time>,
    #[prost(string, tag = "2")]
    line: String,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<Pair>,
}

/// `google.protobuf.Timestamp`
#[derive(Clone, PartialEq, prost::Message)]
struct Time {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

/// `logproto.LabelPairAdapter`
#[derive(Clone, PartialEq, prost::Message)]
struct Pair {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

type Pairs = Vec<(String, String)>;

/// Whether a body is JSON; else it is snappy's protobuf, which is what agents send.
pub(crate) fn is_json(headers: &HeaderMap) -> Result<bool, Refusal> {
    match content_type(headers).as_str() {
        "application/json" => Ok(true),
        "application/x-protobuf" | "application/protobuf" | "" => Ok(false),
        other => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content-Type: {other}: send application/x-protobuf or application/json"),
        )),
    }
}

/// A refusal, as Loki says it: in plain words.
pub(crate) fn refusal(refusal: &Refusal) -> Answer {
    let mut status = refusal.status;
    // Agents send again after 429 and 5xx, and give up after others.
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        status = StatusCode::BAD_REQUEST;
    }
    Answer::text(status, format!("{}\n", refusal.message)).after(refusal)
}

/// An event of a line; false if the line is empty.
fn event(
    labels: &Pairs,
    (nanoseconds, line): (u64, &str),
    metadata: &Pairs,
    batch: &mut Batch<'_>,
) -> Result<(), TooMany> {
    if line.trim().is_empty() {
        return batch.add_empty();
    }
    let mut draft = Draft::default();
    draft.text("message", line);
    draft.nanoseconds(nanoseconds);
    for pairs in [labels, metadata] {
        for (label, field) in FIELDS {
            if let Some((_, value)) = pairs.iter().find(|(name, _)| name == label) {
                draft.name(field, value);
            }
        }
    }
    draft.set("labels", Value::Object(object(labels)));
    draft.set("payload", Value::Object(object(metadata)));
    batch.add(draft.into_fields())
}

fn object(pairs: &Pairs) -> Object<'_> {
    let mut object = Object::default();
    for (name, value) in pairs {
        push(&mut object, Cow::Borrowed(name), Value::Text(Cow::Borrowed(value)));
    }
    object
}

/// Why the rest of a body is not read.
enum Stop {
    TooMany,
    Damaged(String),
}

impl From<TooMany> for Stop {
    fn from(_: TooMany) -> Self {
        Self::TooMany
    }
}

impl From<Damaged> for Stop {
    fn from(damaged: Damaged) -> Self {
        Self::Damaged(damaged.to_string())
    }
}

impl From<serde_json::Error> for Stop {
    fn from(error: serde_json::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::TooMany => too_many(TooMany),
            Stop::Damaged(why) => Self::bad(format!("the body is no push request of Loki: {why}")),
        }
    }
}

/// `PushRequest { streams = 1 }`, `StreamAdapter { labels = 1, entries = 2 }`.
pub(crate) fn protobuf(body: &[u8], batch: &mut Batch<'_>) -> Result<(), Refusal> {
    let all = fields(body, |number, stream| {
        if number != 1 {
            return Ok(());
        }
        let mut labels = Vec::new();
        fields(stream, |number, bytes| {
            if number == 1 {
                let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MAX_LABELS);
                let text = text.ok_or_else(|| Stop::Damaged("labels are no text".to_owned()))?;
                labels = read_labels(text).map_err(Stop::Damaged)?;
            }
            Ok::<_, Stop>(())
        })?;
        fields(stream, |number, entry| {
            if number != 2 {
                return Ok(());
            }
            if entry.len() > MAX_EVENT_BYTES {
                return Ok(batch.add_bad(too_large(entry.len()))?);
            }
            match Entry::decode(entry) {
                Ok(entry) => {
                    let pairs = entry.metadata.into_iter();
                    let metadata = pairs.map(|pair| (pair.name, pair.value)).collect();
                    let time = entry.timestamp.as_ref().map_or(0, nanoseconds);
                    Ok(event(&labels, (time, &entry.line), &metadata, batch)?)
                }
                Err(error) => Ok(batch.add_bad(error.to_string())?),
            }
        })
    });
    all.map_err(|stop: Stop| stop.into())
}

fn nanoseconds(time: &Time) -> u64 {
    let seconds = u64::try_from(time.seconds).unwrap_or(0);
    seconds.saturating_mul(1_000_000_000).saturating_add(u64::try_from(time.nanos).unwrap_or(0))
}

fn too_large(bytes: usize) -> String {
    format!("it has {bytes} bytes, {MAX_EVENT_BYTES} at most are taken")
}

#[derive(Deserialize)]
struct Request<'a> {
    #[serde(borrow)]
    streams: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(default)]
    stream: std::collections::BTreeMap<String, String>,
    #[serde(borrow, default)]
    values: Vec<&'a RawValue>,
}

/// A time in nanoseconds, a line, and metadata if there is some.
#[derive(Deserialize)]
struct Line(String, String, #[serde(default)] std::collections::BTreeMap<String, String>);

pub(crate) fn json(body: &[u8], batch: &mut Batch<'_>) -> Result<(), Refusal> {
    Ok(walk(body, batch)?)
}

fn walk(body: &[u8], batch: &mut Batch<'_>) -> Result<(), Stop> {
    let request: Request<'_> = serde_json::from_slice(body)?;
    for stream in request.streams {
        let stream: Stream<'_> = serde_json::from_str(stream.get())?;
        let labels: Pairs = stream.stream.into_iter().collect();
        for value in stream.values {
            if value.get().len() > MAX_EVENT_BYTES {
                batch.add_bad(too_large(value.get().len()))?;
                continue;
            }
            match serde_json::from_str::<Line>(value.get()) {
                Ok(Line(time, line, metadata)) => match time.parse() {
                    Ok(time) => {
                        let metadata: Pairs = metadata.into_iter().collect();
                        event(&labels, (time, &line), &metadata, batch)?;
                    }
                    Err(_) => batch.add_bad("its time is no number of nanoseconds")?,
                },
                Err(error) => batch.add_bad(error.to_string())?,
            }
        }
    }
    Ok(())
}

/// The most bytes of a stream's labels.
const MAX_LABELS: usize = 64 * 1024;

/// Labels as Prometheus writes them: `{job="api", path="C:\\logs"}`.
fn read_labels(text: &str) -> Result<Pairs, String> {
    let bad = || format!("labels {:?} are not like {{name=\"value\"}}", shown(text));
    let inner = text.trim().strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let mut rest = inner.ok_or_else(bad)?.trim();
    let mut labels = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(bad)?;
        let after = after.trim_start().strip_prefix('"').ok_or_else(bad)?;
        let (value, after) = quoted(after).ok_or_else(bad)?;
        labels.push((name.trim().to_owned(), value));
        let after = after.trim_start();
        rest = match after.strip_prefix(',') {
            Some(after) => after.trim_start(),
            None if after.is_empty() => after,
            None => return Err(bad()),
        };
    }
    Ok(labels)
}

fn shown(text: &str) -> &str {
    &text[..text.floor_char_boundary(100)]
}

/// A text up to its closing quote, unescaped as Go does, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                'r' => value.push('\r'),
                escaped @ ('x' | 'u' | 'U') => {
                    let digits = match escaped {
                        'x' => 2,
                        'u' => 4,
                        _ => 8,
                    };
                    let mut code = 0;
                    for _ in 0..digits {
                        code = code * 16 + u64::from(chars.next()?.1.to_digit(16)?);
                    }
                    value.push(u32::try_from(code).ok().and_then(char::from_u32)?);
                }
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn labels_of_agents_are_read_with_their_escapes() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let text = r#"{job="api", path="C:\\x\"y,}", u="\u00e4\n"}"#;
        let all = [pair("job", "api"), pair("path", "C:\\x\"y,}"), pair("u", "ä\n")];
        assert_eq!(read_labels(text).unwrap(), all);
        assert_eq!(read_labels("{}").unwrap(), []);
        for bad in ["", "{", "{a}", "{a=b}", "{a=\"b}", "{a=\"b\" c=\"d\"}", "{a=\"\\u12\"}"] {
            assert!(read_labels(bad).is_err(), "{bad}");
        }
    }
}
