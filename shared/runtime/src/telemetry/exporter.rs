//! Where metrics go.

use std::io::{self, Write};
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::{Emf, Error, names};
use crate::config::MetricsFormat;

/// Upper bounds of the buckets of `…_seconds`.
const SECONDS: [f64; 16] = [
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0,
];
/// Upper bounds of the buckets of `…_bytes`: 1 KiB to 1 GiB.
const BYTES: [f64; 11] = [
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
    268_435_456.0,
    1_073_741_824.0,
];
/// How often single values are put into their buckets, so that they do not pile up unfetched.
const UPKEEP: Duration = Duration::from_secs(5);

/// The metrics of this process. Clones share them.
#[derive(Clone)]
pub struct Metrics(Kind);

#[derive(Clone)]
enum Kind {
    Prometheus(PrometheusHandle),
    Emf(Emf),
    Off,
}

impl Metrics {
    /// Starts to keep the metrics of this process in the format wanted, and describes them;
    /// `function` names the process, `logmill` or one of the functions.
    ///
    /// # Errors
    /// Metrics were started before, or cannot be kept.
    pub fn start(format: MetricsFormat, function: &str) -> Result<Self, Error> {
        let kind = match format {
            MetricsFormat::Off => Kind::Off,
            MetricsFormat::Emf => {
                let emf = Emf::new(function);
                set_recorder(emf.clone())?;
                Kind::Emf(emf)
            }
            MetricsFormat::Prometheus => {
                let recorder = prometheus()?.build_recorder();
                let handle = recorder.handle();
                set_recorder(recorder)?;
                keep_up(handle.clone())?;
                Kind::Prometheus(handle)
            }
        };
        names::describe();
        Ok(Self(kind))
    }

    /// The metrics as Prometheus fetches them (text format 0.0.4); `""` in another format.
    #[must_use]
    pub fn render(&self) -> String {
        if let Kind::Prometheus(handle) = &self.0 { handle.render() } else { String::new() }
    }

    /// Writes what is told at the end of an invocation: lines in the embedded metric format; nothing
    /// in another format.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&self, out: &mut impl Write) -> io::Result<()> {
        if let Kind::Emf(emf) = &self.0 { emf.flush(out) } else { Ok(()) }
    }
}

fn set_recorder<R: metrics::Recorder + Send + Sync + 'static>(recorder: R) -> Result<(), Error> {
    metrics::set_global_recorder(recorder).map_err(|_| Error::Started { what: "metrics recorder" })
}

fn prometheus() -> Result<PrometheusBuilder, Error> {
    let suffix = |suffix: &str| Matcher::Suffix(suffix.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(suffix("_seconds"), &SECONDS)
        .and_then(|builder| builder.set_buckets_for_metric(suffix("_bytes"), &BYTES))
        .map_err(|error| Error::Prometheus(error.to_string()))
}

/// Starts the thread that puts single values into their buckets; it ends with the process.
fn keep_up(handle: PrometheusHandle) -> Result<(), Error> {
    let work = move || {
        loop {
            std::thread::sleep(UPKEEP);
            handle.run_upkeep();
        }
    };
    let thread = std::thread::Builder::new().name("metrics".to_owned()).spawn(work);
    thread.map(drop).map_err(|error| Error::Prometheus(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prometheus_is_told_what_each_metric_means() {
        let recorder = prometheus().unwrap().build_recorder();
        let metrics = Metrics(Kind::Prometheus(recorder.handle()));
        metrics::with_local_recorder(&recorder, || {
            names::describe();
            metrics::counter!(names::PARSE_OBJECTS, "result" => "completed").increment(3);
            metrics::histogram!(names::PARSE_SECONDS).record(0.2);
        });
        let text = metrics.render();
        for line in [
            "# HELP logmill_parse_objects_total Objects that parse was given",
            "# TYPE logmill_parse_objects_total counter",
            "logmill_parse_objects_total{result=\"completed\"} 3",
            "# TYPE logmill_parse_seconds histogram",
            "logmill_parse_seconds_bucket{le=\"0.1\"} 0",
            "logmill_parse_seconds_bucket{le=\"0.25\"} 1",
            "logmill_parse_seconds_count 1",
        ] {
            assert!(text.contains(line), "{line}\n---\n{text}");
        }
        let mut out = Vec::new();
        metrics.flush(&mut out).unwrap();
        assert!(out.is_empty());
    }

    #[test]
    fn a_second_start_is_refused_and_the_first_goes_on() {
        let first = Metrics::start(MetricsFormat::Emf, "parse").unwrap();
        assert!(matches!(
            Metrics::start(MetricsFormat::Prometheus, "parse"),
            Err(Error::Started { .. })
        ));
        metrics::counter!(names::DLQ_EVENTS).increment(1);
        let mut out = Vec::new();
        first.flush(&mut out).unwrap();
        assert!(String::from_utf8(out).unwrap().contains(r#""dlq_events_total":1.0"#));
    }
}
