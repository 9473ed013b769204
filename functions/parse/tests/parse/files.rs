//! Every file of `events/parse`: what becomes of it is what its README says.

use std::collections::BTreeSet;
use std::path::PathBuf;

use logmill_metadata::{Facts, Metadata as _, Status, Witness};
use logmill_model::Timestamp;
use logmill_parse::Response;
use serde_json::{Value, json};

use crate::cloud::{Cloud, QUEUE, failed, in_cloud};

const HOUR: &str = "year=2026/month=11/day=20/hour=09";
const RUN: &str = "github_actions-github.com-7301458123-1";
const PIPELINE: &str = "gitlab-gitlab.example.com-88121";
const NIGHTLY: &str = "jenkins-ci.example.com-bistro nightly-42";
const BY_HAND: &str = "by hand/café + bar (copy)";

/// What becomes of a file.
struct Outcome {
    file: &'static str,
    /// The deployments and parts whose documents are written.
    completed: &'static [(&'static str, &'static str)],
    /// What is counted.
    counts: Value,
    /// Kind and part of the message of each dead letter.
    dead: &'static [(&'static str, &'static str)],
    /// How many messages wait in the queue for their time.
    waiting: u64,
}

fn outcome(file: &'static str, counts: Value) -> Outcome {
    Outcome { file, completed: &[], counts, dead: &[], waiting: 0 }
}

const ONE: &[(&str, &str)] = &[(RUN, "")];
const BOTH: &[(&str, &str)] = &[(PIPELINE, "compile"), (PIPELINE, "test")];
const MALFORMED: &str = "malformed_event";

