//! What an adapter does: read rows, write them if nobody else did meanwhile, list.

use std::future::Future;

use logmill_model::Timestamp;

use crate::error::{Error, ErrorKind};
use crate::types::{Blob, BlobKind, Deployment, Filter, ObjectState, Page};

/// A deployment's row and that of one of its objects, as they stood at one time or another: a
/// [`Change`] made from them is refused if they have changed since.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The deployment's row.
    pub deployment: Option<Deployment>,
    /// The object's row.
    pub object: Option<ObjectState>,
}

/// What to do with a summary or checkpoint.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum BlobChange {
    /// Leave it.
    #[default]
    Keep,
    /// Write it, whether or not one is there.
    Put(Blob),
    /// Delete it, whether or not one is there.
    Delete,
}

/// Rows to be written together or not at all.
///
/// A row is written only if the revision that is stored is one less than its own, and a row of
/// revision 1 only if none is stored. The blobs are those of `object`, and never without it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// The deployment's row.
    pub deployment: Option<Deployment>,
    /// The object's row.
    pub object: Option<ObjectState>,
    /// The object's summary.
    pub summary: BlobChange,
    /// The object's checkpoint.
    pub checkpoint: BlobChange,
}

/// Whether a [`Change`] was written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Commit {
    /// It was, durably.
    Written,
    /// Somebody else changed a row meanwhile, or is about to: load again.
    Conflict,
}

/// The most deployments of a page.
pub const MAX_PAGE: usize = 1000;

/// Checks what is asked of [`Store::deployments`].
///
/// # Errors
/// `Invalid` for a limit of 0 or over [`MAX_PAGE`], and a cursor that is no
/// [place](crate::Deployment::place).
pub fn check_page(cursor: Option<&str>, limit: usize) -> Result<(), Error> {
    let invalid = |message| Err(Error::new(ErrorKind::Invalid, message));
    if limit == 0 || limit > MAX_PAGE {
        return invalid(format!("a page of {limit} deployments: ask for 1 to {MAX_PAGE}"));
    }
    let Some(cursor) = cursor else { return Ok(()) };
    let time = cursor.split_once('#').and_then(|(time, _)| time.parse::<Timestamp>().ok());
    match time {
        Some(_) => Ok(()),
        None => invalid(format!("{cursor:?} is no cursor of a list of deployments")),
    }
}

/// The rows of the metadata in one engine. Every read but [`Store::deployments`] shows what was
/// written before it began.
///
/// Text is kept as it is, NUL included. An engine that can't hold NUL strips and counts it in text for
/// people; names (keys, parts, owners, versions) come back as they were, or two would become one.
/// Times are kept to the microsecond at least.
pub trait Store: Send + Sync + 'static {
    /// What [`Store::migrate`] would do now, a sentence for each step; empty if nothing.
    ///
    /// # Errors
    /// As [`Store::migrate`].
    fn plan(&self) -> impl Future<Output = Result<Vec<String>, Error>> + Send;

    /// Makes the tables and indexes that are missing; can be repeated.
    ///
    /// # Errors
    /// `WrongShape` if there is a table of that name of another shape, or of a newer version than
    /// is known; then nothing was changed. The engine's own.
    fn migrate(&self) -> impl Future<Output = Result<(), Error>> + Send;

    /// Reads a deployment's row and, where `part` is given, that object's.
    ///
    /// # Errors
    /// The engine's own.
    fn load(
        &self,
        deployment_key: &str,
        part: Option<&str>,
    ) -> impl Future<Output = Result<Loaded, Error>> + Send;

    /// Writes rows together, conditionally.
    ///
    /// # Errors
    /// The engine's own; then it may or may not have been written.
    fn commit(&self, change: &Change) -> impl Future<Output = Result<Commit, Error>> + Send;

    /// All objects of a deployment, by part.
    ///
    /// # Errors
    /// The engine's own.
    fn objects(
        &self,
        deployment_key: &str,
    ) -> impl Future<Output = Result<Vec<ObjectState>, Error>> + Send;

    /// A summary or checkpoint, whatever version it was written for.
    ///
    /// # Errors
    /// The engine's own.
    fn blob(
        &self,
        kind: BlobKind,
        deployment_key: &str,
        part: &str,
    ) -> impl Future<Output = Result<Option<Blob>, Error>> + Send;

    /// A page of a list: at most `limit` (1 to 1,000) deployments after the place `cursor`. For
    /// people and for finding candidates only, since an index may lag behind the rows.
    ///
    /// # Errors
    /// `Invalid` for a limit of 0 or a cursor that is none; the engine's own.
    fn deployments(
        &self,
        filter: &Filter,
        cursor: Option<&str>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, Error>> + Send;

    /// Deletes a deployment with all its rows, the deployment's own last; can be repeated.
    ///
    /// # Errors
    /// The engine's own; then some rows may be left, and the call can be repeated.
    fn delete(&self, deployment_key: &str) -> impl Future<Output = Result<(), Error>> + Send;
}
