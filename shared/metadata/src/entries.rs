//! Small documents beside the deployments: what functions have to remember of other things.

use std::future::Future;

use serde_json::Value;

use crate::error::{Error, ErrorKind};
use crate::store::Commit;

/// The most bytes of an entry's name.
pub const MAX_NAME: usize = 900;
/// The most entries of a page.
pub const MAX_ENTRIES: usize = 1000;

/// What an entry is about.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum EntryKind {
    /// How far a partition of a topic is archived.
    Archived,
    /// A token; its name is its hash.
    Token,
}

impl EntryKind {
    /// The name as rows carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Token => "token",
        }
    }
}

/// A small document.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What it is about.
    pub kind: EntryKind,
    /// Its name, its own among those of its kind: 1 to [`MAX_NAME`] bytes.
    pub name: String,
    /// How often it was written: 1 the first time.
    pub revision: u64,
    /// What it says. Small: some kilobytes at most.
    pub value: Value,
}

/// The entries of one engine. Every read shows what was written before it began. Names are kept as
/// they are, NUL included; order is that of their bytes.
pub trait Entries: Send + Sync + 'static {
    /// Reads an entry.
    ///
    /// # Errors
    /// `Invalid` for a name that is empty or too long; the engine's own.
    fn entry(
        &self,
        kind: EntryKind,
        name: &str,
    ) -> impl Future<Output = Result<Option<Entry>, Error>> + Send;

    /// Writes an entry, if the revision that is stored is one less than its own; one of revision 1
    /// only if none is stored. [`Commit::Conflict`] may also mean that an earlier try of this very call
    /// was written and its answer lost: who reads the entry again sees it.
    ///
    /// # Errors
    /// `Invalid` for a name that is empty or too long; the engine's own.
    fn put_entry(&self, entry: &Entry) -> impl Future<Output = Result<Commit, Error>> + Send;

    /// Deletes an entry; can be repeated.
    ///
    /// # Errors
    /// `Invalid` for a name that is empty or too long; the engine's own.
    fn delete_entry(
        &self,
        kind: EntryKind,
        name: &str,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Up to `limit` entries of a kind (1 to [`MAX_ENTRIES`]) whose names come after `after`, by name.
    ///
    /// # Errors
    /// `Invalid` for a limit of 0 or over [`MAX_ENTRIES`]; the engine's own.
    fn entries(
        &self,
        kind: EntryKind,
        after: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Entry>, Error>> + Send;
}

/// Checks the name of an entry.
///
/// # Errors
/// `Invalid` if it is empty or has more than [`MAX_NAME`] bytes.
pub fn check_name(kind: EntryKind, name: &str) -> Result<(), Error> {
    if !name.is_empty() && name.len() <= MAX_NAME {
        return Ok(());
    }
    let message = format!(
        "the name {name:?} of an entry ({}) has {} bytes; 1 to {MAX_NAME} are allowed",
        kind.as_str(),
        name.len()
    );
    Err(Error::new(ErrorKind::Invalid, message))
}

/// Checks how many entries are asked for.
///
/// # Errors
/// `Invalid` for none, or more than [`MAX_ENTRIES`].
pub fn check_limit(limit: usize) -> Result<(), Error> {
    if (1..=MAX_ENTRIES).contains(&limit) {
        return Ok(());
    }
    let message = format!("a page of {limit} entries: ask for 1 to {MAX_ENTRIES}");
    Err(Error::new(ErrorKind::Invalid, message))
}
