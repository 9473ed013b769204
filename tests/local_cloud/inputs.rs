//! What is no log, or has an odd name, costs nobody the log behind it.

use std::io::Write as _;

use serde_json::json;

use crate::binary::folder;
use crate::bucket::Bucket;
use crate::cloud::Cloud;

const LOG: &[u8] = b"first line\nsecond line\n";

/// That a log put now becomes documents.
fn goes_on(cloud: &mut Cloud, bucket: &Bucket, name: &str) {
    bucket.put(&format!("{name}.log"), LOG, &[]);
    assert_eq!(cloud.ended(name)["status"], "COMPLETED");
    assert_eq!(cloud.count("logmill-logs", name), 2);
}

#[test]
fn a_picture_is_refused_with_the_reason_and_the_next_log_is_read() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    png.extend([0; 4000]);
    bucket.put("picture.log", &png, &[]);
    assert_eq!(cloud.ended("picture")["status"], "FAILED");
    let show = cloud.run(&["show", "picture"]).went_well();
    assert!(show.stdout.contains("FAILED") && show.stdout.contains("no log"), "{show:?}");
    let dead = cloud.run(&["dlq", "list"]).went_well();
    assert!(dead.stdout.contains("not_a_log") && dead.stdout.contains("picture.log"), "{dead:?}");
    goes_on(&mut cloud, &bucket, "after-picture");
}

#[test]
fn an_empty_object_is_a_build_without_lines() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    bucket.put("empty.log", b"", &[]);
    assert_eq!(cloud.ended("empty")["status"], "COMPLETED");
    assert_eq!(cloud.count("logmill-logs", "empty"), 0);
    assert_eq!(cloud.count("logmill-builds", "empty"), 1);
    goes_on(&mut cloud, &bucket, "after-empty");
}

#[test]
fn an_object_that_is_gone_is_no_failure() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    let gone = json!({ "Records": [{ "eventName": "ObjectCreated:Put", "s3": {
        "bucket": { "name": "deployment-logs" },
        "object": { "key": "gone.log", "eTag": "abc", "sequencer": "0000000000000001" },
    } }] });
    cloud.send(&gone.to_string());
    goes_on(&mut cloud, &bucket, "after-gone");
    let dead = cloud.run(&["dlq", "list"]).went_well();
    assert_eq!(dead.stdout, "No dead letters.\n");
    assert!(cloud.row("gone").is_null());
}

#[test]
fn a_message_that_is_no_event_is_kept_with_the_reason() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    for (body, reason) in [
        ("no json", "the message is no JSON"),
        ("{\"a\":1}", "it has no Records"),
        (r#"{"Records":[{"eventName":"ObjectCreated:Put"}]}"#, "record 0"),
    ] {
        cloud.send(body);
        cloud.wait_until(reason, |cloud| {
            let dead = cloud.run(&["dlq", "list"]).went_well();
            dead.stdout.contains("malformed_event") && dead.stdout.contains(reason)
        });
    }
    goes_on(&mut cloud, &bucket, "after-messages");
}

#[test]
fn a_key_may_hold_whatever_s3_allows() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    let long = "k".repeat(1020) + ".log";
    let keys = [
        "a build of today.log",
        "c++/x+y.log",
        "100%25 done.log",
        "größe/日本語 🦀.log",
        "quote\"<&>'.log",
        long.as_str(),
    ];
    for key in keys {
        bucket.put(key, LOG, &[]);
    }
    for key in keys {
        let mut row = json!(null);
        cloud.wait_until(&format!("{key:?} is done"), |cloud| {
            let builds = crate::http::get(cloud.ports.http, "/api/builds?size=500").json();
            let found =
                builds["builds"].as_array().unwrap().iter().find(|row| row["s3_path"] == key);
            row = found.cloned().unwrap_or_default();
            row["status"] == "COMPLETED" || row["status"] == "FAILED"
        });
        assert_eq!(row["status"], "COMPLETED", "{row}");
        let name = row["deployment_key"].as_str().unwrap();
        assert_eq!(cloud.count("logmill-logs", name), 2, "{row}");
        let show = cloud.run(&["show", name]).went_well();
        assert!(show.stdout.contains("2 lines"), "{show:?}");
    }
}

#[test]
fn a_log_goes_by_the_deployment_that_its_metadata_names() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    let metadata =
        [("deployment-key", "nightly-7"), ("application", "shop"), ("source", "jenkins")];
    bucket.put("any/where.log", LOG, &metadata);
    let row = cloud.ended("nightly-7");
    assert_eq!((&row["status"], &row["application_name"]), (&json!("COMPLETED"), &json!("shop")));
    assert_eq!(cloud.count("logmill-logs", "nightly-7"), 2);
}

#[test]
fn a_member_that_climbs_out_of_its_zip_is_left_out_and_told() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    for name in ["../../outside.txt", "build.txt"] {
        zip.start_file(name, options).unwrap();
        zip.write_all(LOG).unwrap();
    }
    bucket.put("run.log.zip", &zip.finish().unwrap().into_inner(), &[]);
    assert_eq!(cloud.ended("run")["status"], "COMPLETED");
    assert_eq!(cloud.count("logmill-logs", "run"), 2, "one member is a log");
    let show = cloud.run(&["show", "run"]).went_well();
    assert!(show.stdout.contains("left out: ") && show.stdout.contains("outside"), "{show:?}");
    goes_on(&mut cloud, &bucket, "after-zip");
}
