//! Aggregations: OpenSearch's requests into tantivy's over the columns, and tantivy's results into
//! OpenSearch's shapes.
//!
//! Dates are columns of whole milliseconds, so a date histogram is a histogram; calendar months and
//! longer are ranges between computed bounds.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::date;
use crate::document::long;
use crate::error::{ApiError, ApiResult};
use crate::mapping::{Kind, Resolved};
use crate::query::known;
use crate::schema::column;
use crate::terms::{self, Cut};

/// The most buckets of one answer, as `search.max_buckets` has it.
pub(crate) const MAX_BUCKETS: u32 = 65_535;
const DAY_MS: i64 = 86_400_000;
/// 1970-01-05, the first Monday.
const MONDAY_MS: i64 = 4 * DAY_MS;

/// What has to be done to a result to make it OpenSearch's.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    what: What,
    sub: Shapes,
}

/// Shapes by the aggregations' names.
pub(crate) type Shapes = BTreeMap<String, Shape>;

#[derive(Clone, Debug, Eq, PartialEq)]
enum What {
    Terms { kind: Option<Kind>, cut: Option<Cut> },
    Dates,
    Months { keep_empty: bool },
    Metric { date: bool },
    Whole,
}

/// What the translation has to ask about the indices.
pub(crate) trait Columns {
    /// What a name means; `None` if no index knows it.
    fn resolve(&self, name: &str) -> Option<Resolved>;
    /// The least and greatest value of a date among the matching documents.
    fn bounds(&self, path: &str) -> ApiResult<Option<(i64, i64)>>;
}

/// Translates `aggs`.
///
/// # Errors
///
/// 400 for what is not served.
pub(crate) fn translate(aggs: &Value, columns: &dyn Columns) -> ApiResult<(Value, Shapes)> {
    let object = aggs.as_object().ok_or_else(|| ApiError::parsing("[aggs] must be an object"))?;
    let mut request = Map::new();
    let mut shapes = Shapes::new();
    for (name, body) in object {
        let (translated, shape) = one(name, body, columns)?;
        request.insert(name.clone(), translated);
        shapes.insert(name.clone(), shape);
    }
    Ok((Value::Object(request), shapes))
}

/// The type, its body and the sub-aggregations of one aggregation.
pub(crate) fn parts<'v>(
    name: &str,
    body: &'v Value,
) -> ApiResult<(&'v str, &'v Value, Option<&'v Value>)> {
    let object = body
        .as_object()
        .ok_or_else(|| ApiError::parsing(format!("aggregation [{name}] must be an object")))?;
    let mut kind = None;
    let mut sub = None;
    for (key, value) in object {
        match key.as_str() {
            "aggs" | "aggregations" => sub = Some(value),
            "meta" => {
                return Err(ApiError::bad(format!(
                    "aggregation [{name}]: [meta] is not served by the local search"
                )));
            }
            key if kind.is_none() => kind = Some((key, value)),
            key => {
                return Err(ApiError::parsing(format!(
                    "Found two aggregation type definitions in [{name}]: [{key}] is the second"
                )));
            }
        }
    }
    let (kind, body) = kind
        .ok_or_else(|| ApiError::parsing(format!("Missing definition for aggregation [{name}]")))?;
    Ok((kind, body, sub))
}

fn one(name: &str, body: &Value, columns: &dyn Columns) -> ApiResult<(Value, Shape)> {
    let (kind, body, sub) = parts(name, body)?;
    let (mut request, what) = match kind {
        "terms" => {
            let (request, kind, cut) = terms::translate(body, columns)?;
            (request, What::Terms { kind, cut })
        }
        "date_histogram" => date_histogram(body, columns)?,
        "histogram" => {
            known(kind, body, &["field", "interval", "min_doc_count", "offset"])?;
            (renamed(kind, body, &numeric(kind, body, columns)?.0), What::Whole)
        }
        "stats" | "min" | "max" | "avg" | "sum" | "extended_stats" => {
            known(kind, body, &["field", "missing"])?;
            let (path, date) = numeric(kind, body, columns)?;
            (renamed(kind, body, &path), What::Metric { date })
        }
        "percentiles" => {
            known(kind, body, &["field", "percents", "missing"])?;
            let (path, date) = numeric(kind, body, columns)?;
            (renamed(kind, body, &path), What::Metric { date })
        }
        "cardinality" | "value_count" => {
            known(kind, body, &["field", "precision_threshold", "missing"])?;
            let field = field(kind, body, columns)?;
            let mut request = renamed(kind, body, &field.path);
            if let Some(object) =
                request.pointer_mut(&format!("/{kind}")).and_then(Value::as_object_mut)
            {
                object.remove("precision_threshold");
            }
            (request, What::Whole)
        }
        _ => {
            return Err(ApiError::parsing(format!(
                "Unknown aggregation type [{kind}], or one that the local search does not serve in this place"
            )));
        }
    };
    let mut shape = Shape { what, sub: Shapes::new() };
    if let Some(sub) = sub {
        let (translated, shapes) = translate(sub, columns)?;
        request["aggs"] = translated;
        shape.sub = shapes;
    }
    Ok((request, shape))
}

