//! What is too large for a file, and what takes several calls.

use logmill_metadata::Status;
use logmill_parse::Response;
use logmill_parse::event::{Put, notification};
use serde_json::{Value, json};

use crate::cloud::{BUCKET, QUEUE, failed, in_cloud, sqs};
use crate::files;

fn put(key: &str) -> Value {
    let put = Put {
        bucket: BUCKET.to_owned(),
        key: key.to_owned(),
        etag: None,
        sequencer: Some("0069203E8A1C5F2B7D".to_owned()),
        at: None,
    };
    serde_json::from_str(&notification(&put)).unwrap()
}

#[test]
fn the_largest_message_is_kept_whole_when_it_is_no_event() {
    in_cloud(async |cloud| {
        let body = "x".repeat(1024 * 1024);
        assert_eq!(cloud.call(sqs(&[&body])).await, Ok(failed(&[])));
        let letters = cloud.dead_letters().await;
        assert_eq!(letters.len(), 1);
        assert_eq!(letters[0].input.bytes().unwrap(), body.into_bytes());
        assert_eq!(letters[0].place.message_id.as_deref(), Some("m0"));
    });
}

#[test]
fn the_log_at_the_end_of_a_megabyte_of_records_is_parsed() {
    in_cloud(async |cloud| {
        cloud.put("last.log").await;
        let mut records: Vec<Value> = Vec::new();
        let gone = put(&format!("{}.log", "gone".repeat(200)))["Records"][0].clone();
        while records.len() * gone.to_string().len() < 1024 * 1024 {
            let mut removed = gone.clone();
            removed["eventName"] = json!("ObjectRemoved:Delete");
            records.push(removed);
        }
        let others = records.len();
        records.push(put("last.log")["Records"][0].clone());
        let answer = cloud.call(json!({ "Records": records })).await;
        assert_eq!(answer, Ok(Response::Done));
        assert_eq!(cloud.counted(), json!({ "completed": 1, "ignored": others }));
        assert_eq!(cloud.status("last", "").await, Some(Status::Completed));
    });
}

#[test]
fn the_dead_letter_of_a_kafka_record_says_where_it_stands() {
    in_cloud(async |cloud| {
        cloud.call(files::event("kafka-poison")).await.unwrap();
        let letters = cloud.dead_letters().await;
        let letter = letters.iter().find(|letter| letter.place.offset == Some(21)).unwrap();
        assert_eq!(letter.place.topic.as_deref(), Some("log-processing-events"));
        assert_eq!(letter.place.partition, Some(0));
        assert_eq!(letter.input.bytes().unwrap(), b"\xff\xfe\x00\x01");
        assert_eq!(letter.occurred_at.as_millisecond(), 1_795_167_676_423);
    });
}

#[test]
fn a_deployment_that_becomes_known_late_is_not_lost() {
    in_cloud(async |cloud| {
        cloud.put("late.log").await;
        let event = |tries: u32| {
            let lookup = json!({ "tries": tries, "topic": "t", "partition": 1, "offset": 9 });
            json!({ "deployment_key": "late", "source": "jenkins", "lookup": lookup }).to_string()
        };
        // Nobody knows it: each time the event goes back to the queue, to be seen later.
        for tries in 0..5 {
            assert_eq!(cloud.call(sqs(&[&event(tries)])).await, Ok(failed(&[])));
            let counts = cloud.queue.counts(QUEUE).await.unwrap();
            assert_eq!((counts.visible, counts.delayed), (0, u64::from(tries) + 1));
        }
        assert!(cloud.dead_letters().await.is_empty());
        assert_eq!(cloud.counted(), json!({ "waiting": 5 }));

        // By its own notification it is known and parsed; then a look up finds it done.
        cloud.call(put("late.log")).await.unwrap();
        assert_eq!(cloud.call(sqs(&[&event(5)])).await, Ok(failed(&[])));
        assert_eq!(cloud.work_off().await, 1);
        assert_eq!(cloud.counted(), json!({ "completed": 1, "queued": 1, "ignored": 1 }));
        assert!(cloud.dead_letters().await.is_empty());
    });
}

#[test]
fn the_dead_letter_of_an_unknown_deployment_can_be_replayed_once_its_log_is_there() {
    in_cloud(async |cloud| {
        cloud.call(files::event("sqs-processing-event")).await.unwrap();
        let letter = cloud.dead_letters().await.pop().unwrap();
        assert_eq!((letter.reason.kind.as_str(), letter.attempts), ("unknown_deployment", 6));
        assert_eq!((letter.place.partition, letter.place.offset), (Some(2), Some(1187)));

        let key = "github_actions-github.com-7301458125-1.log";
        cloud.put(key).await;
        cloud.call(put(key)).await.unwrap();
        let input = String::from_utf8(letter.input.bytes().unwrap()).unwrap();
        assert_eq!(cloud.call(sqs(&[&input])).await, Ok(failed(&[])));
        assert_eq!(cloud.work_off().await, 1);
        assert_eq!(cloud.dead_letters().await.len(), 1);
    });
}

#[test]
fn the_dead_letter_of_one_record_brings_back_only_its_object() {
    in_cloud(async |cloud| {
        cloud.put("good.log").await;
        let content = logmill_objects::Content::from(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec());
        let options = logmill_objects::PutOptions::default();
        cloud.parse.objects.put(BUCKET, "picture +.log", content, options).await.unwrap();
        let records = [&put("good.log"), &put("picture +.log")].map(|it| it["Records"][0].clone());
        cloud.call(json!({ "Records": records })).await.unwrap();
        assert_eq!(cloud.counted(), json!({ "completed": 1, "failed": 1 }));
        let letter = cloud.dead_letters().await.pop().unwrap();
        assert_eq!(letter.place.key.as_deref(), Some("picture +.log"));
        let input: Value = serde_json::from_slice(&letter.input.bytes().unwrap()).unwrap();
        assert_eq!(input, put("picture +.log"));
    });
}
