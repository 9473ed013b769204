//! The function on an S3 in this process: what users lose if a record is archived twice, or not at all.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::IntoResponse as _;
use logmill_archive::{Archive, Line, ReadError, Reader, Settings};
use logmill_deadletter::DeadLetters;
use logmill_kafka_event::Answer;
use logmill_local_s3::LocalS3;
use logmill_metadata::{Commit, Entries, Entry, EntryKind, Error, ErrorKind};
use logmill_objects::{Objects, PutOptions};
use logmill_runtime::cause::TryAgain;
use serde_json::{Value, json};

const BUCKET: &str = "logs-archive";
const DEAD: &str = "logmill-dead-letters";
/// 2026-11-22T23:59:50Z
const EVENING: i64 = 1_795_391_990_000;

/// Entries in memory, which can be told to fail.
#[derive(Clone, Default)]
struct Memory {
    rows: Arc<Mutex<BTreeMap<String, Entry>>>,
    away: Arc<AtomicBool>,
    /// One in so many writes is lost, or done and its answer lost; 0: none.
    shaky: usize,
}

impl Memory {
    fn check(&self) -> Result<(), Error> {
        if self.away.load(Ordering::Relaxed) {
            return Err(Error::new(
                ErrorKind::Unavailable,
                "the metadata are away; try again later",
            ));
        }
        Ok(())
    }

    fn fails(&self) -> bool {
        self.shaky > 0 && fastrand::usize(..self.shaky) == 0
    }
}

impl Entries for Memory {
    async fn entry(&self, _: EntryKind, name: &str) -> Result<Option<Entry>, Error> {
        self.check()?;
        tokio::task::yield_now().await;
        Ok(self.rows.lock().unwrap().get(name).cloned())
    }

    async fn put_entry(&self, entry: &Entry) -> Result<Commit, Error> {
        self.check()?;
        tokio::task::yield_now().await;
        let lost = || Error::new(ErrorKind::Unavailable, "no answer");
        if self.fails() {
            return Err(lost());
        }
        let mut rows = self.rows.lock().unwrap();
        if rows.get(&entry.name).map_or(0, |known| known.revision) + 1 != entry.revision {
            return Ok(Commit::Conflict);
        }
        rows.insert(entry.name.clone(), entry.clone());
        if self.fails() { Err(lost()) } else { Ok(Commit::Written) }
    }

    async fn delete_entry(&self, _: EntryKind, name: &str) -> Result<(), Error> {
        self.rows.lock().unwrap().remove(name);
        Ok(())
    }