pub(crate) fn renamed(kind: &str, body: &Value, path: &str) -> Value {
    let mut body = body.clone();
    body["field"] = json!(column(path));
    json!({ kind: body })
}

pub(crate) fn field(kind: &str, body: &Value, columns: &dyn Columns) -> ApiResult<Resolved> {
    let name = body
        .get("field")
        .and_then(Value::as_str)
        .ok_or_else(|| ApiError::parsing(format!("[{kind}] wants a [field]")))?;
    let unmapped =
        || Resolved { path: name.to_owned(), kind: Kind::Keyword { ignore_above: None } };
    let field = columns.resolve(name).unwrap_or_else(unmapped);
    match field.kind {
        Kind::Text => Err(ApiError::bad(format!(
            "Text fields are not optimised for operations that require per-document field data like aggregations and sorting, so these operations are disabled by default. Please use a keyword field instead of [{name}]."
        ))),
        Kind::Flat | Kind::Opaque => Err(ApiError::bad(format!(
            "Field [{name}] cannot be aggregated: a flattened field knows only equality, prefix and existence; promote its path to [key.*] or [num.*]"
        ))),
        _ => Ok(field),
    }
}

/// A number's or a date's path, and whether it is a date. A name that no index knows is empty.
fn numeric(kind: &str, body: &Value, columns: &dyn Columns) -> ApiResult<(String, bool)> {
    let field = field(kind, body, columns)?;
    let name = body.get("field").and_then(Value::as_str).unwrap_or_default();
    let unknown = columns.resolve(name).is_none();
    match field.kind {
        Kind::Keyword { .. } | Kind::Boolean if !unknown => Err(ApiError::bad(format!(
            "Field [{name}] of type [keyword] is not supported for aggregation [{kind}]"
        ))),
        kind => Ok((field.path, kind == Kind::Date)),
    }
}

fn date_histogram(body: &Value, columns: &dyn Columns) -> ApiResult<(Value, What)> {
    let name = "date_histogram";
    let allowed = [
        "field",
        "fixed_interval",
        "calendar_interval",
        "min_doc_count",
        "offset",
        "extended_bounds",
        "hard_bounds",
        "time_zone",
        "order",
    ];
    known(name, body, &allowed)?;
    let utc = |zone: &str| matches!(zone, "UTC" | "Z" | "+00:00" | "Etc/UTC");
    if body.get("time_zone").is_some_and(|zone| !zone.as_str().is_some_and(utc)) {
        return Err(ApiError::bad(
            "[date_histogram] the local search knows the time zone UTC only",
        ));
    }
    if body.get("order").is_some_and(|order| *order != json!({"_key": "asc"})) {
        return Err(ApiError::bad("[date_histogram] is ordered by ascending key only"));
    }
    let (path, date) = numeric(name, body, columns)?;
    let wanted = body.get("field").and_then(Value::as_str).unwrap_or_default();
    if !date && columns.resolve(wanted).is_some() {
        return Err(ApiError::bad(format!(
            "Field [{wanted}] is not supported for aggregation [date_histogram]: it is no date"
        )));
    }
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let minimum = body
        .get("min_doc_count")
        .map_or(Some(0), long)
        .ok_or_else(|| ApiError::bad("[min_doc_count] must be a number"))?;
    let mut offset = text("offset")
        .map_or(Some(0), |offset| {
            let (sign, span) = offset.strip_prefix('-').map_or((1, offset), |span| (-1, span));
            date::span(span.trim_start_matches('+')).map(|span| sign * span)
        })
        .ok_or_else(|| ApiError::bad("[offset] must be a span like 6h"))?;
    let interval = match (text("fixed_interval"), text("calendar_interval")) {
        (Some(fixed), None) => date::span(fixed).filter(|span| *span > 0),
        (None, Some("minute" | "1m")) => Some(60_000),
        (None, Some("hour" | "1h")) => Some(3_600_000),
        (None, Some("day" | "1d")) => Some(DAY_MS),
        (None, Some("week" | "1w")) => {
            offset += MONDAY_MS;
            Some(7 * DAY_MS)
        }
        (None, Some("month" | "1M")) => return months(body, &path, minimum, columns),
        _ => None,
    };
    let interval = interval.ok_or_else(|| {
        ApiError::bad("Invalid interval: give one fixed_interval (30s, 5m, 1h, 1d) or one calendar_interval (minute, hour, day, week, month)")
    })?;
    let mut request = json!({
        "field": column(&path), "interval": interval, "offset": offset.rem_euclid(interval),
        "min_doc_count": minimum,
    });
    for key in ["extended_bounds", "hard_bounds"] {
        if let Some(bounds) = body.get(key) {
            let end = |end: &str| {
                bounds
                    .get(end)
                    .and_then(|value| date::bound(value, date::Round::Down))
                    .ok_or_else(|| ApiError::bad(format!("[{key}] wants min and max as dates")))
            };
            request[key] = json!({ "min": end("min")?, "max": end("max")? });
        }
    }
    Ok((json!({ "histogram": request }), What::Dates))
}

