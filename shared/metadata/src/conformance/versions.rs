//! Which version of an object counts.

use std::sync::Arc;

use logmill_model::Outcome;

use super::{at, done, object, owner, take, taken, version};
use crate::{ErrorKind, Metadata, Reopen, Status, Take, Version};

/// S3 events come twice.
pub async fn a_version_is_not_parsed_twice<M: Metadata>(store: Arc<M>) {
    let log = object("once", "");
    done(&store, &log, 1, Outcome::Success, 0).await;
    let again = take(store.as_ref(), &log, 1, "again", 500).await;
    assert_eq!(again, Take::Finished { status: Status::Completed });
}

/// A log that can't be processed is not tried for ever.
pub async fn a_failed_version_is_not_parsed_again<M: Metadata>(store: Arc<M>) {
    let log = object("bad", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    store.fail(&log, &version(1), &owner("first"), "it is a PNG", at(1)).await.unwrap();
    store.fail(&log, &version(1), &owner("first"), "it is a PNG", at(1)).await.unwrap();
    let again = take(store.as_ref(), &log, 1, "again", 500).await;
    assert_eq!(again, Take::Finished { status: Status::Failed });
    let deployment = store.deployment("bad").await.unwrap().unwrap();
    assert_eq!(deployment.status, Status::Failed);
    assert_eq!(deployment.error.as_deref(), Some("it is a PNG"));
}

/// S3 events come out of order.
pub async fn a_late_event_of_an_older_version_is_ignored<M: Metadata>(store: Arc<M>) {
    let log = object("late", "");
    done(&store, &log, 2, Outcome::Success, 0).await;
    let late = take(store.as_ref(), &log, 1, "late", 500).await;
    assert_eq!(late, Take::Newer { version: version(2) });
    taken(store.as_ref(), &log, 3, "third", 600).await;
    let late = take(store.as_ref(), &log, 2, "late", 601).await;
    assert_eq!(late, Take::Newer { version: version(3) });
}

/// A log that is put again is parsed again.
pub async fn a_newer_version_takes_over_a_finished_one<M: Metadata>(store: Arc<M>) {
    let log = object("next", "");
    done(&store, &log, 1, Outcome::Failed, 0).await;
    let first = store.object("next", "").await.unwrap().unwrap();
    let second = taken(store.as_ref(), &log, 2, "second", 10).await.object;
    assert_eq!((second.attempts, second.result), (1, None));
    assert_ne!(second.generation(), first.generation());
    let deployment = store.deployment("next").await.unwrap().unwrap();
    assert_eq!((deployment.status, deployment.result), (Status::Processing, None));
    assert_eq!(deployment.processed_at, None);
}

/// A log that is replaced while it is read ends with the documents of the new one: two workers at
/// once would delete each other's.
pub async fn a_newer_version_waits_for_the_worker_at_the_older_one<M: Metadata>(store: Arc<M>) {
    let log = object("over", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    let second = take(store.as_ref(), &log, 2, "second", 1).await;
    assert_eq!(second, Take::Held { until: at(100) });
    store.release(&log, &version(1), &owner("first")).await.unwrap();
    taken(store.as_ref(), &log, 2, "second", 2).await;
    let third = take(store.as_ref(), &log, 3, "third", 3).await;
    assert_eq!(third, Take::Held { until: at(102) });
    // A lease that has ended binds nobody.
    taken(store.as_ref(), &log, 3, "third", 102).await;
    for (number, name) in [(1, "first"), (2, "second")] {
        let late = store
            .complete(&log, &version(number), &owner(name), b"{}", Outcome::Success, at(103))
            .await;
        assert_eq!(late.unwrap_err().kind(), ErrorKind::LeaseLost);
    }
    store
        .complete(&log, &version(3), &owner("third"), b"{}", Outcome::Success, at(104))
        .await
        .unwrap();
    let row = store.object("over", "").await.unwrap().unwrap();
    assert_eq!((row.version, row.status), (version(3), Status::Completed));
}

/// The shorter sequencer is padded on the right.
pub async fn sequencers_of_different_lengths_compare<M: Metadata>(store: Arc<M>) {
    let log = object("length", "");
    let version = |sequencer: &str| Version {
        etag: sequencer.to_lowercase(),
        sequencer: Some(sequencer.to_owned()),
        last_modified: at(0),
    };
    let (long, short) = (version("0055AED6DCD90281E5"), version("0055AED6DD"));
    let mut answers = Vec::new();
    for (version, name, now) in [(&long, "a", 0), (&short, "b", 100), (&long, "c", 101)] {
        let until = at(now + 100);
        answers.push(store.take(&log, version, &owner(name), at(now), until).await.unwrap());
    }
    assert!(matches!(answers[0], Take::Taken(_)));
    assert!(matches!(answers[1], Take::Taken(_)), "{answers:?}");
    assert_eq!(answers[2], Take::Newer { version: short.clone() });
}

/// A Kafka processing event carries no sequencer, only what a HEAD shows.
pub async fn a_version_without_sequencer_is_newer_by_time<M: Metadata>(store: Arc<M>) {
    let log = object("head", "");
    let head = |number| Version { sequencer: None, ..version(number) };
    done(&store, &log, 5, Outcome::Success, 0).await;
    for (number, expected) in [(5, "Finished"), (4, "Newer"), (6, "Taken")] {
        let answer = store.take(&log, &head(number), &owner("head"), at(9), at(99)).await.unwrap();
        assert!(format!("{answer:?}").starts_with(expected), "{number}: {answer:?}");
    }
    store.release(&log, &head(6), &owner("head")).await.unwrap();
    let known = taken(store.as_ref(), &log, 6, "event", 200).await.object;
    assert_eq!(known.version, version(6), "the event adds the sequencer");
    assert_eq!(known.attempts, 2, "and is the same version");
}

/// A dead letter is replayed, and what the failed attempt wrote is told apart.
pub async fn a_replay_goes_back_to_pending_with_a_new_generation<M: Metadata>(store: Arc<M>) {
    let log = object("replay", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    store.fail(&log, &version(1), &owner("first"), "too deep", at(1)).await.unwrap();
    let before = store.object("replay", "").await.unwrap().unwrap();
    for _ in 0..2 {
        let answer = store.reopen("replay", "", &owner("person"), at(2)).await.unwrap();
        assert_eq!(answer, Reopen::Reopened);
    }
    assert_eq!(store.object("replay", "").await.unwrap().unwrap().replays, 1);
    let deployment = store.deployment("replay").await.unwrap().unwrap();
    assert_eq!((deployment.status, deployment.error), (Status::Pending, None));
    let taken = taken(store.as_ref(), &log, 1, "second", 3).await.object;
    assert_eq!((taken.attempts, taken.error.as_deref()), (1, None));
    assert_ne!(taken.generation(), before.generation());
    let unknown = store.reopen("replay", "other", &owner("person"), at(2)).await.unwrap();
    assert_eq!(unknown, Reopen::Unknown);
}

/// A replay does not take an object from under a worker.
pub async fn a_replay_respects_the_worker_at_it<M: Metadata>(store: Arc<M>) {
    let log = object("busy", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    let answer = store.reopen("busy", "", &owner("person"), at(2)).await.unwrap();
    assert_eq!(answer, Reopen::Held { until: at(100) });
    let answer = store.reopen("busy", "", &owner("person"), at(100)).await.unwrap();
    assert_eq!(answer, Reopen::Reopened);
}