    async fn entries(
        &self,
        _: EntryKind,
        _: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Entry>, Error> {
        Ok(self.rows.lock().unwrap().values().take(limit).cloned().collect())
    }
}

struct Cloud {
    /// Whether the store refuses to remove anything.
    keeps: Arc<AtomicBool>,
    archive: Archive<Memory>,
    reader: Reader,
    _data: tempfile::TempDir,
}

async fn cloud(metadata: Memory, reports_failures: bool) -> Cloud {
    let data = tempfile::tempdir().unwrap();
    let s3 = LocalS3::open(data.path(), logmill_local_s3::Options::default()).unwrap();
    for bucket in [BUCKET, DEAD] {
        s3.create_bucket(bucket).await.unwrap();
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let keeps = Arc::new(AtomicBool::new(false));
    let kept = Arc::clone(&keeps);
    let refusing = move |request: Request, next: Next| {
        let refused = request.method() == Method::DELETE && kept.load(Ordering::Relaxed);
        async move {
            if refused { StatusCode::FORBIDDEN.into_response() } else { next.run(request).await }
        }
    };
    let router = s3.router().layer(middleware::from_fn(refusing));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let keys = Credentials::new("logmill", "logmill-local", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(address)
        .build();
    let objects = Objects::connect(&config);
    let archive = Archive {
        metadata,
        dead_letters: DeadLetters::new(objects.clone(), DEAD),
        objects: objects.clone(),
        settings: Settings { bucket: BUCKET.to_owned(), reports_failures },
    };
    Cloud { keeps, archive, reader: Reader { objects, bucket: BUCKET.to_owned() }, _data: data }
}

/// A record of partition 3 as Lambda sends it: its offset in its value, base64 of `{offset}`.
fn record(offset: i64, time: i64) -> Value {
    use base64::Engine as _;
    let value = base64::engine::general_purpose::STANDARD.encode(format!("event {offset}"));
    json!({ "topic": "app-logs", "partition": 3, "offset": offset, "timestamp": time,
        "timestampType": "CREATE_TIME", "key": "Y2FydA==", "value": value,
        "headers": [{ "trace": [104, -61, -92] }] })
}

fn event(records: &[Value]) -> String {
    json!({ "eventSource": "aws:kafka", "eventSourceArn": "arn:aws:kafka:local",
        "records": { "app-logs-3": records } })
    .to_string()
}

impl Cloud {
    async fn give(&self, records: &[Value]) -> Result<Answer, TryAgain> {
        self.archive.handle(&event(records)).await
    }

    /// The offsets that are archived on a day, as they are read back.
    async fn offsets(&self, day: &str) -> Vec<i64> {
        let mut offsets = Vec::new();
        let read = self.reader.read_day(day, "app-logs", None, |_, line: &Line<'_>| {
            let value = line.value.decoded().unwrap().unwrap();
            assert_eq!(*value, *format!("event {}", line.offset).as_bytes());
            offsets.push(line.offset);
            Ok::<_, ReadError>(())
        });
        read.await.unwrap();
        offsets
    }

    /// All offsets in all objects of a day, as they lie there.
    async fn raw(&self, day: &str) -> Vec<i64> {
        let mut offsets = Vec::new();
        for place in self.reader.list(day, "app-logs").await.unwrap() {
            let read = self.reader.read(&place, |_, line: &Line<'_>| {
                offsets.push(line.offset);
                Ok::<_, ReadError>(())
            });
            read.await.unwrap();
        }
        offsets
    }
}

fn given(answer: &Answer) -> Value {
    serde_json::to_value(answer).unwrap()
}

#[tokio::test]
async fn a_record_is_kept_with_its_key_headers_offset_and_time() {
    let cloud = cloud(Memory::default(), true).await;
    assert!(cloud.give(&[record(15, EVENING)]).await.unwrap().is_done());
    let places = cloud.reader.list("2026/11/22", "app-logs").await.unwrap();
    assert_eq!(places[0].key, "2026/11/22/app-logs-3-15.ndjson.gz");
    let mut lines = Vec::new();
    let read = cloud.reader.read(&places[0], |text, _| {
        lines.push(text.to_owned());
        Ok::<_, ReadError>(())
    });
    read.await.unwrap();
    assert_eq!(
        lines,
        [
            r#"{"topic":"app-logs","partition":3,"offset":15,"timestamp":1795391990000,"timestampType":"CREATE_TIME","key":"cart","value":"event 15","headers":[{"name":"trace","value":"hä"}]}"#
        ]
    );
}

#[tokio::test]
async fn a_day_has_its_own_records_and_gaps_are_no_end() {
    let cloud = cloud(Memory::default(), true).await;
    let times = [0, 5_000, 15_000, 16_000, 9_000];
    let records: Vec<_> =
        [0, 2, 3, 7, 8].into_iter().zip(times).map(|(n, ms)| record(n, EVENING + ms)).collect();
    cloud.give(&records).await.unwrap();
    assert_eq!(cloud.offsets("2026/11/22").await, [0, 2, 8]);
    assert_eq!(cloud.offsets("2026/11/23").await, [3, 7]);
    cloud.give(&[record(8, EVENING), record(11, EVENING)]).await.unwrap();
    assert_eq!(cloud.offsets("2026/11/22").await, [0, 2, 8, 11]);
}

/// Batches come again with other borders, at the same time, while the metadata loses writes and
/// answers: each record lies in the archive once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_delivered_again_is_archived_once() {
    for seed in 0..12 {
        fastrand::seed(seed);
        let cloud = Arc::new(cloud(Memory { shaky: 4, ..Memory::default() }, true).await);
        let last = 120;
        let mut working = tokio::task::JoinSet::new();
        for worker in 0..3 {
            let cloud = Arc::clone(&cloud);
            working.spawn(async move {
                fastrand::seed(seed * 10 + worker);
                // As a mapping does: from the first that failed on, in any size, and back again.
                let mut from = 0;
                while from < last {
                    let to = (from + fastrand::i64(1..30)).min(last);
                    let records: Vec<_> =
                        (from..to).map(|n| record(n, EVENING + n * 200)).collect();
                    let answer = given(&cloud.give(&records).await.unwrap());
                    let failed = &answer["batchItemFailures"][0]["itemIdentifier"]["offset"];
                    from = failed.as_i64().unwrap_or(to);
                }
            });
        }
        working.join_all().await;
        let found = [cloud.raw("2026/11/22").await, cloud.raw("2026/11/23").await].concat();
        assert_eq!(found, (0..last).collect::<Vec<_>>(), "seed {seed}");
    }
}

