//! Why work was not done, in the few words by which alarms and metrics tell causes apart.

use std::fmt::{self, Display};

use crate::retry::Retryable;
use crate::telemetry::names;

/// Why a call failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// Permission is missing, or there are no valid credentials: an operator has to act.
    Denied,
    /// A disk of an engine is full: an operator has to act.
    DiskFull,
    /// An engine asks for patience.
    Throttled,
    /// An engine cannot be reached, or failed.
    Unavailable,
    /// The time of the invocation was over.
    OutOfTime,
    /// Anything else: the message says it.
    Other,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Denied,
        Self::DiskFull,
        Self::Throttled,
        Self::Unavailable,
        Self::OutOfTime,
        Self::Other,
    ];

    /// Its name: the label of a metric, and the type of an error that Lambda shows.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "AccessDenied",
            Self::DiskFull => "DiskFull",
            Self::Throttled => "Throttled",
            Self::Unavailable => "Unavailable",
            Self::OutOfTime => "OutOfTime",
            Self::Other => "Failed",
        }
    }
}

/// Why something is to be tried again.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{why}")]
pub struct TryAgain {
    /// In a word.
    pub cause: Cause,
    /// In a sentence: what failed, and what to do.
    pub why: String,
}

impl TryAgain {
    /// For a cause, in words.
    #[must_use]
    pub fn new(cause: Cause, why: impl Into<String>) -> Self {
        Self { cause, why: why.into() }
    }

    /// Because of an error.
    #[must_use]
    pub fn after(error: &(impl Retryable + Display)) -> Self {
        Self::new(error.cause(), error.to_string())
    }

    /// The time of the invocation is over.
    #[must_use]
    pub fn out_of_time() -> Self {
        Self::new(Cause::OutOfTime, "the time of this invocation is over")
    }

    /// Counts it, for the alarms that look at causes.
    pub fn count(&self, function: &'static str) {
        let cause = self.cause.as_str();
        metrics::counter!(names::RETRIES, "function" => function, "cause" => cause).increment(1);
    }

    /// The same, said of something.
    #[must_use]
    pub fn about(self, what: impl Display) -> Self {
        Self { why: format!("{what}: {}", self.why), ..self }
    }
}

impl Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
