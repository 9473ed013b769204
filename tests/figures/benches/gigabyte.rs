//! A log of a gigabyte into OpenSearch, Postgres, and an S3 and SQS that are not ours, by invocations
//! that end after 20 seconds: continuations, memory, and whether the documents are those of a parser
//! that reads the log in one go. It deletes what the engine held of Logmill's documents.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a bench, which prints its figures and fails by panicking"
)]

use std::time::{Duration, Instant};

use logmill_figures::cloud::Cloud;
use logmill_figures::function::{Parse, Usage, migrated};
use logmill_figures::log;
use logmill_figures::search::Search;
use logmill_given::{engine, number};
use logmill_metadata::{Metadata as _, Status};

const TIMEOUT: Duration = Duration::from_secs(20);
const DEPLOYMENT: &str = "gigabyte";
/// The most memory that the function may have, in kB.
const MEMORY: u64 = 96 * 1024;
/// How many continuations there must be, or the figure says nothing of them.
const CONTINUATIONS: u32 = 20;

#[tokio::main]
async fn main() {
    let megabytes = number("LOGMILL_GIGABYTE_MB", 1000);
    let engine = engine("LOGMILL_ENGINE_OPENSEARCH");
    migrated(&engine).await;
    let search = Search::at(&engine);
    search.clear().await;
    let name = format!("gigabyte{:08x}", fastrand::u32(..));
    let cloud = Cloud::create(&name).await;
    let log = log::make(megabytes * 1_000_000);
    println!(
        "{} MB, {} lines: {} documents",
        log.bytes / 1_000_000,
        log.lines,
        log.wanted.documents()
    );
    let notification = cloud.put(&format!("{DEPLOYMENT}.log.gz"), log.packed).await;
    cloud.send(&notification).await;

    let parse = Parse::new(&cloud, &engine, &format!("{name}-")).await;
    let (began, mut invocations, mut longest) = (Instant::now(), 0_u32, Duration::ZERO);
    while let Some(message) = cloud.receive().await {
        let started = Instant::now();
        let body = message.body.as_deref().unwrap();
        let done = parse.invoke(&format!("call-{invocations}"), body, TIMEOUT).await;
        assert!(done, "invocation {invocations} is to be tried again");
        cloud.delete(&message).await;
        longest = longest.max(started.elapsed());
        invocations += 1;
        let Usage { peak_kb, .. } = parse.usage().await.unwrap();
        if invocations.is_multiple_of(5) {
            let seconds = began.elapsed().as_secs();
            println!("{invocations} invocations, {seconds} s: VmHWM {peak_kb} kB");
        }
    }
    let took = began.elapsed().as_secs_f64();
    let Usage { peak_kb, cpu } = parse.usage().await.unwrap();
    search.refresh().await;
    let documents = log.wanted.documents();
    println!(
        "{documents} documents in {took:.0} s, {:.0} a second; {} continuations, the longest \
         invocation {:.1} s; VmHWM {peak_kb} kB, {cpu:.0} s of CPU",
        documents as f64 / took,
        invocations - 1,
        longest.as_secs_f64()
    );

    let row = parse.metadata.deployment(DEPLOYMENT).await.unwrap().unwrap();
    assert_eq!((row.status, row.error), (Status::Completed, None));
    assert_eq!(cloud.dead_letters().await, 0);
    assert_eq!(search.documents(DEPLOYMENT).await, log.wanted, "documents by lines, tests, builds");
    println!("the documents are those of one go, each once");
    search.clear().await;
    assert!(peak_kb <= MEMORY, "VmHWM {peak_kb} kB, more than {MEMORY}");
    assert!(invocations > CONTINUATIONS, "only {} continuations", invocations - 1);
}