#[tokio::test]
async fn what_cannot_be_archived_now_is_named_and_comes_again() {
    let metadata = Memory::default();
    let cloud = cloud(metadata.clone(), true).await;
    metadata.away.store(true, Ordering::Relaxed);
    let records = [record(7, EVENING), record(8, EVENING)];
    let answer = given(&cloud.give(&records).await.unwrap());
    assert_eq!(
        answer,
        json!({ "batchItemFailures":
            [{ "itemIdentifier": { "partition": "app-logs-3", "offset": 7 } }] })
    );
    let whole = Archive {
        settings: Settings { bucket: BUCKET.to_owned(), reports_failures: false },
        metadata: metadata.clone(),
        objects: cloud.archive.objects.clone(),
        dead_letters: cloud.archive.dead_letters.clone(),
    };
    let again = whole.handle(&event(&records)).await.unwrap_err();
    assert!(again.why.contains("app-logs-3 from 7 on"), "{again}");
    metadata.away.store(false, Ordering::Relaxed);
    assert!(cloud.give(&records).await.unwrap().is_done());
    assert_eq!(cloud.offsets("2026/11/22").await, [7, 8]);
}

#[tokio::test]
async fn what_is_no_record_is_a_dead_letter_and_holds_up_no_other() {
    let cloud = cloud(Memory::default(), true).await;
    let mut bad = record(1, EVENING);
    bad["value"] = json!("%%%");
    let records = [record(0, EVENING), bad.clone(), record(2, EVENING)];
    assert!(cloud.give(&records).await.unwrap().is_done());
    assert_eq!(cloud.offsets("2026/11/22").await, [0, 2]);
    let letters = cloud.archive.dead_letters.list(Some("archive"), None, 10).await.unwrap();
    assert_eq!(letters.entries.len(), 1);
    let letter = cloud.archive.dead_letters.get(&letters.entries[0].key).await.unwrap();
    assert_eq!(
        (letter.place.offset, letter.input.bytes()),
        (Some(1), Some(bad.to_string().into()))
    );
}

#[tokio::test]
async fn a_topic_that_was_made_anew_does_not_lose_its_records_to_the_old_one() {
    let metadata = Memory::default();
    let cloud = cloud(metadata.clone(), true).await;
    cloud.give(&[record(0, EVENING), record(1, EVENING)]).await.unwrap();
    metadata.rows.lock().unwrap().clear();
    cloud.give(&[record(0, EVENING + 1), record(1, EVENING + 1)]).await.unwrap();
    assert_eq!(cloud.offsets("2026/11/22").await, [0, 1, 0, 1]);
}

