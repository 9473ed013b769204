//! The tables in the queue's file, and how it is opened.

use crate::error::Error;
use rusqlite::Connection;
use std::path::Path;
use std::time::Duration;

/// The number that SQLite keeps for us in the file; another one is another format.
const FORMAT: i64 = 1;

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

fn prepare(db: &mut Connection) -> Result<i64, rusqlite::Error> {
    db.busy_timeout(Duration::from_secs(5))?;
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
