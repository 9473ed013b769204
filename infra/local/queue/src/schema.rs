//! The tables in the queue's file, and how it is opened.

use crate::error::Error;
use logmill_local_sqlite::{Layout, Unusable};
use rusqlite::Connection;
use std::path::Path;

const LAYOUT: Layout = Layout { format: 1, tables: TABLES, shrinks: false };

const TABLES: &str = "
    CREATE TABLE queues (
        name TEXT PRIMARY KEY,
        visibility_ms INTEGER NOT NULL,
        delay_ms INTEGER NOT NULL,
        retention_ms INTEGER NOT NULL,
        wait_ms INTEGER NOT NULL,
        redrive_queue TEXT,
        max_receives INTEGER,
        created_ms INTEGER NOT NULL,
        changed_ms INTEGER NOT NULL
    ) WITHOUT ROWID;
    -- AUTOINCREMENT: an id is never given twice, or an old receipt could name a new message.
    CREATE TABLE messages (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        queue TEXT NOT NULL REFERENCES queues (name) ON DELETE CASCADE,
        body TEXT NOT NULL,
        attributes TEXT,
        sent_ms INTEGER NOT NULL,
        visible_ms INTEGER NOT NULL,
        in_flight INTEGER NOT NULL DEFAULT 0,
        receives INTEGER NOT NULL DEFAULT 0,
        first_received_ms INTEGER
    );
    CREATE INDEX messages_by_visibility ON messages (queue, visible_ms, id);
    CREATE INDEX messages_by_age ON messages (queue, sent_ms);
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
