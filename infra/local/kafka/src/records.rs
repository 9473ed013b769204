//! The records of a batch: unpacked, within bounds, and read one after the other.

use std::borrow::Cow;
use std::io::Read;

use kafka_protocol::error::ResponseError;

use crate::batch::{HEAD, Head};
use crate::error::Error;

/// The most bytes that the records of one batch may have once they are unpacked.
const MOST_UNPACKED: u64 = 64 << 20;
/// What the snappy format of Java's library begins with, and how long its own head is.
const XERIAL: &[u8] = b"\x82SNAPPY\0";
const XERIAL_HEAD: usize = 16;

/// A record as it was sent, and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    /// Its place in the partition.
    pub offset: i64,
    /// The producer's time in milliseconds since 1970.
    pub timestamp: i64,
    /// What decides about its partition.
    pub key: Option<Vec<u8>>,
    /// None is a tombstone.
    pub value: Option<Vec<u8>>,
    /// In the order in which they were sent; a name may stand twice.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// A record whose parts are still where they came.
struct Raw<'a> {
    timestamp_delta: i64,
    offset_delta: i64,
    key: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
    headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

/// Checks that every record can be read, and that they are as many as the head says.
pub(crate) fn check(batch: &[u8], head: &Head) -> Result<(), Error> {
    let unpacked = unpack(batch, head.attributes)?;
    let mut rest = Bytes(&unpacked);
    for delta in 0..head.count {
        let record = rest.record().ok_or_else(|| unreadable(delta))?;
        if record.offset_delta != i64::from(delta) {
            return Err(unreadable(delta));
        }
    }
    if rest.0.is_empty() { Ok(()) } else { Err(unreadable(head.count)) }
}

/// The records of a batch that was checked.
pub(crate) fn decode(batch: &[u8]) -> Result<Vec<Record>, Error> {
    let head = Head::read(batch).ok_or_else(|| unreadable(0))?;
    let unpacked = unpack(batch, head.attributes)?;
    let mut rest = Bytes(&unpacked);
    let mut records = Vec::new();
    for number in 0..head.count {
        let raw = rest.record().ok_or_else(|| unreadable(number))?;
        let owned =
            |(name, value): (&str, Option<&[u8]>)| (name.to_owned(), value.map(<[u8]>::to_vec));
        records.push(Record {
            offset: head.base_offset.saturating_add(raw.offset_delta),
            timestamp: head.base_timestamp.saturating_add(raw.timestamp_delta),
            key: raw.key.map(<[u8]>::to_vec),
            value: raw.value.map(<[u8]>::to_vec),
            headers: raw.headers.into_iter().map(owned).collect(),
        });
    }
    Ok(records)
}

fn unreadable(number: i32) -> Error {
    let message = format!("record {number} of a batch cannot be read");
    Error::answer(ResponseError::InvalidRecord, message)
}

/// The records of a batch without their compression.
fn unpack(batch: &[u8], attributes: i16) -> Result<Cow<'_, [u8]>, Error> {
    let packed = batch.get(HEAD..).unwrap_or_default();
    let unpacked = match attributes & 7 {
        0 => return Ok(Cow::Borrowed(packed)),
        1 => read(flate2::read::MultiGzDecoder::new(packed)),
        2 => snappy(packed),
        3 => read(lz4_flex::frame::FrameDecoder::new(packed)),
        4 => zstd::stream::read::Decoder::new(packed).ok().and_then(read),
        codec => {
            let message = format!("compression {codec} is none of the protocol's");
            return Err(Error::answer(ResponseError::UnsupportedCompressionType, message));
        }
    };
    unpacked.map(Cow::Owned).ok_or_else(|| {
        let message = format!("a batch cannot be unpacked, or to more than {MOST_UNPACKED} bytes");
        Error::answer(ResponseError::CorruptMessage, message)
    })
}

fn read(packed: impl Read) -> Option<Vec<u8>> {
    let mut unpacked = Vec::new();
    let read = packed.take(MOST_UNPACKED + 1).read_to_end(&mut unpacked).ok()?;
    (read as u64 <= MOST_UNPACKED).then_some(unpacked)
}

/// Snappy, as one block or in the blocks of Java's library.
fn snappy(packed: &[u8]) -> Option<Vec<u8>> {
    if !packed.starts_with(XERIAL) {
        return snappy_block(packed, MOST_UNPACKED);
    }
    let mut rest = packed.get(XERIAL_HEAD..)?;
    let mut unpacked = Vec::new();
    while !rest.is_empty() {
        let (length, after) = rest.split_at_checked(4)?;
        let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
        let (block, after) = after.split_at_checked(length)?;
        unpacked.extend(snappy_block(block, MOST_UNPACKED - unpacked.len() as u64)?);
        rest = after;
    }
    Some(unpacked)
}

fn snappy_block(block: &[u8], most: u64) -> Option<Vec<u8>> {
    // The length stands in front; a block of n bytes unpacks to no more than 64 n or so.
    let length = snap::raw::decompress_len(block).ok()? as u64;
    if length > most || length > 64 * (block.len() as u64 + 1) {
        return None;
    }
    snap::raw::Decoder::new().decompress_vec(block).ok()
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number in zigzag, seven bits a byte.
    fn number(&mut self) -> Option<i64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = *self.take(1)?.first()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some((number >> 1) as i64 ^ -((number & 1) as i64));
            }
        }
        None
    }

    /// Bytes behind their length; -1 is none.
    fn bytes(&mut self) -> Option<Option<&'a [u8]>> {
        match self.number()? {
            -1 => Some(None),
            length => Some(Some(self.take(usize::try_from(length).ok()?)?)),
        }
    }

    fn record(&mut self) -> Option<Raw<'a>> {
        let length = usize::try_from(self.number()?).ok()?;
        let mut record = Bytes(self.take(length)?);
        record.take(1)?;
        let (timestamp_delta, offset_delta) = (record.number()?, record.number()?);
        let (key, value) = (record.bytes()?, record.bytes()?);
        let mut headers = Vec::new();
        for _ in 0..usize::try_from(record.number()?).ok()? {
            let name = std::str::from_utf8(record.bytes()??).ok()?;
            headers.push((name, record.bytes()?));
        }
        let whole = record.0.is_empty();
        whole.then_some(Raw { timestamp_delta, offset_delta, key, value, headers })
    }
}
