//! The tables of the log's file, and how it is opened.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::Error;

/// The number that SQLite keeps for us in the file; another one is another format.
const FORMAT: i64 = 1;

const TABLES: &str = "
    CREATE TABLE topics (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        retention_ms INTEGER NOT NULL,
        retention_bytes INTEGER NOT NULL,
        max_message_bytes INTEGER NOT NULL
    );
    -- AUTOINCREMENT: a partition of a topic that was made anew is another one.
    CREATE TABLE partitions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        topic INTEGER NOT NULL REFERENCES topics (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        start_offset INTEGER NOT NULL DEFAULT 0,
        next_offset INTEGER NOT NULL DEFAULT 0,
        UNIQUE (topic, number)
    );
    -- The batches as their producers made them. What a look needs stands before the bytes.
    CREATE TABLE batches (
        partition INTEGER NOT NULL REFERENCES partitions (id) ON DELETE CASCADE,
        last_offset INTEGER NOT NULL,
        stored_ms INTEGER NOT NULL,
        max_timestamp INTEGER NOT NULL,
        size INTEGER NOT NULL,
        bytes BLOB NOT NULL,
        PRIMARY KEY (partition, last_offset)
    );
    -- What the last batches of each idempotent producer were.
    CREATE TABLE sequences (
        partition INTEGER NOT NULL REFERENCES partitions (id) ON DELETE CASCADE,
        producer INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        batches BLOB NOT NULL,
        stored_ms INTEGER NOT NULL,
        PRIMARY KEY (partition, producer)
    ) WITHOUT ROWID;
    CREATE TABLE producers (next_id INTEGER NOT NULL);
    INSERT INTO producers VALUES (1000);
    CREATE TABLE committed (
        consumer_group TEXT NOT NULL,
        partition INTEGER NOT NULL REFERENCES partitions (id) ON DELETE CASCADE,
        next_offset INTEGER NOT NULL,
        metadata TEXT NOT NULL,
        PRIMARY KEY (consumer_group, partition)
    ) WITHOUT ROWID;
    CREATE INDEX committed_by_partition ON committed (partition);
";

/// Opens or makes the file. A commit is on the disk when it returns (WAL, `synchronous=FULL`).
pub(crate) fn open(path: &Path) -> Result<Connection, Error> {
    let fail = |source| Error::Open { path: path.to_owned(), source };
    let mut db = Connection::open(path).map_err(fail)?;
    let found = prepare(&mut db).map_err(fail)?;
    if found != FORMAT {
        return Err(Error::Format { path: path.to_owned(), found, expected: FORMAT });
    }
    Ok(db)
}

/// Another connection to a file that is open, only to read.
pub(crate) fn reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(Duration::from_secs(5))?;
    Ok(db)
}

fn prepare(db: &mut Connection) -> Result<i64, rusqlite::Error> {
    db.busy_timeout(Duration::from_secs(5))?;
    // Before the first table, or it is without effect.
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.set_prepared_statement_cache_capacity(64);
    let format = |db: &Connection| db.pragma_query_value(None, "user_version", |row| row.get(0));
    if format(db)? == 0 {
        let change = db.transaction()?;
        change.execute_batch(TABLES)?;
        change.pragma_update(None, "user_version", FORMAT)?;
        change.commit()?;
    }
    format(db)
}
