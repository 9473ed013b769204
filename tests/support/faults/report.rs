//! Many runs at once, and what became of them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::future::{join, join_all};

use crate::compare::Difference;
use crate::embedded::Engines;
use crate::faults::kill::Killer;
use crate::faults::outcome::Outcome;
use crate::faults::plan::Fault;
use crate::faults::run::Run;
use crate::given::say;
use crate::refusal::Engine;

/// The columns of the table.
const ENGINES: [Engine; 5] =
    [Engine::S3, Engine::Search, Engine::DynamoDb, Engine::Postgres, Engine::Sqs];

/// How long a lease lasts past its invocation's time.
const LEASE_SLACK: Duration = Duration::from_secs(5);

/// Plays the runs of these seeds at once while one of their engines goes away; `mend` brings it back.
pub async fn play_through(
    engines: &Engines,
    seeds: &[u64],
    killer: &Arc<Killer>,
    mend: impl Future<Output = ()>,
) -> Vec<(u64, Outcome)> {
    let since = Instant::now();
    let mut runs = Vec::new();
    for &seed in seeds {
        runs.push(Run::start_before(engines, seed, killer).await);
    }
    let working = async {
        join_all(runs.iter_mut().map(Run::work)).await;
        assert!(killer.has_struck(), "all was done before the moment came");
    };
    let mending = async {
        killer.struck().await;
        mend.await;
        killer.is_back();
    };
    join(working, mending).await;
    // Not while the engine is gone: what is asked now, the tests ask.
    let outcomes = join_all(runs.into_iter().map(|run| run.finish(since))).await;
    seeds.iter().copied().zip(outcomes).collect()
}

/// Plays the runs of these seeds before the same engines, so many at once.
pub async fn play(engines: &Engines, seeds: &[u64], at_once: usize) -> Vec<(u64, Outcome)> {
    let playing = futures_util::stream::iter(seeds)
        .map(|&seed| async move { (seed, Run::start(engines, seed).await.play().await) })
        .buffer_unordered(at_once);
    playing.collect().await
}

/// Prints one line a fault, and fails if anything was lost or doubled.
pub fn report(outcomes: &[(u64, Outcome)]) {
    let columns = ENGINES.map(|engine| format!("{:>10}", engine.name())).concat();
    say(&format!(
        "{:<32}{columns} {:>6} {:>5} {:>8} {:>8} {:>12}",
        "fault: injected before", "runs", "lost", "doubled", "changed", "slowest end"
    ));
    Fault::ALL.iter().for_each(|fault| say(&line(*fault, outcomes)));
    let failed: usize = outcomes.iter().map(|(_, outcome)| outcome.failed_first).sum();
    say(&format!("{failed} objects were given up after five attempts, and replayed"));
    let needless: usize = outcomes.iter().map(|(_, outcome)| outcome.needless_letters).sum();
    say(&format!("{needless} dead letters are of objects that were completed all the same"));
    say(&named(outcomes));
    let late = outcomes.iter().map(|(_, outcome)| outcome.late).max().unwrap_or_default();
    say(&format!("no invocation went on longer than {late:.1?} past its time"));
    if let Some(memory) = peak_memory() {
        say(&format!("this process, with all its runs at once, held {memory} MB at most"));
    }
    assert_as_undisturbed(outcomes);
    assert!(late < LEASE_SLACK, "an invocation went on after its lease had ended");
}

/// What the engines call the faults, and how the queue delivered.
fn named(outcomes: &[(u64, Outcome)]) -> String {
    let sum = |of: &dyn Fn(&Outcome) -> usize| -> usize {
        outcomes.iter().map(|(_, outcome)| of(outcome)).sum()
    };
    let injected = |fault, engine| {
        sum(&|outcome| outcome.injected.get(&(fault, engine)).copied().unwrap_or_default())
    };
    format!(
        "SQS delivered {} events three times or more often, and {} times one after a later one; \
         DynamoDB said ProvisionedThroughputExceeded {} times and Throttling {} times; connections \
         to Postgres ended {} times amid a transaction and {} times before the answer to COMMIT",
        sum(&|outcome| outcome.delivered.thrice),
        sum(&|outcome| outcome.delivered.out_of_order),
        injected(Fault::TooManyRequests, Engine::DynamoDb),
        injected(Fault::Throttling, Engine::DynamoDb),
        sum(&|outcome| outcome.cut.amid),
        sum(&|outcome| outcome.cut.at_commit),
    )
}

/// The most memory that this process ever held, in MB; none where the system does not say.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kb| kb / 1024)
}

/// Says what differs, and fails if anything does.
pub fn assert_as_undisturbed(outcomes: &[(u64, Outcome)]) {
    for (seed, outcome) in outcomes.iter().filter(|(_, it)| !it.difference.is_none()) {
        let reasons = outcome.reasons.iter().take(4).cloned().collect::<Vec<_>>().join("\n");
        say(&format!("LOGMILL_FAULTS=1 LOGMILL_FAULTS_SEED={seed}:\n{reasons}"));
    }
    assert!(outcomes.iter().all(|(_, outcome)| outcome.difference.is_none()), "see above");
}

fn line(fault: Fault, outcomes: &[(u64, Outcome)]) -> String {
    let (mut runs, mut difference, mut slowest) = (0, Difference::default(), Duration::ZERO);
    let mut injected = [0; ENGINES.len()];
    for (_, outcome) in outcomes {
        let before = ENGINES.map(|engine| outcome.injected.get(&(fault, engine)).copied());
        if before.iter().all(Option::is_none) {
            continue;
        }
        for (sum, times) in injected.iter_mut().zip(before) {
            *sum += times.unwrap_or_default();
        }
        runs += 1;
        difference.add(outcome.difference);
        slowest = slowest.max(outcome.took);
    }
    let Difference { lost, doubled, changed } = difference;
    let injected = injected.map(|times| format!("{times:>10}")).concat();
    let slowest = format!("{slowest:.1?}");
    format!(
        "{:<32}{injected} {runs:>6} {lost:>5} {doubled:>8} {changed:>8} {slowest:>12}",
        fault.name()
    )
}
