//! Who works on an object.

use std::sync::Arc;

use logmill_model::Outcome;

use super::{at, done, object, owner, take, taken, version};
use crate::{ErrorKind, MAX_BLOB, Metadata, Owner, Progress, Status, Take};

/// Half of an object.
const HALF: Progress = Progress { read: 50, size: 100 };

/// Twenty functions that get the same event do not parse it twenty times.
pub async fn twenty_who_race_for_an_object_have_one_winner<M: Metadata>(store: Arc<M>) {
    let mut racers = tokio::task::JoinSet::new();
    for racer in 0..20 {
        let store = Arc::clone(&store);
        racers.spawn(async move {
            take(store.as_ref(), &object("race", ""), 1, &format!("racer-{racer}"), 0).await
        });
    }
    let answers = racers.join_all().await;
    let winners = answers.iter().filter(|answer| matches!(answer, Take::Taken(_))).count();
    let held = answers.iter().filter(|answer| matches!(answer, Take::Held { .. })).count();
    assert_eq!((winners, held), (1, 19), "{answers:?}");
    let row = store.object("race", "").await.unwrap().unwrap();
    assert_eq!((row.attempts, row.status), (1, Status::Processing));
    assert_eq!(store.deployment("race").await.unwrap().unwrap().tally.seen(), 1);
}

/// A second worker is told until when to wait.
pub async fn an_object_that_is_held_is_left_to_its_owner<M: Metadata>(store: Arc<M>) {
    let log = object("held", "");
    assert_eq!(taken(store.as_ref(), &log, 1, "first", 0).await.object.attempts, 1);
    let answer = take(store.as_ref(), &log, 1, "second", 50).await;
    assert_eq!(answer, Take::Held { until: at(100) });
    assert_eq!(store.object("held", "").await.unwrap().unwrap().attempts, 1, "no attempt");
}

