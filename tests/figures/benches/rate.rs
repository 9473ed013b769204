//! From S3 into OpenSearch beside what OpenSearch takes when nothing has to be parsed: the function
//! writes a log's documents, then the very same bulk requests are sent again, in turn, each time into
//! fresh indices. It deletes what the engine held of Logmill's documents.

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench, which prints its figures and fails by panicking"
)]

use std::time::{Duration, Instant};

use logmill_figures::cloud::Cloud;
use logmill_figures::function::{Parse, migrated};
use logmill_figures::recorder::{Recorder, Sent};
use logmill_figures::search::Search;
use logmill_figures::{log, median};
use logmill_given::{engine, number};

/// Longer than any run takes, and no longer than Lambda lets a function run.
const TIMEOUT: Duration = Duration::from_secs(890);
/// How many requests at once are tried for the replay.
const AT_ONCE: [usize; 5] = [1, 2, 3, 4, 6];
/// How many of the bulks show which of them is best.
const TRIED: usize = 150;

/// One run's part of the engines.
struct Bench {
    name: String,
    cloud: Cloud,
    search: Search,
    engine: String,
    notification: String,
    documents: u64,
}

impl Bench {
    /// The function's run: documents a second, and seconds on a processor.
    async fn function(&self, run: usize, search: &str) -> (f64, f64) {
        self.search.clear().await;
        // Rows of its own, so that the log is new to it.
        let parse = Parse::new(&self.cloud, search, &format!("{}-{run}-", self.name)).await;
        let began = Instant::now();
        assert!(parse.invoke(&format!("run-{run}"), &self.notification, TIMEOUT).await);
        let took = began.elapsed().as_secs_f64();
        self.check().await;
        let cpu = parse.usage().await.map_or(f64::NAN, |usage| usage.cpu);
        (self.documents as f64 / took, cpu)
    }

    async fn replay(&self, bulks: &[Sent], at_once: usize) -> f64 {
        self.search.clear().await;
        let took = self.search.replay(bulks, at_once).await;
        self.check().await;
        self.documents as f64 / took.as_secs_f64()
    }

    async fn check(&self) {
        assert_eq!(self.search.count().await, self.documents, "documents in the engine");
    }

    /// How many requests at once the engine takes best.
    async fn best(&self, bulks: &[Sent]) -> usize {
        let some = &bulks[..bulks.len().min(TRIED)];
        let mut best = (0.0, 1);
        for at_once in AT_ONCE {
            self.search.clear().await;
            let took = self.search.replay(some, at_once).await;
            let rate = self.search.count().await as f64 / took.as_secs_f64();
            println!("replay, {at_once} at once, {} requests: {rate:.0} documents/s", some.len());
            if rate > best.0 {
                best = (rate, at_once);
            }
        }
        best.1
    }
}

#[tokio::main]
async fn main() {
    let (megabytes, pairs) =
        (number("LOGMILL_RATE_MB", 100), number("LOGMILL_RATE_PAIRS", 5) as usize);
    let engine = engine("LOGMILL_ENGINE_OPENSEARCH");
    migrated(&engine).await;
    let name = format!("rate{:08x}", fastrand::u32(..));
    let cloud = Cloud::create(&name).await;
    let made = log::make(megabytes * 1_000_000);
    let notification = cloud.put("rate.log.gz", made.packed).await;
    let documents = made.wanted.documents();
    let search = Search::at(&engine);
    let bench = Bench { name, cloud, search, engine, notification, documents };
    println!("{} MB, {} lines, {documents} documents", made.bytes / 1_000_000, made.lines);

    let recorder = Recorder::default();
    let recording = recorder.serve(&bench.engine).await;
    bench.function(0, &recording).await;
    let bulks = recorder.take();
    let bytes: usize = bulks.iter().map(|bulk| bulk.body.len()).sum();
    println!("recorded: {} bulk requests, {} MB", bulks.len(), bytes / 1_000_000);
    let at_once = bench.best(&bulks).await;

    let (mut ours, mut replays, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 1..=pairs {
        let is_first = pair % 2 == 1;
        let before = if is_first { None } else { Some(bench.replay(&bulks, at_once).await) };
        let (rate, cpu) = bench.function(pair, &bench.engine).await;
        let replay = match before {
            Some(replay) => replay,
            None => bench.replay(&bulks, at_once).await,
        };
        println!(
            "pair {pair}: function {rate:6.0} documents/s ({cpu:.1} s of CPU), replay {replay:6.0}, \
             ratio {:.3}",
            rate / replay
        );
        ours.push(rate);
        replays.push(replay);
        ratios.push(rate / replay);
    }
    bench.search.clear().await;
    println!(
        "medians: S3 to OpenSearch {:.0} documents/s, replay with {at_once} requests at once {:.0}, \
         ratio {:.3}",
        median(&ours),
        median(&replays),
        median(&ratios)
    );
}
