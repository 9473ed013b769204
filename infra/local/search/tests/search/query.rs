//! Finding: queries, sorting, paging, points in time.

use serde_json::{Value, json};

use crate::client::{Server, template};

fn filled() -> (tempfile::TempDir, Server) {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.ok("PUT", "/_index_template/t", &template());
    server.index("t-1", &[
        ("a", json!({
            "@timestamp": "2026-01-05T10:00:00Z", "service": "shop", "level": "ERROR", "line": 1, "rate": 0.5,
            "ok": true, "part": "", "message": "Out of memory: killed process java",
            "text": ["first words", "second words"], "labels": { "team": "core", "deep": { "x": "1" } },
            "num": { "took": 12 }, "key": { "user": "bob" }, "steps": [{ "anything": { "goes": 1 } }],
        })),
        ("b", json!({
            "@timestamp": "2026-01-06T10:00:00.500Z", "service": "shopping", "level": "INFO", "line": 20, "rate": 3,
            "ok": false, "part": "build/linux", "message": "Out memory; src/main.rs:12 error[E0308]",
        })),
    ]);
    server.index("t-2", &[
        ("c", json!({ "@timestamp": 1_770_000_000_000_i64, "service": "auth", "line": 3, "message": "all is well" })),
        ("d", json!({ "level": "INFO", "unmapped": "kept" })),
    ]);
    (data, server)
}

#[test]
fn every_kind_of_query_finds_what_opensearch_finds() {
    let (_data, server) = filled();
    let cases = [
        (json!({ "match_all": {} }), "abcd"),
        (json!({ "ids": { "values": ["a", "d", "x"] } }), "ad"),
        (json!({ "term": { "service": "shop" } }), "a"),
        (json!({ "term": { "log.level": { "value": "INFO" } } }), "bd"),
        (json!({ "term": { "part": "" } }), "a"),
        (json!({ "term": { "line": 20 } }), "b"),
        (json!({ "term": { "rate": 3 } }), "b"),
        (json!({ "term": { "ok": false } }), "b"),
        (json!({ "term": { "num.took": 12 } }), "a"),
        (json!({ "term": { "key.user": "bob" } }), "a"),
        (json!({ "term": { "labels.team": "core" } }), "a"),
        (json!({ "term": { "labels.deep.x": "1" } }), "a"),
        (json!({ "term": { "labels": "core" } }), "a"),
        (json!({ "term": { "unmapped": "kept" } }), ""),
        (json!({ "term": { "@timestamp": "2026-01-05T10:00:00Z" } }), "a"),
        (json!({ "terms": { "service": ["shop", "auth"] } }), "ac"),
        (json!({ "terms": { "line": [1, 3] } }), "ac"),
        (json!({ "prefix": { "service": "shop" } }), "ab"),
        (json!({ "prefix": { "labels.team": "co" } }), "a"),
        (json!({ "prefix": { "message": "mem" } }), "ab"),
        (json!({ "wildcard": { "service": { "value": "s*p*g" } } }), "b"),
        (json!({ "wildcard": { "service": "sho?" } }), "a"),
        (json!({ "exists": { "field": "level" } }), "abd"),
        (json!({ "exists": { "field": "message" } }), "abc"),
        (json!({ "exists": { "field": "labels" } }), "a"),
        (json!({ "exists": { "field": "labels.deep" } }), ""),
        (json!({ "exists": { "field": "num" } }), "a"),
        (json!({ "exists": { "field": "nothing" } }), ""),
        (json!({ "range": { "line": { "gt": 1, "lte": 20 } } }), "bc"),
        (json!({ "range": { "line": { "gte": 2.5 } } }), "bc"),
        (json!({ "range": { "rate": { "lt": 3 } } }), "a"),
        (json!({ "range": { "service": { "gte": "b", "lt": "shopping" } } }), "a"),
        (json!({ "range": { "@timestamp": { "gte": "2026-01-05", "lte": "2026-01-05" } } }), "a"),
        (json!({ "range": { "@timestamp": { "gt": "2026-01-06T10:00:00.499Z" } } }), "bc"),
        (json!({ "match": { "message": "memory java" } }), "ab"),
        (json!({ "match": { "message": { "query": "Memory JAVA", "operator": "and" } } }), "a"),
        (json!({ "match": { "message": { "query": "main.rs e0308", "operator": "and" } } }), "b"),
        (json!({ "match_phrase": { "message": "out of memory" } }), "a"),
        (json!({ "match_phrase": { "message": "out memory" } }), "b"),
        (json!({ "match_phrase": { "text": "second words" } }), "a"),
        (json!({ "match_phrase": { "text": "words second" } }), ""),
        (json!({ "bool": { "must_not": [{ "term": { "service": "shop" } }] } }), "bcd"),
        (
            json!({ "bool": { "filter": [{ "term": { "level": "INFO" } }, { "bool": { "must_not": { "exists": { "field": "line" } } } }] } }),
            "d",
        ),
        (
            json!({ "bool": { "should": [{ "term": { "line": 1 } }, { "term": { "line": 3 } }], "minimum_should_match": 1 } }),
            "ac",
        ),
        (
            json!({ "bool": { "should": [{ "term": { "line": 1 } }], "filter": [{ "term": { "level": "INFO" } }] } }),
            "bd",
        ),
        (json!({ "bool": {} }), "abcd"),
    ];
    for (query, wanted) in cases {
        assert_eq!(server.found("t", &query).concat(), wanted, "{query}");
    }
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let (_data, server) = filled();
    for body in [
        json!({ "query": { "range": { "message": { "gt": "a" } } } }),
        json!({ "query": { "term": { "line": "many" } } }),
        json!({ "query": { "range": { "@timestamp": { "gte": "yesterday" } } } }),
        json!({ "sort": ["message"] }),
        json!({ "sort": ["labels.team"] }),
        json!({ "sort": ["nothing"] }),
        json!({ "sort": ["line"], "search_after": [1, 2] }),
        json!({ "aggs": { "a": { "terms": { "field": "labels.team" } } } }),
        json!({ "aggs": { "a": { "stats": { "field": "service" } } } }),
        json!({ "aggs": { "a": { "top_hits": {} } } }),
    ] {
        let (status, answer) = server.send("POST", "/t/_search", &body.to_string());
        assert_eq!(status, 400, "{body}: {answer}");
    }
}

