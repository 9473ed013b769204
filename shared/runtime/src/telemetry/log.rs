//! The log of a process: JSON lines, or text where a person looks on.

use std::io::IsTerminal as _;

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::Error;

/// How lines are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LogFormat {
    /// One JSON object a line: `timestamp`, `level`, `target`, `message`, the event's fields beside
    /// them, and `spans` from the outermost on, which hold the request's id.
    Json,
    /// Text for people, without colours.
    Text,
}

impl LogFormat {
    /// Text on a terminal, JSON anywhere else.
    #[must_use]
    pub fn of_stderr() -> Self {
        if std::io::stderr().is_terminal() { Self::Text } else { Self::Json }
    }
}

/// Starts the log of this process, on its standard error.
///
/// # Errors
/// The filter cannot be read, or a log was started before.
pub fn start_log(filter: &str, format: LogFormat) -> Result<(), Error> {
    let subscriber = subscriber(filter, format, std::io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| Error::Started { what: "log" })
}

/// What [`start_log`] starts, with a writer of one's own.
///
/// # Errors
/// The filter cannot be read.
pub fn subscriber<W>(
    filter: &str,
    format: LogFormat,
    writer: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, Error>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| Error::Filter { filter: filter.to_owned(), reason: error.to_string() })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match format {
        LogFormat::Json => {
            let json = builder.json().flatten_event(true);
            Box::new(json.with_current_span(false).with_span_list(true).finish())
        }
        LogFormat::Text => Box::new(builder.with_ansi(false).finish()),
    })
}

/// The span in which a request is worked on: every line logged within it, at any level, names
/// `request_id`. Where `lambda_runtime` runs the function it opens such a span by itself, with
/// `requestId`.
#[must_use]
pub fn request_span(function: &str, request_id: &str) -> tracing::Span {
    tracing::error_span!("request", function, request_id)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, work: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = subscriber("info", format, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_line_of_a_request_can_be_found_by_its_id() {
        let text = logged(LogFormat::Json, || {
            request_span("parse", "8f2a").in_scope(|| {
                tracing::info_span!("object", key = "a.log").in_scope(|| {
                    tracing::warn!(records = 3, "cut");
                    tracing::debug!("not asked for");
                });
            });
        });
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["message"], "cut");
        assert_eq!((&line["level"], &line["records"]), (&"WARN".into(), &3.into()));
        assert_eq!(line["spans"][0]["request_id"], "8f2a");
        assert_eq!(line["spans"][1]["key"], "a.log");
    }

    #[test]
    fn people_read_text_without_control_characters() {
        let text = logged(LogFormat::Text, || tracing::warn!(records = 3, "cut"));
        assert!(text.contains("WARN") && text.contains("cut records=3"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_bad_filter_says_so() {
        let Err(error) = subscriber("logmill=loud", LogFormat::Json, io::sink) else {
            panic!("taken");
        };
        assert!(error.to_string().contains("LOGMILL_LOG: `logmill=loud`"), "{error}");
    }
}
