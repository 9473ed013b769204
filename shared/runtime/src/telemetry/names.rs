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
        "Objects that parse was given, by result: completed, paused, failed, waiting, queued, ignored, dead_letter";
    PARSE_LINES = "logmill_parse_lines_total" Counter Count
        "Lines of the logs that were parsed to their end";
    PARSE_BYTES = "logmill_parse_bytes_total" Counter Bytes
        "Bytes of the logs that were parsed to their end, unpacked";
    PARSE_SECONDS = "logmill_parse_seconds" Histogram Seconds
        "Time from taking an object's message to its end, by result";
    PARSE_STAGE_SECONDS = "logmill_parse_stage_seconds" Histogram Seconds
        "Time that an invocation spent in one stage: reading, parsing, documents, waiting (for the writing of those before), and beside these writing";
    PARSE_CHECKPOINTS_REFUSED = "logmill_parse_checkpoints_refused_total" Counter Count
        "Checkpoints of another version or damaged, so that a log was parsed from its beginning";
    CONSUME_RECORDS = "logmill_consume_records_total" Counter Count
        "Records that consume was given, by result: indexed, dead_letter, retried";
    CONSUME_PATTERNS = "logmill_consume_patterns_total" Counter Count
        "Events that patterns were tried on, by result: hit, miss; and patterns that were given up: gave_up";
    CONSUME_CUT = "logmill_consume_cut_total" Counter Count
        "What a limit cut of events, by limit: value, text; and lines that are no UTF-8: invalid_utf8";
    CONSUME_MASKED = "logmill_consume_masked_total" Counter Count
        "Secrets and personal data masked in events";
    PROCESSING_LATENCY = "processing_latency_seconds" Histogram Seconds
        "Time from the broker's taking the oldest record of a bulk request to its documents";
    RETRIES = "logmill_retries_total" Counter Count
        "Messages and events that are to be tried again, by function and cause: AccessDenied, DiskFull, Throttled, Unavailable, OutOfTime, Failed";
    PARSE_CUT = "logmill_parse_cut_total" Counter Count
        "What a limit cut or dropped, by limit";
    PARSE_MASKED = "logmill_parse_masked_total" Counter Count
        "Secrets and personal data masked in what people see";
    OBJECT_REQUESTS = "logmill_object_requests_total" Counter Count
        "Requests to S3, by operation and result";
    DOCUMENTS_DELETED = "logmill_documents_deleted_total" Counter Count
        "Documents of earlier generations deleted";
    LOGS_PRODUCED = "logs_produced_total" Counter Count
        "Messages that Kafka has acknowledged";
    PRODUCER_ERRORS = "producer_errors_total" Counter Count
        "Messages that Kafka did not take";
    PRODUCE_LATENCY = "produce_latency_seconds" Histogram Seconds
        "Time from taking a request's events to their acknowledgement";
    INGESTED_EVENTS = "ingested_events_total" Counter Count
        "Events that ingest was sent, by result: accepted, rejected (they are bad), failed (Kafka did not take them), empty (they say nothing)";
    INGEST_REQUESTS = "logmill_ingest_requests_total" Counter Count
        "Requests with events, by protocol and status";
    INGEST_SECONDS = "logmill_ingest_seconds" Histogram Seconds
        "Time from a request's head to its answer, by protocol";
    ES_WRITE_SUCCESS = "es_write_success_total" Counter Count
        "Documents written to OpenSearch";
    ES_WRITE_ERRORS = "es_write_errors_total" Counter Count
        "Documents that OpenSearch refused";
    ES_BULK_BYTES = "logmill_bulk_bytes" Histogram Bytes
        "Size of one bulk request to OpenSearch";
    METADATA_NUL = "logmill_metadata_nul_total" Counter Count
        "NUL characters that Postgres can't hold, stripped from text";
    DLQ_EVENTS = "dlq_events_total" Counter Count
        "Dead letters written, by function";
    ARCHIVER_CONSUMED = "archiver_messages_consumed_total" Counter Count
        "Records that archive was given";
    ARCHIVER_ARCHIVED = "archiver_messages_archived_total" Counter Count
        "Records that archive put into objects";
    ARCHIVER_SKIPPED = "logmill_archiver_messages_skipped_total" Counter Count
        "Records that were archived already when they came";
    ARCHIVER_UPLOADED = "archiver_batches_uploaded_total" Counter Count
        "Objects that archive put";
    ARCHIVER_LATENCY = "archiver_archive_latency_seconds" Histogram Seconds
        "Time that one object took, compressed and put";
    ARCHIVER_SIZE = "archiver_batch_size_bytes" Histogram Bytes
        "Size of one object of the archive, compressed";
    DLQ_REPLAYED = "logmill_dlq_replayed_total" Counter Count
        "Dead letters replayed, by function";
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
