//! What can go wrong outside the protocol, whose own errors are answers.

use std::io;
use std::path::PathBuf;

/// Why the storage could not be opened, served or asked for its events.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A folder or a file of the storage failed.
    #[error("the S3 storage {path} failed: {source}; see whether the disk is full or read-only")]
    Files {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The table was written by another version of Logmill.
    #[error(
        "the S3 storage {path} has format {found}, this version reads {expected}; move the folder \
         aside to start anew"
    )]
    Format {
        /// The table's file.
        path: PathBuf,
        /// The format number that stands in it.
        found: i64,
        /// The format number of this version.
        expected: i64,
    },
    /// SQLite failed: the disk is full or broken, or another process holds the file.
    #[error("the S3 storage's table failed: {0}; see whether the disk is full")]
    Store(#[from] rusqlite::Error),
    /// The name is none that a bucket may have.
    #[error(
        "{bucket:?} is no name for a bucket; use 3 to 63 lower-case letters, digits, `-` and `.`"
    )]
    BucketName {
        /// The name that was asked for.
        bucket: String,
    },
    /// The listener failed.
    #[error("the S3 endpoint cannot be served: {0}")]
    Serve(#[source] io::Error),
    /// The runtime is going down.
    #[error("the process is stopping")]
    Stopping,
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Format { .. } => ErrorKind::Format,
            Self::BucketName { .. } => ErrorKind::Invalid,
            Self::Files { .. } | Self::Store(_) | Self::Serve(_) | Self::Stopping => {
                ErrorKind::Storage
            }
        }
    }
}

/// The kinds of [`Error`], for those who decide what to do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// Another version's storage: someone must look at it.
    Format,
    /// The caller asked for what cannot be.
    Invalid,
    /// Trying again may help.
    Storage,
}
