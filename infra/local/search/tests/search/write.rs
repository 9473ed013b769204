//! Writing: bulk, templates, indices, deletes by query.

use serde_json::{Value, json};

use crate::client::{Server, bulk, template};

#[test]
fn a_client_learns_the_version_and_a_wrong_request_says_why() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    assert_eq!(server.ok("GET", "/", &Value::Null)["version"]["number"], "3.4.0");
    assert_eq!(server.ok("GET", "/_cluster/health", &Value::Null)["status"], "green");
    let refused = [
        ("GET", "/_nodes", "", 400, "illegal_argument_exception"),
        ("POST", "/_search?q=x", "", 400, "illegal_argument_exception"),
        ("POST", "/_search", "{", 400, "parse_exception"),
        ("POST", "/_search", r#"{"script_fields":{}}"#, 400, "parsing_exception"),
        ("POST", "/_search", r#"{"query":{"fuzzy":{"a":"b"}}}"#, 400, "parsing_exception"),
        (
            "POST",
            "/_search",
            r#"{"query":{"term":{"a":{"value":1,"case_insensitive":true}}}}"#,
            400,
            "parsing_exception",
        ),
        ("POST", "/_search", r#"{"from":9999,"size":2}"#, 400, "illegal_argument_exception"),
        ("POST", "/none/_search", "", 404, "index_not_found_exception"),
        ("PUT", "/Upper", "", 400, "invalid_index_name_exception"),
        ("PUT", "/%2e%2e", "", 400, "invalid_index_name_exception"),
        ("POST", "/_bulk", "{}", 400, "illegal_argument_exception"),
    ];
    for (method, path, body, status, kind) in refused {
        let (got, answer) = server.send(method, path, body);
        assert_eq!(
            (got, answer["error"]["type"].as_str()),
            (status, Some(kind)),
            "{path} {body}: {answer}"
        );
        assert_eq!(answer["error"]["root_cause"][0]["type"], kind);
        assert_eq!(answer["status"], status);
    }
    assert_eq!(
        server.ok("POST", "/none/_search?ignore_unavailable=true", &Value::Null)["hits"]["total"]["value"],
        0
    );
}

#[test]
fn every_bulk_item_has_its_own_result_in_the_order_sent() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.ok("PUT", "/_index_template/t", &template());
    let body = [
        r#"{"index":{"_index":"t-1","_id":"a"}}"#,
        r#"{"line":1}"#,
        r#"{"create":{"_index":"t-1","_id":"a"}}"#,
        r#"{"line":2}"#,
        r#"{"index":{"_index":"t-2","_id":"b"}}"#,
        r#"{"line":"no number"}"#,
        r#"{"update":{"_index":"t-2","_id":"c"}}"#,
        r#"{"doc":{"num":{"x":1}},"doc_as_upsert":true}"#,
        r#"{"update":{"_index":"t-2","_id":"nobody"}}"#,
        r#"{"doc":{}}"#,
        r#"{"delete":{"_index":"t-1","_id":"nobody"}}"#,
        r#"{"index":{"_index":"t-1","_id":"a"}}"#,
        r#"{"line":3}"#,
        r#"{"delete":{"_index":"t-1","_id":"a"}}"#,
        "",
    ];
    let (status, answer) = server.send("POST", "/_bulk", &body.join("\n"));
    assert_eq!(status, 200);
    assert_eq!(answer["errors"], true);
    let statuses: Vec<_> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item.as_object().unwrap().values().next().unwrap()["status"].as_u64().unwrap())
        .collect();
    // A partial update is refused where the mapping leaves fields out of _source, an upsert is not.
    assert_eq!(statuses, [201, 409, 400, 201, 404, 404, 200, 200], "{answer}");
    assert_eq!(answer["items"][2]["index"]["error"]["type"], "mapper_parsing_exception");
    assert_eq!(server.send("GET", "/t-1/_doc/a", "").0, 404);
    assert_eq!(
        server.ok("GET", "/t-2/_doc/c", &Value::Null)["_source"]["num"]["x"],
        1,
        "before any refresh"
    );
}

#[test]
fn a_new_index_gets_its_templates_mapping_and_alias() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    assert_eq!(server.send("GET", "/_index_template/t", "").0, 404);
    server.ok("PUT", "/_index_template/t", &template());
    server.ok("PUT", "/_index_template/t", &template());
    let shown = server.ok("GET", "/_index_template/t", &Value::Null);
    assert_eq!(shown["index_templates"][0]["index_template"], template());
    assert_eq!(server.send("HEAD", "/t", "").0, 404);
    server.index("t-2026.01", &[("a", json!({ "service": "x" }))]);
    server.index("t-2026.02", &[("b", json!({ "service": "x" }))]);
    assert_eq!(server.send("HEAD", "/t", "").0, 200);
    assert_eq!(server.found("t", &json!({ "term": { "service.name": "x" } })), ["a", "b"]);
    assert_eq!(server.found("t-*", &json!({ "term": { "service": "x" } })), ["a", "b"]);
    assert_eq!(server.found("t-2026.02,t-2026.01", &json!({ "match_all": {} })), ["a", "b"]);
    let rows = server.ok("GET", "/_cat/indices/t-*?format=json", &Value::Null);
    assert_eq!(rows[0]["index"], "t-2026.01");
    assert_eq!(rows[0]["docs.count"], "1");
    assert_eq!(
        server.send("PUT", "/t-2026.01", "").1["error"]["type"],
        "resource_already_exists_exception"
    );
    server.ok("DELETE", "/t-*", &Value::Null);
    assert_eq!(server.send("HEAD", "/t-2026.01", "").0, 404);
    server.ok("DELETE", "/_index_template/t", &Value::Null);
    let unknown = json!({ "index_patterns": ["x"], "template": { "mappings": { "properties": { "a": { "type": "percolator" } } } } });
    assert_eq!(server.send("PUT", "/_index_template/x", &unknown.to_string()).0, 400);
}

#[test]
fn documents_of_other_generations_go_and_a_newer_write_stays() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.ok("PUT", "/_index_template/t", &template());
    for month in ["t-1", "t-2"] {
        let ids = [format!("{month}a"), format!("{month}b"), format!("{month}c")];
        let document =
            |generation: &str, part: &str| json!({ "generation": generation, "part": part });
        server.index(
            month,
            &[
                (&ids[0], document("old", "")),
                (&ids[1], document("new", "")),
                (&ids[2], document("old", "other")),
            ],
        );
    }
    // Written anew since the last refresh: what the deletion sees is not what it would delete.
    let newer = bulk("t-1", &[("t-1a", json!({ "generation": "new", "part": "" }))]);
    assert_eq!(server.send("POST", "/_bulk", &newer).0, 200);
    let query = json!({ "query": { "bool": {
        "filter": [{ "term": { "part": "" } }], "must_not": [{ "term": { "generation": "new" } }],
    } } });
    let path = "/t,u/_delete_by_query?conflicts=proceed&refresh=true&ignore_unavailable=true";
    let answer = server.ok("POST", path, &query);
    let counts = (&answer["deleted"], &answer["version_conflicts"], &answer["failures"]);
    assert_eq!(counts, (&json!(1), &json!(1), &json!([])), "{answer}");
    assert_eq!(
        server.found("t", &json!({ "match_all": {} })),
        ["t-1a", "t-1b", "t-1c", "t-2b", "t-2c"]
    );
    let count =
        server.ok("POST", "/t/_count", &json!({ "query": { "term": { "generation": "new" } } }));
    assert_eq!(count["count"], 3);
}
