//! `_search` over any number of indices: hits, their order, and how they are shown.

use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tantivy::collector::Count;
use tantivy::query::Query;
use tantivy::{DocAddress, TantivyDocument};

use crate::aggregate::aggregate;
use crate::catalog::{Catalog, View};
use crate::collector::{First, Hit, Source, compare};
use crate::document::{exclude, long};
use crate::error::{ApiError, ApiResult};
use crate::mapping::{Kind, Mapping, wildcard};
use crate::query::{Translator, known};
use crate::request::{NAMES, Request, keep_alive};
use crate::shard::source_of;
use crate::sort::{self, By, Key, SortValue};

/// How many hits paging by `from` reaches, as `index.max_result_window` has it.
const MAX_WINDOW: usize = 10_000;
/// How far hits are counted unless the request says otherwise.
const DEFAULT_TOTAL: usize = 10_000;

enum Total {
    Exact,
    UpTo(usize),
    Off,
}

#[derive(Default)]
struct SourceFilter {
    off: bool,
    includes: Vec<String>,
    excludes: Vec<String>,
}

struct Search<'v> {
    query: &'v Value,
    aggs: Option<&'v Value>,
    keys: Vec<Key>,
    after: Option<Vec<SortValue>>,
    from: usize,
    size: usize,
    total: Total,
    source: SourceFilter,
}

/// Answers `_search`.
///
/// # Errors
///
/// 400 for what is not served, 404 for names without an index and points in time that ended.
pub(crate) fn search(
    catalog: &Catalog,
    request: &Request,
    expression: Option<&str>,
) -> ApiResult<String> {
    let started = Instant::now();
    request.allow(&[
        &NAMES,
        &[
            "size",
            "from",
            "track_total_hits",
            "request_cache",
            "preference",
            "allow_partial_search_results",
            "batched_reduce_size",
            "timeout",
            "search_type",
        ],
    ])?;
    let mut body = request.json()?;
    if body.is_null() {
        body = json!({});
    }
    for key in ["size", "from", "track_total_hits"] {
        if let Some(value) = request.parameters.get(key) {
            body[key] = serde_json::from_str(value).map_err(|_| {
                ApiError::bad(format!("Failed to parse [{key}] with value [{value}]"))
            })?;
        }
    }
    known(
        "search",
        &body,
        &[
            "query",
            "from",
            "size",
            "sort",
            "search_after",
            "track_total_hits",
            "track_scores",
            "_source",
            "aggs",
            "aggregations",
            "pit",
            "timeout",
        ],
    )?;
    let held;
    let views = match body.get("pit") {
        Some(_) if expression.is_some() => {
            return Err(ApiError::bad(
                "[indices] cannot be used with point in time. Do not specify any index with point in time.",
            ));
        }
        Some(pit) => {
            let id = pit.get("id").and_then(Value::as_str).unwrap_or_default();
            let keep = pit.get("keep_alive").and_then(Value::as_str).map(keep_alive).transpose()?;
            held = catalog.point(id, keep)?;
            held.as_slice()
        }
        None => {
            held = std::sync::Arc::new(
                catalog.views(expression.unwrap_or("_all"), request.lenience()?)?,
            );
            held.as_slice()
        }
    };
    let search = parse(&body, &exact_after(&request.body), views)?;
    let queries = queries(search.query, views)?;
    let (hits, matched) = search.hits(views, &queries)?;
    let aggregations = search.aggs.map(|aggs| aggregate(aggs, views, &queries)).transpose()?;
    let mut answer = search.answer(views, &hits, matched, started)?;
    if let Some(aggregations) = aggregations {
        answer.push_str(&format!(",\"aggregations\":{aggregations}"));
    }
    if let Some(id) = body.pointer("/pit/id") {
        answer.push_str(&format!(",\"pit_id\":{id}"));
    }
    answer.push('}');
    Ok(answer)
}

pub(crate) fn took(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The `_shards` object: one shard an index, none fails.
pub(crate) fn shards(count: usize) -> Value {
    json!({ "total": count, "successful": count, "skipped": 0, "failed": 0 })
}

pub(crate) fn queries(query: &Value, views: &[View]) -> ApiResult<Vec<Box<dyn Query>>> {
    if views.is_empty() {
        // A query that is wrong is so without an index too.
        let (_, fields) = crate::schema::schema();
        Translator { fields, mapping: &Mapping::default() }.query(query)?;
    }
    let translate =
        |view: &View| Translator { fields: view.shard.fields, mapping: &view.mapping }.query(query);
    views.iter().map(translate).collect()
}

fn kind_of(views: &[View], name: &str) -> Option<Kind> {
    views.iter().find_map(|view| view.mapping.resolve(name)).map(|field| field.kind)
}

/// What the values of a sort key are.
fn kind_of_key(views: &[View], key: &Key) -> Option<Kind> {
    match &key.by {
        By::Field(name) => kind_of(views, name).or(key.unmapped),
        _ => None,
    }
}

/// The values of `search_after` as they are written: `serde_json` reads a fraction of many digits as
/// its neighbour, and a page behind that would repeat or miss a hit.
fn exact_after(body: &[u8]) -> Vec<&RawValue> {
    #[derive(Deserialize)]
    struct Body<'b> {
        #[serde(borrow, default)]
        search_after: Vec<&'b RawValue>,
    }
    // What is no list is refused where the whole body is read.
    serde_json::from_slice::<Body<'_>>(body).map(|body| body.search_after).unwrap_or_default()
}

