//! The log: topics, batches, committed offsets, in one file. Writes go through one thread, reads have
//! connections of their own, and neither is done on an async thread.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::watch;

use crate::batch::{self, Head};
use crate::error::Error;
use crate::records::{self, Record};
use crate::sequence::{Sequence, Verdict};
use crate::topics::{self, Partition, Topic, TopicSettings, Topics};
use crate::writer::Writer;
use crate::{retention, schema};

/// How many idle connections are kept for readers.
const READERS: usize = 4;

/// The log of one file.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    pub(crate) topics: Arc<Topics>,
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    /// Changes with every batch that has become durable.
    appended: Arc<watch::Sender<u64>>,
    next_member: AtomicI64,
}

impl Log {
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let db = schema::open(path)?;
        let topics = Arc::new(Topics::load(&db)?);
        Ok(Self {
            path: path.to_owned(),
            topics,
            writer: Writer::start(db).map_err(Error::Serve)?,
            readers: Mutex::default(),
            appended: Arc::new(watch::Sender::new(0)),
            next_member: AtomicI64::new(1),
        })
    }

    pub(crate) fn appended(&self) -> watch::Receiver<u64> {
        self.appended.subscribe()
    }

    /// A number that no other member of a group has in this process.
    pub(crate) fn member_number(&self) -> i64 {
        self.next_member.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) async fn create(&self, name: &str, settings: TopicSettings) -> Result<(), Error> {
        self.topics.check(name, &settings)?;
        let (stored, known) = ((name.to_owned(), settings.clone()), Arc::clone(&self.topics));
        let name = name.to_owned();
        let created = self.writer.submit(
            move |db| topics::create(db, &stored.0, &stored.1),
            move |ids| known.insert(&name, settings, ids),
        );
        created.wait().await.map(drop)
    }

    pub(crate) async fn delete(&self, name: &str) -> Result<(), Error> {
        if self.topics.get(name).is_none() {
            return Err(Error::no_topic(name));
        }
        let (stored, name) = (name.to_owned(), name.to_owned());
        let known = Arc::clone(&self.topics);
        let deleted = self
            .writer
            .submit(move |db| topics::delete(db, &stored), move |()| known.remove(&name));
        deleted.wait().await
    }

    /// Appends a batch that a producer sent; the offset of its first record, when it is durable. The
    /// order of the calls is that of the batches, not the order in which they are waited for.
    pub(crate) fn append(
        &self,
        topic: &Topic,
        partition: &Arc<Partition>,
        batch: &[u8],
    ) -> Result<impl Future<Output = Result<i64, Error>> + Send + use<>, Error> {
        let most = usize::try_from(topic.settings.max_message_bytes).unwrap_or(0);
        let head = batch::check(batch, most)?;
        let (id, batch) = (partition.id, batch.to_vec());
        let (partition, appended) = (Arc::clone(partition), Arc::clone(&self.appended));
        let stored = self.writer.submit(
            move |db| store(db, id, &head, batch),
            move |(_, end)| {
                partition.ends_at(*end);
                appended.send_modify(|count| *count += 1);
            },
        );
        Ok(async move { stored.wait().await.map(|(base, _)| base) })
    }

    /// Whole batches from the one with this offset on: one, and more as long as they fit.
    pub(crate) async fn read(
        self: &Arc<Self>,
        partition: &Partition,
        offset: i64,
        max_bytes: usize,
    ) -> Result<Vec<u8>, Error> {
        let (id, end) = (partition.id, partition.end());
        self.look(move |db| {
            let mut select = db.prepare_cached(
                "SELECT bytes FROM batches WHERE partition = ? AND last_offset >= ? \
                 AND last_offset < ? ORDER BY last_offset",
            )?;
            let mut rows = select.query(params![id, offset, end])?;
            let mut batches = Vec::new();
            while let Some(row) = rows.next()? {
                let bytes = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
                if !batches.is_empty() && batches.len() + bytes.len() > max_bytes {
                    break;
                }
                batches.extend_from_slice(bytes);
            }
            Ok(batches)
        })
        .await
    }

    /// The first record that is not older than a time: its offset and its own time.
    pub(crate) async fn since(
        self: &Arc<Self>,
        partition: &Partition,
        timestamp: i64,
    ) -> Result<Option<(i64, i64)>, Error> {
        let id = partition.id;
        self.look(move |db| {
            let mut select = db.prepare_cached(
                "SELECT bytes FROM batches WHERE partition = ? AND max_timestamp >= ? \
                 ORDER BY last_offset LIMIT 1",
            )?;
            let found = select.query_row(params![id, timestamp], |row| row.get::<_, Vec<u8>>(0));
            let Some(batch) = found.optional()? else { return Ok(None) };
            let records = records::decode(&batch)?;
            let first = records.into_iter().find(|record| record.timestamp >= timestamp);
            Ok(first.map(|record| (record.offset, record.timestamp)))
        })
        .await
    }

    /// The records from an offset on, of one batch at least; and the offset behind the last one.
    pub(crate) async fn records(
        self: &Arc<Self>,
        partition: &Partition,
        offset: i64,
        max_bytes: usize,
    ) -> Result<Vec<Record>, Error> {
        let batches = self.read(partition, offset, max_bytes).await?;
        let done = tokio::task::spawn_blocking(move || {
            let mut records = Vec::new();
            let mut rest = batches.as_slice();
            while let Some((batch, after)) = split(rest) {
                records.extend(records::decode(batch)?);
                rest = after;
            }
            records.retain(|record| record.offset >= offset);
            Ok(records)
        });
        done.await.map_err(|_| Error::Stopping)?
    }

    pub(crate) async fn producer_id(&self) -> Result<i64, Error> {
        let next = "UPDATE producers SET next_id = next_id + 1 RETURNING next_id";
        self.writer
            .submit(move |db| Ok(db.query_row(next, [], |row| row.get(0))?), |_| {})
            .wait()
            .await
    }

    /// Stores where a group goes on in these partitions.
    pub(crate) async fn commit(
        &self,
        group: &str,
        offsets: Vec<(i64, i64, String)>,
    ) -> Result<(), Error> {
        let group = group.to_owned();
        let work = move |db: &Connection| {
            let mut put = db.prepare_cached(
                "INSERT OR REPLACE INTO committed (consumer_group, partition, next_offset, metadata) \
                 SELECT ?1, id, ?3, ?4 FROM partitions WHERE id = ?2",
            )?;
            for (partition, offset, metadata) in offsets {
                put.execute(params![group, partition, offset, metadata])?;
            }
            Ok(())
        };
        self.writer.submit(work, |()| {}).wait().await
    }

    /// Where a group goes on, by the partitions' ids.
    pub(crate) async fn committed(
        self: &Arc<Self>,
        group: &str,
    ) -> Result<Vec<(i64, i64, String)>, Error> {
        let group = group.to_owned();
        self.look(move |db| {
            let mut select = db.prepare_cached(
                "SELECT partition, next_offset, metadata FROM committed WHERE consumer_group = ?",
            )?;
            let rows =
                select.query_map([group], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Removes what is older, or more, than the topics keep.
    pub(crate) async fn sweep(&self) -> Result<(), Error> {
        for (_, topic) in self.topics.all() {
            for partition in &topic.partitions {
                let (id, settings) = (partition.id, topic.settings.clone());
                let partition = Arc::clone(partition);
                let swept = self.writer.submit(
                    move |db| retention::sweep(db, id, &settings, now_ms()),
                    move |start| partition.starts_at(*start),
                );
                swept.wait().await?;
            }
        }
        self.writer.submit(|db| retention::forget(db, now_ms()), |()| {}).wait().await
    }

    /// Reads, away from the async threads.
    async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let log = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || {
            let idle = log.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let db = match idle {
                Some(db) => db,
                None => schema::reader(&log.path)?,
            };
            let done = work(&db);
            let mut readers = log.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < READERS {
                readers.push(db);
            }
            done
        });
        done.await.map_err(|_| Error::Stopping)?
    }
}

/// The first of several batches, and the others.
fn split(batches: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = batches.get(8..12)?.try_into().ok().map(i32::from_be_bytes)?;
    batches.split_at_checked(usize::try_from(length).ok()?.checked_add(12)?)
}

/// Stores a batch, unless it is there; its first offset, and where the partition ends now.
fn store(
    db: &Connection,
    partition: i64,
    head: &Head,
    mut batch: Vec<u8>,
) -> Result<(i64, i64), Error> {
    use kafka_protocol::error::ResponseError;
    let mut place = db.prepare_cached("SELECT next_offset FROM partitions WHERE id = ?")?;
    let Some(base) = place.query_row([partition], |row| row.get::<_, i64>(0)).optional()? else {
        let message = "the topic was deleted meanwhile";
        return Err(Error::answer(ResponseError::UnknownTopicOrPartition, message));
    };
    if head.producer >= 0 {
        let mut sequence = sequence(db, partition, head.producer)?;
        let wrong = |error| Error::answer(error, "a batch is out of its producer's sequence");
        if let Verdict::Known(known) = sequence.judge(head).map_err(wrong)? {
            return Ok((known, base));
        }
        sequence.remember(head, base);
        let mut keep =
            db.prepare_cached("INSERT OR REPLACE INTO sequences VALUES (?, ?, ?, ?, ?)")?;
        let (epoch, bytes) = (sequence.epoch, sequence.bytes());
        keep.execute(params![partition, head.producer, epoch, bytes, now_ms()])?;
    }
    let end = base + i64::from(head.count);
    batch::place(&mut batch, base);
    let size = i64::try_from(batch.len()).unwrap_or(i64::MAX);
    let mut insert = db.prepare_cached("INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?)")?;
    insert.execute(params![partition, end - 1, now_ms(), head.max_timestamp, size, batch])?;
    db.prepare_cached("UPDATE partitions SET next_offset = ? WHERE id = ?")?
        .execute(params![end, partition])?;
    Ok((base, end))
}

fn sequence(db: &Connection, partition: i64, producer: i64) -> Result<Sequence, Error> {
    let mut kept = db.prepare_cached(
        "SELECT epoch, batches FROM sequences WHERE partition = ? AND producer = ?",
    )?;
    let of = |row: &rusqlite::Row<'_>| Ok(Sequence::of(row.get(0)?, &row.get::<_, Vec<u8>>(1)?));
    Ok(kept.query_row(params![partition, producer], of).optional()?.unwrap_or_default())
}

/// Now, in milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
