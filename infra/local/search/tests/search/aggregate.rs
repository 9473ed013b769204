//! Charts: aggregations over several indices.

use serde_json::{Value, json};

use crate::client::{Server, template};

fn filled() -> (tempfile::TempDir, Server) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.ok("PUT", "/_index_template/t", &template());
    let document = |at: &str, service: &str, line: u64, ok: bool| json!({ "@timestamp": at, "service": service, "line": line, "rate": line, "ok": ok });
    server.index(
        "t-1",
        &[
            ("a", document("2026-01-31T23:10:00Z", "shop", 1, true)),
            ("b", document("2026-01-31T23:50:00Z", "shop", 2, false)),
        ],
    );
    server.index(
        "t-2",
        &[
            ("c", document("2026-02-01T01:00:00Z", "auth", 3, true)),
            ("d", document("2026-04-01T01:00:00Z", "shop", 4, true)),
            ("e", json!({ "service": "none" })),
        ],
    );
    (data, server)
}

fn aggregate(server: &Server, aggs: &Value) -> Value {
    let answer = server.ok("POST", "/t/_search", &json!({ "size": 0, "aggs": aggs }));
    assert_eq!(answer["hits"]["total"]["value"], 5);
    answer["aggregations"].clone()
}

#[test]
fn counts_and_numbers_are_those_of_opensearch() {
    let (_data, server) = filled();
    let found = aggregate(
        &server,
        &json!({
            "services": { "terms": { "field": "service" }, "aggs": { "most": { "max": { "field": "line" } } } },
            "oks": { "terms": { "field": "ok" } },
            "lines": { "stats": { "field": "line" } },
            "times": { "max": { "field": "@timestamp" } },
            "middle": { "percentiles": { "field": "rate", "percents": [50, 100] } },
            "different": { "cardinality": { "field": "service" } },
            "nothing": { "stats": { "field": "num.nothing" } },
            "shop": { "filter": { "term": { "service": "shop" } }, "aggs": { "mean": { "avg": { "field": "line" } } } },
        }),
    );
    let shop = &found["services"]["buckets"][0];
    assert_eq!(
        (&shop["key"], &shop["doc_count"], &shop["most"]["value"]),
        (&json!("shop"), &json!(3), &json!(4.0))
    );
    assert_eq!(found["services"]["sum_other_doc_count"], 0);
    assert_eq!(
        found["oks"]["buckets"],
        json!([
            { "key": 1, "key_as_string": "true", "doc_count": 3 }, { "key": 0, "key_as_string": "false", "doc_count": 1 },
        ])
    );
    assert_eq!(
        found["lines"],
        json!({ "count": 4, "min": 1.0, "max": 4.0, "avg": 2.5, "sum": 10.0 })
    );
    assert_eq!(found["times"]["value_as_string"], "2026-04-01T01:00:00.000Z");
    assert!((found["middle"]["values"]["100.0"].as_f64().unwrap() - 4.0).abs() < 0.1, "{found}");
    assert_eq!(found["different"]["value"], 3);
    assert_eq!(found["nothing"]["count"], 0);
    assert_eq!(
        (&found["shop"]["doc_count"], &found["shop"]["mean"]["value"]),
        (&json!(3), &json!(7.0 / 3.0))
    );
}

#[test]
fn histograms_have_a_bucket_for_every_hour_day_and_month_between() {
    let (_data, server) = filled();
    let of = |interval: &str, length: &str, minimum: u64| json!({ "times": { "date_histogram": { "field": "@timestamp", interval: length, "min_doc_count": minimum } } });
    let counts = |aggs: &Value| -> Vec<(String, u64)> {
        let found = aggregate(&server, aggs);
        let buckets = found["times"]["buckets"].as_array().unwrap().clone();
        buckets
            .iter()
            .map(|bucket| {
                (
                    bucket["key_as_string"].as_str().unwrap().to_owned(),
                    bucket["doc_count"].as_u64().unwrap(),
                )
            })
            .collect()
    };
    let pairs = |list: &[(&str, u64)]| -> Vec<(String, u64)> {
        list.iter().map(|(key, count)| ((*key).to_owned(), *count)).collect()
    };
    assert_eq!(
        counts(&of("fixed_interval", "1h", 1)),
        pairs(&[
            ("2026-01-31T23:00:00.000Z", 2),
            ("2026-02-01T01:00:00.000Z", 1),
            ("2026-04-01T01:00:00.000Z", 1),
        ])
    );
    assert_eq!(
        counts(&of("calendar_interval", "month", 0)),
        pairs(&[
            ("2026-01-01T00:00:00.000Z", 2),
            ("2026-02-01T00:00:00.000Z", 1),
            ("2026-03-01T00:00:00.000Z", 0),
            ("2026-04-01T00:00:00.000Z", 1),
        ])
    );
    assert_eq!(counts(&of("calendar_interval", "day", 0)).len(), 61);
    let found = aggregate(&server, &of("fixed_interval", "1d", 1));
    assert_eq!(found["times"]["buckets"][0]["key"], 1_769_817_600_000_i64);
    let many = json!({ "size": 0, "aggs": of("fixed_interval", "1s", 0) });
    assert_eq!(server.send("POST", "/t/_search", &many.to_string()).0, 400, "too many buckets");
}
