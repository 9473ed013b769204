//! Random runs. The seeds are printed; `LOGMILL_DIFFERENTIAL_SEED` repeats one,
//! `LOGMILL_DIFFERENTIAL_RUNS` says how many there are.

use logmill_given::number;

use crate::engine::Pair;
use crate::run::Run;

/// Runs in one family of indices; then both engines begin anew.
const FAMILY: u64 = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn differential_what_users_see_locally_is_what_they_see_in_opensearch() {
    let runs = number("LOGMILL_DIFFERENTIAL_RUNS", 8);
    let first = number("LOGMILL_DIFFERENTIAL_SEED", fastrand::u64(..1 << 40));
    println!("LOGMILL_DIFFERENTIAL_SEED={first} LOGMILL_DIFFERENTIAL_RUNS={runs}");
    let pair = Pair::start("differential").await;
    let (mut compared, mut wrong) = (0, Vec::new());
    for at in 0..runs {
        // A run sees the documents of those before it, so that a family begins at its own seed.
        if at > 0 && at % FAMILY == 0 {
            pair.clear().await;
        }
        let seed = first + at;
        let run = Run::of(&pair, seed).await;
        compared += run.compared;
        if !run.differences.is_empty() {
            println!("seed {seed}:\n  {}", run.differences.join("\n  "));
            wrong.push(seed);
        }
        if wrong.len() >= 5 {
            break;
        }
        if at % 100 == 99 {
            println!("{} runs, {compared} answers compared", at + 1);
        }
    }
    pair.remove().await;
    assert!(
        wrong.is_empty(),
        "answers differ, seeds {wrong:?}: repeat with LOGMILL_DIFFERENTIAL_SEED={} \
         LOGMILL_DIFFERENTIAL_RUNS={}",
        first,
        wrong.last().map_or(1, |last| last - first + 1)
    );
    println!("{runs} runs, {compared} answers compared, no difference");
}
