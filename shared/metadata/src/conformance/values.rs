//! Values at which engines differ: text, order, times, sizes.

use std::sync::Arc;

use logmill_model::Outcome;

use super::{at, done, object, owner, taken, version};
use crate::{Facts, Filter, Metadata, Order, Progress, Witness};

fn application(name: &str) -> Facts {
    Facts { application_name: Some(name.to_owned()), ..Facts::default() }
}

/// Text that looks random and so can't be packed; the same for the same seed.
fn dense(seed: u64, length: usize) -> String {
    let mut state = seed;
    let letters = (0..length).map(|_| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'0' + u8::try_from((state >> 33) % 75).unwrap())
    });
    letters.collect()
}

/// A log with NUL in it is not lost, and no two names become one.
pub async fn text_with_nul_is_kept_and_names_stay_apart<M: Metadata>(store: Arc<M>) {
    for key in ["nul\0key", "nulkey", "nul\u{2400}0key"] {
        let log = object(key, "a\0part");
        store.upsert_facts(key, &application("sh\0op"), Witness::Source, at(0)).await.unwrap();
        taken(store.as_ref(), &log, 1, key, 0).await;
        store.fail(&log, &version(1), &owner(key), "exit\0 code 1", at(1)).await.unwrap();
        let row = store.object(key, "a\0part").await.unwrap().unwrap();
        assert_eq!((row.deployment_key.as_str(), row.part.as_str()), (key, "a\0part"));
        assert_eq!(row.object_key, log.object_key);
        assert_eq!(row.ended_by, Some(owner(key)));
        assert_eq!(store.objects(key).await.unwrap().len(), 1);
        let deployment = store.deployment(key).await.unwrap().unwrap();
        for text in [row.error, deployment.error] {
            assert_eq!(text.unwrap().replace('\0', ""), "exit code 1");
        }
        assert_eq!(deployment.application_name.unwrap().replace('\0', ""), "shop");
        assert_eq!(deployment.tally.seen(), 1, "{key:?} is a deployment of its own");
    }
    let filter = Filter { application: Some("sh\0op".to_owned()), ..Filter::default() };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while store.deployments(&filter, None, 10).await.unwrap().deployments.len() < 3 {
        assert!(std::time::Instant::now() < deadline, "the application is not found by its name");
        tokio::task::yield_now().await;
    }
}

/// A page goes on where the one before ended, whatever the engine's language is.
pub async fn lists_are_in_the_order_of_bytes<M: Metadata>(store: Arc<M>) {
    let mut keys = ["B", "a", "Ä", "_", "a-b", "ab", "é", "a b", "Z", "0", "日", "a#b"];
    for key in keys {
        let facts = Facts { created_at: Some(at(0)), ..Facts::default() };
        store.upsert_facts(key, &facts, Witness::Source, at(0)).await.unwrap();
    }
    keys.sort_unstable();
    let filter = Filter { order: Order::OldestFirst, ..Filter::default() };
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let (mut found, mut cursor) = (Vec::new(), None);
        loop {
            let page = store.deployments(&filter, cursor.as_deref(), 5).await.unwrap();
            found.extend(page.deployments.into_iter().map(|row| row.deployment_key));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if found.len() == keys.len() || std::time::Instant::now() > deadline {
            assert_eq!(found, keys);
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// A lease ends when it was said to, to the microsecond at least.
pub async fn times_come_back_to_the_microsecond<M: Metadata>(store: Arc<M>) {
    let log = object("times", "");
    let times =
        ["2026-09-21T14:13:20.123456Z", "1969-12-31T23:59:59.999999Z", "9000-01-01T00:00:00Z"];
    for (number, time) in (1..).zip(times) {
        let time = time.parse().unwrap();
        let facts = Facts { created_at: Some(time), ..Facts::default() };
        store.upsert_facts("times", &facts, Witness::Source, at(0)).await.unwrap();
        let row = store.deployment("times").await.unwrap().unwrap();
        assert_eq!((row.created_at, row.seen_at), (Some(time), at(0)));
        let version = crate::Version { last_modified: time, ..version(number) };
        let who = owner("worker");
        store.take(&log, &version, &who, at(0), time).await.unwrap();
        let row = store.object("times", "").await.unwrap().unwrap();
        assert_eq!((row.lease.unwrap().until, row.version.last_modified), (time, time));
    }
}

/// The longest names there may be, which no index packs, are kept.
pub async fn the_longest_names_are_kept<M: Metadata>(store: Arc<M>) {
    let (key, name) = (dense(1, 900), dense(2, 5000));
    store.upsert_facts(&key, &application(&name), Witness::Source, at(0)).await.unwrap();
    for part in [dense(3, 900), dense(4, 1024), format!("{}x", dense(4, 1024))] {
        done(&store, &object(&key, &part), 1, Outcome::Success, 0).await;
        assert_eq!(store.object(&key, &part).await.unwrap().unwrap().part, part);
        assert!(store.summary(&key, &part).await.unwrap().is_some());
    }
    assert_eq!(store.objects(&key).await.unwrap().len(), 3);
    let row = store.deployment(&key).await.unwrap().unwrap();
    assert_eq!((row.tally.success, row.application_name), (3, Some(name)));
    let longer =
        store.upsert_facts(&dense(5, 901), &application("a"), Witness::Source, at(0)).await;
    assert_eq!(longer.unwrap_err().kind(), crate::ErrorKind::Invalid);
}

/// Counts and sizes of huge logs do not turn over.
pub async fn large_numbers_come_back<M: Metadata>(store: Arc<M>) {
    let log = object("large", "");
    let facts = Facts { objects_expected: Some(u32::MAX), ..Facts::default() };
    store.upsert_facts("large", &facts, Witness::Source, at(0)).await.unwrap();
    let row = store.deployment("large").await.unwrap().unwrap();
    assert_eq!(row.objects_expected, Some(u32::MAX));
    taken(store.as_ref(), &log, 1, "worker", 0).await;
    let progress = Progress { read: 1 << 50, size: (1 << 53) + 1 };
    store.extend(&log, &version(1), &owner("worker"), at(9), progress).await.unwrap();
    assert_eq!(store.object("large", "").await.unwrap().unwrap().progress, Some(progress));
}

/// `logmill migrate` says what it will do, and afterwards that there is nothing to do.
pub async fn a_plan_is_empty_once_it_was_done<M: Metadata>(store: Arc<M>) {
    assert_eq!(store.plan().await.unwrap(), [""; 0]);
}

/// Twenty jobs of one run that begin in the same moment are all taken, each once.
pub async fn twenty_objects_of_one_deployment_are_taken_at_once<M: Metadata>(store: Arc<M>) {
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..40 {
        let store = Arc::clone(&store);
        workers.spawn(async move {
            let log = object("matrix", &format!("job-{}", worker % 20));
            let name = format!("worker-{worker}");
            super::take(store.as_ref(), &log, 1, &name, 0).await
        });
    }
    let takes = workers.join_all().await;
    let won = takes.iter().filter(|take| matches!(take, crate::Take::Taken(_))).count();
    let held = takes.iter().filter(|take| matches!(take, crate::Take::Held { .. })).count();
    assert_eq!((won, held), (20, 20));
    let row = store.deployment("matrix").await.unwrap().unwrap();
    assert_eq!((row.tally.processing, row.tally.seen()), (20, 20));
}
