//! Aggregations as OpenSearch's DSL has them, for [`crate::Documents::aggregate`].

use serde_json::{Value, json};

/// The most frequent values of a keyword field: `buckets` of `key` and `doc_count`.
#[must_use]
pub fn terms(field: &str, size: usize) -> Value {
    json!({ "terms": { "field": field, "size": size } })
}

/// Documents by time: `buckets` of `key` (epoch milliseconds) and `doc_count`. `interval` is a fixed
/// one: `30s`, `5m`, `1h`, `1d`; empty buckets between others are there.
#[must_use]
pub fn date_histogram(field: &str, interval: &str) -> Value {
    json!({ "date_histogram": { "field": field, "fixed_interval": interval, "min_doc_count": 0 } })
}

/// `count`, `min`, `max`, `avg` and `sum` of a number.
#[must_use]
pub fn stats(field: &str) -> Value {
    json!({ "stats": { "field": field } })
}

/// Approximate percentiles of a number: `values` by percent (`"95.0"`).
#[must_use]
pub fn percentiles(field: &str, percents: &[f64]) -> Value {
    json!({ "percentiles": { "field": field, "percents": percents } })
}

/// About how many different values a field has: `value`.
#[must_use]
pub fn cardinality(field: &str) -> Value {
    json!({ "cardinality": { "field": field } })
}

/// The aggregation with others inside each of its buckets.
#[must_use]
pub fn with(mut aggregation: Value, inner: &Value) -> Value {
    aggregation["aggs"] = inner.clone();
    aggregation
}
