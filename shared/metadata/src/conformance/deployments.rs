//! What a deployment's row says.

use std::sync::Arc;

use logmill_model::Outcome;

use super::{at, done, object, owner, take, taken, version};
use crate::{Facts, Metadata, Status, Take, Witness};

fn application(name: &str) -> Facts {
    Facts { application_name: Some(name.to_owned()), ..Facts::default() }
}

fn expected(objects: u32) -> Facts {
    Facts { objects_expected: Some(objects), ..Facts::default() }
}

/// Fetch and parse come in any order.
pub async fn rows_are_made_by_whoever_comes_first<M: Metadata>(store: Arc<M>) {
    assert_eq!(store.deployment("first").await.unwrap(), None);
    store.upsert_facts("first", &application("shop"), Witness::Source, at(0)).await.unwrap();
    let row = store.deployment("first").await.unwrap().unwrap();
    assert_eq!((row.status, row.seen_at), (Status::Pending, at(0)));
    taken(store.as_ref(), &object("first", ""), 1, "worker", 1).await;
    let row = store.deployment("first").await.unwrap().unwrap();
    assert_eq!((row.status, row.application_name.as_deref()), (Status::Processing, Some("shop")));
    taken(store.as_ref(), &object("second", ""), 1, "worker", 1).await;
    let row = store.deployment("second").await.unwrap().unwrap();
    assert_eq!(
        (row.status, row.s3_path),
        (Status::Processing, Some("year=2026/second/.log".into()))
    );
}

/// A fetch that comes after parse does not hide that the log is done.
pub async fn fetch_never_sets_a_status_back<M: Metadata>(store: Arc<M>) {
    done(&store, &object("done", ""), 1, Outcome::Failed, 0).await;
    store.upsert_facts("done", &application("shop"), Witness::Source, at(5)).await.unwrap();
    let row = store.deployment("done").await.unwrap().unwrap();
    assert_eq!((row.status, row.result), (Status::Completed, Some(Outcome::Failed)));
    assert_eq!(row.application_name.as_deref(), Some("shop"));
    let revision = row.revision;
    store.upsert_facts("done", &application("shop"), Witness::Source, at(6)).await.unwrap();
    let row = store.deployment("done").await.unwrap().unwrap();
    assert_eq!(row.revision, revision, "the same facts write nothing");
}

/// What the CI system says stands over what a log's metadata said.
pub async fn a_source_corrects_what_a_log_said<M: Metadata>(store: Arc<M>) {
    let name = async || store.deployment("facts").await.unwrap().unwrap().application_name.unwrap();
    store.upsert_facts("facts", &application("guess"), Witness::Log, at(0)).await.unwrap();
    assert_eq!(name().await, "guess");
    store.upsert_facts("facts", &application("shop"), Witness::Source, at(0)).await.unwrap();
    assert_eq!(name().await, "shop");
    store.upsert_facts("facts", &application("guess"), Witness::Log, at(0)).await.unwrap();
    assert_eq!(name().await, "shop");
}

/// A run of three jobs is not shown as done after the first.
pub async fn a_deployment_ends_when_all_its_objects_have<M: Metadata>(store: Arc<M>) {
    let status = async || {
        let row = store.deployment("three").await.unwrap().unwrap();
        (row.status, row.processed_at)
    };
    store.upsert_facts("three", &expected(3), Witness::Source, at(0)).await.unwrap();
    for (number, part) in (1..=3).zip(["a", "b", "c"]) {
        assert_ne!(status().await.0, Status::Completed);
        done(&store, &object("three", part), 1, Outcome::Success, number * 10).await;
    }
    assert_eq!(status().await, (Status::Completed, Some(at(31))));
    let parts: Vec<_> =
        store.objects("three").await.unwrap().into_iter().map(|object| object.part).collect();
    assert_eq!(parts, ["a", "b", "c"]);
    store.upsert_facts("three", &expected(4), Witness::Source, at(40)).await.unwrap();
    assert_eq!(status().await, (Status::Processing, None), "a fourth is to come");
}

/// One failed job of many makes a failed build.
pub async fn a_deployment_shows_the_worst_of_its_objects<M: Metadata>(store: Arc<M>) {
    let result = async || store.deployment("worst").await.unwrap().unwrap().result;
    for (second, (part, outcome, worst)) in (0..).zip([
        ("a", Outcome::Skipped, Outcome::Skipped),
        ("b", Outcome::Success, Outcome::Success),
        ("c", Outcome::Failed, Outcome::Failed),
        ("d", Outcome::Success, Outcome::Failed),
    ]) {
        done(&store, &object("worst", part), 1, outcome, second * 10).await;
        assert_eq!(result().await, Some(worst), "after {part}");
    }
    done(&store, &object("worst", "c"), 2, Outcome::Success, 90).await;
    assert_eq!(result().await, Some(Outcome::Success), "the failed one was mended");
    taken(store.as_ref(), &object("worst", "e"), 1, "worker", 100).await;
    store
        .fail(&object("worst", "e"), &version(1), &owner("worker"), "no log", at(101))
        .await
        .unwrap();
    let row = store.deployment("worst").await.unwrap().unwrap();
    assert_eq!((row.status, row.error.as_deref()), (Status::Failed, Some("no log")));
}

