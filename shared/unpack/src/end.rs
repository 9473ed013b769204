//! How a log ended: whole, or cut, and why.

use std::fmt;

use crate::Format;

/// How a log ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End {
    /// All of it was read, and every checksum holds.
    Complete,
    /// Something is missing or doubtful. What was read before is good.
    Cut(Cut),
}

impl End {
    /// Why it was cut, in words for people; `None` for a whole log.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Complete => None,
            Self::Cut(cut) => Some(cut.to_string()),
        }
    }
}

/// Where and why a log was cut. Displayed, it is a sentence without its full stop.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cut {
    /// The reason.
    pub why: Why,
    /// Bytes of the log that were read before, decompressed.
    pub bytes: u64,
}

/// Why a log was cut.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Why {
    /// The packed data ends in the middle.
    Truncated(Format),
    /// The packed data makes no sense from here on.
    Damaged(Format),
    /// All of it could be unpacked, and it is not what was packed: a checksum or a length differs.
    Checksum(Format),
    /// More than [`crate::Limits::max_bytes`].
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// More than [`crate::Limits::max_ratio`].
    TooDense {
        /// The limit, bytes out for each byte in.
        limit: u64,
    },
    /// A zstd frame asks for more memory than [`crate::Limits::max_zstd_window_log`].
    Window {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A zstd frame was packed with a dictionary, which is not at hand.
    Dictionary,
    /// The log is whole; other bytes, not zeros, follow the packed data and were left out.
    Trailing(Format),
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.bytes;
        match &self.why {
            Why::Truncated(format) => {
                write!(f, "the {format} ends before its end: the log is cut after {bytes} bytes")
            }
            Why::Damaged(format) => {
                write!(f, "the {format} is damaged: the log is cut after {bytes} bytes")
            }
            Why::Checksum(format) => write!(
                f,
                "the {format} is damaged, its checksum differs: some of the log's {bytes} bytes \
                 may be wrong"
            ),
            Why::TooLarge { limit } => write!(
                f,
                "it unpacks to more than the limit of {limit} bytes: the log is cut after {bytes} \
                 bytes"
            ),
            Why::TooDense { limit } => write!(
                f,
                "it unpacks to more than {limit} times its size, as an archive made to fill a disk \
                 does: the log is cut after {bytes} bytes"
            ),
            Why::Window { limit } => write!(
                f,
                "the zstd stream needs more memory than the limit of {limit} bytes: the log is cut \
                 after {bytes} bytes; pack it with `zstd -19` or less"
            ),
            Why::Dictionary => write!(
                f,
                "the zstd stream was packed with a dictionary, which is missing: the log is cut \
                 after {bytes} bytes; pack it without one"
            ),
            Why::Trailing(format) => write!(
                f,
                "other data follows the {format} and was left out; the log's {bytes} bytes before \
                 it are whole"
            ),
        }
    }
}
