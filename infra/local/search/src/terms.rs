//! The aggregation `terms`: most frequent values, or the first by their order.

use std::cmp::Ordering;

use serde_json::{Value, json};

use crate::aggregations::{Columns, field, renamed};
use crate::error::{ApiError, ApiResult};
use crate::mapping::Kind;
use crate::query::known;

/// The terms that each segment reports: counts are exact up to so many different ones.
const SEGMENT_TERMS: u64 = 10_000;

/// The order and the end of a list of numbers that have fractions: tantivy sorts the whole ones
/// among them before all others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Cut {
    size: usize,
    by_key: bool,
    descending: bool,
}

/// Tantivy's request for `terms`, what its values are, and how its answer is cut.
///
/// # Errors
///
/// 400 for what is not served.
pub(crate) fn translate(
    body: &Value,
    columns: &dyn Columns,
) -> ApiResult<(Value, Option<Kind>, Option<Cut>)> {
    let allowed =
        ["field", "size", "shard_size", "order", "min_doc_count", "missing", "include", "exclude"];
    known("terms", body, &allowed)?;
    let kind = columns.resolve(body.get("field").and_then(Value::as_str).unwrap_or_default());
    let kind = kind.map(|field| field.kind);
    let field = field("terms", body, columns)?;
    let mut body = body.clone();
    let size = body.get("size").and_then(Value::as_u64).unwrap_or(10);
    if size == 0 {
        return Err(ApiError::bad("[size] must be greater than 0. Found [0] in [terms]"));
    }
    if let Some(object) = body.as_object_mut() {
        object.remove("shard_size");
    }
    if let Some(Value::Array(orders)) = body.get("order") {
        // The last of OpenSearch's list is the tie-break, which is by key anyway.
        match orders.as_slice() {
            [one] | [one, _] => body["order"] = one.clone(),
            _ => {
                return Err(ApiError::bad("[terms] is ordered by one key and a tie-break at most"));
            }
        }
    }
    let cut = (kind == Some(Kind::Double)).then(|| Cut::of(&body, size)).flatten();
    body["size"] = json!(if cut.is_some() { size.max(SEGMENT_TERMS) } else { size });
    body["segment_size"] = json!(size.max(SEGMENT_TERMS));
    Ok((renamed("terms", &body, &field.path), kind, cut))
}

impl Cut {
    /// None where another aggregation says the order.
    fn of(body: &Value, size: u64) -> Option<Self> {
        let size = usize::try_from(size).ok()?;
        let order = match body.get("order").and_then(Value::as_object) {
            None => Some(("_count", "desc")),
            Some(order) => {
                order.iter().next().map(|(key, to)| (key.as_str(), to.as_str().unwrap_or("desc")))
            }
        };
        let (key, to) = order?;
        let descending = to.eq_ignore_ascii_case("desc");
        matches!(key, "_count" | "_key").then_some(Self { size, by_key: key == "_key", descending })
    }

    /// Sorts the buckets and cuts their list.
    pub(crate) fn apply(self, result: &mut Value) {
        let Some(buckets) = result.get_mut("buckets").and_then(Value::as_array_mut) else { return };
        buckets.sort_by(|a, b| self.compare(a, b));
        let rest = buckets.drain(self.size.min(buckets.len())..);
        let rest: u64 = rest.filter_map(|bucket| bucket["doc_count"].as_u64()).sum();
        let before = result["sum_other_doc_count"].as_u64().unwrap_or(0);
        result["sum_other_doc_count"] = json!(before + rest);
    }

    fn compare(self, a: &Value, b: &Value) -> Ordering {
        let keys = || {
            let number = |bucket: &Value| bucket["key"].as_f64().unwrap_or(f64::NAN);
            number(a).total_cmp(&number(b))
        };
        let turned = |order: Ordering| if self.descending { order.reverse() } else { order };
        if self.by_key {
            return turned(keys());
        }
        turned(a["doc_count"].as_u64().cmp(&b["doc_count"].as_u64())).then_with(keys)
    }
}
