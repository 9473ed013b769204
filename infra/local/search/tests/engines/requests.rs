//! Random requests around a query: order, pages, parts of documents, aggregations.

use fastrand::Rng;
use logmill_documents::{Kind, aggs};
use logmill_query::field::{FIELDS, FieldType};
use serde_json::{Value, json};

use crate::documents::{PROMOTED, carries, one};

/// Names of fields of some types, promoted ones included.
fn fields(kind: Kind, fits: impl Fn(FieldType) -> bool) -> Vec<String> {
    let named = FIELDS.iter().filter(|field| carries(kind, field) && fits(field.field_type));
    let mut names: Vec<String> = named.map(|field| field.name.to_owned()).collect();
    for promoted in PROMOTED.iter().filter(|_| kind == Kind::Logs) {
        if fits(FieldType::Number) {
            names.push(format!("num.{promoted}"));
        }
        if fits(FieldType::Keyword) {
            names.push(format!("key.{promoted}"));
        }
    }
    names
}

const fn has_column(field: FieldType) -> bool {
    !matches!(field, FieldType::Text | FieldType::Flat)
}

fn pick(random: &mut Rng, names: &[String]) -> String {
    names[random.usize(..names.len())].clone()
}

/// A total order: some random keys, then those of [`logmill_documents::Sort`], then what is unique.
pub(crate) fn sort(random: &mut Rng, kind: Kind) -> Value {
    let names = fields(kind, has_column);
    let mut keys = Vec::new();
    for _ in 0..random.u8(..3) {
        let mut key = json!({ "order": one(random, &["asc", "desc"]), "unmapped_type": "keyword" });
        if random.bool() {
            key["missing"] = json!(one(random, &["_first", "_last"]));
        }
        let name = pick(random, &names);
        let tie_break = matches!(name.as_str(), "deployment_key" | "part");
        if !tie_break && keys.iter().all(|key: &Value| key.get(&name).is_none()) {
            if name.starts_with("num.") {
                key["unmapped_type"] = json!("double");
            }
            keys.push(json!({ name: key }));
        }
    }
    if keys.iter().all(|key: &Value| key.get("parser_version").is_none()) {
        keys.push(json!({ "parser_version": { "order": one(random, &["asc", "desc"]) } }));
    }
    // Records as `parse` writes them have all the same version.
    keys.extend([json!({ "deployment_key": "asc" }), json!({ "part": "asc" })]);
    if keys.iter().all(|key: &Value| key.get("line").is_none()) {
        keys.push(json!({ "line": { "unmapped_type": "long" } }));
    }
    Value::Array(keys)
}

/// A search for one page.
pub(crate) fn search(random: &mut Rng, kind: Kind, query: &Value) -> Value {
    let mut body = json!({ "query": query, "size": random.u8(..12), "sort": sort(random, kind) });
    match random.u8(..5) {
        0 => body["track_total_hits"] = json!(true),
        1 => {
            // Without hits to find, OpenSearch stops at that number and knows of no more.
            body["track_total_hits"] = json!(random.u8(1..9));
            body["size"] = json!(random.u8(1..12));
        }
        2 => body["track_total_hits"] = json!(false),
        _ => {}
    }
    match random.u8(..6) {
        0 => body["_source"] = json!(false),
        1 => body["_source"] = json!(["message", "labels", "num.one", "steps.name"]),
        2 => body["_source"] = json!({ "excludes": ["m*", "fields.team", "geo.*"] }),
        _ => {}
    }
    body
}

/// Some aggregations, some in each other.
pub(crate) fn aggregations(random: &mut Rng, kind: Kind) -> Value {
    let mut all = json!({});
    for name in ["first", "second", "third"] {
        let mut one = bucketed(random, kind);
        if random.bool() {
            // In an index that does not know the inner field, OpenSearch 3.4 loses the buckets of a
            // date histogram: no promoted fields here, which not every month has.
            one = aggs::with(one, &json!({ "inner": measured(random, kind, false) }));
        }
        all[name] = one;
    }
    all["measured"] = measured(random, kind, true);
    all
}

fn bucketed(random: &mut Rng, kind: Kind) -> Value {
    match random.u8(..6) {
        0 | 1 => {
            let mut terms =
                aggs::terms(&pick(random, &fields(kind, has_column)), random.usize(1..12));
            // So many of each index that the counts are exact, however the documents lie.
            terms["terms"]["shard_size"] = json!(1000);
            match random.u8(..6) {
                0 | 1 => terms["terms"]["order"] = json!({ "_key": one(random, &["asc", "desc"]) }),
                2 => terms["terms"]["min_doc_count"] = json!(2),
                _ => {}
            }
            terms
        }
        2 | 3 => {
            let dates = fields(kind, |field| field == FieldType::Date);
            aggs::date_histogram(&pick(random, &dates), one(random, &["30m", "1h", "1d", "12h"]))
        }
        4 => {
            let dates = fields(kind, |field| field == FieldType::Date);
            let interval = one(random, &["hour", "day", "week", "month"]);
            let least = random.u8(..2);
            json!({ "date_histogram": {
                "field": pick(random, &dates), "calendar_interval": interval, "min_doc_count": least,
            } })
        }
        _ => {
            json!({ "filter": { "exists": { "field": pick(random, &fields(kind, has_column)) } } })
        }
    }
}

fn measured(random: &mut Rng, kind: Kind, promoted: bool) -> Value {
    let mut numbers = fields(kind, |field| field == FieldType::Number);
    numbers.retain(|name| promoted || !name.starts_with("num."));
    let field = pick(random, &numbers);
    match random.u8(..5) {
        0 | 1 => aggs::stats(&field),
        2 => {
            json!({ (one(random, &["min", "max", "avg", "sum", "value_count"])): { "field": field } })
        }
        3 => aggs::cardinality(&pick(random, &numbers)),
        _ => aggs::percentiles(&field, &[50.0, 95.0]),
    }
}
