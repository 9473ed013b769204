//! A power cut at any moment costs nothing and doubles nothing.
//!
//! Logs are put, some of them twice, while the process is killed again and again; `cargo soak kills`
//! does it longer. `LOGMILL_KILLS_SEED` repeats a run, as far as time can be repeated.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};

use crate::binary::folder;
use crate::bucket::{Bucket, Listed};
use crate::cloud::{Cloud, Ports};
use crate::http;

const INDICES: [&str; 3] = ["logmill-logs", "logmill-builds", "logmill-tests"];
/// The longest time from one start to the next kill.
const LONGEST: Duration = Duration::from_millis(2500);
/// How long it may take after the last kill until all logs are done.
const PATIENCE: Duration = Duration::from_secs(300);

/// A number from the environment.
pub(crate) fn given(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect(name))
}

/// A log of a few hundred lines with tests, every third of a build that failed.
pub(crate) fn log(number: usize, random: &mut Rng) -> String {
    let lines = random.usize(200..500);
    let mut text = String::from("     Running unittests src/lib.rs (target/debug/deps/shop-1)\n");
    for line in 0..lines {
        match line % 40 {
            7 => text.push_str(&format!("test cart::case_{line} ... ok\n")),
            9 => text.push_str(&format!("ERROR: request {} took too long\n", random.u32(..))),
            _ => text.push_str(&format!("log {number} line {line}: {:x}\n", random.u64(..))),
        }
    }
    if number.is_multiple_of(3) {
        text.push_str(
            "test cart::sums_up ... FAILED\n\nfailures:\n\n---- cart::sums_up stdout ----\n",
        );
        text.push_str(
            "thread 'cart::sums_up' panicked at src/cart.rs:7:5:\nassertion failed: sum == 3\n",
        );
        text.push_str(
            "\ntest result: FAILED. 5 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
    }
    text
}

/// The versions of a log in the order in which they are put.
pub(crate) struct Log {
    pub(crate) key: String,
    pub(crate) versions: Vec<String>,
}

fn logs(number: usize, random: &mut Rng) -> Vec<Log> {
    let mut one = |at: usize| {
        let versions = if random.u8(..5) == 0 { 2 } else { 1 };
        let versions = (0..versions).map(|_| log(at, random)).collect();
        Log { key: format!("build-{at:04}"), versions }
    };
    (0..number).map(&mut one).collect()
}

/// Puts logs as a patient client does: until the bucket says that it has them.
pub(crate) fn put(logs: &[Log], port: u16) {
    let until = Instant::now() + PATIENCE;
    let bucket = Bucket::at(port);
    for log in logs {
        for version in &log.versions {
            while let Err(error) =
                bucket.try_put(&format!("{}.log", log.key), version.as_bytes(), &[])
            {
                assert!(Instant::now() < until, "{} cannot be put: {error}", log.key);
                thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// Waits until every log is COMPLETED.
pub(crate) fn completed(cloud: &mut Cloud, logs: &[Log]) {
    let until = Instant::now() + PATIENCE;
    for log in logs {
        loop {
            let path = format!("/api/builds/{}", log.key);
            let row = http::get(cloud.ports.http, &path).json()["build"].clone();
            if row["status"] == "COMPLETED" {
                break;
            }
            let late = Instant::now() > until;
            assert!(!late && row["status"] != "FAILED", "{}: {row}\n{}", log.key, cloud.said());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// All documents by index and id; an id that is there twice is a failure.
pub(crate) fn documents(cloud: &Cloud, logs: &[Log]) -> BTreeMap<(String, String), Value> {
    let mut all = BTreeMap::new();
    let pairs = logs.iter().flat_map(|log| INDICES.map(|index| (log, index)));
    for (log, index) in pairs {
        let query = json!({ "size": 10_000, "query": { "term": { "deployment_key": log.key } } });
        let answer = http::post(cloud.ports.search, &format!("/{index}/_search"), &query).json();
        let hits = answer["hits"]["hits"].as_array().unwrap_or_else(|| panic!("{answer}"));
        for hit in hits {
            let place = (hit["_index"].to_string(), hit["_id"].to_string());
            let before = all.insert(place.clone(), hit["_source"].clone());
            assert!(before.is_none(), "{place:?} is there twice");
        }
    }
    all
}

/// The documents of the same objects when nobody disturbs.
pub(crate) fn undisturbed(
    objects: &Path,
    data: &Path,
    listed: &[Listed],
    logs: &[Log],
) -> BTreeMap<(String, String), Value> {
    copy(objects, &data.join("s3"));
    let mut cloud = Cloud::start(data);
    for object in listed {
        let event = json!({ "Records": [{ "eventName": "ObjectCreated:Put", "s3": {
            "bucket": { "name": "deployment-logs" },
            "object": { "key": object.key, "eTag": object.etag },
        } }] });
        cloud.send(&event.to_string());
    }
    completed(&mut cloud, logs);
    documents(&cloud, logs)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder can be made");
    for entry in std::fs::read_dir(from).expect("the objects are there") {
        let entry = entry.expect("they can be listed");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).expect("they can be copied");
        }
    }
}

#[test]
fn kills_lose_no_log_and_double_none() {
    let seed = given("LOGMILL_KILLS_SEED", u64::from(std::process::id()));
    let kills = usize::try_from(given("LOGMILL_KILLS", 3)).unwrap();
    let number = usize::try_from(given("LOGMILL_KILLS_LOGS", 12)).unwrap();
    // Not by `println`, which is shown only when the test fails.
    let mut terminal = std::io::stderr();
    let _ = writeln!(terminal, "LOGMILL_KILLS_SEED={seed}: {number} logs, {kills} kills");
    let mut random = Rng::with_seed(seed);
    let logs = logs(number, &mut random);
    let folder = folder();
    let data = folder.path().join("data");

    let ports = Ports::free();
    let mut cloud = Cloud::start_at(&data, ports);
    cloud.wait_until_it_serves();
    for (round, some) in logs.chunks(number.div_ceil(kills.max(1))).enumerate() {
        cloud = thread::scope(|scope| {
            let putting = scope.spawn(move || put(some, ports.s3));
            // Any moment, that of the start too: this pause waits for nothing.
            thread::sleep(LONGEST.mul_f64(random.f64()));
            cloud.kill();
            let mut cloud = Cloud::start_at(&data, ports);
            if random.u8(..4) > 0 {
                cloud.wait_until_it_serves();
            }
            if putting.join().is_err() {
                panic!("round {round}: a log cannot be put:\n{}", cloud.said());
            }
            cloud
        });
    }
    cloud.wait_until_it_serves();
    completed(&mut cloud, &logs);
    let found = documents(&cloud, &logs);
    let dead = cloud.run(&["dlq", "list"]).went_well();
    assert_eq!(dead.stdout, "No dead letters.\n");
    let listed = Bucket::at(ports.s3).list();
    assert_eq!(listed.len(), logs.len());
    assert!(cloud.stop().success());

    let wanted = undisturbed(&data.join("s3"), &folder.path().join("again"), &listed, &logs);
    for (place, document) in &wanted {
        assert_eq!(found.get(place), Some(document), "{place:?} with seed {seed}");
    }
    let more: Vec<_> = found.keys().filter(|place| !wanted.contains_key(*place)).collect();
    assert!(more.is_empty(), "with seed {seed} there are too many: {more:?}");
    let records: usize = logs.iter().map(|log| log.versions.last().unwrap().lines().count()).sum();
    let documents = found.len();
    let _ = writeln!(terminal, "{records} lines, {documents} documents, as undisturbed");
}