/// A worker that died does not block its object for ever.
pub async fn a_lease_that_has_ended_is_taken_over_and_counted<M: Metadata>(store: Arc<M>) {
    let log = object("dead", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    let second = taken(store.as_ref(), &log, 1, "second", 100).await;
    assert_eq!(second.object.attempts, 2);
    assert_eq!(second.object.lease.unwrap().owner, owner("second"));
}

/// After kill −9, `logmill up` goes on at once.
pub async fn a_restarted_process_does_not_wait_for_its_own_lease<M: Metadata>(store: Arc<M>) {
    let log = object("boot", "");
    let mut answers = Vec::new();
    for owner in [Owner::local("b1", "r1"), Owner::local("b1", "r2"), Owner::local("b2", "r1")] {
        answers.push(store.take(&log, &version(1), &owner, at(0), at(100)).await.unwrap());
    }
    assert!(matches!(answers[0], Take::Taken(_)));
    assert!(matches!(answers[1], Take::Held { .. }), "the same boot is alive");
    assert!(matches!(answers[2], Take::Taken(_)), "the other boot is dead");
    let cloud = take(store.as_ref(), &log, 1, "cloud", 1).await;
    assert!(matches!(cloud, Take::Held { .. }), "who is no local process can't tell");
}

/// A connection lost at the wrong moment costs no attempt and no wait.
pub async fn a_lost_answer_is_asked_for_again_without_a_second_attempt<M: Metadata>(store: Arc<M>) {
    let log = object("again", "");
    let first = taken(store.as_ref(), &log, 1, "same", 0).await;
    let again = taken(store.as_ref(), &log, 1, "same", 0).await;
    assert_eq!(first, again);
}

/// A long log keeps its worker, and people see how far it is.
pub async fn an_extended_lease_holds_longer<M: Metadata>(store: Arc<M>) {
    let log = object("long", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    store.extend(&log, &version(1), &owner("first"), at(500), HALF).await.unwrap();
    let answer = take(store.as_ref(), &log, 1, "second", 200).await;
    assert_eq!(answer, Take::Held { until: at(500) });
    let row = store.object("long", "").await.unwrap().unwrap();
    assert_eq!(row.progress.map(Progress::percent), Some(50));
    let (one, first) = (version(1), owner("first"));
    store.complete(&log, &one, &first, b"{}", Outcome::Success, at(300)).await.unwrap();
    assert_eq!(store.object("long", "").await.unwrap().unwrap().progress, None);
}

/// A worker that meets a fault lets the next one try at once.
pub async fn a_given_back_lease_is_free_at_once<M: Metadata>(store: Arc<M>) {
    let log = object("back", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    store.release(&log, &version(1), &owner("other")).await.unwrap();
    assert!(matches!(take(store.as_ref(), &log, 1, "second", 1).await, Take::Held { .. }));
    store.release(&log, &version(1), &owner("first")).await.unwrap();
    store.release(&log, &version(1), &owner("first")).await.unwrap();
    assert_eq!(taken(store.as_ref(), &log, 1, "second", 1).await.object.attempts, 2);
}

/// A worker that slept past its lease does not overwrite what its successor does.
pub async fn a_lost_owner_completes_nothing<M: Metadata>(store: Arc<M>) {
    let log = object("lost", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    taken(store.as_ref(), &log, 1, "second", 200).await;
    let late = store
        .complete(&log, &version(1), &owner("first"), b"late", Outcome::Success, at(201))
        .await
        .unwrap_err();
    assert_eq!(late.kind(), ErrorKind::LeaseLost);
    assert!(late.to_string().contains("lost"), "{late}");
    assert_eq!(store.summary("lost", "").await.unwrap(), None);
    store
        .complete(&log, &version(1), &owner("second"), b"{}", Outcome::Failed, at(202))
        .await
        .unwrap();
    let row = store.object("lost", "").await.unwrap().unwrap();
    assert_eq!((row.status, row.result), (Status::Completed, Some(Outcome::Failed)));
}

/// Nor does it do anything else.
pub async fn a_lost_owner_neither_fails_extends_nor_pauses<M: Metadata>(store: Arc<M>) {
    let (log, lost, one) = (object("lost2", ""), owner("first"), version(1));
    taken(store.as_ref(), &log, 1, "first", 0).await;
    taken(store.as_ref(), &log, 1, "second", 200).await;
    let before = store.object("lost2", "").await.unwrap();
    let answers = [
        store.fail(&log, &one, &lost, "no", at(201)).await,
        store.extend(&log, &one, &lost, at(900), HALF).await,
        store.pause(&log, &one, &lost, b"late", HALF).await,
    ];
    for answer in answers {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::LeaseLost);
    }
    store.release(&log, &one, &lost).await.unwrap();
    assert_eq!(store.object("lost2", "").await.unwrap(), before);
}

/// A message delivered twice, or an answer lost, counts one object once.
pub async fn completing_twice_is_completing_once<M: Metadata>(store: Arc<M>) {
    let log = object("twice", "");
    done(&store, &log, 1, Outcome::Success, 0).await;
    let before =
        (store.deployment("twice").await.unwrap(), store.object("twice", "").await.unwrap());
    store
        .complete(&log, &version(1), &owner("worker-0"), b"{}", Outcome::Success, at(9))
        .await
        .unwrap();
    let after =
        (store.deployment("twice").await.unwrap(), store.object("twice", "").await.unwrap());
    assert_eq!(before, after);
}

/// A log of fifteen minutes goes on where it stopped.
pub async fn a_checkpoint_of_256_kib_comes_back<M: Metadata>(store: Arc<M>) {
    let log = object("check", "");
    let bytes: Vec<u8> = (0..=255).cycle().take(MAX_BLOB).collect();
    let first = taken(store.as_ref(), &log, 1, "first", 0).await;
    assert_eq!(first.checkpoint, None);
    store.pause(&log, &version(1), &owner("first"), &bytes, HALF).await.unwrap();
    let second = taken(store.as_ref(), &log, 1, "second", 200).await;
    assert_eq!(second.checkpoint.as_ref(), Some(&bytes));
    store
        .complete(&log, &version(1), &owner("second"), &bytes, Outcome::Success, at(201))
        .await
        .unwrap();
    assert_eq!(store.summary("check", "").await.unwrap().unwrap().bytes, bytes);
    let left = store.blob(crate::BlobKind::Checkpoint, "check", "").await.unwrap();
    assert_eq!(left, None, "a checkpoint is not kept for nothing");
}

/// Many continuations of one long log do not make a dead letter of it.
pub async fn continuing_is_no_attempt<M: Metadata>(store: Arc<M>) {
    let log = object("parts", "");
    for round in 0..4_u32 {
        let name = format!("round-{round}");
        let taken = taken(store.as_ref(), &log, 1, &name, i64::from(round)).await;
        assert_eq!((taken.object.attempts, taken.object.continuations), (1, round));
        assert_eq!(taken.checkpoint, (round > 0).then(|| vec![u8::try_from(round).unwrap()]));
        let next = [u8::try_from(round + 1).unwrap()];
        store.pause(&log, &version(1), &owner(&name), &next, HALF).await.unwrap();
    }
}

/// A replaced log is parsed from its beginning.
pub async fn a_checkpoint_of_an_older_version_is_not_continued<M: Metadata>(store: Arc<M>) {
    let log = object("stale", "");
    taken(store.as_ref(), &log, 1, "first", 0).await;
    store.pause(&log, &version(1), &owner("first"), b"of the first", HALF).await.unwrap();
    taken(store.as_ref(), &log, 2, "second", 1).await;
    store.release(&log, &version(2), &owner("second")).await.unwrap();
    assert_eq!(taken(store.as_ref(), &log, 2, "third", 2).await.checkpoint, None);
}

/// A summary or checkpoint over the limit is an error that says so, not a half-written row.
pub async fn what_is_too_large_is_refused_by_name<M: Metadata>(store: Arc<M>) {
    let (log, one, who) = (object("large", ""), version(1), owner("first"));
    let bytes = vec![b' '; MAX_BLOB + 1];
    taken(store.as_ref(), &log, 1, "first", 0).await;
    let answers = [
        store.complete(&log, &one, &who, &bytes, Outcome::Success, at(1)).await.unwrap_err(),
        store.pause(&log, &one, &who, &bytes, HALF).await.unwrap_err(),
    ];
    for error in answers {
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert!(error.to_string().contains(&log.object_key), "{error}");
    }
    store.fail(&log, &one, &who, &"é".repeat(9000), at(2)).await.unwrap();
    let error = store.object("large", "").await.unwrap().unwrap().error.unwrap();
    assert_eq!(error.len(), crate::MAX_ERROR, "an error is cut");
}
