//! What can go wrong with a dead letter.

use logmill_objects as objects;
use logmill_runtime::cause::Cause;
use logmill_runtime::retry::Retryable;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ErrorKind {
    /// The store failed; how, its own kind says.
    Store(objects::ErrorKind),
    /// What stands under the key is no dead letter.
    Format,
    /// Others changed the letter again and again meanwhile.
    Contended,
    /// The receiver of a replay refused the input.
    Refused,
}

/// A failure, with the letter that it is about.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store failed.
    #[error("dead letter: {0}")]
    Store(#[from] objects::Error),
    /// What stands under the key is no dead letter of a format known here.
    #[error("{key} is no dead letter ({reason}): look at it and drop it")]
    Format {
        /// Its key in the bucket of dead letters.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Others changed the letter again and again meanwhile.
    #[error("{key} is changed by others all the time: try again")]
    Contended {
        /// Its key in the bucket of dead letters.
        key: String,
    },
    /// The receiver of a replay refused the input; the letter stays as it was.
    #[error("{key} was not replayed: {source}")]
    Refused {
        /// Its key in the bucket of dead letters.
        key: String,
        /// What the receiver said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// What kind of failure it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => ErrorKind::Store(error.kind()),
            Self::Format { .. } => ErrorKind::Format,
            Self::Contended { .. } => ErrorKind::Contended,
            Self::Refused { .. } => ErrorKind::Refused,
        }
    }
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        match self {
            // A letter that cannot be written must not be lost: whatever hinders it may be mended.
            Self::Store(error) => error.is_retryable(),
            Self::Contended { .. } => true,
            Self::Format { .. } | Self::Refused { .. } => false,
        }
    }

    fn cause(&self) -> Cause {
        match self {
            Self::Store(error) => error.cause(),
            Self::Contended { .. } => Cause::Throttled,
            Self::Format { .. } | Self::Refused { .. } => Cause::Other,
        }
    }
}
