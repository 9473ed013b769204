//! What is kept: batches by their age and by how much there is, and what is known of producers.
//!
//! A batch's age counts from its arrival, not from the time in its records: an old event that was sent
//! today is kept as long as any other.

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::error::Error;
use crate::topics::TopicSettings;

/// How long an idempotent producer is remembered after its last batch, as in Kafka's own default.
const PRODUCERS_MS: i64 = 24 * 3_600_000;
/// How many pages are given back to the file system at once.
const PAGES: u32 = 4_096;

/// Removes what a partition is not to keep; the offset that it begins at now.
pub(crate) fn sweep(
    db: &Connection,
    partition: i64,
    settings: &TopicSettings,
    now_ms: i64,
) -> Result<i64, Error> {
    if settings.retention_ms >= 0 {
        // They arrived in order, so the first one that is young enough ends it.
        let oldest = now_ms.saturating_sub(settings.retention_ms);
        let mut young = db.prepare_cached(
            "SELECT last_offset FROM batches WHERE partition = ?1 AND stored_ms >= ?2 \
             ORDER BY last_offset LIMIT 1",
        )?;
        let first = young.query_row(params![partition, oldest], |row| row.get::<_, i64>(0));
        delete_before(db, partition, first.optional()?.unwrap_or(i64::MAX))?;
    }
    if settings.retention_bytes >= 0 {
        let mut newest_first = db.prepare_cached(
            "SELECT last_offset, size FROM batches WHERE partition = ? ORDER BY last_offset DESC",
        )?;
        let mut rows = newest_first.query([partition])?;
        let (mut kept, mut first) = (0_i64, i64::MAX);
        while let Some(row) = rows.next()? {
            // Kafka keeps at least so much, and goes beyond it by less than a segment, here a batch.
            if kept >= settings.retention_bytes {
                break;
            }
            kept = kept.saturating_add(row.get(1)?);
            first = row.get(0)?;
        }
        drop(rows);
        delete_before(db, partition, first)?;
    }
    let start = db
        .prepare_cached("SELECT start_offset FROM partitions WHERE id = ?")?
        .query_row([partition], |row| row.get(0));
    Ok(start.optional()?.unwrap_or_default())
}

/// Removes the batches that end before an offset.
fn delete_before(db: &Connection, partition: i64, offset: i64) -> Result<(), Error> {
    let mut last = db.prepare_cached(
        "SELECT max(last_offset) FROM batches WHERE partition = ? AND last_offset < ?",
    )?;
    let last: Option<i64> = last.query_row(params![partition, offset], |row| row.get(0))?;
    let Some(last) = last else { return Ok(()) };
    db.prepare_cached("DELETE FROM batches WHERE partition = ? AND last_offset <= ?")?
        .execute(params![partition, last])?;
    db.prepare_cached("UPDATE partitions SET start_offset = ? WHERE id = ?")?
        .execute(params![last + 1, partition])?;
    Ok(())
}

/// Forgets producers that are gone, and gives space back.
pub(crate) fn forget(db: &Connection, now_ms: i64) -> Result<(), Error> {
    let oldest = now_ms.saturating_sub(PRODUCERS_MS);
    db.execute("DELETE FROM sequences WHERE stored_ms < ?", [oldest])?;
    db.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    Ok(())
}
