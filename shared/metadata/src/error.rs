//! What can go wrong, so that callers decide without knowing the adapter.

use logmill_runtime::cause::Cause;
use logmill_runtime::retry::Retryable;

/// What went wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The lease is another owner's, or the version is not the current one any more: stop working
    /// on this object and write nothing of it.
    LeaseLost,
    /// The value is larger than the limit.
    TooLarge,
    /// A key, a cursor or a limit that can't be.
    Invalid,
    /// Credentials or permissions do not allow the call.
    Denied,
    /// A table is missing: run `logmill migrate`.
    NotMigrated,
    /// A table of that name exists in another shape.
    WrongShape,
    /// A row does not hold what Logmill writes.
    Damaged,
    /// The engine asks for patience.
    Throttled,
    /// Too many others changed the same rows meanwhile.
    Contended,
    /// The engine can't be reached, or failed.
    Unavailable,
    /// Anything else.
    Other,
}

/// A failed operation: which row, what happened, what to do.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of our own.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The same, with what caused it.
    #[must_use]
    pub fn caused_by(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        matches!(self.kind, ErrorKind::Throttled | ErrorKind::Contended | ErrorKind::Unavailable)
    }

    fn cause(&self) -> Cause {
        match self.kind {
            ErrorKind::Denied => Cause::Denied,
            ErrorKind::Throttled | ErrorKind::Contended => Cause::Throttled,
            ErrorKind::Unavailable => Cause::Unavailable,
            _ => Cause::Other,
        }
    }
}
