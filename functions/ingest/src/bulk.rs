//! Elasticsearch's bulk requests, as far as senders of logs use them: `create` and `index`.
//!
//! | document | event |
//! |---|---|
//! | `@timestamp` or `timestamp` | `timestamp` |
//! | `message`, else `event.original`, `log` or `msg` | `message` |
//! | `service.name` | `service`; else the index's name |
//! | `log.level`, `host.name`, `trace.id`, `client.ip`, `service.environment`, `service.version`, nested or with dots | `level`, `host`, `trace_id`, `client_ip`, `env`, `version` |
//! | the action's `_id` | `id` |
//! | everything else | as it is |

use std::borrow::Cow;

use http::header::HeaderName;
use http::{HeaderMap, StatusCode};
use logmill_event::{Object, Value};
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::answer::{Answer, Refusal};
use crate::batch::Batch;
use crate::content::{Content, content};
use crate::draft::Draft;
use crate::native::too_many;
use crate::publish::Sent;

/// What clients look for before they believe that this is Elasticsearch.
const PRODUCT: HeaderName = HeaderName::from_static("x-elastic-product");
/// The version that clients are told: the last of the line that all of them speak.
const VERSION: &str = "8.19.0";

/// Fields of the Elastic Common Schema that events have another name for.
const FIELDS: [(&str, &str, &str); 8] = [
    ("log", "level", "level"),
    ("service", "name", "service"),
    ("service", "environment", "env"),
    ("service", "version", "version"),
    ("host", "name", "host"),
    ("host", "hostname", "host"),
    ("trace", "id", "trace_id"),
    ("client", "ip", "client_ip"),
];

/// One action of a request, as far as its answer needs it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Item {
    verb: &'static str,
    index: String,
    id: Option<String>,
    /// Why it is not served at all.
    refused: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Target {
    #[serde(rename = "_index")]
    index: Option<String>,
    #[serde(rename = "_id")]
    id: Option<Json>,
}

/// The actions of a request; those that are served are in the batch, in their order.
pub(crate) fn read<'a>(
    headers: &HeaderMap,
    body: &'a [u8],
    index: Option<&str>,
    batch: &mut Batch<'a>,
) -> Result<Vec<Item>, Refusal> {
    if let Content::Other(other) = content(headers) {
        return Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content-Type: {other}: send application/x-ndjson"),
        ));
    }
    let mut items = Vec::new();
    let mut lines = body.split(|byte| *byte == b'\n').filter(|line| !line.trim_ascii().is_empty());
    while let Some(action) = lines.next() {
        let number = items.len();
        let mut item = action_of(action, index)
            .map_err(|why| Refusal::bad(format!("action {number}: {why}")))?;
        if item.verb == "delete" {
            batch.add_bad("logs are not deleted").map_err(too_many)?;
            item.refused = Some("logs are not deleted here".to_owned());
        } else {
            let Some(document) = lines.next() else {
                return Err(Refusal::bad(format!("action {number} has no document")));
            };
            if item.verb == "update" {
                batch.add_bad("logs are not changed").map_err(too_many)?;
                item.refused = Some("logs are not changed here".to_owned());
            } else {
                match event(document, &item) {
                    Ok(fields) => batch.add(fields).map_err(too_many)?,
                    Err(why) => batch.add_bad(why).map_err(too_many)?,
                }
            }
        }
        items.push(item);
    }
    if items.is_empty() {
        return Err(Refusal::bad("the request has no action"));
    }
    Ok(items)
}

fn action_of(line: &[u8], index: Option<&str>) -> Result<Item, String> {
    let action: std::collections::BTreeMap<String, Target> =
        serde_json::from_slice(line).map_err(|error| format!("it is no action: {error}"))?;
    let mut action = action.into_iter();
    let (Some((verb, target)), None) = (action.next(), action.next()) else {
        return Err("it names not one of create, index, update, delete".to_owned());
    };
    let verbs = ["create", "index", "update", "delete"];
    let verb = verbs.into_iter().find(|known| *known == verb);
    let verb = verb.ok_or("it names none of create, index, update, delete")?;
    let index = target.index.or_else(|| index.map(str::to_owned)).unwrap_or_default();
    let id = target.id.and_then(|id| match id {
        Json::String(id) if !id.is_empty() => Some(id),
        Json::Number(id) => Some(id.to_string()),
        _ => None,
    });
    Ok(Item { verb, index, id, refused: None })
}

/// An event of a document.
fn event<'a>(document: &'a [u8], item: &Item) -> Result<Object<'a>, String> {
    let document: Value<'a> =
        serde_json::from_slice(document).map_err(|error| format!("it is no JSON: {error}"))?;
    let Value::Object(mut document) = document else {
        return Err(format!("it is {}, not an object", document.kind()));
    };
    let mut draft = Draft::default();
    if let Some(id) = &item.id {
        draft.text("id", id.clone());
        document.0.retain(|(name, _)| name != "id");
    }
    message(&document, &mut draft);
    if draft.has("message") {
        document.0.retain(|(name, _)| name != "message");
    }
    for (parent, child, field) in FIELDS {
        if let Some(Value::Text(text)) = find(&document, parent, child) {
            let text = text.to_string();
            draft.name(field, &text);
        }
    }
    if !draft.has("service") && !matches!(document.get("service"), Some(Value::Text(_))) {
        draft.name("service", &item.index);
    }
    let mut fields = draft.into_fields();
    let known = ["service", "host", "level", "env", "version", "trace_id", "client_ip"];
    for (name, value) in document.0 {
        // What is an object there is a text in events: it is kept beside it.
        let is_object = known.contains(&&*name) && !value.is_plain();
        let name = if is_object { Cow::Owned(format!("ecs_{name}")) } else { name };
        crate::draft::push(&mut fields, name, value);
    }
    Ok(fields)
}

