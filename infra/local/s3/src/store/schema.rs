//! The tables, and how they are opened.

use crate::error::Error;
use logmill_local_sqlite::{Layout, Unusable};
use rusqlite::Connection;
use std::collections::HashSet;
use std::path::Path;

const LAYOUT: Layout = Layout { format: 1, tables: TABLES, shrinks: false };

// Keys are blobs: S3 lists them in the order of their bytes, and a prefix ends where its last byte,
// plus one, begins.
const TABLES: &str = "
    CREATE TABLE buckets (name TEXT PRIMARY KEY, created_ms INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE objects (
        bucket TEXT NOT NULL REFERENCES buckets (name),
        key BLOB NOT NULL,
        file TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified_ms INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        PRIMARY KEY (bucket, key)
    ) WITHOUT ROWID;
    CREATE TABLE uploads (
        id TEXT PRIMARY KEY,
        bucket TEXT NOT NULL REFERENCES buckets (name),
        key BLOB NOT NULL,
        initiated_ms INTEGER NOT NULL,
        attributes TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX uploads_by_key ON uploads (bucket, key, id);
    CREATE TABLE parts (
        upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        file TEXT NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        modified_ms INTEGER NOT NULL,
        sums TEXT NOT NULL,
        PRIMARY KEY (upload, number)
    ) WITHOUT ROWID;
    CREATE TABLE outbox (
        sequence INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        bucket TEXT NOT NULL,
        key BLOB NOT NULL,
        size INTEGER NOT NULL,
        etag TEXT NOT NULL,
        at_ms INTEGER NOT NULL
    );
    CREATE TABLE sequence (last INTEGER NOT NULL);
    INSERT INTO sequence VALUES (0);
";

/// Opens or makes the file.
pub(super) fn open(path: &Path) -> Result<Connection, Error> {
    LAYOUT.open(path).map_err(|unusable| match unusable {
        Unusable::Sqlite(error) => error.into(),
        Unusable::Format(found) => {
            Error::Format { path: path.to_owned(), found, expected: LAYOUT.format }
        }
    })
}

/// The content files that rows name.
pub(super) fn named_files(db: &Connection) -> Result<HashSet<String>, Error> {
    let mut all = db.prepare("SELECT file FROM objects UNION ALL SELECT file FROM parts")?;
    let files = all.query_map([], |row| row.get(0))?;
    Ok(files.collect::<Result<_, _>>()?)
}

/// The sequence of the last event that was ever written.
pub(super) fn last_sequence(db: &Connection) -> Result<u64, Error> {
    Ok(db.query_row("SELECT last FROM sequence", [], |row| row.get(0))?)
}
