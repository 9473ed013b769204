//! The suite that every adapter passes: what a user loses if an engine, or the way we write to it,
//! does not keep its word. An adapter's test binary names a function that makes an empty store:
//!
//! ```text
//! async fn make() -> MyStore { … }
//! logmill_metadata::conformance_tests!(crate::make);
//! ```
//!
//! Each case is a test of its own and panics where it fails.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a test suite, which fails by panicking"
)]

pub mod deployments;
pub mod entries;
pub mod leases;
pub mod lists;
pub mod schedules;
pub mod values;
pub mod versions;

use std::sync::Arc;

use logmill_model::{Outcome, Timestamp};

use crate::{Metadata, ObjectRef, Owner, Take, Taken, Version};

/// A test for every case, each with a store of its own from `$make`, an async function without
/// arguments. Needs tokio with `macros` and `rt-multi-thread` in the crate that uses it.
#[macro_export]
macro_rules! conformance_tests {
    ($make:path) => {
        $crate::conformance_tests! { @cases $make;
            leases::twenty_who_race_for_an_object_have_one_winner,
            leases::an_object_that_is_held_is_left_to_its_owner,
            leases::a_lease_that_has_ended_is_taken_over_and_counted,
            leases::a_restarted_process_does_not_wait_for_its_own_lease,
            leases::a_lost_answer_is_asked_for_again_without_a_second_attempt,
            leases::an_extended_lease_holds_longer,
            leases::a_given_back_lease_is_free_at_once,
            leases::a_lost_owner_completes_nothing,
            leases::a_lost_owner_neither_fails_extends_nor_pauses,
            leases::completing_twice_is_completing_once,
            leases::a_checkpoint_of_256_kib_comes_back,
            leases::continuing_is_no_attempt,
            leases::a_checkpoint_of_an_older_version_is_not_continued,
            leases::what_is_too_large_is_refused_by_name,
            versions::a_version_is_not_parsed_twice,
            versions::a_failed_version_is_not_parsed_again,
            versions::a_late_event_of_an_older_version_is_ignored,
            versions::a_newer_version_takes_over_a_finished_one,
            versions::a_newer_version_waits_for_the_worker_at_the_older_one,
            versions::sequencers_of_different_lengths_compare,
            versions::a_version_without_sequencer_is_newer_by_time,
            versions::a_replay_goes_back_to_pending_with_a_new_generation,
            versions::a_replay_respects_the_worker_at_it,
            deployments::rows_are_made_by_whoever_comes_first,
            deployments::fetch_never_sets_a_status_back,
            deployments::a_source_corrects_what_a_log_said,
            deployments::a_deployment_ends_when_all_its_objects_have,
            deployments::a_deployment_shows_the_worst_of_its_objects,
            deployments::an_error_that_is_mended_gives_way_to_the_next,
            deployments::an_object_of_the_next_day_opens_a_finished_deployment,
            deployments::objects_that_end_together_are_all_counted,
            deployments::any_text_comes_back_as_it_was,
            deployments::a_deleted_deployment_leaves_nothing,
            deployments::keys_that_begin_alike_stay_apart,
            deployments::migrating_again_changes_nothing,
            deployments::a_summary_is_replaced_with_its_version,
            lists::pages_show_each_deployment_once_newest_first,
            lists::lists_are_by_status_and_age,
            lists::lists_are_by_application_and_time,
            lists::a_page_of_nothing_is_refused,
            schedules::any_order_of_events_ends_with_the_newest_version_once,
            values::text_with_nul_is_kept_and_names_stay_apart,
            values::lists_are_in_the_order_of_bytes,
            values::times_come_back_to_the_microsecond,
            values::the_longest_names_are_kept,
            values::large_numbers_come_back,
            values::a_plan_is_empty_once_it_was_done,
            values::twenty_objects_of_one_deployment_are_taken_at_once,
            entries::an_entry_is_written_over_the_revision_that_was_read,
            entries::of_twenty_who_write_one_entry_one_wins,
            entries::entries_are_listed_by_name_page_by_page,
            entries::names_and_pages_that_cannot_be_are_refused,
            entries::a_deployment_named_as_entries_are_does_not_touch_them,
        }
    };
    (@cases $make:path; $($module:ident :: $case:ident),* $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let store = std::sync::Arc::new($make().await);
                $crate::conformance::$module::$case(store).await;
            }
        )*
    };
}

/// A moment of the suite's own time.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn object(deployment_key: &str, part: &str) -> ObjectRef {
    ObjectRef {
        deployment_key: deployment_key.to_owned(),
        part: part.to_owned(),
        object_key: format!("year=2026/{deployment_key}/{part}.log"),
    }
}

/// The `number`-th upload of an object.
fn version(number: u32) -> Version {
    Version {
        etag: format!("etag{number}"),
        sequencer: Some(format!("0055AED6DCD9{number:06X}")),
        last_modified: at(i64::from(number)),
    }
}

fn owner(name: &str) -> Owner {
    Owner::new(name)
}

/// Takes at `now` for 100 s, as `name`.
async fn take<M: Metadata>(
    store: &M,
    object: &ObjectRef,
    number: u32,
    name: &str,
    now: i64,
) -> Take {
    let until = at(now + 100);
    store.take(object, &version(number), &owner(name), at(now), until).await.unwrap()
}

/// The same, where it must be free.
async fn taken<M: Metadata>(
    store: &M,
    object: &ObjectRef,
    number: u32,
    name: &str,
    now: i64,
) -> Taken {
    match take(store, object, number, name, now).await {
        Take::Taken(taken) => *taken,
        other => panic!("{} is not free for {name}: {other:?}", object.object_key),
    }
}

/// Takes an object and completes it.
async fn done<M: Metadata>(
    store: &Arc<M>,
    object: &ObjectRef,
    number: u32,
    result: Outcome,
    now: i64,
) {
    let name = format!("worker-{now}");
    taken(store.as_ref(), object, number, &name, now).await;
    let summary = format!("{{\"version\":{number}}}");
    store
        .complete(object, &version(number), &owner(&name), summary.as_bytes(), result, at(now + 1))
        .await
        .unwrap();
}