/// What happened, wherever agents write it.
fn message<'a>(document: &Object<'a>, draft: &mut Draft<'a>) {
    for name in ["message", "log", "msg"] {
        if let Some(Value::Text(text)) = document.get(name) {
            draft.text("message", text.clone());
        }
    }
    if let Some(Value::Text(text)) = find(document, "event", "original") {
        draft.text("message", text.clone());
    }
}

/// A field, nested or with a dot in its name.
fn find<'o, 'a>(document: &'o Object<'a>, parent: &str, child: &str) -> Option<&'o Value<'a>> {
    if let Some(Value::Object(nested)) = document.get(parent)
        && let Some(value) = nested.get(child)
    {
        return Some(value);
    }
    document.get(&format!("{parent}.{child}"))
}

/// The answer: each item's status, in their order.
pub(crate) fn published(
    items: &[Item],
    bad: &[(usize, String)],
    sent: &Sent,
    took: std::time::Duration,
) -> Answer {
    let (mut bad, mut acknowledged) = (bad.iter().peekable(), sent.acknowledged.iter());
    let unsent = sent.error.as_ref().map(Refusal::of_bus);
    let mut errors = false;
    let answers: Vec<Json> = items
        .iter()
        .enumerate()
        .map(|(at, item)| {
            let fault = bad.next_if(|(index, _)| *index == at).map(|(_, why)| why);
            let answer = match (fault, &unsent) {
                (Some(why), _) => {
                    let why = item.refused.as_ref().unwrap_or(why);
                    failed(item, 400, "document_parsing_exception", why)
                }
                (None, Some(refusal)) if acknowledged.next() != Some(&true) => {
                    // Senders try 429 again, item by item, and many of them nothing else.
                    failed(item, 429, "es_rejected_execution_exception", &refusal.message)
                }
                (None, None) if acknowledged.next() != Some(&true) => {
                    failed(item, 429, "es_rejected_execution_exception", "it was not published")
                }
                (None, _) => created(item),
            };
            errors |= answer.get("error").is_some();
            json!({ item.verb: answer })
        })
        .collect();
    let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    product(Answer::json(
        StatusCode::OK,
        &json!({ "took": took, "errors": errors, "items": answers }),
    ))
}

fn created(item: &Item) -> Json {
    json!({
        "_index": item.index, "_id": item.id, "_version": 1, "result": "created", "status": 201,
        "_shards": { "total": 1, "successful": 1, "failed": 0 }, "_seq_no": 0, "_primary_term": 1,
    })
}

fn failed(item: &Item, status: u16, kind: &str, why: &str) -> Json {
    json!({
        "_index": item.index, "_id": item.id, "status": status,
        "error": { "type": kind, "reason": why },
    })
}

/// A refusal of a whole request, as Elasticsearch says it.
pub(crate) fn refusal(refusal: &Refusal) -> Answer {
    let status = refusal.status.as_u16();
    let kind = match status {
        401 | 403 => "security_exception",
        429 => "es_rejected_execution_exception",
        503 => "unavailable_shards_exception",
        _ => "illegal_argument_exception",
    };
    let why = json!({ "type": kind, "reason": refusal.message });
    let error = json!({ "type": kind, "reason": refusal.message, "root_cause": [why] });
    product(
        Answer::json(refusal.status, &json!({ "error": error, "status": status })).after(refusal),
    )
}

/// What clients ask before they send: who is there.
pub(crate) fn banner() -> Answer {
    product(Answer::json(
        StatusCode::OK,
        &json!({
            "name": "logmill", "cluster_name": "logmill", "cluster_uuid": "logmill",
            "version": {
                "number": VERSION, "build_flavor": "default", "build_type": "tar",
                "build_hash": "0", "build_date": "2025-07-23T00:00:00.000Z",
                "build_snapshot": false, "lucene_version": "9.12.1",
                "minimum_wire_compatibility_version": "7.17.0",
                "minimum_index_compatibility_version": "7.0.0",
            },
            "tagline": "You Know, for Search",
        }),
    ))
}

/// What agents ask for the licence, which decides on what they send.
pub(crate) fn licence() -> Answer {
    let licence = json!({
        "status": "active", "uid": "logmill", "type": "basic", "issued_to": "logmill", "issuer": "logmill",
    });
    product(Answer::json(StatusCode::OK, &json!({ "license": licence })))
}

fn product(answer: Answer) -> Answer {
    answer.with(PRODUCT, "Elasticsearch")
}
