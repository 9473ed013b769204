//! The files in which the local cloud's S3, SQS and Kafka keep what they were given: SQLite, each in
//! a format of its own.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;

/// How long a connection waits for another one.
pub const BUSY: Duration = Duration::from_secs(5);

/// What a file holds.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// The number that SQLite keeps for us in the file; another one is another format. Never 0, which
    /// a new file has.
    pub format: i64,
    /// The statements that make its tables.
    pub tables: &'static str,
    /// Whether the room of what was deleted can be given back.
    pub shrinks: bool,
}

/// Why a file cannot be used.
#[derive(Debug)]
pub enum Unusable {
    /// SQLite says so.
    Sqlite(rusqlite::Error),
    /// It is in this format, not in the layout's.
    Format(i64),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Layout {
    /// Opens or makes the file. A commit is on the disk when it returns (WAL, `synchronous=FULL`).
    ///
    /// # Errors
    /// If it is no file of this layout, or cannot be opened.
    pub fn open(&self, path: &Path) -> Result<Connection, Unusable> {
        let mut db = Connection::open(path)?;
        db.busy_timeout(BUSY)?;
        if self.shrinks {
            // Before the first table, or it is without effect.
            db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        }
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.pragma_update(None, "foreign_keys", true)?;
        db.set_prepared_statement_cache_capacity(64);
        if format(&db)? == 0 {
            let change = db.transaction()?;
            change.execute_batch(self.tables)?;
            change.pragma_update(None, "user_version", self.format)?;
            change.commit()?;
        }
        match format(&db)? {
            found if found == self.format => Ok(db),
            found => Err(Unusable::Format(found)),
        }
    }
}

fn format(db: &Connection) -> Result<i64, rusqlite::Error> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}
