//! The function `archive`: every record of the service logs' topics, as it was sent, into the bucket
//! of the archive.
//!
//! An object `YYYY/MM/DD/{topic}-{partition}-{first offset}.ndjson.gz` holds the records of one
//! partition from that offset on, a [`Line`] each, of one day by their own time (Kafka's time stamp).
//! Its metadata say what it holds ([`Extent`]).
//!
//! # Once, whatever is delivered
//! How far a partition is archived stands in the metadata and only grows. An object is put only where
//! none is: of two deliveries with other borders the first decides what the object holds, and the
//! second goes on behind it, for it begins where the same progress says. So a crash at any point, a
//! batch that comes again cut otherwise, and two functions at one partition archive each record once.
//! An object is there whole or not at all.
//!
//! This holds as long as a partition's batches come in their order and none is skipped: the mapping
//! must never give a batch up.

mod compact;
mod connect;
mod entry;
mod handle;
mod line;
mod object;
mod progress;
mod read;

pub use compact::{Compacted, TARGET};
pub use connect::archive;
pub use handle::Archive;
pub use line::{Bytes, Header, Line};
pub use object::{Extent, day};
pub use read::{Lines, Place, ReadError, Reader};

/// Its name in logs, metrics and dead letters.
pub const FUNCTION: &str = "archive";

/// What the function was told.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The bucket of the archive.
    pub bucket: String,
    /// Whether the mapping reads which records failed.
    pub reports_failures: bool,
}
