//! Metrics for CloudWatch without an agent: lines in the embedded metric format, which CloudWatch
//! Logs turns into metrics when a function prints them.
//!
//! The format is that of "Specification: CloudWatch embedded metric format" in Amazon's user guide:
//! at most 100 metrics a line, at most 100 values in a metric's array, at most 30 dimensions.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use metrics_util::registry::{AtomicStorage, Registry};
use serde_json::{Map, Value, json};

use super::names;

/// The namespace under which CloudWatch shows the metrics.
const NAMESPACE: &str = "Logmill";
/// The most metrics of one line, and the most values of one metric in it.
const MOST: usize = 100;
/// The most dimensions of one line; labels beyond are left out.
const MOST_DIMENSIONS: usize = 30;

/// Dimensions (label names and values) of some series, sorted.
type Dimensions = Vec<(String, String)>;
/// A metric's values since the last flush.
type Series = (String, Vec<f64>);

/// A recorder that holds what was counted until it is flushed. Clones share what they hold.
#[derive(Clone)]
pub struct Emf {
    registry: Arc<Registry<Key, AtomicStorage>>,
    function: String,
}

impl Emf {
    /// An empty recorder; `function` becomes the dimension `function` of every metric.
    #[must_use]
    pub fn new(function: &str) -> Self {
        Self { registry: Arc::new(Registry::atomic()), function: function.to_owned() }
    }

    /// Writes what was recorded since the last flush, one JSON object a line, and forgets it;
    /// counters start again from zero, for CloudWatch adds them up, gauges keep their value.
    /// To be called at the end of every invocation, before the function answers.
    ///
    /// # Errors
    /// Those of the writer; what was not written is lost.
    pub fn flush(&self, out: &mut impl Write) -> io::Result<()> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.flush_at(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX), out)
    }

    /// The same with a time of one's own, in milliseconds since 1970.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush_at(&self, timestamp_ms: u64, out: &mut impl Write) -> io::Result<()> {
        for (dimensions, mut series) in self.take() {
            while !series.is_empty() {
                let line = line(timestamp_ms, &dimensions, &mut series);
                serde_json::to_writer(&mut *out, &line)?;
                out.write_all(b"\n")?;
            }
        }
        out.flush()
    }

    /// Everything recorded since the last time, by dimensions.
    fn take(&self) -> BTreeMap<Dimensions, Vec<Series>> {
        let mut taken: BTreeMap<Dimensions, Vec<Series>> = BTreeMap::new();
        let mut keep = |key: &Key, mut values: Vec<f64>| {
            values.retain(|value| value.is_finite());
            if !values.is_empty() {
                let series = (key.name().to_owned(), values);
                taken.entry(self.dimensions(key)).or_default().push(series);
            }
        };
        self.registry.visit_counters(|key, counter| {
            let count = counter.swap(0, Ordering::AcqRel);
            #[expect(
                clippy::cast_precision_loss,
                reason = "exact up to 2^53, and JSON knows no more"
            )]
            keep(key, if count == 0 { Vec::new() } else { vec![count as f64] });
        });
        self.registry.visit_gauges(|key, gauge| {
            keep(key, vec![f64::from_bits(gauge.load(Ordering::Acquire))]);
        });
        self.registry.visit_histograms(|key, histogram| {
            let mut values = Vec::new();
            histogram.clear_with(|block| values.extend_from_slice(block));
            keep(key, values);
        });
        for series in taken.values_mut() {
            series.sort_by(|a, b| a.0.cmp(&b.0));
        }
        taken
    }

    fn dimensions(&self, key: &Key) -> Dimensions {
        let filled = |value: &str| if value.is_empty() { "-".to_owned() } else { value.to_owned() };
        let mut dimensions: BTreeMap<String, String> = key
            .labels()
            .take(MOST_DIMENSIONS - 1)
            .map(|label| (label.key().to_owned(), filled(label.value())))
            .collect();
        dimensions.entry("function".to_owned()).or_insert_with(|| filled(&self.function));
        dimensions.into_iter().collect()
    }
}

