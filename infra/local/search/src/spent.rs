//! Where the time of writing goes, as the metric [`SECONDS`] by stage.

use std::time::Instant;

/// Seconds that the local search spent in one stage of writing: `building` documents, the `journal`,
/// `indexing`, a `commit`.
pub const SECONDS: &str = "logmill_local_search_seconds";

/// Does something and counts its time.
pub(crate) fn timed<T>(stage: &'static str, what: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = what();
    metrics::histogram!(SECONDS, "stage" => stage).record(began.elapsed());
    done
}
