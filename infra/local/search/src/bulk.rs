//! `_bulk`: many changes in one request, each with its own result. The answer means durable.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::error::{ApiError, ApiResult};
use crate::request::Request;
use crate::shard::{Change, Outcome, Shard};
use crate::spent::timed;

/// The longest id, in bytes.
const MAX_ID: usize = 512;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target<'a> {
    #[serde(rename = "_index", borrow)]
    index: Option<Cow<'a, str>>,
    #[serde(rename = "_id", borrow)]
    id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Action<'a> {
    #[serde(borrow)]
    Index(Target<'a>),
    #[serde(borrow)]
    Create(Target<'a>),
    #[serde(borrow)]
    Update(Target<'a>),
    #[serde(borrow)]
    Delete(Target<'a>),
}

struct Item {
    action: &'static str,
    index: String,
    id: String,
    result: Result<Outcome, ApiError>,
}

/// The changes that wait for one index, with the places of their items.
struct Batch {
    shard: Arc<Shard>,
    changes: Vec<Change>,
    places: Vec<usize>,
}

struct Run<'a> {
    catalog: &'a Catalog,
    /// The indices that the request writes to, which it makes where they are missing.
    written: BTreeSet<String>,
    items: Vec<Item>,
    batches: BTreeMap<String, Batch>,
}

/// Answers `POST /_bulk` and `POST /{index}/_bulk`.
///
/// # Errors
///
/// 400 for a body that is no bulk body; then nothing was written. An item's own failure is in the
/// answer.
pub(crate) fn bulk(
    catalog: &Catalog,
    request: &Request,
    default: Option<&str>,
) -> ApiResult<Value> {
    let started = Instant::now();
    request.allow(&[&["refresh", "timeout", "wait_for_active_shards", "_source"]])?;
    let refresh = request.refresh()?;
    let actions = actions(&request.body, default)?;
    let written = actions.iter().filter(|(action, _)| !matches!(action, Action::Delete(_)));
    let written = written.filter_map(|(action, _)| action.parts().1.index.as_deref().or(default));
    let written = written.map(str::to_owned).collect();
    let mut run = Run { catalog, written, items: Vec::new(), batches: BTreeMap::new() };
    if actions.is_empty() {
        return Err(ApiError::new(
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: no requests added;",
        ));
    }
    timed("building", || {
        for (action, source) in actions {
            run.item(&action, source, default);
        }
    });
    let shards = run.finish();
    if refresh {
        for shard in shards {
            shard.refresh()?;
        }
    }
    let errors = run.items.iter().any(|item| item.result.is_err());
    let items: Vec<Value> = run.items.iter().map(Item::show).collect();
    let took = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(json!({ "took": took, "errors": errors, "items": items }))
}

/// The body's lines in pairs.
fn actions<'b>(body: &'b [u8], default: Option<&str>) -> ApiResult<Vec<(Action<'b>, &'b [u8])>> {
    if !body.ends_with(b"\n") {
        return Err(ApiError::bad("The bulk request must be terminated by a newline [\\n]"));
    }
    let mut lines = body.split(|&byte| byte == b'\n').enumerate();
    let mut actions = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let malformed = |reason: &str| {
            let number = number + 1;
            ApiError::bad(format!("Malformed action/metadata line [{number}], {reason}"))
        };
        let action: Action<'b> =
            serde_json::from_slice(line).map_err(|error| malformed(&error.to_string()))?;
        let target = action.parts().1;
        if target.index.is_none() && default.is_none() {
            return Err(ApiError::new(
                400,
                "action_request_validation_exception",
                "Validation Failed: 1: index is missing;",
            ));
        }
        let source = match action {
            Action::Delete(_) => &[][..],
            _ => match lines.next() {
                Some((_, source)) if !source.is_empty() => source,
                _ => return Err(malformed("its source is missing")),
            },
        };
        actions.push((action, source));
    }
    Ok(actions)
}

impl<'a> Action<'a> {
    const fn parts(&self) -> (&'static str, &Target<'a>) {
        match self {
            Self::Index(target) => ("index", target),
            Self::Create(target) => ("create", target),
            Self::Update(target) => ("update", target),
            Self::Delete(target) => ("delete", target),
        }
    }
}