/// A deployment that is still FAILED says why.
pub async fn an_error_that_is_mended_gives_way_to_the_next<M: Metadata>(store: Arc<M>) {
    for part in ["a", "b"] {
        let log = object("errors", part);
        taken(store.as_ref(), &log, 1, part, 0).await;
        store
            .fail(&log, &version(1), &owner(part), &format!("{part} is bad"), at(1))
            .await
            .unwrap();
    }
    let error = async || store.deployment("errors").await.unwrap().unwrap().error;
    assert_eq!(error().await.as_deref(), Some("a is bad"));
    done(&store, &object("errors", "a"), 2, Outcome::Success, 10).await;
    assert_eq!(error().await.as_deref(), Some("b is bad"));
    done(&store, &object("errors", "b"), 2, Outcome::Success, 20).await;
    assert_eq!(error().await, None);
}

/// A log that comes a day later is shown as work to be done.
pub async fn an_object_of_the_next_day_opens_a_finished_deployment<M: Metadata>(store: Arc<M>) {
    done(&store, &object("day", "a"), 1, Outcome::Success, 0).await;
    taken(store.as_ref(), &object("day", "b"), 1, "worker", 86_400).await;
    let row = store.deployment("day").await.unwrap().unwrap();
    assert_eq!((row.status, row.processed_at), (Status::Processing, None));
    assert_eq!(row.status_since, at(86_400));
}

/// Jobs of one run that end in the same moment are all counted.
pub async fn objects_that_end_together_are_all_counted<M: Metadata>(store: Arc<M>) {
    store.upsert_facts("crowd", &expected(12), Witness::Source, at(0)).await.unwrap();
    let mut workers = tokio::task::JoinSet::new();
    for worker in 0..12 {
        let store = Arc::clone(&store);
        workers.spawn(async move {
            let log = object("crowd", &format!("{worker:02}"));
            done(&store, &log, 1, Outcome::Success, worker).await;
        });
    }
    workers.join_all().await;
    let row = store.deployment("crowd").await.unwrap().unwrap();
    assert_eq!((row.tally.success, row.tally.seen(), row.status), (12, 12, Status::Completed));
}

/// Names of any language, spaces and signs do not get lost or mixed up.
pub async fn any_text_comes_back_as_it_was<M: Metadata>(store: Arc<M>) {
    let long = format!("{}/{}", "ä".repeat(700), "x".repeat(500));
    for part in ["", "a b+c%20#d", "object#", "日本語 🦀", "../..", long.as_str()] {
        let key = format!("k#{} 'ö\"", part.len());
        let log = object(&key, part);
        let fact = application(part);
        store.upsert_facts(&key, &fact, Witness::Log, at(0)).await.unwrap();
        done(&store, &log, 1, Outcome::Success, 0).await;
        let row = store.object(&key, part).await.unwrap().unwrap();
        assert_eq!((row.part.as_str(), row.object_key), (part, log.object_key));
        assert_eq!(store.objects(&key).await.unwrap().len(), 1);
        let deployment = store.deployment(&key).await.unwrap().unwrap();
        assert_eq!(deployment.application_name.as_deref(), Some(part));
        assert!(store.summary(&key, part).await.unwrap().is_some());
    }
}

/// What retention deletes is gone, and can come again.
pub async fn a_deleted_deployment_leaves_nothing<M: Metadata>(store: Arc<M>) {
    for part in ["a", "b"] {
        done(&store, &object("gone", part), 1, Outcome::Success, 0).await;
    }
    store.delete("gone").await.unwrap();
    store.delete("gone").await.unwrap();
    assert_eq!(store.deployment("gone").await.unwrap(), None);
    assert_eq!(store.objects("gone").await.unwrap(), []);
    assert_eq!(store.summary("gone", "a").await.unwrap(), None);
    assert!(matches!(take(store.as_ref(), &object("gone", "a"), 1, "w", 9).await, Take::Taken(_)));
}

/// Deployments whose keys begin alike do not see each other's logs.
pub async fn keys_that_begin_alike_stay_apart<M: Metadata>(store: Arc<M>) {
    done(&store, &object("run-1", ""), 1, Outcome::Success, 0).await;
    done(&store, &object("run-10", ""), 1, Outcome::Failed, 0).await;
    store.delete("run-1").await.unwrap();
    assert_eq!(store.objects("run-10").await.unwrap().len(), 1);
    assert_eq!(store.objects("run-1").await.unwrap(), []);
    let empty = store.upsert_facts("", &Facts::default(), Witness::Log, at(0)).await;
    assert_eq!(empty.unwrap_err().kind(), crate::ErrorKind::Invalid);
}

/// `logmill migrate` can be run with every deployment.
pub async fn migrating_again_changes_nothing<M: Metadata>(store: Arc<M>) {
    done(&store, &object("kept", ""), 1, Outcome::Success, 0).await;
    store.migrate().await.unwrap();
    assert!(store.deployment("kept").await.unwrap().is_some());
}

/// A summary never is of a version whose documents are gone.
pub async fn a_summary_is_replaced_with_its_version<M: Metadata>(store: Arc<M>) {
    let log = object("sum", "");
    for number in [1, 2] {
        done(&store, &log, number, Outcome::Success, i64::from(number) * 10).await;
        let summary = store.summary("sum", "").await.unwrap().unwrap();
        let row = store.object("sum", "").await.unwrap().unwrap();
        assert_eq!(summary.generation, row.generation());
        assert_eq!(summary.bytes, format!("{{\"version\":{number}}}").into_bytes());
    }
    taken(store.as_ref(), &log, 3, "third", 50).await;
    store.fail(&log, &version(3), &owner("third"), "no log", at(51)).await.unwrap();
    assert_eq!(store.summary("sum", "").await.unwrap(), None);
}
