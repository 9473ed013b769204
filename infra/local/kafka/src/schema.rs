//! The tables of the log's file, and how it is opened.

use std::path::Path;

use logmill_local_sqlite::{BUSY, Layout, Unusable};
use rusqlite::{Connection, OpenFlags};

use crate::error::Error;

const LAYOUT: Layout = Layout { format: 1, tables: TABLES, shrinks: true };

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

/// Opens or makes the file.
pub(crate) fn open(path: &Path) -> Result<Connection, Error> {
    LAYOUT.open(path).map_err(|unusable| match unusable {
        Unusable::Sqlite(source) => Error::Open { path: path.to_owned(), source },
        Unusable::Format(found) => {
            Error::Format { path: path.to_owned(), found, expected: LAYOUT.format }
        }
    })
}

/// Another connection to a file that is open, only to read.
pub(crate) fn reader(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    Ok(db)
}
