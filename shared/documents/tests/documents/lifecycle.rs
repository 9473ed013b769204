//! The policy of index state management, by its form and before a stand-in: its plug-in is not run
//! here.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::http::{Method, StatusCode, Uri};
use logmill_documents::{Documents, Endpoint, Kind, Names, PolicyAction};
use logmill_runtime::retry::Deadline;
use serde_json::{Value, json};

/// The actions that index state management knows and that change no document.
const ACTIONS: &[&str] =
    &["allocation", "force_merge", "index_priority", "notification", "replica_count", "snapshot"];

fn days(age: &Value) -> u32 {
    age.as_str().unwrap().strip_suffix('d').unwrap().parse().unwrap()
}

#[test]
fn months_grow_cold_in_their_order_and_nothing_is_deleted_or_closed_to_late_documents() {
    let file = include_str!("../../../../infra/aws/search/lifecycle.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let policy = &file["policy"];
    let states = policy["states"].as_array().unwrap();
    let names: Vec<&str> = states.iter().map(|state| state["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["hot", "warm", "cold"]);
    assert_eq!(policy["default_state"], "hot");
    let mut ages = Vec::new();
    for state in states {
        for action in state["actions"].as_array().unwrap() {
            let [name] = action.as_object().unwrap().keys().collect::<Vec<_>>()[..] else {
                panic!("one action at a time: {action}");
            };
            assert!(ACTIONS.contains(&name.as_str()), "{name}");
        }
        for transition in state["transitions"].as_array().unwrap() {
            assert!(names.contains(&transition["state_name"].as_str().unwrap()));
            ages.push(days(&transition["conditions"]["min_index_age"]));
        }
    }
    // Counted from the month's beginning: 31 days and 7, 31 and 30.
    assert_eq!(ages, [38, 61]);
    let template = &policy["ism_template"][0];
    let patterns = template["index_patterns"].as_array().unwrap();
    let patterns: BTreeSet<_> = patterns.iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    let ours = Kind::ALL.map(|kind| Names::default().pattern(kind));
    assert_eq!(patterns, ours.into_iter().collect());
}

/// A server with the plug-in, as its documentation has its answers: it fills in what a policy leaves
/// out, and refuses to write over what the writer has not read.
#[derive(Clone, Default)]
struct Plugin {
    policy: Arc<Mutex<Option<(Value, u64)>>>,
    writes: Arc<Mutex<Vec<String>>>,
}

impl Plugin {
    fn answer(&self, method: &Method, uri: &Uri, body: &str) -> (u16, Value) {
        let path = uri.path();
        if path == "/" {
            let version = json!({ "distribution": "opensearch", "number": "3.4.0" });
            return (200, json!({ "version": version }));
        }
        if path != "/_plugins/_ism/policies/logmill-lifecycle" {
            let answer = if method == Method::GET { (404, json!({})) } else { (200, json!({})) };
            return answer;
        }
        let mut policy = self.policy.lock().unwrap();
        if method == Method::PUT {
            self.writes.lock().unwrap().push(uri.query().unwrap_or_default().to_owned());
            let expected =
                policy.as_ref().map(|(_, seq_no)| format!("if_seq_no={seq_no}&if_primary_term=1"));
            if uri.query().map(str::to_owned) != expected {
                let error = json!({ "type": "version_conflict_engine_exception", "reason": "v" });
                return (409, json!({ "error": error, "status": 409 }));
            }
            let mut written: Value = serde_json::from_str(body).unwrap();
            let written = written["policy"].take();
            let seq_no = policy.as_ref().map_or(7, |(_, seq_no)| seq_no + 3);
            *policy = Some((written, seq_no));
        }
        let Some((policy, seq_no)) = policy.clone() else {
            let error = json!({ "type": "status_exception", "reason": "Policy not found" });
            return (404, json!({ "error": error, "status": 404 }));
        };
        let mut shown = policy;
        shown["policy_id"] = json!("logmill-lifecycle");
        shown["last_updated_time"] = json!(1_577_990_934_044_u64);
        for state in shown["states"].as_array_mut().unwrap() {
            for action in state["actions"].as_array_mut().unwrap() {
                action["retry"] = json!({ "count": 3, "backoff": "exponential", "delay": "1m" });
            }
        }
        shown["ism_template"][0]["last_updated_time"] = json!(1_577_990_934_044_u64);
        (200, json!({ "_id": "p", "_seq_no": seq_no, "_primary_term": 1, "policy": shown }))
    }

    async fn serve(&self) -> Documents {
        let plugin = self.clone();
        let router = Router::new().fallback(move |method: Method, uri: Uri, body: String| {
            let (status, answer) = plugin.answer(&method, &uri, &body);
            async move { (StatusCode::from_u16(status).unwrap(), answer.to_string()) }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Documents::connect(&Endpoint::new(url), Names::default()).unwrap()
    }
}

fn soon() -> Deadline {
    Deadline::after(Duration::from_secs(20))
}

#[tokio::test]
async fn the_policy_is_installed_once_and_mended_where_somebody_changed_it() {
    let plugin = Plugin::default();
    let documents = plugin.serve().await;
    let plan = documents.plan(soon()).await.unwrap();
    assert_eq!(plan.lifecycle.action, PolicyAction::Create);
    assert!(plan.to_string().contains("create   logmill-lifecycle"), "{plan}");
    assert!(plugin.writes.lock().unwrap().is_empty(), "a plan changes nothing");

    documents.apply(&plan, soon()).await.unwrap();
    documents.migrate(soon()).await.unwrap();
    assert_eq!(*plugin.writes.lock().unwrap(), [""], "the second time there was nothing to do");
    let installed = plugin.policy.lock().unwrap().clone().unwrap().0;
    let file = include_str!("../../../../infra/aws/search/lifecycle.json");
    assert_eq!(installed, serde_json::from_str::<Value>(file).unwrap()["policy"]);

    plugin.policy.lock().unwrap().as_mut().unwrap().0["states"][0]["name"] = json!("lukewarm");
    let plan = documents.plan(soon()).await.unwrap();
    assert_eq!(plan.lifecycle.action, PolicyAction::Replace { seq_no: 7, primary_term: 1 });
    documents.apply(&plan, soon()).await.unwrap();
    assert_eq!(plugin.policy.lock().unwrap().clone().unwrap().0, installed);
}

#[tokio::test]
async fn what_was_changed_since_the_plan_was_shown_is_not_written_over() {
    let plugin = Plugin::default();
    let documents = plugin.serve().await;
    let plan = documents.plan(soon()).await.unwrap();
    let theirs = json!({ "states": [], "ism_template": [{}] });
    *plugin.policy.lock().unwrap() = Some((theirs.clone(), 40));
    let error = documents.apply(&plan, soon()).await.unwrap_err();
    assert!(error.to_string().contains("writing a policy of ISM"), "{error}");
    assert_eq!(plugin.policy.lock().unwrap().clone().unwrap().0, theirs);
}
