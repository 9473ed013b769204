//! The queues themselves: made, found, changed, removed.

use crate::error::Error;
use crate::settings::{Redrive, Settings};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::time::Duration;

const COLUMNS: &str = "visibility_ms, delay_ms, retention_ms, wait_ms, redrive_queue, \
                       max_receives, created_ms, changed_ms";

/// One queue's row.
#[derive(Clone, Debug)]
pub(crate) struct QueueRow {
    pub(crate) settings: Settings,
    pub(crate) created_ms: i64,
    pub(crate) changed_ms: i64,
}

/// The row of a queue that must be there.
pub(crate) fn get(db: &Connection, queue: &str) -> Result<QueueRow, Error> {
    find(db, queue)?.ok_or_else(|| Error::NoQueue { queue: queue.to_owned() })
}

/// The row of a queue, if there is one.
pub(crate) fn find(db: &Connection, queue: &str) -> Result<Option<QueueRow>, Error> {
    let mut found = db.prepare_cached(&format!("SELECT {COLUMNS} FROM queues WHERE name = ?"))?;
    Ok(found.query_row([queue], read).optional()?)
}

/// Makes a queue, or finds the one with the same settings.
pub(crate) fn create(
    db: &Connection,
    queue: &str,
    settings: &Settings,
    now: i64,
) -> Result<(), Error> {
    check_name(queue)?;
    check(db, settings)?;
    if let Some(there) = find(db, queue)? {
        if there.settings == *settings {
            return Ok(());
        }
        return Err(Error::Exists { queue: queue.to_owned() });
    }
    db.execute(
        "INSERT INTO queues VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            queue,
            millis(settings.visibility),
            millis(settings.delay),
            millis(settings.retention),
            millis(settings.wait),
            settings.redrive.as_ref().map(|redrive| &redrive.queue),
            settings.redrive.as_ref().map(|redrive| redrive.max_receives),
            now,
            now,
        ],
    )?;
    Ok(())
}

/// Gives a queue other settings.
pub(crate) fn change(
    db: &Connection,
    queue: &str,
    settings: &Settings,
    now: i64,
) -> Result<(), Error> {
    check(db, settings)?;
    get(db, queue)?;
    db.execute(
        "UPDATE queues SET visibility_ms = ?, delay_ms = ?, retention_ms = ?, wait_ms = ?, \
         redrive_queue = ?, max_receives = ?, changed_ms = ? WHERE name = ?",
        params![
            millis(settings.visibility),
            millis(settings.delay),
            millis(settings.retention),
            millis(settings.wait),
            settings.redrive.as_ref().map(|redrive| &redrive.queue),
            settings.redrive.as_ref().map(|redrive| redrive.max_receives),
            now,
            queue,
        ],
    )?;
    Ok(())
}

/// Removes a queue with its messages.
pub(crate) fn remove(db: &Connection, queue: &str) -> Result<(), Error> {
    get(db, queue)?;
    db.execute("DELETE FROM queues WHERE name = ?", [queue])?;
    Ok(())
}

/// The names that begin so, in order.
pub(crate) fn names(db: &Connection, prefix: &str) -> Result<Vec<String>, Error> {
    let mut all = db.prepare_cached(
        "SELECT name FROM queues WHERE substr(name, 1, length(?1)) = ?1 ORDER BY name",
    )?;
    let names = all.query_map([prefix], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

fn check(db: &Connection, settings: &Settings) -> Result<(), Error> {
    settings.check()?;
    match &settings.redrive {
        Some(redrive) => get(db, &redrive.queue).map(drop),
        None => Ok(()),
    }
}

/// A standard queue's name: 1 to 80 of `A-Za-z0-9_-`.
fn check_name(queue: &str) -> Result<(), Error> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=80).contains(&queue.len()) && queue.bytes().all(legal) {
        return Ok(());
    }
    Err(Error::Invalid {
        setting: "QueueName",
        value: format!("{queue:?}"),
        bounds: "1 to 80 letters, digits, `-` or `_` (FIFO queues are not served)",
    })
}

fn read(row: &Row<'_>) -> Result<QueueRow, rusqlite::Error> {
    let queue: Option<String> = row.get(4)?;
    let max_receives: Option<u32> = row.get(5)?;
    Ok(QueueRow {
        settings: Settings {
            visibility: duration(row.get(0)?),
            delay: duration(row.get(1)?),
            retention: duration(row.get(2)?),
            wait: duration(row.get(3)?),
            redrive: queue
                .zip(max_receives)
                .map(|(queue, max_receives)| Redrive { queue, max_receives }),
        },
        created_ms: row.get(6)?,
        changed_ms: row.get(7)?,
    })
}

/// A time as the tables hold it.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn duration(millis: i64) -> Duration {
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}
