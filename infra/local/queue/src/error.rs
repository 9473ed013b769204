//! What can go wrong with a queue.

use std::path::PathBuf;

/// Why a queue's operation failed. Nothing was changed by it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is no queue of this version, or cannot be opened.
    #[error("the queue file {path} cannot be opened: {source}; move it aside to start anew")]
    Open {
        /// The file that was asked for.
        path: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// The file was written by another version of Logmill.
    #[error(
        "the queue file {path} has format {found}, this version reads {expected}; move it aside to \
         start anew"
    )]
    Format {
        /// The file that was asked for.
        path: PathBuf,
        /// The format number that stands in it.
        found: i64,
        /// The format number of this version.
        expected: i64,
    },
    /// No queue has this name.
    #[error("there is no queue {queue:?}; create it first")]
    NoQueue {
        /// The name that was asked for.
        queue: String,
    },
    /// A queue of this name exists with other settings.
    #[error("the queue {queue:?} exists with other settings; change those or use them")]
    Exists {
        /// The name that was asked for.
        queue: String,
    },
    /// The receipt was not given by this queue.
    #[error("{receipt:?} is no receipt of the queue {queue:?}; use the one that receive gave")]
    BadReceipt {
        /// The queue.
        queue: String,
        /// The receipt as it came.
        receipt: String,
    },
    /// The message is not in flight: it was deleted, or its visibility has ended.
    #[error("the message is not in flight in the queue {queue:?} any more; receive it again")]
    NotInFlight {
        /// The queue.
        queue: String,
    },
    /// A name or a setting is outside its bounds.
    #[error("{setting} is {value}; it must be {bounds}")]
    Invalid {
        /// Which setting.
        setting: &'static str,
        /// What it was.
        value: String,
        /// What it may be.
        bounds: &'static str,
    },
    /// SQLite failed: the disk is full or broken, or another process holds the file.
    #[error("the queue's store failed: {0}; see whether the disk is full")]
    Store(#[from] rusqlite::Error),
    /// The runtime is going down.
    #[error("the process is stopping")]
    Stopping,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Open { .. } | Self::Format { .. } => ErrorKind::Open,
            Self::NoQueue { .. } => ErrorKind::NoQueue,
            Self::Exists { .. } => ErrorKind::Exists,
            Self::BadReceipt { .. } | Self::Invalid { .. } => ErrorKind::Invalid,
            Self::NotInFlight { .. } => ErrorKind::NotInFlight,
            Self::Store(_) | Self::Stopping => ErrorKind::Store,
        }
    }
}

/// The kinds of [`Error`], for those who decide what to do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// The file cannot be used: someone must look at it.
    Open,
    /// The queue must be created first.
    NoQueue,
    /// The queue exists with other settings.
    Exists,
    /// The caller asked for what cannot be.
    Invalid,
    /// The message has gone back to its queue, or is deleted.
    NotInFlight,
    /// Trying again may help.
    Store,
}
