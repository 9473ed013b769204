//! Workers that meet in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use logmill_model::Outcome;

use super::{at, object, owner, version};
use crate::{ErrorKind, Metadata, ObjectRef, Owner, Progress, Status, Take, Version};

/// A small generator, so that a schedule is its seed.
struct Dice(u64);

impl Dice {
    /// A number below `sides`, by splitmix64.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// What a worker believes that it holds.
struct Work {
    number: u32,
    version: Version,
    owner: Owner,
}

/// Three workers get events of three versions twice and in any order, die, come late, meet faults:
/// each version is completed at most once, never an older one after a newer, and the last one is.
pub async fn any_order_of_events_ends_with_the_newest_version_once<M: Metadata>(store: Arc<M>) {
    for seed in 0..25 {
        let log = object(&format!("schedule-{seed}"), "");
        let mut completed = BTreeMap::new();
        let now = play(store.as_ref(), &log, seed, &mut completed).await;
        // Whatever happened, the newest event comes once more in the end.
        let last = owner("last");
        let until = at(now + 20);
        if let Take::Taken(_) =
            store.take(&log, &version(3), &last, at(now + 10), until).await.unwrap()
        {
            store.complete(&log, &version(3), &last, b"3", Outcome::Success, until).await.unwrap();
            *completed.entry(3).or_insert(0) += 1;
        }
        assert!(completed.values().all(|times| *times == 1), "seed {seed}: {completed:?}");
        assert_eq!(completed.get(&3), Some(&1), "seed {seed}: {completed:?}");
        let row = store.object(&log.deployment_key, "").await.unwrap().unwrap();
        let shown = (row.status, row.version.etag.as_str());
        assert_eq!(shown, (Status::Completed, "etag3"), "seed {seed}");
        let deployment = store.deployment(&log.deployment_key).await.unwrap().unwrap();
        assert_eq!((deployment.status, deployment.tally.seen()), (Status::Completed, 1));
        assert_eq!(store.summary(&log.deployment_key, "").await.unwrap().unwrap().bytes, b"3");
    }
}

/// Plays forty moves; returns the time after them.
async fn play<M: Metadata>(
    store: &M,
    log: &ObjectRef,
    seed: u64,
    completed: &mut BTreeMap<u32, u32>,
) -> i64 {
    let mut dice = Dice(seed);
    let mut workers: [Option<Work>; 3] = [None, None, None];
    let mut now = 0;
    for turn in 0..40 {
        now += i64::try_from(dice.roll(4)).unwrap();
        let seat = usize::try_from(dice.roll(3)).unwrap();
        let Some(work) = workers[seat].take() else {
            let number = u32::try_from(1 + dice.roll(3)).unwrap();
            let mut version = version(number);
            if dice.roll(4) == 0 {
                version.sequencer = None;
            }
            let owner = owner(&format!("seat-{seat}-turn-{turn}"));
            let take = store.take(log, &version, &owner, at(now), at(now + 5)).await.unwrap();
            if let Take::Taken(_) = take {
                workers[seat] = Some(Work { number, version, owner });
            }
            continue;
        };
        workers[seat] = step(store, log, work, now, dice.roll(6), completed).await;
    }
    now
}

/// One move of a worker that believes it has a lease; what it believes afterwards.
async fn step<M: Metadata>(
    store: &M,
    log: &ObjectRef,
    work: Work,
    now: i64,
    choice: u64,
    completed: &mut BTreeMap<u32, u32>,
) -> Option<Work> {
    let Work { number, version, owner } = &work;
    let answer = match choice {
        0 | 1 => {
            let summary = number.to_string();
            let done = store
                .complete(log, version, owner, summary.as_bytes(), Outcome::Success, at(now))
                .await;
            if done.is_ok() {
                let newer = completed.keys().any(|other| other > number);
                assert!(!newer, "{number} was completed over a newer one: {completed:?}");
                *completed.entry(*number).or_insert(0) += 1;
            }
            done.map(|()| false)
        }
        2 => {
            let progress = Progress::default();
            store.extend(log, version, owner, at(now + 5), progress).await.map(|()| true)
        }
        3 => {
            let progress = Progress::default();
            store.pause(log, version, owner, b"here", progress).await.map(|()| false)
        }
        4 => store.release(log, version, owner).await.map(|()| false),
        _ => Ok(false), // it dies
    };
    match answer {
        Ok(goes_on) => goes_on.then_some(work),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::LeaseLost, "{error}");
            None
        }
    }
}
