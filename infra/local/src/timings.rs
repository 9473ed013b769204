//! Where the time went, for `logmill up --timings`: read from the process's own metrics.

use std::fmt::Write as _;
use std::time::Duration;

use logmill_local_search::SECONDS;
use logmill_runtime::telemetry::names;

/// The sum of a metric over all of its labels that begin with `label`.
fn sum(rendered: &str, metric: &str, label: &str) -> f64 {
    let values = rendered.lines().filter_map(|line| {
        let rest = line.strip_prefix(metric)?;
        let (labels, value) = rest.rsplit_once(' ')?;
        labels.contains(label).then(|| value.parse::<f64>().ok())?
    });
    values.sum()
}

/// A table of what the logs that were put took, stage by stage.
pub(crate) fn table(rendered: &str, wall: Duration) -> String {
    let seconds = |metric: &str, stage: &str| {
        sum(rendered, &format!("{metric}_sum"), &format!("stage=\"{stage}\""))
    };
    let documents = sum(rendered, names::ES_WRITE_SUCCESS, "");
    let bytes = sum(rendered, names::PARSE_BYTES, "");
    let wall = wall.as_secs_f64();
    let mut text = String::new();
    // Writing to memory does not fail.
    let _ = writeln!(
        text,
        "{documents:.0} documents from {:.1} MB in {wall:.2} s: {:.0} documents/s, {:.1} MB/s",
        bytes / 1e6,
        documents / wall,
        bytes / 1e6 / wall
    );
    let mut rows = |title: &str, metric: &str, stages: &[(&str, &str)]| {
        let _ = writeln!(text, "{title}");
        for (stage, what) in stages {
            let spent = seconds(metric, stage);
            let _ = writeln!(text, "  {spent:8.2} s  {:3.0} %  {what}", spent / wall * 100.0);
        }
    };
    rows(
        "The function's reading half:",
        names::PARSE_STAGE_SECONDS,
        &[
            ("reading", "reading the object from S3 and unpacking it"),
            ("parsing", "parsing and masking"),
            ("documents", "writing documents as JSON"),
            ("waiting", "waiting for its writing half"),
        ],
    );
    rows(
        "Its writing half:",
        names::PARSE_STAGE_SECONDS,
        &[("writing", "bulk requests by HTTP, up to three at once, answered when durable")],
    );
    rows(
        "Of which the search engine:",
        SECONDS,
        &[
            ("building", "reading bulks and building documents"),
            ("indexing", "handing them to the index"),
            ("journal", "making the journal durable"),
            ("commit", "commits, which make documents searchable"),
        ],
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_several_logs_are_summed_up() {
        let rendered = "# HELP x\nes_write_success_total 2000\nlogmill_parse_bytes_total 1000000\n\
            logmill_parse_stage_seconds_sum{stage=\"parsing\"} 0.5\n\
            logmill_parse_stage_seconds_bucket{stage=\"parsing\",le=\"1\"} 9\n\
            logmill_local_search_seconds_sum{stage=\"commit\"} 0.25\n";
        let table = table(rendered, Duration::from_secs(2));
        let first = "2000 documents from 1.0 MB in 2.00 s: 1000 documents/s, 0.5 MB/s";
        assert_eq!(table.lines().next(), Some(first));
        assert!(table.contains("0.50 s   25 %  parsing and masking"), "{table}");
        assert!(table.contains("0.25 s   12 %  commits"), "{table}");
    }
}
