//! No change without its event, in order, until it is acknowledged.

use crate::{serve, serve_in};
use logmill_local_s3::EventKind;
use std::time::Duration;

#[tokio::test]
async fn every_change_is_told_once_in_order_and_survives_a_restart() {
    let served = serve().await;
    served.put("a b", "1").await;
    served.put("a b", "22").await;
    let copy = served.client.copy_object().bucket("logs").key("c").copy_source("logs/a%20b");
    copy.send().await.unwrap();
    served.client.delete_object().bucket("logs").key("c").send().await.unwrap();
    // What is not there, or is refused, is no change.
    served.client.delete_object().bucket("logs").key("none").send().await.unwrap();
    let refused = served.client.put_object().bucket("logs").key("a b").if_none_match("*");
    refused.send().await.unwrap_err();

    let events = served.s3.next_events(100).await.unwrap();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Put, EventKind::Put, EventKind::Copy, EventKind::Delete]);
    assert!(events.is_sorted_by(|a, b| a.sequencer() < b.sequencer()));
    let told = events[1].notification("us-east-1");
    let object = &told["Records"][0]["s3"]["object"];
    assert_eq!((object["key"].as_str(), object["size"].as_u64()), (Some("a+b"), Some(2)));
    assert_eq!(told["Records"][0]["eventName"], "ObjectCreated:Put");
    is_a_time(&told["Records"][0]["eventTime"]);

    served.s3.acknowledge(events[1].sequence).await.unwrap();
    let last = events[3].sequence;
    let moved = tempfile::TempDir::new().unwrap();
    for name in ["s3.sqlite", "s3.sqlite-wal"] {
        std::fs::copy(served.folder.path().join(name), moved.path().join(name)).unwrap();
    }
    let again = serve_in(moved).await;
    let left = again.s3.next_events(100).await.unwrap();
    assert_eq!(left.as_slice(), events.get(2..).unwrap());
    assert_eq!(*again.s3.notify().borrow(), last);
}

/// `2026-11-21T15:04:05.678Z`
fn is_a_time(time: &serde_json::Value) {
    let time = time.as_str().unwrap();
    assert!(time.starts_with("20") && time.ends_with('Z') && time.contains('T'), "{time}");
}

#[tokio::test]
async fn who_waits_for_events_wakes_at_the_next_put() {
    let served = serve().await;
    let mut notify = served.s3.notify();
    assert!(served.s3.next_events(1).await.unwrap().is_empty());
    served.put("a", "x").await;
    tokio::time::timeout(Duration::from_secs(10), notify.changed()).await.unwrap().unwrap();
    assert_eq!(served.s3.next_events(1).await.unwrap()[0].key, "a");
}
