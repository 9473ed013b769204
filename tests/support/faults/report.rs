//! Many runs at once, and what became of them.

use std::time::Duration;

use futures_util::StreamExt as _;

use crate::compare::Difference;
use crate::embedded::Engines;
use crate::faults::plan::Fault;
use crate::faults::run::{Outcome, Run};
use crate::given::say;
use crate::refusal::Engine;

/// The columns of the table.
const ENGINES: [Engine; 5] =
    [Engine::S3, Engine::Search, Engine::DynamoDb, Engine::Postgres, Engine::Sqs];

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
    let late = outcomes.iter().map(|(_, outcome)| outcome.late).max().unwrap_or_default();
    say(&format!("no invocation went on longer than {late:.1?} past its time"));
    assert_as_undisturbed(outcomes);
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
