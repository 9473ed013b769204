//! What could not be used is kept, can be tried again, and goes only when told to.

use crate::binary::folder;
use crate::bucket::Bucket;
use crate::cloud::Cloud;

/// The keys of the dead letters that are listed.
fn keys(cloud: &Cloud) -> Vec<String> {
    let dead = cloud.run(&["dlq", "list"]).went_well();
    let lines = dead.stdout.lines().filter(|line| line.contains(".json"));
    lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn a_dead_letter_is_shown_tried_again_and_dropped() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    let named = [("deployment-key", "night%2F7")];
    bucket.put("picture.log", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0", &named);
    assert_eq!(cloud.ended("night/7")["status"], "FAILED");
    let letters = keys(&cloud);
    assert_eq!(letters.len(), 1, "one failure, one dead letter");
    let letter = &letters[0];
    let show = cloud.run(&["dlq", "show", letter]).went_well();
    assert!(show.stdout.contains("not_a_log") && show.stdout.contains("picture.log"), "{show:?}");

    // Nothing has changed: it fails again, and is open again.
    let replay = cloud.run(&["dlq", "replay", letter]).went_well();
    assert!(replay.stdout.contains("handed over again"), "{replay:?}");
    cloud.wait_until("it has failed again", |cloud| {
        cloud.row("night/7")["status"] == "FAILED"
            && !cloud.run(&["dlq", "list"]).stdout.contains("(replayed)")
    });
    for letter in keys(&cloud) {
        cloud.run(&["dlq", "drop", &letter]).went_well();
    }
    assert_eq!(cloud.run(&["dlq", "list"]).went_well().stdout, "No dead letters.\n");
    cloud.run(&["dlq", "show", letter]).told(&[letter]);
    cloud.run(&["dlq", "drop", "nobody"]).told(&["nobody"]);
}

#[test]
fn a_picture_that_was_replaced_by_its_log_is_read() {
    let folder = folder();
    let mut cloud = Cloud::start(&folder.path().join("data"));
    let bucket = Bucket::at(cloud.ports.s3);
    bucket.put("build.log", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0", &[]);
    assert_eq!(cloud.ended("build")["status"], "FAILED");
    bucket.put("build.log", b"a line\n", &[]);
    cloud.wait_until("the log is read", |cloud| cloud.row("build")["status"] == "COMPLETED");
    assert_eq!(cloud.count("logmill-logs", "build"), 1);
}
