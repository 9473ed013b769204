//! What was acknowledged is seen soon. That it outlives a kill, the tests of the whole system try
//! with real ones.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::client::{Server, bulk, template};

#[test]
fn a_change_is_searchable_within_a_second_without_a_refresh() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    server.ok("PUT", "/_index_template/t", &template());
    let started = Instant::now();
    assert_eq!(server.send("POST", "/_bulk", &bulk("t-1", &[("a", json!({ "line": 1 }))])).0, 200);
    while server.found("t", &json!({ "match_all": {} })).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(3), "not seen after 3 s");
    }
    // Committing it changes nothing of what is seen.
    server.flush();
    assert_eq!(server.found("t", &json!({ "match_all": {} })), ["a"]);
}