#[tokio::test]
async fn an_object_of_somebody_else_is_not_taken_for_an_archive() {
    let cloud = cloud(Memory::default(), false).await;
    let key = "2026/11/22/app-logs-3-0.ndjson.gz";
    let objects = &cloud.archive.objects;
    objects.put(BUCKET, key, b"mine".to_vec(), PutOptions::default()).await.unwrap();
    let again = cloud.give(&[record(0, EVENING)]).await.unwrap_err();
    assert!(again.why.contains(key) && again.why.contains("move it away"), "{again}");
}

/// Small objects become large ones; a crash in the middle loses nothing and shows nothing twice, and
/// the next run ends the work.
#[tokio::test]
async fn joining_objects_loses_nothing_and_a_crash_in_it_is_mended() {
    let cloud = cloud(Memory::default(), true).await;
    for n in 0..10 {
        cloud.give(&[record(n * 2, EVENING), record(n * 2 + 1, EVENING)]).await.unwrap();
    }
    let mut other = record(0, EVENING);
    other["topic"] = json!("app-logs-3");
    cloud.give(&[other]).await.unwrap();
    let (day, all) = ("2026/11/22", (0..20).collect::<Vec<_>>());
    assert_eq!(cloud.reader.topics(day).await.unwrap(), ["app-logs", "app-logs-3"]);
    assert_eq!(cloud.raw(day).await, all);

    cloud.keeps.store(true, Ordering::Relaxed);
    cloud.reader.compact(day, "app-logs").await.unwrap_err();
    assert_eq!(cloud.raw(day).await.len(), 38, "joined, and nothing removed");
    assert_eq!(cloud.offsets(day).await, all);
    cloud.keeps.store(false, Ordering::Relaxed);
    let done = cloud.reader.compact(day, "app-logs").await.unwrap();
    assert_eq!((done.before, done.after), (10, 1));
    assert_eq!(cloud.raw(day).await, all);
    let again = cloud.reader.compact(day, "app-logs").await.unwrap();
    assert_eq!((again.before, again.after), (1, 1));
    // What comes again is known, for progress stands in the metadata.
    cloud.give(&[record(18, EVENING), record(19, EVENING), record(20, EVENING)]).await.unwrap();
    assert_eq!(cloud.raw(day).await, (0..21).collect::<Vec<_>>());
    assert_eq!(cloud.reader.list(day, "app-logs-3").await.unwrap().len(), 1);
}

/// What becomes of each file of `events/archive`, as its README says.
#[tokio::test]
async fn every_shape_of_event_does_what_is_said_of_it() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/archive");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["kafka-poison", "malformed", "msk", "self-managed-kafka"]);
    let of_msk =
        ["2026/11/22/app-logs-0-41", "2026/11/22/app-logs-1-7", "2026/11/23/app-logs-0-44"];
    for (name, objects, dead) in [
        ("msk", &of_msk[..], 0),
        ("self-managed-kafka", &["2026/11/22/logs.raw-2-3"], 0),
        ("kafka-poison", &["2026/11/22/app-logs-0-0"], 3),
    ] {
        let cloud = cloud(Memory::default(), false).await;
        let event = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        for _ in 0..2 {
            let answer = cloud.archive.handle(&event).await.unwrap();
            assert!(answer.is_done(), "{name}: {answer:?}");
        }
        let keys = cloud.reader.objects.list(BUCKET, "", None).await.unwrap().objects;
        let keys: Vec<_> = keys.into_iter().map(|object| object.key).collect();
        let objects: Vec<_> = objects.iter().map(|key| format!("{key}.ndjson.gz")).collect();
        assert_eq!(keys, objects, "{name}");
        let letters = cloud.archive.dead_letters.list(Some("archive"), None, 10).await.unwrap();
        assert_eq!(letters.entries.len(), dead, "{name}");
    }
    let malformed = std::fs::read_to_string(format!("{folder}/malformed.json")).unwrap();
    let cloud = cloud(Memory::default(), false).await;
    let again = cloud.archive.handle(&malformed).await.unwrap_err();
    assert!(again.why.contains("no batch of Kafka records"), "{again}");
}
