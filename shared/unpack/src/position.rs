//! Where reading stands, so that another process can go on with it.

use serde::{Deserialize, Serialize};

/// Where the reading of an object stands: between two pieces of one of its logs, or between two logs.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Position {
    /// Which of the object's entries the log is, from 0.
    pub entry: u64,
    /// How far the log is.
    pub mark: Mark,
    /// Bytes that the entries before it unpacked to.
    pub spent: u64,
}

/// Where the reading of a log stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Mark {
    /// Bytes that were unpacked, and handed out as pieces.
    pub unpacked: u64,
    /// The last place before it where unpacking can begin: anywhere in a plain log, else where a
    /// gzip member or a zstd frame begins.
    pub restart: Restart,
}

/// A place where unpacking can begin.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Restart {
    /// Packed bytes before it.
    pub packed: u64,
    /// The bytes that these unpack to.
    pub unpacked: u64,
}
