//! The topics, as the process knows them: their settings, and how far each partition reaches.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use kafka_protocol::error::ResponseError;
use rusqlite::{Connection, params};

use crate::error::Error;

/// The most partitions of a topic, and of all topics together.
const MOST_PARTITIONS: usize = 1_000;
const MOST_IN_ALL: usize = 10_000;
/// The largest batch that a topic may be set to take.
pub(crate) const LARGEST_MESSAGE: i64 = 16 << 20;

/// What a topic is made with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TopicSettings {
    /// How many partitions it has.
    pub partitions: i32,
    /// How long a batch is kept, counted from its arrival, in milliseconds; -1: for ever.
    pub retention_ms: i64,
    /// How many bytes of a partition are kept; -1: all.
    pub retention_bytes: i64,
    /// The most bytes of a batch.
    pub max_message_bytes: i64,
}

impl Default for TopicSettings {
    /// One partition, 7 days, batches of 1 MB: Kafka's own defaults.
    fn default() -> Self {
        Self {
            partitions: 1,
            retention_ms: 7 * 24 * 3_600_000,
            retention_bytes: -1,
            max_message_bytes: 1_048_588,
        }
    }
}

/// A topic that exists.
#[derive(Debug)]
pub(crate) struct Topic {
    pub(crate) settings: TopicSettings,
    pub(crate) partitions: Vec<Arc<Partition>>,
}

/// A partition, and what of it is stored.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) id: i64,
    start: AtomicI64,
    end: AtomicI64,
}

impl Partition {
    fn new(id: i64, start: i64, end: i64) -> Arc<Self> {
        Arc::new(Self { id, start: AtomicI64::new(start), end: AtomicI64::new(end) })
    }

    /// The first offset that is still there.
    pub(crate) fn start(&self) -> i64 {
        self.start.load(Ordering::Acquire)
    }

    /// The offset of the next record to come.
    pub(crate) fn end(&self) -> i64 {
        self.end.load(Ordering::Acquire)
    }

    pub(crate) fn starts_at(&self, offset: i64) {
        self.start.fetch_max(offset, Ordering::AcqRel);
    }

    pub(crate) fn ends_at(&self, offset: i64) {
        self.end.fetch_max(offset, Ordering::AcqRel);
    }
}

/// All topics by their names.
#[derive(Debug, Default)]
pub(crate) struct Topics(RwLock<BTreeMap<String, Arc<Topic>>>);

impl Topics {
    pub(crate) fn load(db: &Connection) -> Result<Self, rusqlite::Error> {
        let mut topics = db.prepare(
            "SELECT id, name, retention_ms, retention_bytes, max_message_bytes FROM topics",
        )?;
        let rows = topics.query_map([], |row| {
            let settings = TopicSettings {
                partitions: 0,
                retention_ms: row.get(2)?,
                retention_bytes: row.get(3)?,
                max_message_bytes: row.get(4)?,
            };
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, settings))
        })?;
        let mut partitions = db.prepare(
            "SELECT id, start_offset, next_offset FROM partitions WHERE topic = ? ORDER BY number",
        )?;
        let mut loaded = BTreeMap::new();
        for row in rows {
            let (id, name, mut settings) = row?;
            let found = partitions
                .query_map([id], |row| Ok(Partition::new(row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let partitions = found.collect::<Result<Vec<_>, _>>()?;
            settings.partitions = i32::try_from(partitions.len()).unwrap_or(i32::MAX);
            loaded.insert(name, Arc::new(Topic { settings, partitions }));
        }
        Ok(Self(RwLock::new(loaded)))
    }

    pub(crate) fn get(&self, name: &str) -> Option<Arc<Topic>> {
        self.read().get(name).cloned()
    }

    pub(crate) fn partition(&self, topic: &str, number: i32) -> Option<Arc<Partition>> {
        let topic = self.get(topic)?;
        topic.partitions.get(usize::try_from(number).ok()?).cloned()
    }

    pub(crate) fn all(&self) -> Vec<(String, Arc<Topic>)> {
        self.read().iter().map(|(name, topic)| (name.clone(), Arc::clone(topic))).collect()
    }

    /// Whether a topic may be made so.
    pub(crate) fn check(&self, name: &str, settings: &TopicSettings) -> Result<(), Error> {
        let topics = self.read();
        check_name(name)?;
        if topics.contains_key(name) {
            let message = format!("the topic `{name}` exists already");
            return Err(Error::answer(ResponseError::TopicAlreadyExists, message));
        }
        let many = topics.values().map(|topic| topic.partitions.len()).sum::<usize>();
        let partitions = usize::try_from(settings.partitions).unwrap_or(0);
        if !(1..=MOST_PARTITIONS).contains(&partitions) || many + partitions > MOST_IN_ALL {
            let message = format!(
                "a topic has 1 to {MOST_PARTITIONS} partitions, and all topics of the local Kafka \
                 together {MOST_IN_ALL}"
            );
            return Err(Error::answer(ResponseError::InvalidPartitions, message));
        }
        check_settings(settings)
    }

    pub(crate) fn insert(&self, name: &str, settings: TopicSettings, partitions: &[i64]) {
        let partitions = partitions.iter().map(|id| Partition::new(*id, 0, 0)).collect();
        let topic = Arc::new(Topic { settings, partitions });
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), topic);
    }

    pub(crate) fn remove(&self, name: &str) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Topic>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check_settings(settings: &TopicSettings) -> Result<(), Error> {
    let invalid = |message: &str| Err(Error::answer(ResponseError::InvalidConfig, message));
    if settings.retention_ms < -1 {
        return invalid("retention.ms is -1 or more");
    }
    if settings.retention_bytes < -1 {
        return invalid("retention.bytes is -1 or more");
    }
    if !(0..=LARGEST_MESSAGE).contains(&settings.max_message_bytes) {
        return invalid("max.message.bytes is 0 to 16777216 in the local Kafka");
    }
    Ok(())
}

/// Kafka's own rule for names.
fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let good = (1..=249).contains(&name.len()) && name.bytes().all(allowed);
    if good && name != "." && name != ".." {
        return Ok(());
    }
    let name: String = name.chars().take(80).collect();
    let message =
        format!("`{name}` is no name of a topic: give 1 to 249 of letters, digits, `.`, `_`, `-`");
    Err(Error::answer(ResponseError::InvalidTopicException, message))
}

/// Stores a topic that [`Topics::check`] let pass; the ids of its partitions.
pub(crate) fn create(
    db: &Connection,
    name: &str,
    settings: &TopicSettings,
) -> Result<Vec<i64>, Error> {
    let mut topic = db.prepare_cached(
        "INSERT INTO topics (name, retention_ms, retention_bytes, max_message_bytes) \
         VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    )?;
    let (ms, bytes) = (settings.retention_ms, settings.retention_bytes);
    if topic.execute(params![name, ms, bytes, settings.max_message_bytes])? == 0 {
        let message = format!("the topic `{name}` exists already");
        return Err(Error::answer(ResponseError::TopicAlreadyExists, message));
    }
    let topic = db.last_insert_rowid();
    let mut partition =
        db.prepare_cached("INSERT INTO partitions (topic, number) VALUES (?, ?)")?;
    (0..settings.partitions).map(|number| Ok(partition.insert(params![topic, number])?)).collect()
}

/// Removes a topic with all that it holds.
pub(crate) fn delete(db: &Connection, name: &str) -> Result<(), Error> {
    if db.execute("DELETE FROM topics WHERE name = ?", [name])? == 0 {
        return Err(Error::no_topic(name));
    }
    Ok(())
}
