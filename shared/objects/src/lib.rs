//! Objects in S3, or in whatever speaks its protocol.
//!
//! One way to reach them: every call is tried again with backoff while its failure passes, within
//! the deadline that [`Objects::within`] sets; a download that breaks goes on where it broke, of the
//! same version ([`Body`]); a zip is read by ranges ([`RangeReader`]). An [`Error`] says what kind it
//! is, so that callers decide without knowing the protocol.
//!
//! User metadata values are percent-encoded on the way in and decoded on the way out
//! (`logmill_model::id`), for S3 carries only ASCII. `ETag`s stand here without their quotes, as
//! event notifications spell them.

mod body;
mod client;
mod error;
mod list;
mod put;
mod range;

pub use body::{Body, GetOptions};
pub use client::{Head, Objects};
pub use error::{Error, ErrorKind};
pub use list::{Listed, Page};
pub use put::{Content, Put, PutOptions};
pub use range::{RangeReader, WINDOW};
