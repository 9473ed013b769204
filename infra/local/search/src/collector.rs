//! The first hits of an index by any sort keys, behind `search_after`.
//!
//! Inside a segment every key is one `u64` whose order is the wanted one: a number's monotonic
//! image, or twice a text's place in the dictionary, inverted for descending. Only the hits that are
//! kept are turned into values that compare across segments.

use std::collections::BinaryHeap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, DynamicColumn, MonotonicallyMappableToU64, StrColumn};
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader};

use crate::schema::column;
use crate::sort::{By, Key, MAX_KEYS, SortValue};

/// The keys of one hit, in the segment's own order.
type Keys = [u64; MAX_KEYS];
/// Above every text and number, below nothing.
const LAST: u64 = u64::MAX;

/// One hit.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) segment: SegmentOrdinal,
    pub(crate) doc: DocId,
    pub(crate) score: Score,
    pub(crate) values: Vec<SortValue>,
}

/// A key with the path whose column it reads in this index.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) key: Key,
    /// None where this index does not know the field.
    pub(crate) path: Option<String>,
}

/// Collects the first `limit` hits behind `after`.
pub(crate) struct First {
    pub(crate) sources: Vec<Source>,
    pub(crate) after: Option<Vec<SortValue>>,
    pub(crate) limit: usize,
    /// Which index this is, for the place of a hit.
    pub(crate) shard: u32,
}

enum Reader {
    Missing,
    Score,
    Place(u64),
    Long(Column<i64>),
    Double(Column<f64>),
    Text(StrColumn),
}

pub(crate) struct FirstInSegment {
    keys: Vec<(Reader, Key)>,
    after: Option<Keys>,
    limit: usize,
    segment: SegmentOrdinal,
    heap: BinaryHeap<(Keys, DocId)>,
    scores: std::collections::HashMap<DocId, Score>,
    scoring: bool,
    matched: usize,
}

impl Collector for First {
    /// The hits in their order, and how many matched whether behind `after` or not.
    type Fruit = (Vec<Hit>, usize);
    type Child = FirstInSegment;

