//! What stops the reading of an object altogether.

use std::io;

/// Why an object could not be read on. What is wrong with the data is no error: see [`crate::End`]
/// and [`crate::Aside`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The reader failed; nothing is known of the data.
    #[error("it could not be read: {0}")]
    Read(#[source] io::Error),
    /// A zip came by a pipe. Its directory stands at its end, so it must be possible to go back.
    #[error(
        "it is a zip archive, whose directory stands at its end: it cannot be read from a pipe, \
         save it to a file first"
    )]
    ZipFromStream,
    /// The decompressor could not be set up.
    #[error("there is not enough memory to unpack it: {0}")]
    Memory(#[source] io::Error),
}

impl Error {
    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Read(_) => ErrorKind::Read,
            Self::ZipFromStream => ErrorKind::NeedsSeek,
            Self::Memory(_) => ErrorKind::Memory,
        }
    }
}

/// The kinds of [`Error`], for those who decide what to do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum ErrorKind {
    /// The reader failed: trying again may help.
    Read,
    /// The caller must offer something that seeks.
    NeedsSeek,
    /// Memory is short: trying again elsewhere may help.
    Memory,
}