fn parse<'v>(body: &'v Value, exact: &[&RawValue], views: &[View]) -> ApiResult<Search<'v>> {
    let number = |key: &str, default: usize| match body.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => {
            long(value).and_then(|number| usize::try_from(number).ok()).ok_or_else(|| {
                ApiError::bad(format!("[{key}] parameter cannot be negative, found [{value}]"))
            })
        }
    };
    let keys = sort::parse(body.get("sort").unwrap_or(&Value::Null))?;
    for key in &keys {
        let By::Field(name) = &key.by else { continue };
        match kind_of(views, name) {
            None if key.unmapped.is_some() || views.is_empty() => {}
            None => {
                let reason = format!("No mapping found for [{name}] in order to sort on");
                return Err(ApiError::new(400, "query_shard_exception", reason));
            }
            Some(Kind::Text | Kind::Flat | Kind::Opaque) => {
                return Err(ApiError::bad(format!(
                    "field [{name}] cannot be sorted by: use a keyword, number or date"
                )));
            }
            Some(_) => {}
        }
    }
    let after = body.get("search_after");
    let after = after.map(|values| self::after(values, exact, &keys, views)).transpose()?;
    let (from, size) = (number("from", 0)?, number("size", 10)?);
    if from.saturating_add(size) > MAX_WINDOW {
        let reason = format!(
            "Result window is too large, from + size must be less than or equal to: [{MAX_WINDOW}] but was [{}]. See the scroll api for a more efficient way to request large data sets.",
            from.saturating_add(size)
        );
        return Err(ApiError::bad(reason));
    }
    if from > 0 && after.is_some() {
        return Err(ApiError::bad(
            "`from` parameter must be set to 0 when `search_after` is used.",
        ));
    }
    let total = match body.get("track_total_hits") {
        None => Total::UpTo(DEFAULT_TOTAL),
        Some(Value::Bool(true)) => Total::Exact,
        Some(Value::Bool(false)) => Total::Off,
        Some(value) => {
            let limit = long(value).and_then(|limit| usize::try_from(limit).ok());
            Total::UpTo(limit.ok_or_else(|| {
                ApiError::bad(format!(
                    "[track_total_hits] must be true, false or a number, not [{value}]"
                ))
            })?)
        }
    };
    Ok(Search {
        query: body.get("query").unwrap_or(&Value::Null),
        aggs: body.get("aggs").or_else(|| body.get("aggregations")),
        keys,
        after,
        from,
        size,
        total,
        source: source_filter(body.get("_source"))?,
    })
}

fn after(
    values: &Value,
    exact: &[&RawValue],
    keys: &[Key],
    views: &[View],
) -> ApiResult<Vec<SortValue>> {
    let values = values.as_array().map_or(&[][..], Vec::as_slice);
    if values.len() != keys.len() {
        return Err(ApiError::bad(format!(
            "search_after has {} value(s) but sort has {}.",
            values.len(),
            keys.len()
        )));
    }
    let read = |(at, (key, value)): (usize, (&Key, &Value))| {
        let exact = exact.get(at).and_then(|text| text.get().parse().ok());
        match key.read(value, kind_of_key(views, key))? {
            SortValue::Double(number) => Ok(SortValue::Double(exact.unwrap_or(number))),
            other => Ok(other),
        }
    };
    keys.iter().zip(values).enumerate().map(read).collect()
}

