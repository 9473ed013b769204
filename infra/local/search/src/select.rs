//! `_count` and `_delete_by_query`: what a query selects, without hits.

use std::time::Instant;

use serde_json::{Value, json};
use tantivy::Searcher;
use tantivy::collector::{Count, DocSetCollector};
use tantivy::query::Query;

use crate::catalog::Catalog;
use crate::error::{ApiError, ApiResult};
use crate::query::{Translator, known};
use crate::request::{NAMES, Request};
use crate::search::{queries, shards, took};

/// Answers `_count`.
pub(crate) fn count(catalog: &Catalog, request: &Request, expression: &str) -> ApiResult<Value> {
    request.allow(&[&NAMES, &["preference"]])?;
    let body = request.json()?;
    if !body.is_null() {
        known("count", &body, &["query"])?;
    }
    let views = catalog.views(expression, request.lenience()?)?;
    let mut count = 0;
    for (view, query) in
        views.iter().zip(queries(body.get("query").unwrap_or(&Value::Null), &views)?)
    {
        count += view.searcher.search(&query, &Count)?;
    }
    Ok(json!({ "count": count, "_shards": shards(views.len()) }))
}

/// Answers `_delete_by_query`: synchronously, and without what was changed since the last refresh.
pub(crate) fn delete_by_query(
    catalog: &Catalog,
    request: &Request,
    expression: &str,
) -> ApiResult<(u16, Value)> {
    let started = Instant::now();
    request.allow(&[
        &NAMES,
        &[
            "conflicts",
            "refresh",
            "wait_for_completion",
            "timeout",
            "scroll_size",
            "slices",
            "requests_per_second",
        ],
    ])?;
    if request.flag("wait_for_completion")? == Some(false) {
        return Err(ApiError::bad("wait_for_completion=false is not served by the local search"));
    }
    let body = request.json()?;
    known("delete_by_query", &body, &["query"])?;
    let query = body.get("query").ok_or_else(|| {
        ApiError::new(
            400,
            "action_request_validation_exception",
            "Validation Failed: 1: query is missing;",
        )
    })?;
    let (mut total, mut deleted, mut conflicts) = (0, 0, 0);
    for shard in catalog.shards(expression, request.lenience()?)? {
        shard.refresh_if_due()?;
        let mapping = shard.mapping();
        let query = Translator { fields: shard.fields, mapping: &mapping }.query(query)?;
        let (found, gone, changed) =
            shard.delete_matching(|searcher| matching_ids(searcher, query.as_ref()))?;
        total += found;
        deleted += gone;
        conflicts += changed;
        if request.refresh()? {
            shard.refresh()?;
        }
    }
    let proceed = request.parameters.get("conflicts").is_some_and(|value| value == "proceed");
    let status = if conflicts > 0 && !proceed { 409 } else { 200 };
    let failures = if status == 409 {
        json!([{ "status": 409, "cause": { "type": "version_conflict_engine_exception", "reason": format!("{conflicts} documents were changed since the last refresh; give conflicts=proceed to leave them") } }])
    } else {
        json!([])
    };
    let answer = json!({
        "took": took(started), "timed_out": false, "total": total, "deleted": deleted, "batches": 1,
        "version_conflicts": conflicts, "noops": 0, "retries": { "bulk": 0, "search": 0 },
        "throttled_millis": 0, "requests_per_second": -1.0, "throttled_until_millis": 0,
        "failures": failures,
    });
    Ok((status, answer))
}

/// The ids of the searchable documents that a query finds.
fn matching_ids(searcher: &Searcher, query: &dyn Query) -> ApiResult<Vec<String>> {
    let mut columns = Vec::new();
    for segment in searcher.segment_readers() {
        columns.push(segment.fast_fields().str("_id")?);
    }
    let mut ids = Vec::new();
    for address in searcher.search(query, &DocSetCollector)? {
        let Some(Some(column)) = columns.get(address.segment_ord as usize) else { continue };
        let mut id = String::new();
        if let Some(ord) = column.ords().first(address.doc_id) {
            column.ord_to_str(ord, &mut id)?;
            ids.push(id);
        }
    }
    Ok(ids)
}
