//! Every file of `events/consume`: what becomes of it is what its README says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cloud::Cloud;

/// What becomes of a file.
struct Outcome {
    file: &'static str,
    /// What is in the documents, in the order of their places: a path and a value of each.
    documents: Vec<(&'static str, Value)>,
    /// The kind of each dead letter, and part of its message.
    dead: &'static [(&'static str, &'static str)],
}

fn outcomes() -> Vec<Outcome> {
    let good = |file, documents| Outcome { file, documents, dead: &[] };
    vec![
        good(
            "msk",
            vec![
                ("/labels/team", json!("shop")),
                ("/fields/grok_pattern", json!("combined")),
                ("/_id", json!("mail/e-1")),
            ],
        ),
        good("self-managed-kafka", vec![("/trace_id", json!("4bf92f3577b34da6a3ce929d0e0e4736"))]),
        good(
            "raw-lines",
            vec![
                ("/service", json!("checkout")),
                ("/service", json!("web-1")),
                ("/message", json!("caf\u{fffd} without UTF-8")),
                ("/message", json!(r#"{"msg": "no event of ours"}"#)),
            ],
        ),
        good("opentelemetry", vec![("/env", json!("staging"))]),
        good(
            "odd-times",
            vec![
                ("/@timestamp", json!("1970-01-01T00:00:00Z")),
                ("/time_fault", json!("out_of_range")),
                ("/time_fault", json!("missing")),
            ],
        ),
        good("secrets", vec![("/payload/api_key", json!("[masked:token]"))]),
        Outcome {
            file: "poison",
            documents: vec![("/message", json!("good among them"))],
            dead: &[
                ("malformed_record", "no base64"),
                ("no_time", "no time"),
                ("not_an_event", "`message` is given twice"),
                ("not_an_event", "`service` has 200 characters"),
                ("not_an_event", "deeper than 127"),
                ("not_an_event", "no JSON"),
                ("not_an_event", "no JSON"),
                ("not_an_event", "no JSON"),
                ("tombstone", "no value"),
            ],
        },
        good("no-records", vec![]),
        Outcome {
            file: "another-source",
            documents: vec![],
            dead: &[("malformed_event", "no batch of Kafka records")],
        },
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/consume")
}

#[test]
fn every_file_has_its_outcome_and_its_line_in_the_readme() {
    let told: BTreeSet<_> = outcomes().iter().map(|outcome| outcome.file.to_owned()).collect();
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(told, files);
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for file in files {
        assert!(readme.contains(&format!("| `{file}.json` |")), "{file}");
    }
}

#[tokio::test]
async fn what_becomes_of_an_event_is_what_the_readme_says() {
    for Outcome { file, documents, dead } in outcomes() {
        let cloud = Cloud::start(&[]).await;
        let event = std::fs::read_to_string(folder().join(format!("{file}.json"))).unwrap();
        // Twice: what was done is done once.
        for _ in 0..2 {
            let answer = cloud.handle(&event).await.unwrap();
            assert!(answer.is_done(), "{file}: {answer:?}");
        }
        let found = cloud.documents().await;
        assert_eq!(found.len(), documents.len(), "{file}: {found:#?}");
        for (document, (path, value)) in found.iter().zip(&documents) {
            assert_eq!(document.pointer(path), Some(value), "{file}: {document:#}");
            assert!(!document.to_string().contains("hunter2"), "{file}");
        }
        let mut letters: Vec<_> = cloud
            .letters()
            .await
            .into_iter()
            .map(|(_, letter)| (letter.reason.kind, letter.reason.message))
            .collect();
        for (kind, part) in dead {
            let at =
                letters.iter().position(|(known, message)| known == kind && message.contains(part));
            letters.remove(at.unwrap_or_else(|| panic!("{file}: no {kind}, {part}: {letters:#?}")));
        }
        assert!(letters.is_empty(), "{file}: {letters:#?}");
    }
}