fn source_filter(value: Option<&Value>) -> ApiResult<SourceFilter> {
    let texts = |value: Option<&Value>| -> Vec<String> {
        match value {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    };
    match value {
        None | Some(Value::Bool(true)) => Ok(SourceFilter::default()),
        Some(Value::Bool(false)) => Ok(SourceFilter { off: true, ..SourceFilter::default() }),
        Some(object @ Value::Object(_)) => {
            known("_source", object, &["includes", "excludes", "include", "exclude"])?;
            let get = |a: &str, b: &str| texts(object.get(a).or_else(|| object.get(b)));
            Ok(SourceFilter {
                off: false,
                includes: get("includes", "include"),
                excludes: get("excludes", "exclude"),
            })
        }
        value => Ok(SourceFilter { includes: texts(value), ..SourceFilter::default() }),
    }
}

impl Search<'_> {
    /// The wanted hits with their index, in order, and how many documents match.
    fn hits(
        &self,
        views: &[View],
        queries: &[Box<dyn Query>],
    ) -> ApiResult<(Vec<(usize, Hit)>, usize)> {
        let mut hits = Vec::new();
        let mut matched = 0;
        let limit = self.from + self.size;
        for (at, (view, query)) in views.iter().zip(queries).enumerate() {
            if limit == 0 {
                if !matches!(self.total, Total::Off) {
                    matched += view.searcher.search(query, &Count)?;
                }
                continue;
            }
            let sources = self.keys.iter().map(|key| {
                let path = match &key.by {
                    By::Field(name) => view.mapping.resolve(name).map(|field| field.path),
                    _ => None,
                };
                Source { key: key.clone(), path }
            });
            let first = First {
                sources: sources.collect(),
                after: self.after.clone(),
                limit,
                shard: u32::try_from(at).unwrap_or(u32::MAX),
            };
            let (found, count) = view.searcher.search(query, &first)?;
            matched += count;
            hits.extend(found.into_iter().map(|hit| (at, hit)));
        }
        let keys: Vec<&Key> = self.keys.iter().collect();
        hits.sort_by(|a, b| compare(&keys, &a.1.values, &b.1.values));
        hits.drain(..self.from.min(hits.len()));
        hits.truncate(self.size);
        Ok((hits, matched))
    }

    fn answer(
        &self,
        views: &[View],
        hits: &[(usize, Hit)],
        matched: usize,
        started: Instant,
    ) -> ApiResult<String> {
        let scored = matches!(self.keys.as_slice(), [Key { by: By::Score, .. }]);
        let total = match self.total {
            Total::Off => String::new(),
            Total::UpTo(limit) if matched > limit => {
                format!("\"total\":{{\"value\":{limit},\"relation\":\"gte\"}},")
            }
            _ => format!("\"total\":{{\"value\":{matched},\"relation\":\"eq\"}},"),
        };
        let best = hits.first().filter(|_| scored).map(|(_, hit)| hit.score);
        let mut answer = format!(
            "{{\"took\":{},\"timed_out\":false,\"_shards\":{},\"hits\":{{{total}\"max_score\":{},\"hits\":[",
            took(started),
            shards(views.len()),
            json!(best),
        );
        for (number, (at, hit)) in hits.iter().enumerate() {
            if number > 0 {
                answer.push(',');
            }
            if let Some(view) = views.get(*at) {
                self.hit(&mut answer, views, view, hit, scored)?;
            }
        }
        answer.push_str("]}");
        Ok(answer)
    }

    fn hit(
        &self,
        answer: &mut String,
        views: &[View],
        view: &View,
        hit: &Hit,
        scored: bool,
    ) -> ApiResult<()> {
        let document: TantivyDocument = view.searcher.doc(DocAddress::new(hit.segment, hit.doc))?;
        let id = view.searcher.segment_reader(hit.segment).fast_fields().str("_id")?;
        let mut name = String::new();
        if let Some((ids, ord)) =
            id.as_ref().and_then(|ids| Some((ids, ids.ords().first(hit.doc)?)))
        {
            ids.ord_to_str(ord, &mut name)?;
        }
        let score = if scored { json!(hit.score) } else { Value::Null };
        answer.push_str(&format!(
            "{{\"_index\":{},\"_id\":{},\"_score\":{score}",
            json!(view.shard.name),
            json!(name)
        ));
        let source = source_of(&document, view.shard.fields);
        if !self.source.off {
            let invalid = |_| {
                ApiError::new(
                    500,
                    "engine_exception",
                    format!("the stored source of [{name}] is damaged"),
                )
            };
            answer.push_str(",\"_source\":");
            if self.source.includes.is_empty() && self.source.excludes.is_empty() {
                answer.push_str(std::str::from_utf8(source).map_err(invalid)?.trim());
            } else {
                let mut value: Value = serde_json::from_slice(source)
                    .map_err(|error| ApiError::new(500, "engine_exception", error.to_string()))?;
                if !self.source.includes.is_empty() {
                    include(&mut value, "", &self.source.includes);
                }
                exclude(&mut value, "", &self.source.excludes);
                answer.push_str(&value.to_string());
            }
        }
        if !scored {
            let shown = self
                .keys
                .iter()
                .zip(&hit.values)
                .map(|(key, value)| key.show(value, kind_of_key(views, key)));
            answer.push_str(&format!(",\"sort\":{}", Value::Array(shown.collect())));
        }
        answer.push('}');
        Ok(())
    }
}

/// Keeps only what the patterns name, or lies under it.
fn include(value: &mut Value, path: &str, patterns: &[String]) {
    match value {
        Value::Object(object) => object.retain(|name, inner| {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let named = |pattern: &String| {
                wildcard(pattern, &path) || wildcard(&format!("{pattern}.*"), &path)
            };
            if patterns.iter().any(named) {
                return true;
            }
            if !inner.is_object() && !inner.is_array() {
                return false;
            }
            include(inner, &path, patterns);
            inner.as_object().is_some_and(|object| !object.is_empty())
                || inner.as_array().is_some_and(|list| !list.is_empty())
        }),
        Value::Array(list) => {
            list.retain(|inner| inner.is_object() || inner.is_array());
            list.iter_mut().for_each(|inner| include(inner, path, patterns));
            list.retain(|inner| *inner != json!({}) && *inner != json!([]));
        }
        _ => {}
    }
}
