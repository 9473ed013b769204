//! The tree as OpenSearch's query DSL.

use jiff::Timestamp;
use serde_json::{Map, json};

use crate::{Bound, Query, Scalar, Test, Value, Words};

/// The fields that free text is looked for in.
pub const TEXT_FIELDS: [&str; 2] = ["message", "text"];

/// The query DSL of a tree. Nothing is scored: documents are sorted by time, so conditions stand in
/// filters, which OpenSearch caches.
#[must_use]
pub fn to_opensearch(query: &Query) -> serde_json::Value {
    match query {
        Query::Everything => json!({ "match_all": {} }),
        Query::And(parts) => json!({ "bool": { "filter": all(parts) } }),
        Query::Or(parts) => json!({ "bool": { "should": all(parts), "minimum_should_match": 1 } }),
        Query::Not(part) => json!({ "bool": { "must_not": [to_opensearch(part)] } }),
        Query::Text(words) => {
            let either = TEXT_FIELDS.map(|field| holds(field, words));
            json!({ "bool": { "should": either, "minimum_should_match": 1 } })
        }
        Query::Field { name, test } => field(name, test),
    }
}

/// The DSL for `field` in [`from`, `until`): the same as [`Query::between`], for callers that add it
/// to a query of their own.
#[must_use]
pub fn time_range(
    field: &str,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
) -> serde_json::Value {
    to_opensearch(&Query::between(field, from, until))
}

fn all(parts: &[Query]) -> Vec<serde_json::Value> {
    parts.iter().map(to_opensearch).collect()
}

fn field(name: &str, test: &Test) -> serde_json::Value {
    match test {
        Test::Exists => json!({ "exists": { "field": name } }),
        Test::Is(value) => json!({ "term": { name: plain(value) } }),
        Test::OneOf(values) => json!({ "terms": { name: values } }),
        Test::Prefix(prefix) => json!({ "prefix": { name: prefix } }),
        Test::Holds(words) => holds(name, words),
        Test::Within { lower, upper } => {
            let mut range = Map::new();
            for (bound, included, excluded) in [(lower, "gte", "gt"), (upper, "lte", "lt")] {
                let _ = match bound {
                    Bound::Open => None,
                    Bound::Included(value) => range.insert(included.to_owned(), scalar(value)),
                    Bound::Excluded(value) => range.insert(excluded.to_owned(), scalar(value)),
                };
            }
            if range.is_empty() {
                return json!({ "exists": { "field": name } });
            }
            json!({ "range": { name: range } })
        }
    }
}

fn holds(field: &str, words: &Words) -> serde_json::Value {
    match words {
        Words::Phrase(text) if crate::analyzer::tokens(text).nth(1).is_none() => {
            json!({ "match": { field: { "query": text, "operator": "and" } } })
        }
        Words::Phrase(text) => json!({ "match_phrase": { field: text } }),
        Words::Prefix(prefix) => json!({ "prefix": { field: prefix } }),
    }
}

fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) => json!(text),
        Value::Boolean(value) => json!(value),
        Value::Scalar(value) => scalar(value),
    }
}

/// Whole numbers are written without a fraction: integer fields refuse `3.0`. Times are written with
/// one: to OpenSearch, `<= 12:00:00Z` means all of that second.
fn scalar(value: &Scalar) -> serde_json::Value {
    match value {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "only where the value is whole and small"
        )]
        Scalar::Number(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            json!(*number as i64)
        }
        Scalar::Number(number) => json!(number),
        Scalar::Time(at) if at.subsec_nanosecond() % 1_000_000 == 0 => json!(format!("{at:.3}")),
        Scalar::Time(at) => json!(format!("{at:.9}")),
    }
}
