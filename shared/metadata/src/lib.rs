//! What is known of deployments and their objects: who works on what, what is done, how it ended.
//!
//! [`Metadata`] holds the steps that functions take; the rules of each are written once, here,
//! without I/O. An adapter is a [`Store`]: it reads rows and writes them together if nobody else
//! did meanwhile (each row carries a revision), and lists. Every adapter passes [`conformance`].
//! Beside the deployments it keeps [`Entries`], small documents for whatever else is to be remembered.
//!
//! ```
//! use logmill_metadata::{Metadata, ObjectRef, Owner, Take, Version};
//! use logmill_model::{Outcome, Timestamp};
//!
//! async fn work(
//!     metadata: &impl Metadata,
//!     object: &ObjectRef,
//!     version: &Version,
//!     owner: &Owner,
//!     now: Timestamp,
//!     until: Timestamp,
//! ) -> Result<(), logmill_metadata::Error> {
//!     match metadata.take(object, version, owner, now, until).await? {
//!         Take::Taken(_taken) => {
//!             // … parse from _taken.checkpoint on, write documents of _taken.object.generation()
//!             metadata.complete(object, version, owner, b"{}", Outcome::Success, now).await
//!         }
//!         Take::Held { until: _ } => Ok(()), // send the message anew, with a delay
//!         Take::Finished { .. } | Take::Newer { .. } => Ok(()), // nothing to do
//!     }
//! }
//! ```

pub mod conformance;
mod entries;
mod error;
mod port;
mod rules;
mod store;
mod tally;
pub mod tokens;
mod types;
mod version;

pub use entries::{Entries, Entry, EntryKind, MAX_ENTRIES, MAX_NAME, check_limit, check_name};
pub use error::{Error, ErrorKind};
pub use port::Metadata;
pub use store::{BlobChange, Change, Commit, Loaded, MAX_PAGE, Store, check_page};
pub use tally::Tally;
pub use types::{
    Blob, BlobKind, Deployment, Facts, Filter, Lease, MAX_BLOB, MAX_ERROR, ObjectRef, ObjectState,
    Order, Owner, Page, Progress, Reopen, Status, Take, Taken, Witness,
};
pub use version::{Relation, Version, compare_sequencers};
