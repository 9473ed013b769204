//! A log too long for one invocation: its documents are those of one endless run.

use std::io::Write as _;
use std::time::Duration;

use logmill_documents::{BulkLimits, Kind};
use logmill_metadata::{Metadata as _, ObjectRef, Owner, Progress, Status, Take, Version};
use logmill_model::Timestamp;
use logmill_model::id::{self, ObjectKey};
use logmill_objects::{Content, PutOptions};
use logmill_runtime::config::Records;
use logmill_runtime::retry::Deadline;
use serde_json::{Value, json};

use crate::cloud::{BUCKET, Cloud, QUEUE, in_cloud, sqs};

/// Far too short for the logs of these tests.
const SHORT: Duration = Duration::from_millis(700);
const LONG: Duration = Duration::from_secs(120);
const LINES: usize = 10_000;
/// Requests of so few documents that writing a log takes longer than that on any machine.
const SLOW: BulkLimits = BulkLimits { bytes: 100_000, count: 2 };

/// A log of a build that failed near its end, with errors, tests and steps all over it.
fn log(lines: usize) -> Vec<u8> {
    let mut text = String::from("2026-03-04T10:15:00Z begins\n     Running unittests src/lib.rs\n");
    for line in 0..lines {
        match line % 100 {
            3 => text.push_str(&format!("test cart::case_{line} ... ok\n")),
            50 => text.push_str(&format!("warning: request {line} took too long\n")),
            70 => text.push_str("##[group]Run something\n"),
            80 => text.push_str("##[endgroup]\n"),
            _ => text.push_str(&format!("2026-03-04T10:15:{:02}Z line {line}\n", line / 1000)),
        }
    }
    text.push_str("test cart::sums_up ... FAILED\n\nfailures:\n\n---- cart::sums_up stdout ----\n");
    text.push_str("thread 'cart::sums_up' panicked at src/cart.rs:7:5:\nsum is 4\n\n");
    text.push_str(
        "test result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n",
    );
    text.into_bytes()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(text).unwrap();
    packer.finish().unwrap()
}

