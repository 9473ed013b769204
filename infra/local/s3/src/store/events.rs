//! The outbox: one row a change, until it is acknowledged.

use super::{Change, Fault, to_sql};
use crate::event::{Event, EventKind};
use rusqlite::params;
use std::time::{SystemTime, UNIX_EPOCH};

impl Change<'_> {
    /// Writes the event of this change.
    pub(super) fn record(
        &mut self,
        kind: EventKind,
        bucket: &str,
        key: &str,
        (size, etag): (u64, &str),
        at_ms: i64,
    ) -> Result<(), Fault> {
        // It grows with the clock, so that a storage made anew does not begin below the old one.
        let micros = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |now| i64::try_from(now.as_micros()).unwrap_or(0));
        let mut next =
            self.db.prepare_cached("UPDATE sequence SET last = max(last + 1, ?) RETURNING last")?;
        let sequence: i64 = next.query_row([micros], |row| row.get(0))?;
        let mut insert =
            self.db.prepare_cached("INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?)")?;
        let row = params![sequence, kind.name(), bucket, key.as_bytes(), to_sql(size), etag, at_ms];
        insert.execute(row)?;
        self.event = u64::try_from(sequence).ok();
        Ok(())
    }

    /// The oldest events, in their order.
    pub(crate) fn events(&self, limit: usize) -> Result<Vec<Event>, Fault> {
        let mut oldest = self.db.prepare_cached(
            "SELECT sequence, kind, bucket, key, size, etag, at_ms FROM outbox \
             ORDER BY sequence LIMIT ?",
        )?;
        let events = oldest.query_map([i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
            let (kind, key): (String, Vec<u8>) = (row.get(1)?, row.get(3)?);
            Ok(Event {
                sequence: row.get(0)?,
                kind: EventKind::from_name(&kind),
                bucket: row.get(2)?,
                key: String::from_utf8_lossy(&key).into_owned(),
                size: row.get(4)?,
                etag: row.get(5)?,
                at_ms: row.get(6)?,
            })
        })?;
        Ok(events.collect::<Result<_, _>>()?)
    }

    /// Removes the events up to this one.
    pub(crate) fn acknowledge(&self, upto: u64) -> Result<(), Fault> {
        self.db.execute("DELETE FROM outbox WHERE sequence <= ?", [to_sql(upto)])?;
        Ok(())
    }
}
