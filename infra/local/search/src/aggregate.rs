//! Runs aggregations over the documents that a search matches, in any number of indices.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tantivy::aggregation::agg_req::Aggregations;
use tantivy::aggregation::intermediate_agg_result::IntermediateAggregationResults;
use tantivy::aggregation::{
    AggContextParams, AggregationLimitsGuard, DistributedAggregationCollector,
};
use tantivy::collector::Count;
use tantivy::query::{BooleanQuery, Query};

use crate::aggregations::{self, Columns, MAX_BUCKETS};
use crate::catalog::View;
use crate::document::long;
use crate::error::{ApiError, ApiResult};
use crate::mapping::Resolved;

/// Memory for the aggregations of one request, in bytes.
const AGGREGATION_BYTES: u64 = 500_000_000;

struct Matching<'a> {
    views: &'a [View],
    queries: &'a [Box<dyn Query>],
}

impl Columns for Matching<'_> {
    fn resolve(&self, name: &str) -> Option<Resolved> {
        self.views.iter().find_map(|view| view.mapping.resolve(name))
    }

    fn bounds(&self, path: &str) -> ApiResult<Option<(i64, i64)>> {
        let field = crate::schema::column(path);
        let stats =
            run(&json!({ "bounds": { "stats": { "field": field } } }), self.views, self.queries)?;
        let end = |key: &str| stats.pointer(&format!("/bounds/{key}")).and_then(long);
        Ok(end("min").zip(end("max")))
    }
}

/// Runs `aggs`. A `filter` at the top is a search of its own.
pub(crate) fn aggregate(
    aggs: &Value,
    views: &[View],
    queries: &[Box<dyn Query>],
) -> ApiResult<Value> {
    let mut plain = Map::new();
    let mut results = Map::new();
    for (name, body) in
        aggs.as_object().ok_or_else(|| ApiError::parsing("[aggs] must be an object"))?
    {
        let (kind, filter, sub) = aggregations::parts(name, body)?;
        if kind != "filter" {
            plain.insert(name.clone(), body.clone());
            continue;
        }
        let filters = crate::search::queries(filter, views)?;
        let both: Vec<Box<dyn Query>> = queries
            .iter()
            .zip(filters)
            .map(|(query, filter)| {
                Box::new(BooleanQuery::intersection(vec![query.box_clone(), filter]))
                    as Box<dyn Query>
            })
            .collect();
        let mut count = 0;
        for (view, query) in views.iter().zip(&both) {
            count += view.searcher.search(query, &Count)?;
        }
        let mut result = sub.map_or_else(|| Ok(json!({})), |sub| aggregate(sub, views, &both))?;
        result["doc_count"] = json!(count);
        results.insert(name.clone(), result);
    }
    if !plain.is_empty() {
        let columns = Matching { views, queries };
        let (request, shapes) = aggregations::translate(&Value::Object(plain), &columns)?;
        let mut plain = run(&request, views, queries)?;
        aggregations::reshape(&mut plain, &shapes);
        if let Value::Object(plain) = plain {
            results.extend(plain);
        }
    }
    let sorted: BTreeMap<String, Value> = results.into_iter().collect();
    Ok(json!(sorted))
}

/// Runs tantivy's own request over all indices.
fn run(request: &Value, views: &[View], queries: &[Box<dyn Query>]) -> ApiResult<Value> {
    let request: Aggregations = serde_json::from_value(request.clone())
        .map_err(|error| ApiError::parsing(format!("[aggs]: {error}")))?;
    let limits = AggregationLimitsGuard::new(Some(AGGREGATION_BYTES), Some(MAX_BUCKETS));
    let mut merged = IntermediateAggregationResults::default();
    for (number, (view, query)) in views.iter().zip(queries).enumerate() {
        let context = AggContextParams::new(limits.clone(), crate::schema::tokenizers());
        let collector = DistributedAggregationCollector::from_aggs(request.clone(), context);
        let found = view.searcher.search(query, &collector)?;
        if number == 0 {
            merged = found;
        } else {
            merged.merge_fruits(found)?;
        }
    }
    let results = merged.into_final_result(request, limits)?;
    serde_json::to_value(results)
        .map_err(|error| ApiError::new(500, "engine_exception", error.to_string()))
}
