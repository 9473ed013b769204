//! Reading the archive back.

use std::collections::{BTreeSet, HashSet};
use std::io::{BufRead as _, BufReader};

use bytes::{Buf as _, Bytes};
use flate2::read::MultiGzDecoder;
use logmill_model::id;
use logmill_objects::{Error, GetOptions, Objects};

use crate::line::Line;
use crate::object::{self, Extent};

/// The most bytes of an object that is read.
pub(crate) const MOST: u64 = 1 << 30;
const SUFFIX: &str = ".ndjson.gz";

/// Where an object of the archive lies, as its key says.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// The partition.
    pub partition: i32,
    /// The offset of its first record.
    pub first: i64,
    /// Its key.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Why an archive cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The store says so.
    #[error(transparent)]
    Objects(#[from] Error),
    /// It is not as it was put.
    #[error("{object} is damaged: {why}")]
    Damaged {
        /// The object's address.
        object: String,
        /// What is wrong with it.
        why: String,
    },
}

/// Reads an archive.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Where it lies.
    pub objects: Objects,
    /// Its bucket.
    pub bucket: String,
}

/// The lines of an object.
pub struct Lines {
    object: String,
    reader: BufReader<MultiGzDecoder<bytes::buf::Reader<Bytes>>>,
    line: String,
}

impl Lines {
    /// The next line, and what it says.
    ///
    /// # Errors
    /// [`ReadError::Damaged`]
    pub fn read_next(&mut self) -> Result<Option<(&str, Line<'_>)>, ReadError> {
        self.line.clear();
        let damaged = |why: String| ReadError::Damaged { object: self.object.clone(), why };
        let read = self.reader.read_line(&mut self.line);
        if read.map_err(|error| damaged(error.to_string()))? == 0 {
            return Ok(None);
        }
        let text = self.line.trim_end_matches('\n');
        let line = serde_json::from_str(text).map_err(|error| damaged(error.to_string()))?;
        Ok(Some((text, line)))
    }
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines").field("object", &self.object).finish_non_exhaustive()
    }
}

/// What a key says behind the day and the topic: `{partition}-{first offset}`, and behind a point the
/// time of a successor's first record.
fn numbers(rest: &str) -> Option<(i32, i64)> {
    let (partition, first) = rest.strip_suffix(SUFFIX)?.split_once('-')?;
    let first = first.split_once('.').map_or(first, |(first, _)| first);
    Some((partition.parse().ok()?, first.parse().ok()?))
}

/// The topic of a key behind its day.
fn topic(name: &str) -> Option<String> {
    let (rest, first) = name.rsplit_once('-')?;
    let (topic, partition) = rest.rsplit_once('-')?;
    numbers(&format!("{partition}-{first}")).map(|_| id::decode(topic))
}

impl Reader {
    /// The objects of a topic on a day (`2026/11/22`), by partition and offset.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn list(&self, day: &str, topic: &str) -> Result<Vec<Place>, Error> {
        let prefix = object::prefix(day, topic);
        let mut places = Vec::new();
        let mut after = None;
        loop {
            let page = self.objects.list(&self.bucket, &prefix, after.as_deref()).await?;
            for listed in page.objects {
                // Other topics' names may begin with this one's.
                let read = listed.key.strip_prefix(&prefix).and_then(numbers);
                if let Some((partition, first)) = read {
                    places.push(Place { partition, first, key: listed.key, size: listed.size });
                }
            }
            after = page.next;
            if after.is_none() {
                places.sort_unstable();
                return Ok(places);
            }
        }
    }

    /// The topics that have objects on a day, by name.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn topics(&self, day: &str) -> Result<Vec<String>, Error> {
        let prefix = format!("{day}/");
        let mut topics = BTreeSet::new();
        let mut after = None;
        loop {
            let page = self.objects.list(&self.bucket, &prefix, after.as_deref()).await?;
            for listed in &page.objects {
                let name = listed.key.strip_prefix(&prefix).and_then(topic);
                topics.extend(name);
            }
            after = page.next;
            if after.is_none() {
                return Ok(topics.into_iter().collect());
            }
        }
    }

    /// Calls `each` with every record of an object: its line, and what it says.
    ///
    /// # Errors
    /// Those of the store, a damaged object, and those of `each`.
    pub async fn read<E: From<ReadError>>(
        &self,
        place: &Place,
        mut each: impl FnMut(&str, &Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut lines = self.lines(place).await?;
        while let Some((text, record)) = lines.read_next()? {
            each(text, &record)?;
        }
        Ok(())
    }

    /// The lines of an object, one after the other.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn lines(&self, place: &Place) -> Result<Lines, ReadError> {
        let body = self.objects.get(&self.bucket, &place.key, GetOptions::default()).await?;
        let packed = body.collect(MOST).await?;
        Ok(Lines {
            object: format!("s3://{}/{}", self.bucket, place.key),
            reader: BufReader::new(MultiGzDecoder::new(packed.reader())),
            line: String::new(),
        })
    }

    /// What an object's metadata say of it; none of one that is no archive.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn extent(&self, place: &Place) -> Result<Option<Extent>, Error> {
        let head = self.objects.head(&self.bucket, &place.key).await?;
        Ok(Extent::read(&head.user_metadata))
    }

    /// The same with all objects of a day, each record once: where a crash left both an object and
    /// those that it was joined of, the same record stands in two.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub async fn read_day<E: From<ReadError>>(
        &self,
        day: &str,
        topic: &str,
        partition: Option<i32>,
        mut each: impl FnMut(&str, &Line<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut seen: HashSet<(i64, Option<i64>)> = HashSet::new();
        let mut end = (i32::MIN, i64::MIN);
        for place in self.list(day, topic).await.map_err(ReadError::from)? {
            if partition.is_some_and(|partition| partition != place.partition) {
                continue;
            }
            if (place.partition, place.first) > end {
                seen.clear();
            }
            self.read(&place, |text, line| {
                end = end.max((line.partition, line.offset));
                if seen.insert((line.offset, line.timestamp)) { each(text, line) } else { Ok(()) }
            })
            .await?;
        }
        Ok(())
    }
}