    fn for_segment(
        &self,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<FirstInSegment> {
        let mut keys = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let place = u64::from(self.shard) << 48 | u64::from(segment) << 32;
            let opened = match &source.key.by {
                By::Score => Reader::Score,
                By::Doc => Reader::Place(place),
                By::Id => reader.fast_fields().str("_id")?.map_or(Reader::Missing, Reader::Text),
                By::Field(_) => match &source.path {
                    Some(path) => field_reader(reader, path)?,
                    None => Reader::Missing,
                },
            };
            keys.push((opened, source.key.clone()));
        }
        let after = self.after.as_ref().map(|values| after_keys(&keys, values)).transpose()?;
        Ok(FirstInSegment {
            keys,
            after,
            limit: self.limit,
            segment,
            heap: BinaryHeap::new(),
            scores: std::collections::HashMap::new(),
            scoring: self.requires_scoring(),
            matched: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sources.iter().any(|source| source.key.by == By::Score)
    }

    fn merge_fruits(&self, parts: Vec<(Vec<Hit>, usize)>) -> tantivy::Result<(Vec<Hit>, usize)> {
        let matched = parts.iter().map(|(_, matched)| matched).sum();
        let mut hits: Vec<Hit> = parts.into_iter().flat_map(|(hits, _)| hits).collect();
        let keys: Vec<&Key> = self.sources.iter().map(|source| &source.key).collect();
        hits.sort_by(|a, b| compare(&keys, &a.values, &b.values));
        hits.truncate(self.limit);
        Ok((hits, matched))
    }
}

/// Compares two hits' values key by key.
pub(crate) fn compare(keys: &[&Key], a: &[SortValue], b: &[SortValue]) -> std::cmp::Ordering {
    let orders = keys.iter().zip(a.iter().zip(b)).map(|(key, (a, b))| key.compare(a, b));
    orders.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
}

fn field_reader(reader: &SegmentReader, path: &str) -> tantivy::Result<Reader> {
    for handle in reader.fast_fields().dynamic_column_handles(&column(path))? {
        match handle.open()? {
            DynamicColumn::I64(column) => return Ok(Reader::Long(column)),
            DynamicColumn::F64(column) => return Ok(Reader::Double(column)),
            DynamicColumn::Str(column) => return Ok(Reader::Text(column)),
            _ => {}
        }
    }
    Ok(Reader::Missing)
}

fn oriented(key: &Key, value: Option<u64>) -> u64 {
    match value {
        None if key.missing_first => 0,
        None => LAST,
        Some(value) => (if key.descending { !value } else { value }).clamp(1, LAST - 1),
    }
}

fn after_keys(keys: &[(Reader, Key)], values: &[SortValue]) -> tantivy::Result<Keys> {
    let mut after = [0; MAX_KEYS];
    for (at, ((reader, key), value)) in keys.iter().zip(values).enumerate().take(MAX_KEYS) {
        if let (Reader::Long(_), SortValue::Double(number)) = (reader, value)
            && number.fract() != 0.0
        {
            // Between two whole numbers: all documents of the one that comes first are before it.
            let whole = if key.descending { number.ceil() } else { number.floor() };
            let whole = as_long(&SortValue::Double(whole));
            after[at] = oriented(key, whole.map(MonotonicallyMappableToU64::to_u64));
            after[at + 1..].fill(u64::MAX);
            return Ok(after);
        }
        let mapped = match (reader, value) {
            // Where a segment has no values, every hit is equal to a missing one.
            (_, SortValue::Missing) => None,
            (Reader::Long(_), value) => as_long(value).map(MonotonicallyMappableToU64::to_u64),
            (Reader::Double(_) | Reader::Score, value) => {
                as_double(value).map(MonotonicallyMappableToU64::to_u64)
            }
            (Reader::Place(_), SortValue::Long(place)) => Some((*place).cast_unsigned()),
            (Reader::Text(column), SortValue::Text(text)) => {
                let dictionary = column.dictionary();
                Some(match dictionary.term_ord(text.as_bytes())? {
                    Some(ord) => ord * 2 + 2,
                    None => below(dictionary, text)? * 2 + 1,
                })
            }
            // A value in a segment without any: all of its hits are missing, after or before it.
            _ => Some(u64::MAX / 2),
        };
        after[at] = oriented(key, mapped);
    }
    Ok(after)
}

/// How many texts of the dictionary are less than `text`.
fn below(dictionary: &tantivy::columnar::Dictionary, text: &str) -> tantivy::Result<u64> {
    use std::ops::Bound;
    let (lower, _) =
        dictionary.term_bounds_to_ord(Bound::Included(text.as_bytes()), Bound::Unbounded)?;
    let below = match lower {
        Bound::Included(ord) => ord,
        Bound::Excluded(ord) => ord.saturating_add(1),
        Bound::Unbounded => 0,
    };
    // Behind the last text it is the largest number there is.
    Ok(below.min(u64::try_from(dictionary.num_terms()).unwrap_or(u64::MAX)))
}

fn as_long(value: &SortValue) -> Option<i64> {
    match value {
        SortValue::Long(number) => Some(*number),
        #[expect(clippy::cast_possible_truncation, reason = "a field whose type differs by index")]
        SortValue::Double(number) => Some(*number as i64),
        _ => None,
    }
}

fn as_double(value: &SortValue) -> Option<f64> {
    match value {
        SortValue::Double(number) => Some(*number),
        #[expect(clippy::cast_precision_loss, reason = "a field whose type differs by index")]
        SortValue::Long(number) => Some(*number as f64),
        _ => None,
    }
}

/// The value that a document with several is sorted by: its least, or for descending its greatest.
fn pick<T: PartialOrd>(values: impl Iterator<Item = T>, descending: bool) -> Option<T> {
    values.reduce(|a, b| if (b < a) == descending { a } else { b })
}

impl FirstInSegment {
    fn key(&self, at: usize, doc: DocId, score: Score) -> u64 {
        let Some((reader, key)) = self.keys.get(at) else { return 0 };
        let down = key.descending;
        let value = match reader {
            Reader::Missing => None,
            Reader::Score => Some(f64::from(score).to_u64()),
            Reader::Place(base) => Some(base | u64::from(doc)),
            Reader::Long(column) => {
                pick(column.values_for_doc(doc), down).map(MonotonicallyMappableToU64::to_u64)
            }
            Reader::Double(column) => {
                pick(column.values_for_doc(doc), down).map(MonotonicallyMappableToU64::to_u64)
            }
            Reader::Text(column) => {
                pick(column.ords().values_for_doc(doc), down).map(|ord| ord * 2 + 2)
            }
        };
        oriented(key, value)
    }

    fn value(&self, at: usize, doc: DocId, score: Score) -> SortValue {
        let Some((reader, key)) = self.keys.get(at) else { return SortValue::Missing };
        let down = key.descending;
        let value = match reader {
            Reader::Missing => None,
            Reader::Score => Some(SortValue::Double(f64::from(score))),
            Reader::Place(base) => Some(SortValue::Long((base | u64::from(doc)).cast_signed())),
            Reader::Long(column) => pick(column.values_for_doc(doc), down).map(SortValue::Long),
            Reader::Double(column) => pick(column.values_for_doc(doc), down).map(SortValue::Double),
            Reader::Text(column) => pick(column.ords().values_for_doc(doc), down).and_then(|ord| {
                let mut text = String::new();
                column.ord_to_str(ord, &mut text).ok()?.then_some(SortValue::Text(text))
            }),
        };
        value.unwrap_or(SortValue::Missing)
    }
}

impl SegmentCollector for FirstInSegment {
    type Fruit = (Vec<Hit>, usize);

    fn collect(&mut self, doc: DocId, score: Score) {
        self.matched += 1;
        let mut keys = [0; MAX_KEYS];
        let full = self.heap.len() >= self.limit;
        for at in 0..self.keys.len() {
            let value = self.key(at, doc, score);
            if let Some(slot) = keys.get_mut(at) {
                *slot = value;
            }
            // Most hits are out by their first key.
            if at == 0 && full && self.heap.peek().is_some_and(|(worst, _)| value > worst[0]) {
                return;
            }
        }
        if self.limit == 0 || self.after.is_some_and(|after| keys <= after) {
            return;
        }
        if full {
            if self.heap.peek().is_some_and(|worst| (keys, doc) >= *worst) {
                return;
            }
            self.heap.pop();
        }
        self.heap.push((keys, doc));
        if self.scoring {
            self.scores.insert(doc, score);
        }
    }

    fn harvest(self) -> (Vec<Hit>, usize) {
        let docs = self.heap.iter().map(|(_, doc)| *doc);
        let hits = docs.map(|doc| {
            let score = self.scores.get(&doc).copied().unwrap_or_default();
            let values = (0..self.keys.len()).map(|at| self.value(at, doc, score)).collect();
            Hit { segment: self.segment, doc, score, values }
        });
        (hits.collect(), self.matched)
    }
}
