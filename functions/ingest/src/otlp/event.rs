//! A log record as an event.

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use logmill_event::{Object, Value};
use logmill_model::Level;

use super::model::{AnyValue, KeyValue, Kind, LogRecord, Resource, Scope};
use crate::draft::{Draft, float, integer, push};

/// Attributes of the resource that events have fields for; of several for one field the first wins.
const FIELDS: [(&str, &str); 7] = [
    ("service.name", "service"),
    ("service.version", "version"),
    ("deployment.environment.name", "env"),
    ("deployment.environment", "env"),
    ("host.name", "host"),
    ("k8s.node.name", "host"),
    ("host.id", "host"),
];
/// The same of the record itself.
const OF_RECORD: [(&str, &str); 3] =
    [("client.address", "client_ip"), ("client.ip", "client_ip"), ("request_id", "request_id")];

/// What records have in common.
pub(super) struct Around<'a> {
    resource: &'a [KeyValue],
    scope: &'a Scope,
}

impl<'a> Around<'a> {
    pub(super) fn new(resource: &'a Resource, scope: &'a Scope) -> Self {
        Self { resource: &resource.attributes, scope }
    }
}

pub(super) fn event<'a>(record: &'a LogRecord, around: &Around<'a>) -> Object<'a> {
    let mut draft = Draft::default();
    let time = match record.time_unix_nano {
        0 => record.observed_time_unix_nano,
        time => time,
    };
    draft.nanoseconds(time);
    level(record, &mut draft);
    named(&FIELDS, around.resource, &mut draft);
    named(&OF_RECORD, &record.attributes, &mut draft);
    let mut payload = object(&record.attributes, 0);
    message(record, &mut payload, &mut draft);
    for (field, id) in [("trace_id", &record.trace_id), ("span_id", &record.span_id)] {
        // All zeros say that there is none.
        if id.iter().any(|byte| *byte != 0) {
            draft.name(field, &hex(id));
        }
    }
    draft.text("event_name", record.event_name.as_str());
    draft.set("payload", Value::Object(payload));
    let mut resource = object(around.resource, 0);
    resource.0.retain(|(name, _)| !matches!(&**name, "service.name" | "service.version"));
    draft.set("resource", Value::Object(resource));
    let mut scope = Object::default();
    for (name, text) in [("name", &around.scope.name), ("version", &around.scope.version)] {
        if !text.is_empty() {
            push(&mut scope, Cow::Borrowed(name), Value::Text(text.as_str().into()));
        }
    }
    draft.set("scope", Value::Object(scope));
    draft.into_fields()
}

fn named(fields: &[(&str, &'static str)], attributes: &[KeyValue], draft: &mut Draft<'_>) {
    for (attribute, field) in fields {
        let found = attributes.iter().find(|known| known.key == *attribute);
        if let Some(Kind::String(text)) =
            found.and_then(|known| known.value.as_ref()?.value.as_ref())
        {
            draft.name(field, text);
        }
    }
}

fn level<'a>(record: &'a LogRecord, draft: &mut Draft<'a>) {
    let level = match record.severity_number {
        1..=4 => Level::Trace,
        5..=8 => Level::Debug,
        9..=12 => Level::Info,
        13..=16 => Level::Warn,
        17..=20 => Level::Error,
        21..=24 => Level::Fatal,
        _ => {
            if record.severity_text.len() <= 64 {
                draft.text("level", record.severity_text.as_str());
            }
            return;
        }
    };
    draft.text("level", level.as_str());
    if !record.severity_text.is_empty() && record.severity_text != level.as_str() {
        draft.text("severity_text", record.severity_text.as_str());
    }
}

/// The body; where it is none, what else says what happened.
fn message<'a>(record: &'a LogRecord, payload: &mut Object<'a>, draft: &mut Draft<'a>) {
    match record.body.as_ref().and_then(|body| body.value.as_ref()) {
        Some(Kind::String(text)) => draft.text("message", text.as_str()),
        Some(kind) => {
            let body = value(kind, 0);
            let said = ["message", "msg"].iter().find_map(|name| match &body {
                Value::Object(object) => match object.get(name) {
                    Some(Value::Text(text)) if !text.is_empty() => Some(text.to_string()),
                    _ => None,
                },
                _ => None,
            });
            let said = said.or_else(|| serde_json::to_string(&body).ok());
            draft.text("message", said.unwrap_or_default());
            push(payload, Cow::Borrowed("body"), body);
        }
        None => {}
    }
    if !draft.has("message") {
        let exception = record.attributes.iter().find(|known| known.key == "exception.message");
        let exception = exception.and_then(|known| known.value.as_ref()?.value.as_ref());
        match exception {
            Some(Kind::String(text)) if !text.is_empty() => draft.text("message", text.as_str()),
            _ => draft.text("message", record.event_name.as_str()),
        }
    }
}

/// How deep attributes are followed: JSON of events nests at most 127 deep, and theirs is within it.
const DEEPEST: usize = 60;

fn object(attributes: &[KeyValue], depth: usize) -> Object<'_> {
    let mut object = Object::default();
    let mut names = std::collections::HashSet::new();
    for attribute in attributes {
        if let Some(AnyValue { value: Some(kind) }) = &attribute.value
            && names.insert(attribute.key.as_str())
        {
            object.0.push((attribute.key.as_str().into(), value(kind, depth + 1)));
        }
    }
    object
}

fn value(kind: &Kind, depth: usize) -> Value<'_> {
    match kind {
        Kind::String(text) => Value::Text(text.as_str().into()),
        Kind::Bool(value) => Value::Bool(*value),
        Kind::Int(number) => integer(*number),
        Kind::Double(number) => float(*number),
        Kind::Bytes(bytes) => Value::Text(STANDARD.encode(bytes).into()),
        Kind::Array(_) | Kind::Object(_) if depth >= DEEPEST => Value::Text("…".into()),
        Kind::Array(array) => {
            let items = array
                .values
                .iter()
                .map(|item| item.value.as_ref().map_or(Value::Null, |kind| value(kind, depth + 1)));
            Value::List(items.collect())
        }
        Kind::Object(list) => Value::Object(object(&list.values, depth)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
