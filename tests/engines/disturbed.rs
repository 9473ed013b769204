//! The runs of the local cloud, with real engines behind the proxies.
//!
//! `cargo soak engine-faults` makes many of them; `LOGMILL_FAULTS_SEED` repeats one.

use crate::embedded::Engines;
use crate::faults::report::{play, report};
use crate::real::{Addresses, Rows};
use crate::{engine, given};

/// How many runs are under way at once.
const AT_ONCE: usize = 8;
/// How many runs share what they are compared with; then the table is printed.
const SHARING: usize = 50;

/// OpenSearch and the cloud, with the rows in either store.
pub(crate) fn addresses(rows: Rows) -> Addresses {
    let cloud = engine("LOGMILL_ENGINE_CLOUD");
    Addresses { cloud, search: engine("LOGMILL_ENGINE_OPENSEARCH"), rows }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_before_real_engines_lose_no_log_and_double_none() {
    let first = given::seed("LOGMILL_FAULTS_SEED");
    let runs = given::number("LOGMILL_FAULTS", 6);
    given::say(&format!("LOGMILL_FAULTS_SEED={first}: {runs} runs"));
    // By turns, of each four too: one of them is so bad that logs are given up.
    let is_postgres = |seed: &u64| (seed + seed / 4).is_multiple_of(2);
    let postgres = addresses(Rows::Postgres(engine("LOGMILL_ENGINE_POSTGRES")));
    let dynamodb = addresses(Rows::DynamoDb(engine("LOGMILL_ENGINE_DYNAMODB")));
    let seeds: Vec<u64> = (first..first + runs).collect();
    let mut outcomes = Vec::new();
    for part in seeds.chunks(SHARING) {
        let (seeds, others): (Vec<u64>, Vec<u64>) = part.iter().partition(|seed| is_postgres(seed));
        for (seeds, at) in [(seeds, &postgres), (others, &dynamodb)] {
            outcomes.extend(play(&Engines::real(at).await, &seeds, AT_ONCE).await);
        }
        given::say(&format!("{} of {runs} runs", outcomes.len()));
        report(&outcomes);
    }
    assert_eq!(outcomes.len() as u64, runs);
}