fn zip(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

async fn put(cloud: &Cloud, key: &str, content: Vec<u8>) -> String {
    let options = PutOptions::default();
    cloud.parse.objects.put(BUCKET, key, Content::from(content), options).await.unwrap();
    json!({ "Records": [{ "eventName": "ObjectCreated:Put", "s3": {
        "bucket": { "name": BUCKET }, "object": { "key": key, "sequencer": "01" },
    } }] })
    .to_string()
}

/// Works on a message and those that follow from it, by short invocations or by one.
async fn work_off(cloud: &mut Cloud, message: &str, each: Duration) {
    cloud.parse.settings.bulk = if each == SHORT { SLOW } else { BulkLimits::default() };
    cloud.queue.send(QUEUE, message, Duration::ZERO).await.unwrap();
    cloud.work_off_within(each).await;
}

/// Works on a log until the function pauses for the first time.
async fn pause(cloud: &mut Cloud, message: &str) {
    cloud.parse.settings.bulk = SLOW;
    for times in [1, 2, 4, 8] {
        cloud.call_within(sqs(&[message]), SHORT * times).await.unwrap();
        let counted = cloud.counted();
        if counted["paused"] == 1 {
            return;
        }
        assert_eq!(counted["completed"], Value::Null, "it was done in one go");
    }
    panic!("its time was never enough");
}

/// All documents of a log, without what differs between two objects of the same content.
async fn documents(cloud: &Cloud, key: &str, part: &str) -> Vec<Value> {
    let deadline = Deadline::after(LONG);
    let documents = &cloud.parse.documents;
    documents.refresh(deadline).await.unwrap();
    let mut all = Vec::new();
    for from in (1..LINES as u64 + 100).step_by(5_000) {
        let hits = documents.lines(key, part, from, from + 4_999, deadline).await.unwrap();
        // A record that reaches over a border is found on both sides.
        all.extend(hits.into_iter().filter(|hit| hit.source["line"].as_u64() >= Some(from)));
    }
    let build = id::build_document_id(key, part);
    all.extend(documents.get(Kind::Builds, &build, deadline).await.unwrap());
    let same = |mut document: Value| {
        for field in ["deployment_key", "generation", "observed_at"] {
            document.as_object_mut().unwrap().remove(field);
        }
        document
    };
    all.into_iter().map(|hit| same(hit.source)).collect()
}

async fn is_the_same_in_parts(cloud: &mut Cloud, name: &str, content: Vec<u8>, parts: &[&str]) {
    let whole = put(cloud, &format!("whole-{name}"), content.clone()).await;
    work_off(cloud, &whole, LONG).await;
    assert_eq!(cloud.counted()["paused"], Value::Null);
    let in_parts = put(cloud, &format!("parts-{name}"), content).await;
    work_off(cloud, &in_parts, SHORT).await;
    let counted = cloud.counted();
    assert!(counted["paused"].as_u64() > Some(0), "{name}: it was done in one go: {counted}");
    let key = |object: String| ObjectKey::parse(&object).deployment_key;
    let (whole, in_parts) = (key(format!("whole-{name}")), key(format!("parts-{name}")));
    let row = cloud.parse.metadata.object(&in_parts, "").await.unwrap().unwrap();
    assert_eq!((row.status, &row.error), (Status::Completed, &None), "{name}");
    for part in parts {
        let wanted = documents(cloud, &whole, part).await;
        let found = documents(cloud, &in_parts, part).await;
        assert_eq!(found.len(), wanted.len(), "{name} {part}");
        for (found, wanted) in found.iter().zip(&wanted) {
            assert_eq!(found, wanted, "{name} {part}");
        }
        assert!(wanted.len() > 3, "{name} {part}");
    }
    let whole = cloud.parse.metadata.summary(&whole, "").await.unwrap().unwrap();
    let in_parts = cloud.parse.metadata.summary(&in_parts, "").await.unwrap().unwrap();
    assert_eq!(in_parts.bytes, whole.bytes, "{name}");
}

#[test]
fn a_log_read_by_many_invocations_has_the_documents_of_one() {
    in_cloud(async |cloud| {
        is_the_same_in_parts(cloud, "plain.log", log(LINES), &[""]).await;
    });
}

#[test]
fn a_packed_log_read_by_many_invocations_has_the_documents_of_one() {
    in_cloud(async |cloud| {
        is_the_same_in_parts(cloud, "packed.log.gz", gzip(&log(LINES)), &[""]).await;
    });
}

#[test]
fn a_run_of_several_jobs_read_by_many_invocations_has_the_documents_of_one() {
    in_cloud(async |cloud| {
        let (long, short) = (log(LINES), log(20));
        let members: [(&str, &[u8]); 4] = [
            ("1_lint.txt", &short),
            ("2_test.txt", &long),
            ("3_picture.txt", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0"),
            ("4_deploy.txt", &short),
        ];
        let parts = ["1_lint", "2_test", "4_deploy"];
        is_the_same_in_parts(cloud, "run.log.zip", zip(&members), &parts).await;
    });
}

#[test]
fn a_run_of_many_short_jobs_read_by_many_invocations_has_the_documents_of_one() {
    in_cloud(async |cloud| {
        let (short, names) = (log(2), (0..400).map(|job| format!("{job}_job.txt")));
        let names: Vec<String> = names.collect();
        let members: Vec<(&str, &[u8])> =
            names.iter().map(|name| (name.as_str(), short.as_slice())).collect();
        let parts = ["0_job", "200_job", "399_job"];
        is_the_same_in_parts(cloud, "many.log.zip", zip(&members), &parts).await;
    });
}

#[test]
fn the_records_of_a_failed_log_are_written_by_a_second_reading_also_in_parts() {
    for records in [Records::Failed, Records::Context] {
        in_cloud(async |cloud| {
            cloud.parse.settings.records = records;
            is_the_same_in_parts(cloud, "failed.log", log(LINES), &[""]).await;
        });
    }
}

#[test]
fn a_bucket_that_falls_silent_while_it_is_read_costs_time_and_no_document() {
    in_cloud(async |cloud| {
        let log = log(2 * LINES);
        let answers = log.len() as u64 / 4;
        assert!(answers > 2 * 64 * 1024, "each must bring more than a request skips");
        let message = put(cloud, "silent.log", log).await;
        cloud.silence_objects(answers).await;
        work_off(cloud, &message, 2 * SHORT).await;
        let counted = cloud.counted();
        assert!(counted["paused"].as_u64() >= Some(2), "{counted}");
        assert_eq!(counted["completed"], 1, "{counted}");
        assert_eq!(counted["dead_letter"], Value::Null, "{counted}");
    });
}

#[test]
fn a_checkpoint_that_cannot_be_read_costs_time_and_no_document() {
    in_cloud(async |cloud| {
        let message = put(cloud, "odd.log", log(LINES)).await;
        pause(cloud, &message).await;
        // Somebody else leaves what is no checkpoint.
        let head = cloud.parse.objects.head(BUCKET, "odd.log").await.unwrap();
        let object = ObjectRef {
            deployment_key: "odd".to_owned(),
            part: String::new(),
            object_key: "odd.log".to_owned(),
        };
        let version = Version {
            etag: head.etag,
            sequencer: Some("01".to_owned()),
            last_modified: head.last_modified,
        };
        let (owner, now) = (Owner::new("another"), Timestamp::now());
        let metadata = &cloud.parse.metadata;
        let taken = metadata.take(&object, &version, &owner, now, now).await.unwrap();
        assert!(matches!(taken, Take::Taken(_)), "{taken:?}");
        let progress = Progress::default();
        metadata.pause(&object, &version, &owner, b"\x01\0\0\0?", progress).await.unwrap();
        work_off(cloud, &message, LONG).await;
        assert_eq!(cloud.status("odd", "").await, Some(Status::Completed));
        let whole = put(cloud, "whole.log", log(LINES)).await;
        work_off(cloud, &whole, LONG).await;
        let wanted = documents(cloud, "whole", "").await;
        assert!(documents(cloud, "odd", "").await == wanted);
    });
}

#[test]
fn a_log_that_never_ends_is_a_dead_letter() {
    in_cloud(async |cloud| {
        cloud.parse.settings.max_continuations = 1;
        let message = put(cloud, "endless.log", log(2 * LINES)).await;
        work_off(cloud, &message, SHORT).await;
        assert_eq!(cloud.status("endless", "").await, Some(Status::Failed));
        let letters = cloud.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].reason.kind, "continuations");
        assert!(letters[0].reason.message.contains("LOGMILL_MAX_CONTINUATIONS"));
    });
}

#[test]
fn a_log_that_is_deleted_while_it_is_read_does_not_stay_at_work_for_ever() {
    in_cloud(async |cloud| {
        let message = put(cloud, "gone.log", log(LINES)).await;
        pause(cloud, &message).await;
        assert_eq!(cloud.status("gone", "").await, Some(Status::Processing));
        cloud.parse.objects.delete(BUCKET, "gone.log").await.unwrap();
        cloud.work_off_within(LONG).await;
        let row = cloud.parse.metadata.object("gone", "").await.unwrap().unwrap();
        assert_eq!(row.status, Status::Failed);
        assert!(row.error.unwrap().contains("deleted"));
        assert!(cloud.dead_letters().await.is_empty(), "there is nothing to keep");
    });
}
