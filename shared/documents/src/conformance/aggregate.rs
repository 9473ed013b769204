//! Cases about counting.

use logmill_model::Level;
use logmill_query::Query;
use serde_json::json;

use super::sample::{origin, record, with_level};
use super::{Bench, Result, same};
use crate::{Kind, aggs};

/// Writes 40 records: every fourth is an ERROR, the others are INFO.
async fn forty(bench: &Bench, key: &str) -> Result {
    let records: Vec<_> = (1..=40)
        .map(|line| {
            let level = if line % 4 == 0 { Level::Error } else { Level::Info };
            with_level(record(line, "one of forty"), level)
        })
        .collect();
    bench.write(&origin(key, "", "g1"), &records).await?;
    Ok(())
}

pub(super) async fn documents_are_counted(bench: &Bench) -> Result {
    let key = "counted";
    forty(bench, key).await?;
    let of = Query::is("deployment_key", key);
    let all = bench.documents.count(Kind::Logs, &of, bench.deadline()).await?;
    let errors = Query::all_of([of, Query::is("level", "ERROR")]);
    let errors = bench.documents.count(Kind::Logs, &errors, bench.deadline()).await?;
    same("all and errors", &(all, errors), &(40, 10))
}

pub(super) async fn values_are_counted_and_measured(bench: &Bench) -> Result {
    let key = "measured";
    forty(bench, key).await?;
    let inner = json!({ "lines": aggs::stats("line") });
    let levels = json!({ "levels": aggs::with(aggs::terms("level", 10), &inner) });
    let query = Query::is("deployment_key", key);
    let answer = bench.documents.aggregate(Kind::Logs, &query, &levels, bench.deadline()).await?;
    let buckets = &answer["levels"]["buckets"];
    same("the most frequent", &buckets[0]["key"], &json!("INFO"))?;
    same("its count", &buckets[0]["doc_count"], &json!(30))?;
    let lines = &buckets[1]["lines"];
    same("errors' lines", &lines["count"], &json!(10))?;
    let number = |name: &str| lines[name].as_f64();
    let found = (number("min"), number("max"), number("avg"), number("sum"));
    same("measures", &found, &(Some(4.0), Some(40.0), Some(22.0), Some(220.0)))
}

pub(super) async fn time_is_cut_into_equal_parts(bench: &Bench) -> Result {
    let key = "histogram";
    let records: Vec<_> = [1, 2, 3, 31, 32].map(|line| record(line, "by time")).to_vec();
    bench.write(&origin(key, "", "g1"), &records).await?;
    let by_time = json!({ "time": aggs::date_histogram("@timestamp", "10m") });
    let query = Query::is("deployment_key", key);
    let answer = bench.documents.aggregate(Kind::Logs, &query, &by_time, bench.deadline()).await?;
    let buckets: Vec<_> = answer["time"]["buckets"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|bucket| (bucket["key"].as_i64(), bucket["doc_count"].as_u64()))
        .collect();
    // 10:20 is 1,795,256,400 s.
    let at = |part: i64| Some(1_795_256_400_000 + part * 600_000);
    let wanted = vec![(at(0), Some(3)), (at(1), Some(0)), (at(2), Some(0)), (at(3), Some(2))];
    same("buckets", &buckets, &wanted)
}

pub(super) async fn percentiles_and_cardinality_are_near(bench: &Bench) -> Result {
    let key = "percentiles";
    forty(bench, key).await?;
    let both = json!({
        "lines": aggs::percentiles("line", &[50.0, 95.0]),
        "levels": aggs::cardinality("level"),
    });
    let query = Query::is("deployment_key", key);
    let answer = bench.documents.aggregate(Kind::Logs, &query, &both, bench.deadline()).await?;
    same("levels", &answer["levels"]["value"], &json!(2))?;
    let percent = |name: &str| answer["lines"]["values"][name].as_f64().unwrap_or(0.0);
    same("median near 20.5", &((percent("50.0") - 20.5).abs() < 1.5), &true)?;
    same("95 % near 38.5", &((percent("95.0") - 38.5).abs() < 1.5), &true)
}

pub(super) async fn of_nothing_is_nothing(bench: &Bench) -> Result {
    let all = json!({ "levels": aggs::terms("level", 5), "lines": aggs::stats("line") });
    let query = Query::is("deployment_key", "no-such-deployment");
    let answer = bench.documents.aggregate(Kind::Logs, &query, &all, bench.deadline()).await?;
    same("buckets", &answer["levels"]["buckets"], &json!([]))?;
    same("count", &answer["lines"]["count"], &json!(0))?;
    same("no minimum", &answer["lines"]["min"].is_null(), &true)
}
