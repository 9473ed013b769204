//! The function that turns the events of services into documents.
//!
//! A batch of Kafka's records comes from a mapping. Each record is read as an event; patterns find
//! fields in its message, a database says where its address is, secrets are masked, and the document
//! is written by a bulk request under an id that is computed from the record's place, so that a batch
//! that comes again, cut otherwise, writes nothing twice.
//!
//! What can never become a document is a dead letter, whole, and done with. Only what a retry can mend
//! is delivered again: each partition from its first such record on.

// The future of an invocation nests deeper than the compiler follows by itself.
#![recursion_limit = "256"]

pub mod connect;
mod deliver;
mod entry;
mod find;
mod geo;
mod letter;
mod masking;
mod origin;
mod poison;
mod prepare;
mod promote;
mod replay;
mod sources;

use std::sync::Arc;

use logmill_deadletter::DeadLetters;
use logmill_documents::{BulkLimits, Documents};
use logmill_model::Timestamp;
use logmill_model::mask::Policy;
use logmill_objects::Objects;
use logmill_runtime::config::Events;
use logmill_runtime::retry::Deadline;
use tokio::sync::OnceCell;

pub use geo::{Broken, Database};
pub use poison::Poison;
pub use prepare::{Enrichment, Preparer};
pub use replay::ReplayError;
pub use sources::Sources;

/// The name of the function in metrics, logs and dead letters.
pub const FUNCTION: &str = "consume";

/// What the function works with.
#[derive(Clone, Debug)]
pub struct Consume {
    /// Where patterns and databases may lie.
    pub objects: Objects,
    /// Where documents go.
    pub documents: Documents,
    /// Where goes what cannot be used.
    pub dead_letters: DeadLetters,
    /// What is set.
    pub settings: Settings,
    /// Where patterns and databases come from.
    pub sources: Sources,
    /// The same, once they are there.
    pub loaded: Arc<OnceCell<Enrichment>>,
}

/// What is set for the function.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Topics whose messages may be lines of text.
    pub raw_topics: Vec<String>,
    /// The environment of events that do not say theirs.
    pub env: String,
    /// Paths of numbers that become fields `num.…`.
    pub numbers: Vec<String>,
    /// Paths of words that become fields `key.…`.
    pub words: Vec<String>,
    /// What is masked.
    pub masking: Policy,
    /// How large a bulk request gets.
    pub bulk: BulkLimits,
    /// Whether the mapping reads which records failed; else the function fails for all of them.
    pub reports_failures: bool,
}

impl Consume {
    /// The function with clients that are there, for what is set for events; its mapping reads which
    /// records failed.
    ///
    /// # Errors
    /// A file that cannot be read, or is broken; named with its setting.
    pub fn new(
        objects: Objects,
        documents: Documents,
        dead_letters: DeadLetters,
        events: &Events,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            objects,
            documents,
            dead_letters,
            settings: connect::settings(events, true),
            sources: Sources::open(events)?,
            loaded: Arc::default(),
        })
    }
}

/// One call of the function.
#[derive(Clone, Copy, Debug)]
pub struct Invocation {
    /// The time.
    pub now: Timestamp,
    /// When the call ends at the latest.
    pub deadline: Deadline,
}
