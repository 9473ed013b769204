//! The part of OpenSearch that Logmill uses, over tantivy.
//!
//! An axum router answers the requests that the documents' client sends (bulk, search with filters
//! and aggregations, point in time, count, delete by query, templates, aliases, `_analyze`) as
//! OpenSearch 3 does, in its shapes and with its errors. What it does not serve is refused with
//! status 400, never answered wrongly. Not served: scripts, scrolling, versions and routing,
//! highlighting, and all analyzers but Logmill's.

mod aggregate;
mod aggregations;
mod bulk;
mod catalog;
mod collector;
mod date;
mod document;
mod error;
mod http;
mod journal;
mod mapping;
mod query;
mod request;
mod schema;
mod search;
mod select;
mod shard;
mod sort;
mod spent;
mod sync;
mod template;
mod terms;
mod words;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

pub use crate::error::{Error, ErrorKind};
pub use crate::spent::SECONDS;

/// How often waiting changes and idle writers are looked after.
const TIDY_INTERVAL: Duration = Duration::from_millis(500);

/// What the server may use, and how long changes may wait.
#[derive(Clone, Debug)]
pub struct Options {
    /// A change is seen by every search that comes later than this after its answer. OpenSearch's
    /// default is one second.
    pub refresh_interval: Duration,
    /// A change is committed to the engine's own files after this; until then it is in the journal.
    pub commit_interval: Duration,
    /// The journal of an index is cut by a commit when it is longer than this, in bytes.
    pub journal_bytes: u64,
    /// Memory for documents that are not yet committed, in bytes, for each index that is being
    /// written; the engine takes no less than 15,000,000.
    pub writer_bytes: usize,
    /// An index that was not written for so long gives that memory back.
    pub idle_writer: Duration,
    /// The most points in time that are open at once.
    pub points_in_time: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            refresh_interval: Duration::from_millis(800),
            commit_interval: Duration::from_secs(10),
            journal_bytes: 128 << 20,
            writer_bytes: 50_000_000,
            idle_writer: Duration::from_secs(30),
            points_in_time: 300,
        }
    }
}

/// The server's state. Cheap to clone; the folder is free when the last clone and every router made
/// from it are dropped. A drop without [`LocalSearch::flush`] loses nothing: the next start reads
/// the journals.
#[derive(Clone)]
pub struct LocalSearch {
    catalog: Arc<catalog::Catalog>,
    /// Dropping it ends the thread that tidies up.
    _stop: Arc<Sender<()>>,
}

impl std::fmt::Debug for LocalSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalSearch").finish_non_exhaustive()
    }
}

impl LocalSearch {
    /// Opens the folder `data`, making it if there is none. Indices are opened when they are first
    /// used. One process may hold a folder at a time.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] and [`Error::Damaged`].
    pub fn open(data: &Path, options: Options) -> Result<Self, Error> {
        let catalog = Arc::new(catalog::Catalog::open(data, options)?);
        let (stop, stopped) = channel();
        let weak = Arc::downgrade(&catalog);
        std::thread::Builder::new()
            .name("search-tidy".to_owned())
            .spawn(move || {
                while stopped.recv_timeout(TIDY_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                    let Some(catalog) = weak.upgrade() else { return };
                    catalog.tidy();
                }
            })
            .map_err(Error::io(data))?;
        Ok(Self { catalog, _stop: Arc::new(stop) })
    }

    /// The HTTP interface, to be served on loopback: it asks for no password.
    pub fn router(&self) -> axum::Router {
        http::router(self.clone())
    }

    /// Commits everything, for a clean stop; the next start then has nothing to read again. Blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] and [`Error::Engine`]; what was acknowledged is in the journals even so.
    pub fn flush(&self) -> Result<(), Error> {
        self.catalog.close()
    }
}
