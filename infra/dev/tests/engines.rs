//! What people lose when an engine dies, hangs or is cut off while logs are worked on. Here and not
//! with the other tests on engines, because those run at once, and these kill the engines that they
//! share.
//!
//! `cargo soak engine-kills` does it in every phase of the work on a log; `LOGMILL_KILLS_SEED` repeats
//! a run, as far as time can be repeated.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers too"
)]

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use logmill_tests::compare::Difference;
use logmill_tests::embedded::Engines;
use logmill_tests::faults::kill::{Aim, Killer};
use logmill_tests::faults::report::{assert_as_undisturbed, peak_memory, play_through};
use logmill_tests::given::{engine, number, say, seed};
use logmill_tests::phase::Phase;
use logmill_tests::real::{Addresses, Rows};
use logmill_tests::refusal::Engine;

/// How many runs are under way at once, each with several logs.
const RUNS: u64 = 2;
/// So many moments at most are let pass; all runs together have twice as many.
const SKIPPED: usize = 8;
/// How long an engine stands still, or is not reached.
const HANGS: Duration = Duration::from_secs(2);

/// What happens to an engine.
#[derive(Clone, Copy)]
enum Blow {
    /// It is killed, and started again with its data.
    Kill(&'static str),
    /// It stands still for a while.
    Hang(&'static str),
    /// Connections to it are reset for a while.
    Cut,
}

/// A call of the function overcomes by itself that an engine is away for less.
const AT_ONCE: Duration = Duration::from_secs(1);
/// The tests take turns: what one of them takes away, the others use.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// The command that developers have.
fn engines(arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_logmill-dev"));
    let said = command.arg("engines").args(arguments).output().expect("the command runs");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
}

impl Blow {
    fn strike(self) {
        match self {
            Self::Kill(name) => engines(&["signal", "kill", name]),
            Self::Hang(name) => engines(&["signal", "stop", name]),
            Self::Cut => {}
        }
    }

    /// Makes all well again; returns when it is.
    async fn mend(self) {
        if !matches!(self, Self::Kill(_)) {
            tokio::time::sleep(HANGS).await;
        }
        let mending = tokio::task::spawn_blocking(move || match self {
            Self::Kill(name) => engines(&["restart", name]),
            Self::Hang(name) => engines(&["signal", "continue", name]),
            Self::Cut => {}
        });
        mending.await.expect("it ends");
    }

    fn aim(self, phase: Phase, random: &mut Rng) -> Aim {
        let cut = match self {
            Self::Cut => BTreeSet::from([Engine::S3, Engine::Sqs]),
            _ => BTreeSet::new(),
        };
        Aim {
            phase,
            skip: random.usize(..SKIPPED),
            pause: Duration::from_micros(random.u64(..20_000)),
            cut,
            blow: Box::new(move || self.strike()),
        }
    }

    /// Where the rows are: in the engine that is killed, else in either.
    fn rows(self, random: &mut Rng) -> Rows {
        let is_postgres = match self {
            Self::Kill("postgres") => true,
            Self::Kill("dynamodb") => false,
            _ => random.bool(),
        };
        if is_postgres {
            Rows::Postgres(engine("LOGMILL_ENGINE_POSTGRES"))
        } else {
            Rows::DynamoDb(engine("LOGMILL_ENGINE_DYNAMODB"))
        }
    }
}

/// The columns of a line: how often, how many calls failed, how many logs were given up and replayed,
/// what differs, the longest that the engine was away, and the longest that a call went on past its
/// time.
fn header() -> String {
    format!(
        "{:<19} {:<46} {:>5} {:>6} {:>8} {:>5} {:>7} {:>7} {:>9} {:>11} {:>9}",
        "engine",
        "phase",
        "times",
        "failed",
        "replayed",
        "lost",
        "doubled",
        "changed",
        "away",
        "slowest end",
        "late"
    )
}

/// What the blows of a line cost.
#[derive(Default)]
struct Cost {
    blows: u64,
    failed_calls: usize,
    replayed: usize,
    difference: Difference,
    /// The longest that the engine was away.
    away: Duration,
    slowest: Duration,
    late: Duration,
}

impl Cost {
    /// Lets an engine go away once, in this phase.
    async fn add(&mut self, blow: Blow, phase: Phase, first: u64) {
        let mut random = Rng::with_seed(first);
        let at = Addresses {
            cloud: engine("LOGMILL_ENGINE_CLOUD"),
            search: engine("LOGMILL_ENGINE_OPENSEARCH"),
            rows: blow.rows(&mut random),
        };
        let before = Engines::real(&at).await;
        let seeds: Vec<u64> = (first..first + RUNS).collect();
        let killer = Arc::new(Killer::new(blow.aim(phase, &mut random)));
        let mut away = Duration::ZERO;
        let mending = async {
            let since = Instant::now();
            blow.mend().await;
            away = since.elapsed();
        };
        let outcomes = play_through(&before, &seeds, &killer, mending).await;
        self.blows += 1;
        self.away = self.away.max(away);
        for (_, outcome) in &outcomes {
            self.difference.add(outcome.difference);
            self.failed_calls += outcome.failed_calls;
            self.replayed += outcome.failed_first;
            self.slowest = self.slowest.max(outcome.took);
            self.late = self.late.max(outcome.late);
        }
        assert_as_undisturbed(&outcomes);
    }

    fn line(&self, name: &str, phase: Phase) -> String {
        let Self { blows, failed_calls, replayed, difference, away, slowest, late } = self;
        let Difference { lost, doubled, changed } = difference;
        format!(
            "{name:<19} {:<46} {blows:>5} {failed_calls:>6} {replayed:>8} {lost:>5} {doubled:>7} \
             {changed:>7} {:>9} {:>11} {:>9}",
            phase.name(),
            format!("{away:.1?}"),
            format!("{slowest:.1?}"),
            format!("{late:.1?}"),
        )
    }
}

/// Lets an engine go away in one phase of the work on logs, or by the soak in each, and prints what
/// came of it.
async fn lose_amid_work(name: &str, blow: Blow) {
    let _turn = TURN.lock().await;
    let mut seed = seed("LOGMILL_KILLS_SEED");
    let times = number("LOGMILL_ENGINE_KILLS", 0);
    let drawn = Rng::with_seed(seed).usize(..Phase::ALL.len());
    let phases = if times == 0 { &Phase::ALL[drawn..=drawn] } else { &Phase::ALL[..] };
    say(&format!("LOGMILL_KILLS_SEED={seed}\n{}", header()));
    let (mut failed_calls, mut away) = (0, Duration::ZERO);
    for phase in phases {
        let mut cost = Cost::default();
        for _ in 0..times.max(1) {
            cost.add(blow, *phase, seed).await;
            seed += RUNS;
        }
        failed_calls += cost.failed_calls;
        away = away.max(cost.away);
        say(&cost.line(name, *phase));
    }
    if let Some(memory) = peak_memory() {
        say(&format!("this process, with all its runs at once, held {memory} MB at most"));
    }
    // One that hangs is waited for, and one that is back at once is asked again within a call.
    let is_overcome = matches!(blow, Blow::Hang(_)) || away < AT_ONCE;
    assert!(is_overcome || failed_calls > 0, "{name}, and nobody noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_killed_amid_work_costs_no_log_and_doubles_none() {
    lose_amid_work("Postgres killed", Blow::Kill("postgres")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dynamodb_killed_amid_work_costs_no_log_and_doubles_none() {
    lose_amid_work("DynamoDB killed", Blow::Kill("dynamodb")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opensearch_killed_amid_work_costs_no_log_and_doubles_none() {
    lose_amid_work("OpenSearch killed", Blow::Kill("opensearch")).await;
}

// The cloud holds its queues and objects in memory: nobody could deliver again after it was killed.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_and_a_queue_that_hang_amid_work_cost_no_log_and_double_none() {
    lose_amid_work("S3 and SQS hang", Blow::Hang("cloud")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_and_a_queue_cut_off_amid_work_cost_no_log_and_double_none() {
    lose_amid_work("S3 and SQS cut off", Blow::Cut).await;
}