#[test]
fn hits_carry_their_source_without_what_the_mapping_leaves_out() {
    let (_data, server) = filled();
    let hit = |source: Value| {
        let body = json!({ "query": { "ids": { "values": ["a"] } }, "_source": source });
        server.ok("POST", "/t/_search", &body)["hits"]["hits"][0].clone()
    };
    let whole = hit(json!(true));
    assert_eq!(whole["_index"], "t-1");
    assert_eq!(whole["_source"]["labels"]["deep"]["x"], "1");
    assert_eq!(whole["_source"].get("text"), None);
    assert_eq!(
        hit(json!(["labels.team", "line"]))["_source"],
        json!({ "line": 1, "labels": { "team": "core" } })
    );
    assert_eq!(hit(json!(false)).get("_source"), None);
}

#[test]
fn pages_by_search_after_hold_every_document_once_in_order() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.ok("PUT", "/_index_template/t", &template());
    let ids: Vec<String> = (0..60).map(|number| format!("{number:02}")).collect();
    for (batch, chunk) in ids.chunks(12).enumerate() {
        let documents: Vec<_> = chunk
            .iter()
            .map(|id| {
                let number: i64 = id.parse().unwrap();
                let mut document = json!({ "service": format!("s{}", number % 3), "line": number });
                if number % 7 != 0 {
                    document["@timestamp"] = json!(1_000 * (number % 5));
                }
                (id.as_str(), document)
            })
            .collect();
        server.index(&format!("t-{}", batch % 2), &documents);
    }
    for sort in [
        json!([{ "@timestamp": { "order": "desc" } }, { "service": { "order": "asc" } }, { "line": { "order": "asc" } }]),
        json!([{ "service": "desc" }, { "@timestamp": "asc" }, "_id"]),
        json!([{ "@timestamp": "asc" }, "_doc"]),
    ] {
        let all = server.ids("t", &json!({ "sort": sort, "size": 100 }));
        assert_eq!(all.len(), 60);
        let mut paged = Vec::new();
        let mut body = json!({ "sort": sort, "size": 7, "track_total_hits": true });
        loop {
            let answer = server.ok("POST", "/t/_search", &body);
            assert_eq!(answer["hits"]["total"], json!({ "value": 60, "relation": "eq" }));
            let hits = answer["hits"]["hits"].as_array().unwrap();
            let Some(last) = hits.last() else { break };
            body["search_after"] = last["sort"].clone();
            paged.extend(hits.iter().map(|hit| hit["_id"].as_str().unwrap().to_owned()));
        }
        assert_eq!(paged, all, "{sort}");
    }
    let page = server.ids("t", &json!({ "sort": ["line"], "from": 10, "size": 3 }));
    assert_eq!(page, ["10", "11", "12"]);
    let last = server.ok(
        "POST",
        "/t/_search",
        &json!({ "sort": [{ "line": "desc" }], "size": 1, "track_total_hits": 10 }),
    );
    assert_eq!(last["hits"]["hits"][0]["_id"], "59");
    assert_eq!(last["hits"]["total"], json!({ "value": 10, "relation": "gte" }));
}

#[test]
fn a_point_in_time_does_not_see_what_comes_later() {
    let (_data, server) = filled();
    let point = server.ok("POST", "/t/_search/point_in_time?keep_alive=1m", &Value::Null);
    server.index("t-1", &[("e", json!({ "line": 9 }))]);
    server.ok(
        "POST",
        "/t/_delete_by_query?refresh=true",
        &json!({ "query": { "ids": { "values": ["a"] } } }),
    );
    let body = json!({ "pit": { "id": point["pit_id"], "keep_alive": "1m" }, "sort": ["_id"] });
    let answer = server.ok("POST", "/_search", &body);
    assert_eq!(answer["hits"]["total"]["value"], 4);
    assert_eq!(answer["pit_id"], point["pit_id"]);
    assert_eq!(server.found("t", &json!({ "match_all": {} })).concat(), "bcde");
    let closed =
        server.ok("DELETE", "/_search/point_in_time", &json!({ "pit_id": [point["pit_id"]] }));
    assert_eq!(closed["pits"][0]["successful"], true);
    let (status, answer) = server.send("POST", "/_search", &body.to_string());
    assert_eq!(
        (status, &answer["error"]["type"]),
        (404, &json!("search_context_missing_exception"))
    );
}

#[test]
fn words_are_cut_as_the_analyzer_cuts_them() {
    let (_data, server) = filled();
    let answer = server.ok(
        "POST",
        "/t-1/_analyze",
        &json!({ "analyzer": "logmill", "text": "Ärger in Main.rs!" }),
    );
    assert_eq!(
        answer["tokens"],
        json!([
            { "token": "ärger", "start_offset": 0, "end_offset": 5, "type": "word", "position": 0 },
            { "token": "main.rs", "start_offset": 9, "end_offset": 16, "type": "word", "position": 2 },
        ])
    );
    assert_eq!(server.send("POST", "/_analyze", r#"{"analyzer":"standard","text":"x"}"#).0, 400);
}
