//! The table of buckets, objects, uploads and events. Every change is one transaction, which holds
//! its condition, the row and the event together.

mod events;
mod list;
mod objects;
mod schema;
mod uploads;

pub(crate) use list::{Listed, Listing};
pub(crate) use objects::{Condition, NewObject, ObjectRow, precondition};
pub(crate) use uploads::{Complete, PartRow, UploadRow, invalid_part};

use crate::content::Contents;
use crate::error::Error;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use s3s::S3Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::watch;

/// The storage: the table and the content files.
#[derive(Debug)]
pub(crate) struct Store {
    db: Mutex<Connection>,
    pub(crate) contents: Arc<Contents>,
    /// The sequence of the last event.
    pub(crate) latest: watch::Sender<u64>,
}

/// Why a transaction did nothing: the table failed, or the answer is an error of the protocol.
#[derive(Debug)]
pub(crate) enum Fault {
    Sql(rusqlite::Error),
    Answer(S3Error),
    Stopping,
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<S3Error> for Fault {
    fn from(error: S3Error) -> Self {
        Self::Answer(error)
    }
}

impl From<Fault> for S3Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Sql(error) => Self::internal_error(error),
            Fault::Answer(error) => error,
            Fault::Stopping => s3s::s3_error!(ServiceUnavailable, "The process is stopping."),
        }
    }
}

/// One transaction, with what is to be done once it is committed.
pub(crate) struct Change<'a> {
    db: &'a Transaction<'a>,
    /// Content files that no row names any more.
    garbage: Vec<String>,
    event: Option<u64>,
}

impl Store {
    /// Opens the storage in a folder and sweeps what a killed process left behind.
    pub(crate) fn open(folder: &Path) -> Result<Self, Error> {
        let contents = Contents::open(folder.join("objects"))?;
        let db = schema::open(&folder.join("s3.sqlite"))?;
        let swept = contents.sweep(&schema::named_files(&db)?)?;
        if swept > 0 {
            tracing::info!(swept, "removed content files that an ended process left behind");
        }
        let latest = watch::Sender::new(schema::last_sequence(&db)?);
        Ok(Self { db: Mutex::new(db), contents: Arc::new(contents), latest })
    }

    /// Runs a transaction away from the async threads.
    pub(crate) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&mut Change<'_>) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let store = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let mut db = store.db.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut change = Change { db: &transaction, garbage: Vec::new(), event: None };
            let done = work(&mut change)?;
            let (garbage, event) = (change.garbage, change.event);
            transaction.commit()?;
            drop(db);
            if let Some(sequence) = event {
                store.latest.send_if_modified(|latest| {
                    let later = sequence > *latest;
                    *latest = sequence.max(*latest);
                    later
                });
            }
            for name in garbage {
                store.contents.remove(&name);
            }
            Ok(done)
        });
        done.await.map_err(|_| Fault::Stopping)?
    }
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
}

/// A length as the table holds it: SQLite knows no unsigned numbers, and no file is that long.
fn to_sql(length: u64) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
