//! What a process tells about itself: its log ([`start_log`]) and its metrics ([`Metrics`], whose
//! [`names`] stand in one table).
//!
//! Code logs through `tracing` and counts through the macros of the crate `metrics` with the
//! constants of [`names`]; only `main` chooses here where that goes.

mod emf;
mod exporter;
mod log;
pub mod names;

pub use emf::Emf;
pub use exporter::Metrics;
pub use log::{LogFormat, request_span, start_log, subscriber};

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter cannot be read.
    #[error("LOGMILL_LOG: `{filter}` is no filter ({reason}): give a level such as `info`")]
    Filter {
        /// As it was given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The process has a log or a recorder already.
    #[error("the {what} was started before: start it once, in main")]
    Started {
        /// `log` or `metrics recorder`.
        what: &'static str,
    },
    /// The Prometheus recorder refuses its settings, or no thread could be started for it.
    #[error("metrics cannot be kept for Prometheus: {0}")]
    Prometheus(String),
}
