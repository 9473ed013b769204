//! Lists of deployments.

use std::sync::Arc;

use logmill_model::Outcome;

use super::{at, done, object, taken};
use crate::{ErrorKind, Facts, Filter, Metadata, Order, Status, Witness};

/// Ten deployments, a second apart; every second one of `shop`; four are completed, one is being
/// processed, five wait.
async fn ten<M: Metadata>(store: &Arc<M>) {
    for number in 0..10 {
        let key = format!("run-{number}");
        let name = if number % 2 == 0 { "shop" } else { "bank" };
        let facts = Facts {
            application_name: Some(name.to_owned()),
            created_at: Some(at(number)),
            ..Facts::default()
        };
        store.upsert_facts(&key, &facts, Witness::Source, at(1000 + number)).await.unwrap();
        match number {
            0..4 => done(store, &object(&key, ""), 1, Outcome::Success, 2000 + number).await,
            4 => drop(taken(store.as_ref(), &object(&key, ""), 1, "worker", 3000).await),
            _ => {}
        }
    }
}

/// The numbers of all deployments that a filter finds, page by page, until `count` are found or
/// no page is left. An index may lag, so what is missing is asked for again, until a deadline.
async fn found<M: Metadata>(store: &M, filter: &Filter, limit: usize, count: usize) -> Vec<String> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let mut keys = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let page = store.deployments(filter, cursor.as_deref(), limit).await.unwrap();
            assert!(page.deployments.len() <= limit);
            keys.extend(page.deployments.into_iter().map(|row| row.deployment_key));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if keys.len() == count || std::time::Instant::now() > deadline {
            return keys.iter().map(|key| key.trim_start_matches("run-").to_owned()).collect();
        }
        tokio::task::yield_now().await;
    }
}

/// A person who leafs through the builds sees each one.
pub async fn pages_show_each_deployment_once_newest_first<M: Metadata>(store: Arc<M>) {
    ten(&store).await;
    let all = ["9", "8", "7", "6", "5", "4", "3", "2", "1", "0"];
    for limit in [1, 3, 10, 100] {
        assert_eq!(found(store.as_ref(), &Filter::default(), limit, 10).await, all);
    }
    let oldest = Filter { order: Order::OldestFirst, ..Filter::default() };
    let reversed: Vec<_> = all.into_iter().rev().collect();
    assert_eq!(found(store.as_ref(), &oldest, 4, 10).await, reversed);
}

/// Reconciling finds what is stuck, and only that.
pub async fn lists_are_by_status_and_age<M: Metadata>(store: Arc<M>) {
    ten(&store).await;
    let filter = |status: &[Status]| Filter { status: status.to_vec(), ..Filter::default() };
    let store = store.as_ref();
    assert_eq!(found(store, &filter(&[Status::Processing]), 3, 1).await, ["4"]);
    assert_eq!(found(store, &filter(&[Status::Completed]), 3, 4).await, ["3", "2", "1", "0"]);
    let two = filter(&[Status::Processing, Status::Pending]);
    assert_eq!(found(store, &two, 2, 6).await, ["9", "8", "7", "6", "5", "4"]);
    let old = Filter { unchanged_since: Some(at(1007)), ..two };
    assert_eq!(found(store, &old, 2, 2).await, ["6", "5"]);
    assert_eq!(found(store, &filter(&[Status::Failed]), 2, 0).await, [""; 0]);
}

/// A team finds the builds of its application in a time.
pub async fn lists_are_by_application_and_time<M: Metadata>(store: Arc<M>) {
    ten(&store).await;
    let shop = Filter { application: Some("shop".to_owned()), ..Filter::default() };
    let store = store.as_ref();
    assert_eq!(found(store, &shop, 2, 5).await, ["8", "6", "4", "2", "0"]);
    let part = Filter { from: Some(at(2)), to: Some(at(8)), ..shop.clone() };
    assert_eq!(found(store, &part, 2, 3).await, ["6", "4", "2"]);
    let waiting = Filter { status: vec![Status::Pending], ..shop };
    assert_eq!(found(store, &waiting, 1, 2).await, ["8", "6"]);
    let time = Filter { from: Some(at(3)), to: Some(at(5)), ..Filter::default() };
    assert_eq!(found(store, &time, 9, 2).await, ["4", "3"]);
    let none = Filter { application: Some(String::new()), ..Filter::default() };
    assert_eq!(found(store, &none, 9, 0).await, [""; 0]);
}

/// A page that can't be is an error, not an empty list.
pub async fn a_page_of_nothing_is_refused<M: Metadata>(store: Arc<M>) {
    for (cursor, limit) in [(None, 0), (None, 100_000), (Some("page 2"), 10)] {
        let error = store.deployments(&Filter::default(), cursor, limit).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
}
