//! The names of the metrics, each once, with what it means.
//!
//! `metrics::counter!(names::PARSE_OBJECTS, "result" => "completed").increment(1)`

use metrics::Unit;

/// What kind of metric it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Single values, of which the distribution is kept.
    Histogram,
}

/// One metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What kind it is.
    pub kind: Kind,
    /// What it is counted in.
    pub unit: Unit,
    /// What it means, with its labels.
    pub meaning: &'static str,
}

macro_rules! metrics_table {
    ($($constant:ident = $name:literal $kind:ident $unit:ident $meaning:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $meaning)]
            pub const $constant: &str = $name;
        )*
        /// Every metric there is.
        pub const METRICS: &[Metric] = &[$(
            Metric { name: $name, kind: Kind::$kind, unit: Unit::$unit, meaning: $meaning },
        )*];
    };
}

metrics_table! {
    PARSE_OBJECTS = "logmill_parse_objects_total" Counter Count
        "Objects that parse was given, by result: completed, failed, duplicate, stale, waiting, queued, continued, retried, ignored, dead_letter";
    PARSE_RECORDS = "logmill_parse_records_total" Counter Count
        "Records found in CI logs";
    PARSE_BYTES = "logmill_parse_bytes_total" Counter Bytes
        "Bytes of log text parsed, after unpacking";
    PARSE_SECONDS = "logmill_parse_seconds" Histogram Seconds
        "Time from taking an object's message to its end, by result";
    PARSE_STAGE_SECONDS = "logmill_parse_stage_seconds" Histogram Seconds
        "Time an object spent in one stage: read, parse, index, finish";
    PARSE_CUT = "logmill_parse_cut_total" Counter Count
        "What a limit cut or dropped, by limit";
    PARSE_MASKED = "logmill_parse_masked_total" Counter Count
        "Secrets and personal data masked in what people see";
    OBJECT_REQUESTS = "logmill_object_requests_total" Counter Count
        "Requests to S3, by operation and result";
    RETRIES = "logmill_retries_total" Counter Count
        "Calls that were made again after a passing failure, by store";
    LEASES_HELD = "logmill_leases_held_total" Counter Count
        "Objects that another invocation was working on when their message came";
    DOCUMENTS_DELETED = "logmill_documents_deleted_total" Counter Count
        "Documents of earlier generations deleted";
    ES_WRITE_SUCCESS = "es_write_success_total" Counter Count
        "Documents written to OpenSearch, by index kind";
    ES_WRITE_ERRORS = "es_write_errors_total" Counter Count
        "Documents that OpenSearch refused, by reason";
    ES_BULK_SECONDS = "logmill_bulk_seconds" Histogram Seconds
        "Time of one bulk request to OpenSearch";
    ES_BULK_BYTES = "logmill_bulk_bytes" Histogram Bytes
        "Size of one bulk request to OpenSearch";
    DLQ_EVENTS = "dlq_events_total" Counter Count
        "Dead letters written, by function";
    DLQ_REPLAYED = "logmill_dlq_replayed_total" Counter Count
        "Dead letters replayed, by function";
    INGESTED_EVENTS = "ingested_events_total" Counter Count
        "Service log events written";
    PROCESSING_LATENCY = "processing_latency_seconds" Histogram Seconds
        "Time from an event's arrival to its document";
    UP_QUEUE_DEPTH = "logmill_queue_messages" Gauge Count
        "Messages that wait in the local cloud's queue, by queue";
}

/// The entry of a metric in the table.
#[must_use]
pub fn find(name: &str) -> Option<&'static Metric> {
    METRICS.iter().find(|metric| metric.name == name)
}

/// Tells the recorder in use what each metric means. [`super::Metrics::start`] does so.
pub fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => metrics::describe_counter!(metric.name, metric.unit, metric.meaning),
            Kind::Gauge => metrics::describe_gauge!(metric.name, metric.unit, metric.meaning),
            Kind::Histogram => {
                metrics::describe_histogram!(metric.name, metric.unit, metric.meaning);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_stands_once_and_under_the_name_that_its_kind_wants() {
        for (at, metric) in METRICS.iter().enumerate() {
            assert!(METRICS[..at].iter().all(|other| other.name != metric.name), "{metric:?}");
            let total = metric.name.ends_with("_total");
            assert_eq!(total, metric.kind == Kind::Counter, "{metric:?}");
            if metric.kind == Kind::Histogram {
                assert!(metric.name.ends_with("_seconds") || metric.name.ends_with("_bytes"));
            }
            assert_eq!(find(metric.name), Some(metric));
        }
    }
}
