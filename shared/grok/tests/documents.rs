//! Users' documents of patterns: what they say, and what is wrong with them.

use jiff::Timestamp;
use logmill_grok::{Patterns, Scratch};
use serde_json::{Map, Value, json};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn event(fields: &Value) -> Map<String, Value> {
    fields.as_object().cloned().unwrap_or_default()
}

#[test]
fn the_first_entry_that_fits_wins_and_its_name_is_told() {
    let patterns = Patterns::compile(
        r#"
        [patterns]
        ORDER = 'order=%{INT:[order][id]:int}'

        [[entry]]
        name = "order"
        match = '^%{ORDER} from %{IP:client_ip}$'

        [[entry]]
        match = '^%{ORDER}'

        [[entry]]
        parse = "key_value"
        "#,
    )
    .unwrap();
    let names: Vec<_> = patterns.names().collect();
    assert_eq!(names, ["order", "^%{ORDER}", "key_value"]);
    let mut scratch = Scratch::default();
    let mut hit = |text: &str| {
        let found = patterns.find_in(text, AT, &mut scratch);
        found.hit.map(|hit| (hit.name.to_owned(), hit.value))
    };
    assert_eq!(
        hit("order=7 from 192.0.2.1"),
        Some(("order".into(), json!({"order": {"id": 7}, "client_ip": "192.0.2.1"})))
    );
    assert_eq!(hit("order=7 from there"), Some(("^%{ORDER}".into(), json!({"order": {"id": 7}}))));
    assert_eq!(hit("a=b"), Some(("key_value".into(), json!({"a": "b"}))));
}

#[test]
fn an_entry_reads_its_field_and_gives_the_types_that_it_is_told() {
    let patterns = Patterns::compile(
        r#"
        names = "legacy"
        [[entry]]
        field = "[payload][line]"
        match = '%{WORD:verb} %{NUMBER:took} %{NUMBER:took} %{WORD:code}'
        types = { took = "float", code = "bool" }

        [[entry]]
        parse = "parse_duration"
        with = { unit = "ms" }
        target = "[event][duration]"
        "#,
    )
    .unwrap();
    let mut scratch = Scratch::default();
    let mut enrich = |mut event: Map<String, Value>| {
        let hit = patterns.enrich(&mut event, AT, &mut scratch).hit.is_some();
        (hit, Value::Object(event))
    };
    let line = json!({"line": "GET 1.5 2 yes"});
    let (_, read) = enrich(event(&json!({"payload": line, "message": "-"})));
    assert_eq!(read["took"], json!([1.5, 2.0]));
    assert_eq!(read["code"], json!(true));
    let (_, read) = enrich(event(&json!({"message": "3s"})));
    assert_eq!(read["event"], json!({"duration": 3000.0}));
    let (hit, read) = enrich(event(&json!({"message": 3})));
    assert_eq!((hit, read), (false, json!({"message": 3})));
}

#[test]
fn what_an_event_had_is_kept_beside_what_was_found_unless_it_is_overwritten() {
    let document = "[[entry]]\nmatch = '^%{WORD:level} %{GREEDYDATA:message}$'\n";
    let kept = Patterns::compile(document).unwrap();
    let overwritten = Patterns::compile(&format!("{document}overwrite = [\"message\"]\n")).unwrap();
    let mut scratch = Scratch::default();
    let mut both = event(&json!({"message": "INFO it works"}));
    kept.enrich(&mut both, AT, &mut scratch);
    assert_eq!(
        Value::Object(both),
        json!({"level": "INFO", "message": ["INFO it works", "it works"]})
    );
    let mut one = event(&json!({"message": "INFO it works"}));
    overwritten.enrich(&mut one, AT, &mut scratch);
    assert_eq!(Value::Object(one), json!({"level": "INFO", "message": "it works"}));
}

#[test]
fn a_document_that_cannot_be_is_refused_with_all_its_faults_by_line() {
    let faults = Patterns::compile(
        "names = \"newest\"\n\
         colour = 1\n\
         [patterns]\n\
         GOOD = '\\d+'\n\
         BAD = '('\n\
         LOOP = '%{LOOP}'\n\
         \n\
         [[entry]]\n\
         match = '%{NONE:a}'\n\
         [[entry]]\n\
         match = '%{GOOD:a:colour}'\n\
         [[entry]]\n\
         parse = \"parse_nothing\"\n\
         [[entry]]\n\
         parse = \"int\"\n\
         with = { bass = 3 }\n\
         [[entry]]\n\
         name = \"neither\"\n\
         [[entry]]\n\
         match = 3\n\
         types = { a = \"colour\" }\n",
    )
    .unwrap_err();
    let lines: Vec<_> = faults.iter().filter_map(logmill_grok::Fault::line).collect();
    let told: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
    assert_eq!(lines, [1, 2, 5, 6, 9, 11, 13, 15, 17, 19, 20, 21], "{told}");
    assert!(told.contains("line 9: there is no pattern NONE"), "{told}");
}

#[test]
fn a_document_that_is_no_toml_is_refused_with_each_line_that_is_none() {
    let faults = Patterns::compile("names = \n[patterns]\nA = 'x\nB == 2\n").unwrap_err();
    let lines: Vec<_> = faults.iter().filter_map(logmill_grok::Fault::line).collect();
    assert!(lines.contains(&1) && lines.contains(&3), "{faults:?}");
}

#[test]
fn an_entry_that_would_take_too_long_is_passed_over_and_told() {
    let patterns = Patterns::compile(
        "[[entry]]\nname = \"slow\"\nmatch = '(?>(?:a|a)*(?:a|a)*(?:a|a)*[bc])'\n\
         [[entry]]\nname = \"quick\"\nmatch = '^a+$'\n",
    )
    .unwrap();
    let text = "a".repeat(5_000);
    let found = patterns.find_in(&text, AT, &mut Scratch::default());
    assert_eq!(found.gave_up, ["slow"]);
    assert_eq!(found.hit.map(|hit| hit.name), Some("quick"));
}