fn outcomes() -> Vec<Outcome> {
    let one = |file| Outcome { completed: ONE, ..outcome(file, json!({ "completed": 1 })) };
    let lost = |file, dead| Outcome { dead, ..outcome(file, json!({ "dead_letter": 1 })) };
    let ignored = |file, number: u64| outcome(file, json!({ "ignored": number }));
    vec![
        one("s3-put"),
        Outcome {
            completed: BOTH,
            ..outcome("s3-several-records", json!({ "completed": 2, "ignored": 1 }))
        },
        outcome("s3-empty-records", json!({})),
        Outcome {
            completed: &[(NIGHTLY, ""), (BY_HAND, "")],
            ..outcome("s3-url-encoded-key", json!({ "completed": 2 }))
        },
        outcome("s3-test-event", json!({})),
        ignored("s3-delete", 2),
        ignored("s3-other-bucket", 1),
        ignored("s3-replaced-object", 1),
        ignored("s3-missing-object", 1),
        lost(
            "s3-no-bucket",
            &[(MALFORMED, "record 0 of the S3 notification has no s3.bucket.name")],
        ),
        one("sqs-s3"),
        outcome("sqs-test-event", json!({})),
        Outcome {
            completed: BOTH,
            dead: &[(MALFORMED, "no JSON")],
            ..outcome(
                "sqs-several-messages",
                json!({ "completed": 2, "dead_letter": 1, "ignored": 1 }),
            )
        },
        one("sqs-sns-s3"),
        Outcome {
            // Two messages without a text are one and the same.
            dead: &[(MALFORMED, "empty"), (MALFORMED, "no JSON"), (MALFORMED, "no event")],
            ..outcome("sqs-malformed", json!({ "dead_letter": 4 }))
        },
        Outcome {
            completed: ONE,
            dead: &[(MALFORMED, "caf%E9.log"), (MALFORMED, "100%zz.log")],
            ..outcome("sqs-undecodable-key", json!({ "completed": 1, "dead_letter": 2 }))
        },
        one("sqs-delivered-often"),
        Outcome {
            completed: &[(BY_HAND, "")],
            ..outcome("sqs-eventbridge", json!({ "completed": 1 }))
        },
        lost("sqs-processing-event", &[("unknown_deployment", "7301458125-1")]),
        one("eventbridge-object-created"),
        ignored("eventbridge-object-deleted", 1),
        Outcome {
            completed: ONE,
            waiting: 1,
            ..outcome("msk", json!({ "completed": 1, "ignored": 1, "queued": 1, "waiting": 1 }))
        },
        Outcome {
            completed: ONE,
            ..outcome("self-managed-kafka", json!({ "completed": 1, "queued": 1 }))
        },
        Outcome {
            completed: ONE,
            dead: &[
                (MALFORMED, "base64"),
                (MALFORMED, "no JSON"),
                (MALFORMED, "no JSON"),
                (MALFORMED, "deployment_key"),
            ],
            ..outcome("kafka-poison", json!({ "completed": 1, "dead_letter": 4, "queued": 1 }))
        },
        lost("malformed", &[(MALFORMED, "no event that is known here")]),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../events/parse")
}

pub(crate) fn event(name: &str) -> Value {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Puts the logs that the files speak of; what is known of the run is only where its log is.
async fn prepare(cloud: &Cloud) {
    let run = format!("{HOUR}/{RUN}.log");
    for key in [
        run.clone(),
        format!("{HOUR}/{PIPELINE}/compile.log"),
        format!("{HOUR}/{PIPELINE}/test.log"),
        format!("{HOUR}/jenkins-ci.example.com-bistro%20nightly-42.log"),
        format!("{BY_HAND}.log"),
    ] {
        cloud.put(&key).await;
    }
    let facts = Facts { s3_path: Some(run), ..Facts::default() };
    let metadata = &cloud.parse.metadata;
    metadata.upsert_facts(RUN, &facts, Witness::Source, Timestamp::now()).await.unwrap();
}

async fn replay(cloud: &Cloud, expected: &Outcome) {
    let file = expected.file;
    let event = event(file);
    prepare(cloud).await;
    let nothing_fails = if file.starts_with("sqs-") { failed(&[]) } else { Response::Done };
    assert_eq!(cloud.call(event.clone()).await, Ok(nothing_fails.clone()), "{file}");
    cloud.work_off().await;
    assert_eq!(cloud.counted(), expected.counts, "{file}");
    let waiting = cloud.queue.counts(QUEUE).await.unwrap();
    assert_eq!((waiting.visible, waiting.delayed), (0, expected.waiting), "{file}");
    check(cloud, expected).await;

    // Every event may come twice.
    assert_eq!(cloud.call(event).await, Ok(nothing_fails), "{file}");
    cloud.work_off().await;
    assert_eq!(cloud.counted().get("completed"), None, "{file}: parsed again");
    check(cloud, expected).await;
}

async fn check(cloud: &Cloud, expected: &Outcome) {
    let file = expected.file;
    let all = [(RUN, ""), (PIPELINE, "compile"), (PIPELINE, "test"), (NIGHTLY, ""), (BY_HAND, "")];
    for (key, part) in all {
        let completed = expected.completed.contains(&(key, part)).then_some(Status::Completed);
        assert_eq!(cloud.status(key, part).await, completed, "{file}: {key} {part}");
    }
    for key in [RUN, PIPELINE, NIGHTLY, BY_HAND] {
        let logs = expected.completed.iter().filter(|(of, _)| *of == key).count();
        assert_eq!(cloud.builds(key).await, logs as u64, "{file}: documents of {key}");
    }
    let letters = cloud.dead_letters().await;
    assert_eq!(letters.len(), expected.dead.len(), "{file}: {letters:#?}");
    for (kind, part) in expected.dead {
        let found = |reason: &logmill_deadletter::Reason| {
            reason.kind == *kind && reason.message.contains(part)
        };
        assert!(letters.iter().any(|it| found(&it.reason)), "{file}: {part}\n{letters:#?}");
    }
}

#[test]
fn every_shape_of_event_does_what_its_readme_says() {
    for expected in outcomes() {
        in_cloud(async |cloud| replay(cloud, &expected).await);
    }
}

#[test]
fn no_file_is_without_its_test_or_its_line_in_the_readme() {
    let entries = std::fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let files: BTreeSet<String> = names.filter(|name| name.ends_with(".json")).collect();
    let tested: BTreeSet<String> =
        outcomes().iter().map(|expected| format!("{}.json", expected.file)).collect();
    assert_eq!(files, tested);
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    for file in files {
        assert!(readme.contains(&format!("| `{file}` |")), "{file}");
    }
}