/// One line of the format, with as much of `series` as it takes; the rest stays.
fn line(timestamp_ms: u64, dimensions: &Dimensions, series: &mut Vec<Series>) -> Value {
    let mut root = Map::new();
    let mut listed = Vec::new();
    for (name, values) in series.iter_mut().take(MOST) {
        let taken: Vec<f64> = values.drain(..values.len().min(MOST)).collect();
        listed.push(json!({ "Name": name, "Unit": unit(name) }));
        let value = if let [one] = taken.as_slice() { json!(one) } else { json!(taken) };
        root.insert(name.clone(), value);
    }
    series.retain(|(_, values)| !values.is_empty());
    for (name, value) in dimensions {
        root.insert(name.clone(), json!(value));
    }
    let names: Vec<_> = dimensions.iter().map(|(name, _)| name).collect();
    root.insert(
        "_aws".to_owned(),
        json!({
            "Timestamp": timestamp_ms,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [names],
                "Metrics": listed,
            }],
        }),
    );
    Value::Object(root)
}

/// The unit as CloudWatch spells it.
fn unit(name: &str) -> &'static str {
    match names::find(name).map(|metric| metric.unit) {
        Some(Unit::Count) => "Count",
        Some(Unit::Seconds) => "Seconds",
        Some(Unit::Milliseconds) => "Milliseconds",
        Some(Unit::Bytes) => "Bytes",
        Some(Unit::Percent) => "Percent",
        _ => "None",
    }
}

impl Recorder for Emf {
    // Units come from the table of names.
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.registry.get_or_create_counter(key, |counter| Counter::from_arc(counter.clone()))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.registry.get_or_create_gauge(key, |gauge| Gauge::from_arc(gauge.clone()))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.registry
            .get_or_create_histogram(key, |histogram| Histogram::from_arc(histogram.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(emf: &Emf) -> Vec<Value> {
        let mut out = Vec::new();
        emf.flush_at(1_700_000_000_123, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn cloudwatch_finds_each_metric_with_its_unit_and_dimensions() {
        let emf = Emf::new("parse");
        metrics::with_local_recorder(&emf, || {
            metrics::counter!(names::PARSE_OBJECTS, "result" => "failed").increment(2);
            metrics::counter!(names::PARSE_BYTES).increment(512);
            metrics::histogram!(names::PARSE_SECONDS, "result" => "failed").record(0.25);
            metrics::histogram!(names::PARSE_SECONDS, "result" => "failed").record(f64::NAN);
        });
        let lines = lines(&emf);
        assert_eq!(lines.len(), 2, "one line a set of dimensions");
        assert_eq!(lines[0][names::PARSE_BYTES], 512.0);
        assert_eq!(
            lines[1],
            json!({
                "_aws": {
                    "Timestamp": 1_700_000_000_123_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Logmill",
                        "Dimensions": [["function", "result"]],
                        "Metrics": [
                            { "Name": "logmill_parse_objects_total", "Unit": "Count" },
                            { "Name": "logmill_parse_seconds", "Unit": "Seconds" },
                        ],
                    }],
                },
                "function": "parse",
                "result": "failed",
                "logmill_parse_objects_total": 2.0,
                "logmill_parse_seconds": 0.25,
            })
        );
    }

    #[test]
    fn nothing_is_told_twice() {
        let emf = Emf::new("parse");
        metrics::with_local_recorder(&emf, || metrics::counter!(names::PARSE_LINES).increment(7));
        assert_eq!(lines(&emf).len(), 1);
        assert_eq!(lines(&emf), Vec::<Value>::new());
        metrics::with_local_recorder(&emf, || metrics::counter!(names::PARSE_LINES).increment(1));
        assert_eq!(lines(&emf)[0][names::PARSE_LINES], 1.0);
    }

    #[test]
    fn no_line_exceeds_what_cloudwatch_takes_and_no_value_is_lost() {
        let emf = Emf::new("");
        metrics::with_local_recorder(&emf, || {
            for metric in 0..250 {
                metrics::counter!(format!("test_{metric}_total")).increment(1);
            }
            for value in 0..250 {
                metrics::histogram!(names::PARSE_STAGE_SECONDS).record(f64::from(value));
            }
        });
        let lines = lines(&emf);
        let (mut metrics, mut values) = (0, Vec::new());
        for line in &lines {
            let listed = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array().unwrap();
            assert!(listed.len() <= 100);
            assert_eq!(line["function"], "-", "a dimension is never empty");
            metrics += listed.len();
            if let Some(array) = line[names::PARSE_STAGE_SECONDS].as_array() {
                assert!(array.len() <= 100);
                values.extend(array.iter().map(|value| value.as_f64().unwrap()));
            }
        }
        values.sort_by(f64::total_cmp);
        assert_eq!(values, (0..250).map(f64::from).collect::<Vec<_>>());
        assert_eq!(metrics, 250 + 3);
    }
}
