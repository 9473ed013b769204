//! The policy of index state management, by its form: its plug-in is not run here.

use std::collections::BTreeSet;

use logmill_documents::{Kind, Names};
use serde_json::Value;

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