fn months(
    body: &Value,
    path: &str,
    minimum: i64,
    columns: &dyn Columns,
) -> ApiResult<(Value, What)> {
    for key in ["offset", "extended_bounds", "hard_bounds"] {
        if body.get(key).is_some() {
            return Err(ApiError::bad(format!(
                "[date_histogram] by month: [{key}] is not served by the local search"
            )));
        }
    }
    let too_many = || ApiError::bad("[date_histogram] by month spans more than 200 years");
    let starts = match columns.bounds(path)? {
        Some((from, to)) => date::months(from, to).ok_or_else(too_many)?,
        None => vec![0, 1],
    };
    let pairs = starts.iter().zip(starts.iter().skip(1));
    let ranges: Vec<Value> =
        pairs.map(|(from, to)| json!({"from": from, "to": to, "key": from.to_string()})).collect();
    let what = What::Months { keep_empty: minimum == 0 };
    Ok((json!({ "range": { "field": column(path), "ranges": ranges } }), what))
}

/// Makes tantivy's results OpenSearch's, in place.
pub(crate) fn reshape(results: &mut Value, shapes: &Shapes) {
    for (name, shape) in shapes {
        if let Some(result) = results.get_mut(name) {
            shape.apply(result);
        }
    }
}

impl Shape {
    fn apply(&self, result: &mut Value) {
        match &self.what {
            What::Metric { date } => metric(result, *date),
            What::Whole if result.get("buckets").is_none() => whole(result, "value"),
            What::Months { keep_empty } => month_buckets(result, *keep_empty),
            What::Terms { .. } | What::Dates | What::Whole => {}
        }
        if let What::Terms { cut: Some(cut), .. } = &self.what {
            cut.apply(result);
        }
        let Some(buckets) = result.get_mut("buckets").and_then(Value::as_array_mut) else { return };
        for bucket in buckets {
            match &self.what {
                What::Dates | What::Months { .. } | What::Terms { kind: Some(Kind::Date), .. } => {
                    dated_key(bucket);
                }
                What::Terms { kind: Some(Kind::Boolean), .. } => {
                    let key = bucket["key"].clone();
                    bucket["key"] = json!(i32::from(key == "true"));
                    bucket["key_as_string"] = key;
                }
                What::Terms { kind: Some(Kind::Long), .. } => whole(bucket, "key"),
                _ => {}
            }
            reshape(bucket, &self.sub);
        }
    }
}

fn dated_key(bucket: &mut Value) {
    if let Some(key) = bucket.get("key").and_then(long) {
        bucket["key"] = json!(key);
        bucket["key_as_string"] = json!(date::print(key));
    }
}

fn whole(result: &mut Value, key: &str) {
    if let Some(value) = result.get(key).and_then(long) {
        result[key] = json!(value);
    }
}

/// Texts beside dates; percentiles by OpenSearch's keys (`50.0`).
fn metric(result: &mut Value, date: bool) {
    let Some(object) = result.as_object_mut() else { return };
    whole_count(object);
    if !date {
        return;
    }
    let printed: Vec<(String, Value)> = object
        .iter()
        .filter(|(key, value)| *key != "count" && value.is_number())
        .filter_map(|(key, value)| {
            Some((format!("{key}_as_string"), json!(date::print(long(value)?))))
        })
        .collect();
    object.extend(printed);
}

fn whole_count(object: &mut Map<String, Value>) {
    if let Some(count) = object.get("count").and_then(long) {
        object.insert("count".to_owned(), json!(count));
    }
}

fn month_buckets(result: &mut Value, keep_empty: bool) {
    let Some(buckets) = result.get_mut("buckets").and_then(Value::as_array_mut) else { return };
    buckets.retain_mut(|bucket| {
        let inner = bucket.get("from").is_some() && bucket.get("to").is_some();
        if let Some(object) = bucket.as_object_mut() {
            for key in ["from", "to", "from_as_string", "to_as_string"] {
                object.remove(key);
            }
        }
        let count = bucket.get("doc_count").and_then(Value::as_u64).unwrap_or(0);
        inner && (count > 0 || keep_empty)
    });
    // Empty months stand only between months that are not.
    let full = |bucket: &Value| {
        bucket.get("doc_count").and_then(Value::as_u64).is_some_and(|count| count > 0)
    };
    let end = buckets.iter().rposition(full).map_or(0, |last| last + 1);
    buckets.truncate(end);
    let begin = buckets.iter().position(full).unwrap_or(0);
    buckets.drain(..begin);
}
