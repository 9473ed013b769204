//! Whether two answers say the same.

use serde_json::Value;

use crate::engine::Answer;

/// What an answer says besides its content: times, shards, scores, ids of points in time.
const BESIDES: &[&str] = &[
    "took",
    "_shards",
    "_score",
    "max_score",
    "pit_id",
    "doc_count_error_upper_bound",
    "_version",
    "_seq_no",
    "_primary_term",
    "batches",
    "forced_refresh",
    "meta",
    "terminated_early",
];

/// Where the first two answers differ, if they do. Of a refusal only the status counts.
pub(crate) fn difference([local, real]: &[Answer; 2]) -> Option<String> {
    if local.0 != real.0 {
        return Some(format!("status {} {}, OpenSearch: {} {}", local.0, local.1, real.0, real.1));
    }
    if local.0 >= 400 {
        return None;
    }
    values("", &local.1, &real.1)
}

/// Where two values differ, if they do.
pub(crate) fn values(path: &str, local: &Value, real: &Value) -> Option<String> {
    match (local, real) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<_> = a.keys().chain(b.keys()).collect();
            names.into_iter().filter(|name| !BESIDES.contains(&name.as_str())).find_map(|name| {
                match (a.get(name), b.get(name)) {
                    // Its words are not compared, for a failure is told by its status.
                    _ if name == "error" => None,
                    (Some(a), Some(b)) => values(&format!("{path}/{name}"), a, b),
                    (a, b) => Some(format!("{path}/{name}: {a:?}, OpenSearch: {b:?}")),
                }
            })
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut pairs = a.iter().zip(b).enumerate();
            let first = pairs.find_map(|(at, (a, b))| values(&format!("{path}/{at}"), a, b));
            let more = || format!("{path}: {} of them, OpenSearch: {}", a.len(), b.len());
            first.or_else(|| (a.len() != b.len()).then(more))
        }
        (Value::Number(a), Value::Number(b)) if close(a.as_f64(), b.as_f64()) => None,
        (a, b) if a == b => None,
        (a, b) => Some(format!("{path}: {a}, OpenSearch: {b}")),
    }
}

/// Sums are added up in another order, so that they differ in their last digits.
fn close(a: Option<f64>, b: Option<f64>) -> bool {
    let (Some(a), Some(b)) = (a, b) else { return a == b };
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}
