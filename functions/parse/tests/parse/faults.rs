//! An engine that fails: what is reported, and that nothing else is lost by it.

use logmill_deadletter::DeadLetters;
use logmill_metadata::Status;
use logmill_metadata_dynamodb::Dynamo;
use logmill_parse::Response;
use logmill_runtime::cause::TryAgain;
use serde_json::json;

use crate::cloud::{Cloud, failed, in_cloud, sqs};
use crate::files;

const RUN: &str = "github_actions-github.com-7301458123-1";
/// The id of a file's first message.
const FIRST: &str = "19dd0b57-b21e-4ac1-bd88-01bbb068cb78";
const LOG: &str = "year=2026/month=11/day=20/hour=09/github_actions-github.com-7301458123-1.log";

/// The metadata of another installation, whose tables are not there.
fn lose_metadata(cloud: &mut Cloud) -> Dynamo {
    let lost = Dynamo::connect(&cloud.config, "lost-");
    std::mem::replace(&mut cloud.parse.metadata, lost)
}

#[test]
fn a_failing_engine_brings_back_the_messages_that_need_it_and_no_other() {
    in_cloud(async |cloud| {
        cloud.put(LOG).await;
        let found = lose_metadata(cloud);
        let good = files::event("s3-put").to_string();
        let deletion = files::event("s3-delete").to_string();
        let batch = sqs(&[&good, "no event", &deletion, &good]);
        assert_eq!(cloud.call(batch.clone()).await, Ok(failed(&["m0", "m3"])));
        assert_eq!(cloud.counted(), json!({ "retried": 2, "dead_letter": 1, "ignored": 2 }));

        // Lambda delivers those two again.
        cloud.parse.metadata = found;
        assert_eq!(cloud.call(sqs(&[&good, &good])).await, Ok(failed(&[])));
        assert_eq!(cloud.counted(), json!({ "completed": 1, "ignored": 1 }));
    });
}

#[test]
fn an_event_that_cannot_be_answered_in_part_is_an_error_with_its_reason() {
    in_cloud(async |cloud| {
        cloud.put(LOG).await;
        lose_metadata(cloud);
        for file in ["s3-put", "eventbridge-object-created", "msk"] {
            let Err(TryAgain { why, .. }) = cloud.call(files::event(file)).await else {
                panic!("{file} was lost")
            };
            assert!(why.contains("logmill migrate"), "{file}: {why}");
        }
    });
}

#[test]
fn a_batch_of_kafka_is_delivered_again_while_the_queue_cannot_be_written() {
    in_cloud(async |cloud| {
        cloud.put(LOG).await;
        cloud.call(files::event("s3-put")).await.unwrap();
        let url = std::mem::take(&mut cloud.parse.queue.url);
        cloud.parse.queue.url = format!("{url}-gone");
        let Err(TryAgain { why, .. }) = cloud.call(files::event("msk")).await else {
            panic!("lost")
        };
        assert!(why.contains("2 records") && why.contains("-gone"), "{why}");
        cloud.parse.queue.url = url;
        assert_eq!(cloud.call(files::event("msk")).await, Ok(Response::Done));
    });
}

#[test]
fn what_cannot_be_kept_as_a_dead_letter_comes_again_and_the_next_record_is_parsed() {
    in_cloud(async |cloud| {
        cloud.put(LOG).await;
        let letters = DeadLetters::new(cloud.parse.objects.clone(), "no-such-bucket");
        let found = std::mem::replace(&mut cloud.parse.dead_letters, letters);
        let event = files::event("sqs-undecodable-key");
        assert_eq!(cloud.call(event.clone()).await, Ok(failed(&[FIRST])));
        assert_eq!(cloud.status(RUN, "").await, Some(Status::Completed));
        cloud.parse.dead_letters = found;
        assert_eq!(cloud.call(event).await, Ok(failed(&[])));
        assert_eq!(cloud.dead_letters().await.len(), 2);
    });
}

#[test]
fn an_object_that_always_fails_becomes_a_dead_letter_after_its_attempts() {
    in_cloud(async |cloud| {
        cloud.put(LOG).await;
        // No documents can be written: the address is that of another engine.
        let endpoint =
            logmill_documents::Endpoint::new(cloud.config.endpoint_url().unwrap_or_default());
        let names = logmill_documents::Names::default();
        cloud.parse.documents = logmill_documents::Documents::connect(&endpoint, names).unwrap();
        let event = files::event("sqs-s3");
        for attempt in 1..=5 {
            let answer = cloud.call(event.clone()).await;
            let again = if attempt < 5 { failed(&[FIRST]) } else { failed(&[]) };
            assert_eq!(answer, Ok(again), "attempt {attempt}");
        }
        assert_eq!(cloud.status(RUN, "").await, Some(Status::Failed));
        let letter = cloud.dead_letters().await.pop().unwrap();
        assert_eq!((letter.reason.kind.as_str(), letter.attempts), ("attempts", 5));
        // A hundred more deliveries change nothing.
        for _ in 0..100 {
            assert_eq!(cloud.call(event.clone()).await, Ok(failed(&[])));
        }
        assert_eq!(cloud.dead_letters().await.len(), 1);
    });
}
