//! An object of the archive: where it lies, what it holds, what is said of it.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use logmill_kafka_event::Record;
use logmill_model::id;

use crate::line::Line;

/// How far the content is compressed: zlib's own choice between time and size.
const LEVEL: Compression = Compression::new(6);
const CLUSTER: &str = "cluster";
const FIRST_OFFSET: &str = "first-offset";
const LAST_OFFSET: &str = "last-offset";
const FIRST_TIMESTAMP: &str = "first-timestamp";
const RECORDS: &str = "records";

/// What an object's metadata say of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extent {
    /// The cluster that its records come from, as events name it.
    pub cluster: String,
    /// The offset of its first record.
    pub first: i64,
    /// The offset of its last record.
    pub last: i64,
    /// The time of its first record, in milliseconds since 1970.
    pub first_timestamp: Option<i64>,
    /// How many records it holds.
    pub records: u64,
}

impl Extent {
    /// That of records; none if there are none.
    #[must_use]
    pub fn of(cluster: &str, records: &[Record<'_>]) -> Option<Self> {
        let (first, last) = (records.first()?, records.last()?);
        Some(Self {
            cluster: cluster.to_owned(),
            first: first.offset,
            last: last.offset,
            first_timestamp: first.timestamp.map(Timestamp::as_millisecond),
            records: records.len() as u64,
        })
    }

    /// As an object's metadata have it; none if they are not of an archive.
    #[must_use]
    pub fn read(metadata: &BTreeMap<String, String>) -> Option<Self> {
        Some(Self {
            cluster: metadata.get(CLUSTER)?.clone(),
            first: metadata.get(FIRST_OFFSET)?.parse().ok()?,
            last: metadata.get(LAST_OFFSET)?.parse().ok()?,
            first_timestamp: metadata.get(FIRST_TIMESTAMP).and_then(|ms| ms.parse().ok()),
            records: metadata.get(RECORDS)?.parse().ok()?,
        })
    }

    /// For an object's metadata.
    #[must_use]
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let mut metadata = BTreeMap::from([
            (CLUSTER.to_owned(), self.cluster.clone()),
            (FIRST_OFFSET.to_owned(), self.first.to_string()),
            (LAST_OFFSET.to_owned(), self.last.to_string()),
            (RECORDS.to_owned(), self.records.to_string()),
        ]);
        if let Some(time) = self.first_timestamp {
            metadata.insert(FIRST_TIMESTAMP.to_owned(), time.to_string());
        }
        metadata
    }
}

/// The day of a record as keys have it, `2026/11/22`; of one without a time the first there is.
#[must_use]
pub fn day(time: Option<Timestamp>) -> String {
    let time = time.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC);
    time.strftime("%Y/%m/%d").to_string()
}

/// How the keys of a topic's objects begin on a day.
#[must_use]
pub(crate) fn prefix(day: &str, topic: &str) -> String {
    format!("{day}/{}-", id::encode(topic))
}

/// The key of the object that begins with a record.
#[must_use]
pub(crate) fn key(first: &Record<'_>) -> String {
    let beginning = prefix(&day(first.timestamp), &first.topic);
    format!("{beginning}{}-{}.ndjson.gz", first.partition, first.offset)
}

/// The key of the same where that is taken by a topic of the same name that was deleted since.
#[must_use]
pub(crate) fn key_of_successor(first: &Record<'_>) -> String {
    let beginning = prefix(&day(first.timestamp), &first.topic);
    let time = first.timestamp.map_or(0, Timestamp::as_millisecond);
    format!("{beginning}{}-{}.{time}.ndjson.gz", first.partition, first.offset)
}

/// The records as an object holds them: lines of JSON in one member of gzip without a time, so that
/// the same records are the same bytes.
pub(crate) fn content(records: &[Record<'_>]) -> std::io::Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), LEVEL);
    for record in records {
        serde_json::to_writer(&mut gzip, &Line::of(record))?;
        gzip.write_all(b"\n")?;
    }
    gzip.finish()
}

/// How many of the records belong into one object: those until the day changes. A record without a
/// time belongs to the day of those before it.
#[must_use]
pub(crate) fn run(records: &[Record<'_>]) -> usize {
    let Some(first) = records.first() else { return 0 };
    let today = day(first.timestamp);
    let other = |record: &Record<'_>| record.timestamp.is_some_and(|time| day(Some(time)) != today);
    records.iter().position(other).unwrap_or(records.len())
}
