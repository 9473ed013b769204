//! Joining small objects of a day into large ones.
//!
//! Members of gzip behind each other are one file of gzip, so that objects are joined as they are,
//! without being unpacked. The joined object takes the place of its first one in one step; the others
//! are removed behind it. After a crash between the two a record stands in two objects: readers see
//! it once ([`Reader::read_day`]), and the next run removes what was joined already.

use std::collections::HashSet;

use logmill_objects::{Error, ErrorKind, GetOptions, Head, PutOptions};

use crate::object::Extent;
use crate::read::{MOST, Place, ReadError, Reader};

/// Objects are joined until there are so many bytes of them.
pub const TARGET: u64 = 64 * 1024 * 1024;
/// An object that is at least so large is left alone.
const LARGE: u64 = TARGET / 2;

/// What was done to a day of a topic.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Compacted {
    /// How many objects there were.
    pub before: usize,
    /// How many there are now.
    pub after: usize,
}

/// An object that may be joined with others.
struct Part {
    place: Place,
    head: Head,
    extent: Extent,
}

impl Reader {
    /// Joins the small objects of a day that is over: of one to which nothing is added any more.
    ///
    /// # Errors
    /// Those of the store; what was done until then stays done, and the rest is done the next time.
    pub async fn compact(&self, day: &str, topic: &str) -> Result<Compacted, ReadError> {
        let places = self.list(day, topic).await?;
        let before = places.len();
        let mut done = Compacted { before, after: before };
        let mut group: Vec<Part> = Vec::new();
        let mut covering: Option<Part> = None;
        for place in places {
            let Some(part) = self.part(place).await? else { continue };
            let same = |other: &Part| {
                other.place.partition == part.place.partition
                    && other.extent.cluster == part.extent.cluster
            };
            let over = |other: &Part| same(other) && part.extent.first <= other.extent.last;
            let large = covering.as_ref().filter(|large| over(large));
            if let Some(cover) = large.or_else(|| group.last().filter(|last| over(last))) {
                if self.is_within(&part, cover).await? {
                    self.objects.delete(&self.bucket, &part.place.key).await?;
                    done.after -= 1;
                }
                continue;
            }
            let size: u64 = group.iter().map(|part| part.place.size).sum();
            let fits = group.last().is_none_or(same) && size + part.place.size <= TARGET;
            if part.place.size >= LARGE || !fits {
                done.after -= self.join(std::mem::take(&mut group)).await?;
            }
            if part.place.size >= LARGE {
                covering = Some(part);
            } else {
                group.push(part);
            }
        }
        done.after -= self.join(group).await?;
        Ok(done)
    }

    /// What is known of an object; none of one that is no archive, or that another run removed.
    async fn part(&self, place: Place) -> Result<Option<Part>, Error> {
        match self.objects.head(&self.bucket, &place.key).await {
            Ok(head) => {
                let extent = Extent::read(&head.user_metadata);
                Ok(extent.map(|extent| Part { place, head, extent }))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether every record of an object stands in another one too.
    async fn is_within(&self, part: &Part, cover: &Part) -> Result<bool, ReadError> {
        let mut there = HashSet::new();
        self.read(&cover.place, |_, line| {
            if line.offset >= part.extent.first && line.offset <= part.extent.last {
                there.insert((line.offset, line.timestamp));
            }
            Ok::<_, ReadError>(())
        })
        .await?;
        let mut all = true;
        self.read(&part.place, |_, line| {
            all &= there.contains(&(line.offset, line.timestamp));
            Ok::<_, ReadError>(())
        })
        .await?;
        Ok(all)
    }

    /// Joins objects; says how many fewer there are.
    async fn join(&self, parts: Vec<Part>) -> Result<usize, ReadError> {
        let ([first, others @ ..], Some(last)) = (parts.as_slice(), parts.last()) else {
            return Ok(0);
        };
        if others.is_empty() {
            return Ok(0);
        }
        let mut content = Vec::new();
        for part in &parts {
            let options = GetOptions::default();
            let body = self.objects.get(&self.bucket, &part.place.key, options).await?;
            content.extend_from_slice(&body.collect(MOST).await?);
        }
        let extent = Extent {
            last: last.extent.last,
            records: parts.iter().map(|part| part.extent.records).sum(),
            ..first.extent.clone()
        };
        let options = PutOptions {
            user_metadata: extent.metadata(),
            content_type: Some("application/x-ndjson".to_owned()),
            // Another run may have been faster.
            if_match: Some(first.head.etag.clone()),
            ..PutOptions::default()
        };
        self.objects.put(&self.bucket, &first.place.key, content, options).await?;
        for part in others {
            self.objects.delete(&self.bucket, &part.place.key).await?;
        }
        Ok(others.len())
    }
}