impl Run<'_> {
    fn item(&mut self, action: &Action<'_>, source: &[u8], default: Option<&str>) {
        let (name, target) = action.parts();
        let index = target.index.as_deref().or(default).unwrap_or_default().to_owned();
        let id = target.id.as_deref().unwrap_or_default().to_owned();
        let place = self.items.len();
        let prepared = self.prepare(action, &index, &id, source);
        // The result of a change is filled in when its batch is applied.
        let (result, change) = match prepared {
            Ok(change) => (Ok(Outcome::NotFound), Some(change)),
            Err(error) => (Err(error), None),
        };
        self.items.push(Item { action: name, index: index.clone(), id, result });
        if let (Some(change), Some(batch)) = (change, self.batches.get_mut(&index)) {
            batch.changes.push(change);
            batch.places.push(place);
        }
    }

    fn prepare(
        &mut self,
        action: &Action<'_>,
        index: &str,
        id: &str,
        source: &[u8],
    ) -> ApiResult<Change> {
        if id.is_empty() || id.len() > MAX_ID {
            let reason =
                format!("id [{id}] must be of 1 to {MAX_ID} bytes; the local search draws none");
            return Err(ApiError::bad(reason));
        }
        if !self.batches.contains_key(index) {
            if !self.written.contains(index) {
                // A deletion makes no index.
                self.catalog.shards(index, crate::catalog::Lenience::default())?;
            }
            let shard = self.catalog.for_write(index)?;
            let batch = Batch { shard, changes: Vec::new(), places: Vec::new() };
            self.batches.insert(index.to_owned(), batch);
        }
        let shard = self.batches.get(index).map(|batch| Arc::clone(&batch.shard));
        let shard = shard.ok_or_else(|| ApiError::no_index(index))?;
        let put = |source: Vec<u8>, create| -> ApiResult<Change> {
            let built = Box::new(shard.build(id, &source)?);
            Ok(Change::Put { id: id.to_owned(), source, built, create })
        };
        match action {
            Action::Index(_) => put(source.to_vec(), false),
            Action::Create(_) => put(source.to_vec(), true),
            Action::Delete(_) => Ok(Change::Delete { id: id.to_owned(), unless_changed: false }),
            Action::Update(_) => {
                // It has to see what this request wrote before it.
                self.apply(index);
                put(updated(&shard, id, source)?, false)
            }
        }
    }

    /// Applies what waits for one index.
    fn apply(&mut self, index: &str) {
        let Some(batch) = self.batches.get_mut(index) else { return };
        let changes = std::mem::take(&mut batch.changes);
        let places = std::mem::take(&mut batch.places);
        let results = match batch.shard.apply(changes) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error); places.len()],
        };
        for (place, result) in places.into_iter().zip(results) {
            if let Some(item) = self.items.get_mut(place) {
                item.result = result.and_then(|outcome| item.check(outcome));
            }
        }
    }

    fn finish(&mut self) -> Vec<Arc<Shard>> {
        let indices: Vec<String> = self.batches.keys().cloned().collect();
        for index in &indices {
            self.apply(index);
        }
        self.batches.values().map(|batch| Arc::clone(&batch.shard)).collect()
    }
}

/// The whole source after a partial update; `doc_as_upsert` and `upsert` make a new one.
fn updated(shard: &Shard, id: &str, body: &[u8]) -> ApiResult<Vec<u8>> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| ApiError::new(400, "x_content_parse_exception", error.to_string()))?;
    let known = ["doc", "doc_as_upsert", "upsert"];
    if let Some(key) = body
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key)
        .find(|key| !known.contains(&key.as_str()))
    {
        return Err(ApiError::new(
            400,
            "x_content_parse_exception",
            format!("[UpdateRequest] unknown field [{key}]"),
        ));
    }
    let doc = body.get("doc").cloned().unwrap_or_else(|| json!({}));
    let upsert = if body.get("doc_as_upsert") == Some(&json!(true)) {
        Some(&doc)
    } else {
        body.get("upsert")
    };
    let whole = match (shard.get(id)?, upsert) {
        (Some(source), _) => {
            if !shard.mapping().excludes().is_empty() {
                return Err(ApiError::bad(
                    "update: a mapping that leaves fields out of _source loses them; index the whole document",
                ));
            }
            let mut whole = serde_json::from_slice(&source)
                .map_err(|error| ApiError::new(500, "engine_exception", error.to_string()))?;
            merge(&mut whole, doc);
            whole
        }
        (None, Some(upsert)) => upsert.clone(),
        (None, None) => {
            let reason = format!("[{id}]: document missing");
            return Err(ApiError::new(404, "document_missing_exception", reason));
        }
    };
    Ok(whole.to_string().into_bytes())
}

fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                merge(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

impl Item {
    fn check(&self, outcome: Outcome) -> ApiResult<Outcome> {
        if outcome == Outcome::Conflict {
            let reason = format!("[{}]: version conflict, document already exists", self.id);
            return Err(ApiError::new(409, "version_conflict_engine_exception", reason));
        }
        Ok(outcome)
    }

    fn show(&self) -> Value {
        let mut shown = json!({ "_index": self.index, "_id": self.id });
        match &self.result {
            Ok(outcome) => {
                let (result, status) = match outcome {
                    Outcome::Created => ("created", 201),
                    Outcome::Updated => ("updated", 200),
                    Outcome::Deleted => ("deleted", 200),
                    Outcome::NotFound | Outcome::Conflict => ("not_found", 404),
                };
                shown["result"] = json!(result);
                shown["status"] = json!(status);
            }
            Err(error) => {
                shown["status"] = json!(error.status);
                shown["error"] = error.cause();
            }
        }
        json!({ self.action: shown })
    }
}
