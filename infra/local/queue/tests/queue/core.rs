//! The queues from within the process.

use crate::{LONG, receive_one, timed};
use logmill_local_queue::{Counts, ErrorKind, Queue, Redrive, Settings};
use std::collections::BTreeMap;
use std::time::Duration;
use tempfile::TempDir;

async fn queue() -> (TempDir, Queue) {
    let folder = TempDir::new().unwrap();
    let queue = Queue::open(folder.path().join("queue.sqlite")).unwrap();
    queue.create("work", Settings::default()).await.unwrap();
    (folder, queue)
}

#[tokio::test]
async fn a_message_survives_the_death_of_the_process() {
    let (folder, queue) = queue().await;
    queue.send("work", "kept", Duration::ZERO).await.unwrap();
    queue.send("work", "taken", Duration::ZERO).await.unwrap();
    let taken = queue.receive("work", 2, Duration::from_secs(1)).await.unwrap();
    assert!(queue.delete("work", &taken[1].receipt).await.unwrap());
    // The files as they lie while the process holds them are what a killed one leaves.
    let after = TempDir::new().unwrap();
    for name in ["queue.sqlite", "queue.sqlite-wal"] {
        std::fs::copy(folder.path().join(name), after.path().join(name)).unwrap();
    }
    let again = Queue::open(after.path().join("queue.sqlite")).unwrap();
    let message = receive_one(&again, "work").await;
    assert_eq!((message.body.as_str(), message.receives), ("kept", 2));
    assert_eq!(again.counts("work").await.unwrap(), Counts { in_flight: 1, ..Counts::default() });
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_receivers_get_each_message_once() {
    let (_folder, queue) = queue().await;
    for n in 0..200 {
        queue.send("work", n.to_string(), Duration::ZERO).await.unwrap();
    }
    let mut receivers = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let queue = queue.clone();
        receivers.spawn(async move {
            let mut bodies = Vec::new();
            loop {
                let got = queue.receive("work", 3, LONG).await.unwrap();
                if got.is_empty() {
                    return bodies;
                }
                for message in got {
                    assert!(queue.delete("work", &message.receipt).await.unwrap());
                    bodies.push(message.body);
                }
            }
        });
    }
    let mut times = BTreeMap::new();
    for body in receivers.join_all().await.into_iter().flatten() {
        *times.entry(body).or_insert(0) += 1;
    }
    assert_eq!(times.len(), 200);
    assert!(times.values().all(|times| *times == 1));
}

#[tokio::test]
async fn a_waiting_receiver_gets_a_message_as_soon_as_it_is_sent_or_due() {
    let (_folder, queue) = queue().await;
    let waiting = tokio::spawn({
        let queue = queue.clone();
        async move { timed(receive_one(&queue, "work")).await }
    });
    queue.send("work", "now", Duration::ZERO).await.unwrap();
    let (message, took) = waiting.await.unwrap();
    assert!(message.body == "now" && took < Duration::from_secs(5), "{took:?}");

    queue.send("work", "later", Duration::from_millis(300)).await.unwrap();
    assert!(queue.receive("work", 1, LONG).await.unwrap().is_empty());
    let (_, took) = timed(receive_one(&queue, "work")).await;
    assert!(took > Duration::from_millis(200) && took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn a_released_message_comes_back_and_its_old_receipt_is_void() {
    let (_folder, queue) = queue().await;
    queue.send("work", "x", Duration::ZERO).await.unwrap();
    let first = receive_one(&queue, "work").await;
    queue.release("work", &first.receipt, Duration::ZERO).await.unwrap();
    let second = receive_one(&queue, "work").await;
    assert_eq!((second.id, second.receives), (first.id, 2));
    assert!(!queue.delete("work", &first.receipt).await.unwrap());
    let late = queue.release("work", &first.receipt, LONG).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::NotInFlight);
    assert!(queue.delete("work", &second.receipt).await.unwrap());
}

#[tokio::test]
async fn a_message_received_too_often_goes_to_the_dead_letters() {
    let (_folder, queue) = queue().await;
    queue.create("dead", Settings::default()).await.unwrap();
    let redrive = Some(Redrive { queue: "dead".to_owned(), max_receives: 2 });
    let settings = Settings { redrive, ..Settings::default() };
    queue.configure("work", settings).await.unwrap();
    queue.send("work", "poison", Duration::ZERO).await.unwrap();
    for _ in 0..2 {
        let message = receive_one(&queue, "work").await;
        queue.release("work", &message.receipt, Duration::ZERO).await.unwrap();
    }
    assert!(queue.receive("work", 1, LONG).await.unwrap().is_empty());
    assert_eq!(receive_one(&queue, "dead").await.body, "poison");
}

#[tokio::test]
async fn what_cannot_be_is_said_by_name() {
    let (_folder, queue) = queue().await;
    let error = queue.send("nowhere", "x", Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoQueue);
    assert!(error.to_string().contains("\"nowhere\""));
    let error = queue.create("a b", Settings::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let other = Settings { wait: Duration::from_secs(5), ..Settings::default() };
    assert_eq!(queue.create("work", other).await.unwrap_err().kind(), ErrorKind::Exists);
    let error = queue.delete("work", "nonsense").await.unwrap_err();
    assert!(error.to_string().contains("nonsense"));
}
